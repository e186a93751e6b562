/* Complaints: open from the first event that says so until one that closes the case and is newer than any that
 * opened it again.  Consults are cases, too, and pass by. */
#include "carehub/v1/callcenter.pb-c.h"
#include "carehub/v1/care.pb-c.h"
#include "module/marketing/book_tables.h"
#include "module/marketing/fact/facts.h"
#include "module/marketing/fact/held.h"
#include "wire/pb.h"

enum {
	COMPLAINT_FILED = 1, /* the customer */
	COMPLAINT_SEQUENCE = 2,
	COMPLAINT_SINCE = 3, /* stamps */
	COMPLAINT_CLOSED = 4,
	COMPLAINT_REOPENED = 5,
	COMPLAINT_HELD_BY = 6,
};

struct complaint {
	uint64_t filed;
	uint64_t sequence;
	struct stamp since; /* zeroed: no complaint, as far as is known */
	struct stamp closed;
	struct stamp reopened;
	uint64_t held_by;
};

static void stamp_take(struct stamp *stamp, struct slice bytes)
{
	if (bytes.len == STAMP_BYTES)
		memcpy(stamp->bytes, bytes.data, STAMP_BYTES);
}

static bool stamp_is_set(const struct stamp *stamp)
{
	static const struct stamp nothing;
	return memcmp(stamp->bytes, nothing.bytes, STAMP_BYTES) != 0;
}

static struct slice complaint_key(struct key *key, struct slice case_id)
{
	key_start(key);
	key_text(key, case_id);
	return key_slice(key);
}

static enum ch_status complaint_load(
	struct book_txn *txn, struct slice case_id, struct complaint *out_complaint)
{
	struct key key;
	struct slice value;
	struct pb_field field;
	*out_complaint = (struct complaint){0};
	enum ch_status status =
		book_get(txn, TABLE_COMPLAINTS, complaint_key(&key, case_id), &value);
	if (status != CH_OK)
		return status == CH_NOT_FOUND ? CH_OK : status;
	struct pb_reader reader = pb_read(value);
	while (pb_next(&reader, &field)) {
		switch (field.number) {
		case COMPLAINT_FILED:
			out_complaint->filed = field.integer;
			break;
		case COMPLAINT_SEQUENCE:
			out_complaint->sequence = field.integer;
			break;
		case COMPLAINT_SINCE:
			stamp_take(&out_complaint->since, field.bytes);
			break;
		case COMPLAINT_CLOSED:
			stamp_take(&out_complaint->closed, field.bytes);
			break;
		case COMPLAINT_REOPENED:
			stamp_take(&out_complaint->reopened, field.bytes);
			break;
		case COMPLAINT_HELD_BY:
			out_complaint->held_by = field.integer;
			break;
		default:
			break;
		}
	}
	return reader.status == CH_OK ? CH_OK : CH_CORRUPT;
}

static void complaint_store(struct facts *facts, struct book_txn *txn, struct slice case_id,
	const struct complaint *complaint)
{
	struct key key;
	struct buffer *out = &facts->scratch;
	buffer_clear(out);
	pb_put_uint(out, COMPLAINT_FILED, complaint->filed);
	pb_put_uint(out, COMPLAINT_SEQUENCE, complaint->sequence);
	pb_put_bytes(out, COMPLAINT_SINCE, slice_of(complaint->since.bytes, STAMP_BYTES));
	pb_put_bytes(out, COMPLAINT_CLOSED, slice_of(complaint->closed.bytes, STAMP_BYTES));
	pb_put_bytes(out, COMPLAINT_REOPENED, slice_of(complaint->reopened.bytes, STAMP_BYTES));
	pb_put_uint(out, COMPLAINT_HELD_BY, complaint->held_by);
	if (out->status != CH_OK)
		book_fail(txn, out->status);
	else
		book_put(txn, TABLE_COMPLAINTS, complaint_key(&key, case_id), buffer_slice(out));
}

static bool complaint_is_open(const struct complaint *complaint)
{
	if (!stamp_is_set(&complaint->since))
		return false;
	return !stamp_is_set(&complaint->closed) ||
	       (stamp_is_set(&complaint->reopened) &&
		       stamp_is_newer(&complaint->reopened, &complaint->closed)) ||
	       stamp_is_newer(&complaint->since, &complaint->closed);
}

static void complaint_held_key(struct key *key, uint64_t owner, struct slice case_id)
{
	held_key(key, owner, HELD_COMPLAINT);
	key_text(key, case_id);
}

static enum ch_status complaint_hold(struct facts *facts, struct book_txn *txn,
	struct slice case_id, struct complaint *complaint)
{
	struct key key;
	uint64_t owner = 0;
	enum ch_status status = CH_OK;
	if (complaint_is_open(complaint))
		status = held_owner(txn, complaint->filed, complaint->sequence, &owner);
	if (status != CH_OK)
		return status;
	if (complaint->held_by != 0 && complaint->held_by != owner) {
		complaint_held_key(&key, complaint->held_by, case_id);
		book_delete(txn, TABLE_HELD, key_slice(&key));
	}
	touched_add(&facts->touched, complaint->held_by);
	touched_add(&facts->touched, owner);
	complaint->held_by = owner;
	if (owner != 0) {
		complaint_held_key(&key, owner, case_id);
		book_put(txn, TABLE_HELD, key_slice(&key), case_id);
	}
	complaint_store(facts, txn, case_id, complaint);
	return book_status(txn);
}

enum ch_status complaint_settle(struct facts *facts, struct book_txn *txn, struct slice case_id)
{
	struct complaint complaint;
	enum ch_status status = complaint_load(txn, case_id, &complaint);
	return status == CH_OK ? complaint_hold(facts, txn, case_id, &complaint) : status;
}

static struct slice case_of(const char *case_id, const char *complaint_id)
{
	return slice_text(case_id != NULL && case_id[0] != 0 ? case_id : complaint_id);
}

enum ch_status complaint_change(
	struct facts *facts, struct book_txn *txn, const struct feed_event *event)
{
	const ProtobufCMessageDescriptor *type = event->message->descriptor;
	struct slice case_id = {NULL, 0};
	struct complaint complaint;
	bool opens = false;
	bool closes = false;
	bool reopens = false;
	if (type == &carehub__v1__complaint_filed__descriptor) {
		const Carehub__V1__ComplaintFiled *filed = (const void *)event->message;
		case_id = case_of(filed->case_id, filed->complaint_id);
		opens = true;
	} else if (type == &carehub__v1__callcenter_case_logged__descriptor) {
		const Carehub__V1__CallcenterCaseLogged *logged = (const void *)event->message;
		case_id = slice_text(logged->case_id);
		opens = logged->kind == CAREHUB__V1__CASE_KIND__CASE_KIND_COMPLAINT;
	} else if (type == &carehub__v1__callcenter_case_closed__descriptor) {
		const Carehub__V1__CallcenterCaseClosed *closed = (const void *)event->message;
		case_id = slice_text(closed->case_id);
		closes = true;
	} else if (type == &carehub__v1__callcenter_case_reopened__descriptor) {
		const Carehub__V1__CallcenterCaseReopened *reopened = (const void *)event->message;
		case_id = slice_text(reopened->case_id);
		reopens = true;
	}
	if (case_id.len == 0 || !(opens || closes || reopens))
		return CH_OK;
	enum ch_status status = complaint_load(txn, case_id, &complaint);
	if (status != CH_OK)
		return status;
	if (closes && stamp_is_newer(&event->stamp, &complaint.closed))
		complaint.closed = event->stamp;
	if (reopens && stamp_is_newer(&event->stamp, &complaint.reopened))
		complaint.reopened = event->stamp;
	/* The oldest filing says whose it is; one that names nobody says nothing about that. */
	if (opens && (!stamp_is_set(&complaint.since) ||
			     (complaint.filed == 0 && event->customer != 0) ||
			     (event->customer != 0 &&
				     stamp_is_newer(&complaint.since, &event->stamp)))) {
		complaint.filed = event->customer;
		complaint.sequence = event->sequence;
		complaint.since = event->stamp;
	}
	return complaint_hold(facts, txn, case_id, &complaint);
}

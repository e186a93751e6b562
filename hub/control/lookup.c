/* Get and Find: entries of the journal. */
#include "base/bytes.h"
#include "base/clock.h"
#include "carehub/v1/control.pb-c.h"
#include "control/call.h"
#include "control/entry_info.h"
#include "core/apply.h"
#include "wire/pb.h"
#include "wire/types.h"

enum { GET_ENTRY = 1, FIND_ENTRIES = 1, FIND_MATCHED = 2, FIND_SCANNED = 3 };

/* ---- Get ---- */

static bool lookup_last(void *context, struct slice key, struct slice value)
{
	uint64_t *sequence = context;
	(void)key;
	if (value.len == 8)
		*sequence = load_le64(value.data);
	return true;
}

/* Taken under this identity; else the newest that was set aside. */
static enum ch_status lookup_identity(
	struct call *call, struct slice source, struct slice id, uint64_t *out_sequence)
{
	struct rtxn *rtxn = NULL;
	struct inbox_item item;
	uint8_t key[1 + ENTRY_FINGERPRINT_BYTES] = {'f'};
	if (source.len == 0 || source.len > LIMIT_SOURCE_BYTES || id.len == 0 ||
		id.len > LIMIT_ID_BYTES)
		return CH_NOT_FOUND;
	core_fingerprint(source, id, key + 1);
	enum ch_status status = rtxn_begin(call->hub->state, &rtxn);
	if (status == CH_OK)
		status = rtxn_inbox_get(rtxn, key + 1, &item);
	if (status == CH_OK) {
		*out_sequence = item.sequence;
	} else if (status == CH_NOT_FOUND) {
		*out_sequence = 0;
		status = rtxn_scan(rtxn, TABLE_QUARANTINE, slice_of(key, sizeof(key)), lookup_last,
			out_sequence);
		if (status == CH_OK && *out_sequence == 0)
			status = CH_NOT_FOUND;
	}
	rtxn_end(rtxn);
	return status;
}

enum call_turn get_step(struct call *call)
{
	const Carehub__V1__GetRequest *ask = (const Carehub__V1__GetRequest *)call->ask;
	struct journal_entry at;
	struct entry entry;
	struct buffer body = {0};
	uint64_t sequence = ask->sequence;
	enum ch_status status = CH_OK;
	if (sequence == 0)
		status = lookup_identity(
			call, slice_text(ask->source), slice_text(ask->id), &sequence);
	if (status == CH_OK)
		status = call_entry(call, sequence, &at, &body);
	if (status == CH_OK)
		status = entry_parse(at.body, &entry);
	if (status == CH_OK)
		entry_info_put(&call->reply, GET_ENTRY, at.sequence, at.arrival_us, &entry, false);
	buffer_fini(&body);
	if (status == CH_NOT_FOUND)
		return call_fail(call, status, "no such entry is kept");
	if (status == CH_GAP)
		return call_fail(call, status, "entry %llu is gone or damaged: see carehubd verify",
			(unsigned long long)sequence);
	if (status != CH_OK)
		return call_fail(call, status, "the entry cannot be read");
	return call_finish(call);
}

/* ---- Find ---- */

#define FIND_STEP_ENTRIES 4096u
#define FIND_STEP_US      20000 /* then others have their turn */
#define FIND_CHUNK_BYTES  (256u * 1024u)
#define FIND_LIMIT        1000u

struct find_work {
	struct reader *reader;
	uint64_t last;
	uint64_t limit;
	uint64_t matched;
	uint64_t scanned;
};

static void find_free(void *work)
{
	reader_close(((struct find_work *)work)->reader);
}

static bool find_type(const Carehub__V1__Filter *filter, struct slice type)
{
	for (size_t i = 0; i < filter->n_types; i++) {
		if (types_match(slice_text(filter->types[i]), type))
			return true;
	}
	return false;
}

static bool find_types(const Carehub__V1__Filter *filter, const struct entry *entry,
	const struct envelope *envelope)
{
	struct derived_reader reader = derived_read(entry->derived, entry->derived_personal);
	struct derived derived;
	if (filter->n_types == 0 || find_type(filter, envelope->type))
		return true;
	while (derived_next(&reader, &derived)) {
		const struct event_type *type = types_by_id(derived.type);
		if (type != NULL && find_type(filter, slice_text(type->name)))
			return true;
	}
	return false;
}

static bool find_matches(const Carehub__V1__FindRequest *ask, const struct entry *entry)
{
	const Carehub__V1__Filter *filter = ask->filter;
	struct envelope envelope = {0};
	const char *field;
	if (entry->outcome != ENTRY_ACCEPTED && !ask->all_outcomes)
		return false;
	if (filter == NULL)
		return true;
	bool found = filter->n_customers == 0;
	for (size_t i = 0; i < filter->n_customers && !found; i++)
		found = filter->customers[i] == entry->customer;
	if (!found)
		return false;
	if (filter->n_types == 0 && filter->n_sources == 0)
		return true;
	if (entry->kind == ENTRY_INPUT || entry->kind == ENTRY_OPERATOR)
		/* What of it can be read is enough: a quarantined one may be bad. */
		(void)envelope_parse(entry->input, &envelope, &field);
	found = filter->n_sources == 0;
	for (size_t i = 0; i < filter->n_sources && !found; i++)
		found = slice_equal(slice_text(filter->sources[i]), envelope.source);
	return found && find_types(filter, entry, &envelope);
}

static enum call_turn find_begin(struct call *call, const Carehub__V1__FindRequest *ask)
{
	struct find_work *work = call_work(call, sizeof(*work), find_free);
	const char *range = ask->range != NULL ? ask->range->text : "";
	uint64_t first;
	enum call_turn turn;
	if (work == NULL)
		return call_fail(call, CH_NOMEM, "memory ran out");
	for (size_t i = 0; ask->filter != NULL && i < ask->filter->n_types; i++) {
		const char *fault = pattern_fault(slice_text(ask->filter->types[i]));
		if (fault != NULL)
			return call_fail(
				call, CH_INVALID, "\"%.80s\" %s", ask->filter->types[i], fault);
	}
	work->limit = ask->limit != 0 ? ask->limit : ask->count_only ? UINT64_MAX : FIND_LIMIT;
	if (!call_range(call, range, &first, &work->last, &turn)) {
		if (call->status != CH_END)
			return turn;
		call->status = CH_OK; /* an empty range has no entries, and that is an answer */
		call->detail[0] = 0;
		return CALL_DONE;
	}
	enum ch_status status = reader_open(call->hub->journal, &work->reader);
	if (status == CH_OK)
		status = reader_seek(work->reader, first);
	if (status != CH_OK && status != CH_GAP && status != CH_END)
		return call_fail(call, status, "the journal cannot be read");
	return CALL_MORE;
}

/* One entry.  False: the range, the limit or the journal is at its end. */
static bool find_one(struct call *call, struct find_work *work, enum ch_status *status)
{
	const Carehub__V1__FindRequest *ask = (const Carehub__V1__FindRequest *)call->ask;
	struct journal_entry at;
	struct entry entry;
	if (work->matched >= work->limit || reader_position(work->reader) > work->last)
		return false;
	*status = reader_next(work->reader, &at);
	if (*status == CH_GAP) {
		*status = CH_OK; /* what is gone is not found; the numbers show the hole */
		return true;
	}
	if (*status != CH_OK || at.sequence > work->last)
		return false;
	work->scanned++;
	*status = entry_parse(at.body, &entry);
	if (*status != CH_OK)
		return false;
	if (!find_matches(ask, &entry))
		return true;
	work->matched++;
	if (!ask->count_only)
		entry_info_put(
			&call->reply, FIND_ENTRIES, at.sequence, at.arrival_us, &entry, true);
	return true;
}

enum call_turn find_step(struct call *call)
{
	const Carehub__V1__FindRequest *ask = (const Carehub__V1__FindRequest *)call->ask;
	struct find_work *work = call->work;
	enum ch_status status = CH_OK;
	int64_t until_us = clock_steady_us() + FIND_STEP_US;
	bool more = true;
	if (work == NULL)
		return find_begin(call, ask);
	for (uint32_t i = 0; i < FIND_STEP_ENTRIES && more && call->reply.len < FIND_CHUNK_BYTES;
		i++) {
		more = find_one(call, work, &status);
		if (i % 64 == 63 && clock_steady_us() > until_us)
			break;
	}
	if (status != CH_OK && status != CH_END)
		return call_fail(call, status, "the journal cannot be read at sequence %llu",
			(unsigned long long)reader_position(work->reader));
	/* Also how far it has come, so that the asker sees progress and does not give up. */
	pb_put_uint(&call->reply, FIND_MATCHED, work->matched);
	pb_put_uint(&call->reply, FIND_SCANNED, work->scanned);
	if (more)
		return CALL_MORE;
	return call_finish(call);
}

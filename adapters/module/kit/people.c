#include "module/kit/people.h"

#include "base/bytes.h"
#include "carehub/v1/hub.pb-c.h"
#include "module/kit/book_inside.h"
#include "module/kit/people_inside.h"

/* A number that was merged into one that was merged ...: bounded, so that damage is no endless loop. */
#define HOPS_MAX 64u

static struct slice people_key(struct key *key, uint64_t number)
{
	key_start(key);
	key_u64(key, number);
	return key_slice(key);
}

static void people_put(struct book_txn *txn, uint32_t table, uint64_t from, uint64_t to)
{
	struct key key;
	uint8_t bytes[8];
	store_le64(bytes, to);
	book_put(txn, table, people_key(&key, from), slice_of(bytes, sizeof(bytes)));
}

/* CH_NOT_FOUND: it leads nowhere. */
static enum ch_status people_get(
	struct book_txn *txn, uint32_t table, uint64_t from, uint64_t *out_to)
{
	struct key key;
	struct slice stored;
	enum ch_status status = book_get(txn, table, people_key(&key, from), &stored);
	if (status == CH_OK && stored.len != 8)
		status = CH_CORRUPT;
	if (status == CH_OK)
		*out_to = load_le64(stored.data);
	return status;
}

/* ---- Folding ---- */

static void people_merge(struct book_txn *txn, const Carehub__V1__CustomerRecordMerged *merged)
{
	if (merged->retired_number != merged->customer_number)
		people_put(txn, BOOK_PEOPLE, merged->retired_number, merged->customer_number);
}

/* The number is in use again, and the events that moved are its own from now on.  Where they are too many to
 * be named, only what was filed under the number itself goes back. */
static void people_unmerge(
	struct book_txn *txn, const Carehub__V1__CustomerRecordUnmerged *unmerged)
{
	struct key key;
	book_delete(txn, BOOK_PEOPLE, people_key(&key, unmerged->restored_number));
	for (size_t i = 0; i < unmerged->n_moved_sequences; i++)
		people_put(
			txn, BOOK_MOVED, unmerged->moved_sequences[i], unmerged->restored_number);
}

void people_fold(struct book_txn *txn, const struct feed_event *event)
{
	const ProtobufCMessageDescriptor *type = event->message->descriptor;
	const void *message = event->message;
	if (type == &carehub__v1__customer_record_merged__descriptor) {
		people_merge(txn, message);
	} else if (type == &carehub__v1__customer_record_unmerged__descriptor) {
		people_unmerge(txn, message);
	} else if (type == &carehub__v1__customer_record_erased__descriptor) {
		const Carehub__V1__CustomerRecordErased *erased = message;
		people_put(txn, BOOK_ERASED, erased->customer_number, event->sequence);
	}
}

/* ---- Asking ---- */

enum ch_status people_now(
	struct book_txn *txn, uint64_t customer, uint64_t sequence, uint64_t *out_customer)
{
	enum ch_status status = CH_OK;
	if (customer != 0 && sequence != 0) {
		status = people_get(txn, BOOK_MOVED, sequence, &customer);
		if (status != CH_OK && status != CH_NOT_FOUND)
			return status;
	}
	status = customer != 0 ? CH_OK : CH_NOT_FOUND;
	for (uint32_t hops = 0; status == CH_OK; hops++) {
		if (hops == HOPS_MAX)
			return CH_CORRUPT;
		status = people_get(txn, BOOK_PEOPLE, customer, &customer);
	}
	if (status != CH_NOT_FOUND)
		return status;
	*out_customer = customer;
	return CH_OK;
}

enum ch_status people_moved(struct book_txn *txn, bool *out_moved)
{
	uint64_t count = book_count(txn, BOOK_MOVED);
	enum ch_status status = book_status(txn);
	if (status == CH_OK)
		*out_moved = count > 0;
	return status;
}

enum ch_status people_erased(struct book_txn *txn, uint64_t customer, bool *out_erased)
{
	uint64_t sequence;
	enum ch_status status = people_get(txn, BOOK_ERASED, customer, &sequence);
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	*out_erased = status == CH_OK;
	return CH_OK;
}

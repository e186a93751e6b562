#include "module/marketing/campaign/ledger_inside.h"

#include <sodium.h>

#include "base/bytes.h"
#include "module/marketing/book_tables.h"
#include "wire/pb.h"
#include "wire/pbedit.h"

const char *const ledger_states[LEDGER_STATES] = {
	[LEDGER_NONE] = "none",
	[LEDGER_IS_PASSED_OVER] = "passed over",
	[LEDGER_IS_OPEN] = "open",
	[LEDGER_IS_SENT] = "sent",
	[LEDGER_IS_FAILED] = "failed",
	[LEDGER_IS_WITHHELD] = "withheld",
	[LEDGER_IS_UNCERTAIN] = "uncertain",
	[LEDGER_IS_RESEND] = "to be sent again",
	[LEDGER_IS_DROPPED] = "dropped",
};

/* ---- Keys ---- */

void ledger_place_key(const struct ledger_place *place, struct key *out_key)
{
	key_start(out_key);
	key_text(out_key, slice_text(place->campaign));
	key_u64(out_key, place->customer);
	key_u32(out_key, place->round);
}

bool ledger_place_of(struct slice key, struct ledger_place *out_place)
{
	struct buffer campaign = {0};
	struct ledger_place place = {.customer = 0};
	bool fine = key_take_text(&key, &campaign) && campaign.len < sizeof(place.campaign) &&
		    key_take_u64(&key, &place.customer) && key_take_u32(&key, &place.round) &&
		    key.len == 0;
	if (fine) {
		memcpy(place.campaign, campaign.data, campaign.len);
		*out_place = place;
	}
	buffer_fini(&campaign);
	return fine;
}

struct slice ledger_kind_key(struct key *key, char kind, struct slice name)
{
	key_start(key);
	key_byte(key, (uint8_t)kind);
	key_text(key, name);
	return key_slice(key);
}

/* 'o' and its like, with the place's own key behind. */
struct slice ledger_care_key(struct key *key, char kind, const struct ledger_place *place)
{
	key_start(key);
	key_byte(key, (uint8_t)kind);
	key_text(key, slice_text(place->campaign));
	key_u64(key, place->customer);
	key_u32(key, place->round);
	return key_slice(key);
}

/* ---- Facts ---- */

enum { FACT_SEQUENCE = 1, FACT_STAMP = 2, FACT_DATA = 3 };

static enum ch_status fact_read(struct slice bytes, struct ledger_fact *out_fact)
{
	struct pb_reader reader = pb_read(bytes);
	struct pb_field field;
	struct ledger_fact fact = {.there = true};
	while (pb_next(&reader, &field)) {
		if (field.number == FACT_SEQUENCE)
			fact.sequence = field.integer;
		else if (field.number == FACT_STAMP && field.bytes.len == STAMP_BYTES)
			memcpy(fact.stamp.bytes, field.bytes.data, STAMP_BYTES);
		else if (field.number == FACT_DATA)
			fact.data = field.bytes;
	}
	if (reader.status != CH_OK)
		return CH_CORRUPT;
	*out_fact = fact;
	return CH_OK;
}

void ledger_fact_put(struct buffer *out, uint32_t number, const struct ledger_fact *fact)
{
	size_t mark = pb_begin(out, number);
	pb_put_uint(out, FACT_SEQUENCE, fact->sequence);
	pb_put_bytes(out, FACT_STAMP, slice_of(fact->stamp.bytes, STAMP_BYTES));
	pb_put_bytes(out, FACT_DATA, fact->data);
	pb_end(out, mark);
}

/* Facts stand under their kinds' numbers, from 1. */
static enum ch_status facts_read(struct slice value, struct ledger_fact *facts, size_t count)
{
	struct pb_reader reader = pb_read(value);
	struct pb_field field;
	enum ch_status status = CH_OK;
	memset(facts, 0, count * sizeof(*facts));
	while (status == CH_OK && pb_next(&reader, &field)) {
		if (field.number >= 1 && field.number <= count && field.wire == PB_LEN)
			status = fact_read(field.bytes, &facts[field.number - 1]);
	}
	return status == CH_OK && reader.status != CH_OK ? CH_CORRUPT : status;
}

enum ch_status ledger_facts_add(struct book_txn *txn, uint32_t table, struct slice key,
	struct ledger_fact *facts, size_t count, size_t kind, const struct feed_event *event)
{
	struct slice value;
	struct buffer row = {0};
	enum ch_status status = book_get(txn, table, key, &value);
	if (status == CH_OK)
		status = facts_read(value, facts, count);
	else if (status == CH_NOT_FOUND)
		status = CH_OK;
	if (status != CH_OK)
		return status;
	if (facts[kind].there && !stamp_is_newer(&event->stamp, &facts[kind].stamp))
		return CH_OK;
	facts[kind] = (struct ledger_fact){true, event->sequence, event->stamp, event->head.data};
	for (size_t i = 0; i < count; i++) {
		if (facts[i].there)
			ledger_fact_put(&row, (uint32_t)i + 1, &facts[i]);
	}
	if (row.status == CH_OK)
		book_put(txn, table, key, buffer_slice(&row));
	else
		book_fail(txn, CH_NOMEM);
	buffer_fini(&row);
	return book_status(txn);
}

/* ---- Reading ---- */

enum ch_status ledger_read(struct slice value, struct ledger_message *out_message)
{
	return facts_read(value, out_message->facts, LEDGER_FACTS);
}

enum ch_status ledger_read_answer(struct slice value, struct ledger_fact *out_fact)
{
	return facts_read(value, out_fact, 1);
}

static bool ledger_verdict_is(const struct ledger_fact *settled, const char *verdict)
{
	const uint32_t verdict_field = 5;
	struct pb_reader reader = pb_read(settled->data);
	struct pb_field field;
	while (pb_next(&reader, &field)) {
		if (field.number == verdict_field && field.wire == PB_LEN)
			return slice_equal(field.bytes, slice_text(verdict));
	}
	return false;
}

enum ledger_state ledger_state(const struct ledger_message *message)
{
	const struct ledger_fact *facts = message->facts;
	/* What is known for certain stands before what was not known at the time. */
	if (facts[LEDGER_SENT].there)
		return LEDGER_IS_SENT;
	if (facts[LEDGER_FAILED].there)
		return LEDGER_IS_FAILED;
	if (facts[LEDGER_WITHHELD].there)
		return LEDGER_IS_WITHHELD;
	if (facts[LEDGER_SETTLED].there) {
		if (ledger_verdict_is(&facts[LEDGER_SETTLED], "sent"))
			return LEDGER_IS_SENT;
		return ledger_verdict_is(&facts[LEDGER_SETTLED], "resend") ? LEDGER_IS_RESEND
									   : LEDGER_IS_DROPPED;
	}
	if (facts[LEDGER_UNCERTAIN].there)
		return LEDGER_IS_UNCERTAIN;
	if (facts[LEDGER_INTENDED].there)
		return LEDGER_IS_OPEN;
	return facts[LEDGER_PASSED_OVER].there ? LEDGER_IS_PASSED_OVER : LEDGER_NONE;
}

enum ch_status ledger_get(
	struct book_txn *txn, const struct ledger_place *place, struct ledger_message *out_message)
{
	struct key key;
	struct slice value;
	ledger_place_key(place, &key);
	enum ch_status status = book_get(txn, TABLE_CAMPAIGN_MESSAGES, key_slice(&key), &value);
	return status == CH_OK ? ledger_read(value, out_message) : status;
}

/* Of all that the campaign has for him. */
static void ledger_customer_key(struct key *out_prefix, const char *campaign, uint64_t customer)
{
	key_start(out_prefix);
	key_text(out_prefix, slice_text(campaign));
	key_u64(out_prefix, customer);
}

enum ch_status ledger_newest(struct book_txn *txn, const char *campaign, uint64_t customer,
	struct ledger_place *out_place, struct ledger_message *out_message)
{
	struct key prefix;
	struct slice key;
	struct slice value;
	ledger_customer_key(&prefix, campaign, customer);
	enum ch_status status = book_last(txn, TABLE_CAMPAIGN_MESSAGES, key_slice(&prefix),
		(struct slice){NULL, 0}, &key, &value);
	if (status == CH_OK && !ledger_place_of(key, out_place))
		status = CH_CORRUPT;
	return status == CH_OK ? ledger_read(value, out_message) : status;
}

bool ledger_was_called_off(const struct ledger_message *message)
{
	const uint32_t reason_field = 6;
	struct slice reason = {NULL, 0};
	return ledger_state(message) == LEDGER_IS_WITHHELD &&
	       pbedit_get_bytes(message->facts[LEDGER_WITHHELD].data, reason_field, &reason) &&
	       (slice_equal(reason, SLICE_LITERAL("merged")) ||
		       slice_equal(reason, SLICE_LITERAL("ended")));
}

enum ch_status ledger_was_asked_for(
	struct book_txn *txn, const struct ledger_place *place, bool *out_asked)
{
	struct ledger_place before = *place;
	struct ledger_message message;
	*out_asked = false;
	if (place->round == 0)
		return CH_OK;
	before.round--;
	enum ch_status status = ledger_get(txn, &before, &message);
	if (status == CH_OK)
		*out_asked = ledger_state(&message) == LEDGER_IS_RESEND;
	return status == CH_NOT_FOUND ? CH_OK : status;
}

enum ch_status ledger_cares(struct book_txn *txn, char kind, const char *campaign, bool *out_any)
{
	struct key prefix;
	struct slice key;
	struct slice value;
	key_start(&prefix);
	key_byte(&prefix, (uint8_t)kind);
	key_text(&prefix, slice_text(campaign));
	enum ch_status status = book_last(txn, TABLE_CAMPAIGN_CARE, key_slice(&prefix),
		(struct slice){NULL, 0}, &key, &value);
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	*out_any = status == CH_OK;
	return CH_OK;
}

static enum ch_status ledger_find(
	struct book_txn *txn, char kind, struct slice name, struct ledger_place *out_place)
{
	struct key key;
	struct slice value;
	enum ch_status status =
		book_get(txn, TABLE_CAMPAIGN_IDS, ledger_kind_key(&key, kind, name), &value);
	if (status == CH_OK && !ledger_place_of(value, out_place))
		status = CH_CORRUPT;
	return status;
}

enum ch_status ledger_by_id(struct book_txn *txn, struct slice id, struct ledger_place *out_place)
{
	return ledger_find(txn, 'm', id, out_place);
}

enum ch_status ledger_by_digest(
	struct book_txn *txn, struct slice digest, struct ledger_place *out_place)
{
	return ledger_find(txn, 'd', digest, out_place);
}

static enum ch_status ledger_retired_into(
	struct book_txn *txn, uint64_t customer, uint64_t *out, size_t most, size_t *count)
{
	struct key prefix;
	struct slice key;
	struct slice value;
	struct book_walk *walk = NULL;
	key_start(&prefix);
	key_u64(&prefix, customer);
	enum ch_status status = book_walk_begin(
		txn, TABLE_CAMPAIGN_MERGES, key_slice(&prefix), (struct slice){NULL, 0}, &walk);
	while (status == CH_OK && *count < most) {
		uint64_t kept;
		status = book_walk_next(walk, &key, &value);
		if (status == CH_OK &&
			(!key_take_u64(&key, &kept) || !key_take_u64(&key, &out[*count])))
			status = CH_CORRUPT;
		if (status == CH_OK)
			(*count)++;
	}
	book_walk_end(walk);
	return status == CH_END ? CH_OK : status;
}

enum ch_status ledger_retired(
	struct book_txn *txn, uint64_t customer, uint64_t *out, size_t most, size_t *out_count)
{
	size_t count = 0;
	enum ch_status status = ledger_retired_into(txn, customer, out, most, &count);
	/* The list grows while it is walked: what was retired into those comes behind them. */
	for (size_t i = 0; i < count && status == CH_OK; i++)
		status = ledger_retired_into(txn, out[i], out, most, &count);
	if (status == CH_OK)
		*out_count = count;
	return status;
}

enum ch_status ledger_reached(struct book_txn *txn, const char *campaign, uint64_t customer,
	struct ledger_reach *out_reach)
{
	uint64_t numbers[1 + LEDGER_RETIRED_MOST] = {customer};
	size_t count = 0;
	struct ledger_reach reach = {.reached = false};
	enum ch_status status =
		ledger_retired(txn, customer, numbers + 1, LEDGER_RETIRED_MOST, &count);
	reach.reached = count == LEDGER_RETIRED_MOST;
	for (size_t i = 0; i <= count && status == CH_OK && !reach.reached; i++) {
		struct ledger_place newest;
		struct ledger_message message;
		status = ledger_newest(txn, campaign, numbers[i], &newest, &message);
		if (status == CH_NOT_FOUND) {
			status = CH_OK;
			continue;
		}
		if (status != CH_OK)
			break;
		enum ledger_state state = ledger_state(&message);
		bool called_off = ledger_was_called_off(&message);
		reach.reached = !called_off && state != LEDGER_IS_PASSED_OVER;
		reach.open = state == LEDGER_IS_OPEN;
		reach.by = newest;
		/* That message stays withheld, and another one comes. */
		if (i == 0)
			reach.round = newest.round + called_off;
	}
	if (status == CH_OK)
		*out_reach = reach;
	return status;
}

enum ch_status ledger_meant_since(struct book_txn *txn, const char *campaign, uint64_t customer,
	int64_t from_us, uint32_t *out_count)
{
	struct key prefix;
	struct slice key;
	struct slice value;
	struct book_walk *walk = NULL;
	uint32_t count = 0;
	ledger_customer_key(&prefix, campaign, customer);
	enum ch_status status = book_walk_begin(
		txn, TABLE_CAMPAIGN_MESSAGES, key_slice(&prefix), (struct slice){NULL, 0}, &walk);
	while (status == CH_OK) {
		struct ledger_message message;
		const struct ledger_fact *intended = &message.facts[LEDGER_INTENDED];
		status = book_walk_next(walk, &key, &value);
		if (status == CH_OK)
			status = ledger_read(value, &message);
		if (status == CH_OK)
			count += intended->there && stamp_time(&intended->stamp) >= from_us;
	}
	book_walk_end(walk);
	if (status != CH_END)
		return status;
	*out_count = count;
	return CH_OK;
}

enum ch_status ledger_start(
	struct book_txn *txn, const char *campaign, struct ledger_start *out_start)
{
	struct key prefix;
	struct slice key;
	struct slice value;
	struct ledger_fact facts[2];
	uint32_t start = 0;
	key_start(&prefix);
	key_text(&prefix, slice_text(campaign));
	size_t len = prefix.len;
	enum ch_status status = book_last(txn, TABLE_CAMPAIGN_STARTS, key_slice(&prefix),
		(struct slice){NULL, 0}, &key, &value);
	if (status == CH_NOT_FOUND) {
		*out_start = (struct ledger_start){.start = 0};
		return CH_OK;
	}
	struct slice rest = status == CH_OK ? slice_sub(key, len, key.len) : key;
	if (status == CH_OK && !key_take_u32(&rest, &start))
		status = CH_CORRUPT;
	if (status == CH_OK)
		status = facts_read(value, facts, 2);
	if (status == CH_OK)
		*out_start = (struct ledger_start){start, facts[0], facts[1]};
	return status;
}

/* ---- Names ---- */

static void ledger_hash(const struct slice *parts, size_t count, char out[LEDGER_ID_BYTES])
{
	crypto_generichash_state state;
	uint8_t digest[16];
	/* None fails with these lengths. */
	(void)crypto_generichash_init(&state, NULL, 0, sizeof(digest));
	for (size_t i = 0; i < count; i++) {
		uint8_t len[8];
		store_le64(len, parts[i].len);
		(void)crypto_generichash_update(&state, len, sizeof(len));
		(void)crypto_generichash_update(&state, parts[i].data, parts[i].len);
	}
	(void)crypto_generichash_final(&state, digest, sizeof(digest));
	(void)sodium_bin2hex(out, LEDGER_ID_BYTES, digest, sizeof(digest));
}

void ledger_message_id(const struct ledger_place *place, char out[LEDGER_ID_BYTES])
{
	uint8_t numbers[12];
	store_be64(numbers, place->customer);
	store_be32(numbers + 8, place->round);
	const struct slice parts[] = {SLICE_LITERAL("marketing message"),
		slice_text(place->campaign), slice_of(numbers, sizeof(numbers))};
	ledger_hash(parts, 3, out);
}

void ledger_digest(struct slice token, char out[LEDGER_ID_BYTES])
{
	const struct slice parts[] = {SLICE_LITERAL("marketing token"), token};
	ledger_hash(parts, 2, out);
}

/* The outbox: BOOK_OUTBOX has what waits, by number, in the order in which it was said; BOOK_WAITING finds the
 * number of an id; BOOK_SAID remembers for ever what the hub has. */
#include "module/kit/voice.h"

#include <sodium.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/log.h"
#include "kit/seal.h"
#include "module/kit/book_inside.h"
#include "module/kit/feed_state.h"
#include "module/kit/voice_inside.h"

#define DIGEST_BYTES 16u
#define ENTRY_BYTES  9u /* when it is due, whether it was refused; the event follows */
#define SAID_BYTES   9u /* sequence, whether it was refused for good */

/* Until somebody gives us the right. */
#define DENIED_AGAIN_US INT64_C(60000000)

/* Nothing is put off for longer, whatever the hub wishes.  What is due later still was put off before the clock was set
 * back. */
#define PUT_OFF_MOST_US INT64_C(3600000000)

/* Of the events in the outbox, so that what seals them finds none missing; the real one is put in their
 * place when they go out. */
#define NO_SOURCE "/"

void voice_id(const char *what, const struct slice *parts, size_t count, char out[VOICE_ID_BYTES])
{
	crypto_generichash_state state;
	uint8_t digest[DIGEST_BYTES];
	char hex[2 * DIGEST_BYTES + 1];
	/* Neither fails with these lengths. */
	(void)crypto_generichash_init(&state, NULL, 0, DIGEST_BYTES);
	for (size_t i = 0; i < count; i++) {
		uint8_t len[8];
		store_le64(len, parts[i].len);
		(void)crypto_generichash_update(&state, len, sizeof(len));
		(void)crypto_generichash_update(&state, parts[i].data, parts[i].len);
	}
	(void)crypto_generichash_final(&state, digest, sizeof(digest));
	(void)sodium_bin2hex(hex, sizeof(hex), digest, sizeof(digest));
	(void)snprintf(out, VOICE_ID_BYTES, "%.60s-%s", what, hex);
}

/* ---- Keys ---- */

static struct slice voice_id_key(struct key *key, struct slice id)
{
	key_start(key);
	key_text(key, id);
	return key_slice(key);
}

static struct slice voice_number_key(struct key *key, uint64_t number)
{
	key_start(key);
	key_u64(key, number);
	return key_slice(key);
}

static enum ch_status voice_number_of(struct book_txn *txn, struct slice id, uint64_t *out_number)
{
	struct key key;
	struct slice stored;
	enum ch_status status = book_get(txn, BOOK_WAITING, voice_id_key(&key, id), &stored);
	if (status == CH_OK && stored.len != 8)
		status = CH_CORRUPT;
	if (status == CH_OK)
		*out_number = load_le64(stored.data);
	return status;
}

enum ch_status voice_stage(
	struct book_txn *txn, struct slice id, enum voice_stage *out_stage, uint64_t *out_sequence)
{
	struct key key;
	struct slice stored;
	uint64_t number = 0;
	enum ch_status status = book_get(txn, BOOK_SAID, voice_id_key(&key, id), &stored);
	if (status == CH_OK && stored.len != SAID_BYTES)
		return CH_CORRUPT;
	if (status == CH_OK) {
		*out_stage = stored.data[8] != 0 ? VOICE_REFUSED : VOICE_SAID;
		if (out_sequence != NULL)
			*out_sequence = load_le64(stored.data);
		return CH_OK;
	}
	if (status == CH_NOT_FOUND)
		status = voice_number_of(txn, id, &number);
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	*out_stage = status == CH_OK ? VOICE_WAITING : VOICE_UNSAID;
	return CH_OK;
}

enum ch_status voice_any_waits(struct book_txn *txn, const char *what, bool *out_any)
{
	struct key from;
	struct slice key;
	struct slice value;
	struct slice none = {NULL, 0};
	struct book_walk *walk = NULL;
	struct buffer id = {0};
	size_t len = strlen(what);
	bool any = false;
	key_start(&from);
	key_text(&from, slice_text(what));
	enum ch_status status = book_walk_begin(txn, BOOK_WAITING, none, key_slice(&from), &walk);
	if (status == CH_OK)
		status = book_walk_next(walk, &key, &value);
	if (status == CH_OK && !key_take_text(&key, &id))
		status = CH_CORRUPT;
	if (status == CH_OK)
		any = id.len > len && memcmp(id.data, what, len) == 0 && id.data[len] == '-';
	book_walk_end(walk);
	buffer_fini(&id);
	if (status != CH_OK && status != CH_END)
		return status;
	*out_any = any;
	return CH_OK;
}

/* ---- Saying ---- */

/* Behind the newest that waits.  A number may come again once the outbox is empty: nobody remembers it. */
static enum ch_status voice_next_number(struct book_txn *txn, uint64_t *out_number)
{
	struct slice none = {NULL, 0};
	struct slice key;
	struct slice value;
	uint64_t last = 0;
	enum ch_status status = book_last(txn, BOOK_OUTBOX, none, none, &key, &value);
	if (status == CH_OK && !key_take_u64(&key, &last))
		status = CH_CORRUPT;
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	*out_number = last + 1;
	return CH_OK;
}

static void voice_put_entry(struct book_txn *txn, uint64_t number, int64_t due_us, bool refused,
	const struct envelope *head)
{
	struct key key;
	struct buffer entry = {0};
	uint8_t bytes[ENTRY_BYTES];
	store_le64(bytes, (uint64_t)due_us);
	bytes[8] = refused;
	buffer_append(&entry, bytes, sizeof(bytes));
	envelope_encode(head, &entry);
	book_fail(txn, entry.status);
	book_put(txn, BOOK_OUTBOX, voice_number_key(&key, number), buffer_slice(&entry));
	buffer_fini(&entry);
}

enum ch_status voice_say(struct book_txn *txn, const struct saying *saying)
{
	struct key key;
	uint8_t bytes[8];
	uint64_t number = 0;
	enum voice_stage stage = VOICE_UNSAID;
	struct seal_fault fault = {"", ""};
	struct sealed sealed = {0};
	struct envelope head = {.id = saying->id,
		.source = SLICE_LITERAL(NO_SOURCE),
		.subject = saying->subject,
		.time_us = saying->time_us};
	if (saying->cause != NULL) {
		head.causation_id = saying->cause->head.id;
		head.correlation_id = saying->cause->head.correlation_id;
	}
	enum ch_status status = voice_stage(txn, saying->id, &stage, NULL);
	if (status != CH_OK || stage != VOICE_UNSAID)
		goto out;
	status = seal_event(saying->type, saying->message, &sealed, &head, &fault);
	if (status != CH_OK) {
		log_error("voice.unsayable", "type=%s field=%s status=%s", saying->type,
			fault.field, ch_status_name(status));
		goto out;
	}
	status = voice_next_number(txn, &number);
	if (status != CH_OK)
		goto out;
	store_le64(bytes, number);
	voice_put_entry(txn, number, 0, false, &head);
	book_put(txn, BOOK_WAITING, voice_id_key(&key, saying->id), slice_of(bytes, 8));
	status = book_status(txn);
out:
	sealed_fini(&sealed);
	return status;
}

/* It waits no more; CH_NOT_FOUND: it never did. */
static enum ch_status voice_drop(struct book_txn *txn, struct slice id)
{
	struct key key;
	struct slice entry;
	uint64_t number = 0;
	enum ch_status status = voice_number_of(txn, id, &number);
	if (status != CH_OK)
		return status;
	status = book_get(txn, BOOK_OUTBOX, voice_number_key(&key, number), &entry);
	if (status == CH_OK && entry.len >= ENTRY_BYTES && entry.data[8] != 0)
		feed_count_refused(txn, -1);
	book_delete(txn, BOOK_OUTBOX, voice_number_key(&key, number));
	book_delete(txn, BOOK_WAITING, voice_id_key(&key, id));
	return book_status(txn);
}

void voice_take_back(struct book_txn *txn, struct slice id)
{
	(void)voice_drop(txn, id); /* what is not there need not be taken; the rest sticks */
}

static void voice_remember(struct book_txn *txn, struct slice id, uint64_t sequence, bool refused)
{
	struct key key;
	uint8_t bytes[SAID_BYTES];
	store_le64(bytes, sequence);
	bytes[8] = refused;
	book_put(txn, BOOK_SAID, voice_id_key(&key, id), slice_of(bytes, sizeof(bytes)));
}

void voice_hear(struct book_txn *txn, const struct feed_event *event)
{
	enum voice_stage stage = VOICE_UNSAID;
	if (voice_stage(txn, event->head.id, &stage, NULL) != CH_OK)
		return;             /* it sticks */
	if (stage == VOICE_REFUSED) /* and was mended there */
		feed_count_refused(txn, -1);
	(void)voice_drop(txn, event->head.id);
	voice_remember(txn, event->head.id, event->sequence, false);
}

/* ---- Over a restore ---- */

static void voice_keep_keys(struct book_txn *txn, uint32_t table)
{
	struct slice none = {NULL, 0};
	struct slice key;
	struct slice value;
	struct book_walk *walk = NULL;
	enum ch_status status = book_walk_begin(txn, table, none, none, &walk);
	while (status == CH_OK && (status = book_walk_next(walk, &key, &value)) == CH_OK)
		book_put(txn, BOOK_BEFORE, key, none);
	book_walk_end(walk);
	if (status != CH_END)
		book_fail(txn, status);
}

void voice_keep_ids(struct book_txn *txn)
{
	voice_keep_keys(txn, BOOK_SAID);
	voice_keep_keys(txn, BOOK_WAITING);
}

enum ch_status voice_was_said_before(struct book_txn *txn, struct slice id, bool *out_said)
{
	struct key key;
	struct slice value;
	enum ch_status status = book_get(txn, BOOK_BEFORE, voice_id_key(&key, id), &value);
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	*out_said = status == CH_OK;
	return CH_OK;
}

/* ---- Going out ---- */

static enum ch_status voice_parse(
	struct slice key, struct slice value, struct arena *arena, struct utterance *out)
{
	const char *field;
	struct slice copy = arena_copy(arena, slice_sub(value, ENTRY_BYTES, value.len));
	if (copy.data == NULL)
		return CH_NOMEM;
	out->refused = value.data[8] != 0;
	if (!key_take_u64(&key, &out->number) || envelope_parse(copy, &out->head, &field) != CH_OK)
		return CH_CORRUPT;
	return CH_OK;
}

enum ch_status voice_due(struct book_txn *txn, int64_t now_us, struct arena *arena,
	struct utterance *out, size_t most, size_t *out_count, int64_t *out_due_us)
{
	struct slice none = {NULL, 0};
	struct slice key;
	struct slice value;
	struct book_walk *walk = NULL;
	size_t count = 0;
	int64_t due_us = INT64_MAX;
	enum ch_status status = book_walk_begin(txn, BOOK_OUTBOX, none, none, &walk);
	while (status == CH_OK && count < most) {
		status = book_walk_next(walk, &key, &value);
		if (status == CH_OK && value.len < ENTRY_BYTES)
			status = CH_CORRUPT;
		if (status != CH_OK)
			break;
		int64_t at_us = (int64_t)load_le64(value.data);
		if (at_us <= now_us || at_us - now_us > PUT_OFF_MOST_US)
			status = voice_parse(key, value, arena, &out[count++]);
		else if (at_us < due_us)
			due_us = at_us;
	}
	book_walk_end(walk);
	if (status != CH_OK && status != CH_END)
		return status;
	*out_count = count;
	*out_due_us = due_us;
	return CH_OK;
}

static void voice_log(const struct utterance *utterance, const char *event, enum ch_status status,
	const struct ch_receipt *receipt)
{
	log_warning(event, "type=%.*s id=%.*s status=%s field=\"%s\" sequence=%llu",
		(int)utterance->head.type.len, (const char *)utterance->head.type.data,
		(int)utterance->head.id.len, (const char *)utterance->head.id.data,
		ch_status_name(status), receipt->field, (unsigned long long)receipt->sequence);
}

/* Later than now: an outbox that is due at once is looked through at once. */
static int64_t voice_put_off_us(const struct ch_receipt *receipt)
{
	int64_t wait_us = (int64_t)receipt->retry_after_ms * 1000;
	if (wait_us < 1000)
		return 1000;
	return wait_us < PUT_OFF_MOST_US ? wait_us : PUT_OFF_MOST_US;
}

void voice_answered(struct book_txn *txn, const struct utterance *utterance, enum ch_status status,
	const struct ch_receipt *receipt, int64_t now_us)
{
	struct slice id = utterance->head.id;
	switch (receipt->outcome) {
	case CH_OUTCOME_NONE: /* no answer: it is still in the outbox */
		break;
	case CH_OUTCOME_CONFLICT: /* our own error: the same id for two things */
		voice_log(utterance, "voice.conflict", status, receipt);
		(void)voice_drop(txn, id);
		voice_remember(txn, id, receipt->sequence, false);
		break;
	case CH_OUTCOME_ACCEPTED:
	case CH_OUTCOME_DUPLICATE:
		(void)voice_drop(txn, id);
		voice_remember(txn, id, receipt->sequence, false);
		break;
	case CH_OUTCOME_RETRY_AFTER:
		voice_put_entry(txn, utterance->number, now_us + voice_put_off_us(receipt),
			utterance->refused, &utterance->head);
		break;
	case CH_OUTCOME_REFUSED:
		if (!utterance->refused) {
			voice_log(utterance, "voice.refused", status, receipt);
			feed_count_refused(txn, 1);
		}
		if (receipt->sequence == 0) { /* not admitted: the peer's rights may change */
			voice_put_entry(txn, utterance->number, now_us + DENIED_AGAIN_US, true,
				&utterance->head);
			break;
		}
		/* In the hub's quarantine, for somebody to correct; then it is heard. */
		(void)voice_drop(txn, id);
		if (utterance->refused) /* counted on */
			feed_count_refused(txn, 1);
		voice_remember(txn, id, receipt->sequence, true);
		break;
	}
}

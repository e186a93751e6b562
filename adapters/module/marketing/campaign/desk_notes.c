#include "module/marketing/campaign/desk_notes.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "module/marketing/book_tables.h"

/* Under both keys: when it is due and how often it was tried; and the nonce, if there is one. */
#define NOTE_BYTES       12u
#define NOTE_NONCE_BYTES 20u

static bool note_is_value(struct slice value)
{
	return value.len == NOTE_BYTES || value.len == NOTE_NONCE_BYTES;
}

static struct slice note_time_key(struct key *key, int64_t due_us, const struct ledger_place *place)
{
	key_start(key);
	key_byte(key, 't');
	key_time(key, due_us);
	key_text(key, slice_text(place->campaign));
	key_u64(key, place->customer);
	key_u32(key, place->round);
	return key_slice(key);
}

void notes_put(struct book_txn *txn, const struct desk_note *note)
{
	struct key key;
	uint8_t bytes[NOTE_NONCE_BYTES] = {0};
	struct slice value = slice_of(bytes, note->nonce != 0 ? NOTE_NONCE_BYTES : NOTE_BYTES);
	notes_drop_place(txn, &note->place);
	store_le64(bytes, (uint64_t)note->due_us);
	store_le32(bytes + 8, note->attempts);
	store_le64(bytes + NOTE_BYTES, note->nonce);
	book_put(txn, TABLE_CAMPAIGN_CARE, ledger_care_key(&key, 'w', &note->place), value);
	book_put(txn, TABLE_CAMPAIGN_CARE, note_time_key(&key, note->due_us, &note->place), value);
}

void notes_drop(struct book_txn *txn, const struct desk_note *note)
{
	struct key key;
	book_delete(txn, TABLE_CAMPAIGN_CARE, ledger_care_key(&key, 'w', &note->place));
	book_delete(txn, TABLE_CAMPAIGN_CARE, note_time_key(&key, note->due_us, &note->place));
}

void notes_drop_place(struct book_txn *txn, const struct ledger_place *place)
{
	struct key key;
	struct slice value;
	struct slice at = ledger_care_key(&key, 'w', place);
	if (book_get(txn, TABLE_CAMPAIGN_CARE, at, &value) == CH_OK && note_is_value(value))
		notes_drop(txn, &(struct desk_note){
					.place = *place, .due_us = (int64_t)load_le64(value.data)});
}

enum ch_status notes_has_place(
	struct book_txn *txn, const struct ledger_place *place, bool *out_has)
{
	struct key key;
	struct slice value;
	enum ch_status status =
		book_get(txn, TABLE_CAMPAIGN_CARE, ledger_care_key(&key, 'w', place), &value);
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	*out_has = status == CH_OK;
	return CH_OK;
}

static enum ch_status note_parse(struct slice key, struct slice value, struct desk_note *out_note)
{
	uint8_t kind;
	struct desk_note note = {.attempts = 0};
	if (!key_take_byte(&key, &kind) || !key_take_i64(&key, &note.due_us) ||
		!ledger_place_of(key, &note.place) || !note_is_value(value))
		return CH_CORRUPT;
	note.attempts = load_le32(value.data + 8);
	if (value.len == NOTE_NONCE_BYTES)
		note.nonce = load_le64(value.data + NOTE_BYTES);
	*out_note = note;
	return CH_OK;
}

enum ch_status notes_last(struct book_txn *txn, struct desk_note *out_note)
{
	struct slice key;
	struct slice value;
	enum ch_status status = book_last(txn, TABLE_CAMPAIGN_CARE, SLICE_LITERAL("t"),
		(struct slice){NULL, 0}, &key, &value);
	return status == CH_OK ? note_parse(key, value, out_note) : status;
}

/* A book's walk with a name of its own. */
struct notes_walk {
	struct book_walk *walk;
};

enum ch_status notes_begin(struct book_txn *txn, struct notes_walk **out_walk)
{
	struct notes_walk *walk = calloc(1, sizeof(*walk));
	if (walk == NULL)
		return CH_NOMEM;
	enum ch_status status = book_walk_begin(
		txn, TABLE_CAMPAIGN_CARE, SLICE_LITERAL("t"), (struct slice){NULL, 0}, &walk->walk);
	if (status == CH_OK)
		*out_walk = walk;
	else
		free(walk);
	return status;
}

enum ch_status notes_next(struct notes_walk *walk, struct desk_note *out_note)
{
	struct slice key;
	struct slice value;
	enum ch_status status = book_walk_next(walk->walk, &key, &value);
	return status == CH_OK ? note_parse(key, value, out_note) : status;
}

void notes_end(struct notes_walk *walk)
{
	if (walk == NULL)
		return;
	book_walk_end(walk->walk);
	free(walk);
}

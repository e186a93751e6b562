#include "fanout/rows.h"

#include "base/bytes.h"

static const struct form_field subscription_rows[] = {
	FORM_FIELD(subscription_row, 1, FORM_TEXT, peer, LIMIT_NAME_BYTES),
	FORM_FIELD(subscription_row, 2, FORM_I64, created_us, 0),
	FORM_FIELD(subscription_row, 3, FORM_BYTES, wish, LIMIT_VALUE_BYTES),
};
const struct form subscription_form = FORM_OF(subscription_row, subscription_rows);

static const struct form_field cursor_rows[] = {
	FORM_FIELD(cursor_row, 1, FORM_FIXED64, incarnation, 0),
	FORM_FIELD(cursor_row, 2, FORM_U64, base, 0),
	FORM_FIELD(cursor_row, 3, FORM_I64, base_arrival_us, 0),
	FORM_FIELD(cursor_row, 4, FORM_U64, reached, 0),
	FORM_FIELD(cursor_row, 5, FORM_BYTES, done, LIMIT_VALUE_BYTES),
	FORM_FIELD(cursor_row, 6, FORM_U64, generation, 0),
	FORM_FIELD(cursor_row, 7, FORM_BOOL, suspended, 0),
	FORM_FIELD(cursor_row, 8, FORM_BOOL, snapshot_due, 0),
	FORM_FIELD(cursor_row, 9, FORM_U64, best_lag, 0),
	FORM_FIELD(cursor_row, 10, FORM_I64, answered_us, 0),
	FORM_FIELD(cursor_row, 11, FORM_U64, delivered, 0),
	FORM_FIELD(cursor_row, 12, FORM_U64, redelivered, 0),
	FORM_FIELD(cursor_row, 13, FORM_U64, acked, 0),
	FORM_FIELD(cursor_row, 14, FORM_U64, failed, 0),
	FORM_FIELD(cursor_row, 15, FORM_U64, buried, 0),
	FORM_FIELD(cursor_row, 16, FORM_U64, moves, 0),
};
const struct form cursor_form = FORM_OF(cursor_row, cursor_rows);

static const struct form_field pending_rows[] = {
	FORM_FIELD(pending_row, 1, FORM_U32, attempts, 0),
	FORM_FIELD(pending_row, 2, FORM_I64, due_us, 0),
	FORM_FIELD(pending_row, 3, FORM_I64, arrival_us, 0),
	FORM_FIELD(pending_row, 4, FORM_BOOL, late, 0),
	FORM_FIELD(pending_row, 5, FORM_TEXT, reason, LIMIT_NACK_REASON_BYTES),
};
const struct form pending_form = FORM_OF(pending_row, pending_rows);

static const struct form_field letter_rows[] = {
	FORM_FIELD(letter_row, 1, FORM_U32, attempts, 0),
	FORM_FIELD(letter_row, 2, FORM_I64, parked_us, 0),
	FORM_FIELD(letter_row, 3, FORM_I64, arrival_us, 0),
	FORM_FIELD(letter_row, 4, FORM_U64, customer, 0),
	FORM_FIELD(letter_row, 5, FORM_TEXT, type, LIMIT_TYPE_BYTES),
	FORM_FIELD(letter_row, 6, FORM_TEXT, reason, LIMIT_NACK_REASON_BYTES),
	FORM_FIELD(letter_row, 7, FORM_TEXT, job, LIMIT_NAME_BYTES),
};
const struct form letter_form = FORM_OF(letter_row, letter_rows);

static const struct form_field job_rows[] = {
	FORM_FIELD(job_row, 1, FORM_TEXT, name, LIMIT_NAME_BYTES),
	FORM_FIELD(job_row, 2, FORM_U64, first, 0),
	FORM_FIELD(job_row, 3, FORM_U64, last, 0),
	FORM_FIELD(job_row, 4, FORM_U64, position, 0),
	FORM_FIELD(job_row, 5, FORM_BYTES, wish, LIMIT_VALUE_BYTES),
	FORM_FIELD(job_row, 6, FORM_FIXED64, rate, 0),
	FORM_FIELD(job_row, 7, FORM_FIXED64, speed, 0),
	FORM_FIELD(job_row, 8, FORM_U32, state, 0),
	FORM_FIELD(job_row, 9, FORM_TEXT, actor, LIMIT_NAME_BYTES),
	FORM_FIELD(job_row, 10, FORM_I64, started_us, 0),
	FORM_FIELD(job_row, 11, FORM_I64, ended_us, 0),
	FORM_FIELD(job_row, 12, FORM_U64, delivered, 0),
	FORM_FIELD(job_row, 13, FORM_U64, acked, 0),
};
const struct form job_form = FORM_OF(job_row, job_rows);

static const struct form_field audit_rows[] = {
	FORM_FIELD(audit_row, 1, FORM_TEXT, actor, LIMIT_NAME_BYTES),
	FORM_FIELD(audit_row, 2, FORM_TEXT, what, LIMIT_NAME_BYTES),
	FORM_FIELD(audit_row, 3, FORM_TEXT, name, LIMIT_NAME_BYTES),
	FORM_FIELD(audit_row, 4, FORM_TEXT, detail, LIMIT_VALUE_BYTES),
};
const struct form audit_form = FORM_OF(audit_row, audit_rows);

enum ch_status row_read(const struct form *form, struct slice bytes, void *out_row)
{
	const char *field;
	return form_parse(form, bytes, out_row, &field) == CH_OK ? CH_OK : CH_CORRUPT;
}

struct slice row_prefix(uint8_t key[ROW_KEY_BYTES], const char *name)
{
	size_t len = strlen(name) + 1;
	memcpy(key, name, len);
	return slice_of(key, len);
}

struct slice row_key(uint8_t key[ROW_KEY_BYTES], const char *name, uint64_t sequence)
{
	struct slice prefix = row_prefix(key, name);
	store_be64(key + prefix.len, sequence);
	return slice_of(key, prefix.len + 8);
}

enum ch_status row_split(struct slice key, struct slice *out_name, uint64_t *out_sequence)
{
	if (key.len < 10 || key.data[key.len - 9] != 0)
		return CH_CORRUPT;
	*out_name = slice_sub(key, 0, key.len - 9);
	*out_sequence = load_be64(key.data + key.len - 8);
	return CH_OK;
}

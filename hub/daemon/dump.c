#include "daemon/dump.h"

#include <sodium.h>

#include "base/bytes.h"
#include "base/text.h"

struct dumper {
	FILE *out;
	crypto_generichash_state hash;
	struct buffer line;
	uint64_t rows;
	enum ch_status status;
};

static void dump_row(struct dumper *dumper, const char *table, struct slice key, struct slice value)
{
	struct buffer *line = &dumper->line;
	buffer_clear(line);
	buffer_append_text(line, table);
	buffer_append_byte(line, '\t');
	text_append_hex(line, key);
	buffer_append_byte(line, '\t');
	text_append_hex(line, value);
	buffer_append_byte(line, '\n');
	if (line->status != CH_OK) {
		dumper->status = line->status;
		return;
	}
	(void)crypto_generichash_update(&dumper->hash, line->data, line->len); /* always 0 */
	if (dumper->out != NULL && fwrite(line->data, 1, line->len, dumper->out) != line->len)
		dumper->status = CH_IO;
	dumper->rows++;
}

static bool dump_inbox_item(
	void *context, const uint8_t fingerprint[16], const struct inbox_item *item)
{
	struct dumper *dumper = context;
	uint8_t value[16];
	store_be64(value, item->sequence);
	memcpy(value + 8, item->digest, sizeof(item->digest));
	dump_row(dumper, "inbox", slice_of(fingerprint, 16), slice_of(value, sizeof(value)));
	return dumper->status == CH_OK;
}

/* `after` is the last key given: copied, for the slice dies with the next call. */
static enum ch_status dump_next(struct snapshot *snapshot, enum store_table table,
	struct buffer *after, struct slice *out_value)
{
	struct slice key;
	enum ch_status status =
		snapshot_next(snapshot, table, buffer_slice(after), &key, out_value);
	if (status == CH_OK) {
		buffer_clear(after);
		buffer_append_slice(after, key);
		status = after->status;
	}
	return status;
}

static enum ch_status dump_table(
	struct dumper *dumper, struct snapshot *snapshot, enum store_table table)
{
	struct buffer after = {0};
	struct slice value;
	enum ch_status status;
	while ((status = dump_next(snapshot, table, &after, &value)) == CH_OK) {
		dump_row(dumper, store_tables[table].name, buffer_slice(&after), value);
		if (dumper->status != CH_OK)
			break;
	}
	buffer_fini(&after);
	return status == CH_END ? CH_OK : status;
}

enum ch_status dump_write(struct state *state, FILE *out, struct dump_result *out_result)
{
	struct dumper dumper = {.out = out, .status = CH_OK};
	struct snapshot *snapshot = NULL;
	struct dump_result result = {0};
	(void)crypto_generichash_init(&dumper.hash, NULL, 0, DUMP_HASH_BYTES); /* always 0 */
	enum ch_status status = state_checkpoint(state);
	if (status == CH_OK)
		status = snapshot_begin(state, &snapshot);
	for (int table = 0; table < TABLE_COUNT && status == CH_OK; table++) {
		if (table == TABLE_MANIFEST)
			continue;
		status = dump_table(&dumper, snapshot, (enum store_table)table);
		if (status == CH_OK)
			status = dumper.status;
	}
	if (status == CH_OK) {
		uint64_t rows = dumper.rows;
		status = snapshot_inbox(snapshot, dump_inbox_item, &dumper);
		result.inbox_items = dumper.rows - rows;
	}
	if (status == CH_OK)
		status = dumper.status;
	if (status == CH_OK) {
		result.sequence = snapshot_sequence(snapshot);
		result.rows = dumper.rows;
		(void)crypto_generichash_final(&dumper.hash, result.hash, sizeof(result.hash));
		*out_result = result;
	}
	snapshot_end(snapshot);
	buffer_fini(&dumper.line);
	return status;
}

/* ---- Comparing ---- */

static void dump_explain(char why[256], const char *table, struct slice key, const char *what)
{
	struct buffer text = {0};
	text_append_hex(&text, slice_sub(key, 0, 64));
	(void)snprintf(why, 256, "table %s, key %s: %s", table, buffer_text(&text), what);
	buffer_fini(&text);
}

static enum ch_status dump_compare_table(
	struct snapshot *a, struct snapshot *b, enum store_table table, char why[256])
{
	struct buffer left = {0};
	struct buffer right = {0};
	struct slice left_value;
	struct slice right_value;
	enum ch_status status = CH_OK;
	while (status == CH_OK) {
		enum ch_status l = dump_next(a, table, &left, &left_value);
		enum ch_status r = dump_next(b, table, &right, &right_value);
		const char *name = store_tables[table].name;
		if ((l != CH_OK && l != CH_END) || (r != CH_OK && r != CH_END)) {
			status = l != CH_OK && l != CH_END ? l : r;
			dump_explain(why, name, buffer_slice(&left), ch_status_name(status));
		} else if (l == CH_END && r == CH_END) {
			break;
		} else if (r == CH_END || (l == CH_OK && slice_compare(buffer_slice(&left),
								 buffer_slice(&right)) < 0)) {
			status = CH_CORRUPT;
			dump_explain(why, name, buffer_slice(&left), "stands in the store only");
		} else if (l == CH_END || !slice_equal(buffer_slice(&left), buffer_slice(&right))) {
			status = CH_CORRUPT;
			dump_explain(why, name, buffer_slice(&right), "is missing in the store");
		} else if (!slice_equal(left_value, right_value)) {
			status = CH_CORRUPT;
			dump_explain(why, name, buffer_slice(&left), "has another value");
		}
	}
	buffer_fini(&left);
	buffer_fini(&right);
	return status;
}

struct inbox_sum {
	crypto_generichash_state hash;
	uint64_t items;
};

static bool dump_sum_inbox(
	void *context, const uint8_t fingerprint[16], const struct inbox_item *item)
{
	struct inbox_sum *sum = context;
	uint8_t row[32];
	memcpy(row, fingerprint, 16);
	store_be64(row + 16, item->sequence);
	memcpy(row + 24, item->digest, 8);
	(void)crypto_generichash_update(&sum->hash, row, sizeof(row)); /* always 0 */
	sum->items++;
	return true;
}

static enum ch_status dump_compare_inbox(struct snapshot *a, struct snapshot *b, char why[256])
{
	struct inbox_sum left = {.items = 0};
	struct inbox_sum right = {.items = 0};
	uint8_t left_hash[DUMP_HASH_BYTES];
	uint8_t right_hash[DUMP_HASH_BYTES];
	(void)crypto_generichash_init(&left.hash, NULL, 0, DUMP_HASH_BYTES);  /* always 0 */
	(void)crypto_generichash_init(&right.hash, NULL, 0, DUMP_HASH_BYTES); /* always 0 */
	enum ch_status status = snapshot_inbox(a, dump_sum_inbox, &left);
	if (status == CH_OK)
		status = snapshot_inbox(b, dump_sum_inbox, &right);
	(void)crypto_generichash_final(&left.hash, left_hash, sizeof(left_hash));
	(void)crypto_generichash_final(&right.hash, right_hash, sizeof(right_hash));
	if (status != CH_OK) {
		(void)snprintf(why, 256, "inbox: %s", ch_status_name(status));
	} else if (left.items != right.items ||
		   memcmp(left_hash, right_hash, DUMP_HASH_BYTES) != 0) {
		(void)snprintf(why, 256,
			"inbox: %llu ids in the store, %llu in the fold, or others",
			(unsigned long long)left.items, (unsigned long long)right.items);
		status = CH_CORRUPT;
	}
	return status;
}

enum ch_status dump_compare(struct state *a, struct state *b, char why[256])
{
	struct snapshot *left = NULL;
	struct snapshot *right = NULL;
	why[0] = 0;
	enum ch_status status = snapshot_begin(a, &left);
	if (status == CH_OK)
		status = snapshot_begin(b, &right);
	for (int table = 0; table < TABLE_COUNT && status == CH_OK; table++) {
		if (table != TABLE_MANIFEST)
			status = dump_compare_table(left, right, (enum store_table)table, why);
	}
	if (status == CH_OK)
		status = dump_compare_inbox(left, right, why);
	snapshot_end(left);
	snapshot_end(right);
	return status;
}

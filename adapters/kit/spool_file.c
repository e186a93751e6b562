#include "kit/spool_file.h"

#include "base/crc32c.h"
#include "wire/pb.h"

#define HEAD_MAGIC   "CHSPOOL1"
#define CURSOR_MAGIC "CHSPCUR1"
#define MAGIC_BYTES  8u
#define MAGIC_NAME   7u /* what comes behind it is the version */

enum { BODY_ORIGIN = 1, BODY_SINCE = 2, BODY_EVENT = 3 };

static void put_u32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static void put_u64(uint8_t *at, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get_u32(const uint8_t *at)
{
	uint32_t value = 0;
	for (int i = 3; i >= 0; i--)
		value = value << 8 | at[i];
	return value;
}

static uint64_t get_u64(const uint8_t *at)
{
	return (uint64_t)get_u32(at + 4) << 32 | get_u32(at);
}

/* ---- Head and cursor: magic, two numbers, a small one, CRC ---- */

static void put_pair(
	struct buffer *out, const char *magic, uint64_t first, uint64_t second, uint32_t small)
{
	uint8_t bytes[SPOOL_HEAD_BYTES];
	memcpy(bytes, magic, MAGIC_BYTES);
	put_u64(bytes + 8, first);
	put_u64(bytes + 16, second);
	put_u32(bytes + 24, small);
	put_u32(bytes + 28, crc32c(0, bytes, 28));
	buffer_append(out, bytes, sizeof(bytes));
}

static enum ch_status check_pair(struct slice file, const char *magic)
{
	if (file.len < SPOOL_HEAD_BYTES || crc32c(0, file.data, 28) != get_u32(file.data + 28) ||
		memcmp(file.data, magic, MAGIC_NAME) != 0)
		return CH_CORRUPT;
	return memcmp(file.data, magic, MAGIC_BYTES) == 0 ? CH_OK : CH_VERSION;
}

void spool_file_put_head(struct buffer *out, const struct spool_head *head)
{
	put_pair(out, HEAD_MAGIC, head->first, (uint64_t)head->made_us, head->salt);
}

enum ch_status spool_file_read_head(struct slice file, struct spool_head *out_head)
{
	enum ch_status status = check_pair(file, HEAD_MAGIC);
	if (status == CH_OK)
		*out_head = (struct spool_head){get_u64(file.data + 8),
			(int64_t)get_u64(file.data + 16), get_u32(file.data + 24)};
	return status;
}

void spool_file_put_cursor(struct buffer *out, const struct spool_cursor *cursor)
{
	put_pair(out, CURSOR_MAGIC, cursor->cursor, cursor->synced, 0);
}

static bool is_blank(struct slice bytes)
{
	size_t i = 0;
	while (i < bytes.len && bytes.data[i] == 0)
		i++;
	return i == bytes.len;
}

enum ch_status spool_file_read_cursor(struct slice file, struct spool_cursor *out_cursor)
{
	struct spool_cursor newest = {0};
	enum ch_status status = is_blank(file) ? CH_END : CH_CORRUPT;
	for (size_t i = 0; i < 2; i++) {
		struct slice page = slice_sub(file, i * SPOOL_CURSOR_PAGE, SIZE_MAX);
		enum ch_status read = check_pair(page, CURSOR_MAGIC);
		if (read == CH_VERSION)
			return read;
		if (read != CH_OK)
			continue;
		struct spool_cursor cursor = {
			get_u64(page.data + 8), get_u64(page.data + 16), i == 1};
		/* The cursor never goes back, so the greater one is the newer. */
		if (cursor.cursor > newest.cursor && cursor.synced >= cursor.cursor) {
			newest = cursor;
			status = CH_OK;
		}
	}
	if (status == CH_OK)
		*out_cursor = newest;
	return status;
}

/* ---- Records ---- */

static uint32_t record_crc(uint32_t salt, const uint8_t *head, struct slice body)
{
	uint32_t crc = crc32c(salt, head, 4);
	crc = crc32c(crc, head + 8, SPOOL_RECORD_HEAD_BYTES - 8);
	return crc32c(crc, body.data, body.len);
}

void spool_file_put_record(struct buffer *out, uint32_t salt, const struct spool_record *record)
{
	size_t start = out->len;
	if (buffer_reserve(out, SPOOL_RECORD_HEAD_BYTES) == NULL)
		return;
	pb_put_bytes(out, BODY_ORIGIN, record->origin);
	pb_put_int(out, BODY_SINCE, record->since_us);
	pb_put_bytes(out, BODY_EVENT, record->event);
	if (out->status != CH_OK)
		return;
	uint8_t *head = out->data + start;
	struct slice body = slice_sub(buffer_slice(out), start + SPOOL_RECORD_HEAD_BYTES, SIZE_MAX);
	put_u32(head, (uint32_t)body.len);
	put_u64(head + 8, record->number);
	put_u64(head + 16, record->synced);
	put_u32(head + 4, record_crc(salt, head, body));
}

/* The record at this place, if there is a good one. */
static bool record_read(struct slice file, uint32_t salt, size_t at, struct spool_record *out)
{
	struct spool_record record = {.at = at};
	struct pb_field field;
	if (file.len - at < SPOOL_RECORD_HEAD_BYTES)
		return false;
	const uint8_t *head = file.data + at;
	size_t len = get_u32(head);
	if (len > SPOOL_RECORD_MAX - SPOOL_RECORD_HEAD_BYTES ||
		file.len - at - SPOOL_RECORD_HEAD_BYTES < len)
		return false;
	struct slice body = {head + SPOOL_RECORD_HEAD_BYTES, len};
	record.number = get_u64(head + 8);
	record.synced = get_u64(head + 16);
	if (record.synced > record.number || record_crc(salt, head, body) != get_u32(head + 4))
		return false;
	struct pb_reader reader = pb_read(body);
	while (pb_next(&reader, &field)) {
		if (field.number == BODY_ORIGIN)
			record.origin = pb_text_or_empty(&field);
		else if (field.number == BODY_SINCE && field.wire == PB_VARINT)
			record.since_us = (int64_t)field.integer;
		else if (field.number == BODY_EVENT)
			record.event = pb_text_or_empty(&field);
	}
	if (reader.status != CH_OK)
		return false;
	*out = record;
	return true;
}

void spool_scan_begin(struct spool_scan *scan, struct slice file, uint64_t first, uint32_t salt)
{
	*scan = (struct spool_scan){.file = file,
		.at = file.len < SPOOL_HEAD_BYTES ? file.len : SPOOL_HEAD_BYTES,
		.number = first,
		.salt = salt};
}

/* Whether a good record of a later number could begin here: most places are told by that alone, and no
 * CRC is made. */
static bool scan_may_begin(const struct spool_scan *scan, size_t at)
{
	uint64_t number = get_u64(scan->file.data + at + 8);
	uint64_t most = (at - scan->at) / SPOOL_RECORD_HEAD_BYTES;
	return number > scan->number && number - scan->number <= most;
}

static enum ch_status scan_search(struct spool_scan *scan)
{
	struct spool_record record;
	for (size_t at = scan->at + SPOOL_RECORD_HEAD_BYTES;
		at + SPOOL_RECORD_HEAD_BYTES <= scan->file.len; at++) {
		if (!scan_may_begin(scan, at) || !record_read(scan->file, scan->salt, at, &record))
			continue;
		scan->at = at;
		scan->number = record.number;
		return CH_GAP;
	}
	return CH_CORRUPT;
}

enum ch_status spool_scan_next(struct spool_scan *scan, struct spool_record *out_record)
{
	struct spool_record record;
	if (scan->at == scan->file.len)
		return CH_END;
	if (!record_read(scan->file, scan->salt, scan->at, &record) ||
		record.number != scan->number)
		return scan_search(scan);
	scan->number++;
	scan->at += SPOOL_RECORD_HEAD_BYTES + get_u32(scan->file.data + scan->at);
	*out_record = record;
	return CH_OK;
}

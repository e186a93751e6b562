/* A segment and a cursor that are anything: the reader stays inside, goes forward only, and gives no record
 * that was not written as it is.  The rest of the input, cut into events, is written and read back. */
#include "base/crc32c.h"
#include "base/invariant.h"
#include "kit/spool_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void scan_anything(struct slice file)
{
	struct spool_scan scan;
	struct spool_record record;
	struct spool_head head = {.first = 1};
	struct buffer again = {0};
	(void)spool_file_read_head(file, &head); /* a bad one may be read on behind */
	spool_scan_begin(&scan, file, head.first, head.salt);
	for (;;) {
		struct spool_scan before = scan;
		enum ch_status status = spool_scan_next(&scan, &record);
		invariant(scan.at <= file.len && scan.at >= before.at);
		if (status == CH_END || status == CH_CORRUPT)
			break;
		invariant(scan.at > before.at && scan.number > before.number);
		if (status == CH_GAP)
			continue;
		invariant(record.number == before.number && record.at == before.at);
		invariant(record.synced <= record.number);
		buffer_clear(&again);
		spool_file_put_record(&again, head.salt, &record);
		invariant(again.len <= SPOOL_RECORD_MAX);
	}
	buffer_fini(&again);
}

/* Each byte is the length of an event made of the bytes behind it; the last one's low bits say which byte
 * of the segment is flipped. */
static void write_and_read(struct slice input)
{
	struct buffer file = {0};
	struct spool_scan scan;
	struct spool_record record = {.number = 1, .synced = 1, .since_us = 5};
	size_t ends[256];
	size_t count = 0;
	uint32_t salt = crc32c(7, input.data, input.len); /* so that no input knows it */
	spool_file_put_head(&file, &(struct spool_head){1, 5, salt});
	for (size_t at = 0; at < input.len && count < 255; count++) {
		record.event = slice_sub(input, at + 1, input.data[at]);
		record.origin = slice_sub(input, at, 2);
		at += 1 + record.event.len;
		spool_file_put_record(&file, salt, &record);
		ends[count] = file.len;
		record.number++;
	}
	size_t flipped = SIZE_MAX;
	if (count > 0 && (input.data[input.len - 1] & 1) != 0) {
		flipped = SPOOL_HEAD_BYTES +
			  input.data[input.len - 1] % (file.len - SPOOL_HEAD_BYTES);
		file.data[flipped] ^= 0x40;
	}
	spool_scan_begin(&scan, buffer_slice(&file), 1, salt);
	uint64_t lost = 0;
	uint64_t good = 0;
	enum ch_status status;
	while ((status = spool_scan_next(&scan, &record)) == CH_OK || status == CH_GAP) {
		if (status == CH_OK) {
			good++;
			invariant(flipped < record.at || flipped >= ends[record.number - 1]);
		} else {
			lost++;
		}
	}
	lost += status == CH_CORRUPT;
	invariant(good + lost == count && lost == (flipped != SIZE_MAX));
	buffer_fini(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice input = slice_of(data, len);
	struct spool_cursor cursor;
	if (spool_file_read_cursor(input, &cursor) == CH_OK)
		invariant(cursor.cursor > 0 && cursor.synced >= cursor.cursor);
	scan_anything(input);
	if (len <= 4096)
		write_and_read(input);
	return 0;
}

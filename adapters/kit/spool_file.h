/* The bytes of the spool's files, and nothing else: no file is opened here.
 *
 *     segment     head, records one behind the other
 *     head        "CHSPOOL1", number of the first record, when it was made, salt, CRC
 *     record      length of the body, CRC, number, synced, body
 *     body        protobuf: 1 origin, 2 since, 3 the encoded Event (event.proto)
 *     cursor      "CHSPCUR1", cursor, synced, CRC; two of them, in pages of their own, written in turns
 *
 * Numbers are little endian, CRCs are CRC32C over all other bytes of their head, record or cursor; that of
 * a record goes on from the salt, so that no event can hold the bytes of a record that a search behind
 * damaged ones might take for real.  First number and salt stand in the segment's name, too.
 *
 * `synced` in a record says how far the spool was on the disk when the record was written: every number
 * below it.  That tells a torn tail from damage.  A record that cannot be read is damage when anything
 * good says that it was synced; else the power went while it was being written, whatever order the disk
 * chose, nobody was told that it is stored, and it is cut off. */
#ifndef KIT_SPOOL_FILE_H
#define KIT_SPOOL_FILE_H

#include "base/limits.h"
#include "base/slice.h"

#define SPOOL_HEAD_BYTES        32u
#define SPOOL_RECORD_HEAD_BYTES 24u
#define SPOOL_CURSOR_PAGE       4096u
#define SPOOL_CURSOR_BYTES      (2u * SPOOL_CURSOR_PAGE)

/* The largest record: an event with its origin, and what protobuf puts around them. */
#define SPOOL_RECORD_MAX (SPOOL_RECORD_HEAD_BYTES + LIMIT_EVENT_BYTES + LIMIT_ORIGIN_BYTES + 64u)

/* ---- Writing: appends to a buffer whose status sticks ---- */

struct spool_head {
	uint64_t first;
	int64_t made_us;
	uint32_t salt;
};

void spool_file_put_head(struct buffer *out, const struct spool_head *head);

struct spool_record {
	uint64_t number;
	uint64_t synced;     /* all below were on the disk when it was written */
	int64_t since_us;    /* when the event came to this machine, by its clock */
	struct slice origin; /* where it stood at its source; may be empty */
	struct slice event;
	size_t at; /* in its segment; set by reading */
};

void spool_file_put_record(struct buffer *out, uint32_t salt, const struct spool_record *record);

struct spool_cursor {
	uint64_t cursor; /* all below have a receipt */
	uint64_t synced; /* all below were on the disk */
	bool second;     /* it stands in the second page; set by reading */
};

void spool_file_put_cursor(struct buffer *out, const struct spool_cursor *cursor);

/* ---- Reading ---- */

/* CH_CORRUPT; CH_VERSION: of another format. */
enum ch_status spool_file_read_head(struct slice file, struct spool_head *out_head);

/* The newer of the two that are good; CH_END: none was ever written. */
enum ch_status spool_file_read_cursor(struct slice file, struct spool_cursor *out_cursor);

/* Walks the records of one segment.  The file may be any bytes. */
struct spool_scan {
	struct slice file;
	size_t at;       /* of what comes next */
	uint64_t number; /* that it must have */
	uint32_t salt;
};

void spool_scan_begin(struct spool_scan *scan, struct slice file, uint64_t first, uint32_t salt);

/* CH_OK: *out_record, with slices into the file.  CH_GAP: bytes that cannot be read, and a good record
 * behind them: the scan stands there, the numbers between were in those bytes.  CH_END: the end, in
 * order.  CH_CORRUPT: nothing behind `at` can be read; the scan stays there. */
enum ch_status spool_scan_next(struct spool_scan *scan, struct spool_record *out_record);

#endif

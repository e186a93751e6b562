/* The bytes of one segment, wherever they are kept: in its file, compressed in the archive, or
 * in memory.  Whoever reads batches (reader, recovery, archiver, verify) sees offsets of the
 * segment and does not know which. */
#ifndef JOURNAL_TAPE_H
#define JOURNAL_TAPE_H

#include "base/slice.h"
#include "journal/label.h"
#include "journal/segment.h"

struct tape;

/* The segment is shared for as long as the tape is open; `label` is one of its two, and copied.
 * CH_NOT_FOUND: the file is not there (any more); CH_IO, CH_NOMEM. */
enum ch_status tape_open_segment(
	int dir_fd, struct segment *segment, const struct label *label, struct tape **out_tape);

/* `fd` is the tape's from here on, also on failure.  What archive_open gives. */
enum ch_status tape_open_archive(int fd, struct tape **out_tape);

/* `bytes` stays the caller's and must outlive the tape; it begins with the segment's first page. */
enum ch_status tape_open_memory(
	const struct label *label, struct slice bytes, struct tape **out_tape);

void tape_close(struct tape *tape); /* NULL is fine */

const struct label *tape_label(const struct tape *tape);
uint32_t tape_key(const struct tape *tape);

/* Where the bytes end; it moves on while the segment is being written. */
uint64_t tape_end(const struct tape *tape);

/* `len` bytes from `offset` on, valid until the next call on this tape.  CH_END: beyond the end;
 * CH_CORRUPT: they are lost, see tape_skip; CH_RETRY: the file has got another use meanwhile,
 * the history is in the archive now; CH_IO, CH_NOMEM. */
enum ch_status tape_view(struct tape *tape, uint64_t offset, size_t len, struct slice *out_bytes);

/* After CH_CORRUPT at `offset`: the next offset from which bytes can be had. */
uint64_t tape_skip(const struct tape *tape, uint64_t offset);

/* The offset of a batch at or before the one that holds this sequence, or the first entry that
 * arrived at or after that time; not far before it. */
enum ch_status tape_find(struct tape *tape, uint64_t sequence, uint64_t *out_offset);
enum ch_status tape_find_time(struct tape *tape, int64_t arrival_us, uint64_t *out_offset);

#endif

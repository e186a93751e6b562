/* A reader of the journal: live, catch-up and replay alike.  It reads segments and archive as one
 * history, from any thread, one thread at a time, up to the synced head; it never slows the writer.
 *
 * A reader that is put to rest (reader_rest) holds no memory to speak of and no file open. */
#ifndef JOURNAL_READER_H
#define JOURNAL_READER_H

#include <stdint.h>

#include "base/slice.h"
#include "journal/journal.h"

struct reader;

/* CH_NOMEM. */
enum ch_status reader_open(struct journal *journal, struct reader **out_reader);
void reader_close(struct reader *reader);

/* The next reader_next gives this sequence, or the first one kept when it is older (CH_GAP: tells
 * which through reader_gap), or CH_END until it exists. */
enum ch_status reader_seek(struct reader *reader, uint64_t sequence);

/* The next reader_next gives the first entry that arrived at or after `arrival_us`, or CH_END
 * until there is one.  CH_IO, CH_NOMEM. */
enum ch_status reader_seek_time(struct reader *reader, int64_t arrival_us);

/* CH_OK, with a body that is valid until the next call on this reader; CH_END at the synced head
 * (call again later); CH_GAP: entries are gone or damaged, see reader_gap, the next call goes on
 * behind them; CH_IO, CH_NOMEM: the position stays.  Every entry's CRC is checked. */
enum ch_status reader_next(struct reader *reader, struct journal_entry *out_entry);

/* The stretch that the last CH_GAP was about. */
void reader_gap(const struct reader *reader, uint64_t *out_first, uint64_t *out_last);

/* The sequence that reader_next would give. */
uint64_t reader_position(const struct reader *reader);

/* Gives back buffers and descriptors; the position stays. */
void reader_rest(struct reader *reader);

#endif

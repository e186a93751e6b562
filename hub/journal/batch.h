/* A batch in bytes: what one commit writes and one sync makes durable, all or nothing.  Nothing
 * here reads or writes a file; what comes in may be anything.
 *
 *     offset  size  head
 *          0     4  "CHba"
 *          4     4  CRC32C of bytes 8 to 127, seeded with the segment's key
 *          8     8  epoch of the segment
 *         16     8  sequence of the first entry
 *         24     8  arrival of the first entry, UTC microseconds
 *         32     8  arrival of the last entry
 *         40     4  length of head, entries and padding: the next batch begins behind it
 *         44     4  length of the entries
 *         48     4  number of entries
 *         52    12  zero
 *         64    32  hash of the chain before the batch
 *         96    32  hash of the chain after it
 *        128        entries, one behind the other:
 *     offset  size  entry
 *          0     4  CRC32C of all that follows in the entry
 *          4     4  length of the body
 *          8     8  sequence
 *         16     8  arrival, UTC microseconds
 *         24        body
 *             < 64  zero, up to the next multiple of 64
 *
 * All integers are little-endian.  The head is bound to its place: its CRC is seeded with the
 * epoch and the random salt of the segment, so that neither what an earlier use of the file left
 * behind nor bytes that a customer put into a message can pass for a head.  Entries are not
 * bound to a place: their bytes, and so the chain, are the same in every copy of the history. */
#ifndef JOURNAL_BATCH_H
#define JOURNAL_BATCH_H

#include "base/limits.h"
#include "base/slice.h"
#include "journal/chain.h"
#include "journal/journal.h"

#define BATCH_ALIGN_BYTES 64u
#define BATCH_HEAD_BYTES  128u
#define BATCH_ENTRY_BYTES 24u /* in front of each body */

struct batch_head {
	uint64_t epoch;
	uint64_t first; /* sequence, at least 1 */
	int64_t first_arrival_us;
	int64_t last_arrival_us;
	uint32_t length;
	uint32_t entries_bytes;
	uint32_t count; /* at least 1 */
	uint8_t before[JOURNAL_HASH_BYTES];
	uint8_t after[JOURNAL_HASH_BYTES];
};

static inline uint64_t batch_last(const struct batch_head *head)
{
	return head->first + head->count - 1;
}

/* Head, entries and padding, for entries of so many bytes. */
static inline uint64_t batch_length(uint64_t entries_bytes)
{
	uint64_t mask = BATCH_ALIGN_BYTES - 1;
	return (BATCH_HEAD_BYTES + entries_bytes + mask) & ~mask;
}

/* The seed of the heads' CRC in a segment. */
uint32_t batch_key(uint64_t epoch, uint64_t salt);

/* ---- Writing ---- */

/* Appends the entry, its parts joined; a lack of memory sticks in `out`. */
void batch_put_entry(struct buffer *out, uint64_t sequence, int64_t arrival_us,
	const struct slice *parts, size_t part_count);

void batch_put_head(uint8_t out[BATCH_HEAD_BYTES], const struct batch_head *head, uint32_t key);

/* ---- Reading ---- */

/* True when the bytes claim to be a head of this epoch, checked or not. */
bool batch_claims(const uint8_t bytes[BATCH_HEAD_BYTES], uint64_t epoch);

/* CH_CORRUPT unless this is a head of this segment whose figures agree with each other. */
enum ch_status batch_get_head(const uint8_t bytes[BATCH_HEAD_BYTES], uint64_t epoch, uint32_t key,
	struct batch_head *out_head);

/* The entry at the front of `rest`, which must have this sequence.  *out_bytes is how far it
 * goes, also when it is CH_CORRUPT: 0 when its length cannot be true.  The body points into
 * `rest`. */
enum ch_status batch_get_entry(
	struct slice rest, uint64_t sequence, struct journal_entry *out_entry, size_t *out_bytes);

/* Everything: each entry, order, padding and the link of the chain.  `bytes` is the whole batch of
 * this head.  CH_CORRUPT, CH_NOMEM. */
enum ch_status batch_check(const struct batch_head *head, struct slice bytes, struct chain *chain);

#endif

/* The label of a segment: who it is, and once it is sealed, what it holds.  It stands at the front
 * of the file and again at its end, so that one bad sector never makes a segment unreadable, and in
 * the table of the archive file that a segment becomes.
 *
 *     offset  size
 *          0     8  "CHseglbl"
 *          8     4  CRC32C of bytes 12 to 255
 *         12     4  version of the format, 1
 *         16     8  incarnation of the journal that wrote it
 *         24     8  epoch: rises with every use of any file
 *         32     8  salt: random for every use
 *         40     8  base: the first sequence that can stand here
 *         48     8  size of the file
 *         56     8  arrival of the last entry before the base; 0: none
 *         64    32  hash of the chain before the base
 *         96     8  1 once sealed, else 0 here and in all that follows
 *        104     8  epoch of the segment that goes on
 *        112     8  last sequence
 *        120     8  end: the offset behind the last batch
 *        128     8  arrival of the last entry
 *        136    32  hash of the chain after the last entry
 *        168    88  zero */
#ifndef JOURNAL_LABEL_H
#define JOURNAL_LABEL_H

#include <stdbool.h>
#include <stdint.h>

#include "journal/journal.h"

#define LABEL_BYTES   256u
#define LABEL_VERSION 1u

/* The label has a page of the file for itself, at either end. */
#define SEGMENT_PAGE_BYTES 4096u
#define SEGMENT_BYTES_MIN  (64u * 1024u)
#define SEGMENT_BYTES_MAX  UINT32_MAX

struct label {
	uint64_t incarnation;
	uint64_t epoch;
	uint64_t salt;
	uint64_t base;
	uint64_t file_bytes;
	int64_t arrival_before_us;
	uint8_t before[JOURNAL_HASH_BYTES];

	bool sealed; /* the rest is zero when not */
	uint64_t next_epoch;
	uint64_t last; /* base - 1: sealed without an entry */
	uint64_t end;
	int64_t last_arrival_us;
	uint8_t after[JOURNAL_HASH_BYTES];
};

void label_put(uint8_t out[LABEL_BYTES], const struct label *label);

/* CH_CORRUPT: no label, or a broken one; CH_VERSION: a later version's. */
enum ch_status label_get(const uint8_t bytes[LABEL_BYTES], struct label *out_label);

#endif

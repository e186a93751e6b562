/* The manifest: what a journal must know about itself that its files cannot tell.  A small text,
 * replaced as a whole:
 *
 *     carehub-journal 1
 *     kind journal
 *     incarnation 5f0c61d2a9b3e874
 *     removed 120000
 *     removed-hash 1f60...
 *     parent 0000000000000000
 *     parent-last 0
 *     crc32c 7d3a11f0
 *
 * `removed` is the last sequence that retention took away, with the chain's hash there, from
 * which what is left can still be proved.  `parent` is the incarnation that a restored journal
 * was, up to the sequence `parent-last`. */
#ifndef JOURNAL_MANIFEST_H
#define JOURNAL_MANIFEST_H

#include <stdint.h>

#include "journal/journal.h"

#define MANIFEST_NAME    "manifest"
#define MANIFEST_VERSION 1u

enum manifest_kind {
	MANIFEST_NEW = 1, /* being made: there is no history yet, whatever files lie about */
	MANIFEST_JOURNAL,
	MANIFEST_EXPORT, /* a copy: readable, and a journal only once it has been adopted */
};

struct manifest {
	enum manifest_kind kind;
	uint64_t incarnation;
	uint64_t removed; /* 0: nothing */
	uint8_t removed_hash[JOURNAL_HASH_BYTES];
	uint64_t parent;
	uint64_t parent_last;
};

/* Appends the text; a lack of memory sticks in `out`. */
void manifest_print(const struct manifest *manifest, struct buffer *out);

/* CH_CORRUPT; CH_VERSION: a later version's. */
enum ch_status manifest_parse(struct slice text, struct manifest *out_manifest);

/* CH_NOT_FOUND: the folder has none. */
enum ch_status manifest_read(const char *dir, struct manifest *out_manifest);

/* Durable when it returns.  CH_FULL, CH_IO: the old one is still there. */
enum ch_status manifest_write(const char *dir, const struct manifest *manifest);

#endif

/* The ids of the unwritten changes in memory: fingerprint -> sequence and digest.  A set only
 * grows, and what was first put under a fingerprint stays, so a reader with an older view needs no
 * versions: items of later sequences are not there for it.
 *
 * One thread writes; others may read under a lock that keeps them apart from each single call. */
#ifndef STORE_IDS_H
#define STORE_IDS_H

#include <stdint.h>

#include "base/status.h"

#define ID_FINGERPRINT_BYTES 16u
#define ID_DIGEST_BYTES      8u

/* As stored in runs but for the byte order of the sequence. */
struct id_record {
	uint8_t fingerprint[ID_FINGERPRINT_BYTES];
	uint64_t sequence; /* never 0 */
	uint8_t digest[ID_DIGEST_BYTES];
};

struct ids;

/* `expected`: the index does not grow before so many.  CH_NOMEM. */
enum ch_status ids_create(uint32_t expected, struct ids **out_ids);
void ids_free(struct ids *ids);

/* Forgets all and keeps the memory. */
void ids_reset(struct ids *ids);

/* Like overlay_warm. */
void ids_warm(struct ids *ids);

void ids_prefetch(const struct ids *ids, const uint8_t fingerprint[ID_FINGERPRINT_BYTES]);

/* NULL: not there.  Valid until the reset. */
const struct id_record *ids_get(
	const struct ids *ids, const uint8_t fingerprint[ID_FINGERPRINT_BYTES]);

/* Does nothing when the fingerprint is there.  CH_NOMEM. */
enum ch_status ids_put(struct ids *ids, const struct id_record *record);

/* Adds all of `batch`, for which room has been made.  CH_NOMEM is all that can go wrong with the
 * room. */
enum ch_status ids_make_room(struct ids *ids, const struct ids *batch);
void ids_absorb(struct ids *ids, const struct ids *batch);

uint32_t ids_count(const struct ids *ids);

/* In the order put; `at` below the count. */
const struct id_record *ids_at(const struct ids *ids, uint32_t at);

uint64_t ids_bytes(const struct ids *ids);

#endif

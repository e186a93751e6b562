/* What the journal consists of now: volumes in the order of history, each a segment or an
 * archive file, and the spare segments that wait.  This is the one place in the folder where
 * threads meet under a lock, and nothing slow is done under it. */
#ifndef JOURNAL_CATALOG_H
#define JOURNAL_CATALOG_H

#include <pthread.h>

#include "journal/journal.h"
#include "journal/segment.h"

#define CATALOG_OPEN       UINT64_MAX /* volume.last of the segment that is being written */
#define CATALOG_SPARES_MAX 64u

struct volume {
	uint64_t first;
	uint64_t last;
	int64_t last_arrival_us; /* of sealed segments; 0: not known */
	uint64_t bytes;          /* on disk */
	struct segment *segment; /* NULL: archive_name(first, last) */
};

struct catalog {
	pthread_mutex_t lock;
	struct volume *volumes; /* rising, disjoint; holes are lost history */
	size_t count;
	size_t capacity;
	struct segment *spares[CATALOG_SPARES_MAX];
	uint32_t spare_count;
	uint64_t next_epoch;
};

void catalog_init(struct catalog *catalog);
void catalog_fini(struct catalog *catalog);

/* ---- Volumes.  One that is given out shares its segment: volume_release. ---- */

void volume_release(struct volume *volume);

/* The first volume that ends at or behind `sequence`; it begins behind it when there is a hole.
 * CH_END: there is none. */
enum ch_status catalog_find(struct catalog *catalog, uint64_t sequence, struct volume *out_volume);

/* The first volume that ends at or behind `sequence`, is sealed, and is not in the archive.
 * CH_END. */
enum ch_status catalog_find_sealed(
	struct catalog *catalog, uint64_t sequence, struct volume *out_volume);

/* The oldest sequence; 0 without a volume. */
uint64_t catalog_first(struct catalog *catalog);

/* A copy of all first and last sequences, without segments; the caller frees it.  CH_NOMEM. */
enum ch_status catalog_copy(
	struct catalog *catalog, struct volume **out_volumes, size_t *out_count);

/* Room for one more, so that what follows cannot fail.  CH_NOMEM. */
enum ch_status catalog_reserve(struct catalog *catalog);

/* The newest volume; room was reserved.  Takes over the reference to its segment.  When the one
 * before is open, it ends here. */
void catalog_append(
	struct catalog *catalog, const struct volume *volume, int64_t arrival_before_us);

/* The sealed volume that begins with archive->first is an archive file from now on.  The caller
 * gets the segment, which no new reader finds any more. */
struct segment *catalog_archive(struct catalog *catalog, const struct volume *archive);

/* Takes the oldest volume out; the caller owns it. */
void catalog_remove_first(struct catalog *catalog, struct volume *out_volume);

/* Puts a volume into a hole where it fits.  CH_NOMEM, CH_EXISTS: something is there. */
enum ch_status catalog_insert(struct catalog *catalog, const struct volume *volume);

/* ---- Spares ---- */

uint64_t catalog_draw_epoch(struct catalog *catalog);

/* Takes over the reference; false when there are too many already. */
bool catalog_put_spare(struct catalog *catalog, struct segment *spare);
struct segment *catalog_take_spare(struct catalog *catalog); /* NULL: none */
uint32_t catalog_spares(struct catalog *catalog);

/* What all volumes together take on the disk. */
uint64_t catalog_bytes(struct catalog *catalog);

/* The figures that are about files. */
void catalog_stats(struct catalog *catalog, struct journal_stats *out_stats);

#endif

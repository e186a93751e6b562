/* What the files of this folder see of a journal. */
#ifndef JOURNAL_INSIDE_H
#define JOURNAL_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "journal/catalog.h"
#include "journal/chain.h"
#include "journal/journal.h"
#include "journal/manifest.h"
#include "journal/tape.h"

#define JOURNAL_ARCHIVE_DIR "archive"

struct batch {
	struct journal *journal;
	bool open;
	enum ch_status status;
	struct buffer bytes; /* room for the head, then the entries; kept for the next batch */
	uint64_t first;
	uint32_t count;
	int64_t first_arrival_us;
	int64_t last_arrival_us;
};

struct journal {
	/* Fixed once it is open. */
	char *dir;
	int dir_fd; /* locked: exclusively, or shared by those who only read */
	int archive_fd;
	bool read_only;
	bool adopt;
	uint64_t segment_bytes;
	uint32_t spare_segments;
	uint64_t incarnation;

	struct catalog catalog; /* has its own lock */
	atomic_bool syncing;

	/* The writer's. */
	struct batch batch;
	struct segment *active; /* the catalog's newest; NULL when read only */
	struct chain *chain;

	/* Published by the writer behind each sync. */
	_Atomic uint64_t head;
	_Atomic int64_t head_arrival_us;
	_Atomic uint64_t first;
	_Atomic enum ch_status status;
	_Atomic uint64_t bytes_written;
	_Atomic uint64_t batches;
	_Atomic uint64_t entries;
	_Atomic uint64_t syncs;

	pthread_mutex_t lock;             /* for what follows */
	uint8_t hash[JOURNAL_HASH_BYTES]; /* of the chain at the head; the writer reads it freely */
	struct manifest manifest;         /* the keeper changes it */

	_Atomic uint64_t damaged_segments;
};

/* A tape of the volume.  CH_NOT_FOUND: its file is gone, by retention, by the keeper, or by a
 * stranger's hand: look the sequence up again.  Else what tape_open_segment and
 * tape_open_archive give. */
enum ch_status journal_open_tape(
	struct journal *journal, const struct volume *volume, struct tape **out_tape);

/* The last sequence that retention has taken away, and the chain's hash there.  Any thread. */
uint64_t journal_removed(struct journal *journal, uint8_t out_hash[JOURNAL_HASH_BYTES]);

/* Puts a spare, which is the caller's before and the catalog's after, behind the volumes as the
 * segment that is written from `base` on.  CH_FULL, CH_IO, CH_NOMEM. */
enum ch_status journal_begin_segment(struct journal *journal, struct segment *spare, uint64_t base,
	int64_t arrival_before_us, const uint8_t before[JOURNAL_HASH_BYTES]);

#endif

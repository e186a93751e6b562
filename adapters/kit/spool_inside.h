/* The inside of the spool, for spool.c and its opening.
 *
 * Numbers run from 1 for ever; a segment is named by its first and its salt.  Four of them say all there is to know,
 * each "everything below":
 *
 *     cursor <= handed <= synced <= next
 *       |         |         |        +-- the number of the next record
 *       |         |         +----------- is on the disk
 *       |         +--------------------- was handed out
 *       +------------------------------- has a receipt
 *
 * A new segment is begun only when the older one is synced, so only the newest can have a torn tail. */
#ifndef KIT_SPOOL_INSIDE_H
#define KIT_SPOOL_INSIDE_H

#include <limits.h>

#include "kit/spool.h"

#define SPOOL_NAME_BYTES 48u

struct spool_segment {
	uint64_t first;
	uint32_t salt;
	uint64_t bytes;
	bool damaged; /* kept when it is done with */
};

struct spool {
	char directory[PATH_MAX - SPOOL_NAME_BYTES];
	int cursor_fd; /* holds the lock, too */
	bool second;   /* of its pages is written next */
	uint64_t max_bytes;
	uint64_t segment_bytes;
	uint32_t salt; /* of the segments that this life begins */
	enum ch_status broken;

	struct spool_segment *segments; /* the oldest first */
	size_t count;
	size_t capacity;
	uint64_t bytes; /* of all */
	int fd;         /* of the newest; -1: a new one is begun for the next record */
	struct buffer frame;

	uint64_t cursor;
	uint64_t saved; /* the cursor on the disk */
	uint64_t handed;
	uint64_t synced;
	uint64_t next;
	uint64_t done[SPOOL_WINDOW / 64]; /* a bit for each number from cursor to handed */

	/* The segment that is being handed out. */
	bool reading;
	struct spool_segment page_of; /* as it was when the page was opened */
	struct buffer page;
	struct spool_scan scan;

	int64_t oldest_us;
	uint64_t torn_bytes;
	bool started_over;
};

/* False when the name is too long. */
bool spool_path(const struct spool *spool, const char *name, char out[PATH_MAX]);
void spool_segment_name(
	const struct spool_segment *segment, const char *suffix, char out[SPOOL_NAME_BYTES]);

enum ch_status spool_add_segment(
	struct spool *spool, const struct spool_segment *segment); /* CH_NOMEM */

/* The number behind its last one. */
uint64_t spool_segment_end(const struct spool *spool, size_t index);

/* Deletes what is done with.  As spool_done. */
enum ch_status spool_trim(struct spool *spool);

/* Finds what an earlier life left; the folder is there and locked. */
enum ch_status spool_recover(struct spool *spool);

#endif

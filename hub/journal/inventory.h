/* What lies in a journal's folders, sorted and named; nothing is judged or changed here. */
#ifndef JOURNAL_INVENTORY_H
#define JOURNAL_INVENTORY_H

#include "journal/catalog.h"
#include "journal/segment.h"

struct inventory_file {
	uint64_t epoch; /* its name */
	uint64_t bytes;
};

struct inventory {
	struct volume *archives; /* rising by first sequence; by their names, unread */
	size_t archive_count;
	struct segment **used; /* rising by label.base */
	size_t used_count;
	struct inventory_file *spares;
	size_t spare_count;
	struct inventory_file *wrecks; /* used, and nobody can tell how to read them */
	size_t wreck_count;
	uint64_t next_epoch;
};

/* CH_VERSION, CH_IO, CH_NOMEM; what was found until then is in `inventory`, and must be
 * finished. */
enum ch_status inventory_take(int dir_fd, int archive_fd, struct inventory *inventory);
void inventory_fini(struct inventory *inventory);

/* Deletes the temporary files that a crash has left: names that end in ".new".  CH_IO. */
enum ch_status inventory_tidy(int dir_fd);

#endif

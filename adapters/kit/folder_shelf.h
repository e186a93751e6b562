/* done/ or failed/ of a drop folder, where files end with what is told of them.
 *
 * Whoever may drop files may also put a link there in place of a shelf, or of a file on it: everything is done
 * by names within folders that are open, and no link is followed but one that leads to the drop folder itself. */
#ifndef KIT_FOLDER_SHELF_H
#define KIT_FOLDER_SHELF_H

#include <sys/stat.h>

#include "base/slice.h"

struct folder_shelf {
	int folder; /* descriptors */
	int shelf;
};

#define FOLDER_SHELF_DONE   "done"
#define FOLDER_SHELF_FAILED "failed"

/* CH_BUSY: the folder itself is not there now; CH_DENIED: the shelf is a link, or no folder; CH_NOT_FOUND: it is
 * not there; CH_IO.  To be closed only after CH_OK. */
enum ch_status folder_shelf_open(
	const char *folder, const char *name, struct folder_shelf *out_shelf);
void folder_shelf_close(struct folder_shelf *shelf);

/* Replaces NAME.SUFFIX on it, durably; without text there will be none.  CH_TOO_LARGE (its name), as
 * file_replace. */
enum ch_status folder_shelf_write(
	const struct folder_shelf *shelf, const char *name, const char *suffix, struct slice text);

/* Adds to NAME.SUFFIX on it, made when absent: durably and as rejects_append_at, or not synced. */
enum ch_status folder_shelf_append(
	const struct folder_shelf *shelf, const char *name, const char *suffix, struct slice line);
enum ch_status folder_shelf_append_lazily(
	const struct folder_shelf *shelf, const char *name, const char *suffix, struct slice line);

/* The file of that name in the drop folder, or on the shelf; false: there is none. */
bool folder_shelf_see(const struct folder_shelf *shelf, const char *name, struct stat *out_info);
bool folder_shelf_see_taken(
	const struct folder_shelf *shelf, const char *name, struct stat *out_info);

/* False: somebody has written to the file since, or another has taken its name. */
bool folder_shelf_is_same(const struct stat *before, const struct stat *now);

/* Moves the file from the drop folder here, in place of one of that name, durably.  `seen` is how it was when it
 * was read: CH_BUSY: it is no more, and has stayed in the folder, or is back there.  CH_FULL, CH_IO. */
enum ch_status folder_shelf_take(
	const struct folder_shelf *shelf, const char *name, const struct stat *seen);

#endif

/* The files of a new adapter, as they stand in hub/cli/skeleton: part of the program, so that it needs none
 * installed. */
#ifndef CLI_SKELETON_H
#define CLI_SKELETON_H

#include "base/slice.h"

struct skeleton_file {
	const char *path; /* with @name@ in it, below the adapter's folder */
	const unsigned char *bytes;
	size_t len;
	unsigned mode;
};

extern const struct skeleton_file skeleton_files[];
extern const size_t skeleton_count;

/* Appends `text` with every @name@ replaced. */
void skeleton_fill(struct slice text, const char *name, struct buffer *out);

#endif

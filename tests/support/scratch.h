/* A folder of a test's own: fresh, and gone with all that is in it. */
#ifndef SUPPORT_SCRATCH_H
#define SUPPORT_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/invariant.h"

#define SCRATCH_BYTES 64u

/* Below $TMPDIR; in /tmp where there is none, or its name is so long that a socket's path below would not fit. */
static inline void scratch_make(char path[static SCRATCH_BYTES], const char *name)
{
	const char *root = getenv("TMPDIR");
	int len = snprintf(path, SCRATCH_BYTES, "%s/%s-XXXXXX", root != NULL ? root : "/tmp", name);
	if (len >= (int)SCRATCH_BYTES)
		len = snprintf(path, SCRATCH_BYTES, "/tmp/%s-XXXXXX", name);
	invariant(len > 0 && len < (int)SCRATCH_BYTES);
	invariant(mkdtemp(path) != NULL);
}

static inline int scratch_remove_one(
	const char *path, const struct stat *file, int kind, struct FTW *at)
{
	(void)file;
	(void)kind;
	(void)at;
	return remove(path);
}

static inline void scratch_remove(const char *path)
{
	invariant(nftw(path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

#endif

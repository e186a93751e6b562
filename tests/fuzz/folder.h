/* A folder of the fuzzer's own, for decoders that open files by name: in memory where the machine has such a file
 * system, and gone with what is in it when the fuzzer ends. */
#ifndef FUZZ_FOLDER_H
#define FUZZ_FOLDER_H

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/slice.h"
#include "support/scratch.h"

static char folder_name[SCRATCH_BYTES];

static void folder_remove(void)
{
	scratch_remove(folder_name);
}

/* The same one at every call. */
static inline const char *folder(void)
{
	if (folder_name[0] != 0)
		return folder_name;
	if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
		invariant(setenv("TMPDIR", "/dev/shm", 0) == 0);
	scratch_make(folder_name, "carehub-fuzz");
	invariant(atexit(folder_remove) == 0);
	return folder_name;
}

/* Puts these bytes, and no others, into the file of that name, and says where it is: good until the next
 * call. */
static inline const char *folder_write(const char *name, struct slice bytes, mode_t mode)
{
	static char path[256];
	(void)snprintf(path, sizeof(path), "%s/%s", folder(), name); /* fits */
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	invariant(fd >= 0);
	invariant(bytes.len == 0 || write(fd, bytes.data, bytes.len) == (ssize_t)bytes.len);
	invariant(close(fd) == 0);
	return path;
}

#endif

/* Files that must survive a power cut: every creation and rename is followed by a sync of its
 * folder, and nothing is done by half. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdint.h>

#include "base/slice.h"

/* All bytes, however many calls it takes.  CH_FULL (ENOSPC, EDQUOT), CH_IO. */
enum ch_status file_write_at(int fd, const void *data, size_t len, uint64_t offset);

/* Exactly `len` bytes; CH_END when the file is shorter, CH_IO. */
enum ch_status file_read_at(int fd, void *data, size_t len, uint64_t offset);

/* A whole file of at most `max` bytes appended to `out`.  A pipe is no file: nobody may ever write into
 * it, and who reads here must not wait.  CH_NOT_FOUND, CH_TOO_LARGE, CH_UNSUPPORTED (a pipe), CH_NOMEM,
 * CH_IO. */
enum ch_status file_read_all(const char *path, size_t max, struct buffer *out);

/* The same for what is its owner's alone; others than a regular file with no right for anybody else are
 * refused, and that is judged of what was opened: CH_DENIED. */
enum ch_status file_read_private(const char *path, size_t max, struct buffer *out);

/* The same for what a person names on a command line: reads a pipe too, to its end. */
enum ch_status file_read_any(const char *path, size_t max, struct buffer *out);

/* Why a file could not be read or written, for people: of the status, else of errno, so ask at once. */
const char *file_why(enum ch_status status);

/* Replaces `path` by these bytes, all or nothing, durably: temporary file, sync, rename, folder
 * sync.  `mode` as in open(2).  CH_FULL, CH_IO. */
enum ch_status file_replace(const char *path, struct slice bytes, unsigned mode);

/* The same by a name within a folder that is open.  CH_TOO_LARGE (its name), CH_FULL, CH_IO. */
enum ch_status file_replace_at(int dir, const char *name, struct slice bytes, unsigned mode);

enum ch_status file_sync(int fd); /* fdatasync */
enum ch_status file_sync_dir(const char *path);

/* A folder and its parents, each synced into its parent; fine when it exists.  CH_IO. */
enum ch_status file_make_dirs(const char *path, unsigned mode);

/* What stands against putting files into a folder, or making it, with the rights of this process: "is no
 * folder"; NULL: nothing.  It is only looked at.  Text that is good until the next call. */
const char *file_dir_fault(const char *path);

/* The same for writing a file; its folder must be there. */
const char *file_write_fault(const char *path);

/* An exclusive lock on a lock file for the life of the process; CH_BUSY when another holds it.
 * The descriptor is the caller's. */
enum ch_status file_lock(const char *path, int *out_fd);

/* The status for the current errno after a failed call. */
enum ch_status file_status(void);

/* CH_OK; or, when a test has armed this point (base/fault.h), the status that the call behind it is
 * to be taken to have failed with. */
enum ch_status file_fault(const char *point);

#endif

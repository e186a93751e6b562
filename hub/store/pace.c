/* A checkpoint leaves LMDB with some hundreds of megabytes of dirty pages in the page cache, and
 * the fdatasync in mdb_txn_commit hands them to the device in one go.  A sync of the journal that
 * comes right after waits in the device's queue until they are through: the acknowledgement that
 * took 300 us takes 300 ms.  Smaller transactions make it worse (more pages are written in all),
 * and LMDB's own flags that skip the sync give up what a checkpoint is for.
 *
 * So the program puts its own fdatasync in front of the C library's.  A strong definition in the
 * executable comes first in the dynamic linker's search, and a static link finds it before libc's,
 * so LMDB's call arrives here.  On a thread that asked for it, the dirty pages are first pushed out
 * in pieces of a few megabytes with sync_file_range, and between two pieces the yield lets a
 * journal sync go first: it never has more than two pieces before it.  Then the real fdatasync
 * runs, which finds little left to write and gives the durability; sync_file_range alone gives none
 * (no metadata, no flush of the device's cache).  This is strictly stronger than plain LMDB, and no
 * slower: figures in docs/store.md.
 *
 * A failed write-back is reported once for each open file, to whoever waits for it first.  That may
 * be a sync_file_range here, after which the fdatasync would say that all is well: so the first
 * error ends the call, as a failed fdatasync.
 *
 * Where the interposition does not take (a program that hides its symbols, another object in
 * front), fdatasync is the C library's, nothing breaks and nothing is paced; state_stats tells. */
#include "store/pace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Small enough that a short sync behind one piece hardly notices, big enough that pieces cost
 * little: a range of the file, of which a checkpoint has dirtied a part. */
#define PIECE_BYTES (UINT64_C(2) << 20)

static _Thread_local const struct pace *pace_now;
static atomic_uint_fast64_t pace_calls;

void pace_thread(const struct pace *pace)
{
	pace_now = pace;
}

uint64_t pace_count(void)
{
	return atomic_load(&pace_calls);
}

static void pace_yield(const struct pace *pace)
{
	if (pace->yield != NULL)
		pace->yield(pace->context);
}

/* One piece from `at` on.  0, or the errno. */
static int pace_piece(int fd, uint64_t at, uint64_t end, unsigned flags)
{
	uint64_t bytes = end - at < PIECE_BYTES ? end - at : PIECE_BYTES;
	while (sync_file_range(fd, (off_t)at, (off_t)bytes, flags) != 0) {
		if (errno != EINTR)
			return errno;
	}
	return 0;
}

/* Starts each piece while the one before it is still on its way, then waits for that: the device
 * does not idle in between and never has more than two.  The last is left to the sync that
 * follows.  0, or the errno of a failed write-back; a file that cannot do ranges is all left to
 * the sync. */
static int pace_push(const struct pace *pace, int fd, uint64_t offset, uint64_t end)
{
	const unsigned wait =
		SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
	int error = 0;
	for (uint64_t at = offset; at < end && error == 0; at += PIECE_BYTES) {
		pace_yield(pace);
		error = pace_piece(fd, at, end, SYNC_FILE_RANGE_WRITE);
		if (error == 0 && at > offset)
			error = pace_piece(fd, at - PIECE_BYTES, end, wait);
	}
	pace_yield(pace);
	return error == EIO || error == ENOSPC || error == EDQUOT ? error : 0;
}

enum ch_status pace_range(int fd, uint64_t offset, uint64_t bytes)
{
	int error = pace_now != NULL ? pace_push(pace_now, fd, offset, offset + bytes) : 0;
	if (error == 0)
		return CH_OK;
	return error == EIO ? CH_IO : CH_FULL;
}

/* In front of the C library's, for every caller in the process. */
__attribute__((visibility("default"))) int fdatasync(int fd);

int fdatasync(int fd)
{
	struct stat stat;
	if (pace_now != NULL && fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode)) {
		atomic_fetch_add(&pace_calls, 1);
		int error = pace_push(pace_now, fd, 0, (uint64_t)stat.st_size);
		if (error != 0) {
			errno = error;
			return -1;
		}
	}
	return (int)syscall(SYS_fdatasync, fd);
}

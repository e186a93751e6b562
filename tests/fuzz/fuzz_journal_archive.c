/* An archive file of anything: its table, its blocks, and the batches in them. */
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/invariant.h"
#include "journal/archive.h"
#include "journal/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int fuzz_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);
	invariant(fd >= 0);
	invariant(size == 0 || pwrite(fd, data, size, 0) == (ssize_t)size);
	return fd;
}

static void fuzz_blocks(const uint8_t *data, size_t size)
{
	struct archive *archive = NULL;
	struct buffer block = {0};
	if (archive_open(fuzz_file(data, size), &archive) != CH_OK)
		return;
	for (uint32_t i = 0; i < archive_count(archive) && i < 64; i++) {
		enum ch_status status = archive_read(archive, i, &block);
		invariant(status == CH_OK || status == CH_CORRUPT);
		invariant(status != CH_OK || block.len == archive_row(archive, i)->raw_length);
		(void)archive_find(archive, archive_row(archive, i)->first);
		(void)archive_find_time(archive, archive_row(archive, i)->first_arrival_us);
	}
	buffer_fini(&block);
	archive_close(archive);
}

static void fuzz_batches(const uint8_t *data, size_t size)
{
	struct tape *tape = NULL;
	struct chain *chain = NULL;
	struct scan scan;
	enum ch_status status;
	if (tape_open_archive(fuzz_file(data, size), &tape) != CH_OK)
		return;
	/* A table may claim a gigabyte of blocks that are not there; who reads them asks one by
	 * one. */
	if (tape_label(tape)->end < 64 * 1024 * 1024) {
		invariant(chain_create(&chain) == CH_OK);
		scan_begin(&scan, tape, chain);
		do {
			status = scan_next(&scan);
			invariant(status == CH_OK || status == CH_GAP || status == CH_END);
		} while (status != CH_END);
		chain_free(chain);
	}
	tape_close(tape);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 256 * 1024)
		return 0;
	fuzz_blocks(data, size);
	fuzz_batches(data, size);
	return 0;
}

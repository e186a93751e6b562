/* A table of strangers: from its bytes, or now and then from a file, which must make no difference. */
#ifndef FUZZ_DATA_FILE_H
#define FUZZ_DATA_FILE_H

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/invariant.h"
#include "module/data/datafile.h"

/* What a person would be told. */
static inline void data_file_tell(const struct refusal *refusal)
{
	static FILE *nowhere;
	if (nowhere == NULL)
		nowhere = fopen("/dev/null", "w");
	invariant(nowhere != NULL && refusal->reason[0] != 0);
	refusal_print(refusal, "fuzz", nowhere);
}

static inline enum ch_status data_file_open_either(struct slice bytes, enum data_layout layout,
	struct data_file **out_file, struct refusal *out_refusal)
{
	static int fd = -1;
	char path[32];
	char delimiter = DATA_DETECT;
	if (bytes.len % 16 != 15)
		return data_file_open_bytes(bytes, layout, DATA_DETECT, out_file, out_refusal);
	if (fd < 0)
		fd = memfd_create("table", 0);
	invariant(fd >= 0 && ftruncate(fd, 0) == 0);
	invariant(pwrite(fd, bytes.data, bytes.len, 0) == (ssize_t)bytes.len);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd); /* fits */
	/* The first byte says a delimiter's word, or none. */
	const char *const words[] = {"comma", "semicolon", "tab", "blanks", "none"};
	if (!data_delimiter_find(words[bytes.data[0] % 5], &delimiter))
		delimiter = DATA_DETECT;
	enum ch_status status = data_file_open(path, layout, delimiter, out_file, out_refusal);
	if (status == CH_OK && delimiter != DATA_DETECT)
		invariant(data_file_delimiter(*out_file) == delimiter);
	return status;
}

#endif

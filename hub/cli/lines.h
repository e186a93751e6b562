/* Lines of a file or pipe, however many and however long: what is over the bound is cut, said, and passed
 * over, so that nobody's input fills the memory.  A line is there as soon as its end is, also when
 * whoever writes waits for an answer to it. */
#ifndef CLI_LINES_H
#define CLI_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define LINES_BLOCK_BYTES 65536u

struct lines {
	int fd; /* the caller's */
	size_t max_bytes;
	uint64_t number; /* of the line that was given last, from 1 */
	bool cut;        /* that line was longer than max_bytes, which is all there is of it */
	bool ended;
	struct buffer line;
	size_t at;
	size_t len;
	uint8_t block[LINES_BLOCK_BYTES];
};

void lines_init(struct lines *lines, int fd, size_t max_bytes);
void lines_fini(struct lines *lines);

/* The next line without its end, valid until the next call; the last one need have none.  CH_END;
 * CH_IO; CH_NOMEM; CH_CLOSED: a signal came while it waited, and `stopped` says true. */
enum ch_status lines_next(struct lines *lines, bool (*stopped)(void), struct slice *out_line);

#endif

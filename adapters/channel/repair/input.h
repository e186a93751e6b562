/* The bytes of one dropped file, read in pieces, unpacked when they are gzip'ed (told by their first
 * bytes, not by the name; members may follow one another, RFC 1952).
 *
 * A reader looks at the window, asks for more with input_fill and lets go with input_consume; what
 * it has not let go stays in memory, so it bounds itself. */
#ifndef REPAIR_INPUT_H
#define REPAIR_INPUT_H

#include <stdint.h>

#include "base/slice.h"

struct input;

/* Read in order from `fd`, which stays the caller's.  CH_INVALID (a folder), CH_IO, CH_NOMEM. */
enum ch_status input_open(int fd, struct input **out_input);

/* For tests: the bytes must live until input_close. */
enum ch_status input_open_bytes(struct slice bytes, struct input **out_input);
void input_close(struct input *input);

/* Read and not yet consumed; valid until the next call. */
struct slice input_window(const struct input *input);

/* More bytes at the window's end.  CH_END; CH_CORRUPT: the gzip data is damaged or ends early, what
 * came before it is good; CH_TOO_LARGE: unpacked over LIMIT_INFLATED_BYTES; CH_IO; CH_NOMEM.  Once
 * it is not CH_OK it stays so. */
enum ch_status input_fill(struct input *input);

void input_consume(struct input *input, size_t len);

/* Where the window begins, counted from 0 in the unpacked bytes. */
uint64_t input_offset(const struct input *input);

#endif

/* Bodies in pieces (RFC 9112, 7.1), as Node's clients send them, the CloudEvents SDK among them.
 *
 *     5;extension CRLF {"a": CRLF  2 CRLF 1} CRLF  0 CRLF trailer: x CRLF CRLF
 *
 * Extensions and trailers are passed over, within bounds; a lone LF ends no line here, for others might read
 * it otherwise. */
#ifndef WEBSITE_CHUNKED_H
#define WEBSITE_CHUNKED_H

#include "base/slice.h"

enum chunked_state {
	CHUNKED_SIZE,
	CHUNKED_EXTENSION,
	CHUNKED_SIZE_LF,
	CHUNKED_DATA,
	CHUNKED_DATA_CR,
	CHUNKED_DATA_LF,
	CHUNKED_TRAILER, /* at the start of a line */
	CHUNKED_TRAILER_LINE,
	CHUNKED_TRAILER_LF,
	CHUNKED_LAST_LF,
	CHUNKED_DONE,
};

/* A zeroed one is at the start. */
struct chunked {
	enum chunked_state state;
	uint64_t left; /* of the piece */
	unsigned digits;
	unsigned skipped; /* bytes of extensions and trailers */
};

/* Takes what has come and appends what is body.  CH_OK: more is to come; CH_END: it is complete, and what
 * stands behind it is not looked at; CH_FORMAT: no such body; CH_TOO_LARGE: `out` would be longer than
 * `most`; CH_NOMEM.  Only after CH_OK may it be called again. */
enum ch_status chunked_take(
	struct chunked *chunked, struct slice bytes, size_t most, struct buffer *out);

#endif

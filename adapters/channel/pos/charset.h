/* Which encoding a file is in, and its bytes as UTF-8.
 *
 * A byte order mark decides, else the XML declaration, else it is UTF-8.  Besides UTF-8 the encodings
 * that tills in the field write are converted (charset.c lists them); others are refused by name, for
 * a guess would turn names into other names.  UTF-8 itself is passed on as it is: the XML parser checks
 * it. */
#ifndef POS_CHARSET_H
#define POS_CHARSET_H

#include "base/slice.h"

#define CHARSET_REASON_BYTES 96

struct charset;

enum ch_status charset_create(struct charset **out_charset);
void charset_free(struct charset *charset);

/* Appends the next bytes, as UTF-8 and without a byte order mark; up to 256 bytes are held back until
 * the encoding is known.  CH_FORMAT: an encoding that is not read, or bytes that are not of it, with
 * `out_reason` half a sentence about it; CH_NOMEM. */
enum ch_status charset_feed(struct charset *charset, struct slice raw, struct buffer *out,
	char out_reason[CHARSET_REASON_BYTES]);

/* No more bytes will come: what was held back is appended.  CH_FORMAT: a character is cut off. */
enum ch_status charset_end(
	struct charset *charset, struct buffer *out, char out_reason[CHARSET_REASON_BYTES]);

/* True once the bytes need no conversion: the caller may then use them where they lie. */
bool charset_passes(const struct charset *charset);

#endif

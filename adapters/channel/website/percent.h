/* Percent-encoding, as three standards use it. */
#ifndef WEBSITE_PERCENT_H
#define WEBSITE_PERCENT_H

#include "base/slice.h"

/* The value of a CloudEvents header (HTTP protocol binding 1.0, 3.1.3.2): a value in double quotes is taken
 * out of them first, `\x` in it being x; then exactly one round of decoding; what comes out must be UTF-8,
 * so %C0%A0 is refused.  Appends.  Raw characters above U+007E and a percent sign that begins no
 * encoding stand for themselves, because senders write them (the JavaScript SDK encodes nothing).
 * CH_FORMAT; CH_NOMEM. */
enum ch_status percent_decode_header(struct slice value, struct buffer *out);

/* One name or value of application/x-www-form-urlencoded: plus is a blank.  As above. */
enum ch_status percent_decode_form(struct slice value, struct buffer *out);

#endif

/* UTF-8 and small conversions, without locale. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* Well-formed UTF-8 (RFC 3629): no surrogates, no overlong forms, nothing above U+10FFFF. */
bool text_is_utf8(struct slice text);

/* How many of its bytes are well formed, counted from the start: where the first bad one stands. */
size_t text_utf8_prefix(struct slice text);

/* Whole slice as a decimal number without sign or blanks; CH_FORMAT, or CH_INVALID over `max`. */
enum ch_status text_parse_u64(struct slice text, uint64_t max, uint64_t *out_value);

/* The same with an optional leading minus. */
enum ch_status text_parse_i64(struct slice text, int64_t *out_value);

/* Appends a number in decimal: a printf takes five times as long. */
void text_append_u64(struct buffer *out, uint64_t value);

/* Appends lower-case hex digits. */
void text_append_hex(struct buffer *out, struct slice bytes);

/* Appends text as a page or a mail in HTML has it, between tags and between quotes of either kind. */
void text_append_html(struct buffer *out, struct slice text);

/* Hex digits of either case, an even count; CH_FORMAT.  Writes text.len / 2 bytes. */
enum ch_status text_parse_hex(struct slice text, uint8_t *out_bytes);

/* Without ASCII blanks (space, tab, CR, LF) at both ends. */
struct slice text_trim(struct slice text);

/* Splits off the part before `separator`; *rest becomes what follows it.  False when *rest was
 * used up (data == NULL). */
bool text_split(struct slice *rest, char separator, struct slice *out_part);

#endif

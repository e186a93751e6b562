/* Charsets of station files: UTF-8 and GB18030 (GBK and GB2312 are parts of it, and are read as it).
 *
 * A station declares its charset; nothing is guessed.  A declaration that the bytes contradict is told
 * with the place, so that a file of mojibake is never taken for a file of names. */
#ifndef REPAIR_CHARSET_H
#define REPAIR_CHARSET_H

#include <stdbool.h>

#include "base/slice.h"

enum charset { CHARSET_UTF8, CHARSET_GB18030 };

/* "UTF-8", "utf8", "GB18030", "GBK", "GB2312", in any case.  CH_INVALID. */
enum ch_status charset_parse(struct slice name, enum charset *out_charset);

/* What the first bytes of a file say.  Returns the bytes of a byte order mark to skip; when they
 * contradict the declaration, *out_reason (constant text) says how, else it is NULL. */
size_t charset_mark(enum charset declared, struct slice head, const char **out_reason);

/* A decoder is not for threads to share. */
struct charset_decoder;
enum ch_status charset_open(
	enum charset charset, struct charset_decoder **out_decoder); /* CH_NOMEM, CH_UNSUPPORTED */
void charset_close(struct charset_decoder *decoder);

/* Appends `bytes` as UTF-8.  CH_FORMAT: not text in that charset; then *out_bad is where the first
 * bad character begins and `out` is as it was.  CH_NOMEM. */
enum ch_status charset_decode(
	struct charset_decoder *decoder, struct slice bytes, struct buffer *out, size_t *out_bad);

/* True for bytes declared GB18030 that are beyond doubt UTF-8: they hold at least four characters
 * outside ASCII, all well-formed, all Chinese, Japanese, Korean or wide.  As GB18030 the same bytes
 * would be rare characters only. */
bool charset_is_utf8_after_all(struct slice bytes);

#endif

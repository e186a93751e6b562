/* The charsets that files of stations and tills come in, as UTF-8.
 *
 * A file says what it is in: by a declaration of its own, by its mapping, by a byte order mark.  Nothing is
 * guessed, for a guess turns names into other names; a declaration that the bytes contradict is told with the
 * place. */
#ifndef KIT_CHARSET_H
#define KIT_CHARSET_H

#include <stdbool.h>

#include "base/slice.h"

enum charset {
	CHARSET_UTF8,
	CHARSET_GB18030, /* GBK and GB2312 are parts of it, and are read as it */
	CHARSET_BIG5,
	CHARSET_SHIFT_JIS,
	CHARSET_LATIN1, /* ISO 8859-1 */
	CHARSET_LATIN9, /* ISO 8859-15 */
	CHARSET_WINDOWS1252,
	CHARSET_UTF16LE,
	CHARSET_UTF16BE,
	CHARSET_LATIN2,   /* ISO 8859-2, and so on: the repertoires of UN/EDIFACT */
	CHARSET_LATIN3,   /* ISO 8859-3 */
	CHARSET_LATIN4,   /* ISO 8859-4 */
	CHARSET_CYRILLIC, /* ISO 8859-5 */
	CHARSET_ARABIC,   /* ISO 8859-6 */
	CHARSET_GREEK,    /* ISO 8859-7 */
	CHARSET_HEBREW,   /* ISO 8859-8 */
	CHARSET_LATIN5,   /* ISO 8859-9 */
	CHARSETS,         /* so many there are */
};

/* By one of the names that files declare it by ("UTF-8", "utf8", "GBK", "GB2312", "Big5" ...), in any case.
 * UTF-16 is told by its mark alone.  CH_INVALID. */
enum ch_status charset_parse(struct slice name, enum charset *out_charset);

const char *charset_name(enum charset charset); /* "GB18030" */

/* Whether a file begins with a byte order mark, whose, and how long it is. */
bool charset_mark(struct slice head, enum charset *out_charset, size_t *out_len);

/* A decoder is not for threads to share. */
struct charset_decoder;
enum ch_status charset_open(
	enum charset charset, struct charset_decoder **out_decoder); /* CH_NOMEM, CH_UNSUPPORTED */
void charset_close(struct charset_decoder *decoder);                 /* NULL is fine */

/* Appends `bytes`, a text by itself, as UTF-8.  CH_FORMAT: not text in that charset; then *out_bad is where
 * the first bad character begins and `out` is as it was.  CH_NOMEM. */
enum ch_status charset_decode(
	struct charset_decoder *decoder, struct slice bytes, struct buffer *out, size_t *out_bad);

/* The same for a stream: appends the next bytes of it; a character that is cut in two waits for the rest.
 * CH_FORMAT: not of that charset, and what was good is appended; CH_NOMEM.  UTF-8 passes as it is: whoever
 * parses it checks it anyway. */
enum ch_status charset_decode_part(
	struct charset_decoder *decoder, struct slice bytes, struct buffer *out);

/* Half a character waits: at the end of a stream, it is cut off. */
bool charset_is_cut(const struct charset_decoder *decoder);

/* True for bytes declared GB18030 that are beyond doubt UTF-8: they hold at least four characters
 * outside ASCII, all well-formed, all Chinese, Japanese, Korean or wide.  As GB18030 the same bytes
 * would be rare characters only. */
bool charset_is_utf8_after_all(struct slice bytes);

#endif

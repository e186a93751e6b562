/* Bytes that somebody else owns.  Never ended by a NUL: print them with CH_BYTES_FORMAT. */
#ifndef CAREHUB_BYTES_H
#define CAREHUB_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <carehub/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ch_bytes {
	const uint8_t *data; /* may be NULL when len is 0 */
	size_t len;
};

static inline struct ch_bytes ch_bytes_of(const void *data, size_t len)
{
	struct ch_bytes bytes = {(const uint8_t *)data, len};
	return bytes;
}

/* `text` may be NULL: no bytes. */
static inline struct ch_bytes ch_bytes_text(const char *text)
{
	return ch_bytes_of(text, text != NULL ? strlen(text) : 0);
}

static inline bool ch_bytes_equal(struct ch_bytes bytes, const char *text)
{
	size_t len = strlen(text);
	return bytes.len == len && (len == 0 || memcmp(bytes.data, text, len) == 0);
}

/* printf("type " CH_BYTES_FORMAT "\n", CH_BYTES_ARGS(type)); */
#define CH_BYTES_FORMAT      "%.*s"
#define CH_BYTES_ARGS(bytes) (int)(bytes).len, (const char *)(bytes).data

/* Why the last call of this thread into the library failed, one sentence for people with the field or
 * name at fault; "" when it has nothing to add to the status.  Valid until the next call. */
CH_PUBLIC const char *ch_error_detail(void);

#ifdef __cplusplus
}
#endif
#endif

/* A slice looks at bytes that somebody else owns; a buffer owns bytes and grows.
 *
 * A buffer's status sticks: once it has run out of memory, further appends do nothing, so a writer
 * appends all it has and looks at `status` once, at the end. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/status.h"

struct slice {
	const uint8_t *data; /* may be NULL when len is 0 */
	size_t len;
};

static inline struct slice slice_of(const void *data, size_t len)
{
	return (struct slice){(const uint8_t *)data, len};
}

/* `text` may be NULL: the empty slice. */
static inline struct slice slice_text(const char *text)
{
	return (struct slice){(const uint8_t *)text, text != NULL ? strlen(text) : 0};
}

#define SLICE_LITERAL(text) ((struct slice){(const uint8_t *)("" text), sizeof(text) - 1})

static inline bool slice_equal(struct slice a, struct slice b)
{
	/* In a table the first byte mostly tells, without a call. */
	return a.len == b.len &&
	       (a.len == 0 || (a.data[0] == b.data[0] && memcmp(a.data, b.data, a.len) == 0));
}

static inline bool slice_starts(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len &&
	       (prefix.len == 0 || memcmp(s.data, prefix.data, prefix.len) == 0);
}

/* Byte order, a shorter prefix first: the order of every stored key. */
int slice_compare(struct slice a, struct slice b);

/* The part from `from` on, of at most `len` bytes; empty beyond the end. */
static inline struct slice slice_sub(struct slice s, size_t from, size_t len)
{
	if (from >= s.len)
		return (struct slice){NULL, 0};
	return (struct slice){s.data + from, len < s.len - from ? len : s.len - from};
}

struct buffer {
	uint8_t *data;
	size_t len;
	size_t capacity;
	enum ch_status status; /* CH_OK or CH_NOMEM */
};

static inline struct slice buffer_slice(const struct buffer *buffer)
{
	return (struct slice){buffer->data, buffer->len};
}

/* A zeroed struct buffer is an empty one; init is for those that are not static. */
void buffer_init(struct buffer *buffer);
void buffer_fini(struct buffer *buffer);

/* Forgets the bytes and a bad status, keeps the memory. */
void buffer_clear(struct buffer *buffer);

/* Room for `more` bytes at the end, which the caller fills; NULL when memory runs out. */
uint8_t *buffer_reserve(struct buffer *buffer, size_t more);

void buffer_append(struct buffer *buffer, const void *data, size_t len);
void buffer_append_slice(struct buffer *buffer, struct slice s);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_byte(struct buffer *buffer, uint8_t byte);
void buffer_printf(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The bytes with a NUL behind them, as C text; "" when memory ran out.  Valid until the next call
 * that changes the buffer. */
const char *buffer_text(struct buffer *buffer);

#endif

#include "base/slice.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int slice_compare(struct slice a, struct slice b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common > 0 ? memcmp(a.data, b.data, common) : 0;
	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

void buffer_init(struct buffer *buffer)
{
	*buffer = (struct buffer){0};
}

void buffer_fini(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){0};
}

void buffer_clear(struct buffer *buffer)
{
	buffer->len = 0;
	buffer->status = CH_OK;
}

static bool buffer_grow(struct buffer *buffer, size_t more)
{
	if (buffer->status != CH_OK)
		return false;
	if (more <= buffer->capacity - buffer->len)
		return true;
	if (more > SIZE_MAX / 2 - buffer->len)
		goto nomem;
	size_t want = buffer->capacity < 64 ? 64 : buffer->capacity;
	while (want < buffer->len + more)
		want += want / 2 + 32;
	uint8_t *data = realloc(buffer->data, want);
	if (data == NULL)
		goto nomem;
	buffer->data = data;
	buffer->capacity = want;
	return true;
nomem:
	buffer->status = CH_NOMEM;
	return false;
}

uint8_t *buffer_reserve(struct buffer *buffer, size_t more)
{
	if (!buffer_grow(buffer, more))
		return NULL;
	/* An empty buffer has no bytes to point into. */
	uint8_t *at = buffer->len > 0 ? buffer->data + buffer->len : buffer->data;
	buffer->len += more;
	return at;
}

void buffer_append(struct buffer *buffer, const void *data, size_t len)
{
	if (len == 0 || !buffer_grow(buffer, len))
		return;
	memcpy(buffer->data + buffer->len, data, len);
	buffer->len += len;
}

void buffer_append_slice(struct buffer *buffer, struct slice s)
{
	buffer_append(buffer, s.data, s.len);
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
	buffer_append(buffer, text, strlen(text));
}

void buffer_append_byte(struct buffer *buffer, uint8_t byte)
{
	buffer_append(buffer, &byte, 1);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int need = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (need < 0 || !buffer_grow(buffer, (size_t)need + 1))
		return;
	va_start(args, format);
	(void)vsnprintf(
		(char *)buffer->data + buffer->len, (size_t)need + 1, format, args); /* measured */
	va_end(args);
	buffer->len += (size_t)need;
}

const char *buffer_text(struct buffer *buffer)
{
	if (!buffer_grow(buffer, 1))
		return "";
	buffer->data[buffer->len] = 0;
	return (const char *)buffer->data;
}

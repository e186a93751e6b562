#include "channel/website/refusal.h"

#include <stdarg.h>
#include <stdio.h>

void refusal_copy(char *out, size_t size, const char *text)
{
	size_t i = 0;
	for (; text[i] != 0 && i + 1 < size; i++)
		out[i] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
	out[i] = 0;
}

enum ch_status refusal_set(
	struct refusal *refusal, enum ch_status status, const char *field, const char *format, ...)
{
	va_list arguments;
	refusal->status = status;
	refusal_copy(refusal->field, sizeof(refusal->field), field);
	va_start(arguments, format);
	(void)vsnprintf(refusal->reason, sizeof(refusal->reason), format, arguments);
	va_end(arguments);
	return status;
}

#include "client/error.h"

#include <carehub/bytes.h>
#include <stdarg.h>
#include <stdio.h>

static _Thread_local char detail[ERROR_DETAIL_BYTES];

void error_clear(void)
{
	detail[0] = 0;
}

enum ch_status error_set(enum ch_status status, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(detail, sizeof(detail), format, args); /* cut when too long */
	va_end(args);
	return status;
}

const char *ch_error_detail(void)
{
	return detail;
}

bool error_is_passing(enum ch_status reason)
{
	return reason == CH_RETRY || reason == CH_FULL || reason == CH_BUSY || reason == CH_NOMEM;
}

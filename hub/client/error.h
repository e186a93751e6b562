/* What ch_error_detail gives: one sentence per thread, about its last call into the library. */
#ifndef CLIENT_ERROR_H
#define CLIENT_ERROR_H

#include <stdbool.h>

#include "base/status.h"

#define ERROR_DETAIL_BYTES 256

/* At the beginning of every call. */
void error_clear(void);

/* Returns `status`, so that a refusal is one line. */
enum ch_status error_set(enum ch_status status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Whether a refusal is about the hub as it is now (full, busy, out of memory) and not about what was asked:
 * the same asked again may be granted. */
bool error_is_passing(enum ch_status reason);

#endif

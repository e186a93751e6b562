/* What cmocka wants included before itself, and what most unit tests check with. */
#ifndef SUPPORT_UNIT_H
#define SUPPORT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define assert_slice_text(slice, text)                                                             \
	do {                                                                                       \
		assert_int_equal((slice).len, strlen(text));                                       \
		assert_memory_equal((slice).data, text, (slice).len);                              \
	} while (0)

#endif

/* The bench's peer "till" as a user of libcarehub. */
#ifndef BENCH_VISIT_H
#define BENCH_VISIT_H

#include <carehub/carehub.h>

#include "bench/hub/house.h"

/* What fails is said on standard error. */
enum ch_status visit_open(const struct house *house, struct ch_connection **out_connection);

/* Says what a call of the library failed with; returns it. */
enum ch_status visit_failed(const char *what, enum ch_status status);

#endif

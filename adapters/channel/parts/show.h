/* `carehub-parts show FILE...`: what the envelopes of files hold, and `--answer`: what would be answered.
 *
 *     orders.edi: byte 0: EDIFACT UNOC:3, REF1 from 4012345000009 to 5412345000013: 42 segments, 2 messages
 *     orders.edi: byte 71: message M1 ORDERS:D:96A:UN:EAN008, 38 segments: fine
 */
#ifndef PARTS_SHOW_H
#define PARTS_SHOW_H

#include <stdio.h>

#include "channel/parts/reading.h"

/* 0: all is fine; 1: something is refused; 2: a file cannot be read or nothing in it be understood.
 * `answers`: instead of that the answers are written, with the number 1 and the given time. */
int show_file(const char *path, const struct parts_options *options, bool answers, int64_t now_us,
	FILE *out, FILE *errors);

#endif

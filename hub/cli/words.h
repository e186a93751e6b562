/* Numbers as people read them.  Each returns `text`. */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include <stdint.h>

#include "base/status.h"

#define WORDS_BYTES 40

/* 1 234 567 */
const char *words_count(uint64_t count, char text[WORDS_BYTES]);

/* 1 event, 1 234 events */
const char *words_many(uint64_t count, const char *one, const char *more, char text[WORDS_BYTES]);

/* 0 B, 12.3 KiB, 4.0 GiB */
const char *words_bytes(uint64_t bytes, char text[WORDS_BYTES]);

/* 0 us, 850 us, 12.3 ms, 4.2 s, 3 min 20 s, 2 h 5 min, 3 d 4 h; "-" below zero */
const char *words_duration(int64_t us, char text[WORDS_BYTES]);

/* 2026-03-01T08:00:00Z; "-" for 0 */
const char *words_time(int64_t time_us, char text[WORDS_BYTES]);

/* A customer number with all its digits; "-" for 0 */
const char *words_customer(uint64_t number, char text[WORDS_BYTES]);

#endif

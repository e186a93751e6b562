/* Patterns that say which events and sources somebody may have or wants.
 *
 * Event types are words with dots between them.  In a pattern over types `*` stands for exactly one
 * word and `>`, at the end only, for one or more: `repair.*.received`, `repair.>`, `>`.  A pattern
 * over sources is a source to the letter, or its beginning and a `*`: `urn:store:*`. */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include <stdbool.h>

#include "base/slice.h"

/* A well-formed pattern over types (a type is one too): words of `a-z A-Z 0-9 _ -`, none empty, at
 * most LIMIT_PATTERN_BYTES.  NULL, or what is wrong with it: constant text, "has an empty word". */
const char *pattern_fault(struct slice pattern);

/* True when everything that `wanted`, a type or another pattern, can match is matched by `pattern`
 * as well.  Both well-formed; an empty one covers nothing. */
bool pattern_covers(struct slice pattern, struct slice wanted);

/* The same two for sources, which know no words. */
const char *pattern_source_fault(struct slice pattern);
bool pattern_source_covers(struct slice pattern, struct slice source);

#endif

/* What stands where in the next 64 bytes of an interchange: a bit for each byte, the first one lowest.
 *
 *     LIN+1++TV-4711:SA'\r\nIMD+F++:::panel'
 *     ...#.##.......#..#......#.#####.....#      cuts and ends
 *
 * All 64 are looked at, sixteen at a time and without a branch, whatever is in them; what a segment is then
 * follows from a few operations on words.  (simdjson does the same to JSON.)  Sixteen are one instruction where
 * there is such for so many, by GCC's vector extension, and plain arithmetic elsewhere. */
#ifndef PARTS_SIGHT_H
#define PARTS_SIGHT_H

#include <stdbool.h>

#include "channel/parts/marks.h"

#define SIGHT_BYTES 64u

typedef uint8_t sight_step __attribute__((vector_size(16)));

/* Each mark sixteen times. */
struct sight_marks {
	sight_step component;
	sight_step element;
	sight_step release;
	sight_step repetition;
	sight_step terminator;
};

struct sight {
	uint64_t ends;   /* terminators */
	uint64_t opens;  /* what elements begin with */
	uint64_t cuts;   /* the same, and what components begin with */
	uint64_t odd;    /* a release, a repetition, a control: the segment must be walked */
	uint64_t beyond; /* beyond ASCII */
	/* Where, of those, the bytes are no UTF-8, or not of its plain characters, which are those of two and three
	 * bytes that any byte from 80 to BF may continue: U+00C0 to U+07FF, and from U+1000 on most.  Whether the
	 * others are right is left to others.  The first of the 64 bytes begins a character; where one ends too soon
	 * the doubt falls on the byte behind it. */
	uint64_t doubtful;
};

void sight_marks_spread(struct sight_marks *spread, const struct marks *marks);

/* Looks at 64 bytes.  `utf8`: what is beyond ASCII may be that; else all of it is doubtful. */
struct sight sight_look(const uint8_t *bytes, const struct sight_marks *marks, bool utf8);

#endif

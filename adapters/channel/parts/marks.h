/* The two standards that interchanges are in, and the characters that one is cut at, which each may choose for
 * itself. */
#ifndef PARTS_MARKS_H
#define PARTS_MARKS_H

#include <stdbool.h>
#include <stdint.h>

enum standard { STANDARD_EDIFACT, STANDARD_X12 };
#define STANDARDS 2

static inline const char *standard_name(enum standard standard)
{
	return standard == STANDARD_EDIFACT ? "EDIFACT" : "X12";
}

struct marks {
	uint8_t component;
	uint8_t element;
	uint8_t decimal;
	uint8_t release;    /* 0: none */
	uint8_t repetition; /* 0: none */
	uint8_t terminator;
};

/* ":+.? '" without a repetition mark, until a header says otherwise. */
extern const struct marks marks_edifact;

/* "*:^~", as most have them; nothing releases a mark in X12. */
extern const struct marks marks_x12;

/* All different, and none a letter, digit or blank (the absent ones apart). */
bool marks_are_sound(const struct marks *marks);

#endif

/* The characters that an interchange is cut at, which each may choose for itself. */
#ifndef PARTS_MARKS_H
#define PARTS_MARKS_H

#include <stdbool.h>
#include <stdint.h>

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

/* All different, and none a letter, digit or blank (the absent ones apart). */
bool marks_are_sound(const struct marks *marks);

#endif

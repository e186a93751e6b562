#include "channel/parts/marks.h"

#include <string.h>

const struct marks marks_edifact = {.component = ':',
	.element = '+',
	.decimal = '.',
	.release = '?',
	.repetition = 0,
	.terminator = '\''};

const struct marks marks_x12 = {
	.component = ':', .element = '*', .decimal = '.', .repetition = '^', .terminator = '~'};

static bool is_alphanumeric(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool marks_are_sound(const struct marks *marks)
{
	if (memcmp(marks, &marks_edifact, sizeof(*marks)) == 0)
		return true; /* nearly everybody's */
	const uint8_t all[] = {marks->component, marks->element, marks->release, marks->repetition,
		marks->terminator};
	for (size_t i = 0; i < sizeof(all); i++) {
		bool optional = i == 2 || i == 3;
		if (all[i] == 0 && optional)
			continue;
		if (all[i] == 0 || all[i] == ' ' || all[i] >= 0x80 || is_alphanumeric(all[i]))
			return false;
		for (size_t j = 0; j < i; j++) {
			if (all[i] == all[j])
				return false;
		}
	}
	return true;
}

/* One segment of an interchange, cut into its values: the same for UN/EDIFACT and X12.
 *
 *     QTY+21:48:PCE'        tag QTY, element 1 with the components 21, 48, PCE
 *     COM+a:TE*b:EM'        tag COM, element 1 twice, by the repetition mark of syntax 4
 *
 * Values are as the sender meant them: released, without line ends, in UTF-8. */
#ifndef PARTS_SEGMENT_H
#define PARTS_SEGMENT_H

#include "base/limits.h"
#include "channel/parts/flaw.h"

struct segment_element {
	uint16_t number; /* behind the tag, from 1 */
	uint16_t repetition;
	uint16_t first; /* of its components in `values` */
	uint16_t count;
};

struct segment {
	uint64_t offset;   /* of its first byte in the file */
	uint64_t end;      /* behind its terminator */
	uint32_t position; /* in its message, from 1; whoever counts fills it in */
	struct slice tag;
	uint16_t element_count;
	uint16_t value_count;
	struct segment_element elements[LIMIT_PARTS_VALUES];
	struct slice values[LIMIT_PARTS_VALUES];
	struct flaw flaw; /* the first thing that is wrong with its bytes; such a value is empty */
};

/* A component of the first repetition of an element, both counted from 1; empty when it is not there. */
struct slice segment_get(const struct segment *segment, unsigned element, unsigned component);

/* The same of repetition `repetition`, counted from 0. */
struct slice segment_get_again(
	const struct segment *segment, unsigned element, unsigned repetition, unsigned component);

/* The element is there, even if it is empty. */
bool segment_has(const struct segment *segment, unsigned element);

static inline bool segment_is(const struct segment *segment, const char *tag)
{
	return slice_equal(segment->tag, slice_text(tag));
}

/* Whether a component has that value. */
static inline bool segment_says(
	const struct segment *segment, unsigned element, unsigned component, const char *value)
{
	return slice_equal(segment_get(segment, element, component), slice_text(value));
}

/* A flaw at this place of the segment; 0 for an element or component: about the whole. */
struct flaw segment_flaw(const struct segment *segment, enum flaw_kind kind, unsigned element,
	unsigned component, const char *words);

#endif

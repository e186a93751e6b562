/* One segment of an interchange, cut into its values: the same for UN/EDIFACT and X12.
 *
 *     QTY+21:48:PCE'        tag QTY, element 1 with the components 21, 48, PCE
 *     COM+a:TE*b:EM'        tag COM, element 1 twice, by the repetition mark of syntax 4
 *
 * Values are as the sender meant them: released, without line ends, in UTF-8. */
#ifndef PARTS_SEGMENT_H
#define PARTS_SEGMENT_H

#include <endian.h>

#include "base/limits.h"
#include "channel/parts/flaw.h"

struct segment_element {
	uint16_t number; /* behind the tag, from 1 */
	uint16_t repetition;
	uint16_t first; /* of its components in `values` */
	uint16_t count;
};

/* A tag or code of up to three letters, with NULs behind it, so that finding it in a table compares four bytes
 * at once.  Of anything longer it is one that no table has. */
struct short_code {
	char text[4];
};

/* Most segments are plain, of 64 bytes at the most: their values are found where they stand, by the bits of the
 * marks, and nothing of them is noted before somebody asks. */
enum segment_form {
	SEGMENT_PLAIN,  /* by `cuts` and `opens` */
	SEGMENT_LISTED, /* by `elements` and `values` */
	SEGMENT_CLOSED, /* not cut yet: its place and tag are all that is known, and nothing is wrong */
};

struct segment {
	uint64_t offset;        /* of its first byte in the file */
	uint64_t end;           /* behind its terminator */
	uint32_t position;      /* in its message, from 1; whoever counts fills it in */
	struct short_code name; /* the tag */
	struct slice tag;
	enum segment_form form;
	/* A bit for each byte, the first one lowest: the marks, and those of them that elements begin with; the
	 * terminator counts as both. */
	uint64_t cuts;
	uint64_t opens;
	const uint8_t *bytes;
	struct flaw flaw; /* the first thing that is wrong with its bytes; such a value is empty */
	uint16_t element_count;
	uint16_t value_count;
	struct segment_element elements[LIMIT_PARTS_VALUES];
	struct slice values[LIMIT_PARTS_VALUES];
};

static inline struct short_code short_code_of(struct slice text)
{
	const uint8_t *c = text.data;
	struct short_code code = {{0, 1}};
	uint32_t letters;
	if (text.len == 3 && c[0] != 0 && c[1] != 0 && c[2] != 0)
		letters = (uint32_t)(c[0] | c[1] << 8 | c[2] << 16);
	else if (text.len == 2 && c[0] != 0 && c[1] != 0)
		letters = (uint32_t)(c[0] | c[1] << 8);
	else if (text.len == 1 && c[0] != 0)
		letters = c[0];
	else if (text.len == 0)
		letters = 0;
	else
		return code;
	letters = htole32(letters); /* at once: single letters would be waited for */
	memcpy(code.text, &letters, sizeof(code.text));
	return code;
}

static inline uint32_t short_code_word(struct short_code code)
{
	uint32_t word;
	memcpy(&word, code.text, sizeof(word));
	return le32toh(word);
}

static inline bool short_code_equal(struct short_code a, struct short_code b)
{
	return short_code_word(a) == short_code_word(b);
}

/* A component of the element's repetition `repetition`, counted from 0; element and component from 1.  Empty
 * when it is not there, and of a closed segment. */
struct slice segment_get_again(
	const struct segment *segment, unsigned element, unsigned repetition, unsigned component);

/* The same of the first, of a segment that is not plain. */
struct slice segment_get_listed(
	const struct segment *segment, unsigned element, unsigned component);

/* The same of the first.  With constant places it is a dozen operations. */
static inline struct slice segment_get(
	const struct segment *segment, unsigned element, unsigned component)
{
	if (segment->form != SEGMENT_PLAIN)
		return segment_get_listed(segment, element, component);
	uint64_t opens = segment->opens;
	for (unsigned i = 1; i < element; i++)
		opens &= opens - 1;
	if ((opens & (opens - 1)) == 0) /* it opens nothing: it is the end, or behind it */
		return (struct slice){NULL, 0};
	uint64_t mark = opens & -opens;
	uint64_t behind = segment->cuts & -mark & ~mark;
	for (unsigned i = 1; i < component; i++) {
		mark = behind & -behind;
		if ((mark & segment->opens) != 0)
			return (struct slice){NULL, 0};
		behind &= behind - 1;
	}
	unsigned start = (unsigned)__builtin_ctzll(mark) + 1;
	return slice_of(segment->bytes + start, (unsigned)__builtin_ctzll(behind) - start);
}

/* How many components the element has; 0: there is none. */
unsigned segment_count(const struct segment *segment, unsigned element);

/* Whether it has that tag, of two or three letters. */
static inline bool segment_is(const struct segment *segment, const char *tag)
{
	const char *name = segment->name.text;
	return name[0] == tag[0] && name[1] == tag[1] && name[2] == tag[2];
}

/* Whether a component has that value. */
static inline bool segment_says(
	const struct segment *segment, unsigned element, unsigned component, const char *value)
{
	struct slice text = segment_get(segment, element, component);
	size_t len = strlen(value);
	/* Mostly the first letter tells. */
	return text.len == len && (len == 0 || (text.data[0] == (uint8_t)value[0] &&
						       memcmp(text.data, value, len) == 0));
}

/* A flaw at this place of the segment; 0 for an element or component: about the whole. */
struct flaw segment_flaw(const struct segment *segment, enum flaw_kind kind, unsigned element,
	unsigned component, const char *words);

#endif

#include "channel/parts/segment.h"

static const struct segment_element *segment_find(
	const struct segment *segment, unsigned element, unsigned repetition)
{
	for (unsigned i = 0; i < segment->element_count; i++) {
		if (segment->elements[i].number == element &&
			segment->elements[i].repetition == repetition)
			return &segment->elements[i];
	}
	return NULL;
}

struct slice segment_get_again(
	const struct segment *segment, unsigned element, unsigned repetition, unsigned component)
{
	if (segment->form == SEGMENT_PLAIN)
		return repetition == 0 ? segment_get(segment, element, component)
				       : (struct slice){NULL, 0};
	const struct segment_element *found = segment_find(segment, element, repetition);
	if (found == NULL || component == 0 || component > found->count)
		return (struct slice){NULL, 0};
	return segment->values[found->first + component - 1];
}

struct slice segment_get_listed(const struct segment *segment, unsigned element, unsigned component)
{
	/* Without repetitions before it, it stands where its number says. */
	if (element - 1 >= segment->element_count)
		return (struct slice){NULL, 0};
	const struct segment_element *found = &segment->elements[element - 1];
	if (found->number != element)
		return segment_get_again(segment, element, 0, component);
	return component - 1 < found->count ? segment->values[found->first + component - 1]
					    : (struct slice){NULL, 0};
}

unsigned segment_count(const struct segment *segment, unsigned element)
{
	if (segment->form != SEGMENT_PLAIN) {
		const struct segment_element *found = segment_find(segment, element, 0);
		return found != NULL ? found->count : 0;
	}
	uint64_t opens = segment->opens;
	for (unsigned i = 1; i < element; i++)
		opens &= opens - 1;
	uint64_t next = opens & (opens - 1);
	uint64_t inner = segment->cuts & ((next & -next) - 1) & -(opens & -opens);
	unsigned count = 0;
	for (; next != 0 && inner != 0; inner &= inner - 1)
		count++;
	return count;
}

struct flaw segment_flaw(const struct segment *segment, enum flaw_kind kind, unsigned element,
	unsigned component, const char *words)
{
	struct flaw flaw = {.kind = kind,
		.offset = segment->offset,
		.segment = segment->position,
		.element = (uint16_t)element,
		.component = (uint16_t)component,
		.words = words};
	/* It goes into the answer: what is no tag is not repeated. */
	for (size_t i = 0; i < segment->tag.len && i < sizeof(flaw.tag) - 1; i++) {
		uint8_t c = segment->tag.data[i];
		bool sound = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		flaw.tag[i] = sound ? (char)c : 'X';
	}
	return flaw;
}

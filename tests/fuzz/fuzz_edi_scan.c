/* The bytes of an interchange from a stranger: whatever they are and however they are cut into pieces, the
 * segments are the same, and none reaches beyond its bytes.  And with a line end in front of each terminator, which is no
 * data, they are what they were: so the quick cut of plain segments and the walk of all others agree. */
#include "base/invariant.h"
#include "channel/parts/scanner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct marks marks_x12 = {
	.component = '>', .element = '*', .decimal = '.', .terminator = '~'};

static uint64_t mix(uint64_t sum, struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		sum = sum * 31 + text.data[i];
	return sum * 31 + text.len;
}

/* A service string advice tells the marks: "UNA:+.? '". */
static struct marks marks_of(struct slice bytes)
{
	if (!slice_starts(bytes, SLICE_LITERAL("UNA")) || bytes.len < 9)
		return marks_edifact;
	const uint8_t *told = bytes.data + 3;
	const struct marks marks = {.component = told[0],
		.element = told[1],
		.decimal = told[2],
		.release = told[3],
		.repetition = told[4],
		.terminator = told[5]};
	return marks_are_sound(&marks) ? marks : marks_edifact;
}

/* The way of those who have the file whole, without a charset: as many segments, or a flaw. */
static void take_all(struct slice rest)
{
	struct scanner *scanner = NULL;
	const struct segment *segment;
	const struct marks marks = marks_of(rest);
	size_t len = rest.len;
	invariant(scanner_create(&scanner) == CH_OK);
	scanner_begin(scanner, &marks, 0);
	while (scanner_take(scanner, &rest, &segment) == CH_OK) {
		invariant(segment->end == len - rest.len && scanner_segment(scanner) == segment);
		struct slice first = segment_get(segment, 1, 1);
		invariant(first.len <= len && segment_says(segment, 1, 1, "") == (first.len == 0));
		if (segment->flaw.kind == FLAW_NONE)
			continue;
		struct flaw flaw = segment_flaw(segment, segment->flaw.kind, 1, 1, NULL);
		invariant(flaw.offset == segment->offset);
	}
	scanner_free(scanner);
}

static uint64_t scan(
	const uint8_t *data, size_t len, size_t step, bool x12, bool wide, bool wrapped)
{
	static struct scanner *scanners[2]; /* by charset, which is slow to open */
	struct scanner *scanner = scanners[wide];
	const struct segment *segment;
	size_t at = 0;
	size_t end = step;
	uint64_t sum = 1;
	if (scanner == NULL)
		invariant(scanner_create(&scanner) == CH_OK);
	scanners[wide] = scanner;
	const struct marks marks = marks_of(slice_of(data, len));
	scanner_begin(scanner, x12 ? &marks_x12 : &marks, 0);
	if (!x12 && marks.repetition == 0)
		scanner_set_repetition(scanner, '*');
	invariant(scanner_set_charset(scanner, wide ? CHARSET_UTF8 : CHARSET_LATIN1) == CH_OK);
	for (;;) {
		size_t used = 0;
		bool last = end >= len;
		enum ch_status status = scanner_next(scanner,
			slice_of(data + at, (last ? len : end) - at), last, &segment, &used);
		if (status == CH_END && !last) {
			end += step;
			continue;
		}
		if (status != CH_OK) {
			sum = sum * 31 + (uint64_t)status;
			break;
		}
		invariant(used > 0 && segment->offset >= at && segment->end == at + used);
		sum = mix(sum, segment->tag) + (uint64_t)segment->flaw.kind;
		if (!wrapped)
			sum += segment->flaw.offset;
		for (unsigned i = 0; i < segment->element_count; i++) {
			const struct segment_element *element = &segment->elements[i];
			invariant(element->first + element->count <= segment->value_count);
			sum = sum * 31 + element->number + element->repetition;
			for (unsigned c = 1; c <= element->count; c++)
				sum = mix(sum, segment_get_again(segment, element->number,
						       element->repetition, c));
		}
		at += used;
	}
	return sum;
}

/* A line end in front of each terminator makes every segment one to be walked; unless line ends are marks, or
 * what is told of the marks. */
static void scan_wrapped(const uint8_t *data, size_t len, bool x12, bool wide)
{
	struct buffer wrapped = {0};
	struct marks marks = x12 ? marks_x12 : marks_of(slice_of(data, len));
	const uint8_t all[] = {
		marks.component, marks.element, marks.release, marks.repetition, marks.terminator};
	if (len == 0 || memchr(all, '\n', sizeof(all)) != NULL)
		return;
	for (size_t i = 0; i < len; i++) {
		if (data[i] == marks.terminator && i >= 9)
			buffer_append_byte(&wrapped, '\n');
		buffer_append_byte(&wrapped, data[i]);
	}
	invariant(wrapped.status == CH_OK);
	/* The bound on a segment counts what is dropped, too. */
	if (len < LIMIT_PARTS_SEGMENT_BYTES / 2)
		invariant(scan(data, len, len + 1, x12, wide, true) ==
			  scan(wrapped.data, wrapped.len, wrapped.len + 1, x12, wide, true));
	buffer_fini(&wrapped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	bool x12 = (data[0] & 1) != 0;
	bool wide = (data[0] & 2) != 0;
	size_t step = (size_t)(data[0] >> 2) + 1;
	uint64_t whole = scan(data + 1, len - 1, len, x12, wide, false);
	invariant(whole == scan(data + 1, len - 1, step, x12, wide, false));
	scan_wrapped(data + 1, len - 1, x12, wide);
	take_all(slice_of(data + 1, len - 1));
	return 0;
}

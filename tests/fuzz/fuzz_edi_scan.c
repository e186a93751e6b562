/* The bytes of an interchange from a stranger: whatever they are and however they are cut into pieces, the
 * segments are the same, and none reaches beyond its bytes.  And with a line end in front of each terminator, which is no
 * data, they are what they were: so the quick cut of plain segments and the walk of all others agree. */
#include "base/invariant.h"
#include "channel/parts/scanner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct marks marks_old_x12 = {
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

/* ---- The ways of those who have the file whole ---- */

enum way { WAY_TAKE, WAY_PASS, WAY_SWEEP, WAY_RECALL, WAYS };

struct ways {
	struct scanner *scanners[WAYS];
	struct slice bytes;
	struct slice rests[WAYS];
	struct seam seams[8]; /* swept, and not met yet */
	size_t seam_count;
};

static bool is_same(struct slice a, struct slice b)
{
	return slice_equal(a, b); /* what is put together lies elsewhere */
}

/* What is listed of one is what may be asked of the other. */
static void compare(const struct segment *listed, const struct segment *asked)
{
	invariant(listed->form == SEGMENT_LISTED && asked->form != SEGMENT_CLOSED);
	invariant(asked->offset == listed->offset && asked->end == listed->end);
	invariant(short_code_equal(asked->name, listed->name));
	invariant(is_same(asked->tag, listed->tag));
	invariant(asked->flaw.kind == listed->flaw.kind);
	unsigned last = 0;
	for (unsigned i = 0; i < listed->element_count; i++) {
		const struct segment_element *element = &listed->elements[i];
		last = element->number;
		for (unsigned c = 1; c <= element->count + 1u; c++) {
			struct slice want =
				segment_get_again(listed, element->number, element->repetition, c);
			invariant(is_same(want,
				segment_get_again(asked, element->number, element->repetition, c)));
			if (element->repetition > 0)
				continue;
			invariant(is_same(want, segment_get(asked, element->number, c)));
			invariant(is_same(want, segment_get(listed, element->number, c)));
		}
	}
	for (unsigned number = 1; number <= last + 1; number++)
		invariant(segment_count(asked, number) == segment_count(listed, number));
	invariant(segment_get(asked, last + 1, 1).len == 0);
}

/* The next seam that a sweep gives, or that of a segment which it leaves to others. */
static enum ch_status sweep(struct ways *ways, struct seam *out_seam)
{
	struct scanner *scanner = ways->scanners[WAY_SWEEP];
	const struct segment *segment;
	if (ways->seam_count == 0) {
		size_t room = sizeof(ways->seams) / sizeof(*ways->seams);
		ways->seam_count =
			scanner_sweep(scanner, &ways->rests[WAY_SWEEP], 0, ways->seams, room);
		for (size_t i = 0; i < ways->seam_count / 2; i++) { /* the first one last */
			struct seam seam = ways->seams[i];
			ways->seams[i] = ways->seams[ways->seam_count - 1 - i];
			ways->seams[ways->seam_count - 1 - i] = seam;
		}
	}
	if (ways->seam_count > 0) {
		*out_seam = ways->seams[--ways->seam_count];
		return CH_OK;
	}
	enum ch_status status = scanner_pass(scanner, &ways->rests[WAY_SWEEP], &segment);
	if (status == CH_OK)
		*out_seam = scanner_seam(scanner, 0);
	return status;
}

static enum ch_status go_on(struct ways *ways)
{
	const struct segment *segments[WAYS];
	struct slice *rest = &ways->rests[WAY_TAKE];
	struct seam seam;
	enum ch_status status = scanner_take(ways->scanners[WAY_TAKE], rest, &segments[WAY_TAKE]);
	invariant(scanner_pass(ways->scanners[WAY_PASS], &ways->rests[WAY_PASS],
			  &segments[WAY_PASS]) == status);
	invariant(rest->len == ways->rests[WAY_PASS].len);
	invariant(sweep(ways, &seam) == status);
	if (status != CH_OK)
		return status;
	struct seam passed = scanner_seam(ways->scanners[WAY_PASS], 0);
	invariant(seam.cuts == passed.cuts && seam.opens == passed.opens && seam.at == passed.at &&
		  short_code_equal(seam.name, passed.name));
	scanner_cut(ways->scanners[WAY_PASS]);
	compare(segments[WAY_TAKE], segments[WAY_PASS]);
	invariant(segments[WAY_TAKE]->end == ways->bytes.len - rest->len);
	invariant(scanner_recall(ways->scanners[WAY_RECALL], &seam, 7, ways->bytes, 0,
			  &segments[WAY_RECALL]) == CH_OK);
	compare(segments[WAY_TAKE], segments[WAY_RECALL]);
	invariant(segments[WAY_RECALL]->position == 7);
	struct flaw flaw = segment_flaw(segments[WAY_PASS], FLAW_VALUE, 1, 1, NULL);
	invariant(flaw.offset == segments[WAY_TAKE]->offset);
	return CH_OK;
}

/* Listed, asked, swept and called back, the segments are the same. */
static void go_all_ways(struct slice bytes, bool x12, bool wide, bool ascii)
{
	static struct scanner *scanners[WAYS];
	struct ways ways = {.bytes = bytes};
	const struct marks marks = x12 ? marks_old_x12 : marks_of(bytes);
	for (int way = 0; way < WAYS; way++) {
		if (scanners[way] == NULL)
			invariant(scanner_create(&scanners[way]) == CH_OK);
		scanner_begin(scanners[way], &marks, 0);
		if (!ascii)
			invariant(scanner_set_charset(scanners[way],
					  wide ? CHARSET_UTF8 : CHARSET_LATIN1) == CH_OK);
		ways.scanners[way] = scanners[way];
		ways.rests[way] = bytes;
	}
	while (go_on(&ways) == CH_OK)
		;
}

/* ---- In pieces, and whole ---- */

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
	scanner_begin(scanner, x12 ? &marks_old_x12 : &marks, 0);
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
	struct marks marks = x12 ? marks_old_x12 : marks_of(slice_of(data, len));
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
	go_all_ways(slice_of(data + 1, len - 1), x12, wide, (data[0] & 4) != 0);
	return 0;
}

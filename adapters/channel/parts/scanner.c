#include "channel/parts/scanner.h"

#include <stdlib.h>

const struct marks marks_edifact = {.component = ':',
	.element = '+',
	.decimal = '.',
	.release = '?',
	.repetition = 0,
	.terminator = '\''};

struct scanner {
	struct marks marks;
	uint64_t offset;
	bool ascii; /* there is nothing beyond it */
	/* Opening one costs more than a message does: it stays for the next of its charset. */
	struct charset_decoder *decoder;
	enum charset charset;
	struct buffer text; /* of the segment's values that are not as they stand in the window */
	bool special[256];  /* a mark, a line end, or no printable ASCII */
	struct segment segment;
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\r' || c == '\n' || c == '\t';
}

static bool is_alphanumeric(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool marks_are_sound(const struct marks *marks)
{
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

enum ch_status scanner_create(struct scanner **out_scanner)
{
	struct scanner *scanner = calloc(1, sizeof(*scanner));
	if (scanner == NULL)
		return CH_NOMEM;
	scanner_begin(scanner, &marks_edifact, 0);
	*out_scanner = scanner;
	return CH_OK;
}

void scanner_free(struct scanner *scanner)
{
	if (scanner == NULL)
		return;
	charset_close(scanner->decoder);
	buffer_fini(&scanner->text);
	free(scanner);
}

static void scanner_classify(struct scanner *scanner)
{
	const struct marks *marks = &scanner->marks;
	for (unsigned c = 0; c < 256; c++)
		scanner->special[c] = c < 0x20 || c >= 0x7f;
	scanner->special[marks->component] = true;
	scanner->special[marks->element] = true;
	scanner->special[marks->release] = true;
	scanner->special[marks->repetition] = true;
	scanner->special[marks->terminator] = true;
}

void scanner_begin(struct scanner *scanner, const struct marks *marks, uint64_t offset)
{
	scanner->marks = *marks;
	scanner->offset = offset;
	scanner->ascii = true;
	scanner_classify(scanner);
}

void scanner_set_repetition(struct scanner *scanner, uint8_t repetition)
{
	scanner->marks.repetition = repetition;
	scanner_classify(scanner);
}

enum ch_status scanner_set_charset(struct scanner *scanner, enum charset charset)
{
	struct charset_decoder *decoder = NULL;
	if (scanner->decoder != NULL && scanner->charset == charset) {
		scanner->ascii = false;
		return CH_OK;
	}
	enum ch_status status = charset_open(charset, &decoder);
	if (status != CH_OK)
		return status;
	charset_close(scanner->decoder);
	scanner->ascii = false;
	scanner->decoder = decoder;
	scanner->charset = charset;
	return CH_OK;
}

/* ---- One segment ---- */

/* A walk over the bytes of one segment.  A value is a piece of the window as long as it can be; from the
 * first released or dropped byte on it is put together in `text`. */
struct walk {
	struct scanner *scanner;
	struct slice window;
	size_t at;
	size_t start; /* of the value, in the window */
	size_t head;  /* of the value in `text`, when `apart` */
	bool apart;
	bool high; /* it holds bytes beyond ASCII */
	uint16_t number;
	uint16_t repetition;
};

static void walk_flaw(struct walk *walk, enum flaw_kind kind, size_t at)
{
	struct segment *segment = &walk->scanner->segment;
	if (segment->flaw.kind != FLAW_NONE)
		return;
	segment->flaw = (struct flaw){.kind = kind, .offset = segment->offset + at};
	if (segment->element_count > 0) {
		segment->flaw.element = walk->number;
		segment->flaw.component =
			(uint16_t)(segment->elements[segment->element_count - 1].count + 1);
	}
}

/* The value's text from now on stands in `text`. */
static void walk_part(struct walk *walk)
{
	struct buffer *text = &walk->scanner->text;
	if (walk->apart)
		return;
	walk->apart = true;
	walk->head = text->len;
	buffer_append(text, walk->window.data + walk->start, walk->at - walk->start);
}

static bool has_c1(struct slice text)
{
	for (size_t i = 0; i + 1 < text.len; i++) {
		if (text.data[i] == 0xc2 && text.data[i + 1] < 0xa0)
			return true;
	}
	return false;
}

/* From the charset into UTF-8; the controls that ISO 8859 has above ASCII are no text. */
static void walk_decode(struct walk *walk)
{
	struct scanner *scanner = walk->scanner;
	struct buffer *text = &scanner->text;
	size_t bad = 0;
	walk_part(walk);
	struct slice raw = slice_of(text->data + walk->head, text->len - walk->head);
	if (scanner->ascii) {
		walk_flaw(walk, FLAW_CHARACTER, walk->start);
		text->len = walk->head;
		return;
	}
	struct buffer decoded = {0};
	enum ch_status status = charset_decode(scanner->decoder, raw, &decoded, &bad);
	text->len = walk->head;
	if (status == CH_NOMEM || decoded.status != CH_OK)
		text->status = CH_NOMEM;
	else if (status != CH_OK || has_c1(buffer_slice(&decoded)))
		walk_flaw(walk, FLAW_CHARACTER, walk->start + bad);
	else
		buffer_append_slice(text, buffer_slice(&decoded));
	buffer_fini(&decoded);
}

/* Values in `text` are noted by where they begin, for it may still move: data is NULL until the end. */
static void walk_end_value(struct walk *walk)
{
	struct segment *segment = &walk->scanner->segment;
	struct slice value = slice_of(walk->window.data + walk->start, walk->at - walk->start);
	if (walk->high)
		walk_decode(walk);
	if (walk->apart)
		value = slice_of(NULL, walk->scanner->text.len - walk->head);
	walk->apart = false;
	walk->high = false;
	if (walk->number == 0) {
		segment->tag = value;
		return;
	}
	if (segment->value_count == LIMIT_PARTS_VALUES) {
		walk_flaw(walk, FLAW_TOO_MANY, walk->start);
		return;
	}
	segment->values[segment->value_count++] = value;
	segment->elements[segment->element_count - 1].count++;
}

static void walk_begin_element(struct walk *walk, bool again)
{
	struct segment *segment = &walk->scanner->segment;
	walk->repetition = again ? (uint16_t)(walk->repetition + 1) : 0;
	walk->number = again ? walk->number : (uint16_t)(walk->number + 1);
	if (segment->element_count == LIMIT_PARTS_VALUES) {
		walk_flaw(walk, FLAW_TOO_MANY, walk->at);
		return;
	}
	segment->elements[segment->element_count++] =
		(struct segment_element){.number = walk->number,
			.repetition = walk->repetition,
			.first = segment->value_count};
}

/* Gives the values that were put together their place, in the order in which they were. */
static void segment_settle(struct segment *segment, const struct buffer *text)
{
	size_t at = 0;
	if (text->data == NULL)
		return; /* none was */
	if (segment->tag.data == NULL) {
		segment->tag.data = text->data;
		at = segment->tag.len;
	}
	for (size_t i = 0; i < segment->value_count; i++) {
		if (segment->values[i].data != NULL)
			continue;
		segment->values[i].data = text->data + at;
		at += segment->values[i].len;
	}
}

/* A byte that is not simply part of the value.  False: the segment ends here. */
static bool walk_special(struct walk *walk, uint8_t c)
{
	const struct marks *marks = &walk->scanner->marks;
	if (c == marks->terminator) {
		walk_end_value(walk);
		return false;
	}
	if (c == marks->element || c == marks->component ||
		(c == marks->repetition && marks->repetition != 0)) {
		walk_end_value(walk);
		if (c != marks->component)
			walk_begin_element(walk, c == marks->repetition);
		else if (walk->number == 0)
			walk_begin_element(walk, false); /* "TAG:1+..." nests; read as an element */
		walk->start = walk->at + 1;
		return true;
	}
	if (c >= 0x80) {
		walk->high = true;
	} else if (c == '\r' || c == '\n') {
		walk_part(walk);
		return true; /* dropped */
	} else if (c == 0x7f || c < 0x20) {
		walk_flaw(walk, FLAW_CHARACTER, walk->at);
	}
	if (walk->apart)
		buffer_append_byte(&walk->scanner->text, c);
	return true;
}

/* What is released, beyond line ends.  False: it is not in the window. */
static bool walk_release(struct walk *walk)
{
	walk_part(walk);
	while (++walk->at < walk->window.len) {
		uint8_t c = walk->window.data[walk->at];
		if ((c == '\r' || c == '\n') && c != walk->scanner->marks.terminator)
			continue;
		walk->high = walk->high || c >= 0x80;
		buffer_append_byte(&walk->scanner->text, c);
		return true;
	}
	return false;
}

/* CH_OK: a segment ends at walk->at. */
static enum ch_status walk_segment(struct walk *walk)
{
	const struct scanner *scanner = walk->scanner;
	const struct marks *marks = &scanner->marks;
	for (; walk->at < walk->window.len; walk->at++) {
		uint8_t c = walk->window.data[walk->at];
		if (!scanner->special[c]) {
			if (walk->apart)
				buffer_append_byte(&walk->scanner->text, c);
			continue;
		}
		if (c == marks->release && marks->release != 0) {
			if (!walk_release(walk))
				return CH_END;
		} else if (!walk_special(walk, c)) {
			return CH_OK;
		}
	}
	return CH_END;
}

/* Blanks in front of a segment are nobody's. */
static size_t scanner_skip(const struct scanner *scanner, struct slice window)
{
	size_t at = 0;
	while (at < window.len && is_blank(window.data[at]) &&
		window.data[at] != scanner->marks.element)
		at++;
	return at;
}

static enum ch_status scanner_no_end(size_t len, bool last)
{
	if (len > LIMIT_PARTS_SEGMENT_BYTES)
		return CH_TOO_LARGE;
	return last && len > 0 ? CH_FORMAT : CH_END;
}

enum ch_status scanner_next(struct scanner *scanner, struct slice window, bool last,
	const struct segment **out_segment, size_t *out_used)
{
	struct segment *segment = &scanner->segment;
	size_t skipped = scanner_skip(scanner, window);
	struct slice bytes = slice_sub(window, skipped, window.len);
	size_t limit =
		bytes.len > LIMIT_PARTS_SEGMENT_BYTES ? LIMIT_PARTS_SEGMENT_BYTES + 1 : bytes.len;
	struct walk walk = {.scanner = scanner, .window = slice_sub(bytes, 0, limit)};
	if (bytes.len == 0 || memchr(walk.window.data, scanner->marks.terminator, limit) == NULL)
		return scanner_no_end(walk.window.len, last);
	buffer_clear(&scanner->text);
	segment->offset = scanner->offset + skipped;
	segment->position = 0;
	segment->element_count = 0;
	segment->value_count = 0;
	segment->flaw = (struct flaw){.kind = FLAW_NONE};
	if (walk_segment(&walk) != CH_OK)
		return scanner_no_end(walk.window.len, last);
	if (scanner->text.status != CH_OK)
		return CH_NOMEM;
	segment_settle(segment, &scanner->text);
	segment->end = segment->offset + walk.at + 1;
	*out_used = skipped + walk.at + 1;
	scanner->offset += *out_used;
	*out_segment = segment;
	return CH_OK;
}

enum ch_status scanner_take(
	struct scanner *scanner, struct slice *rest, const struct segment **out_segment)
{
	size_t used = 0;
	enum ch_status status = scanner_next(scanner, *rest, true, out_segment, &used);
	*rest = slice_sub(*rest, used, rest->len);
	return status;
}

struct segment *scanner_segment(struct scanner *scanner)
{
	return &scanner->segment;
}

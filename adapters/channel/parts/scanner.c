/* Most segments are plain: printable ASCII or UTF-8, nothing released, no line end, too short for too many
 * values.  For those the bytes are looked at sixteen at a time, and the marks are noted by a bit each; only
 * the others are walked byte by byte.  Whoever wants to know no more than that a
 * segment is sound and where it lies has it without the cutting. */
#include "channel/parts/scanner.h"

#include <endian.h>
#include <stdlib.h>

#include "base/text.h"

const struct marks marks_edifact = {.component = ':',
	.element = '+',
	.decimal = '.',
	.release = '?',
	.repetition = 0,
	.terminator = '\''};

#define PLAIN_BYTES (LIMIT_PARTS_VALUES - 1u) /* so that there are never too many values */
#define STEP_BYTES  16u

/* Sixteen bytes that are worked on together, by GCC's vector extension: one instruction each wherever there is
 * such, plain arithmetic elsewhere. */
typedef uint8_t step_bytes __attribute__((vector_size(STEP_BYTES)));

/* Each mark sixteen times. */
struct spread {
	step_bytes component;
	step_bytes element;
	step_bytes release;
	step_bytes repetition;
	step_bytes terminator;
};

struct scanner {
	struct marks marks;
	struct spread spread;
	uint64_t offset;
	bool ascii; /* there is nothing beyond it */
	/* Opening one costs more than a message does: each stays for the next of its charset. */
	struct charset_decoder *decoders[CHARSETS];
	enum charset charset;
	struct buffer text; /* of the segment's values that are not as they stand in the window */
	struct buffer decoded; /* of one value */
	bool special[256];     /* a mark, a line end, or no printable ASCII */
	struct slice plain;    /* the segment that is not cut yet, without its terminator */
	uint64_t cuts[(LIMIT_PARTS_VALUES + 63) / 64]; /* and its marks, a bit for each byte */
	uint32_t skipped;                              /* in front of the segment given last */
	struct segment segment;
};

static inline bool is_blank(uint8_t c)
{
	const uint64_t blanks = 1ULL << ' ' | 1ULL << '\r' | 1ULL << '\n' | 1ULL << '\t';
	return c <= ' ' && (blanks >> c & 1) != 0;
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
	scanner_begin(scanner, &marks_edifact, 0); /* it has no marks yet: they are noted */
	*out_scanner = scanner;
	return CH_OK;
}

void scanner_free(struct scanner *scanner)
{
	if (scanner == NULL)
		return;
	for (size_t i = 0; i < CHARSETS; i++)
		charset_close(scanner->decoders[i]);
	buffer_fini(&scanner->text);
	buffer_fini(&scanner->decoded);
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
	const step_bytes none = {0};
	scanner->spread = (struct spread){
		.component = none + marks->component,
		.element = none + marks->element,
		.release = none + marks->release,
		.repetition = none + marks->repetition,
		.terminator = none + marks->terminator,
	};
}

void scanner_begin(struct scanner *scanner, const struct marks *marks, uint64_t offset)
{
	bool known = memcmp(&scanner->marks, marks, sizeof(*marks)) == 0;
	scanner->marks = *marks;
	scanner->offset = offset;
	scanner->ascii = true;
	if (!known) /* messages of an interchange have the same ones */
		scanner_classify(scanner);
}

void scanner_set_repetition(struct scanner *scanner, uint8_t repetition)
{
	if (scanner->marks.repetition == repetition)
		return;
	scanner->marks.repetition = repetition;
	scanner_classify(scanner);
}

enum ch_status scanner_set_charset(struct scanner *scanner, enum charset charset)
{
	enum ch_status status = CH_OK;
	if (scanner->decoders[charset] == NULL)
		status = charset_open(charset, &scanner->decoders[charset]);
	if (status != CH_OK)
		return status;
	scanner->ascii = false;
	scanner->charset = charset;
	return CH_OK;
}

static bool has_c1(struct slice text)
{
	const uint8_t *end = text.data + text.len;
	const uint8_t *at = text.data;
	while (at < end && (at = memchr(at, 0xc2, (size_t)(end - at))) != NULL) {
		if (++at < end && *at < 0xa0)
			return true;
	}
	return false;
}

/* Text beyond ASCII that lies there as it is wanted: in UTF-8, which was declared. */
static bool is_declared(const struct scanner *scanner, struct slice text)
{
	return !scanner->ascii && scanner->charset == CHARSET_UTF8 && text_is_utf8(text) &&
	       !has_c1(text);
}

/* ---- A plain segment ---- */

/* A bit for each byte that was found, the first lowest; `found` has all or none of a byte's bits. */
static inline uint32_t step_bits(step_bytes found)
{
#ifdef __SSE2__
	return (uint32_t)__builtin_ia32_pmovmskb128((char __attribute__((vector_size(16))))found);
#else
	uint64_t halves[2];
	memcpy(halves, &found, sizeof(halves));
	for (int i = 0; i < 2;
		i++) /* the lowest bits of eight bytes, side by side in the highest */
		halves[i] = (le64toh(halves[i]) & UINT64_C(0x0101010101010101)) *
				    UINT64_C(0x0102040810204080) >>
			    56;
	return (uint32_t)(halves[0] | halves[1] << 8);
#endif
}

/* What stands where, in the next sixteen bytes. */
struct step {
	uint32_t ends;  /* terminators */
	uint32_t marks; /* what values end with */
	uint32_t odd;   /* released, or no printable character */
	uint32_t high;  /* beyond ASCII */
};

static inline struct step step_look(const uint8_t *at, const struct spread *marks)
{
	step_bytes bytes;
	memcpy(&bytes, at, sizeof(bytes));
	step_bytes cuts = (step_bytes)(bytes == marks->element) |
			  (step_bytes)(bytes == marks->component) |
			  (step_bytes)(bytes == marks->repetition);
	step_bytes odd = (step_bytes)(bytes < 0x20) | (step_bytes)(bytes == 0x7f) |
			 (step_bytes)(bytes == marks->release);
	return (struct step){
		.ends = step_bits((step_bytes)(bytes == marks->terminator)),
		.marks = step_bits(cuts),
		.odd = step_bits(odd),
		.high = step_bits((step_bytes)(bytes >= 0x80)),
	};
}

/* How long the segment is that `bytes` begin with, when nothing in it is odd, and its marks; SIZE_MAX: it must be
 * walked, or there is no end. */
static inline size_t plain_find(struct scanner *scanner, struct slice bytes)
{
	uint8_t padded[STEP_BYTES];
	uint64_t cuts = 0;
	uint32_t high = 0;
	for (size_t at = 0; at < bytes.len && at <= PLAIN_BYTES; at += STEP_BYTES) {
		const uint8_t *here = bytes.data + at;
		if (bytes.len - at < STEP_BYTES) {
			memset(padded, ' ', sizeof(padded));
			memcpy(padded, here, bytes.len - at);
			here = padded;
		}
		struct step step = step_look(here, &scanner->spread);
		uint32_t before = (step.ends & -step.ends) - 1; /* without an end: all of them */
		if ((step.odd & before) != 0)
			return SIZE_MAX;
		high |= step.high & before;
		cuts |= (uint64_t)(step.marks & before) << at % 64;
		if (step.ends != 0) {
			size_t len = at + (size_t)__builtin_ctz(step.ends);
			scanner->cuts[at / 64] = cuts;
			return high == 0 || is_declared(scanner, slice_sub(bytes, 0, len))
				       ? len
				       : SIZE_MAX;
		}
		if (at % 64 == 64 - STEP_BYTES) {
			scanner->cuts[at / 64] = cuts;
			cuts = 0;
		}
	}
	return SIZE_MAX;
}

/* What plain_find has found becomes the segment.  False: walk it. */
static bool plain_take(struct scanner *scanner, struct slice bytes)
{
	struct segment *segment = &scanner->segment;
	uint64_t first = scanner->cuts[0];
	size_t len = first != 0 ? (size_t)__builtin_ctzll(first) : bytes.len;
	/* No tag is so long, and none is repeated: the walk says so. */
	if (len > 64 || (len < bytes.len && bytes.data[len] == scanner->marks.repetition))
		return false;
	segment->tag = slice_of(bytes.data, len);
	scanner->plain = bytes;
	return true;
}

/* As walk_segment does it. */
static void plain_cut(struct scanner *scanner)
{
	struct segment *segment = &scanner->segment;
	const uint8_t component = scanner->marks.component;
	const uint8_t repetition = scanner->marks.repetition;
	const uint8_t *const end = scanner->plain.data + scanner->plain.len;
	const uint8_t *start = scanner->plain.data;
	struct segment_element *element = NULL; /* the open one; NULL: the tag */
	struct slice *value = segment->values;
	for (size_t at = 0; at < scanner->plain.len; at += 64) {
		for (uint64_t cuts = scanner->cuts[at / 64]; cuts != 0; cuts &= cuts - 1) {
			const uint8_t *mark = scanner->plain.data + at + __builtin_ctzll(cuts);
			if (element != NULL)
				*value++ = slice_of(start, (size_t)(mark - start));
			start = mark + 1;
			if (*mark == component && element != NULL)
				continue;
			struct segment_element next = {
				.number = 1, .first = (uint16_t)(value - segment->values)};
			if (element == NULL) {
				element = segment->elements;
			} else {
				bool again = *mark == repetition;
				element->count = (uint16_t)(next.first - element->first);
				next.number = (uint16_t)(element->number + !again);
				next.repetition = again ? (uint16_t)(element->repetition + 1) : 0;
				element++;
			}
			*element = next;
		}
	}
	if (element == NULL)
		return;
	*value++ = slice_of(start, (size_t)(end - start));
	segment->value_count = (uint16_t)(value - segment->values);
	segment->element_count = (uint16_t)(element - segment->elements + 1);
	element->count = (uint16_t)(segment->value_count - element->first);
}

/* ---- Any segment ---- */

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

/* From the charset into UTF-8; the controls that ISO 8859 has above ASCII are no text.  UTF-8 that lies in one
 * piece stays where it is. */
static void walk_decode(struct walk *walk, struct slice *value)
{
	struct scanner *scanner = walk->scanner;
	struct buffer *text = &scanner->text;
	size_t bad = 0;
	if (!walk->apart && is_declared(scanner, *value))
		return;
	walk_part(walk);
	struct slice raw = slice_of(text->data + walk->head, text->len - walk->head);
	if (scanner->ascii) {
		walk_flaw(walk, FLAW_CHARACTER, walk->start);
		text->len = walk->head;
		return;
	}
	buffer_clear(&scanner->decoded);
	enum ch_status status =
		charset_decode(scanner->decoders[scanner->charset], raw, &scanner->decoded, &bad);
	struct slice decoded = buffer_slice(&scanner->decoded);
	text->len = walk->head;
	if (status == CH_NOMEM || scanner->decoded.status != CH_OK)
		text->status = CH_NOMEM;
	else if (status != CH_OK || has_c1(decoded))
		walk_flaw(walk, FLAW_CHARACTER, walk->start + bad);
	else
		buffer_append_slice(text, decoded);
}

/* Values in `text` are noted by where they begin, for it may still move: data is NULL until the end. */
static void walk_end_value(struct walk *walk)
{
	struct segment *segment = &walk->scanner->segment;
	struct slice value = slice_of(walk->window.data + walk->start, walk->at - walk->start);
	if (walk->high)
		walk_decode(walk, &value);
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
		if (walk->number == 0 && c != marks->element && c != marks->component)
			walk_flaw(walk, FLAW_VALUE, walk->at); /* a tag is not repeated */
		if (walk->number == 0)
			walk_begin_element(walk, false); /* "TAG:1+..." nests; read as an element */
		else if (c != marks->component)
			walk_begin_element(walk, c == marks->repetition);
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

static void segment_clear(struct segment *segment, uint64_t offset)
{
	segment->offset = offset;
	segment->position = 0;
	segment->cut = false;
	segment->element_count = 0;
	segment->value_count = 0;
	segment->flaw = (struct flaw){.kind = FLAW_NONE};
}

/* CH_END: the window has no terminator, or none that is not released.  Rare, and kept apart from what is not. */
__attribute__((noinline)) static enum ch_status scanner_walk(
	struct scanner *scanner, struct slice window, size_t *out_len)
{
	struct walk walk = {.scanner = scanner, .window = window};
	if (window.len == 0 || memchr(window.data, scanner->marks.terminator, window.len) == NULL)
		return CH_END;
	buffer_clear(&scanner->text);
	scanner->segment.cut = true;
	enum ch_status status = walk_segment(&walk);
	if (status == CH_OK && scanner->text.status != CH_OK)
		status = CH_NOMEM;
	if (status != CH_OK)
		return status;
	segment_settle(&scanner->segment, &scanner->text);
	*out_len = walk.at;
	return CH_OK;
}

static inline enum ch_status scanner_find(
	struct scanner *scanner, struct slice window, bool last, size_t *out_used)
{
	struct segment *segment = &scanner->segment;
	size_t skipped = scanner_skip(scanner, window);
	struct slice bytes = slice_sub(window, skipped, (size_t)LIMIT_PARTS_SEGMENT_BYTES + 1);
	segment_clear(segment, scanner->offset + skipped);
	size_t len = plain_find(scanner, bytes);
	if (len == SIZE_MAX || !plain_take(scanner, slice_sub(bytes, 0, len))) {
		enum ch_status status = scanner_walk(scanner, bytes, &len);
		if (status != CH_OK)
			return status == CH_END ? scanner_no_end(bytes.len, last) : status;
	}
	segment->name = short_code_of(segment->tag);
	segment->end = segment->offset + len + 1;
	scanner->skipped = (uint32_t)(skipped < UINT32_MAX ? skipped : UINT32_MAX);
	*out_used = skipped + len + 1;
	scanner->offset += *out_used;
	return CH_OK;
}

void scanner_cut(struct scanner *scanner)
{
	if (scanner->segment.cut)
		return;
	plain_cut(scanner);
	scanner->segment.cut = true;
}

enum ch_status scanner_next(struct scanner *scanner, struct slice window, bool last,
	const struct segment **out_segment, size_t *out_used)
{
	enum ch_status status = scanner_find(scanner, window, last, out_used);
	if (status != CH_OK)
		return status;
	scanner_cut(scanner);
	*out_segment = &scanner->segment;
	return CH_OK;
}

enum ch_status scanner_pass(
	struct scanner *scanner, struct slice *rest, const struct segment **out_segment)
{
	size_t used = 0;
	enum ch_status status = scanner_find(scanner, *rest, true, &used);
	*rest = slice_sub(*rest, used, rest->len);
	if (status == CH_OK)
		*out_segment = &scanner->segment;
	return status;
}

struct seam scanner_seam(const struct scanner *scanner)
{
	/* One that was walked was cut at once. */
	if (scanner->segment.cut || scanner->plain.len > 64 || scanner->skipped == UINT32_MAX)
		return (struct seam){.len = UINT32_MAX};
	return (struct seam){.cuts = scanner->cuts[0],
		.skipped = scanner->skipped,
		.len = (uint32_t)scanner->plain.len};
}

enum ch_status scanner_pass_again(struct scanner *scanner, const struct seam *seam,
	struct slice *rest, const struct segment **out_segment)
{
	struct segment *segment = &scanner->segment;
	size_t used = (size_t)seam->skipped + seam->len + 1;
	if (seam->len == UINT32_MAX || used > rest->len)
		return scanner_pass(scanner, rest, out_segment);
	struct slice bytes = slice_of(rest->data + seam->skipped, seam->len);
	segment_clear(segment, scanner->offset + seam->skipped);
	scanner->cuts[0] = seam->cuts;
	(void)plain_take(scanner, bytes); /* it did */
	segment->name = short_code_of(segment->tag);
	segment->end = scanner->offset + used;
	scanner->offset += used;
	*rest = slice_of(rest->data + used, rest->len - used);
	*out_segment = segment;
	return CH_OK;
}

enum ch_status scanner_take(
	struct scanner *scanner, struct slice *rest, const struct segment **out_segment)
{
	enum ch_status status = scanner_pass(scanner, rest, out_segment);
	if (status == CH_OK)
		scanner_cut(scanner);
	return status;
}

struct segment *scanner_segment(struct scanner *scanner)
{
	return &scanner->segment;
}

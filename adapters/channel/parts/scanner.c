/* Most segments are plain: no longer than what is seen at one look, printable ASCII or UTF-8, nothing
 * released or repeated, no line end within.  Those are found by a few operations on the bits of the sight, and
 * their values are not even noted.  Longer ones are found by several looks, and any other is walked byte by
 * byte. */
#include "channel/parts/scanner.h"

#include <stdlib.h>

#include "channel/parts/sight.h"
#include "channel/parts/walker.h"

#define LONG_BYTES (LIMIT_PARTS_VALUES - 1u) /* so that there are never too many values */
#define LONG_WORDS ((LONG_BYTES + SIGHT_BYTES) / SIGHT_BYTES)

/* What was seen last, from `begin` on.  One look mostly serves two or three segments. */
struct view {
	const uint8_t *begin;
	struct sight sight;
};

struct scanner {
	struct walker walker;
	struct sight_marks marks;
	struct view view;
	uint64_t offset;
	struct segment segment;
	size_t closed_len;                /* of the segment that is closed */
	uint64_t closed_cuts[LONG_WORDS]; /* and its marks, without the terminator */
};

static inline bool is_blank(uint8_t c)
{
	const uint64_t blanks = 1ULL << ' ' | 1ULL << '\r' | 1ULL << '\n' | 1ULL << '\t';
	return c <= ' ' && (blanks >> c & 1) != 0;
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
	walker_fini(&scanner->walker);
	free(scanner);
}

/* What is seen now may be something else then. */
static void scanner_forget(struct scanner *scanner)
{
	scanner->view.begin = NULL;
	scanner->view.sight.ends = 0;
}

void scanner_begin(struct scanner *scanner, const struct marks *marks, uint64_t offset)
{
	scanner->offset = offset;
	scanner->walker.wide = false;
	walker_set_marks(&scanner->walker, marks);
	sight_marks_spread(&scanner->marks, marks);
	scanner_forget(scanner);
}

void scanner_set_repetition(struct scanner *scanner, uint8_t repetition)
{
	struct marks marks = scanner->walker.marks;
	marks.repetition = repetition;
	walker_set_marks(&scanner->walker, &marks);
	sight_marks_spread(&scanner->marks, &marks);
	scanner_forget(scanner);
}

enum ch_status scanner_set_charset(struct scanner *scanner, enum charset charset)
{
	scanner_forget(scanner);
	return walker_set_charset(&scanner->walker, charset);
}

/* ---- Finding ---- */

/* Looks at what the bytes begin with; behind the last one there are blanks. */
static struct sight scanner_look(const struct scanner *scanner, const uint8_t *bytes, size_t len)
{
	bool utf8 = scanner->walker.wide && scanner->walker.charset == CHARSET_UTF8;
	uint8_t padded[SIGHT_BYTES];
	if (len >= SIGHT_BYTES)
		return sight_look(bytes, &scanner->marks, utf8);
	memset(padded, ' ', sizeof(padded));
	memcpy(padded, bytes, len);
	return sight_look(padded, &scanner->marks, utf8);
}

/* A name of three letters, as nearly all are; the fourth byte is a mark. */
static inline struct short_code name_of(const uint8_t *bytes, size_t len)
{
	struct short_code name;
	if (len != 3)
		return short_code_of(slice_of(bytes, len));
	memcpy(name.text, bytes, sizeof(name.text));
	name.text[3] = 0;
	return name;
}

/* The seam of the segment that begins there; false: it is not plain, or it has no end. */
static inline __attribute__((always_inline)) bool plain_find(struct view *view,
	const struct scanner *scanner, const uint8_t *bytes, size_t len, struct seam *out_seam)
{
	uint64_t seen = (uintptr_t)bytes - (uintptr_t)view->begin;
	const struct sight *sight = &view->sight;
	if (seen >= SIGHT_BYTES || sight->ends >> seen == 0) {
		view->sight = scanner_look(scanner, bytes, len);
		view->begin = bytes;
		seen = 0;
	}
	uint64_t ends = sight->ends >> seen;
	uint64_t end = ends & -ends;
	uint64_t whole = end | (end - 1);
	/* The doubt about a character that is cut off falls on the end. */
	if (end == 0 || ((sight->odd | sight->doubtful) >> seen & whole) != 0)
		return false;
	uint64_t cuts = (sight->cuts >> seen | end) & whole;
	out_seam->cuts = cuts;
	/* "TAG:1+..." nests; read as an element. */
	out_seam->opens = ((sight->opens >> seen | end) & whole) | (cuts & -cuts);
	out_seam->name = name_of(bytes, (size_t)__builtin_ctzll(cuts));
	return true;
}

/* The segment's parts that follow from its bytes and its seam. */
static inline void segment_become(
	struct segment *segment, const struct seam *seam, const uint8_t *bytes, uint64_t offset)
{
	segment->offset = offset;
	segment->end = offset + SIGHT_BYTES - (size_t)__builtin_clzll(seam->cuts);
	segment->position = 0;
	segment->name = seam->name;
	segment->tag = slice_of(bytes, (size_t)__builtin_ctzll(seam->cuts));
	segment->form = SEGMENT_PLAIN;
	segment->cuts = seam->cuts;
	segment->opens = seam->opens;
	segment->bytes = bytes;
	segment->flaw = (struct flaw){.kind = FLAW_NONE};
}

/* How long the segment is that `bytes` begin with, when it is sound and not too long, and its marks; SIZE_MAX: it
 * must be walked, or there is no end. */
static size_t long_find(struct scanner *scanner, struct slice bytes)
{
	uint64_t beyond = 0;
	for (size_t at = 0; at < bytes.len && at <= LONG_BYTES; at += SIGHT_BYTES) {
		struct sight sight = scanner_look(scanner, bytes.data + at, bytes.len - at);
		uint64_t end = sight.ends & -sight.ends;
		uint64_t before = end - 1;
		if ((sight.odd & before) != 0)
			return SIZE_MAX;
		beyond |= sight.beyond & before;
		scanner->closed_cuts[at / SIGHT_BYTES] = sight.cuts & before;
		if (end == 0)
			continue;
		size_t len = at + (size_t)__builtin_ctzll(end);
		return beyond == 0 || walker_takes(&scanner->walker, slice_sub(bytes, 0, len))
			       ? len
			       : SIZE_MAX;
	}
	return SIZE_MAX;
}

/* A segment that long_find has found; false: its tag is too long for one, and is walked. */
static bool long_close(struct scanner *scanner, struct slice bytes)
{
	struct segment *segment = &scanner->segment;
	uint64_t first = scanner->closed_cuts[0];
	size_t len = first != 0 ? (size_t)__builtin_ctzll(first) : bytes.len;
	if (len >= SIGHT_BYTES)
		return false;
	segment->form = SEGMENT_CLOSED;
	segment->bytes = bytes.data;
	segment->tag = slice_of(bytes.data, len);
	scanner->closed_len = bytes.len;
	return true;
}

/* Blanks in front of a segment are nobody's. */
static inline size_t scanner_skip(const struct scanner *scanner, struct slice window)
{
	size_t at = 0;
	while (at < window.len && is_blank(window.data[at]) &&
		window.data[at] != scanner->walker.marks.element)
		at++;
	return at;
}

static enum ch_status scanner_no_end(size_t len, bool last)
{
	if (len > LIMIT_PARTS_SEGMENT_BYTES)
		return CH_TOO_LARGE;
	return last && len > 0 ? CH_FORMAT : CH_END;
}

/* A segment that is not plain, or none. */
static enum ch_status scanner_find_other(
	struct scanner *scanner, struct slice rest, size_t skipped, bool last, size_t *out_used)
{
	struct segment *segment = &scanner->segment;
	struct slice bytes = slice_sub(rest, 0, (size_t)LIMIT_PARTS_SEGMENT_BYTES + 1);
	size_t len = long_find(scanner, bytes);
	segment->offset = scanner->offset + skipped;
	segment->position = 0;
	segment->flaw = (struct flaw){.kind = FLAW_NONE};
	segment->element_count = 0;
	segment->value_count = 0;
	if (len == SIZE_MAX || !long_close(scanner, slice_sub(bytes, 0, len))) {
		segment->form = SEGMENT_LISTED;
		enum ch_status status = walker_cut(&scanner->walker, bytes, segment, &len);
		if (status != CH_OK)
			return status == CH_END ? scanner_no_end(bytes.len, last) : status;
	}
	segment->name = short_code_of(segment->tag);
	segment->end = segment->offset + len + 1;
	*out_used = skipped + len + 1;
	scanner->offset += *out_used;
	return CH_OK;
}

static enum ch_status scanner_find(
	struct scanner *scanner, struct slice window, bool last, size_t *out_used)
{
	size_t skipped = scanner_skip(scanner, window);
	struct slice bytes = slice_sub(window, skipped, window.len);
	struct seam seam;
	if (bytes.len == 0 || !plain_find(&scanner->view, scanner, bytes.data, bytes.len, &seam))
		return scanner_find_other(scanner, bytes, skipped, last, out_used);
	segment_become(&scanner->segment, &seam, bytes.data, scanner->offset + skipped);
	*out_used = (size_t)(scanner->segment.end - scanner->offset);
	scanner->offset += *out_used;
	return CH_OK;
}

/* ---- Cutting ---- */

/* Lists the values between marks that are known: the words hold a bit for each. */
static void scanner_list(struct scanner *scanner, size_t len, const uint64_t *words)
{
	struct segment *segment = &scanner->segment;
	const uint8_t component = scanner->walker.marks.component;
	const uint8_t *start = segment->bytes;
	struct segment_element *element = NULL; /* the open one; NULL: the tag */
	struct slice *value = segment->values;
	segment->element_count = 0;
	segment->value_count = 0;
	segment->form = SEGMENT_LISTED;
	for (size_t at = 0; at < len; at += SIGHT_BYTES) {
		for (uint64_t cuts = words[at / SIGHT_BYTES]; cuts != 0; cuts &= cuts - 1) {
			const uint8_t *mark = segment->bytes + at + __builtin_ctzll(cuts);
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
				element->count = (uint16_t)(next.first - element->first);
				next.number = (uint16_t)(element->number + 1);
				element++;
			}
			*element = next;
		}
	}
	if (element == NULL)
		return;
	*value++ = slice_of(start, (size_t)(segment->bytes + len - start));
	segment->value_count = (uint16_t)(value - segment->values);
	segment->element_count = (uint16_t)(element - segment->elements + 1);
	element->count = (uint16_t)(segment->value_count - element->first);
}

void scanner_cut(struct scanner *scanner)
{
	if (scanner->segment.form == SEGMENT_CLOSED)
		scanner_list(scanner, scanner->closed_len, scanner->closed_cuts);
}

/* Any form becomes the listed one. */
static void scanner_cut_all(struct scanner *scanner)
{
	const struct segment *segment = &scanner->segment;
	if (segment->form == SEGMENT_PLAIN) {
		size_t len = (size_t)(segment->end - segment->offset) - 1;
		uint64_t cuts = segment->cuts & ~(UINT64_C(1) << len);
		scanner_list(scanner, len, &cuts);
	}
	scanner_cut(scanner);
}

enum ch_status scanner_next(struct scanner *scanner, struct slice window, bool last,
	const struct segment **out_segment, size_t *out_used)
{
	scanner_forget(scanner); /* what is at the same place now may be more */
	enum ch_status status = scanner_find(scanner, window, last, out_used);
	if (status != CH_OK)
		return status;
	scanner_cut_all(scanner);
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

enum ch_status scanner_take(
	struct scanner *scanner, struct slice *rest, const struct segment **out_segment)
{
	enum ch_status status = scanner_pass(scanner, rest, out_segment);
	if (status == CH_OK)
		scanner_cut_all(scanner);
	return status;
}

struct segment *scanner_segment(struct scanner *scanner)
{
	return &scanner->segment;
}

/* ---- Seams ---- */

struct seam scanner_seam(const struct scanner *scanner, uint64_t message_offset)
{
	const struct segment *segment = &scanner->segment;
	bool plain = segment->form == SEGMENT_PLAIN;
	return (struct seam){.cuts = plain ? segment->cuts : 0,
		.opens = plain ? segment->opens : 0,
		.name = segment->name,
		.at = (uint32_t)(segment->offset - message_offset)};
}

size_t scanner_sweep(struct scanner *scanner, struct slice *rest, uint64_t message_offset,
	struct seam *out_seams, size_t room)
{
	/* Whether a blank is skipped that is a mark as well, others know. */
	if (rest->len == 0 || is_blank(scanner->walker.marks.element))
		return 0;
	const uint8_t *const begin = rest->data;
	const uint8_t *const end = begin + rest->len;
	const uint8_t *at = begin;
	const uint32_t before = (uint32_t)(scanner->offset - message_offset);
	struct view view = scanner->view;
	size_t count = 0;
	while (count < room) {
		struct seam *seam = &out_seams[count];
		const uint8_t *start = at;
		if (end - start > 2 && start[0] == '\r' && start[1] == '\n')
			start += 2; /* as most have it */
		while (start < end && is_blank(*start))
			start++;
		if (end - start < 2 || (start[0] == 'U' && start[1] == 'N') ||
			!plain_find(&view, scanner, start, (size_t)(end - start), seam))
			break;
		seam->at = before + (uint32_t)(start - begin);
		at = start + SIGHT_BYTES - (size_t)__builtin_clzll(seam->cuts);
		count++;
	}
	scanner->view = view;
	scanner->offset += (size_t)(at - begin);
	*rest = slice_of(at, (size_t)(end - at));
	return count;
}

enum ch_status scanner_recall(struct scanner *scanner, const struct seam *seam, uint32_t position,
	struct slice message, uint64_t message_offset, const struct segment **out_segment)
{
	*out_segment = &scanner->segment;
	if (seam->cuts != 0) {
		segment_become(&scanner->segment, seam, message.data + seam->at,
			message_offset + seam->at);
		scanner->segment.position = position;
		return CH_OK;
	}
	struct slice rest = slice_sub(message, seam->at, message.len);
	scanner->offset = message_offset + seam->at;
	enum ch_status status = scanner_pass(scanner, &rest, out_segment);
	scanner_cut(scanner);
	scanner->segment.position = position;
	return status == CH_OK || status == CH_NOMEM ? status : CH_INTERNAL;
}

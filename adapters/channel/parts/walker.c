#include "channel/parts/walker.h"

#include "base/text.h"

void walker_fini(struct walker *walker)
{
	for (size_t i = 0; i < CHARSETS; i++)
		charset_close(walker->decoders[i]);
	buffer_fini(&walker->text);
	buffer_fini(&walker->decoded);
}

void walker_set_marks(struct walker *walker, const struct marks *marks)
{
	if (memcmp(&walker->marks, marks, sizeof(*marks)) == 0)
		return; /* messages of an interchange have the same ones */
	walker->marks = *marks;
	for (unsigned c = 0; c < 256; c++)
		walker->special[c] = c < 0x20 || c >= 0x7f;
	walker->special[marks->component] = true;
	walker->special[marks->element] = true;
	walker->special[marks->release] = true;
	walker->special[marks->repetition] = true;
	walker->special[marks->terminator] = true;
}

enum ch_status walker_set_charset(struct walker *walker, enum charset charset)
{
	enum ch_status status = CH_OK;
	if (walker->decoders[charset] == NULL)
		status = charset_open(charset, &walker->decoders[charset]);
	if (status != CH_OK)
		return status;
	walker->wide = true;
	walker->charset = charset;
	return CH_OK;
}

/* U+0080 to U+009F. */
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

bool walker_takes(const struct walker *walker, struct slice text)
{
	return walker->wide && walker->charset == CHARSET_UTF8 && text_is_utf8(text) &&
	       !has_c1(text);
}

/* A walk over the bytes of one segment.  A value is a piece of the window as long as it can be; from the
 * first released or dropped byte on it is put together in `text`. */
struct walk {
	struct walker *walker;
	struct segment *segment;
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
	struct segment *segment = walk->segment;
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
	struct buffer *text = &walk->walker->text;
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
	struct walker *walker = walk->walker;
	struct buffer *text = &walker->text;
	size_t bad = 0;
	if (!walk->apart && walker_takes(walker, *value))
		return;
	walk_part(walk);
	struct slice raw = slice_of(text->data + walk->head, text->len - walk->head);
	if (!walker->wide) {
		walk_flaw(walk, FLAW_CHARACTER, walk->start);
		text->len = walk->head;
		return;
	}
	buffer_clear(&walker->decoded);
	enum ch_status status =
		charset_decode(walker->decoders[walker->charset], raw, &walker->decoded, &bad);
	struct slice decoded = buffer_slice(&walker->decoded);
	text->len = walk->head;
	if (status == CH_NOMEM || walker->decoded.status != CH_OK)
		text->status = CH_NOMEM;
	else if (status != CH_OK || has_c1(decoded))
		walk_flaw(walk, FLAW_CHARACTER, walk->start + bad);
	else
		buffer_append_slice(text, decoded);
}

/* Values in `text` are noted by where they begin, for it may still move: data is NULL until the end. */
static void walk_end_value(struct walk *walk)
{
	struct segment *segment = walk->segment;
	struct slice value = slice_of(walk->window.data + walk->start, walk->at - walk->start);
	if (walk->high)
		walk_decode(walk, &value);
	if (walk->apart)
		value = slice_of(NULL, walk->walker->text.len - walk->head);
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
	struct segment *segment = walk->segment;
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
	const struct marks *marks = &walk->walker->marks;
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
		buffer_append_byte(&walk->walker->text, c);
	return true;
}

/* What is released, beyond line ends.  False: it is not in the window. */
static bool walk_release(struct walk *walk)
{
	walk_part(walk);
	while (++walk->at < walk->window.len) {
		uint8_t c = walk->window.data[walk->at];
		if ((c == '\r' || c == '\n') && c != walk->walker->marks.terminator)
			continue;
		walk->high = walk->high || c >= 0x80;
		buffer_append_byte(&walk->walker->text, c);
		return true;
	}
	return false;
}

/* CH_OK: a segment ends at walk->at. */
static enum ch_status walk_segment(struct walk *walk)
{
	const struct walker *walker = walk->walker;
	const struct marks *marks = &walker->marks;
	for (; walk->at < walk->window.len; walk->at++) {
		uint8_t c = walk->window.data[walk->at];
		if (!walker->special[c]) {
			if (walk->apart)
				buffer_append_byte(&walk->walker->text, c);
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

/* Rare, and kept apart from what is not. */
__attribute__((cold)) enum ch_status walker_cut(
	struct walker *walker, struct slice window, struct segment *segment, size_t *out_len)
{
	struct walk walk = {.walker = walker, .segment = segment, .window = window};
	if (window.len == 0 || memchr(window.data, walker->marks.terminator, window.len) == NULL)
		return CH_END;
	buffer_clear(&walker->text);
	enum ch_status status = walk_segment(&walk);
	if (status == CH_OK && walker->text.status != CH_OK)
		status = CH_NOMEM;
	if (status != CH_OK)
		return status;
	segment_settle(segment, &walker->text);
	*out_len = walk.at;
	return CH_OK;
}

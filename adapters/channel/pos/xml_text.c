#include "channel/pos/xml_text.h"

#include <stdio.h>
#include <stdlib.h>

#include "kit/charset.h"

#define HEAD_BYTES 256u
#define NAME_BYTES 32u

struct xml_text {
	struct buffer head;              /* until the encoding is known */
	struct charset_decoder *decoder; /* NULL until then */
	bool passes;
	bool refused;
	char name[NAME_BYTES]; /* as the file declares it */
};

enum ch_status xml_text_create(struct xml_text **out_text)
{
	struct xml_text *text = calloc(1, sizeof(*text));
	if (text == NULL)
		return CH_NOMEM;
	*out_text = text;
	return CH_OK;
}

void xml_text_free(struct xml_text *text)
{
	if (text == NULL)
		return;
	charset_close(text->decoder);
	buffer_fini(&text->head);
	free(text);
}

bool xml_text_passes(const struct xml_text *text)
{
	return text->passes;
}

/* ---- What it is in ---- */

static bool xml_text_is_name_byte(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

/* The encoding that the XML declaration names, as C text; "" when it names none. */
static void xml_text_declared(struct slice head, char out_name[NAME_BYTES])
{
	static const char key[] = "encoding";
	size_t len = 0;
	out_name[0] = '\0';
	if (!slice_starts(head, SLICE_LITERAL("<?xml")) || head.len < 6 ||
		xml_text_is_name_byte(head.data[5])) /* "<?xml-stylesheet" */
		return;
	const uint8_t *end = memmem(head.data, head.len, "?>", 2);
	const uint8_t *at = memmem(head.data, head.len, key, sizeof(key) - 1);
	if (end == NULL || at == NULL || at > end)
		return;
	at += sizeof(key) - 1;
	while (at < end && *at != '"' && *at != '\'')
		at++;
	for (at++; at < end && len < NAME_BYTES - 1 && xml_text_is_name_byte(*at); at++)
		out_name[len++] = (char)*at;
	out_name[len] = '\0';
}

/* UTF-16 without its mark begins with "<" and a NUL. */
static bool xml_text_is_utf16(struct slice head, enum charset *out_charset)
{
	if (head.len < 2 || head.data[0] + head.data[1] != '<' ||
		(head.data[0] != 0 && head.data[1] != 0))
		return false;
	*out_charset = head.data[0] == '<' ? CHARSET_UTF16LE : CHARSET_UTF16BE;
	return true;
}

static enum ch_status xml_text_open(
	struct xml_text *text, enum charset charset, char out_reason[XML_TEXT_REASON_BYTES])
{
	enum ch_status status = charset_open(charset, &text->decoder);
	if (text->name[0] == '\0')
		(void)snprintf(text->name, sizeof(text->name), "%s", charset_name(charset));
	text->passes = status == CH_OK && charset == CHARSET_UTF8;
	if (status != CH_UNSUPPORTED)
		return status;
	(void)snprintf(out_reason, XML_TEXT_REASON_BYTES, "no converter from %s on this machine",
		charset_name(charset));
	return CH_FORMAT;
}

static enum ch_status xml_text_settle(
	struct xml_text *text, size_t *out_drop, char out_reason[XML_TEXT_REASON_BYTES])
{
	/* No more than what there must be, however much came at once. */
	struct slice head = slice_sub(buffer_slice(&text->head), 0, HEAD_BYTES);
	enum charset charset = CHARSET_UTF8;
	*out_drop = 0;
	bool known = charset_mark(head, &charset, out_drop) || xml_text_is_utf16(head, &charset);
	/* Behind the mark of UTF-8 a declaration may still say that it is something else; the mark wins. */
	if (!known) {
		xml_text_declared(head, text->name);
		if (text->name[0] != '\0' &&
			charset_parse(slice_text(text->name), &charset) != CH_OK) {
			(void)snprintf(out_reason, XML_TEXT_REASON_BYTES, "encoding %s is not read",
				text->name);
			return CH_FORMAT;
		}
	}
	return xml_text_open(text, charset, out_reason);
}

/* ---- Its bytes ---- */

static enum ch_status xml_text_put(struct xml_text *text, struct slice raw, struct buffer *out,
	char out_reason[XML_TEXT_REASON_BYTES])
{
	enum ch_status status = charset_decode_part(text->decoder, raw, out);
	if (status == CH_FORMAT)
		(void)snprintf(
			out_reason, XML_TEXT_REASON_BYTES, "bytes that are not %s", text->name);
	return status;
}

static enum ch_status xml_text_flush_head(
	struct xml_text *text, struct buffer *out, char out_reason[XML_TEXT_REASON_BYTES])
{
	size_t drop;
	enum ch_status status = xml_text_settle(text, &drop, out_reason);
	if (status != CH_OK)
		return status;
	struct slice head = buffer_slice(&text->head);
	status = xml_text_put(text, slice_sub(head, drop, head.len), out, out_reason);
	buffer_fini(&text->head);
	return status;
}

enum ch_status xml_text_feed(struct xml_text *text, struct slice raw, struct buffer *out,
	char out_reason[XML_TEXT_REASON_BYTES])
{
	enum ch_status status = CH_OK;
	if (text->refused)
		return CH_FORMAT;
	if (text->decoder != NULL) {
		status = xml_text_put(text, raw, out, out_reason);
	} else {
		buffer_append_slice(&text->head, raw);
		struct slice head = buffer_slice(&text->head);
		status = text->head.status;
		if (status == CH_OK &&
			(head.len >= HEAD_BYTES ||
				(head.len >= 4 && memmem(head.data, head.len, "?>", 2) != NULL)))
			status = xml_text_flush_head(text, out, out_reason);
	}
	text->refused = status == CH_FORMAT;
	return status;
}

enum ch_status xml_text_end(
	struct xml_text *text, struct buffer *out, char out_reason[XML_TEXT_REASON_BYTES])
{
	if (text->refused)
		return CH_FORMAT;
	if (text->decoder == NULL) {
		enum ch_status status = xml_text_flush_head(text, out, out_reason);
		if (status != CH_OK)
			return status;
	}
	if (!charset_is_cut(text->decoder))
		return CH_OK;
	(void)snprintf(out_reason, XML_TEXT_REASON_BYTES, "a %s character is cut off", text->name);
	return CH_FORMAT;
}

/* The bytes of an XML file as UTF-8.
 *
 * A byte order mark decides what they are in, else the XML declaration, else it is UTF-8.  What a declaration
 * names and kit/charset.h does not read is refused by name.  UTF-8 itself is passed on as it is: the XML
 * parser checks it. */
#ifndef POS_XML_TEXT_H
#define POS_XML_TEXT_H

#include <stdbool.h>

#include "base/slice.h"

#define XML_TEXT_REASON_BYTES 96

struct xml_text;

enum ch_status xml_text_create(struct xml_text **out_text); /* CH_NOMEM */
void xml_text_free(struct xml_text *text);

/* Appends the next bytes, as UTF-8 and without a byte order mark; up to 256 bytes are held back until
 * the encoding is known.  CH_FORMAT: an encoding that is not read, or bytes that are not of it, with
 * `out_reason` half a sentence about it; CH_NOMEM. */
enum ch_status xml_text_feed(struct xml_text *text, struct slice raw, struct buffer *out,
	char out_reason[XML_TEXT_REASON_BYTES]);

/* No more bytes will come: what was held back is appended.  CH_FORMAT: a character is cut off. */
enum ch_status xml_text_end(
	struct xml_text *text, struct buffer *out, char out_reason[XML_TEXT_REASON_BYTES]);

/* True once the bytes need no conversion: the caller may then use them where they lie. */
bool xml_text_passes(const struct xml_text *text);

#endif

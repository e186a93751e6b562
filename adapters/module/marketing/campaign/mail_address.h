/* Which mailbox a mail may be addressed to, and how one is written in a header.
 *
 * An address comes out of a record, and a record from strangers: what could end a command or a header line, or
 * say more than one mailbox, is no address here, whatever RFC 5321 would allow between quotes. */
#ifndef MARKETING_MAIL_ADDRESS_H
#define MARKETING_MAIL_ADDRESS_H

#include <stdbool.h>

#include "base/slice.h"

/* RFC 5321: 64 before the @, 255 behind it, 254 in all (RFC 3696, erratum 1690). */
#define MAIL_ADDRESS_BYTES 254u

/* NULL: a dot-atom (RFC 5322, with RFC 6531 also letters of other scripts), one @, a domain of at least two labels
 * that has a name in ASCII (IDNA2008 after UTS #46); else why it is none: "has a line break in it".  Constant
 * text, without the address.  `out` is what goes over the wire: the domain in ASCII, the rest as it is; NULL: not
 * wanted. */
const char *mail_address_read(struct slice address, char out[MAIL_ADDRESS_BYTES + 1]);
const char *mail_address_fault(struct slice address);

/* One that is not wants a server with SMTPUTF8 (RFC 6531). */
bool mail_address_is_ascii(struct slice address);

/* NULL: what may stand between angle brackets as a link; else why not. */
const char *mail_link_fault(struct slice link);

/* Appends an RFC 2047 unstructured text: as it is when it is plain ASCII, else as encoded-words of UTF-8 in
 * base64, none over 75 characters, no character cut in two, one a line.  `column` is how much of the line is
 * taken.  Control characters become blanks. */
void mail_text_encode(struct slice text, size_t column, struct buffer *out);

/* Appends `"Name" <address>`, or the address alone; the name as a quoted string or encoded-words. */
void mail_mailbox_encode(
	struct slice name, struct slice address, size_t column, struct buffer *out);

/* Appends base64 in lines of 76 that end in CR LF (RFC 2045). */
void mail_base64(struct slice bytes, struct buffer *out);

#endif

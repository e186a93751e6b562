#include "module/marketing/campaign/mail_address.h"

#include <idn2.h>
#include <stdio.h>
#include <utf8proc.h>

#include "base/text.h"

static bool address_is_alnum(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 5322's atext. */
static bool address_is_atext(uint8_t c)
{
	return address_is_alnum(c) || (c != 0 && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Letters, marks, digits and signs of whatever script: nothing that is blank, unseen or unassigned. */
static bool address_is_visible(int32_t character)
{
	switch (utf8proc_category(character)) {
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_ZS:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return false;
	default:
		return true;
	}
}

static const char *address_local_fault(struct slice local)
{
	if (local.len == 0 || local.len > 64)
		return "has nothing, or more than 64 bytes, before the @";
	if (local.data[0] == '.' || local.data[local.len - 1] == '.')
		return "has a dot where none may be";
	for (size_t i = 0; i < local.len;) {
		int32_t character = -1;
		utf8proc_ssize_t len = utf8proc_iterate(
			local.data + i, (utf8proc_ssize_t)(local.len - i), &character);
		if (len < 1)
			return "is not UTF-8";
		if (character == '.' && local.data[i - 1] == '.')
			return "has a dot where none may be";
		bool fine = character < 0x80 ? character == '.' || address_is_atext(local.data[i])
					     : address_is_visible(character);
		if (!fine)
			return "has a character that may not be before the @";
		i += (size_t)len;
	}
	return NULL;
}

static const char *address_domain_fault(struct slice domain)
{
	struct slice label;
	unsigned labels = 0;
	while (text_split(&domain, '.', &label)) {
		labels++;
		if (label.len == 0 || label.len > 63 || label.data[0] == '-' ||
			label.data[label.len - 1] == '-')
			return "has no domain behind the @";
		for (size_t i = 0; i < label.len; i++) {
			if (!address_is_alnum(label.data[i]) && label.data[i] != '-')
				return "has no domain behind the @";
		}
	}
	return labels < 2 ? "has no domain behind the @" : NULL;
}

/* The domain's name in ASCII into `out`, which it must fit. */
static const char *address_domain(struct slice domain, size_t room, char *out)
{
	char plain[MAIL_ADDRESS_BYTES + 1];
	char *ascii = NULL;
	const char *fault = NULL;
	if (domain.len == 0)
		return "has no domain behind the @";
	memcpy(plain, domain.data, domain.len);
	plain[domain.len] = 0;
	const char *name = plain;
	if (!mail_address_is_ascii(domain)) {
		/* Not with its rules for ASCII: what they forbid is left out, and another name comes of it. */
		if (idn2_to_ascii_8z(plain, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) !=
			IDN2_OK)
			return "has a domain that is none in any script";
		name = ascii;
	}
	fault = address_domain_fault(slice_text(name));
	if (fault == NULL && strlen(name) >= room)
		fault = "is longer than 254 characters";
	if (fault == NULL)
		(void)snprintf(out, room, "%s", name);
	idn2_free(ascii);
	return fault;
}

bool mail_address_is_ascii(struct slice address)
{
	for (size_t i = 0; i < address.len; i++) {
		if (address.data[i] >= 0x80)
			return false;
	}
	return true;
}

const char *mail_address_read(struct slice address, char out[MAIL_ADDRESS_BYTES + 1])
{
	char wire[MAIL_ADDRESS_BYTES + 1];
	size_t at = 0;
	unsigned ats = 0;
	if (address.len == 0)
		return "is empty";
	if (address.len > MAIL_ADDRESS_BYTES)
		return "is longer than 254 characters";
	for (size_t i = 0; i < address.len; i++) {
		uint8_t c = address.data[i];
		if (c == '\r' || c == '\n')
			return "has a line break in it";
		if (c < 0x21 || c == 0x7f)
			return "has a blank or control character in it";
		if (c == '@') {
			at = i;
			ats++;
		}
	}
	if (ats != 1)
		return ats == 0 ? "has no @" : "has more than one @";
	const char *fault = address_local_fault(slice_sub(address, 0, at));
	if (fault == NULL) {
		memcpy(wire, address.data, at + 1);
		fault = address_domain(slice_sub(address, at + 1, address.len),
			sizeof(wire) - (at + 1), wire + at + 1);
	}
	if (fault == NULL && out != NULL)
		memcpy(out, wire, strlen(wire) + 1);
	return fault;
}

const char *mail_address_fault(struct slice address)
{
	return mail_address_read(address, NULL);
}

const char *mail_link_fault(struct slice link)
{
	for (size_t i = 0; i < link.len; i++) {
		if (link.data[i] <= 0x20 || link.data[i] >= 0x7f ||
			strchr("<>\"{}|\\^`", link.data[i]) != NULL)
			return "has a character that may not be in a link";
	}
	return NULL;
}

/* ---- base64 ---- */

static void base64_put(struct slice bytes, struct buffer *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < bytes.len; i += 3) {
		size_t left = bytes.len - i;
		uint32_t three = (uint32_t)bytes.data[i] << 16;
		three |= left > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0;
		three |= left > 2 ? bytes.data[i + 2] : 0;
		const char four[4] = {digits[three >> 18], digits[three >> 12 & 63],
			left > 1 ? digits[three >> 6 & 63] : '=',
			left > 2 ? digits[three & 63] : '='};
		buffer_append(out, four, sizeof(four));
	}
}

void mail_base64(struct slice bytes, struct buffer *out)
{
	const size_t line = 57; /* 76 characters */
	for (size_t at = 0; at < bytes.len; at += line) {
		base64_put(slice_sub(bytes, at, line), out);
		buffer_append_text(out, "\r\n");
	}
}

/* ---- RFC 2047 ---- */

#define ENCODED_WORD      75u
#define ENCODED_OVERHEAD  12u /* =?UTF-8?B? and ?= */
#define HEADER_LINE       76u
#define ENCODED_WORD_MOST (((ENCODED_WORD - ENCODED_OVERHEAD) / 4) * 3)

static bool encode_is_plain(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < 0x20 || text.data[i] >= 0x7f)
			return false;
	}
	/* What looks like an encoded-word would be read as one. */
	return text.len == 0 || memmem(text.data, text.len, "=?", 2) == NULL;
}

/* How many bytes of whole characters fit into `most`; at least one character. */
static size_t encode_whole(struct slice text, size_t most)
{
	size_t len = text.len < most ? text.len : most;
	while (len < text.len && len > 1 && (text.data[len] & 0xc0) == 0x80)
		len--;
	return len;
}

static void encode_word(struct slice part, struct buffer *out)
{
	uint8_t clean[ENCODED_WORD_MOST];
	for (size_t i = 0; i < part.len; i++)
		clean[i] = part.data[i] < 0x20 || part.data[i] == 0x7f ? ' ' : part.data[i];
	buffer_append_text(out, "=?UTF-8?B?");
	base64_put(slice_of(clean, part.len), out);
	buffer_append_text(out, "?=");
}

static void encode_words(struct slice text, size_t column, struct buffer *out)
{
	while (text.len > 0) {
		size_t room = column + ENCODED_OVERHEAD + 4 < HEADER_LINE
				      ? (HEADER_LINE - column - ENCODED_OVERHEAD) / 4 * 3
				      : 0;
		room = room < ENCODED_WORD_MOST ? room : ENCODED_WORD_MOST;
		if (room >= 6) {
			size_t len = encode_whole(text, room);
			encode_word(slice_sub(text, 0, len), out);
			text = slice_sub(text, len, text.len);
		}
		if (text.len > 0)
			buffer_append_text(out, "\r\n ");
		column = 1;
	}
}

void mail_text_encode(struct slice text, size_t column, struct buffer *out)
{
	/* A long line of plain text may be folded only at blanks, of which there may be none: encoded it
	 * folds anywhere. */
	if (encode_is_plain(text) && column + text.len <= HEADER_LINE)
		buffer_append_slice(out, text);
	else
		encode_words(text, column, out);
}

void mail_mailbox_encode(struct slice name, struct slice address, size_t column, struct buffer *out)
{
	if (name.len == 0) {
		buffer_append_slice(out, address);
		return;
	}
	bool quotes = encode_is_plain(name) && memchr(name.data, '"', name.len) == NULL &&
		      memchr(name.data, '\\', name.len) == NULL &&
		      column + name.len + 2 <= HEADER_LINE;
	if (quotes) {
		buffer_append_byte(out, '"');
		buffer_append_slice(out, name);
		buffer_append_byte(out, '"');
	} else {
		encode_words(name, column, out);
	}
	buffer_append_text(out, "\r\n <");
	buffer_append_slice(out, address);
	buffer_append_byte(out, '>');
}

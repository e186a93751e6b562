#include "channel/repair/contacts.h"

#include "channel/repair/row.h"

/* The shortest subscriber number with its area left out: seven digits in China and North America. */
#define PHONE_DIGITS_MIN 7u

/* Length of the separator at the front of `text`, else 0. */
static size_t contacts_separator(struct slice text, bool blanks)
{
	static const char *const separators[] = {
		"/", ";", ",", "|", "\n", "\r", "、", "；", "，", "／"};
	for (size_t i = 0; i < sizeof(separators) / sizeof(*separators); i++) {
		if (slice_starts(text, slice_text(separators[i])))
			return strlen(separators[i]);
	}
	if (blanks && slice_starts(text, SLICE_LITERAL("\xE3\x80\x80")))
		return 3;
	return blanks && (text.data[0] == ' ' || text.data[0] == '\t');
}

/* 0 to 9 for an ASCII or full-width digit at the front of `text`, else -1; *out_len is its length. */
static int contacts_digit(struct slice text, size_t *out_len)
{
	*out_len = 1;
	if (text.data[0] >= '0' && text.data[0] <= '9')
		return text.data[0] - '0';
	if (text.len >= 3 && text.data[0] == 0xef && text.data[1] == 0xbc && text.data[2] >= 0x90 &&
		text.data[2] <= 0x99) {
		*out_len = 3;
		return text.data[2] - 0x90;
	}
	return -1;
}

/* What may stand in a number beside its digits: punctuation, and the words for an extension. */
static size_t contacts_phone_filler(struct slice text)
{
	static const char *const fillers[] = {"+", "-", "(", ")", ".", " ", "#", "转", "分机",
		"ext.", "ext", "Ext.", "Ext", "x", "＋", "－", "（", "）", "—", "\xE3\x80\x80"};
	for (size_t i = 0; i < sizeof(fillers) / sizeof(*fillers); i++) {
		if (slice_starts(text, slice_text(fillers[i])))
			return strlen(fillers[i]);
	}
	return 0;
}

/* A number that could be called as it stands, with at most an extension behind it. */
static bool contacts_is_whole_phone(struct slice text)
{
	size_t digits = 0;
	for (size_t at = 0; at < text.len;) {
		struct slice rest = slice_sub(text, at, text.len);
		size_t len;
		bool digit = contacts_digit(rest, &len) >= 0;
		if (!digit)
			len = contacts_phone_filler(rest);
		if (len == 0)
			return false;
		/* What follows the word for an extension does not make it whole. */
		if (!digit && len > 1 && digits < PHONE_DIGITS_MIN &&
			(slice_starts(rest, SLICE_LITERAL("转")) ||
				slice_starts(rest, SLICE_LITERAL("分机"))))
			return false;
		digits += digit;
		at += len;
	}
	return digits >= PHONE_DIGITS_MIN;
}

static bool contacts_is_whole_email(struct slice text)
{
	const uint8_t *at = text.len > 0 ? memchr(text.data, '@', text.len) : NULL;
	return at != NULL && at > text.data && at + 1 < text.data + text.len;
}

/* Cuts at every separator; 0 when a part is not whole or there are too many. */
static size_t contacts_cut(struct slice text, bool blanks, bool (*is_whole)(struct slice),
	struct slice out_parts[CONTACTS_MAX])
{
	size_t count = 0;
	size_t from = 0;
	for (size_t at = 0; at <= text.len; at++) {
		size_t len = at < text.len
				     ? contacts_separator(slice_sub(text, at, text.len), blanks)
				     : 1;
		if (len == 0)
			continue;
		struct slice part = row_trim(slice_sub(text, from, at - from));
		from = at + len;
		at += len - 1;
		if (part.len == 0)
			continue; /* two separators in a row */
		if (count == CONTACTS_MAX || !is_whole(part))
			return 0;
		out_parts[count++] = part;
	}
	return count;
}

static size_t contacts_split(
	struct slice text, bool (*is_whole)(struct slice), struct slice out_parts[CONTACTS_MAX])
{
	text = row_trim(text);
	if (text.len == 0)
		return 0;
	/* Blanks stand inside numbers too: they part two numbers only where nothing else is left over. */
	size_t count = contacts_cut(text, true, is_whole, out_parts);
	if (count == 0)
		count = contacts_cut(text, false, is_whole, out_parts);
	if (count == 0) {
		out_parts[0] = text;
		count = 1;
	}
	return count;
}

size_t contacts_split_phones(struct slice text, struct slice out_parts[CONTACTS_MAX])
{
	return contacts_split(text, contacts_is_whole_phone, out_parts);
}

size_t contacts_split_emails(struct slice text, struct slice out_parts[CONTACTS_MAX])
{
	return contacts_split(text, contacts_is_whole_email, out_parts);
}

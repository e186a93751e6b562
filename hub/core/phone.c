#include "core/phone.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/hash.h"

/* Longer is no number, however it is written. */
#define PHONE_RAW_BYTES 64u
#define PHONE_CACHE     65536u /* slots, a power of two */

enum verdict { VERDICT_UNKNOWN, VERDICT_VALID, VERDICT_INVALID };

struct phone_slot {
	uint64_t hash; /* 0: empty */
	char region[2];
	uint8_t verdict;
	uint8_t raw_len;
	char raw[PHONE_RAW_BYTES];
	char e164[PHONE_BYTES];
};

struct phones {
	/* A mainland mobile is 1 and ten digits; which of them exist is told by the first five. */
	uint8_t mobile_prefixes[10000];
	struct phone_slot slots[PHONE_CACHE];
};

enum ch_status phones_create(struct phones **out_phones)
{
	struct phones *phones = calloc(1, sizeof(*phones));
	if (phones == NULL)
		return CH_NOMEM;
	*out_phones = phones;
	return CH_OK;
}

void phones_free(struct phones *phones)
{
	free(phones);
}

/* The eleven digits of a mainland mobile, from "13912345678" (region CN) or "+8613912345678". */
static const char *phone_mainland_mobile(struct slice raw, const char region[3])
{
	const char *digits = (const char *)raw.data;
	if (raw.len == 14 && memcmp(digits, "+86", 3) == 0)
		digits += 3;
	else if (raw.len != 11 || memcmp(region, "CN", 2) != 0)
		return NULL;
	if (digits[0] != '1')
		return NULL;
	for (int i = 1; i < 11; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return NULL;
	}
	return digits;
}

static enum ch_status phone_mobile(struct phones *phones, const char *digits, char *out_e164)
{
	unsigned prefix = 0;
	for (int i = 1; i < 5; i++)
		prefix = prefix * 10 + (unsigned)(digits[i] - '0');
	char e164[PHONE_BYTES];
	memcpy(e164, "+86", 3);
	memcpy(e164 + 3, digits, 11);
	e164[14] = 0;
	uint8_t *verdict = &phones->mobile_prefixes[prefix];
	if (*verdict == VERDICT_UNKNOWN) {
		char same[PHONE_BYTES];
		enum ch_status status = phone_lib_normalize(e164, "CN", same);
		if (status == CH_NOMEM)
			return status;
		*verdict = status == CH_OK && strcmp(same, e164) == 0 ? VERDICT_VALID
								      : VERDICT_INVALID;
	}
	if (*verdict == VERDICT_INVALID)
		return CH_INVALID;
	memcpy(out_e164, e164, sizeof(e164));
	return CH_OK;
}

/* Letters are fine as a mark only: of a telephone URI, of an extension. */
static bool phone_spells_nothing(const char *text)
{
	static const char *const marks[] = {
		"tel:", ";phone-context=", "extension", "extn", "ext", "x"};
	for (const char *p = text; *p != 0;) {
		unsigned char c = (unsigned char)(*p | 32);
		size_t taken = 0;
		for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]) && taken == 0; i++) {
			if (strncasecmp(p, marks[i], strlen(marks[i])) == 0)
				taken = strlen(marks[i]);
		}
		if (taken == 0 && c >= 'a' && c <= 'z')
			return false;
		p += taken > 0 ? taken : 1;
	}
	return true;
}

/* The library knows "ext." but not the Chinese words for it; and letters spell a vanity number, which
 * must never merge anybody. */
static enum ch_status phone_prepare(struct slice raw, char text[PHONE_RAW_BYTES * 2])
{
	static const struct {
		const char *word;
		const char *stands_for;
	} words[] = {{"分机", " ext. "}, {"转", " ext. "}, {"轉", " ext. "}, {"內線", " ext. "},
		{"内线", " ext. "}};
	size_t len = 0;
	for (size_t at = 0; at < raw.len;) {
		size_t taken = 0;
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && taken == 0; i++) {
			struct slice rest = slice_sub(raw, at, raw.len);
			if (!slice_starts(rest, slice_text(words[i].word)))
				continue;
			taken = strlen(words[i].word);
			if (len + 8 >= PHONE_RAW_BYTES * 2)
				return CH_INVALID;
			len += (size_t)sprintf(text + len, "%s", words[i].stands_for);
		}
		if (taken == 0) {
			if (len + 1 >= PHONE_RAW_BYTES * 2)
				return CH_INVALID;
			text[len++] = (char)raw.data[at];
			taken = 1;
		}
		at += taken;
	}
	text[len] = 0;
	return phone_spells_nothing(text) ? CH_OK : CH_INVALID;
}

static enum ch_status phone_ask(struct slice raw, const char region[3], char *out_e164)
{
	char text[PHONE_RAW_BYTES * 2];
	enum ch_status status = phone_prepare(raw, text);
	return status == CH_OK ? phone_lib_normalize(text, region, out_e164) : status;
}

enum ch_status phone_normalize(
	struct phones *phones, struct slice raw, const char region[3], char out_e164[PHONE_BYTES])
{
	if (raw.len == 0 || raw.len > PHONE_RAW_BYTES || memchr(raw.data, 0, raw.len) != NULL)
		return CH_INVALID;
	const char *mobile = phone_mainland_mobile(raw, region);
	if (mobile != NULL)
		return phone_mobile(phones, mobile, out_e164);
	uint64_t hash =
		hash_bytes(raw.data, raw.len, hash_seed() ^ (uint64_t)(region[0] << 8 | region[1]));
	hash = hash != 0 ? hash : 1;
	struct phone_slot *slot = &phones->slots[hash & (PHONE_CACHE - 1)];
	if (slot->hash != hash || slot->raw_len != raw.len ||
		memcmp(slot->region, region, 2) != 0 || memcmp(slot->raw, raw.data, raw.len) != 0) {
		enum ch_status status = phone_ask(raw, region, slot->e164);
		slot->hash = 0; /* the newer form takes the place of the older */
		if (status == CH_NOMEM)
			return status;
		slot->verdict = status == CH_OK ? VERDICT_VALID : VERDICT_INVALID;
		slot->raw_len = (uint8_t)raw.len;
		memcpy(slot->region, region, 2);
		memcpy(slot->raw, raw.data, raw.len);
		slot->hash = hash;
	}
	if (slot->verdict == VERDICT_INVALID)
		return CH_INVALID;
	memcpy(out_e164, slot->e164, PHONE_BYTES);
	return CH_OK;
}

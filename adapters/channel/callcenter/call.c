#include "channel/callcenter/call.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "channel/callcenter/ami.h"

enum call_disposition call_disposition(struct slice word)
{
	static const struct {
		const char *word;
		enum call_disposition disposition;
	} words[] = {
		{"ANSWERED", DISPOSITION_ANSWERED},
		{"NO ANSWER", DISPOSITION_NO_ANSWER},
		{"NOANSWER", DISPOSITION_NO_ANSWER},
		{"BUSY", DISPOSITION_BUSY},
		{"FAILED", DISPOSITION_FAILED},
		{"CONGESTION", DISPOSITION_CONGESTION},
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (ami_is(word, words[i].word))
			return words[i].disposition;
	}
	return DISPOSITION_UNKNOWN;
}

struct slice call_system(struct slice uniqueid)
{
	const uint8_t *dash = uniqueid.len > 0 ? memrchr(uniqueid.data, '-', uniqueid.len) : NULL;
	const uint8_t *point = uniqueid.len > 0 ? memrchr(uniqueid.data, '.', uniqueid.len) : NULL;
	if (point == NULL || point < dash)
		return (struct slice){NULL, 0}; /* a UUID, say */
	return slice_sub(uniqueid, 0, dash != NULL ? (size_t)(dash - uniqueid.data) : 0);
}

int64_t call_epoch(struct slice uniqueid)
{
	size_t system = call_system(uniqueid).len;
	struct slice rest = system > 0 ? slice_sub(uniqueid, system + 1, SIZE_MAX) : uniqueid;
	struct slice seconds;
	uint64_t value;
	if (!text_split(&rest, '.', &seconds) || rest.data == NULL ||
		text_parse_u64(seconds, UINT32_MAX, &value) != CH_OK)
		return 0;
	return (int64_t)value;
}

int64_t call_time(struct slice text, const struct zone *zone)
{
	char iso[20];
	int64_t civil_us;
	text = text_trim(text);
	if (text.len != 19)
		return 0;
	memcpy(iso, text.data, 19);
	iso[10] = 'T';
	iso[19] = 'Z';
	if (clock_parse(slice_of(iso, sizeof(iso)), &civil_us) != CH_OK)
		return 0;
	return zone != NULL ? zone_to_utc(zone, civil_us) : civil_us;
}

size_t call_scrub_room(struct slice text)
{
	size_t most = text.len < LIMIT_CALL_TEXT_BYTES ? text.len * 3 : LIMIT_CALL_TEXT_BYTES * 3;
	return most < LIMIT_CALL_TEXT_BYTES + 3 ? most : LIMIT_CALL_TEXT_BYTES + 3;
}

size_t call_scrub(struct slice text, char *out)
{
	size_t len = 0;
	while (text.len > 0 && len < LIMIT_CALL_TEXT_BYTES) {
		size_t room = LIMIT_CALL_TEXT_BYTES - len;
		size_t good =
			text_utf8_prefix(slice_sub(text, 0, room + 4)); /* a whole character */
		const uint8_t *nul = good > 0 ? memchr(text.data, 0, good) : NULL;
		if (nul != NULL)
			good = (size_t)(nul - text.data);
		bool cut = good > room;
		if (cut) {
			good = room;
			while (good > 0 && (text.data[good] & 0xC0) == 0x80)
				good--;
		}
		if (good > 0)
			memcpy(out + len, text.data, good);
		len += good;
		text = slice_sub(text, good, SIZE_MAX);
		if (cut || text.len == 0 || len >= LIMIT_CALL_TEXT_BYTES)
			break;
		memcpy(out + len, "\xEF\xBF\xBD", 3);
		len += 3;
		text = slice_sub(text, 1, SIZE_MAX);
	}
	return len;
}

bool call_is_nobody(struct slice caller)
{
	static const char *const words[] = {"", "<unknown>", "unknown", "anonymous", "restricted",
		"private", "unavailable", "asterisk", "s"};
	struct slice text = text_trim(caller);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (ami_is(text, words[i]))
			return true;
	}
	return false;
}

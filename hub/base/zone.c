#include "base/zone.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#define US_PER_S        INT64_C(1000000)
#define S_PER_DAY       INT64_C(86400)
#define ZONE_NAME_BYTES 64u
#define ZONE_FILE_BYTES (256u * 1024u) /* the largest in use has 4 KiB */
#define ZONE_OFFSET_MAX 93600          /* RFC 9636 section 3.2: below 26 hours */

/* "Mm.w.d/time" of the footer: week 5 is the month's last. */
struct zone_change {
	unsigned month;
	unsigned week;
	unsigned weekday; /* 0 is Sunday */
	int32_t at_s;     /* after midnight, by the clock before the change */
};

/* What holds after the last transition listed. */
struct zone_rule {
	int32_t standard_s;
	int32_t summer_s;
	bool has_summer;
	struct zone_change to_summer;
	struct zone_change to_standard;
};

struct zone {
	int64_t *transitions; /* UTC seconds, rising */
	int32_t *offsets;     /* in force from that transition on */
	size_t count;
	int32_t first_s; /* before the first transition */
	struct zone_rule rule;
};

void zone_free(struct zone *zone)
{
	if (zone == NULL)
		return;
	free(zone->transitions);
	free(zone->offsets);
	free(zone);
}

/* ---- Fixed offsets ---- */

static bool zone_parse_offset(struct slice name, int32_t *out_s)
{
	uint64_t hours;
	uint64_t minutes = 0;
	if (slice_equal(name, SLICE_LITERAL("Z")) || slice_equal(name, SLICE_LITERAL("UTC"))) {
		*out_s = 0;
		return true;
	}
	if (name.len < 3 || (name.data[0] != '+' && name.data[0] != '-'))
		return false;
	struct slice rest = slice_sub(name, 3, name.len);
	if (text_parse_u64(slice_sub(name, 1, 2), 23, &hours) != CH_OK)
		return false;
	if (slice_starts(rest, SLICE_LITERAL(":")))
		rest = slice_sub(rest, 1, rest.len);
	if (name.len > 3 && (rest.len != 2 || text_parse_u64(rest, 59, &minutes) != CH_OK))
		return false;
	int32_t s = (int32_t)(hours * 3600 + minutes * 60);
	*out_s = name.data[0] == '-' ? -s : s;
	return true;
}

/* ---- The footer: "CET-1CEST,M3.5.0,M10.5.0/3" (POSIX, with the hours of RFC 9636) ---- */

static bool zone_take_number(struct slice *rest, unsigned max, unsigned *out_value)
{
	size_t digits = 0;
	unsigned value = 0;
	while (digits < rest->len && digits < 4 && rest->data[digits] >= '0' &&
		rest->data[digits] <= '9')
		value = value * 10 + (unsigned)(rest->data[digits++] - '0');
	if (digits == 0 || value > max)
		return false;
	*rest = slice_sub(*rest, digits, rest->len);
	*out_value = value;
	return true;
}

static bool zone_take_byte(struct slice *rest, char byte)
{
	if (rest->len == 0 || rest->data[0] != (uint8_t)byte)
		return false;
	*rest = slice_sub(*rest, 1, rest->len);
	return true;
}

/* "-1", "5:30", "167:59:59" */
static bool zone_take_time(struct slice *rest, int32_t *out_s)
{
	unsigned hours;
	unsigned minutes = 0;
	unsigned seconds = 0;
	bool minus = zone_take_byte(rest, '-');
	if (!minus)
		(void)zone_take_byte(rest, '+'); /* optional */
	if (!zone_take_number(rest, 167, &hours))
		return false;
	if (zone_take_byte(rest, ':') &&
		(!zone_take_number(rest, 59, &minutes) ||
			(zone_take_byte(rest, ':') && !zone_take_number(rest, 59, &seconds))))
		return false;
	int32_t s = (int32_t)(hours * 3600 + minutes * 60 + seconds);
	*out_s = minus ? -s : s;
	return true;
}

/* "CET", "<-03>" */
static bool zone_take_name(struct slice *rest)
{
	size_t len = 0;
	bool quoted = zone_take_byte(rest, '<');
	while (len < rest->len) {
		uint8_t c = rest->data[len];
		bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
		if (quoted ? c == '>' : !letter)
			break;
		len++;
	}
	if (len < 3)
		return false;
	*rest = slice_sub(*rest, len, rest->len);
	return !quoted || zone_take_byte(rest, '>');
}

static bool zone_take_change(struct slice *rest, struct zone_change *out)
{
	out->at_s = 7200;
	return zone_take_byte(rest, ',') && zone_take_byte(rest, 'M') &&
	       zone_take_number(rest, 12, &out->month) && out->month > 0 &&
	       zone_take_byte(rest, '.') && zone_take_number(rest, 5, &out->week) &&
	       out->week > 0 && zone_take_byte(rest, '.') &&
	       zone_take_number(rest, 6, &out->weekday) &&
	       (!zone_take_byte(rest, '/') || zone_take_time(rest, &out->at_s));
}

static bool zone_parse_rule(struct slice rest, struct zone_rule *out)
{
	struct zone_rule rule = {0};
	if (!zone_take_name(&rest) || !zone_take_time(&rest, &rule.standard_s))
		return false;
	rule.standard_s = -rule.standard_s; /* POSIX counts west */
	if (rest.len > 0) {
		rule.has_summer = true;
		rule.summer_s = rule.standard_s + 3600;
		if (!zone_take_name(&rest))
			return false;
		if (rest.len > 0 && rest.data[0] != ',') {
			if (!zone_take_time(&rest, &rule.summer_s))
				return false;
			rule.summer_s = -rule.summer_s;
		}
		if (!zone_take_change(&rest, &rule.to_summer) ||
			!zone_take_change(&rest, &rule.to_standard))
			return false;
	}
	*out = rule;
	return rest.len == 0;
}

/* The change of that year, by the clock before it. */
static int64_t zone_change_civil_s(const struct zone_change *change, int64_t year)
{
	int64_t first = clock_days_from_date(year, change->month, 1);
	unsigned weekday = (unsigned)(((first + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
	int64_t day = first + (change->weekday + 7 - weekday) % 7 + 7 * (change->week - 1);
	int64_t next = change->month == 12 ? clock_days_from_date(year + 1, 1, 1)
					   : clock_days_from_date(year, change->month + 1, 1);
	while (day >= next)
		day -= 7;
	return day * S_PER_DAY + change->at_s;
}

static int32_t zone_rule_offset(const struct zone_rule *rule, int64_t utc_s)
{
	if (!rule->has_summer)
		return rule->standard_s;
	int64_t civil_s = utc_s + rule->standard_s;
	int64_t year;
	unsigned month;
	unsigned day;
	clock_date_from_days(civil_s / S_PER_DAY - (civil_s % S_PER_DAY < 0), &year, &month, &day);
	int64_t summer = zone_change_civil_s(&rule->to_summer, year) - rule->standard_s;
	int64_t standard = zone_change_civil_s(&rule->to_standard, year) - rule->summer_s;
	bool in_summer = summer < standard ? utc_s >= summer && utc_s < standard
					   : utc_s >= summer || utc_s < standard;
	return in_summer ? rule->summer_s : rule->standard_s;
}

/* ---- The compiled file ---- */

struct zone_header {
	uint32_t isut;
	uint32_t isstd;
	uint32_t leap;
	uint32_t time;
	uint32_t type;
	uint32_t chars;
};

#define ZONE_HEADER_BYTES 44u

/* The header at the front of `file`, and the bytes that its block takes with times of `width`. */
static bool zone_parse_header(
	struct slice file, size_t width, struct zone_header *out, size_t *out_block)
{
	if (file.len < ZONE_HEADER_BYTES || memcmp(file.data, "TZif", 4) != 0)
		return false;
	const uint8_t *counts = file.data + 20;
	*out = (struct zone_header){load_be32(counts), load_be32(counts + 4), load_be32(counts + 8),
		load_be32(counts + 12), load_be32(counts + 16), load_be32(counts + 20)};
	if (out->isut > ZONE_FILE_BYTES || out->isstd > ZONE_FILE_BYTES ||
		out->leap > ZONE_FILE_BYTES || out->time > ZONE_FILE_BYTES ||
		out->type > ZONE_FILE_BYTES || out->chars > ZONE_FILE_BYTES || out->type == 0)
		return false;
	*out_block = (size_t)out->time * (width + 1) + (size_t)out->type * 6 + out->chars +
		     (size_t)out->leap * (width + 4) + out->isstd + out->isut;
	return *out_block <= file.len - ZONE_HEADER_BYTES;
}

static bool zone_type_offset(
	const uint8_t *types, const struct zone_header *header, size_t index, int32_t *out_s)
{
	if (index >= header->type)
		return false;
	*out_s = (int32_t)load_be32(types + index * 6);
	return *out_s > -ZONE_OFFSET_MAX && *out_s < ZONE_OFFSET_MAX;
}

static enum ch_status zone_read_block(
	struct zone *zone, const struct zone_header *header, const uint8_t *block)
{
	const uint8_t *indexes = block + (size_t)header->time * 8;
	const uint8_t *types = indexes + header->time;
	if (!zone_type_offset(types, header, 0, &zone->first_s))
		return CH_CORRUPT;
	zone->transitions = malloc((header->time + 1u) * sizeof(*zone->transitions));
	zone->offsets = malloc((header->time + 1u) * sizeof(*zone->offsets));
	if (zone->transitions == NULL || zone->offsets == NULL)
		return CH_NOMEM;
	for (; zone->count < header->time; zone->count++) {
		size_t i = zone->count;
		zone->transitions[i] = (int64_t)load_be64(block + i * 8);
		if ((i > 0 && zone->transitions[i] <= zone->transitions[i - 1]) ||
			!zone_type_offset(types, header, indexes[i], &zone->offsets[i]))
			return CH_CORRUPT;
	}
	return CH_OK;
}

/* Version 2 and later: a block of 32-bit times to skip, one of 64-bit times, and the footer. */
static enum ch_status zone_parse_file(struct zone *zone, struct slice file)
{
	struct zone_header header;
	size_t block;
	if (!zone_parse_header(file, 4, &header, &block) || file.data[4] < '2')
		return CH_CORRUPT;
	file = slice_sub(file, ZONE_HEADER_BYTES + block, file.len);
	if (!zone_parse_header(file, 8, &header, &block))
		return CH_CORRUPT;
	enum ch_status status = zone_read_block(zone, &header, file.data + ZONE_HEADER_BYTES);
	if (status != CH_OK)
		return status;
	struct slice footer = slice_sub(file, ZONE_HEADER_BYTES + block, file.len);
	if (footer.len < 2 || footer.data[0] != '\n' || footer.data[footer.len - 1] != '\n')
		return CH_CORRUPT;
	footer = slice_sub(footer, 1, footer.len - 2);
	if (footer.len == 0) {
		zone->rule.standard_s =
			zone->count > 0 ? zone->offsets[zone->count - 1] : zone->first_s;
		return CH_OK;
	}
	return zone_parse_rule(footer, &zone->rule) ? CH_OK : CH_CORRUPT;
}

/* Nothing that could lead out of the folder. */
static bool zone_name_ok(struct slice name)
{
	if (name.len == 0 || name.len > ZONE_NAME_BYTES || name.data[0] == '/')
		return false;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];
		bool good = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			    (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+' || c == '/';
		if (!good)
			return false;
	}
	return true;
}

static enum ch_status zone_load(struct zone *zone, struct slice name)
{
	char path[512];
	struct buffer file;
	const char *folder = getenv("TZDIR");
	if (!zone_name_ok(name))
		return CH_FORMAT;
	int len = snprintf(path, sizeof(path), "%s/%.*s",
		folder != NULL ? folder : "/usr/share/zoneinfo", (int)name.len,
		(const char *)name.data);
	if (len < 0 || (size_t)len >= sizeof(path))
		return CH_NOT_FOUND;
	buffer_init(&file);
	enum ch_status status = file_read_all(path, ZONE_FILE_BYTES, &file);
	if (status == CH_OK)
		status = zone_parse_file(zone, buffer_slice(&file));
	else if (status == CH_TOO_LARGE)
		status = CH_CORRUPT;
	buffer_fini(&file);
	return status;
}

enum ch_status zone_open(struct slice name, struct zone **out_zone)
{
	enum ch_status status = CH_NOMEM;
	struct zone *zone = calloc(1, sizeof(*zone));
	if (zone == NULL)
		goto out;
	status = CH_OK;
	if (zone_parse_offset(name, &zone->rule.standard_s))
		zone->first_s = zone->rule.standard_s;
	else
		status = zone_load(zone, name);
	if (status != CH_OK)
		goto out;
	*out_zone = zone;
	zone = NULL; /* the caller's now */
out:
	zone_free(zone);
	return status;
}

int32_t zone_offset_s(const struct zone *zone, int64_t utc_s)
{
	size_t low = 0; /* transitions below `low` are past */
	size_t high = zone->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (zone->transitions[middle] <= utc_s)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == zone->count)
		return zone_rule_offset(&zone->rule, utc_s);
	return low == 0 ? zone->first_s : zone->offsets[low - 1];
}

int64_t zone_to_utc(const struct zone *zone, int64_t civil_us)
{
	int64_t civil_s = civil_us / US_PER_S - (civil_us % US_PER_S < 0);
	/* No two changes are within a day of each other and none moves by more. */
	int32_t before = zone_offset_s(zone, civil_s - S_PER_DAY);
	int32_t after = zone_offset_s(zone, civil_s + S_PER_DAY);
	int32_t offset = before;
	if (zone_offset_s(zone, civil_s - before) != before &&
		zone_offset_s(zone, civil_s - after) == after)
		offset = after;
	return civil_us - offset * US_PER_S;
}

#include "module/quality/manager/stretch.h"

#include "base/text.h"

#define WEEK_US (7 * DAY_US)

/* Longer stretches are divided by the larger unit. */
#define STRETCH_BY_DAY_US  (31 * DAY_US)
#define STRETCH_BY_WEEK_US (26 * WEEK_US)

/* "2026-W11": the week that holds 4 January is the first. */
static bool stretch_week(struct slice text, int64_t offset_us, struct stretch *out_stretch)
{
	uint8_t january[] = "0000-01-04";
	char label[PERIOD_LABEL_BYTES];
	uint64_t week;
	int64_t start_us;
	if (text.len != 8 || text.data[4] != '-' || text.data[5] != 'W' ||
		text_parse_u64(slice_sub(text, 6, 2), 53, &week) != CH_OK || week == 0)
		return false;
	memcpy(january, text.data, 4);
	if (!period_of_date(slice_of(january, sizeof(january) - 1), offset_us, &start_us))
		return false;
	start_us = period_start(PERIOD_WEEK, offset_us, start_us) + ((int64_t)week - 1) * WEEK_US;
	if (!slice_equal(text, slice_text(period_label(PERIOD_WEEK, offset_us, start_us, label))))
		return false; /* that year has no week 53 */
	*out_stretch = (struct stretch){start_us, start_us + WEEK_US, PERIOD_WEEK, true};
	return true;
}

static bool stretch_one(struct slice text, int64_t offset_us, struct stretch *out_stretch)
{
	struct stretch stretch = {.whole = true};
	if (stretch_week(text, offset_us, out_stretch))
		return true;
	if (!period_of_date(text, offset_us, &stretch.from_us) ||
		!period_after_date(text, offset_us, &stretch.until_us))
		return false;
	stretch.unit = text.len > strlen("2026-03") ? PERIOD_DAY : PERIOD_MONTH;
	stretch.whole = text.len > strlen("2026"); /* a year is twelve months */
	*out_stretch = stretch;
	return true;
}

enum ch_status stretch_parse(struct slice text, int64_t offset_us, struct stretch *out_stretch)
{
	struct slice rest = text;
	struct slice first;
	struct stretch from;
	struct stretch until;
	if (!text_split(&rest, ':', &first) || !stretch_one(first, offset_us, &from))
		return CH_FORMAT;
	if (rest.data == NULL) {
		*out_stretch = from;
		return CH_OK;
	}
	if (!stretch_one(rest, offset_us, &until))
		return CH_FORMAT;
	int64_t length_us = until.until_us - from.from_us;
	if (length_us <= 0)
		return CH_INVALID;
	*out_stretch = (struct stretch){from.from_us, until.until_us,
		length_us <= STRETCH_BY_DAY_US    ? PERIOD_DAY
		: length_us <= STRETCH_BY_WEEK_US ? PERIOD_WEEK
						  : PERIOD_MONTH,
		false};
	return CH_OK;
}

struct stretch stretch_month(int64_t offset_us, int64_t moment_us)
{
	int64_t start_us = period_start(PERIOD_MONTH, offset_us, moment_us);
	return (struct stretch){
		start_us, period_next(PERIOD_MONTH, offset_us, start_us), PERIOD_MONTH, true};
}

int64_t stretch_history(const struct stretch *stretch, int64_t offset_us, unsigned count)
{
	int64_t start_us = stretch->from_us;
	for (; count > 1; count--)
		start_us = period_start(stretch->unit, offset_us, start_us - 1);
	return start_us;
}

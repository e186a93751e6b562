#include "channel/parts/answer.h"

#include "base/zone.h"
#include "channel/parts/date.h"

#define US_PER_DAY INT64_C(86400000000)

enum ch_status answer_write(const struct interchange *interchange,
	const struct answer_options *options, struct buffer *out)
{
	return interchange->standard == STANDARD_EDIFACT
		       ? contrl_write(interchange, options, out)
		       : x12_answer_write(interchange, options, out);
}

const struct flaw *answer_flaw(const struct interchange *interchange,
	const struct answer_options *options, struct flaw *room)
{
	if (interchange->flaw.kind != FLAW_NONE)
		return &interchange->flaw;
	if (options->stand != ANSWER_REFUSED && options->stand != ANSWER_TAKEN)
		return NULL;
	*room = (struct flaw){
		.kind = options->stand == ANSWER_TAKEN ? FLAW_DUPLICATE : FLAW_REFUSED};
	return room;
}

static int64_t answer_civil_us(const struct answer_options *options)
{
	int64_t seconds = options->prepared_us / 1000000;
	int64_t east = options->zone != NULL ? zone_offset_s(options->zone, seconds) : 0;
	return (seconds + east) * 1000000;
}

void answer_date(const struct answer_options *options, bool century, struct buffer *out)
{
	const struct moment moment = {.civil_us = answer_civil_us(options)};
	char text[DATE_BYTES];
	(void)date_format(&moment, text); /* "2026-11-22" */
	buffer_printf(
		out, "%.*s%.2s%.2s", century ? 4 : 2, text + (century ? 0 : 2), text + 5, text + 8);
}

void answer_time(const struct answer_options *options, struct buffer *out)
{
	int64_t minutes = answer_civil_us(options) % US_PER_DAY / 60000000;
	buffer_printf(out, "%02d%02d", (int)(minutes / 60), (int)(minutes % 60));
}

#include "channel/callcenter/arrivals.h"

#include "base/decimal.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"

void arrivals_open(struct arrivals *arrivals, const char *path)
{
	struct buffer name = {0};
	struct buffer text = {0};
	*arrivals = (struct arrivals){.end = 0};
	buffer_printf(&name, "%s.idx", path);
	if (file_read_all(buffer_text(&name), LIMIT_ARRIVALS_BYTES, &text) == CH_OK)
		(void)lines_feed(&arrivals->lines, buffer_slice(&text)); /* need not be there */
	buffer_fini(&name);
	buffer_fini(&text);
}

void arrivals_fini(struct arrivals *arrivals)
{
	lines_fini(&arrivals->lines);
}

/* Lines that are none are passed over. */
static void arrivals_take(struct arrivals *arrivals, struct slice line)
{
	struct slice parts[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
	struct decimal time;
	uint64_t begin;
	uint64_t len;
	for (size_t i = 0; i < 3; i++) {
		if (line.data == NULL || !text_split(&line, '\t', &parts[i]))
			return;
	}
	if (text_parse_u64(parts[0], UINT32_MAX, &begin) != CH_OK ||
		text_parse_u64(parts[2], UINT32_MAX, &len) != CH_OK ||
		decimal_parse(parts[1], &time) != CH_OK || decimal_rescale(time, 6, &time) != CH_OK)
		return;
	arrivals->end = begin + len;
	arrivals->time_us = time.unscaled;
}

int64_t arrivals_time(struct arrivals *arrivals, uint64_t offset)
{
	struct slice line;
	while (offset >= arrivals->end && lines_next(&arrivals->lines, &line) == CH_OK)
		arrivals_take(arrivals, line);
	return arrivals->time_us;
}

#include "base/range.h"

#include "base/clock.h"

#define US_PER_S INT64_C(1000000)

/* ---- Reading ---- */

struct range_text {
	struct slice text;
	size_t at;
};

static bool range_at_end(const struct range_text *in)
{
	return in->at == in->text.len;
}

static uint8_t range_peek(const struct range_text *in, size_t ahead)
{
	return in->at + ahead < in->text.len ? in->text.data[in->at + ahead] : 0;
}

static bool range_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool range_take(struct range_text *in, char c)
{
	if (range_peek(in, 0) != (uint8_t)c)
		return false;
	in->at++;
	return true;
}

static bool range_take_word(struct range_text *in, const char *word)
{
	struct slice wanted = slice_text(word);
	if (!slice_equal(slice_sub(in->text, in->at, wanted.len), wanted))
		return false;
	in->at += wanted.len;
	return true;
}

static enum ch_status range_take_number(struct range_text *in, int64_t *out_value)
{
	int64_t value = 0;
	if (!range_digit(range_peek(in, 0)))
		return CH_FORMAT;
	for (; range_digit(range_peek(in, 0)); in->at++) {
		int64_t digit = range_peek(in, 0) - '0';
		if (value > (INT64_MAX - digit) / 10)
			return CH_INVALID;
		value = value * 10 + digit;
	}
	*out_value = value;
	return CH_OK;
}

/* Seconds of one unit; 0: no unit. */
static int64_t range_unit(uint8_t c)
{
	switch (c) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	case 'w':
		return 7 * 86400;
	default:
		return 0;
	}
}

/* A number of entries, or a duration: the unit behind it tells. */
static enum ch_status range_take_amount(struct range_text *in, enum range_kind entries,
	enum range_kind duration, struct range_point *out_point)
{
	int64_t value;
	int64_t total_us = 0;
	enum ch_status status = range_take_number(in, &value);
	if (status != CH_OK)
		return status;
	if (range_unit(range_peek(in, 0)) == 0) {
		*out_point = (struct range_point){entries, value};
		return CH_OK;
	}
	for (;;) {
		int64_t unit_us = range_unit(range_peek(in, 0)) * US_PER_S;
		if (unit_us == 0)
			return CH_FORMAT;
		if (value > (INT64_MAX - total_us) / unit_us)
			return CH_INVALID;
		total_us += value * unit_us;
		in->at++;
		if (!range_digit(range_peek(in, 0)))
			break;
		status = range_take_number(in, &value);
		if (status != CH_OK)
			return status;
	}
	*out_point = (struct range_point){duration, total_us};
	return CH_OK;
}

/* Four digits and a hyphen: no sequence looks like that. */
static bool range_is_date(const struct range_text *in)
{
	for (size_t i = 0; i < 4; i++) {
		if (!range_digit(range_peek(in, i)))
			return false;
	}
	return range_peek(in, 4) == '-';
}

/* How long a time is whose own colons must not be taken for the range's: the shape only, the clock
 * judges the rest. */
static size_t range_time_bytes(const struct range_text *in)
{
	size_t len = sizeof("2026-03-01") - 1;
	if (range_peek(in, len) != 'T' && range_peek(in, len) != 't')
		return len;
	len += sizeof("T08:00:00") - 1;
	if (range_peek(in, len) == '.')
		len++;
	while (range_digit(range_peek(in, len)))
		len++;
	if (range_peek(in, len) == '+' || range_peek(in, len) == '-')
		len += sizeof("+08:00") - 1;
	else
		len++; /* Z */
	return len;
}

static enum ch_status range_take_time(struct range_text *in, struct range_point *out_point)
{
	uint8_t whole[sizeof("2026-03-01T00:00:00Z") - 1];
	struct slice time = slice_sub(in->text, in->at, range_time_bytes(in));
	size_t len = time.len;
	if (len == sizeof("2026-03-01") - 1) {
		memcpy(whole, time.data, len);
		memcpy(whole + len, "T00:00:00Z", sizeof(whole) - len);
		time = slice_of(whole, sizeof(whole));
	}
	out_point->kind = RANGE_TIME;
	enum ch_status status = clock_parse(time, &out_point->value);
	if (status == CH_OK)
		in->at += len;
	return status;
}

static enum ch_status range_take_point(struct range_text *in, struct range_point *out_point)
{
	if (range_take_word(in, "start")) {
		*out_point = (struct range_point){RANGE_START, 0};
		return CH_OK;
	}
	if (range_take_word(in, "end")) {
		*out_point = (struct range_point){RANGE_END, 0};
		return CH_OK;
	}
	if (range_take(in, '-'))
		return range_take_amount(in, RANGE_BACK, RANGE_BACK_US, out_point);
	if (range_take(in, '+'))
		return range_take_amount(in, RANGE_LENGTH, RANGE_LENGTH_US, out_point);
	if (range_take(in, '@') || range_is_date(in))
		return range_is_date(in) ? range_take_time(in, out_point) : CH_FORMAT;
	out_point->kind = RANGE_SEQUENCE;
	return range_take_number(in, &out_point->value);
}

static bool range_is_length(const struct range_point *point)
{
	return point->kind == RANGE_LENGTH || point->kind == RANGE_LENGTH_US;
}

static enum ch_status range_take_range(struct range_text *in, struct range *range)
{
	enum ch_status status = CH_OK;
	size_t start = in->at;
	if (range_peek(in, 0) != ':')
		status = range_take_point(in, &range->from);
	if (status != CH_OK)
		return status;
	if (range_is_length(&range->from)) {
		if (!range_at_end(in)) {
			in->at = start; /* a length is no place to begin */
			return CH_FORMAT;
		}
		range->to = range->from;
		range->from = (struct range_point){RANGE_NONE, 0};
	}
	if (range_take(in, ':') && !range_at_end(in))
		status = range_take_point(in, &range->to);
	if (status == CH_OK && !range_at_end(in))
		status = CH_FORMAT;
	return status;
}

enum ch_status range_parse(struct slice text, struct range *out_range, size_t *out_at)
{
	struct range_text in = {text, 0};
	struct range range = {{RANGE_NONE, 0}, {RANGE_NONE, 0}};
	enum ch_status status = range_at_end(&in) ? CH_OK : range_take_range(&in, &range);
	if (status == CH_OK)
		*out_range = range;
	else
		*out_at = in.at;
	return status;
}

enum ch_status range_parse_point(struct slice text, struct range_point *out_point, size_t *out_at)
{
	struct range_text in = {text, 0};
	struct range_point point = {RANGE_NONE, 0};
	enum ch_status status = range_take_point(&in, &point);
	if (status == CH_OK && (!range_at_end(&in) || range_is_length(&point)))
		status = CH_FORMAT;
	if (status == CH_OK)
		*out_point = point;
	else
		*out_at = in.at;
	return status;
}

/* ---- Resolving ---- */

static uint64_t range_clamp(const struct range_history *history, uint64_t sequence)
{
	if (sequence < history->first)
		return history->first;
	return sequence > history->head ? history->head + 1 : sequence;
}

static enum ch_status range_find_time(
	const struct range_history *history, int64_t time_us, uint64_t *out_sequence)
{
	uint64_t sequence;
	enum ch_status status = history->find_time(history->context, time_us, &sequence);
	if (status == CH_OK)
		*out_sequence = range_clamp(history, sequence);
	return status;
}

enum ch_status range_resolve_point(const struct range_point *point,
	const struct range_history *history, uint64_t *out_sequence)
{
	uint64_t value = (uint64_t)point->value;
	switch (point->kind) {
	case RANGE_NONE:
	case RANGE_START:
		*out_sequence = history->first;
		return CH_OK;
	case RANGE_END:
		*out_sequence = history->head + 1;
		return CH_OK;
	case RANGE_SEQUENCE:
		*out_sequence = range_clamp(history, value);
		return CH_OK;
	case RANGE_BACK:
		*out_sequence = range_clamp(
			history, value <= history->head ? history->head + 1 - value : 0);
		return CH_OK;
	case RANGE_TIME:
		return range_find_time(history, point->value, out_sequence);
	case RANGE_BACK_US:
		return range_find_time(history, history->now_us - point->value, out_sequence);
	default:
		return CH_INVALID;
	}
}

/* Where a duration begins: at the time that was named, else when the range's first entry arrived. */
static enum ch_status range_begin_us(const struct range *range, const struct range_history *history,
	uint64_t first, int64_t *out_us)
{
	switch (range->from.kind) {
	case RANGE_TIME:
		*out_us = range->from.value;
		return CH_OK;
	case RANGE_BACK_US:
		*out_us = history->now_us - range->from.value;
		return CH_OK;
	default:
		return history->find_arrival(history->context, first, out_us);
	}
}

/* The sequence behind the range's last entry. */
static enum ch_status range_resolve_end(const struct range *range,
	const struct range_history *history, uint64_t first, uint64_t *out_behind)
{
	int64_t from_us;
	enum ch_status status;
	uint64_t value = (uint64_t)range->to.value;
	switch (range->to.kind) {
	case RANGE_NONE:
	case RANGE_END:
		*out_behind = history->head + 1;
		return CH_OK;
	case RANGE_SEQUENCE:
		*out_behind = value < history->head ? value + 1 : history->head + 1;
		return CH_OK;
	case RANGE_LENGTH:
		*out_behind = value <= history->head - first ? first + value : history->head + 1;
		return CH_OK;
	case RANGE_LENGTH_US:
		status = range_begin_us(range, history, first, &from_us);
		if (status != CH_OK)
			return status;
		if (from_us > 0 && range->to.value > INT64_MAX - from_us)
			return CH_INVALID;
		return range_find_time(history, from_us + range->to.value, out_behind);
	default:
		return range_resolve_point(&range->to, history, out_behind);
	}
}

enum ch_status range_resolve(const struct range *range, const struct range_history *history,
	uint64_t *out_first, uint64_t *out_last)
{
	uint64_t first;
	uint64_t behind;
	enum ch_status status = range_resolve_point(&range->from, history, &first);
	if (status != CH_OK)
		return status;
	if (first > history->head)
		return CH_END;
	status = range_resolve_end(range, history, first, &behind);
	if (status != CH_OK)
		return status;
	if (range->from.kind == RANGE_SEQUENCE && range->to.kind == RANGE_SEQUENCE &&
		range->to.value < range->from.value)
		return CH_INVALID;
	if (behind <= first)
		return CH_END;
	*out_first = first;
	*out_last = behind - 1;
	return CH_OK;
}

#include "module/quality/manager/promise.h"

#include <stddef.h>
#include <stdlib.h>

#include "module/quality/quality_settings.h"

/* Takes one member of one table's row. */
#define TAKE(what, table, counted)                                                                 \
	static bool take_##what(                                                                   \
		const struct measures *measures, enum cut cut, size_t at, struct taken *out_taken) \
	{                                                                                          \
		if (at >= measures->table[cut].count)                                              \
			return false;                                                              \
		const __typeof__(*measures->table[cut].rows) *row =                                \
			&measures->table[cut].rows[at];                                            \
		out_taken->name = row->key.name;                                                   \
		out_taken->period_us = row->key.period_us;                                         \
		out_taken->ratio = (counted);                                                      \
		return true;                                                                       \
	}

#define RATIO(part_value, whole_value) ((struct ratio){(part_value), (whole_value)})

TAKE(r14, repair, row->r14)
TAKE(r140, repair, row->r140)
TAKE(four_day, repair, row->four_day)
TAKE(rr90, repair, row->rr90)
TAKE(stock, supply, row->in_stock)
TAKE(overseas, supply, row->overseas)
TAKE(answered, hotline, RATIO(row->answered, row->offered))
TAKE(abandoned, hotline, RATIO(row->abandoned, row->offered))
TAKE(speed, hotline, RATIO(row->wait.sum_us, row->wait.count))
TAKE(first_contact, hotline, row->first_contact)
TAKE(acknowledge, complaint, row->acknowledged_in_time)
TAKE(complaint, complaint, row->answered_in_time)
TAKE(appointment, appointment, row->missed)
TAKE(callback, callback, RATIO(row->done, row->due))
TAKE(price, price, row->off_list)

/* Several surveys count by their responses; an index of 70.98 is 70.98 of 100 each. */
TAKE(satisfaction, index,
	row->index_points < 0
		? RATIO(0, 0)
		: RATIO(row->index_points * row->responses, 100 * POINT_SCALE * row->responses))

#define AT(member) offsetof(struct quality_settings, member)

const struct promise promises[PROMISES] = {
	[PROMISE_R14] = {.key = "r14",
		.published = "r14",
		.title = "Repairs open longer than 14 days",
		.brief = "Open > 14 d",
		.counted = "repairs received",
		.counted_one = "repair received",
		.take = take_r14,
		.kpi = KPI_R14,
		.digits = 2,
		.shown = true,
		.ripe_at = AT(open_ms)},
	[PROMISE_R140] = {.key = "r140",
		.published = "r140",
		.title = "Repairs open longer than 140 days",
		.brief = "Open > 140 d",
		.counted = "repairs received",
		.counted_one = "repair received",
		.take = take_r140,
		.kpi = PROMISE_NO_KPI,
		.digits = 2,
		.none = true,
		.shown = true,
		.ripe_at = AT(open_long_ms)},
	[PROMISE_FOUR_DAY] = {.key = "fourDay",
		.published = "four_day",
		.title = "Repaired within 4 days",
		.brief = "Within 4 d",
		.counted = "repairs done",
		.counted_one = "repair done",
		.take = take_four_day,
		.kpi = KPI_FOUR_DAY,
		.digits = 1,
		.high = true,
		.shown = true},
	[PROMISE_RR90] = {.key = "rr90",
		.published = "rr90",
		.title = "Repaired again within 90 days",
		.brief = "Again in 90 d",
		.counted = "returns whose 90 days have passed",
		.counted_one = "return whose 90 days have passed",
		.take = take_rr90,
		.kpi = KPI_RR90,
		.digits = 2,
		.shown = true,
		.ripe_at = AT(again_ms)},
	[PROMISE_STOCK] = {.key = "stock",
		.published = "supply_stock",
		.title = "Parts in stock: there within 3 days",
		.brief = "Stock in 3 d",
		.counted = "lines from stock",
		.counted_one = "line from stock",
		.take = take_stock,
		.kpi = KPI_SUPPLY,
		.digits = 1,
		.high = true,
		.shown = true,
		.ripe_at = AT(stock_ms)},
	[PROMISE_OVERSEAS] = {.key = "overseas",
		.published = "supply_overseas",
		.title = "Parts from overseas: there within 7 days",
		.brief = "Overseas in 7 d",
		.counted = "lines from overseas",
		.counted_one = "line from overseas",
		.take = take_overseas,
		.kpi = KPI_SUPPLY,
		.digits = 1,
		.high = true,
		.shown = true,
		.ripe_at = AT(overseas_ms)},
	[PROMISE_ANSWERED] = {.key = "hotline",
		.published = "answered_rate",
		.title = "Hotline: calls answered",
		.brief = "Calls answered",
		.counted = "calls offered",
		.counted_one = "call offered",
		.take = take_answered,
		.kpi = PROMISE_NO_KPI,
		.digits = 1,
		.high = true,
		.shown = true},
	[PROMISE_ABANDONED] = {.key = "abandoned",
		.published = "abandon_rate",
		.title = "Hotline: calls abandoned",
		.brief = "Abandoned",
		.counted = "calls offered",
		.counted_one = "call offered",
		.take = take_abandoned,
		.kpi = PROMISE_NO_KPI,
		.digits = 1},
	[PROMISE_SPEED] = {.key = "speed",
		.published = "asa",
		.title = "Hotline: speed of answer",
		.brief = "Speed of answer",
		.counted = "calls answered",
		.counted_one = "call answered",
		.take = take_speed,
		.kpi = PROMISE_NO_KPI,
		.unit = PROMISE_SPAN},
	[PROMISE_FIRST_CONTACT] = {.key = "firstContact",
		.published = "first_contact",
		.title = "Hotline: solved at first contact",
		.brief = "First contact",
		.counted = "first contacts judged",
		.counted_one = "first contact judged",
		.take = take_first_contact,
		.kpi = PROMISE_NO_KPI,
		.digits = 1,
		.high = true,
		.ripe_at = AT(contact_ms)},
	[PROMISE_ACKNOWLEDGE] = {.key = "acknowledge",
		.published = "complaint_acknowledge",
		.title = "Complaints acknowledged in time",
		.brief = "Acknowledged",
		.counted = "complaints acknowledged or overdue",
		.counted_one = "complaint acknowledged or overdue",
		.take = take_acknowledge,
		.kpi = PROMISE_NO_KPI,
		.digits = 1,
		.high = true,
		.ripe_at = AT(acknowledge_ms)},
	[PROMISE_COMPLAINT] = {.key = "complaint",
		.published = "complaint_answer",
		.title = "Complaints answered in time",
		.brief = "Complaints in time",
		.counted = "complaints answered or overdue",
		.counted_one = "complaint answered or overdue",
		.take = take_complaint,
		.kpi = KPI_COMPLAINT,
		.digits = 1,
		.high = true,
		.shown = true,
		.ripe_at = AT(answer_ms)},
	[PROMISE_APPOINTMENT] = {.key = "appointment",
		.published = "appointment_missed",
		.title = "Appointments missed by us",
		.brief = "Missed visits",
		.counted = "appointments due",
		.counted_one = "appointment due",
		.take = take_appointment,
		.kpi = KPI_APPOINTMENT,
		.digits = 1,
		.shown = true,
		.ripe_days = 1},
	/* The last of a month is open until the next falls due, a quarter later at most. */
	[PROMISE_CALLBACK] = {.key = "callback",
		.published = "callback_done",
		.title = "Call-backs after service done",
		.brief = "Call-backs done",
		.counted = "call-backs due",
		.counted_one = "call-back due",
		.take = take_callback,
		.kpi = PROMISE_NO_KPI,
		.digits = 1,
		.high = true,
		.shown = true,
		.ripe_days = 93},
	[PROMISE_SATISFACTION] = {.key = "satisfaction",
		.published = "csi",
		.title = "Satisfaction index",
		.brief = "Satisfaction",
		.counted = "",
		.counted_one = "",
		.take = take_satisfaction,
		.kpi = KPI_SATISFACTION,
		.unit = PROMISE_POINTS,
		.digits = 1,
		.high = true,
		.shown = true},
	[PROMISE_PRICE] = {.key = "price",
		.published = "off_list",
		.title = "Charges off the price list",
		.brief = "Off the list",
		.counted = "charges judged",
		.counted_one = "charge judged",
		.take = take_price,
		.kpi = KPI_PRICE,
		.digits = 2,
		.shown = true},
};

int64_t promise_ripe_us(
	const struct promise *promise, const struct quality_settings *settings, int64_t end_us)
{
	int64_t ms = promise->ripe_days * (DAY_US / 1000);
	if (promise->ripe_at != 0)
		memcpy(&ms, (const char *)settings + promise->ripe_at, sizeof(ms));
	return end_us + ms * 1000;
}

/* ---- Gathering ---- */

static int taken_order(const void *a, const void *b)
{
	const struct taken *one = a;
	const struct taken *other = b;
	int order = slice_compare(one->name, other->name);
	if (order != 0)
		return order;
	return (one->period_us > other->period_us) - (one->period_us < other->period_us);
}

/* Those alike become one. */
static void takes_add_up(struct takes *takes)
{
	size_t kept = 0;
	for (size_t i = 0; i < takes->count; i++) {
		struct taken *last = kept > 0 ? &takes->items[kept - 1] : NULL;
		if (last != NULL && taken_order(last, &takes->items[i]) == 0) {
			last->ratio.part += takes->items[i].ratio.part;
			last->ratio.whole += takes->items[i].ratio.whole;
		} else {
			takes->items[kept++] = takes->items[i];
		}
	}
	takes->count = kept;
}

enum ch_status takes_gather(const struct promise *promise, const struct measures *measures,
	enum cut cut, struct takes *out_takes)
{
	struct takes takes = {.count = 0};
	struct taken taken;
	size_t count = 0;
	while (promise->take(measures, cut, count, &taken))
		count++;
	takes.items = calloc(count + 1, sizeof(*takes.items));
	if (takes.items == NULL)
		return CH_NOMEM;
	for (; takes.count < count; takes.count++) {
		(void)promise->take(measures, cut, takes.count, &taken); /* it is there */
		if (cut == CUT_ALL || cut == CUT_PERIOD)
			taken.name = (struct slice){NULL, 0};
		takes.items[takes.count] = taken;
	}
	qsort(takes.items, takes.count, sizeof(*takes.items), taken_order);
	takes_add_up(&takes);
	*out_takes = takes;
	return CH_OK;
}

void takes_free(struct takes *takes)
{
	free(takes->items);
	*takes = (struct takes){.count = 0};
}

#include "module/marketing/segment/judge.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/currency.h"
#include "base/limits.h"
#include "base/text.h"

#define DAY_US INT64_C(86400000000)

/* A customer, a moment, and when to look again. */
struct look {
	const struct profile *profile;
	int64_t now_us;
	const struct zone *zone;
	int64_t next_us;
};

/* What a test's left side is. */
struct value {
	bool known;
	int64_t number;
	struct slice text;
};

static void look_again(struct look *look, int64_t at_us)
{
	if (at_us > look->now_us && at_us < look->next_us)
		look->next_us = at_us;
}

/* Times are ours and bounded, periods too; but a wrong clock may have said anything. */
static int64_t later(int64_t time_us, int64_t by_us)
{
	int64_t sum;
	return __builtin_add_overflow(time_us, by_us, &sum) ? JUDGE_NEVER : sum;
}

static bool in_period(struct look *look, int64_t time_us, int64_t period_us)
{
	if (time_us > look->now_us) {
		look_again(look, time_us);
		return false;
	}
	if (period_us == PERIOD_EVER)
		return true;
	int64_t leaves_us = later(time_us, period_us);
	look_again(look, leaves_us);
	return leaves_us > look->now_us;
}

static int64_t add(int64_t sum, int64_t amount)
{
	int64_t more;
	if (__builtin_add_overflow(sum, amount, &more))
		return amount > 0 ? INT64_MAX : INT64_MIN;
	return more;
}

static bool selects(const struct test *test, const struct profile_product *product)
{
	switch (test->selector) {
	case SELECT_ANYTHING:
		return true;
	case SELECT_CATEGORY:
		return slice_equal(test->name, product->category);
	case SELECT_PRODUCT:
		return slice_equal(test->name, product->product);
	case SELECT_BRAND:
		return slice_equal(test->name, product->brand);
	}
	return false;
}

/* Money of the purchase's lines that the test selects, and whether there are any. */
static bool selected(const struct look *look, const struct test *test,
	const struct profile_purchase *purchase, int64_t *money)
{
	bool any = false;
	for (uint32_t i = 0; i < purchase->line_count; i++) {
		const struct profile_product *line =
			&look->profile->lines[purchase->first_line + i];
		if (!selects(test, line))
			continue;
		any = true;
		*money = add(*money, line->money);
	}
	return any;
}

/* ---- The terms ---- */

static int64_t count_purchases(struct look *look, const struct test *test)
{
	int64_t count = 0;
	int64_t money = 0;
	for (size_t i = 0; i < look->profile->purchase_count; i++) {
		const struct profile_purchase *purchase = &look->profile->purchases[i];
		bool wanted = purchase->counts && (test->term == TERM_FREQUENCY ||
							  selected(look, test, purchase, &money));
		if (wanted && in_period(look, purchase->time_us, test->period_us))
			count++;
	}
	return count;
}

static int64_t sum_money(struct look *look, const struct test *test)
{
	int64_t sum = 0;
	for (size_t i = 0; i < look->profile->purchase_count; i++) {
		const struct profile_purchase *purchase = &look->profile->purchases[i];
		int64_t money = 0;
		if (test->term == TERM_MONETARY)
			money = purchase->money;
		else if (!selected(look, test, purchase, &money))
			continue;
		if (money != 0 && in_period(look, purchase->time_us, test->period_us))
			sum = add(sum, money);
	}
	return sum;
}

/* Time since the last purchase.  The comparison turns when that time reaches the number, and one
 * microsecond behind it. */
static struct value since_last(struct look *look, const struct test *test)
{
	struct value value = {0};
	int64_t last_us = INT64_MIN;
	for (size_t i = 0; i < look->profile->purchase_count; i++) {
		const struct profile_purchase *purchase = &look->profile->purchases[i];
		if (!purchase->counts || !in_period(look, purchase->time_us, PERIOD_EVER))
			continue;
		if (purchase->time_us > last_us)
			last_us = purchase->time_us;
		value.known = true;
	}
	if (value.known) {
		value.number = look->now_us - last_us;
		look_again(look, later(last_us, test->number));
		look_again(look, later(last_us, add(test->number, 1)));
	}
	return value;
}

/* "1980-05-17"; partial dates tell no age. */
static bool parse_date(struct slice text, int64_t *year, unsigned *month, unsigned *day)
{
	uint64_t y;
	uint64_t m;
	uint64_t d;
	if (text.len != 10 || text.data[4] != '-' || text.data[7] != '-' ||
		text_parse_u64(slice_sub(text, 0, 4), 9999, &y) != CH_OK ||
		text_parse_u64(slice_sub(text, 5, 2), 12, &m) != CH_OK ||
		text_parse_u64(slice_sub(text, 8, 2), 31, &d) != CH_OK || m == 0 || d == 0)
		return false;
	*year = (int64_t)y;
	*month = (unsigned)m;
	*day = (unsigned)d;
	return true;
}

/* The moment at which somebody born then becomes `age`; who was born on 29 February does on 1 March. */
static int64_t birthday_us(
	const struct look *look, int64_t year, unsigned month, unsigned day, int64_t age)
{
	return zone_to_utc(look->zone, clock_days_from_date(year + age, month, day) * DAY_US);
}

static struct value age_of(struct look *look)
{
	struct value value = {0};
	int64_t born;
	int64_t year;
	unsigned month;
	unsigned day;
	unsigned ignored;
	if (!parse_date(look->profile->birth_date, &born, &month, &day))
		return value;
	clock_date_from_days(look->now_us / DAY_US, &year, &ignored, &ignored);
	/* This year's or the next: time zones blur the turn of the year. */
	int64_t age = year + 1 - born;
	while (age >= 0 && birthday_us(look, born, month, day, age) > look->now_us)
		age--;
	if (age < 0)
		return value; /* not born yet */
	look_again(look, birthday_us(look, born, month, day, age + 1));
	value.known = true;
	value.number = age;
	return value;
}

static bool consents(struct look *look, const struct test *test)
{
	const struct profile_consent *consent =
		&look->profile->consents[test->purpose][test->channel];
	if (!consent->granted)
		return false;
	look_again(look, consent->expires_us);
	return consent->expires_us > look->now_us;
}

static int64_t count_units(const struct look *look, const struct test *test)
{
	int64_t count = 0;
	for (size_t i = 0; i < look->profile->unit_count; i++)
		count += selects(test, &look->profile->units[i]);
	return count;
}

static struct value value_of(struct look *look, const struct test *test)
{
	const struct profile *profile = look->profile;
	struct value value = {.known = true};
	switch (test->term) {
	case TERM_EVERYBODY:
		value.number = 1;
		break;
	case TERM_OPEN_COMPLAINT:
		value.number = profile->open_complaints > 0;
		break;
	case TERM_CONSENT:
		value.number = consents(look, test);
		break;
	case TERM_HAS:
		value.number = (profile->fields >> test->field & 1) != 0;
		break;
	case TERM_LEVEL:
		value.number = profile->level;
		break;
	case TERM_FREQUENCY:
	case TERM_BOUGHT:
		value.number = count_purchases(look, test);
		break;
	case TERM_OWNS:
		value.number = count_units(look, test);
		break;
	case TERM_COMPLAINTS:
		value.number = profile->open_complaints;
		break;
	case TERM_AGE:
		return age_of(look);
	case TERM_MONETARY:
	case TERM_SPENT:
		value.number = sum_money(look, test);
		break;
	case TERM_RECENCY:
		return since_last(look, test);
	case TERM_GROUP:
		value.text = profile->group;
		break;
	case TERM_LANGUAGE:
		value.text = profile->language;
		break;
	case TERM_GENDER:
		value.text = profile->gender;
		break;
	}
	if (test->kind == VALUE_TEXT)
		value.known = value.text.len > 0;
	return value;
}

/* ---- Comparing ---- */

static bool compare(enum relation relation, int64_t a, int64_t b)
{
	switch (relation) {
	case IS_LESS:
		return a < b;
	case IS_AT_MOST:
		return a <= b;
	case IS_EQUAL:
		return a == b;
	case IS_OTHER:
		return a != b;
	case IS_AT_LEAST:
		return a >= b;
	case IS_MORE:
		return a > b;
	}
	return false;
}

/* "zh" covers "zh-Hans-CN" (RFC 4647, basic filtering), in any case of letters; other texts are equal or not. */
static bool covers(enum term term, struct slice range, struct slice text)
{
	if (term != TERM_LANGUAGE)
		return slice_equal(range, text);
	if (range.len > text.len || (range.len < text.len && text.data[range.len] != '-'))
		return false;
	for (size_t i = 0; i < range.len; i++) {
		uint8_t a = range.data[i];
		uint8_t b = text.data[i];
		a = (uint8_t)(a >= 'A' && a <= 'Z' ? a + 32 : a);
		b = (uint8_t)(b >= 'A' && b <= 'Z' ? b + 32 : b);
		if (a != b)
			return false;
	}
	return true;
}

static bool test_holds(const struct test *test, const struct value *value)
{
	bool found = false;
	if (test->kind == VALUE_FLAG)
		return value->number != 0;
	if (!value->known)
		return false;
	if (test->kind != VALUE_TEXT)
		return compare(test->relation, value->number, test->number);
	for (uint32_t i = 0; i < test->text_count; i++)
		found = found || covers(test->term, test->texts[i], value->text);
	return found == (test->relation == IS_EQUAL);
}

/* Both sides of `and` and `or` are always looked at: each may be the one that turns next. */
static bool node_holds(struct look *look, const struct condition *condition, uint16_t node)
{
	struct node_view it = condition_node(condition, node);
	struct value value;
	bool left;
	bool right;
	switch (it.kind) {
	case NODE_TEST:
		value = value_of(look, it.test);
		return test_holds(it.test, &value);
	case NODE_NOT:
		return !node_holds(look, condition, it.left);
	case NODE_AND:
	case NODE_OR:
		left = node_holds(look, condition, it.left);
		right = node_holds(look, condition, it.right);
		return it.kind == NODE_AND ? left && right : left || right;
	}
	return false;
}

struct verdict judge(const struct condition *condition, const struct profile *profile,
	int64_t now_us, const struct zone *zone)
{
	struct look look = {profile, now_us, zone, JUDGE_NEVER};
	bool holds = node_holds(&look, condition, (uint16_t)(condition_nodes(condition) - 1));
	return (struct verdict){holds, look.next_us};
}

/* ---- Why ---- */

static void explain_amount(int64_t minor_units, struct slice currency, struct buffer *out)
{
	char text[DECIMAL_TEXT_BYTES];
	const struct decimal amount = {minor_units, currency_exponent(currency)};
	buffer_printf(out, "%s ", decimal_format(amount, text));
	buffer_append_slice(out, currency);
}

static void explain_value(const struct look *look, const struct test *test, bool negated,
	const struct value *value, struct slice currency, struct buffer *out)
{
	const struct profile_consent *consent;
	char time[CLOCK_TEXT_BYTES];
	if (!value->known) {
		buffer_append_text(out, "not known");
		return;
	}
	switch (test->kind) {
	case VALUE_FLAG:
		consent = &look->profile->consents[test->purpose][test->channel];
		if (test->term == TERM_CONSENT && consent->granted &&
			consent->expires_us != JUDGE_NEVER)
			buffer_printf(out, "%s, until %s", value->number != 0 ? "given" : "over",
				clock_format(consent->expires_us, time));
		else
			buffer_append_text(
				out, (value->number != 0) != negated ? "so it is" : "it is not so");
		break;
	case VALUE_COUNT:
		buffer_printf(out, "%" PRId64, value->number);
		break;
	case VALUE_AMOUNT:
		explain_amount(value->number, currency, out);
		break;
	case VALUE_SPAN:
		buffer_printf(out, "%" PRId64 "d %" PRId64 "h", value->number / DAY_US,
			value->number % DAY_US / (DAY_US / 24));
		break;
	case VALUE_TEXT:
		buffer_append_text(out, "\"");
		buffer_append_slice(out, value->text);
		buffer_append_text(out, "\"");
		break;
	}
}

/* Which tests count the other way round: those under an odd number of nots.  A node stands behind its parts, so
 * from the last to the first all above one is known before it. */
static void find_negated(const struct condition *condition, bool negated[LIMIT_CONDITION_NODES])
{
	uint16_t count = condition_nodes(condition);
	negated[count - 1] = false;
	for (uint16_t i = count; i-- > 0;) {
		struct node_view it = condition_node(condition, i);
		if (it.kind == NODE_TEST)
			continue;
		negated[it.left] = negated[i] != (it.kind == NODE_NOT);
		if (it.kind != NODE_NOT)
			negated[it.right] = negated[i];
	}
}

void judge_explain(const struct condition *condition, const struct profile *profile, int64_t now_us,
	const struct zone *zone, struct buffer *out)
{
	struct look look = {profile, now_us, zone, JUDGE_NEVER};
	bool negated[LIMIT_CONDITION_NODES];
	find_negated(condition, negated);
	for (uint16_t i = 0; i < condition_nodes(condition); i++) {
		struct node_view it = condition_node(condition, i);
		if (it.kind != NODE_TEST)
			continue;
		struct value value = value_of(&look, it.test);
		bool helps = test_holds(it.test, &value) != negated[i];
		buffer_printf(out, "  %-3s  %s%.*s: ", helps ? "yes" : "no",
			negated[i] ? "not " : "", (int)it.test->source.len,
			(const char *)it.test->source.data);
		explain_value(
			&look, it.test, negated[i], &value, condition_currency(condition), out);
		buffer_append_text(out, "\n");
	}
}

struct rfm judge_rfm(const struct profile *profile, int64_t now_us, int64_t period_us)
{
	struct look look = {profile, now_us, NULL, JUDGE_NEVER};
	struct rfm rfm = {.recency_us = -1};
	for (size_t i = 0; i < profile->purchase_count; i++) {
		const struct profile_purchase *purchase = &profile->purchases[i];
		if (!in_period(&look, purchase->time_us, period_us))
			continue;
		rfm.monetary = add(rfm.monetary, purchase->money);
		rfm.frequency += purchase->counts;
		if (purchase->counts)
			rfm.recency_us = now_us - purchase->time_us; /* by time: the last wins */
	}
	return rfm;
}

/* The information base: what held at a time, and promotions that begin and end by schedule. */
#include "world.h"

#include "base/bytes.h"
#include "core/catalog.h"
#include "unit/draw.h"
#include "wire/pbedit.h"

#define HOUR INT64_C(3600000000)
#define DAY  (24 * HOUR)

static void publish(struct world *world, const char *type, int64_t at_us, struct buffer *data)
{
	static unsigned next;
	char id[16];
	snprintf(id, sizeof(id), "r%u", ++next);
	world_file(world, (struct told){.id = id,
				  .type = type,
				  .data = buffer_slice(data),
				  .time_us = at_us != 0 ? at_us : world->now_us + 1});
	buffer_fini(data);
}

static void price(
	struct world *world, int64_t at_us, uint64_t amount, const char *from, const char *until)
{
	struct buffer data = {0};
	pb_put_text(&data, 1, "retail");
	pb_put_text(&data, 2, "P-7");
	size_t money = pb_begin(&data, 5);
	pb_put_uint(&data, 1, amount);
	pb_put_text(&data, 2, "CNY");
	pb_end(&data, money);
	pb_put_text(&data, 8, from);
	pb_put_text(&data, 9, until);
	publish(world, "reference.price.published", at_us, &data);
}

/* What the part cost then; 0: it had no price. */
static uint64_t cost(struct world *world, int64_t at_us, const char *zone_name)
{
	struct rtxn *rtxn;
	struct catalog catalog;
	struct zone *zone = NULL;
	struct slice money = {NULL, 0};
	uint64_t amount = 0;
	if (zone_name != NULL)
		assert_int_equal(zone_open(slice_text(zone_name), &zone), CH_OK);
	assert_int_equal(rtxn_begin(world->state, &rtxn), CH_OK);
	enum ch_status status = catalog_read(rtxn, catalog_type(SLICE_LITERAL("price")),
		SLICE_LITERAL("retail/P-7"), zone, &catalog);
	const struct catalog_version *version =
		status == CH_OK ? catalog_at(&catalog, at_us) : NULL;
	if (version != NULL && pbedit_get_bytes(version->message, 5, &money))
		(void)pbedit_get_uint(money, 1, &amount);
	rtxn_end(rtxn);
	zone_free(zone);
	return amount;
}

static void test_what_a_part_cost_at_a_time(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	assert_int_equal(cost(&world, WORLD_START_US, NULL), 0);
	price(&world, WORLD_START_US, 100, "", "");
	world.now_us += 10 * DAY;
	price(&world, 0, 120, "", "");
	assert_int_equal(cost(&world, WORLD_START_US - 1, NULL), 0);
	assert_int_equal(cost(&world, WORLD_START_US + 9 * DAY, NULL), 100);
	assert_int_equal(cost(&world, world.now_us, NULL), 120);
	/* Told late of an earlier day. */
	price(&world, WORLD_START_US + 5 * DAY, 110, "", "");
	assert_int_equal(cost(&world, WORLD_START_US + 4 * DAY, NULL), 100);
	assert_int_equal(cost(&world, WORLD_START_US + 6 * DAY, NULL), 110);
	assert_int_equal(cost(&world, world.now_us, NULL), 120);
	world_close(&world);
}

/* Today is the 2nd of March.  Next month's list leaves today's price alone. */
static void test_a_price_holds_on_its_days(void **state)
{
	struct world world;
	const int64_t april = WORLD_START_US + 30 * DAY; /* the 1st, 00:00 UTC */
	(void)state;
	world_open(&world);
	price(&world, 0, 100, "2026-01-01", "");
	price(&world, 0, 130, "2026-04-01", "2026-04-30");
	assert_int_equal(cost(&world, WORLD_START_US - 40 * DAY, NULL), 100);
	assert_int_equal(cost(&world, april - 1, NULL), 100);
	assert_int_equal(cost(&world, april, NULL), 130);
	assert_int_equal(cost(&world, april + 30 * DAY - 1, NULL), 130);
	assert_int_equal(cost(&world, april + 30 * DAY, NULL), 0); /* nobody has said what comes */
	/* In Shanghai the day begins eight hours earlier. */
	assert_int_equal(cost(&world, april - 8 * HOUR - 1, "+08:00"), 100);
	assert_int_equal(cost(&world, april - 8 * HOUR, "+08:00"), 130);
	world_close(&world);
}

static void test_a_list_published_every_night_takes_no_room(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	price(&world, 0, 100, "", "");
	int64_t first_us = world.now_us;
	for (int i = 0; i < 200; i++) {
		world.now_us += DAY;
		price(&world, 0, 110, "", "");
	}
	world.now_us += DAY;
	price(&world, 0, 120, "", "");
	assert_int_equal(cost(&world, first_us + HOUR, NULL), 100);
	assert_int_equal(cost(&world, first_us + DAY + HOUR, NULL), 110);
	assert_int_equal(cost(&world, first_us + 150 * DAY, NULL), 110);
	assert_int_equal(cost(&world, world.now_us, NULL), 120);
	assert_true(world_count(&world, TABLE_REFERENCE, SLICE_LITERAL("\xffp")) <= 4);
	/* Another price each night does, and the oldest make room. */
	for (unsigned i = 0; i < 2 * LIMIT_REFERENCE_PAST; i++) {
		world.now_us += DAY;
		price(&world, 0, 200 + i, "", "");
	}
	assert_int_equal(
		world_count(&world, TABLE_REFERENCE, SLICE_LITERAL("\xffp")), LIMIT_REFERENCE_PAST);
	assert_int_equal(cost(&world, world.now_us - 10 * DAY + HOUR, NULL),
		200 + 2 * LIMIT_REFERENCE_PAST - 1 - 10);
	assert_int_equal(cost(&world, first_us + HOUR, NULL), 0);
	world_close(&world);
}

/* An event may be larger than a value: it is taken, and the value stays as it was. */
static void test_a_value_has_a_bound(void **state)
{
	struct world world;
	struct buffer data = {0};
	(void)state;
	world_open(&world);
	price(&world, 0, 100, "", "");
	pb_put_text(&data, 1, "retail");
	pb_put_text(&data, 2, "P-7");
	uint8_t *name = calloc(1, LIMIT_VALUE_BYTES);
	assert_non_null(name);
	memset(name, 'x', LIMIT_VALUE_BYTES);
	pb_put_bytes(&data, 4, slice_of(name, LIMIT_VALUE_BYTES));
	size_t money = pb_begin(&data, 5);
	pb_put_uint(&data, 1, 200);
	pb_end(&data, money);
	publish(&world, "reference.price.published", 0, &data);
	assert_int_equal(cost(&world, world.now_us, NULL), 100);
	free(name);
	world_close(&world);
}

/* ---- Promotions ---- */

static void promote(
	struct world *world, int64_t start_us, int64_t end_us, const char *product, bool retired)
{
	struct buffer data = {0};
	pb_put_text(&data, 1, "SPRING");
	pb_put_text(&data, 2, "Spring sale");
	pb_put_int(&data, 4, start_us);
	pb_put_int(&data, 5, end_us);
	pb_put_text(&data, 6, product);
	pb_put_uint(&data, 12, retired);
	publish(world, "reference.promotion.published", 0, &data);
}

static bool tick(struct world *world)
{
	struct change *change = state_begin(world->state);
	enum ch_status status = core_decide_clock(world->core, change, world->now_us, &world->last);
	if (status == CH_OK)
		world_publish(world, change, &world->last.entry);
	else
		change_abort(change);
	return status == CH_OK;
}

static void assert_reason(const struct world *world, const char *type, const char *reason)
{
	struct slice data = {NULL, 0};
	struct slice value = {NULL, 0};
	assert_true(world_derived_data(world, type, &data));
	assert_true(pbedit_get_bytes(data, 8, &value));
	assert_slice_text(value, reason);
}

#define STARTED "reference.promotion.started"
#define ENDED   "reference.promotion.ended"

static void test_a_promotion_begins_and_ends_by_schedule(void **state)
{
	struct world world;
	const int64_t start_us = WORLD_START_US + DAY;
	(void)state;
	world_open(&world);
	promote(&world, start_us, start_us + 7 * DAY, "", false);
	assert_false(world_derived(&world, STARTED));
	assert_int_equal(core_next_due_us(world.core), start_us);
	assert_int_equal(core_open(world.core).deadlines, 0); /* it is no promise */
	world.now_us = start_us;
	assert_true(tick(&world));
	assert_reason(&world, STARTED, "schedule");
	assert_int_equal(core_next_due_us(world.core), start_us + 7 * DAY);
	world.now_us = start_us + 7 * DAY;
	assert_true(tick(&world));
	assert_reason(&world, ENDED, "schedule");
	assert_true(core_next_due_us(world.core) == INT64_MAX);
	world_close(&world);
}

static void test_published_anew_it_is_set_right(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	promote(&world, WORLD_START_US - DAY, 0, "", false); /* it runs already, without an end */
	assert_reason(&world, STARTED, "published");
	promote(&world, WORLD_START_US - DAY, WORLD_START_US + DAY, "", false);
	assert_false(world_derived(&world, STARTED)); /* and runs on */
	assert_int_equal(core_next_due_us(world.core), WORLD_START_US + DAY);
	promote(&world, WORLD_START_US + 2 * DAY, WORLD_START_US + 3 * DAY, "", false);
	assert_reason(&world, ENDED, "published");
	world.now_us = WORLD_START_US + 2 * DAY;
	assert_true(tick(&world));
	assert_reason(&world, STARTED, "schedule");
	promote(&world, WORLD_START_US + 2 * DAY, WORLD_START_US + 3 * DAY, "", true);
	assert_reason(&world, ENDED, "retired");
	assert_true(core_next_due_us(world.core) == INT64_MAX);
	/* One that ends before it begins never runs. */
	promote(&world, WORLD_START_US + 5 * DAY, WORLD_START_US + 4 * DAY, "", false);
	assert_true(core_next_due_us(world.core) == INT64_MAX);
	world_close(&world);
}

static void test_a_promotion_that_passed_in_downtime_is_told(void **state)
{
	struct world world;
	struct slice data;
	uint64_t late_ms = 0;
	(void)state;
	world_open(&world);
	promote(&world, WORLD_START_US + DAY, WORLD_START_US + 2 * DAY, "", false);
	world.now_us = WORLD_START_US + 5 * DAY;
	assert_true(tick(&world));
	assert_true(world_derived_data(&world, STARTED, &data));
	assert_true(pbedit_get_uint(data, 9, &late_ms) && late_ms == 4 * 86400000);
	assert_true(world_derived(&world, ENDED));
	assert_false(tick(&world));
	world_close(&world);
}

/* Many that are due at once, each with a long list: several entries, none too large, and all are said. */
static void test_an_entry_of_the_clock_stays_small(void **state)
{
	struct world world;
	unsigned said = 0;
	unsigned entries = 0;
	(void)state;
	world_open(&world);
	for (int i = 0; i < 60; i++) {
		struct buffer data = {0};
		char id[8];
		snprintf(id, sizeof(id), "P%d", i);
		pb_put_text(&data, 1, id);
		pb_put_int(&data, 4, WORLD_START_US + DAY);
		pb_put_int(&data, 5, WORLD_START_US + 2 * DAY);
		for (int j = 0; j < 2000; j++)
			pb_put_text(&data, 6, "SKU-0123456789-0123456789-0123456789-0123456789");
		publish(&world, "reference.promotion.published", 0, &data);
	}
	world.now_us = WORLD_START_US + 3 * DAY;
	for (; tick(&world); entries++) {
		struct entry entry;
		struct derived derived;
		assert_true(world.entry.len < LIMIT_ENTRY_BYTES);
		assert_int_equal(entry_parse(buffer_slice(&world.entry), &entry), CH_OK);
		struct derived_reader reader = derived_read(entry.derived, entry.derived_personal);
		while (derived_next(&reader, &derived))
			said++;
	}
	assert_int_equal(said, 120);
	assert_true(entries > 4);
	world_close(&world);
}

/* The clock's list survives a restart; the promotion is not said to begin twice. */
static void test_a_restart_says_nothing_twice(void **state)
{
	struct world world;
	struct core *core = NULL;
	struct rtxn *rtxn = NULL;
	(void)state;
	world_open(&world);
	promote(&world, WORLD_START_US - DAY, WORLD_START_US + DAY, "", false);
	assert_int_equal(core_create(&core), CH_OK);
	assert_int_equal(rtxn_begin(world.state, &rtxn), CH_OK);
	assert_int_equal(core_load(core, rtxn), CH_OK);
	rtxn_end(rtxn);
	core_free(world.core);
	world.core = core;
	promote(&world, WORLD_START_US - DAY, WORLD_START_US + DAY, "", false);
	assert_false(world_derived(&world, STARTED));
	world.now_us = core_next_due_us(core);
	assert_true(tick(&world));
	assert_reason(&world, ENDED, "schedule");
	world_close(&world);
}

/* ---- What an agent is shown ---- */

static void product(struct world *world, const char *id, const char *model, bool retired)
{
	struct buffer data = {0};
	pb_put_text(&data, 1, id);
	pb_put_text(&data, 2, model);
	pb_put_uint(&data, 17, retired);
	publish(world, "reference.product.published", 0, &data);
}

/* "products promotions" for a unit, by id. */
static void assert_shown(
	struct world *world, const char *product, const char *model, const char *expected)
{
	static const struct catalog_fields fields = {10, 11, 12};
	struct catalog_wish wish = {.product_count = 0};
	struct buffer unit = {0};
	struct buffer out = {0};
	struct buffer text = {0};
	struct rtxn *rtxn;
	struct pb_field field;
	pb_put_text(&unit, 2, model);
	pb_put_text(&unit, 5, product);
	assert_int_equal(rtxn_begin(world->state, &rtxn), CH_OK);
	catalog_wish_unit(rtxn, buffer_slice(&unit), &wish);
	catalog_wish_unit(rtxn, buffer_slice(&unit), &wish);
	catalog_wish_station(SLICE_LITERAL("nowhere"), &wish);
	assert_int_equal(catalog_put(rtxn, &wish, &fields, &out), CH_OK);
	rtxn_end(rtxn);
	struct pb_reader reader = pb_read(buffer_slice(&out));
	while (pb_next(&reader, &field)) {
		struct slice id = {NULL, 0};
		(void)pbedit_get_bytes(field.bytes, 1, &id);
		buffer_append_slice(&text, id);
		buffer_append_text(&text, " ");
	}
	assert_string_equal(buffer_text(&text), expected);
	buffer_fini(&text);
	buffer_fini(&out);
	buffer_fini(&unit);
}

static void test_the_agent_sees_product_and_promotion(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	product(&world, "SKU-2", "KDL-46", false);
	product(&world, "SKU-1", "KDL-40", false);
	promote(&world, 0, 0, "SKU-2", false);
	assert_shown(&world, "", "kdl 46", "SKU-2 SPRING ");
	assert_shown(&world, "SKU-1", "KDL-46", "SKU-1 ");
	assert_shown(&world, "SKU-9", "KDL-46", "SKU-2 SPRING "); /* the shop's own number */
	assert_shown(&world, "", "KDL-99", "");
	product(&world, "SKU-1", "KDL-46", false);
	assert_shown(&world, "", "KDL-46", "SKU-1 ");
	product(&world, "SKU-1", "KDL-46", true);
	assert_shown(&world, "", "KDL-46", "SKU-2 SPRING ");
	assert_shown(&world, "", "KDL-40", "");
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_part_cost_at_a_time),
		cmocka_unit_test(test_a_price_holds_on_its_days),
		cmocka_unit_test(test_a_list_published_every_night_takes_no_room),
		cmocka_unit_test(test_a_value_has_a_bound),
		cmocka_unit_test(test_a_promotion_begins_and_ends_by_schedule),
		cmocka_unit_test(test_published_anew_it_is_set_right),
		cmocka_unit_test(test_a_promotion_that_passed_in_downtime_is_told),
		cmocka_unit_test(test_an_entry_of_the_clock_stays_small),
		cmocka_unit_test(test_a_restart_says_nothing_twice),
		cmocka_unit_test(test_the_agent_sees_product_and_promotion),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Promises: clocks that stand still, news that come late, ladders, and what was opened again. */
#include "world.h"

#include "base/bytes.h"
#include "unit/draw.h"
#include "wire/pbedit.h"

#define HOUR INT64_C(3600000000)
#define DAY  (24 * HOUR)

enum { RUNNING = 1, PAUSED = 2, MET = 3, MISSED = 4, CANCELLED = 5 };
enum { STATE = 6, DUE = 8, RUNG = 9, PAUSED_MS = 13, KEPT = 15, NEXT_RUNG = 17, RENEWALS = 18 };

static uint64_t promise(struct world *world, const char *id, uint32_t field)
{
	struct buffer info = {0};
	uint64_t value = 0;
	assert_int_equal(world_get(world, TABLE_DEADLINE, slice_text(id), &info), CH_OK);
	(void)pbedit_get_uint(buffer_slice(&info), field, &value); /* absent is 0 */
	buffer_fini(&info);
	return value;
}

static uint64_t derived_uint(const struct world *world, const char *type, uint32_t field)
{
	struct slice data = {NULL, 0};
	uint64_t value = 0;
	assert_true(world_derived_data(world, type, &data));
	(void)pbedit_get_uint(data, field, &value); /* absent is 0 */
	return value;
}

static void assert_derived_text(
	const struct world *world, const char *type, uint32_t field, const char *text)
{
	struct slice data = {NULL, 0};
	struct slice value = {NULL, 0};
	assert_true(world_derived_data(world, type, &data));
	(void)pbedit_get_bytes(data, field, &value); /* absent is empty */
	assert_true(slice_equal(value, slice_text(text)));
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

/* Whatever is due by then, and nothing that is due is left. */
static void wait_until(struct world *world, int64_t now_us)
{
	world->now_us = now_us;
	for (int i = 0; i < 100 && tick(world); i++)
		world->now_us++;
	assert_true(core_next_due_us(world->core) > world->now_us);
}

/* An event of repair R1 that happened then and arrives now.  `reason`: of a wait, 1 is the customer. */
static void tell(struct world *world, const char *type, int64_t at_us, uint64_t reason)
{
	static unsigned next;
	struct buffer data = {0};
	char id[16];
	bool quote = strncmp(type, "repair.quote.", 13) == 0;
	snprintf(id, sizeof(id), "e%u", ++next);
	if (quote)
		pb_put_text(&data, 1, "Q1");
	pb_put_text(&data, quote ? 2 : 1, "R1");
	size_t station = pb_begin(&data, quote ? 3 : 2);
	pb_put_text(&data, 1, "S1");
	pb_end(&data, station);
	if (strcmp(type, "repair.quote.made") == 0) {
		size_t total = pb_begin(&data, 5);
		pb_put_uint(&data, 1, 100);
		pb_put_text(&data, 2, "CNY");
		pb_end(&data, total);
	} else if (strcmp(type, "repair.order.received") == 0) {
		world_put_unit(&data, 3, "SN-1");
	} else if (!quote) {
		pb_put_uint(&data, 3, reason);
	}
	world_file(world,
		(struct told){
			.id = id, .type = type, .data = buffer_slice(&data), .time_us = at_us});
	buffer_fini(&data);
}

static void tell_now(struct world *world, const char *type, uint64_t reason)
{
	tell(world, type, world->now_us + 1, reason);
}

/* ---- Pauses ---- */

static void test_the_clock_stands_while_the_customer_thinks(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	tell_now(&world, "repair.order.received", 0);
	uint64_t due = promise(&world, "repair.fix/R1", DUE);
	wait_until(&world, WORLD_START_US + DAY);
	tell_now(&world, "repair.wait.started", 1);
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), PAUSED);
	assert_int_equal(promise(&world, "repair.return/R1", STATE), PAUSED);
	assert_derived_text(&world, "deadline.promise.moved", 3, "paused");
	/* Nobody is blamed while it lasts. */
	wait_until(&world, WORLD_START_US + 30 * DAY);
	assert_int_equal(promise(&world, "repair.return/R1", STATE), PAUSED);
	tell_now(&world, "repair.wait.ended", 1);
	assert_derived_text(&world, "deadline.promise.moved", 3, "resumed");
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), RUNNING);
	int64_t moved_us = (int64_t)(promise(&world, "repair.fix/R1", DUE) - due);
	assert_true(moved_us > 29 * DAY - 1000 && moved_us < 29 * DAY + 1000000);
	assert_int_equal(promise(&world, "repair.fix/R1", PAUSED_MS) * 1000, (uint64_t)moved_us);
	/* A wait for a part, or for hands, is the station's own. */
	tell_now(&world, "repair.wait.started", 2);
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), RUNNING);
	wait_until(&world, WORLD_START_US + 40 * DAY);
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), MISSED);
	world_close(&world);
}

static void test_pauses_overlap_and_are_told_twice(void **state)
{
	struct world world;
	struct buffer record = {0};
	uint64_t value = 0;
	(void)state;
	world_open(&world);
	tell_now(&world, "repair.order.received", 0);
	uint64_t due = promise(&world, "repair.fix/R1", DUE);
	const int64_t t = WORLD_START_US + HOUR;
	world.now_us = t + 10 * HOUR;
	tell(&world, "repair.quote.made", t, 0);              /* 0 .. 5 */
	tell(&world, "repair.wait.started", t + 2 * HOUR, 1); /* 2 .. 7 */
	tell(&world, "repair.wait.started", t + 2 * HOUR, 1); /* resent */
	tell(&world, "repair.quote.approved", t + 5 * HOUR, 0);
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), PAUSED);
	tell(&world, "repair.wait.ended", t + 7 * HOUR, 1);
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), RUNNING);
	tell(&world, "repair.wait.ended", t + 8 * HOUR, 1); /* it had ended */
	tell(&world, "repair.wait.started", t + 8 * HOUR + 1, 1);
	tell(&world, "repair.wait.ended", t + 9 * HOUR + 1, 0); /* every wait */
	assert_int_equal(promise(&world, "repair.fix/R1", DUE), due + 8 * HOUR);
	assert_int_equal(world_get(&world, TABLE_REPAIR, SLICE_LITERAL("R1"), &record), CH_OK);
	assert_true(pbedit_get_uint(buffer_slice(&record), 15, &value) && value == 8 * 3600000);
	buffer_fini(&record);
	world_close(&world);
}

static void test_work_and_return_end_every_pause(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	tell_now(&world, "repair.order.received", 0);
	tell_now(&world, "repair.quote.made", 0);
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), PAUSED);
	tell_now(&world, "repair.work.started", 1); /* diagnosis is no sign of a yes */
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), PAUSED);
	tell_now(&world, "repair.work.started", 2);
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), RUNNING);
	tell_now(&world, "repair.wait.started", 1);
	tell_now(&world, "repair.order.repaired", 0);
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), MET);
	assert_int_equal(promise(&world, "repair.return/R1", STATE), RUNNING);
	tell_now(&world, "repair.order.returned", 0);
	assert_int_equal(promise(&world, "repair.return/R1", STATE), MET);
	world_close(&world);
}

static void test_a_pause_told_late_takes_the_blame_back(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	tell_now(&world, "repair.order.received", 0);
	wait_until(&world, WORLD_START_US + 5 * DAY);
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), MISSED);
	/* It has waited for the customer since the second day. */
	tell(&world, "repair.wait.started", WORLD_START_US + 2 * DAY, 1);
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), PAUSED);
	assert_int_equal(derived_uint(&world, "deadline.promise.corrected", 2), MISSED);
	assert_derived_text(&world, "deadline.promise.corrected", 5, "paused");
	wait_until(&world, WORLD_START_US + 6 * DAY);
	tell(&world, "repair.wait.ended", WORLD_START_US + 4 * DAY, 1);
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), RUNNING);
	wait_until(&world, WORLD_START_US + 7 * DAY);
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), MISSED);
	/* It was done on the eighth day, and then the pause turns out to have been longer. */
	world.now_us = WORLD_START_US + 8 * DAY;
	tell_now(&world, "repair.order.repaired", 0);
	assert_true(world_derived(&world, "deadline.promise.fulfilled"));
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), MISSED);
	assert_true(promise(&world, "repair.fix/R1", KEPT) > 0);
	tell(&world, "repair.wait.started", WORLD_START_US + 4 * DAY + HOUR, 1);
	tell(&world, "repair.wait.ended", WORLD_START_US + 7 * DAY, 1);
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), MET);
	world_close(&world);
}

static void test_a_pause_that_shrinks_takes_praise_back(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	tell_now(&world, "repair.order.received", 0);
	world.now_us = WORLD_START_US + DAY;
	tell_now(&world, "repair.wait.started", 1);
	world.now_us = WORLD_START_US + 6 * DAY;
	tell_now(&world, "repair.order.repaired", 0);
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), MET);
	/* In truth the customer had answered the same day. */
	tell(&world, "repair.wait.ended", WORLD_START_US + DAY + HOUR, 1);
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), MISSED);
	assert_int_equal(derived_uint(&world, "deadline.promise.corrected", 2), MET);
	world_close(&world);
}

static void test_pauses_without_end_stop_no_clock(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	tell_now(&world, "repair.order.received", 0);
	for (unsigned i = 0; i < 2 * LIMIT_PAUSE_MARKS; i++) {
		tell_now(&world, "repair.wait.started", 1);
		world.now_us += HOUR / 60;
		tell_now(&world, "repair.wait.ended", 1);
		assert_int_equal(promise(&world, "repair.fix/R1", STATE), RUNNING);
	}
	uint64_t paused = promise(&world, "repair.fix/R1", PAUSED_MS);
	assert_true(paused > 0 && paused < LIMIT_PAUSE_MARKS * 60000u / 2u + 1000u);
	world_close(&world);
}

/* In whatever order the station's words arrive, the repair has waited the same time. */
static void test_the_order_of_arrival_does_not_matter(void **state)
{
	static const char *const types[] = {"repair.wait.started", "repair.wait.ended",
		"repair.quote.made", "repair.quote.approved", "repair.work.started"};
	uint64_t seed = 20261122;
	(void)state;
	for (int round = 0; round < 40; round++) {
		struct buffer first = {0};
		unsigned kinds[12];
		int64_t times[12];
		for (int i = 0; i < 12; i++) {
			kinds[i] = (unsigned)draw(&seed, 5);
			times[i] = WORLD_START_US + (int64_t)draw(&seed, 400) * HOUR / 4;
		}
		for (int order = 0; order < 3; order++) {
			struct world world;
			struct buffer record = {0};
			struct buffer waited = {0};
			world_open(&world);
			world.now_us = WORLD_START_US + 200 * DAY;
			tell(&world, "repair.order.received", WORLD_START_US, 0);
			for (int i = 11; i > 0 && order > 0; i--) {
				int j = (int)draw(&seed, (uint64_t)i + 1);
				unsigned kind = kinds[i];
				int64_t time = times[i];
				kinds[i] = kinds[j];
				times[i] = times[j];
				kinds[j] = kind;
				times[j] = time;
			}
			for (int i = 0; i < 12; i++)
				tell(&world, types[kinds[i]], times[i], kinds[i] == 4 ? 2 : 1);
			assert_int_equal(
				world_get(&world, TABLE_REPAIR, SLICE_LITERAL("R1"), &record),
				CH_OK);
			for (uint32_t number = 15; number <= 16; number++) {
				uint64_t value = 0;
				(void)pbedit_get_uint(buffer_slice(&record), number, &value);
				buffer_printf(&waited, "%llu ", (unsigned long long)value);
			}
			if (order == 0)
				buffer_append_slice(&first, buffer_slice(&waited));
			assert_string_equal(buffer_text(&waited), buffer_text(&first));
			buffer_fini(&waited);
			buffer_fini(&record);
			world_close(&world);
		}
		buffer_fini(&first);
	}
}

static void test_a_repair_may_be_returned_before_it_was_received(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	world.now_us += HOUR;
	tell(&world, "repair.order.returned", WORLD_START_US + HOUR / 2, 0);
	tell(&world, "repair.order.received", WORLD_START_US + HOUR / 4, 0);
	assert_int_equal(promise(&world, "repair.return/R1", STATE), MET);
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), MET);
	/* Told again it stays so; brought again later it runs anew. */
	tell(&world, "repair.order.received", WORLD_START_US + HOUR / 4, 0);
	assert_int_equal(promise(&world, "repair.return/R1", STATE), MET);
	world.now_us += DAY;
	tell_now(&world, "repair.order.reopened", 0);
	assert_int_equal(promise(&world, "repair.return/R1", STATE), RUNNING);
	assert_int_equal(promise(&world, "repair.return/R1", RENEWALS), 1);
	world_close(&world);
}

/* An appointment that was missed and agreed upon anew is another promise. */
static void appoint(struct world *world, const char *verb, int64_t start_us)
{
	static unsigned next;
	struct buffer data = {0};
	char id[16];
	char type[40];
	snprintf(id, sizeof(id), "a%u", ++next);
	snprintf(type, sizeof(type), "repair.appointment.%s", verb);
	pb_put_text(&data, 1, "A1");
	pb_put_int(&data, strcmp(verb, "made") == 0 ? 3 : 2, start_us);
	world_file(world, (struct told){.id = id, .type = type, .data = buffer_slice(&data)});
	buffer_fini(&data);
}

static void test_a_missed_appointment_is_made_again(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	appoint(&world, "made", WORLD_START_US + DAY);
	appoint(&world, "moved", WORLD_START_US + 2 * DAY);
	assert_true(world_derived(&world, "deadline.promise.moved"));
	wait_until(&world, WORLD_START_US + 3 * DAY);
	assert_int_equal(promise(&world, "appointment.keep/A1", STATE), MISSED);
	appoint(&world, "moved", WORLD_START_US + 5 * DAY);
	assert_true(world_derived(&world, "deadline.promise.set"));
	assert_int_equal(promise(&world, "appointment.keep/A1", STATE), RUNNING);
	wait_until(&world, WORLD_START_US + 6 * DAY);
	appoint(&world, "made", WORLD_START_US + 7 * DAY);
	assert_int_equal(promise(&world, "appointment.keep/A1", STATE), RUNNING);
	world_close(&world);
}

/* A station with a name as long as an event is no station, and no reason to stop. */
static void test_a_promise_has_a_bound(void **state)
{
	struct world world;
	struct buffer data = {0};
	(void)state;
	world_open(&world);
	uint8_t *name = malloc(LIMIT_VALUE_BYTES);
	assert_non_null(name);
	memset(name, 'x', LIMIT_VALUE_BYTES);
	pb_put_text(&data, 1, "R1");
	size_t station = pb_begin(&data, 2);
	pb_put_bytes(&data, 1, slice_of(name, LIMIT_VALUE_BYTES));
	pb_end(&data, station);
	world_put_unit(&data, 3, "SN-1");
	world_file(&world,
		(struct told){
			.id = "1", .type = "repair.order.received", .data = buffer_slice(&data)});
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), RUNNING);
	free(name);
	buffer_fini(&data);
	world_close(&world);
}

/* Two stations number alike: each under its scope, and so are their promises. */
static void test_a_scope_keeps_promises_apart(void **state)
{
	struct world world;
	struct buffer info = {0};
	struct told west = {.id = "1", .type = "repair.order.received", .peer = "west"};
	struct told east = {.id = "2", .type = "repair.order.received", .serial = "SN-2"};
	(void)state;
	world_open(&world);
	world_file(&world, west);
	world_file(&world, east);
	assert_int_equal(promise(&world, "repair.fix/WEST/R1", STATE), RUNNING);
	west.id = "3";
	west.type = "repair.order.repaired";
	world_file(&world, west);
	assert_int_equal(promise(&world, "repair.fix/WEST/R1", STATE), MET);
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), RUNNING);
	/* One from before stands under the bare number, and is kept there. */
	assert_int_equal(
		world_get(&world, TABLE_DEADLINE, SLICE_LITERAL("repair.fix/R1"), &info), CH_OK);
	struct change *change = state_begin(world.state);
	change_delete(change, TABLE_DEADLINE, SLICE_LITERAL("repair.fix/WEST/R1"));
	assert_int_equal(change_publish(change, world.sequence), CH_OK);
	west.id = "4";
	world_file(&world, west);
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), MET);
	buffer_fini(&info);
	world_close(&world);
}

/* ---- Ladders ---- */

static const char ladder_settings[] = "ladder.repair.fix=0:desk 3600:manager 86400:director\n"
				      "peer.desk.assurance=verified\n";

static void test_a_missed_promise_climbs_its_ladder(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	world_set(&world, ladder_settings);
	tell_now(&world, "repair.order.received", 0);
	world.now_us = (int64_t)promise(&world, "repair.fix/R1", DUE);
	int64_t due_us = world.now_us;
	assert_true(tick(&world));
	assert_int_equal(derived_uint(&world, "deadline.promise.missed", 2), 1);
	assert_derived_text(&world, "deadline.promise.missed", 4, "desk");
	assert_int_equal(
		derived_uint(&world, "deadline.promise.missed", 7), (uint64_t)(due_us + HOUR));
	assert_false(tick(&world));
	world.now_us = due_us + HOUR;
	assert_true(tick(&world));
	assert_int_equal(derived_uint(&world, "deadline.promise.missed", 2), 2);
	assert_derived_text(&world, "deadline.promise.missed", 4, "manager");
	assert_int_equal(derived_uint(&world, "deadline.promise.missed", 6), 3600000);
	/* Done, too late: nobody is called any more. */
	tell_now(&world, "repair.order.repaired", 0);
	assert_true(world_derived(&world, "deadline.promise.fulfilled"));
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), MISSED);
	world.now_us = due_us + 10 * DAY;
	assert_true(core_next_due_us(world.core) > due_us + 9 * DAY);
	world_close(&world);
}

static void test_after_downtime_escalations_come_once(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	world_set(&world, ladder_settings);
	tell_now(&world, "repair.order.received", 0);
	world.now_us = (int64_t)promise(&world, "repair.fix/R1", DUE) + 2 * DAY;
	assert_true(tick(&world));
	assert_int_equal(derived_uint(&world, "deadline.promise.missed", 2), 3);
	assert_int_equal(derived_uint(&world, "deadline.promise.missed", 3), 3);
	assert_derived_text(&world, "deadline.promise.missed", 4, "director");
	assert_int_equal(promise(&world, "repair.fix/R1", NEXT_RUNG), 0);
	assert_false(tick(&world));
	world_close(&world);
}

/* The clock's list is part of the state: a restart goes on where it was. */
static void test_a_restart_knows_the_next_rung(void **state)
{
	struct world world;
	struct core *core = NULL;
	struct rtxn *rtxn = NULL;
	(void)state;
	world_open(&world);
	world_set(&world, ladder_settings);
	tell_now(&world, "repair.order.received", 0);
	wait_until(&world, (int64_t)promise(&world, "repair.fix/R1", DUE));
	assert_int_equal(core_create(&core), CH_OK);
	assert_int_equal(rtxn_begin(world.state, &rtxn), CH_OK);
	assert_int_equal(core_load(core, rtxn), CH_OK);
	rtxn_end(rtxn);
	assert_int_equal(core_next_due_us(core), core_next_due_us(world.core));
	assert_int_equal(core_open(core).deadlines, core_open(world.core).deadlines);
	core_free(world.core);
	world.core = core;
	world.now_us = core_next_due_us(core);
	assert_true(tick(&world));
	assert_int_equal(promise(&world, "repair.fix/R1", RUNG), 2);
	world_close(&world);
}

static void test_what_is_cancelled_is_nobodys_fault(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	world_set(&world, ladder_settings);
	tell_now(&world, "repair.order.received", 0);
	wait_until(&world, (int64_t)promise(&world, "repair.fix/R1", DUE));
	tell_now(&world, "repair.order.cancelled", 0);
	/* What was missed stays missed, but its ladder ends. */
	assert_int_equal(promise(&world, "repair.fix/R1", STATE), MISSED);
	assert_int_equal(promise(&world, "repair.return/R1", STATE), CANCELLED);
	assert_true(core_next_due_us(world.core) == INT64_MAX);
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_clock_stands_while_the_customer_thinks),
		cmocka_unit_test(test_pauses_overlap_and_are_told_twice),
		cmocka_unit_test(test_work_and_return_end_every_pause),
		cmocka_unit_test(test_a_pause_told_late_takes_the_blame_back),
		cmocka_unit_test(test_a_pause_that_shrinks_takes_praise_back),
		cmocka_unit_test(test_pauses_without_end_stop_no_clock),
		cmocka_unit_test(test_the_order_of_arrival_does_not_matter),
		cmocka_unit_test(test_a_repair_may_be_returned_before_it_was_received),
		cmocka_unit_test(test_a_missed_appointment_is_made_again),
		cmocka_unit_test(test_a_promise_has_a_bound),
		cmocka_unit_test(test_a_scope_keeps_promises_apart),
		cmocka_unit_test(test_a_missed_promise_climbs_its_ladder),
		cmocka_unit_test(test_after_downtime_escalations_come_once),
		cmocka_unit_test(test_a_restart_knows_the_next_rung),
		cmocka_unit_test(test_what_is_cancelled_is_nobodys_fault),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Cases: who owns them, how high they have risen, which promises run on them, and which are open. */
#include "world.h"

#include "base/bytes.h"
#include "unit/draw.h"
#include "wire/pbedit.h"

#define HOUR INT64_C(3600000000)
#define DAY  (24 * HOUR)

enum { RUNNING = 1, MET = 3, MISSED = 4 };
enum { KIND = 2, STATE = 5, LEVEL = 8, REOPENED = 13, CHANGED = 18, HANDED = 21 };
enum { PROMISE_CHANGED = 11 };

/* What an event says, by field number; the rest is absent. */
struct said {
	const char *type;
	int64_t at_us; /* 0: now */
	uint32_t agent_field;
	const char *agent;
	uint32_t second_field;
	const char *second;
	uint32_t number_field;
	uint64_t number;
	uint32_t other_field;
	uint64_t other;
};

static void put_agent(struct buffer *data, uint32_t field, const char *agent)
{
	if (field == 0)
		return;
	size_t mark = pb_begin(data, field);
	pb_put_text(data, 1, agent);
	pb_end(data, mark);
}

/* Of case K1. */
static void say(struct world *world, struct said said)
{
	static unsigned next;
	struct buffer data = {0};
	char id[16];
	snprintf(id, sizeof(id), "c%u", ++next);
	pb_put_text(&data, 1, "K1");
	if (strstr(said.type, "complaint") != NULL)
		pb_put_text(&data, 4, "noise");
	put_agent(&data, said.agent_field, said.agent);
	put_agent(&data, said.second_field, said.second);
	if (said.number_field != 0)
		pb_put_uint(&data, said.number_field, said.number);
	if (said.other_field != 0)
		pb_put_uint(&data, said.other_field, said.other);
	world_file(world, (struct told){.id = id,
				  .type = said.type,
				  .data = buffer_slice(&data),
				  .time_us = said.at_us != 0 ? said.at_us : world->now_us + 1});
	buffer_fini(&data);
}

#define HAND(from, to, at)                                                                         \
	(struct said)                                                                              \
	{                                                                                          \
		.type = "callcenter.case.handed", .at_us = at, .agent_field = 2, .agent = from,    \
		.second_field = 3, .second = to                                                    \
	}

static struct buffer kept(struct world *world)
{
	struct buffer record = {0};
	assert_int_equal(world_get(world, TABLE_CASE, SLICE_LITERAL("K1"), &record), CH_OK);
	return record;
}

static uint64_t kept_uint(struct world *world, uint32_t field)
{
	struct buffer record = kept(world);
	uint64_t value = 0;
	(void)pbedit_get_uint(buffer_slice(&record), field, &value); /* absent is 0 */
	buffer_fini(&record);
	return value;
}

static void assert_agent(struct world *world, uint32_t field, const char *agent)
{
	struct buffer record = kept(world);
	struct slice ref = {NULL, 0};
	struct slice id = {NULL, 0};
	(void)pbedit_get_bytes(buffer_slice(&record), field, &ref); /* absent is empty */
	(void)pbedit_get_bytes(ref, 1, &id);
	assert_slice_text(id, agent);
	buffer_fini(&record);
}

/* "A>B B>C" of its hand-overs. */
static void assert_hand_overs(struct world *world, const char *expected)
{
	struct buffer record = kept(world);
	struct buffer text = {0};
	struct pb_reader reader = pb_read(buffer_slice(&record));
	struct pb_field field;
	while (pb_next(&reader, &field)) {
		if (field.number != 15)
			continue;
		for (uint32_t side = 1; side <= 2; side++) {
			struct slice ref = {NULL, 0};
			struct slice id = {NULL, 0};
			(void)pbedit_get_bytes(field.bytes, side, &ref);
			(void)pbedit_get_bytes(ref, 1, &id);
			buffer_append_text(&text, side == 2 ? ">" : text.len > 0 ? " " : "");
			buffer_append_slice(&text, id);
		}
	}
	assert_string_equal(buffer_text(&text), expected);
	buffer_fini(&text);
	buffer_fini(&record);
}

static uint64_t promise(struct world *world, const char *id, uint32_t field)
{
	struct buffer info = {0};
	uint64_t value = 0;
	if (world_get(world, TABLE_DEADLINE, slice_text(id), &info) == CH_OK)
		(void)pbedit_get_uint(buffer_slice(&info), field, &value);
	buffer_fini(&info);
	return value;
}

static void tick(struct world *world)
{
	struct change *change = state_begin(world->state);
	enum ch_status status = core_decide_clock(world->core, change, world->now_us, &world->last);
	if (status == CH_OK)
		world_publish(world, change, &world->last.entry);
	else
		change_abort(change);
}

/* As the index has them, which is what was counted along. */
static unsigned open_cases(struct world *world)
{
	unsigned count = world_count(world, TABLE_META, SLICE_LITERAL(KEY_OPEN_CASES));
	struct core_cases cases = core_open(world->core).cases;
	uint64_t open = 0;
	for (size_t kind = 0; kind < CORE_CASE_KINDS; kind++) {
		for (size_t i = 0; i < CORE_CASE_SEVERITIES; i++) {
			open += cases.open[kind][i];
			assert_true(cases.breached[kind][i] <= cases.open[kind][i]);
		}
	}
	assert_int_equal(open, count);
	return count;
}

#define COMPLAINT_KIND 5

static void test_the_first_who_is_asked_owns_it(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	/* Nobody is named on the website: the first who does something has it. */
	say(&world, (struct said){.type = "website.complaint.filed"});
	assert_agent(&world, 4, "");
	assert_int_equal(kept_uint(&world, KIND), 5);
	assert_int_equal(open_cases(&world), 1);
	say(&world,
		(struct said){
			.type = "callcenter.case.acknowledged", .agent_field = 2, .agent = "201"});
	assert_agent(&world, 4, "201");
	say(&world, (struct said){
			    .type = "callcenter.case.answered", .agent_field = 2, .agent = "305"});
	assert_agent(&world, 4, "201");
	say(&world, HAND("201", "305", 0));
	assert_agent(&world, 4, "305");
	assert_hand_overs(&world, "201>305");
	/* Offered is not handed. */
	struct said offer = HAND("305", "400", 0);
	offer.number_field = 4;
	offer.number = 2;
	say(&world, offer);
	assert_agent(&world, 4, "305");
	assert_agent(&world, 19, "400");
	offer.number = 1;
	say(&world, offer);
	assert_agent(&world, 4, "400");
	assert_agent(&world, 19, "");
	assert_hand_overs(&world, "201>305 305>400");
	say(&world, (struct said){.type = "callcenter.case.closed"});
	assert_int_equal(open_cases(&world), 0);
	world_close(&world);
}

static void test_a_late_hand_over_finds_its_place(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	world.now_us += DAY;
	say(&world, (struct said){.type = "callcenter.case.logged",
			    .at_us = WORLD_START_US,
			    .agent_field = 3,
			    .agent = "A",
			    .number_field = 2,
			    .number = 1});
	say(&world, HAND("B", "C", WORLD_START_US + 2 * HOUR));
	say(&world, HAND("A", "B", WORLD_START_US + HOUR));
	say(&world, HAND("A", "B", WORLD_START_US + HOUR)); /* by another desk program */
	assert_agent(&world, 4, "C");
	assert_hand_overs(&world, "A>B B>C");
	assert_int_equal(kept_uint(&world, HANDED), 2);
	world_close(&world);
}

static void test_only_the_newest_hand_overs_are_kept(void **state)
{
	struct world world;
	char from[8];
	char to[8];
	(void)state;
	world_open(&world);
	for (int i = 0; i < 40; i++) {
		snprintf(from, sizeof(from), "%d", i);
		snprintf(to, sizeof(to), "%d", i + 1);
		say(&world, HAND(from, to, 0));
	}
	struct buffer record = kept(&world);
	struct pb_reader reader = pb_read(buffer_slice(&record));
	struct pb_field field;
	unsigned count = 0;
	while (pb_next(&reader, &field))
		count += field.number == 15;
	assert_int_equal(count, LIMIT_HAND_OVERS);
	assert_int_equal(kept_uint(&world, HANDED), 40);
	assert_agent(&world, 4, "40");
	buffer_fini(&record);
	world_close(&world);
}

static void test_a_complaint_rises_until_it_is_answered(void **state)
{
	struct world world;
	struct slice missed = {NULL, 0};
	struct slice owner = {NULL, 0};
	(void)state;
	world_open(&world);
	say(&world,
		(struct said){.type = "repair.complaint.filed", .agent_field = 7, .agent = "201"});
	world.now_us = (int64_t)promise(&world, "complaint.acknowledge/K1", 8);
	tick(&world);
	assert_true(world_derived_data(&world, "deadline.promise.missed", &missed));
	assert_true(pbedit_get_bytes(missed, 5, &owner));
	assert_slice_text(owner, "201");
	assert_int_equal(kept_uint(&world, LEVEL), 1);
	/* The customer's silence is no excuse: nothing stops this clock. */
	world.now_us = core_next_due_us(world.core);
	tick(&world);
	assert_int_equal(kept_uint(&world, LEVEL), 2);
	say(&world, (struct said){.type = "callcenter.case.answered"});
	assert_int_equal(promise(&world, "complaint.acknowledge/K1", 6), MISSED);
	assert_int_equal(promise(&world, "complaint.answer/K1", 6), MET);
	assert_true(core_next_due_us(world.core) == INT64_MAX);
	assert_int_equal(kept_uint(&world, LEVEL), 2); /* so high it had come */
	world_close(&world);
}

static void test_opened_again_everything_runs_anew(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	say(&world,
		(struct said){.type = "website.complaint.filed", .agent_field = 7, .agent = "201"});
	say(&world, (struct said){.type = "callcenter.case.escalated",
			    .number_field = 2,
			    .number = 3,
			    .second_field = 4,
			    .second = "9"});
	assert_agent(&world, 4, "9");
	assert_int_equal(kept_uint(&world, LEVEL), 3);
	assert_int_equal(open_cases(&world), 1);
	assert_int_equal(core_open(world.core).cases.breached[COMPLAINT_KIND][0], 1);
	say(&world, (struct said){.type = "callcenter.case.closed"});
	assert_int_equal(open_cases(&world), 0);
	assert_int_equal(promise(&world, "complaint.answer/K1", 6), MET);
	world.now_us += DAY;
	say(&world, (struct said){
			    .type = "callcenter.case.reopened", .agent_field = 2, .agent = "305"});
	assert_true(world_derived(&world, "deadline.promise.set"));
	assert_int_equal(promise(&world, "complaint.answer/K1", 6), RUNNING);
	assert_int_equal(promise(&world, "complaint.answer/K1", 18), 1);
	assert_int_equal(promise(&world, "complaint.acknowledge/K1", 6), RUNNING);
	assert_int_equal(promise(&world, "case.answer/K1", 6), 0);
	assert_int_equal(kept_uint(&world, LEVEL), 0);
	assert_int_equal(kept_uint(&world, REOPENED), 1);
	assert_agent(&world, 4, "305");
	assert_int_equal(open_cases(&world), 1);
	assert_int_equal(core_open(world.core).cases.breached[COMPLAINT_KIND][0], 0);
	/* Filed once more by a browser that did not give up: the promise stands. */
	uint64_t due = promise(&world, "complaint.answer/K1", 8);
	world.now_us += HOUR;
	say(&world, (struct said){.type = "website.complaint.filed"});
	assert_int_equal(promise(&world, "complaint.answer/K1", 8), due);
	world_close(&world);
}

static void test_promises_differ_by_kind_and_severity(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	world_set(&world, "deadline.case.answer.sales=3600\n"
			  "deadline.complaint.answer.critical=7200\n");
	say(&world, (struct said){.type = "callcenter.case.logged",
			    .number_field = 2,
			    .number = 1,
			    .agent_field = 3,
			    .agent = "1"});
	assert_int_equal(promise(&world, "case.answer/K1", 6), 0); /* advice has none */
	say(&world, (struct said){.type = "callcenter.case.logged",
			    .number_field = 2,
			    .number = 2,
			    .agent_field = 3,
			    .agent = "1"});
	assert_int_equal(promise(&world, "case.answer/K1", 8), world.now_us + HOUR);
	say(&world, (struct said){
			    .type = "callcenter.complaint.filed", .number_field = 5, .number = 4});
	assert_int_equal(promise(&world, "complaint.answer/K1", 8), world.now_us + 2 * HOUR);
	assert_int_equal(kept_uint(&world, KIND), 5);
	/* And what the channel itself has promised counts before all. */
	int64_t told_us = WORLD_START_US + 9 * DAY;
	world_close(&world);
	world_open(&world);
	say(&world, (struct said){.type = "website.complaint.filed",
			    .number_field = 9,
			    .number = (uint64_t)told_us});
	assert_int_equal(promise(&world, "complaint.answer/K1", 8), told_us);
	world_close(&world);
}

static void test_settled_at_once_it_waits_for_nobody(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	world_set(&world, "deadline.case.answer=3600\n");
	say(&world, (struct said){.type = "callcenter.case.logged",
			    .agent_field = 3,
			    .agent = "1",
			    .number_field = 2,
			    .number = 1,
			    .other_field = 12,
			    .other = 1});
	assert_int_equal(kept_uint(&world, STATE), 4);
	assert_int_equal(open_cases(&world), 0);
	assert_int_equal(promise(&world, "case.answer/K1", 6), 0);
	world_close(&world);
}

static void test_an_answer_may_overtake_its_complaint(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	world.now_us += DAY;
	say(&world, (struct said){.type = "callcenter.case.answered",
			    .at_us = WORLD_START_US + 2 * HOUR});
	say(&world,
		(struct said){.type = "website.complaint.filed", .at_us = WORLD_START_US + HOUR});
	assert_int_equal(promise(&world, "complaint.answer/K1", 6), MET);
	assert_int_equal(promise(&world, "complaint.acknowledge/K1", 6), MET);
	assert_int_equal(kept_uint(&world, STATE), 3);
	world_close(&world);
}

/* The state says that this fold has made it. */
static void assert_fold(struct world *world)
{
	struct buffer version = {0};
	assert_int_equal(world_get(world, TABLE_META, SLICE_LITERAL("fold"), &version), CH_OK);
	assert_int_equal(version.len, 4);
	assert_int_equal(version.data[0], 3);
	buffer_fini(&version);
}

/* A state that an earlier fold has made gets the indexes that this one keeps. */
static void test_an_older_state_is_upgraded(void **state)
{
	struct world world;
	struct core *core = NULL;
	struct rtxn *rtxn = NULL;
	uint8_t key[LIMIT_KEY_BYTES + 16];
	(void)state;
	world_open(&world);
	say(&world, (struct said){.type = "website.complaint.filed"});
	struct slice at = slice_of(
		key, key_open_case(key, (int64_t)kept_uint(&world, 9), SLICE_LITERAL("K1")));
	struct change *change = state_begin(world.state);
	change_delete(change, TABLE_META, at);
	change_delete(change, TABLE_META, SLICE_LITERAL("fold"));
	assert_int_equal(change_publish(change, world.sequence), CH_OK);
	assert_int_equal(world_count(&world, TABLE_META, SLICE_LITERAL(KEY_OPEN_CASES)), 0);
	assert_int_equal(core_create(&core), CH_OK);
	assert_int_equal(rtxn_begin(world.state, &rtxn), CH_OK);
	assert_int_equal(core_load(core, rtxn), CH_OK);
	rtxn_end(rtxn);
	assert_int_equal(core_upgrade(core, world.state), CH_OK);
	assert_int_equal(open_cases(&world), 1);
	assert_int_equal(core_open(core).cases.open[COMPLAINT_KIND][0], 1);
	assert_int_equal(world_count(&world, TABLE_META, SLICE_LITERAL("fold")), 1);
	assert_fold(&world);
	assert_int_equal(core_upgrade(core, world.state), CH_OK); /* no second time */
	assert_int_equal(core_open(core).cases.open[COMPLAINT_KIND][0], 1);
	core_free(core);
	world_close(&world);
}

/* One of fold 2 has its indexes, and gets no second entry for a case: only the mark. */
static void test_a_state_with_its_indexes_is_only_marked(void **state)
{
	struct world world;
	struct core *core = NULL;
	struct rtxn *rtxn = NULL;
	(void)state;
	world_open(&world);
	say(&world, (struct said){.type = "website.complaint.filed"});
	struct change *change = state_begin(world.state);
	change_put(change, TABLE_META, SLICE_LITERAL("fold"), SLICE_LITERAL("\2\0\0\0"));
	assert_int_equal(change_publish(change, world.sequence), CH_OK);
	assert_int_equal(core_create(&core), CH_OK);
	assert_int_equal(rtxn_begin(world.state, &rtxn), CH_OK);
	assert_int_equal(core_load(core, rtxn), CH_OK);
	rtxn_end(rtxn);
	assert_int_equal(core_upgrade(core, world.state), CH_OK);
	assert_fold(&world);
	assert_int_equal(core_open(core).cases.open[COMPLAINT_KIND][0], 1);
	core_free(core);
	world_close(&world);
}

static uint64_t promise_uint(struct world *world, const char *id, uint32_t field)
{
	struct buffer info = {0};
	uint64_t value = 0;
	assert_int_equal(world_get(world, TABLE_DEADLINE, slice_text(id), &info), CH_OK);
	(void)pbedit_get_uint(buffer_slice(&info), field, &value); /* absent is 0 */
	buffer_fini(&info);
	return value;
}

/* The entry that last changed it: of the case, and of the promise on it, each its own. */
static void test_a_record_names_the_entry_that_changed_it(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	say(&world, (struct said){.type = "website.complaint.filed"});
	uint64_t filed = world.sequence;
	assert_int_equal(kept_uint(&world, CHANGED), filed);
	say(&world, (struct said){.type = "callcenter.case.acknowledged"});
	assert_true(world.sequence > filed);
	assert_int_equal(kept_uint(&world, CHANGED), world.sequence);
	assert_int_equal(
		promise_uint(&world, "complaint.acknowledge/K1", PROMISE_CHANGED), world.sequence);
	assert_int_equal(promise_uint(&world, "complaint.answer/K1", PROMISE_CHANGED), filed);
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_who_is_asked_owns_it),
		cmocka_unit_test(test_a_late_hand_over_finds_its_place),
		cmocka_unit_test(test_only_the_newest_hand_overs_are_kept),
		cmocka_unit_test(test_a_complaint_rises_until_it_is_answered),
		cmocka_unit_test(test_opened_again_everything_runs_anew),
		cmocka_unit_test(test_promises_differ_by_kind_and_severity),
		cmocka_unit_test(test_settled_at_once_it_waits_for_nobody),
		cmocka_unit_test(test_an_answer_may_overtake_its_complaint),
		cmocka_unit_test(test_an_older_state_is_upgraded),
		cmocka_unit_test(test_a_state_with_its_indexes_is_only_marked),
		cmocka_unit_test(test_a_record_names_the_entry_that_changed_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Random days of care, decided by two hubs.  One never stops; the other is started anew between events, as
 * after a crash, and so knows nothing but its state.  Entry by entry they must decide the same, and in the
 * end hold the same.  What depends on memory alone, on the order of a table, or on an effect that the fold
 * forgets, shows here. */
#include "world.h"

#include "unit/draw.h"

#define HOUR   INT64_C(3600000000)
#define STEPS  220
#define ROUNDS 12

static const char again_settings[] =
	"deadline.case.answer=7200\ndeadline.complaint.acknowledge=3600\n"
	"deadline.complaint.answer=10800\ndeadline.repair.fix=14400\n"
	"deadline.repair.return=36000\n"
	"ladder.complaint.answer=0:a 1800:b 7200:c\nladder.repair.fix=0:a 3600:b\n"
	"peer.desk.assurance=verified\npeer.desk.region=CN\n";

/* What may be said, and the numbers of the fields that are filled. */
static const struct {
	const char *type;
	uint32_t record;  /* the record's id */
	uint32_t station; /* StationRef */
	uint32_t agents[2];
	uint32_t number; /* a small number */
} talk[] = {
	{"website.complaint.filed", 1, 0, {7, 0}, 5},
	{"repair.complaint.filed", 1, 0, {0, 0}, 5},
	{"callcenter.case.logged", 1, 0, {3, 0}, 2},
	{"callcenter.case.handed", 1, 0, {2, 3}, 4},
	{"callcenter.case.acknowledged", 1, 0, {2, 0}, 0},
	{"callcenter.case.answered", 1, 0, {2, 0}, 0},
	{"callcenter.case.escalated", 1, 0, {3, 4}, 2},
	{"callcenter.case.closed", 1, 0, {0, 0}, 5},
	{"callcenter.case.reopened", 1, 0, {2, 0}, 0},
	{"repair.order.received", 1, 2, {0, 0}, 0},
	{"repair.wait.started", 1, 2, {0, 0}, 3},
	{"repair.wait.ended", 1, 2, {0, 0}, 3},
	{"repair.quote.made", 2, 3, {0, 0}, 0},
	{"repair.quote.approved", 2, 3, {0, 0}, 0},
	{"repair.quote.declined", 2, 3, {0, 0}, 0},
	{"repair.work.started", 1, 2, {0, 0}, 3},
	{"repair.order.repaired", 1, 2, {0, 0}, 0},
	{"repair.order.returned", 1, 2, {0, 0}, 0},
	{"repair.order.cancelled", 1, 2, {0, 0}, 0},
	{"repair.order.reopened", 1, 2, {0, 0}, 0},
	{"reference.promotion.published", 1, 0, {0, 0}, 0},
	{"reference.product.published", 1, 0, {0, 0}, 0},
	{"reference.price.published", 1, 0, {0, 0}, 0},
};

#define TALK (sizeof(talk) / sizeof(talk[0]))

static void put_ref(struct buffer *data, uint32_t field, uint64_t *seed)
{
	char name[8];
	if (field == 0)
		return;
	snprintf(name, sizeof(name), "A%u", (unsigned)draw(seed, 4));
	size_t mark = pb_begin(data, field);
	pb_put_text(data, 1, name);
	pb_end(data, mark);
}

static void put_reference(struct buffer *data, const char *type, int64_t now_us, uint64_t *seed)
{
	if (strcmp(type, "reference.promotion.published") == 0) {
		int64_t start_us = now_us + ((int64_t)draw(seed, 8) - 4) * HOUR;
		pb_put_int(data, 4, start_us);
		pb_put_int(data, 5, start_us + ((int64_t)draw(seed, 6) - 1) * HOUR);
		pb_put_uint(data, 12, draw(seed, 8) == 0);
	} else if (strcmp(type, "reference.product.published") == 0) {
		pb_put_text(data, 2, draw(seed, 2) == 0 ? "KDL-46" : "KDL-40");
		pb_put_uint(data, 17, draw(seed, 6) == 0);
	} else {
		pb_put_text(data, 2, "P-7");
		size_t price = pb_begin(data, 5);
		pb_put_uint(data, 1, 100 + draw(seed, 3));
		pb_put_text(data, 2, "CNY");
		pb_end(data, price);
	}
}

static void make_event(uint64_t *seed, int64_t now_us, size_t *out_talk, struct buffer *data)
{
	size_t at = (size_t)draw(seed, TALK);
	char record[8];
	const char *type = talk[at].type;
	buffer_clear(data);
	snprintf(record, sizeof(record), "%c%u", type[0], (unsigned)draw(seed, 3));
	if (talk[at].record == 2)
		pb_put_text(data, 1, "Q1");
	pb_put_text(data, talk[at].record, record);
	put_ref(data, talk[at].station, seed);
	if (strstr(type, "complaint") != NULL)
		pb_put_text(data, 4, "noise");
	if (strcmp(type, "repair.quote.made") == 0) {
		size_t total = pb_begin(data, 5);
		pb_put_uint(data, 1, 1);
		pb_end(data, total);
	}
	if (strcmp(type, "repair.order.received") == 0)
		world_put_unit(data, 3, "SN-1");
	put_ref(data, talk[at].agents[0], seed);
	put_ref(data, talk[at].agents[1], seed);
	if (talk[at].number != 0)
		pb_put_uint(data, talk[at].number, 1 + draw(seed, 3));
	if (strncmp(type, "reference.", 10) == 0)
		put_reference(data, type, now_us, seed);
	*out_talk = at;
}

static void start_anew(struct world *world)
{
	struct core *core = NULL;
	struct rtxn *rtxn = NULL;
	assert_int_equal(core_create(&core), CH_OK);
	assert_int_equal(rtxn_begin(world->state, &rtxn), CH_OK);
	assert_int_equal(core_load(core, rtxn), CH_OK);
	rtxn_end(rtxn);
	core_free(world->core);
	world->core = core;
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

static void assert_same_entry(const struct world *a, const struct world *b, const char *type)
{
	if (!slice_equal(buffer_slice(&a->entry), buffer_slice(&b->entry)))
		fail_msg("entry %llu, %s: decided otherwise after a start",
			(unsigned long long)a->sequence, type);
	assert_true(a->sequence == b->sequence);
	assert_true(core_next_due_us(a->core) == core_next_due_us(b->core));
}

struct rows {
	struct buffer bytes;
};

static bool rows_note(void *context, struct slice key, struct slice value)
{
	struct rows *rows = context;
	buffer_append_slice(&rows->bytes, key);
	buffer_append_byte(&rows->bytes, 0);
	buffer_append_slice(&rows->bytes, value);
	return true;
}

static void assert_same_state(struct world *a, struct world *b)
{
	for (int table = 0; table < TABLE_COUNT; table++) {
		struct world *worlds[2] = {a, b};
		struct rows rows[2] = {0};
		if (table == TABLE_MANIFEST)
			continue;
		for (int i = 0; i < 2; i++) {
			struct rtxn *rtxn;
			assert_int_equal(rtxn_begin(worlds[i]->state, &rtxn), CH_OK);
			assert_int_equal(rtxn_scan(rtxn, (enum store_table)table,
						 (struct slice){NULL, 0}, rows_note, &rows[i]),
				CH_OK);
			rtxn_end(rtxn);
		}
		assert_true(
			slice_equal(buffer_slice(&rows[0].bytes), buffer_slice(&rows[1].bytes)));
		buffer_fini(&rows[0].bytes);
		buffer_fini(&rows[1].bytes);
	}
}

static void one_history(uint64_t seed)
{
	struct world steady;
	struct world shaken;
	struct buffer data = {0};
	unsigned ticks = 0;
	world_open(&steady);
	world_open(&shaken);
	world_set(&steady, again_settings);
	world_set(&shaken, again_settings);
	for (int i = 0; i < STEPS; i++) {
		char id[16];
		size_t at;
		int64_t now_us = steady.now_us + (int64_t)draw(&seed, 3) * HOUR / 2;
		steady.now_us = shaken.now_us = now_us;
		if (draw(&seed, 4) == 0)
			start_anew(&shaken);
		for (bool more = true; more; ticks += more) {
			more = tick(&steady);
			assert_true(tick(&shaken) == more);
			if (more)
				assert_same_entry(&steady, &shaken, "the clock");
		}
		make_event(&seed, now_us, &at, &data);
		snprintf(id, sizeof(id), "e%d", i);
		struct told told = {.id = id,
			.type = talk[at].type,
			.data = buffer_slice(&data),
			.time_us =
				now_us - (int64_t)draw(&seed, 2) * (int64_t)draw(&seed, 9) * HOUR};
		assert_int_equal(world_tell(&steady, told)->reason, CH_OK);
		assert_int_equal(world_tell(&shaken, told)->reason, CH_OK);
		assert_same_entry(&steady, &shaken, talk[at].type);
	}
	assert_true(ticks > 10); /* or nothing was tried */
	assert_same_state(&steady, &shaken);
	buffer_fini(&data);
	world_close(&steady);
	world_close(&shaken);
}

static void test_a_start_changes_no_decision(void **state)
{
	(void)state;
	for (uint64_t round = 0; round < ROUNDS; round++)
		one_history(20261122 + round);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_start_changes_no_decision),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

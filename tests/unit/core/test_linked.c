/* Linked records: what a unit knows of its warranty and repairs, and an entitlement of its unit. */
#include "world.h"

#include "wire/pbedit.h"

enum {
	KIND = 2,
	UNIT_ID = 4,
	WARRANTY = 5,
	START = 6,
	END = 7,
	REPAIRS = 10,
	CHANGED = 27,
	PROBLEM = 101
};

/* website.warranty.registered by who has this phone, without what only people read; a day may be NULL. */
static void warrant_by(struct world *world, const char *phone, const char *id, const char *serial,
	const char *start, const char *end)
{
	struct buffer data = {0};
	pb_put_text(&data, 1, id);
	world_put_unit(&data, 2, serial);
	pb_put_text(&data, 5, start);
	pb_put_text(&data, 6, end);
	(void)world_file(world, (struct told){.id = id,
					.type = "website.warranty.registered",
					.phone = phone,
					.data = buffer_slice(&data)});
	buffer_fini(&data);
}

static void warrant(
	struct world *world, const char *id, const char *serial, const char *start, const char *end)
{
	warrant_by(world, "13800138000", id, serial, start, end);
}

static void receive(struct world *world, const char *repair, const char *serial)
{
	(void)world_file(world, (struct told){.id = repair,
					.type = "repair.order.received",
					.phone = "13800138000",
					.record = repair,
					.serial = serial});
}

static void assert_text(struct world *world, enum store_table table, const char *key,
	uint32_t field, const char *text)
{
	struct buffer record = {0};
	struct slice value = {NULL, 0};
	assert_int_equal(world_get(world, table, slice_text(key), &record), CH_OK);
	(void)pbedit_get_bytes(buffer_slice(&record), field, &value);
	assert_int_equal(value.len, strlen(text));
	assert_memory_equal(value.data, text, value.len);
	buffer_fini(&record);
}

/* "R1 R2": the repairs of a unit, as they stand. */
static void assert_repairs(struct world *world, const char *serial, const char *wanted)
{
	struct buffer record = {0};
	struct buffer found = {0};
	struct pb_field field;
	assert_int_equal(world_get(world, TABLE_UNIT, slice_text(serial), &record), CH_OK);
	for (struct pb_reader reader = pb_read(buffer_slice(&record)); pb_next(&reader, &field);) {
		if (field.number != REPAIRS)
			continue;
		buffer_append_text(&found, found.len > 0 ? " " : "");
		buffer_append_slice(&found, field.bytes);
	}
	assert_string_equal(buffer_text(&found), wanted);
	buffer_fini(&found);
	buffer_fini(&record);
}

static void test_a_registered_unit(void **state)
{
	struct world world;
	struct buffer unit = {0};
	uint64_t warranty = 0;
	(void)state;
	world_open(&world);
	warrant(&world, "W1", "SN-1", "2026-01-02", "2028-01-01");
	assert_text(&world, TABLE_ENTITLEMENT, "W1", KIND, "warranty");
	assert_text(&world, TABLE_ENTITLEMENT, "W1", UNIT_ID, "SN1");
	assert_text(&world, TABLE_UNIT, "SN1", START, "2026-01-02");
	assert_text(&world, TABLE_UNIT, "SN1", END, "2028-01-01");
	assert_int_equal(world_get(&world, TABLE_UNIT, SLICE_LITERAL("SN1"), &unit), CH_OK);
	assert_true(pbedit_get_uint(buffer_slice(&unit), WARRANTY, &warranty));
	assert_int_equal(warranty, 1);
	/* Its next owner registers it again. */
	warrant(&world, "W2", "SN-1", "2026-02-02", "2028-02-01");
	assert_text(&world, TABLE_UNIT, "SN1", END, "2028-02-01");
	assert_text(&world, TABLE_ENTITLEMENT, "W1", END, "2028-01-01");
	buffer_fini(&unit);
	world_close(&world);
}

/* What it is registered without is not known from who had it before: an agent would promise another's warranty. */
static void test_the_next_owner_begins_anew(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	warrant(&world, "W1", "SN-1", "2026-01-02", "2028-01-01");
	warrant_by(&world, "13900139000", "W2", "SN-1", "2026-02-02", NULL);
	assert_text(&world, TABLE_UNIT, "SN1", START, "2026-02-02");
	assert_text(&world, TABLE_UNIT, "SN1", END, "");
	/* He speaks again: what he said, and what he adds. */
	warrant_by(&world, "13900139000", "W3", "SN-1", NULL, "2028-02-01");
	assert_text(&world, TABLE_UNIT, "SN1", START, "2026-02-02");
	assert_text(&world, TABLE_UNIT, "SN1", END, "2028-02-01");
	warrant_by(&world, "13900139000", "W4", "SN-1", "2026-02-02", NULL);
	assert_text(&world, TABLE_UNIT, "SN1", END, "2028-02-01");
	/* Another beginning is of another warranty. */
	warrant_by(&world, "13900139000", "W5", "SN-1", "2026-03-01", NULL);
	assert_text(&world, TABLE_UNIT, "SN1", START, "2026-03-01");
	assert_text(&world, TABLE_UNIT, "SN1", END, "");
	/* Nothing at all is known of the third owner's. */
	warrant_by(&world, "13700137000", "W6", "SN-1", NULL, NULL);
	assert_text(&world, TABLE_UNIT, "SN1", START, "");
	world_close(&world);
}

static void test_repairs_are_listed_once(void **state)
{
	struct world world;
	char name[16];
	(void)state;
	world_open(&world);
	receive(&world, "R1", "SN-1");
	receive(&world, "R2", "SN-1");
	(void)world_file(&world, (struct told){.id = "again",
					 .type = "repair.order.received",
					 .record = "R1",
					 .serial = "SN-1"});
	assert_repairs(&world, "SN1", "R1 R2");
	for (unsigned i = 3; i <= LIMIT_UNIT_REPAIRS + 1; i++) {
		(void)snprintf(name, sizeof(name), "R%u", i);
		receive(&world, name, "SN-1");
	}
	assert_repairs(&world, "SN1", "R2 R3 R4 R5 R6 R7 R8 R9 R10 R11 R12 R13 R14 R15 R16 R17");
	/* Another unit has its own. */
	receive(&world, "R99", "SN-2");
	assert_repairs(&world, "SN2", "R99");
	world_close(&world);
}

static uint64_t changed_by(struct world *world, const char *repair)
{
	struct buffer record = {0};
	uint64_t sequence = 0;
	assert_int_equal(world_get(world, TABLE_REPAIR, slice_text(repair), &record), CH_OK);
	(void)pbedit_get_uint(buffer_slice(&record), CHANGED, &sequence);
	buffer_fini(&record);
	return sequence;
}

/* Who folded an entry before its personal part was destroyed and who did after name the same last change. */
static void test_a_lost_change_is_one(void **state)
{
	struct told told = {.id = "1",
		.type = "repair.order.received",
		.phone = "13800138000",
		.record = "R1",
		.time_us = WORLD_START_US,
		.problem = "no picture"};
	struct world world;
	(void)state;
	for (unsigned forgets = 0; forgets <= 1; forgets++) {
		world_open(&world);
		(void)world_file(&world, told);
		world.forgets = forgets != 0;
		(void)world_file(&world, (struct told){.id = "2",
						 .type = told.type,
						 .phone = told.phone,
						 .record = told.record,
						 .time_us = told.time_us,
						 .problem = "no picture, and no sound"});
		assert_int_equal(changed_by(&world, "R1"), world.sequence);
		assert_text(&world, TABLE_REPAIR, "R1", PROBLEM,
			forgets != 0 ? told.problem : "no picture, and no sound");
		world_close(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_registered_unit),
		cmocka_unit_test(test_the_next_owner_begins_anew),
		cmocka_unit_test(test_repairs_are_listed_once),
		cmocka_unit_test(test_a_lost_change_is_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

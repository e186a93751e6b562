#include "base/limits.h"
#include "unit/draw.h"
#include "wire/record.h"

static struct record_value told(uint16_t field, uint64_t sequence, const char *value)
{
	return (struct record_value){.field = field,
		.sequence = sequence,
		.source_code = 7,
		.times_seen = 1,
		.learned_us = -1,
		.occurred_us = 5,
		.value = slice_text(value)};
}

/* The record becomes what `record_set` makes of it. */
static enum ch_status set(struct buffer *record, struct record_value value)
{
	struct buffer next = {0};
	enum ch_status status = record_set(buffer_slice(record), &value, &next);
	if (status == CH_OK) {
		struct buffer old = *record;
		*record = next;
		next = old;
	}
	buffer_fini(&next);
	return status;
}

static void drop(struct buffer *record, uint16_t field, struct slice sub)
{
	struct buffer next = {0};
	assert_int_equal(record_drop(buffer_slice(record), field, sub, &next), CH_OK);
	buffer_fini(record);
	*record = next;
}

static void the_old_value_stays_as_an_alternative(void **state)
{
	(void)state;
	struct buffer record = {0};
	struct record_value value;
	assert_int_equal(set(&record, told(1, 10, "Wang Fang")), CH_OK);
	assert_int_equal(set(&record, told(1, 11, "Li Fang")), CH_OK);
	assert_true(record_find(buffer_slice(&record), 1, slice_of(NULL, 0), &value));
	assert_slice_text(value.value, "Li Fang");
	assert_int_equal(value.source_code, 7);
	assert_int_equal(value.learned_us, -1);
	struct record_reader reader = record_read(buffer_slice(&record));
	assert_true(record_next(&reader, &value) && value.sequence == 11);
	assert_true(record_next(&reader, &value) && value.sequence == 10);
	assert_int_equal(value.flags, RECORD_ALTERNATIVE);
	assert_slice_text(value.value, "Wang Fang");
	assert_false(record_next(&reader, &value));
	assert_int_equal(reader.status, CH_OK);
	assert_int_equal(set(&record, told(1, 12, "Wang Fang")), CH_OK); /* hers again */
	reader = record_read(buffer_slice(&record));
	assert_true(record_next(&reader, &value) && value.sequence == 12);
	assert_true(record_next(&reader, &value) && value.sequence == 11);
	assert_false(record_next(&reader, &value));
	drop(&record, 1, slice_of(NULL, 0));
	assert_false(record_find(buffer_slice(&record), 1, slice_of(NULL, 0), &value));
	buffer_fini(&record);
}

/* How many values there are; on the way, that they are in order and no field has too many old ones. */
static unsigned check_order(const struct buffer *record)
{
	struct record_reader reader = record_read(buffer_slice(record));
	struct record_value last = {0};
	struct record_value value;
	unsigned count = 0;
	unsigned old = 0;
	while (record_next(&reader, &value)) {
		bool late = (value.flags & RECORD_ALTERNATIVE) != 0;
		bool last_late = (last.flags & RECORD_ALTERNATIVE) != 0;
		assert_true(count == 0 || value.field >= last.field);
		if (count > 0 && value.field == last.field) {
			assert_true(late || !last_late);
			if (late && last_late)
				assert_true(value.sequence < last.sequence);
			if (!late)
				assert_true(slice_compare(last.sub, value.sub) < 0);
		} else {
			old = 0;
		}
		old += late;
		assert_true(old <= RECORD_ALTERNATIVES);
		last = value;
		count++;
	}
	assert_int_equal(reader.status, CH_OK);
	return count;
}

/* What survives against a table of single-valued and multi-valued fields. */
static void survivors_agree_with_a_model(void **state)
{
	enum { FIELDS = 6, SUBS = 5, VALUES = 4 };
	(void)state;
	static const char *const texts[VALUES] = {"a", "bb", "", "dddd"};
	static const char *const subs[SUBS] = {"s", "t", "t2", "u", "v"};
	const char *model[FIELDS][SUBS] = {{NULL}};
	struct buffer record = {0};
	uint64_t seed = 6;
	for (uint64_t step = 1; step < 6000; step++) {
		uint16_t field = (uint16_t)draw(&seed, FIELDS);
		bool multi = field % 2 == 1;
		size_t sub = multi ? draw(&seed, SUBS) : 0;
		struct slice key = slice_text(multi ? subs[sub] : "");
		struct record_value found;
		if (draw(&seed, 8) == 0) {
			drop(&record, field, key);
			model[field][sub] = NULL;
		} else {
			struct record_value value = told(field, step, texts[draw(&seed, VALUES)]);
			value.sub = key;
			value.flags = multi ? RECORD_MULTI : 0;
			model[field][sub] = (const char *)value.value.data;
			assert_int_equal(set(&record, value), CH_OK);
		}
		(void)check_order(&record);
		for (uint16_t f = 0; f < FIELDS; f++) {
			for (size_t s = 0; s < (f % 2 == 1 ? SUBS : 1); s++) {
				struct slice name = slice_text(f % 2 == 1 ? subs[s] : "");
				bool there = record_find(buffer_slice(&record), f, name, &found);
				assert_int_equal(there, model[f][s] != NULL);
				if (there)
					assert_slice_text(found.value, model[f][s]);
			}
		}
	}
	buffer_fini(&record);
}

/* Also when the survivor is older than what it survived: verified beats newer. */
static void keeps_three_old_values_whatever_their_age(void **state)
{
	(void)state;
	static const char *const texts[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
	struct buffer record = {0};
	uint64_t seed = 9;
	for (int step = 0; step < 3000; step++) {
		uint16_t field = (uint16_t)(1 + draw(&seed, 2));
		struct record_value value =
			told(field, 1 + draw(&seed, 1000000), texts[draw(&seed, 8)]);
		assert_int_equal(set(&record, value), CH_OK);
		assert_true(check_order(&record) <= 2 * (1 + RECORD_ALTERNATIVES));
	}
	buffer_fini(&record);
}

static void holds_so_many_values_and_no_more(void **state)
{
	(void)state;
	struct buffer record = {0};
	char sub[8];
	for (unsigned i = 0; i < LIMIT_FIELDS_PER_RECORD - 1; i++) {
		struct record_value value = told(1, i + 1, "v");
		(void)snprintf(sub, sizeof(sub), "%05u", i);
		value.sub = slice_text(sub);
		value.flags = RECORD_MULTI;
		assert_int_equal(set(&record, value), CH_OK);
	}
	assert_int_equal(set(&record, told(2, 1000, "first")), CH_OK);
	assert_int_equal(check_order(&record), LIMIT_FIELDS_PER_RECORD);
	/* The old value would be one too many, though it stands last. */
	assert_int_equal(set(&record, told(2, 1001, "second")), CH_TOO_LARGE);
	assert_int_equal(set(&record, told(2, 1001, "first")), CH_OK);
	struct record_value huge = told(3, 1, "");
	static const uint8_t bytes[UINT16_MAX + 1];
	huge.value = slice_of(bytes, sizeof(bytes));
	assert_int_equal(set(&record, huge), CH_TOO_LARGE);
	buffer_fini(&record);
}

static void damage_is_seen(void **state)
{
	(void)state;
	struct buffer record = {0};
	struct record_value value;
	assert_int_equal(set(&record, told(1, 10, "value")), CH_OK);
	for (size_t cut = 0; cut < record.len; cut++) {
		uint8_t *exact = malloc(cut + (cut == 0));
		assert_non_null(exact);
		memcpy(exact, record.data, cut);
		struct record_reader reader = record_read(slice_of(exact, cut));
		assert_false(record_next(&reader, &value));
		assert_int_equal(reader.status, cut < 2 ? CH_OK : CH_CORRUPT); /* empty ones */
		free(exact);
	}
	record.data[0] = 9;
	assert_int_equal(set(&record, told(2, 11, "x")), CH_CORRUPT);
	buffer_fini(&record);
}

/* What a record shows and what news of it tell is one text. */
static void a_value_has_one_text(void **state)
{
	(void)state;
	static const struct {
		uint16_t field;
		uint8_t flags;
		const char *sub;
		const char *value;
		const char *text;
	} cases[] = {
		{6, 0, "", "zh-Hans", "zh-Hans"},
		{2, RECORD_MULTI, "+8613800000001",
			"\x01"
			"138 0000 0001",
			"+8613800000001"},
		{1, 0, "", "\x0a\x07Li Wang\x12\x02Li\x1a\x04Wang", "Li|Wang|Li Wang"},
		{1, 0, "", "\x0a\x02Li", "||Li"},
		{4, 0, "",
			"\x0a\x02"
			"CN\x12\x02"
			"BJ",
			"CN, BJ"},
		{4, 0, "",
			"\x0a\x02"
			"CN\x3a\x06"
			"Road 1",
			"Road 1"},
		{1, 0, "", "\x0a\x7f", "||"}, /* a damaged one says nothing */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer text = {0};
		const struct record_value value = {.field = cases[i].field,
			.flags = cases[i].flags,
			.sub = slice_text(cases[i].sub),
			.value = slice_text(cases[i].value)};
		record_text(&value, &text);
		assert_slice_text(buffer_slice(&text), cases[i].text);
		buffer_fini(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_old_value_stays_as_an_alternative),
		cmocka_unit_test(survivors_agree_with_a_model),
		cmocka_unit_test(keeps_three_old_values_whatever_their_age),
		cmocka_unit_test(holds_so_many_values_and_no_more),
		cmocka_unit_test(damage_is_seen),
		cmocka_unit_test(a_value_has_one_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

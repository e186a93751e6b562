#include "unit/draw.h"
#include "wire/effect.h"
#include "wire/entry.h"

static struct entry sample(void)
{
	return (struct entry){.kind = ENTRY_INPUT,
		.outcome = ENTRY_ACCEPTED,
		.rules_version = 3,
		.type = 513,
		.source_code = 9,
		.occurred_us = -7,
		.customer = UINT64_C(1) << 40,
		.refers_to = 5,
		.fingerprint = {1, 2, 3},
		.digest = {4, 5},
		.peer = SLICE_LITERAL("till-7"),
		.corrected_by = SLICE_LITERAL("ops"),
		.input = SLICE_LITERAL("\x0a\x01"
				       "1"),
		.input_personal = SLICE_LITERAL("who"),
		.effects = SLICE_LITERAL("effects"),
		.derived = SLICE_LITERAL("derived"),
		.derived_personal = SLICE_LITERAL("dp"),
		.detail = SLICE_LITERAL("a field")};
}

static void comes_back_as_it_went(void **state)
{
	(void)state;
	struct entry in = sample();
	struct entry out;
	struct buffer bytes = {0};
	struct buffer event = {0};
	entry_encode(&in, &bytes);
	assert_int_equal(entry_parse(buffer_slice(&bytes), &out), CH_OK);
	assert_int_equal(out.type, 513);
	assert_int_equal(out.occurred_us, -7);
	assert_true(out.customer == in.customer && out.refers_to == 5);
	assert_memory_equal(out.fingerprint, in.fingerprint, ENTRY_FINGERPRINT_BYTES);
	assert_memory_equal(out.digest, in.digest, ENTRY_DIGEST_BYTES);
	assert_slice_text(out.peer, "till-7");
	assert_slice_text(out.corrected_by, "ops");
	assert_slice_text(out.input_personal, "who");
	assert_slice_text(out.effects, "effects");
	assert_int_equal(out.effects_personal.len, 0);
	assert_non_null(out.effects_personal.data); /* empty, not lost */
	assert_slice_text(out.derived_personal, "dp");
	assert_slice_text(out.detail, "a field");
	entry_event(&out, &event);
	assert_string_equal(buffer_text(&event), "\x0a\x01"
						 "1\x7a\x03who");
	buffer_fini(&event);
	buffer_fini(&bytes);
}

/* Format 1, as hubs before wrote it: nobody had a correction's publisher and its operator apart. */
static void one_of_the_format_before_is_read(void **state)
{
	(void)state;
	uint8_t before[60 + 8 + 10] = {1, ENTRY_INPUT, ENTRY_ACCEPTED, 0, 1, 0, [10] = 8, [28] = 5};
	struct entry out;
	before[60] = 6; /* peer */
	before[61] = 1; /* input */
	before[67] = 3; /* detail */
	memcpy(before + 68, "till-7ifld", 10);
	assert_int_equal(entry_parse(slice_of(before, sizeof(before)), &out), CH_OK);
	assert_true(out.rules_version == 1 && out.refers_to == 5);
	assert_slice_text(out.peer, "till-7");
	assert_int_equal(out.corrected_by.len, 0);
	assert_slice_text(out.input, "i");
	assert_slice_text(out.detail, "fld");
	before[10] = 9; /* the parts of one format with the number of another */
	assert_int_equal(entry_parse(slice_of(before, sizeof(before)), &out), CH_FORMAT);
	before[0] = 2;
	before[10] = 8;
	assert_int_equal(entry_parse(slice_of(before, sizeof(before)), &out), CH_FORMAT);
}

static void no_cut_is_an_entry(void **state)
{
	(void)state;
	struct entry in = sample();
	struct entry out = {.type = 42};
	struct buffer bytes = {0};
	entry_encode(&in, &bytes);
	for (size_t cut = 0; cut < bytes.len; cut++) {
		uint8_t *exact = malloc(cut + (cut == 0));
		assert_non_null(exact);
		memcpy(exact, bytes.data, cut);
		assert_int_equal(entry_parse(slice_of(exact, cut), &out), CH_FORMAT);
		free(exact);
	}
	assert_int_equal(out.type, 42);
	buffer_append_byte(&bytes, 0);
	assert_int_equal(entry_parse(buffer_slice(&bytes), &out), CH_FORMAT);
	bytes.data[0] = 3;
	assert_int_equal(entry_parse(buffer_slice(&bytes), &out), CH_VERSION);
	buffer_fini(&bytes);
}

static void derived_events_stand_in_a_row(void **state)
{
	(void)state;
	struct buffer open = {0};
	struct buffer personal = {0};
	struct derived first = {.type = 600,
		.before = true,
		.subject = SLICE_LITERAL("s"),
		.data = SLICE_LITERAL("d"),
		.personal = SLICE_LITERAL("p1")};
	struct derived second = {.type = 601, .personal = SLICE_LITERAL("p2")};
	struct derived out;
	derived_add(&open, &personal, &first);
	derived_add(&open, &personal, &second);
	struct derived_reader reader = derived_read(buffer_slice(&open), buffer_slice(&personal));
	assert_true(derived_next(&reader, &out) && out.type == 600 && out.before);
	assert_slice_text(out.subject, "s");
	assert_slice_text(out.personal, "p1");
	assert_true(derived_next(&reader, &out) && out.type == 601 && !out.before);
	assert_slice_text(out.personal, "p2");
	assert_false(derived_next(&reader, &out));
	assert_int_equal(reader.status, CH_OK);
	reader = derived_read(buffer_slice(&open), slice_of(NULL, 0)); /* destroyed */
	assert_true(derived_next(&reader, &out) && out.personal.data == NULL);
	assert_true(derived_next(&reader, &out) && out.personal.data == NULL);
	reader = derived_read(buffer_slice(&open), slice_of(personal.data, 3)); /* cut */
	assert_true(derived_next(&reader, &out));
	assert_false(derived_next(&reader, &out));
	assert_int_equal(reader.status, CH_FORMAT);
	for (size_t cut = 1; cut < open.len; cut++) {
		reader = derived_read(slice_of(open.data, cut), buffer_slice(&personal));
		while (derived_next(&reader, &out))
			assert_true(reader.at <= cut);
		assert_int_equal(reader.status, cut == 8 ? CH_OK : CH_FORMAT);
	}
	buffer_fini(&open);
	buffer_fini(&personal);
}

static void effects_lose_only_what_is_personal(void **state)
{
	(void)state;
	struct effects effects;
	struct effect out;
	effects_init(&effects);
	effects_add(&effects, &(struct effect){.op = EFFECT_VALUE,
				      .field = 65535,
				      .number = UINT64_MAX,
				      .flags = EFFECT_PERSONAL | EFFECT_LOST,
				      .sub = SLICE_LITERAL("s"),
				      .value = SLICE_LITERAL("name")});
	effects_add(&effects, &(struct effect){.op = EFFECT_LINK,
				      .kind = 4,
				      .id = SLICE_LITERAL("R1"),
				      .value = SLICE_LITERAL("v")});
	struct slice open = buffer_slice(&effects.open);
	struct slice personal = buffer_slice(&effects.personal);
	struct effects_reader reader = effects_read(open, personal);
	assert_true(effects_next(&reader, &out) && out.number == UINT64_MAX && out.field == 65535);
	assert_int_equal(out.flags, EFFECT_PERSONAL); /* the writer cannot say that it is lost */
	assert_slice_text(out.value, "name");
	assert_true(effects_next(&reader, &out) && out.kind == 4);
	assert_slice_text(out.id, "R1");
	assert_false(effects_next(&reader, &out));
	assert_int_equal(reader.status, CH_OK);
	reader = effects_read(open, slice_of(NULL, 0));
	assert_true(effects_next(&reader, &out) && (out.flags & EFFECT_LOST) != 0);
	assert_int_equal(out.value.len, 0);
	assert_true(effects_next(&reader, &out) && (out.flags & EFFECT_LOST) == 0);
	assert_slice_text(out.value, "v");
	reader = effects_read(open, slice_sub(personal, 0, 2));
	assert_false(effects_next(&reader, &out));
	assert_int_equal(reader.status, CH_FORMAT);
	effects.open.data[2] |= EFFECT_LOST; /* nor can stored bytes */
	reader = effects_read(open, personal);
	assert_true(effects_next(&reader, &out) && out.flags == EFFECT_PERSONAL);
	size_t first = 3 + 3 + 10 + 3;
	for (size_t cut = 1; cut < open.len; cut++) {
		uint8_t *exact = malloc(cut);
		assert_non_null(exact);
		memcpy(exact, open.data, cut);
		reader = effects_read(slice_of(exact, cut), personal);
		while (effects_next(&reader, &out))
			continue;
		assert_int_equal(reader.status, cut == first ? CH_OK : CH_FORMAT);
		free(exact);
	}
	effects_clear(&effects);
	assert_int_equal(effects.count + effects.open.len + effects.personal.len, 0);
	effects_fini(&effects);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_as_it_went),
		cmocka_unit_test(one_of_the_format_before_is_read),
		cmocka_unit_test(no_cut_is_an_entry),
		cmocka_unit_test(derived_events_stand_in_a_row),
		cmocka_unit_test(effects_lose_only_what_is_personal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

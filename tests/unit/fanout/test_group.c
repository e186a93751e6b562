#include "fanout/group.h"

#include "carehub/v1/customer.pb-c.h"
#include "fanout/news.h"

#include "support/unit.h"
#include "wire/effect.h"
#include "wire/envelope.h"
#include "wire/types.h"

static uint16_t type_of(const char *name)
{
	return types_find(slice_text(name))->id;
}

static void derive(struct buffer *open, struct buffer *personal, const char *type, bool before,
	struct slice data, struct slice person)
{
	derived_add(open, personal,
		&(struct derived){.type = type_of(type),
			.before = before,
			.subject = SLICE_LITERAL("s"),
			.data = data,
			.personal = person});
}

/* An accepted input with an event ahead of it and two behind. */
static void build(struct buffer *body, struct entry *entry)
{
	struct buffer input = {0};
	struct buffer open = {0};
	struct buffer personal = {0};
	const struct envelope envelope = {
		.id = SLICE_LITERAL("id-1"),
		.source = SLICE_LITERAL("/pos/1"),
		.type = SLICE_LITERAL("pos.sale.completed"),
	};
	envelope_encode(&envelope, &input);
	derive(&open, &personal, "customer.record.updated", false, SLICE_LITERAL("\x08\x07"),
		SLICE_LITERAL("p1"));
	derive(&open, &personal, "customer.record.created", true, SLICE_LITERAL("\x08\x07"),
		SLICE_LITERAL("p2"));
	derive(&open, &personal, "deadline.promise.missed", false,
		SLICE_LITERAL("\x0a\x02\x28\x09"), SLICE_LITERAL(""));
	entry->type = type_of("pos.sale.completed");
	entry->peer = SLICE_LITERAL("till");
	entry->input = buffer_slice(&input);
	entry->input_personal = SLICE_LITERAL("person");
	entry->derived = buffer_slice(&open);
	entry->derived_personal = buffer_slice(&personal);
	entry_encode(entry, body);
	buffer_fini(&input);
	buffer_fini(&open);
	buffer_fini(&personal);
}

/* The frame of one delivery, read as a subscriber does. */
static void encode(struct group *group, uint32_t part, struct buffer *frame, struct delivery *out)
{
	struct slice encoded;
	struct slice body;
	struct deliver deliver;
	buffer_clear(frame);
	assert_int_equal(group_encode(group, part, &encoded), CH_OK);
	deliver_begin(frame, 1);
	deliver_add_encoded(frame, encoded, &(struct delivery_stamp){.attempt = 1});
	body = slice_sub(buffer_slice(frame), 4, SIZE_MAX);
	assert_int_equal(deliver_parse(body, &deliver), CH_OK);
	assert_true(deliver_next(&deliver, out));
}

static void test_parts_in_the_order_in_which_they_make_sense(void **state)
{
	(void)state;
	struct group group;
	struct buffer body = {0};
	struct buffer frame = {0};
	struct delivery delivery;
	struct envelope envelope;
	const char *field;
	struct entry entry = {.kind = ENTRY_INPUT, .outcome = ENTRY_ACCEPTED, .customer = 42};
	build(&body, &entry);
	group_init(&group);
	const struct journal_entry at = {.sequence = 5, .arrival_us = 99, buffer_slice(&body)};
	assert_int_equal(group_read(&group, &at), CH_OK);
	assert_int_equal(group.part_count, 4);
	assert_slice_text(group_type(&group, 0), "customer.record.created");
	assert_slice_text(group_type(&group, 1), "pos.sale.completed");
	assert_slice_text(group_type(&group, 2), "customer.record.updated");
	assert_int_equal(group_main(&group), 1);
	assert_slice_text(group_source(&group, 0), INTEREST_HUB_SOURCE);
	assert_slice_text(group_source(&group, 1), "/pos/1");

	encode(&group, 1, &frame, &delivery);
	assert_int_equal(delivery.sequence, 5);
	assert_int_equal(delivery.part, 1);
	assert_int_equal(delivery.arrival_us, 99);
	assert_int_equal(delivery.customer, 42);
	assert_slice_text(delivery.personal, "person");
	assert_slice_text(delivery.peer, "till");

	encode(&group, 2, &frame, &delivery);
	assert_slice_text(delivery.personal, "p1");
	assert_int_equal(envelope_parse(delivery.event, &envelope, &field), CH_OK);
	assert_slice_text(envelope.id, "5.2");
	assert_slice_text(envelope.source, INTEREST_HUB_SOURCE);
	assert_slice_text(envelope.type, "customer.record.updated");
	assert_slice_text(envelope.subject, "s");
	assert_slice_text(envelope.causation_id, "id-1");
	assert_int_equal(envelope.time_us, 99);
	group_fini(&group);
	buffer_fini(&frame);
	buffer_fini(&body);
}

static void test_an_input_that_was_not_taken_is_no_part(void **state)
{
	(void)state;
	static const struct {
		uint8_t kind;
		uint8_t outcome;
		uint32_t parts;
	} cases[] = {
		{ENTRY_INPUT, ENTRY_ACCEPTED, 4},
		{ENTRY_OPERATOR, ENTRY_ACCEPTED, 4},
		{ENTRY_INPUT, ENTRY_QUARANTINED, 3},
		{ENTRY_INPUT, ENTRY_CONFLICT, 3},
		{ENTRY_CLOCK, ENTRY_ACCEPTED, 3},
		{ENTRY_SETTINGS, ENTRY_ACCEPTED, 3},
	};
	struct group group;
	group_init(&group);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer body = {0};
		struct entry entry = {.kind = cases[i].kind, .outcome = cases[i].outcome};
		build(&body, &entry);
		const struct journal_entry at = {.sequence = 1, .body = buffer_slice(&body)};
		assert_int_equal(group_read(&group, &at), CH_OK);
		assert_int_equal(group.part_count, cases[i].parts);
		/* Nobody's entry: each derived event tells whose it is. */
		assert_int_equal(group.parts[0].customer, 7);
		assert_int_equal(group.parts[cases[i].parts - 1].customer, 9);
		buffer_fini(&body);
	}
	group_fini(&group);
}

static void test_wants_look_at_type_source_and_customer(void **state)
{
	(void)state;
	struct group group;
	struct buffer body = {0};
	struct arena arena;
	struct interest interest;
	struct type_set all;
	struct subscribe_filter filter = {
		.source_count = 1,
		.sources = {SLICE_LITERAL("/pos/*")},
		.customer_count = 1,
		.customers = {42},
	};
	struct entry entry = {.kind = ENTRY_INPUT, .outcome = ENTRY_ACCEPTED, .customer = 42};
	build(&body, &entry);
	group_init(&group);
	arena_init(&arena);
	memset(&all, 0xff, sizeof(all));
	assert_int_equal(interest_compile(&filter, &all, &arena, &interest), CH_OK);
	const struct journal_entry at = {.sequence = 1, .body = buffer_slice(&body)};
	assert_int_equal(group_read(&group, &at), CH_OK);
	assert_false(group_wants(&group, 0, &interest)); /* the hub's */
	assert_true(group_wants(&group, 1, &interest));
	interest.customers[0] = 41;
	assert_false(group_wants(&group, 1, &interest));
	arena_fini(&arena);
	group_fini(&group);
	buffer_fini(&body);
}

static void test_what_cannot_be_read_is_told(void **state)
{
	(void)state;
	struct group group;
	struct buffer body = {0};
	struct entry entry = {.kind = ENTRY_INPUT, .outcome = ENTRY_ACCEPTED};
	build(&body, &entry);
	group_init(&group);
	struct journal_entry at = {.sequence = 1, .body = slice_sub(buffer_slice(&body), 0, 50)};
	assert_int_equal(group_read(&group, &at), CH_FORMAT);
	at.body = buffer_slice(&body);
	body.data[6] = 0xff; /* a type of a later version */
	body.data[7] = 0xff;
	assert_int_equal(group_read(&group, &at), CH_VERSION);
	body.data[0] = 9; /* and a form of one */
	assert_int_equal(group_read(&group, &at), CH_VERSION);
	group_fini(&group);
	buffer_fini(&body);
}

/* ---- News of a record ---- */

enum { PHONE = 1 << 2, LANGUAGE = 1 << 6 };

/* An entry that created customer 7's record, with his language, and a number that was not told of him. */
static void build_news(struct buffer *body, bool lost)
{
	struct effects effects;
	struct buffer open = {0};
	struct buffer personal = {0};
	effects_init(&effects);
	effects_add(&effects, &(struct effect){.op = EFFECT_VALUE,
				      .number = 7,
				      .field = 6,
				      .flags = EFFECT_PERSONAL,
				      .value = SLICE_LITERAL("zh")});
	effects_add(&effects, &(struct effect){.op = EFFECT_VALUE,
				      .number = 7,
				      .field = 2,
				      .flags = EFFECT_PERSONAL | EFFECT_MULTI,
				      .sub = SLICE_LITERAL("+861"),
				      .value = SLICE_LITERAL("\x01"
							     "0086 1")});
	effects_add(&effects, &(struct effect){.op = EFFECT_VALUE,
				      .number = 8,
				      .field = 6,
				      .flags = EFFECT_PERSONAL,
				      .value = SLICE_LITERAL("en")});
	derive(&open, &personal, "customer.record.created", true, SLICE_LITERAL("\x08\x07"),
		SLICE_LITERAL(""));
	const struct entry entry = {.kind = ENTRY_INPUT,
		.outcome = ENTRY_ACCEPTED,
		.type = type_of("pos.sale.completed"),
		.customer = 7,
		.effects = buffer_slice(&effects.open),
		.effects_personal =
			lost ? (struct slice){NULL, 0} : buffer_slice(&effects.personal),
		.derived = buffer_slice(&open),
		.derived_personal = buffer_slice(&personal)};
	entry_encode(&entry, body);
	effects_fini(&effects);
	buffer_fini(&open);
	buffer_fini(&personal);
}

static void test_news_tell_values_to_those_who_may_have_them(void **state)
{
	(void)state;
	static const char language[] = "\xaa\x06\x06\x08\x06\x1a\x02zh";
	static const char phone[] = "\xaa\x06\x08\x08\x02\x1a\x04+861";
	struct group group;
	struct buffer body = {0};
	struct buffer all = {0};
	struct slice values;
	group_init(&group);
	build_news(&body, false);
	const struct journal_entry at = {.sequence = 1, .body = buffer_slice(&body)};
	assert_int_equal(group_read(&group, &at), CH_OK);
	assert_int_equal(group_values(&group, 0, LANGUAGE, &values), CH_OK);
	assert_slice_text(values, language);
	assert_int_equal(group_values(&group, 0, PHONE, &values), CH_OK);
	assert_slice_text(values, phone);
	assert_int_equal(group_values(&group, 0, LANGUAGE | PHONE, &values), CH_OK);
	buffer_append_text(&all, language);
	buffer_append_text(&all, phone);
	assert_true(slice_equal(values, buffer_slice(&all)));
	assert_int_equal(group_values(&group, 0, 0, &values), CH_OK);
	assert_int_equal(values.len, 0);
	/* The input says what it says, with everything, and to everybody who may see it. */
	assert_int_equal(group_values(&group, 1, UINT32_MAX, &values), CH_OK);
	assert_int_equal(values.len, 0);
	buffer_fini(&all);
	buffer_fini(&body);
	group_fini(&group);
}

static bool may_have(void *topic, struct slice pattern)
{
	return slice_equal(slice_text(topic), pattern);
}

/* Types and fields are named by numbers of the schema. */
static void test_news_are_of_the_schema(void **state)
{
	(void)state;
	static const char *const types[] = {"customer.record.created", "customer.record.updated",
		"customer.record.merged", "customer.record.unmerged"};
	unsigned count = 0;
	for (size_t i = 0; i < 4; i++)
		assert_true(news_is(type_of(types[i])));
	for (size_t i = 0; i < event_type_count; i++)
		count += news_is(event_types[i].id);
	assert_int_equal(count, 4);
	for (unsigned i = 0; i < carehub__v1__customer_field__descriptor.n_values; i++) {
		const ProtobufCEnumValue *field =
			&carehub__v1__customer_field__descriptor.values[i];
		const char *name = field->name + strlen("CUSTOMER_FIELD_");
		char topic[64] = "values.";
		size_t len = strlen(topic);
		if (strcmp(name, "CUSTOMER_GROUP") == 0)
			name += strlen("CUSTOMER_");
		for (; *name != 0; name++)
			topic[len++] = (char)(*name == '_' ? '_' : *name - 'A' + 'a');
		topic[len] = 0;
		/* Serial numbers are keys, and stand in no record. */
		bool held = field->value > 0 && strcmp(topic, "values.serial_number") != 0;
		assert_int_equal(news_rights(may_have, topic), held ? 1u << field->value : 0);
	}
}

static void test_news_of_destroyed_values_tell_none(void **state)
{
	(void)state;
	struct group group;
	struct buffer body = {0};
	struct slice values;
	group_init(&group);
	build_news(&body, true);
	const struct journal_entry at = {.sequence = 1, .body = buffer_slice(&body)};
	assert_int_equal(group_read(&group, &at), CH_OK);
	assert_int_equal(group_values(&group, 0, UINT32_MAX, &values), CH_OK);
	assert_int_equal(values.len, 0);
	buffer_fini(&body);
	group_fini(&group);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts_in_the_order_in_which_they_make_sense),
		cmocka_unit_test(test_an_input_that_was_not_taken_is_no_part),
		cmocka_unit_test(test_wants_look_at_type_source_and_customer),
		cmocka_unit_test(test_what_cannot_be_read_is_told),
		cmocka_unit_test(test_news_tell_values_to_those_who_may_have_them),
		cmocka_unit_test(test_news_are_of_the_schema),
		cmocka_unit_test(test_news_of_destroyed_values_tell_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

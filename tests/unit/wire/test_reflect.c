#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "carehub/v1/event.pb-c.h"
#include "carehub/v1/website.pb-c.h"
#include "unit/wire/sample.h"
#include "wire/reflect.h"

static void shows_how_to_use_it(void **state)
{
	(void)state;
	const ProtobufCMessageDescriptor *type = &carehub__v1__website_order_placed__descriptor;
	const ProtobufCFieldDescriptor *order = reflect_field(type, SLICE_LITERAL("order_id"));
	const ProtobufCFieldDescriptor *lines = reflect_field(type, SLICE_LITERAL("lines"));
	Carehub__V1__WebsiteOrderPlaced placed = CAREHUB__V1__WEBSITE_ORDER_PLACED__INIT;
	Carehub__V1__OrderLine line = CAREHUB__V1__ORDER_LINE__INIT;
	Carehub__V1__OrderLine *all[] = {&line, &line};
	char id[] = "1001";
	assert_int_equal(reflect_count(&placed.base, order), 0);
	assert_int_equal(reflect_count(&placed.base, lines), 0);
	placed.order_id = id;
	placed.lines = all;
	placed.n_lines = 2;
	assert_int_equal(reflect_count(&placed.base, order), 1);
	assert_true(slice_equal(reflect_text_at(&placed.base, order, 0), SLICE_LITERAL("1001")));
	assert_int_equal(reflect_count(&placed.base, lines), 2);
	assert_ptr_equal(reflect_message_at(&placed.base, lines, 1), &line.base);
	assert_null(reflect_field(type, SLICE_LITERAL("orderId")));
}

static void default_values_are_not_present(void **state)
{
	(void)state;
	const ProtobufCMessageDescriptor *types[] = {&carehub__v1__event__descriptor,
		&carehub__v1__website_order_placed__descriptor, &carehub__v1__party__descriptor};
	for (size_t t = 0; t < 3; t++) {
		unsigned seed = 0;
		ProtobufCMessage *full = sample_message(types[t], &seed);
		ProtobufCMessage *empty = calloc(1, types[t]->sizeof_message);
		types[t]->message_init(empty);
		for (unsigned i = 0; i < types[t]->n_fields; i++) {
			const ProtobufCFieldDescriptor *field = &types[t]->fields[i];
			assert_int_equal(reflect_count(empty, field), 0);
			assert_int_equal(reflect_count(full, field),
				field->label == PROTOBUF_C_LABEL_REPEATED ? 2 : 1);
		}
		protobuf_c_message_free_unpacked(full, NULL);
		free(empty);
	}
}

static void paths_stay_in_their_bound(void **state)
{
	(void)state;
	struct reflect_path path = {.len = 0};
	(void)reflect_path_push(&path, SLICE_LITERAL("phones"), 12);
	size_t mark = reflect_path_push(&path, SLICE_LITERAL("a\n\xe7 b"), -1);
	assert_string_equal(path.text, "phones[12].a???b");
	reflect_path_pop(&path, mark);
	assert_string_equal(path.text, "phones[12]");
	for (int i = 0; i < 100; i++)
		(void)reflect_path_push(&path, SLICE_LITERAL("deeper"), 9);
	assert_int_equal(path.len, sizeof(path.text) - 1);
	assert_int_equal(strlen(path.text), path.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_how_to_use_it),
		cmocka_unit_test(default_values_are_not_present),
		cmocka_unit_test(paths_stay_in_their_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

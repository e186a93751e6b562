#include "carehub/v1/website.pb-c.h"
#include "unit/draw.h"
#include "wire/path.h"

#define ORDER (&carehub__v1__website_order_placed__descriptor)

static struct path resolved(const char *names)
{
	struct path path;
	assert_int_equal(path_resolve(ORDER, names, &path), CH_OK);
	return path;
}

static void finds_a_place_by_its_names(void **state)
{
	(void)state;
	struct buffer data = {0};
	struct buffer personal = {0};
	struct path order_id = resolved("order_id");
	struct path phone = resolved("customer.phones.value");
	pb_put_text(&data, order_id.numbers[0], "first");
	pb_put_text(&data, order_id.numbers[0], "last");
	size_t party = pb_begin(&personal, phone.numbers[0]);
	pb_put_element(&personal, phone.numbers[1], slice_of(NULL, 0));
	size_t second = pb_begin(&personal, phone.numbers[1]);
	pb_put_text(&personal, phone.numbers[2], "+8613800138000");
	pb_end(&personal, second);
	pb_end(&personal, party);
	struct message_parts parts = {buffer_slice(&data), buffer_slice(&personal)};
	assert_slice_text(path_bytes(&order_id, &parts), "last");
	assert_slice_text(path_bytes(&phone, &parts), "+8613800138000");
	assert_true(path_present(&order_id, &parts));
	assert_true(path_present(&phone, &parts)); /* the second has one */
	assert_int_equal(path_uint(&order_id, &parts), 0);
	parts.personal = slice_of(NULL, 0);
	assert_false(path_present(&phone, &parts));
	assert_int_equal(path_bytes(&phone, &parts).len, 0);
	buffer_fini(&data);
	buffer_fini(&personal);
}

static void refuses_places_that_are_not_there(void **state)
{
	(void)state;
	static const char *const bad[] = {"", ".", "no_such", "order_id.more", "customer.",
		"customer.no_such", "customer..phones",
		"a_name_that_is_longer_than_any_in_the_schema_and_than_the_room_for_it"};
	struct path path = {.count = 42};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(path_resolve(ORDER, bad[i], &path), CH_INVALID);
	assert_int_equal(path.count, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_a_place_by_its_names),
		cmocka_unit_test(refuses_places_that_are_not_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

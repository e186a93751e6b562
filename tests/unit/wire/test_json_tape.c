#include "wire/json_tape.h"

#include "support/unit.h"

static struct json_tape *tape;

static int open_tape(void **state)
{
	(void)state;
	return json_tape_create(&tape) == CH_OK ? 0 : 1;
}

static int close_tape(void **state)
{
	(void)state;
	json_tape_free(tape);
	return 0;
}

static void test_usage(void **state)
{
	const struct json_view *view = &json_view_tape;
	struct json_node node;
	struct json_walk walk;
	struct json_value value;
	struct slice name;
	(void)state;
	assert_int_equal(
		json_tape_read(
			tape, slice_text(" {\"a\":[1,\"二\",2.5],\"b\":null,\"c\":true} "), &node),
		CH_OK);
	assert_int_equal(json_view_kind(view, node), JSON_KIND_OBJECT);
	view->walk(node, &walk);
	assert_true(view->next(&walk, &name, &node));
	assert_slice_text(name, "a");
	view->look(node, &value);
	assert_int_equal(value.kind, JSON_KIND_ARRAY);
	assert_int_equal(value.count, 3);
	struct json_walk items;
	struct json_node item;
	view->walk(node, &items);
	assert_true(view->next(&items, &name, &item));
	view->look(item, &value);
	assert_int_equal(value.kind, JSON_KIND_INTEGER);
	assert_int_equal(value.integer, 1);
	assert_true(view->next(&items, &name, &item));
	view->look(item, &value);
	assert_slice_text(value.text, "二");
	assert_int_equal(value.text.data[value.text.len], 0);
	assert_true(view->next(&items, &name, &item));
	view->look(item, &value);
	assert_int_equal(value.kind, JSON_KIND_REAL);
	assert_true(value.real > 2.4 && value.real < 2.6);
	assert_false(view->next(&items, &name, &item));
	assert_true(view->next(&walk, &name, &node));
	assert_int_equal(json_view_kind(view, node), JSON_KIND_NULL);
	assert_true(view->next(&walk, &name, &node));
	view->look(node, &value);
	assert_true(value.kind == JSON_KIND_BOOLEAN && value.truth);
	assert_false(view->next(&walk, &name, &node));
}

/* What jansson would not take either, or takes in its own way. */
static void test_declines(void **state)
{
	static const char *const texts[] = {"", " ", "{", "[1,]", "{\"a\":1}x", "\xef\xbb\xbf{}",
		"{\"a\":1,\"a\":2}", "{\"x\":[{\"a\":1,\"b\":2,\"a\":3}]}", "[\"\\u0000\"]",
		"{\"\\u0000\":1}", "[\"\\ud800\"]", "[\"\\udc00\"]", "[\"\xff\"]",
		"[9223372036854775808]", "[-9223372036854775809]", "[1e999]", "[01]", "[nan]",
		"[\"\t\"]"};
	struct json_node node;
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(json_tape_read(tape, slice_text(texts[i]), &node), CH_UNSUPPORTED);
	assert_int_equal(
		json_tape_read(tape, SLICE_LITERAL("[-9223372036854775808]"), &node), CH_OK);
	assert_int_equal(json_tape_read(tape, SLICE_LITERAL("[\"\\ud83d\\ude00\"]"), &node), CH_OK);
}

static void test_bounds(void **state)
{
	struct buffer text = {0};
	struct json_node node;
	(void)state;
	for (unsigned i = 0; i < JSON_TAPE_DEPTH * 2; i++)
		buffer_append_byte(&text, '[');
	for (unsigned i = 0; i < JSON_TAPE_DEPTH * 2; i++)
		buffer_append_byte(&text, ']');
	assert_int_equal(json_tape_read(tape, buffer_slice(&text), &node), CH_UNSUPPORTED);
	buffer_clear(&text);
	buffer_append_byte(&text, '"');
	while (text.len < JSON_TAPE_BYTES - 1)
		buffer_append_byte(&text, 'x');
	buffer_append_byte(&text, '"');
	assert_int_equal(json_tape_read(tape, buffer_slice(&text), &node), CH_OK);
	buffer_append_byte(&text, ' ');
	assert_int_equal(json_tape_read(tape, buffer_slice(&text), &node), CH_UNSUPPORTED);
	/* More members than are compared. */
	buffer_clear(&text);
	for (int i = 0; i < 100; i++)
		buffer_printf(&text, "%c\"m%d\":1", i == 0 ? '{' : ',', i);
	buffer_append_byte(&text, '}');
	assert_int_equal(json_tape_read(tape, buffer_slice(&text), &node), CH_UNSUPPORTED);
	buffer_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_declines),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, open_tape, close_tape);
}

#include "drop.h"

#include "kit/settings.h"

struct config {
	struct folder_settings folder;
	int64_t floor;
};

static const struct option options[] = {
	FOLDER_OPTIONS(struct config, folder),
	{.name = "shop.floor",
		.type = OPTION_NUMBER,
		.at = offsetof(struct config, floor),
		.min = 1,
		.max = 9,
		.initial = "3",
		.help = "Where the tills stand."},
};

static const struct kit_adapter adapter = {
	.program = "carehub-shop",
	.options = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.config_bytes = sizeof(struct config),
};

/* Reads `text` as a configuration file. */
static enum ch_status read_text(
	const char *text, struct buffer *out_problems, struct kit_settings *out_settings)
{
	struct drop drop;
	char path[DROP_PATH];
	struct problems problems = {0};
	drop_begin(&drop);
	drop_put(&drop, "shop.conf", text);
	(void)snprintf(path, sizeof(path), "%s/shop.conf", drop.path);
	enum ch_status status = kit_settings_read(path, &adapter, &problems, out_settings);
	problems_print(&problems, out_problems);
	problems_fini(&problems);
	drop_end(&drop);
	return status;
}

static void test_the_kits_settings_and_the_adapters_own(void **state)
{
	struct kit_settings settings;
	struct buffer problems = {0};
	(void)state;
	assert_int_equal(read_text("[hub]\n"
				   "endpoint = tcp://hub:7710\n"
				   "server_key_file = /etc/carehub/hub.public\n"
				   "key_file = /etc/carehub/shop.secret\n"
				   "[folder]\n"
				   "path = /srv/shop\n"
				   "settle = 5s\n"
				   "[shop]\n"
				   "floor = 2\n",
				 &problems, &settings),
		CH_OK);
	const struct config *config = settings.config;
	assert_string_equal(settings.endpoint, "tcp://hub:7710");
	assert_string_equal(settings.server_key_file, "/etc/carehub/hub.public");
	assert_null(settings.server_key);
	assert_int_equal(settings.window, 1024);
	assert_int_equal(settings.poll_ms, 1000);
	assert_string_equal(config->folder.path, "/srv/shop");
	assert_int_equal(config->folder.settle_ms, 5000);
	assert_int_equal(config->floor, 2);
	kit_settings_free(&settings, &adapter);
	kit_settings_free(&settings, &adapter); /* does nothing more */
	buffer_fini(&problems);
}

static void test_a_key_looks_like_one(void **state)
{
	struct kit_settings settings;
	struct buffer problems = {0};
	(void)state;
	assert_int_equal(read_text("[hub]\n"
				   "server_key = /etc/carehub/hub.public\n"
				   "key_file = /etc/carehub/shop.secret\n"
				   "[folder]\n"
				   "path = /srv/shop\n",
				 &problems, &settings),
		CH_INVALID);
	assert_non_null(strstr(buffer_text(&problems), "hub.server_key: is no key"));
	buffer_fini(&problems);
}

static void test_all_mistakes_at_once(void **state)
{
	static const char *const told[] = {"hub.window", "hub.key_file", "folder.path",
		"shop.floor", "hub.colour", "hub.server_key"};
	struct kit_settings settings = {.window = 77};
	struct buffer problems = {0};
	(void)state;
	assert_int_equal(read_text("[hub]\nwindow = 0\ncolour = blue\n[shop]\nfloor = 12\n",
				 &problems, &settings),
		CH_INVALID);
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		if (strstr(buffer_text(&problems), told[i]) == NULL)
			fail_msg("%s is not told in\n%s", told[i], buffer_text(&problems));
	}
	assert_int_equal(settings.window, 77); /* untouched */
	buffer_fini(&problems);
}

static void test_a_missing_file_is_a_mistake(void **state)
{
	struct kit_settings settings;
	struct problems problems = {0};
	(void)state;
	assert_int_equal(kit_settings_read("/nowhere/shop.conf", &adapter, &problems, &settings),
		CH_INVALID);
	assert_int_equal(problems.count, 1); /* and not all that would be missing in an empty one */
	problems_fini(&problems);
	problems = (struct problems){0};
	assert_int_equal(kit_settings_load("/nowhere/shop.conf", &adapter, &problems, &settings),
		CH_INVALID);
	assert_int_equal(problems.count, 1);
	problems_fini(&problems);
}

static void test_the_description_has_every_setting(void **state)
{
	struct buffer text = {0};
	(void)state;
	kit_settings_describe(&adapter, &text);
	assert_non_null(strstr(buffer_text(&text), "[hub]\n"));
	assert_non_null(strstr(buffer_text(&text), "#key_file =\n"));
	assert_non_null(strstr(buffer_text(&text), "#settle = 2s\n"));
	assert_non_null(strstr(buffer_text(&text), "[shop]\n# Where the tills stand.\n"));
	buffer_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_kits_settings_and_the_adapters_own),
		cmocka_unit_test(test_a_key_looks_like_one),
		cmocka_unit_test(test_all_mistakes_at_once),
		cmocka_unit_test(test_a_missing_file_is_a_mistake),
		cmocka_unit_test(test_the_description_has_every_setting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Reloads: an adapter whose settings are read anew while it runs. */
#include "station.h"

#include "base/file.h"
#include "kit/adapter_generation.h"
#include "kit/control.h"

/* What the adapter under test was told, by life of a source. */
static struct shop {
	atomic_uint opened;
	atomic_uint started;
	atomic_uint closed;
	atomic_uint taken; /* settings taken over in flight */
	_Atomic int64_t price;
	int can_reload;
	int can_renew;
	atomic_uint renewed;
	int64_t start_fails; /* at this price */
} shop;

struct shop_settings {
	int64_t price;
};

static const struct option shop_options[] = {
	{.name = "shop.price",
		.type = OPTION_NUMBER,
		.at = offsetof(struct shop_settings, price),
		.min = 1,
		.max = 100,
		.required = true,
		.help = "What it costs."},
};

static enum ch_status shop_check(const void *config, struct problems *problems)
{
	const struct shop_settings *settings = config;
	if (settings->price != 13)
		return CH_OK;
	problems_add(problems, NULL, 0, "shop.price", "is unlucky");
	return CH_INVALID;
}

static enum ch_status shop_open(void *config, struct problems *problems, void **out_source)
{
	(void)problems;
	shop.opened++;
	*out_source = config;
	return CH_OK;
}

static enum ch_status shop_start(void *source, struct kit_hub *hub)
{
	const struct shop_settings *settings = source;
	(void)hub;
	if (settings->price == shop.start_fails)
		return CH_BUSY;
	shop.started++;
	shop.price = settings->price; /* last: it is waited for */
	return CH_OK;
}

static enum ch_status shop_reload(void *source, void *config)
{
	const struct shop_settings *settings = config;
	(void)source;
	if (!shop.can_reload)
		return CH_UNSUPPORTED;
	shop.taken++;
	shop.price = settings->price;
	return CH_OK;
}

static enum ch_status shop_renew(void *source)
{
	(void)source;
	if (!shop.can_renew)
		return CH_UNSUPPORTED;
	shop.renewed++;
	return CH_OK;
}

static enum ch_status shop_next(void *source, struct kit_item *out_item)
{
	(void)source;
	(void)out_item;
	return CH_END;
}

static void shop_close(void *source)
{
	(void)source;
	shop.closed++;
}

static const struct kit_adapter adapter = {.program = "carehub-shop",
	.options = shop_options,
	.option_count = 1,
	.config_bytes = sizeof(struct shop_settings),
	.check = shop_check,
	.open = shop_open,
	.reload = shop_reload,
	.renew = shop_renew,
	.start = shop_start,
	.next = shop_next,
	.close = shop_close};

/* ---- The adapter in a thread ---- */

struct run {
	struct station station; /* for its hub, keys and folder */
	char path[DROP_PATH];
	char server_key_file[DROP_PATH]; /* empty: the key stands in the settings */
	struct generations *generations;
	atomic_int stop;
	atomic_int reload;
	enum ch_status status;
	struct kit_counts counts;
	struct adapter_service service;
	pthread_t thread;
};

static void run_write(struct run *run, int price, unsigned window)
{
	struct buffer text = {0};
	bool named = run->server_key_file[0] != 0;
	buffer_printf(&text,
		"[hub]\nendpoint = %s\n%s = %s\nkey_file = %s\nwindow = %u\n"
		"[adapter]\npoll = 10ms\nmetrics = %s\n[shop]\nprice = %d\n",
		run->station.settings.endpoint, named ? "server_key_file" : "server_key",
		named ? run->server_key_file : run->station.settings.server_key,
		run->station.settings.key_file, window, run->station.settings.metrics, price);
	drop_put(&run->station.drop, ".conf", buffer_text(&text));
	buffer_fini(&text);
}

static void *run_thread(void *context)
{
	struct run *run = context;
	struct problems problems = {0};
	run->status = generations_run(run->generations, false, &run->stop, &run->reload, &problems);
	problems_fini(&problems);
	return NULL;
}

static void wait_for_price(int64_t price)
{
	for (int i = 0; i < 100000 && shop.price != price; i++)
		assert_int_equal(usleep(100), 0);
	assert_int_equal(shop.price, price);
}

/* The metrics file says so. */
static void wait_for_word(struct run *run, const char *words)
{
	for (int i = 0; i < 10000 && !drop_says(&run->station.drop, ".metrics", words); i++)
		assert_int_equal(usleep(1000), 0);
	assert_true(drop_says(&run->station.drop, ".metrics", words));
}

static void run_begin(struct run *run)
{
	struct problems problems = {0};
	shop = (struct shop){.start_fails = -1};
	*run = (struct run){.service = {&adapter, &run->counts}};
	station_begin(&run->station);
	(void)snprintf(run->path, sizeof(run->path), "%s/.conf", run->station.drop.path);
	run_write(run, 1, 16);
	assert_int_equal(
		adapter_generations_open(&run->service, run->path, &problems, &run->generations),
		CH_OK);
	problems_fini(&problems);
	assert_int_equal(pthread_create(&run->thread, NULL, run_thread, run), 0);
	wait_for_price(1);
}

static void run_end(struct run *run)
{
	run->stop = 1;
	assert_int_equal(pthread_join(run->thread, NULL), 0);
	generations_close(run->generations);
	assert_int_equal(shop.opened, shop.closed);
	station_end(&run->station);
}

#define GENERATION "carehub_adapter_config_generation{adapter=\"carehub-shop\"} "
#define FAILED     "carehub_adapter_config_reload_failed{adapter=\"carehub-shop\"} "

static void test_a_new_generation_takes_the_place_of_the_old(void **state)
{
	struct run run;
	(void)state;
	run_begin(&run);
	wait_for_word(&run, GENERATION "1");
	run_write(&run, 2, 16);
	run.reload = 1;
	wait_for_price(2);
	wait_for_word(&run, GENERATION "2");
	assert_int_equal(shop.started, 2);
	run_end(&run);
	assert_int_equal(run.status, CH_OK);
}

static void test_mistakes_leave_the_old_one(void **state)
{
	struct run run;
	(void)state;
	run_begin(&run);
	run_write(&run, 1000, 0); /* two in the file */
	run.reload = 1;
	wait_for_word(&run, FAILED "1");
	run_write(&run, 13, 16); /* one that only the adapter knows */
	run.reload = 1;
	while (run.reload != 0)
		assert_int_equal(usleep(1000), 0);
	wait_for_word(&run, GENERATION "1");
	assert_int_equal(shop.started, 1);
	assert_int_equal(shop.price, 1);
	run_write(&run, 3, 16);
	run.reload = 1;
	wait_for_price(3);
	wait_for_word(&run, FAILED "0");
	wait_for_word(&run, GENERATION "2");
	run_end(&run);
}

/* The answer to `reload`. */
static void ask(struct run *run, const char *wanted)
{
	struct buffer answer = {0};
	assert_int_equal(control_ask("carehub-shop", run->path, 20000, &answer), CH_OK);
	if (strstr(buffer_text(&answer), wanted) == NULL)
		fail_msg("not \"%s\" but \"%s\"", wanted, buffer_text(&answer));
	buffer_fini(&answer);
}

static void test_whoever_asks_is_answered(void **state)
{
	struct run run;
	struct buffer none = {0};
	(void)state;
	run_begin(&run);
	run_write(&run, 2, 16);
	ask(&run, "active 2 started\n");
	assert_int_equal(shop.price, 2);
	run_write(&run, 1000, 0);
	ask(&run, "kept 2\n");
	ask(&run, "hub.window: is 0"); /* with all mistakes, each time */
	ask(&run, "shop.price: is 1000");
	shop.can_reload = 1;
	run_write(&run, 3, 16);
	ask(&run, "active 3 taken_over\n");
	shop.can_reload = 0;
	shop.start_fails = 6;
	run_write(&run, 6, 16);
	ask(&run, "kept 3\n"); /* and not that the one before has started once more */
	run_write(&run, 7, 16);
	ask(&run, "active 5 started\n");
	assert_int_equal(control_ask("carehub-other", run.path, 20000, &none), CH_NOT_FOUND);
	assert_int_equal(control_ask("carehub-shop", "/no/such/file", 20000, &none), CH_NOT_FOUND);
	run_end(&run);
}

/* Another that runs with the same file answers; this one says so in its log, and runs. */
static void test_one_of_two_answers(void **state)
{
	struct run run;
	struct control *control = NULL;
	struct buffer answer = {0};
	(void)state;
	run_begin(&run);
	assert_int_equal(control_open("carehub-shop", run.path, &control), CH_BUSY);
	assert_null(control);
	assert_false(control_is_asked(control));
	control_answer(control, slice_text("nobody"));
	control_close(control);
	run_end(&run);

	/* Nobody looks: it is waited for as long as was said. */
	station_begin(&run.station);
	(void)snprintf(run.path, sizeof(run.path), "%s/.conf", run.station.drop.path);
	drop_put(&run.station.drop, ".conf", "");
	assert_int_equal(control_open("carehub-shop", run.path, &control), CH_OK);
	assert_int_equal(control_ask("carehub-shop", run.path, 50, &answer), CH_TIMEOUT);
	control_close(control);
	station_end(&run.station);
	buffer_fini(&answer);
}

static void test_settings_taken_over_in_flight(void **state)
{
	struct run run;
	(void)state;
	run_begin(&run);
	shop.can_reload = 1;
	run_write(&run, 4, 16);
	run.reload = 1;
	wait_for_price(4);
	wait_for_word(&run, GENERATION "2");
	assert_int_equal(shop.taken, 1);
	assert_int_equal(shop.started, 1); /* the same source */
	run_write(&run, 5, 32);            /* the kit's settings too: a new one */
	run.reload = 1;
	wait_for_price(5);
	assert_int_equal(shop.taken, 1);
	assert_int_equal(shop.started, 2);
	run_end(&run);
}

/* What the settings name has changed, they have not. */
static void test_what_they_name_is_taken_anew_in_flight(void **state)
{
	struct run run;
	(void)state;
	run_begin(&run);
	shop.can_renew = 1;
	ask(&run, "active 2 taken_over\n");
	ask(&run, "active 3 taken_over\n");
	assert_int_equal(shop.renewed, 2);
	assert_int_equal(shop.started, 1); /* the same source */
	assert_int_equal(shop.closed, 2);  /* those that were tried */
	run_write(&run, 4, 16);
	ask(&run, "active 4 started\n");
	assert_int_equal(shop.renewed, 2);
	shop.can_renew = 0;
	ask(&run, "active 5 started\n");
	assert_int_equal(shop.started, 3);
	run_end(&run);
}

static void put_key(const char *path, const char *key)
{
	struct buffer text = {0};
	buffer_printf(&text, "%s\n", key);
	assert_int_equal(file_replace(path, buffer_slice(&text), 0600), CH_OK);
	buffer_fini(&text);
}

/* A key is taken at a start and no later: a source that takes anew what it names would go on with the old one. */
static void test_another_key_in_the_same_file_starts_anew(void **state)
{
	struct run run;
	(void)state;
	run_begin(&run);
	shop.can_renew = 1;
	shop.can_reload = 1;
	ask(&run, "active 2 taken_over\n");
	put_key(run.station.settings.key_file, fake_hub_secret_key(run.station.bus));
	ask(&run, "active 3 started\n");
	assert_int_equal(shop.started, 2);
	ask(&run, "active 4 taken_over\n");
	run_end(&run);
}

/* So is the hub's: with the one that it has not, it is not reached, and with its own again it is. */
static void test_another_key_of_the_hubs_starts_anew(void **state)
{
	static const char another[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
	struct run run;
	(void)state;
	run_begin(&run);
	shop.can_renew = 1;
	shop.can_reload = 1;
	(void)snprintf(
		run.server_key_file, sizeof(run.server_key_file), "%s/.hub", run.station.drop.path);
	put_key(run.server_key_file, fake_hub_server_key(run.station.bus));
	run_write(&run, 1, 16);
	ask(&run, "active 2 started\n");
	ask(&run, "active 3 taken_over\n"); /* the same in it */
	put_key(run.server_key_file, "a key");
	ask(&run, "hub.server_key_file: ");
	ask(&run, "holds no key");
	put_key(run.server_key_file, another);
	ask(&run, "active 4 ");
	assert_int_equal(shop.started, 3);
	uint64_t hellos = fake_hub_count(run.station.bus, FAKE_HELLOS);
	put_key(run.server_key_file, fake_hub_server_key(run.station.bus));
	ask(&run, "active 5 started\n");
	assert_int_equal(shop.started, 4);
	assert_true(fake_hub_wait(run.station.bus, FAKE_HELLOS, hellos + 1, 60000));
	run_end(&run);
}

static void test_one_that_does_not_start_gives_way(void **state)
{
	struct run run;
	(void)state;
	run_begin(&run);
	shop.start_fails = 6;
	shop.price = 0;
	run_write(&run, 6, 16);
	run.reload = 1;
	wait_for_price(1); /* the one before, opened again */
	wait_for_word(&run, GENERATION "1");
	wait_for_word(&run, FAILED "1");
	run_end(&run);
	assert_int_equal(run.status, CH_OK);
}

/* Rows, keys, folders, and what the adapter alone knows: one kind does not hide another. */
static void test_all_mistakes_at_once(void **state)
{
	static const char *const told[] = {"hub.window: is 0", "adapter.colour",
		"hub.server_key_file: /nowhere/at/all", "hub.key_file: /", "shop.price: is unlucky",
		"adapter.rejects: /nowhere/at/all", "spool.directory: /dev/null/spool"};
	struct kit_counts counts = {0};
	const struct adapter_service service = {&adapter, &counts};
	struct station station;
	struct problems problems = {0};
	struct buffer text = {0};
	struct generations *generations = NULL;
	char path[DROP_PATH];
	(void)state;
	shop = (struct shop){.start_fails = -1};
	station_begin(&station);
	assert_int_equal(chmod(station.settings.key_file, 0644), 0);
	buffer_printf(&text,
		"[hub]\nserver_key_file = /nowhere/at/all\nkey_file = %s\nwindow = 0\n"
		"[adapter]\ncolour = blue\nrejects = /nowhere/at/all\n"
		"[spool]\ndirectory = /dev/null/spool\n[shop]\nprice = 13\n",
		station.settings.key_file);
	drop_put(&station.drop, ".conf", buffer_text(&text));
	(void)snprintf(path, sizeof(path), "%s/.conf", station.drop.path);
	assert_int_equal(
		adapter_generations_open(&service, path, &problems, &generations), CH_INVALID);
	buffer_clear(&text);
	problems_print(&problems, &text);
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		if (strstr(buffer_text(&text), told[i]) == NULL)
			fail_msg("%s is not told in\n%s", told[i], buffer_text(&text));
	}
	assert_int_equal(problems.count, sizeof(told) / sizeof(told[0])); /* each once */
	assert_int_equal(shop.opened, 0);
	buffer_fini(&text);
	problems_fini(&problems);
	station_end(&station);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_new_generation_takes_the_place_of_the_old),
		cmocka_unit_test(test_mistakes_leave_the_old_one),
		cmocka_unit_test(test_whoever_asks_is_answered),
		cmocka_unit_test(test_one_of_two_answers),
		cmocka_unit_test(test_settings_taken_over_in_flight),
		cmocka_unit_test(test_what_they_name_is_taken_anew_in_flight),
		cmocka_unit_test(test_another_key_in_the_same_file_starts_anew),
		cmocka_unit_test(test_another_key_of_the_hubs_starts_anew),
		cmocka_unit_test(test_one_that_does_not_start_gives_way),
		cmocka_unit_test(test_all_mistakes_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

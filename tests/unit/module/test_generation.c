/* Reloads: a module whose settings are read anew while it runs. */
#include "rig.h"

#include "kit/control.h"
#include "module/kit/module_generation.h"
#include "module/kit/module_settings.h"

/* A part that sells at a price, beside the echo. */
static struct shop {
	atomic_uint opened;
	atomic_uint closed;
	_Atomic int64_t price;         /* of the part that was opened last and is there */
	_Atomic int64_t does_not_open; /* at this price */
	_Atomic int64_t tended;        /* with this price in its own settings and in those of all */
	atomic_int damage;             /* the book is found damaged once */
} shop;

struct shop_settings {
	int64_t price;
};

static const struct option shop_options[] = {{.name = "shop.price",
	.type = OPTION_NUMBER,
	.at = offsetof(struct shop_settings, price),
	.min = 1,
	.max = 100,
	.required = true,
	.help = "What it costs."}};

static enum ch_status shop_check(
	const void *config, void *const *configs, struct problems *problems)
{
	const struct shop_settings *settings = config;
	assert_ptr_equal(configs[1], config);
	if (settings->price != 13)
		return CH_OK;
	problems_add(problems, NULL, 0, "shop.price", "is unlucky");
	return CH_INVALID;
}

static enum ch_status shop_open(
	const void *config, struct metrics *metrics, struct problems *problems, void **out_self)
{
	const struct shop_settings *settings = config;
	(void)metric_counter(metrics, "carehub_module_shops", "Shops that were opened.", NULL);
	if (settings->price == shop.does_not_open) {
		problems_add(problems, NULL, 0, "shop.price", "is what nobody pays");
		return CH_INVALID;
	}
	shop.opened++;
	shop.price = settings->price;
	*out_self = (void *)(uintptr_t)config; /* only looked at */
	return CH_OK;
}

static enum ch_status shop_tend(void *self, struct module_turn *turn)
{
	const struct shop_settings *settings = self;
	assert_ptr_equal(turn->configs[1], settings);
	shop.tended = settings->price;
	return atomic_exchange(&shop.damage, 0) != 0 ? CH_CORRUPT : CH_OK;
}

static void shop_close(void *self)
{
	(void)self;
	shop.closed++;
}

static const struct module_part shop_part = {.name = "shop",
	.options = shop_options,
	.option_count = 1,
	.config_bytes = sizeof(struct shop_settings),
	.check = shop_check,
	.open = shop_open,
	.tend = shop_tend,
	.close = shop_close};

/* ---- The module in a thread ---- */

struct life {
	struct rig rig; /* for its hub, keys and folder */
	const struct module_part *parts[2];
	char path[128];
	char server_key_file[128]; /* empty: the key stands in the settings */
	struct generations *generations;
	atomic_int stop;
	atomic_int reload;
	enum ch_status status;
	pthread_t thread;
};

static void life_write(struct life *life, int price, int batch, const char *book)
{
	struct buffer text = {0};
	bool named = life->server_key_file[0] != 0;
	buffer_printf(&text,
		"[hub]\nendpoint = %s\n%s = %s\nkey_file = %s\n"
		"[module]\nbook = %s\nbatch = %d\nmetrics = %s\n[shop]\nprice = %d\n",
		life->rig.settings.hub.endpoint, named ? "server_key_file" : "server_key",
		named ? life->server_key_file : life->rig.settings.hub.server_key,
		life->rig.key_file, book, batch, life->rig.metrics_file, price);
	assert_int_equal(file_replace(life->path, buffer_slice(&text), 0600), CH_OK);
	buffer_fini(&text);
}

static void *life_thread(void *context)
{
	struct life *life = context;
	struct problems problems = {0};
	life->status =
		generations_run(life->generations, false, &life->stop, &life->reload, &problems);
	problems_fini(&problems);
	return NULL;
}

static void wait_for_price(int64_t price)
{
	for (int i = 0; i < 60000 && shop.price != price; i++)
		assert_int_equal(usleep(1000), 0);
	assert_int_equal(shop.price, price);
}

static void life_begin(struct life *life)
{
	struct problems problems = {0};
	*life = (struct life){.status = CH_OK};
	shop = (struct shop){.does_not_open = -1};
	rig_begin_all(&life->rig);
	life->parts[0] = echo_module.parts[0];
	life->parts[1] = &shop_part;
	life->rig.module.parts = life->parts;
	life->rig.module.part_count = 2;
	(void)snprintf(life->path, sizeof(life->path), "%s.conf", life->rig.shelf.directory);
	life_write(life, 1, 64, life->rig.shelf.directory);
	assert_int_equal(module_generations_open(
				 &life->rig.module, life->path, &problems, &life->generations),
		CH_OK);
	problems_fini(&problems);
	assert_int_equal(pthread_create(&life->thread, NULL, life_thread, life), 0);
	assert_true(fake_hub_wait(life->rig.bus, FAKE_SUBSCRIBES, 1, 60000));
}

static void life_stop(struct life *life)
{
	life->stop = 1;
	assert_int_equal(pthread_join(life->thread, NULL), 0);
	generations_close(life->generations);
	life->generations = NULL;
	assert_int_equal(shop.opened, shop.closed);
}

static void life_end(struct life *life)
{
	if (life->generations != NULL)
		life_stop(life);
	assert_int_equal(unlink(life->path), 0);
	rig_end(&life->rig);
}

/* What `reload` is answered. */
static void ask(struct life *life, const char *wanted)
{
	struct buffer answer = {0};
	assert_int_equal(control_ask("carehub-echo", life->path, 60000, &answer), CH_OK);
	if (strstr(buffer_text(&answer), wanted) == NULL)
		fail_msg("not \"%s\" but \"%s\"", wanted, buffer_text(&answer));
	buffer_fini(&answer);
}

/* So many feedbacks have their answers: whatever became of the settings, the module works. */
static void echoes(struct life *life, const char *prefix, uint64_t in_all)
{
	rig_put(&life->rig, prefix, 1, 20);
	assert_true(fake_hub_wait(life->rig.bus, FAKE_STORED, 2 * in_all, 60000));
}

/* ---- How it is used ---- */

static void test_parts_settings_are_taken_over_in_flight(void **state)
{
	struct life life;
	(void)state;
	life_begin(&life);
	echoes(&life, "f", 20);
	life_write(&life, 2, 64, life.rig.shelf.directory);
	ask(&life, "active 2 taken_over\n");
	assert_int_equal(shop.price, 2);
	echoes(&life, "g", 40);
	life_write(&life, 3, 64, life.rig.shelf.directory);
	life.reload = 1; /* as a signal does */
	wait_for_price(3);
	echoes(&life, "h", 60);
	assert_int_equal(fake_hub_count(life.rig.bus, FAKE_SUBSCRIBES), 1); /* the same line */
	assert_int_equal(fake_hub_count(life.rig.bus, FAKE_DUPLICATES), 0);
	assert_int_equal(shop.opened, 3);
	life_stop(&life);
	assert_int_equal(life.status, CH_OK);
	assert_int_equal(shop.tended, 3);
	assert_int_equal(rig_look(&life.rig).feedback, 60);
	life_end(&life);
}

/* What is opened once more afterwards is opened by the new settings: the old ones are gone. */
static void test_what_was_taken_over_lasts(void **state)
{
	struct life life;
	(void)state;
	life_begin(&life);
	echoes(&life, "f", 20);
	life_write(&life, 2, 64, life.rig.shelf.directory);
	ask(&life, "active 2 taken_over\n");
	fake_hub_restart(life.rig.bus); /* the line is another one */
	echoes(&life, "g", 40);
	shop.damage = 1;
	echoes(&life, "h", 60); /* and so is the book */
	life_write(&life, 3, 64, life.rig.shelf.directory);
	ask(&life, "active 3 taken_over\n");
	life_stop(&life);
	assert_int_equal(life.status, CH_OK);
	assert_int_equal(shop.damage, 0);
	assert_int_equal(shop.opened, 4);
	assert_int_equal(fake_hub_count(life.rig.bus, FAKE_STORED), 120);
	life_end(&life);
}

static void put_key(const char *path, const char *key)
{
	struct buffer text = {0};
	buffer_printf(&text, "%s\n", key);
	assert_int_equal(file_replace(path, buffer_slice(&text), 0600), CH_OK);
	buffer_fini(&text);
}

static void test_another_line_or_book_begins_anew(void **state)
{
	struct life life;
	struct shelf shelf;
	(void)state;
	shelf_make(&shelf);
	life_begin(&life);
	echoes(&life, "f", 20);
	life_write(&life, 2, 32, life.rig.shelf.directory);
	ask(&life, "active 2 started\nbegan anew for module.batch\n");
	assert_int_equal(shop.price, 2);
	echoes(&life, "g", 40);
	life_write(&life, 2, 64, shelf.directory);
	ask(&life, "active 3 started\nbegan anew for module.book, module.batch\n");
	echoes(&life, "h",
		60); /* the other book was made from the journal, and nothing said twice */
	assert_int_equal(fake_hub_count(life.rig.bus, FAKE_STORED), 120);
	/* Another key in the same file; that it is the same key in other bytes nobody can tell. */
	put_key(life.rig.key_file, fake_hub_secret_key(life.rig.bus));
	ask(&life, "active 4 started\nbegan anew for hub.key_file\n");
	life_end(&life);
	shelf_remove(&shelf);
}

/* The hub has another key, and its file has it: under the same name, so no line of the settings tells. */
static void test_another_key_of_the_hubs_begins_anew(void **state)
{
	static const char another[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
	struct life life;
	(void)state;
	life_begin(&life);
	(void)snprintf(life.server_key_file, sizeof(life.server_key_file), "%s.hub",
		life.rig.shelf.directory);
	put_key(life.server_key_file, fake_hub_server_key(life.rig.bus));
	life_write(&life, 1, 64, life.rig.shelf.directory);
	ask(&life, "active 2 started\nbegan anew for hub.server_key, hub.server_key_file\n");
	ask(&life, "active 3 taken_over\n"); /* the same in it */
	echoes(&life, "f", 20);
	put_key(life.server_key_file, another);
	ask(&life, "began anew for hub.server_key_file\n"); /* and does not reach that one */
	put_key(life.server_key_file, fake_hub_server_key(life.rig.bus));
	ask(&life, "active 5 started\nbegan anew for hub.server_key_file\n");
	echoes(&life, "g", 40);
	/* What is no key is a mistake, and the one before goes on. */
	put_key(life.server_key_file, "a key");
	ask(&life, "hub.server_key_file: ");
	ask(&life, "holds no key");
	echoes(&life, "h", 60);
	assert_int_equal(unlink(life.server_key_file), 0);
	life_end(&life);
}

/* ---- What breaks it ---- */

static void test_mistakes_leave_the_old_one(void **state)
{
	struct life life;
	(void)state;
	life_begin(&life);
	life_write(&life, 1000, 0, "/dev/null/book");
	ask(&life, "kept 1\n");
	ask(&life, "module.batch: is 0"); /* with all mistakes, each time */
	ask(&life, "shop.price: is 1000");
	ask(&life, "module.book: /dev/null/book");
	life_write(&life, 13, 64, life.rig.shelf.directory);
	ask(&life, "shop.price: is unlucky");
	assert_int_equal(unlink(life.path), 0);
	life.reload = 1;
	while (life.reload != 0)
		assert_int_equal(usleep(1000), 0);
	assert_int_equal(shop.opened, 1);
	struct problems problems = {0};
	struct module_settings settings;
	assert_int_equal(module_settings_load(life.path, &life.rig.module, &problems, &settings),
		CH_INVALID);
	assert_int_equal(problems.count, 1); /* and not all that would be missing in an empty one */
	problems_fini(&problems);
	life_write(&life, 5, 64, life.rig.shelf.directory);
	ask(&life, "active 2 taken_over\n");
	echoes(&life, "f", 20);
	life_end(&life);
}

static void test_one_that_does_not_open_gives_way(void **state)
{
	struct life life;
	struct shelf shelf;
	(void)state;
	shelf_make(&shelf);
	life_begin(&life);
	shop.does_not_open = 6;
	life_write(&life, 6, 64, life.rig.shelf.directory); /* the part, in flight */
	ask(&life, "kept 1\nshop.price: is what nobody pays\n");
	life_write(&life, 6, 32, life.rig.shelf.directory); /* and in a run of its own */
	ask(&life, "kept 1\nshop.price: is what nobody pays\n");
	echoes(&life, "f", 20);

	struct book *taken = shelf_open(&shelf, NULL, 0, BOOK_WRITE);
	life_write(&life, 7, 64, shelf.directory); /* somebody has the book */
	ask(&life, "kept 1\n");
	assert_int_equal(shop.price, 1);
	book_close(taken);
	echoes(&life, "g", 40);
	life_write(&life, 7, 64, life.rig.shelf.directory);
	ask(&life, "active 4 taken_over\n"); /* two more were found good, and did not open */
	life_end(&life);
	assert_int_equal(life.status, CH_OK);
	shelf_remove(&shelf);
}

static void test_who_waits_for_the_hub_says_so(void **state)
{
	struct life life;
	(void)state;
	life_begin(&life);
	fake_hub_go_away(life.rig.bus);
	life_write(&life, 2, 64, life.rig.shelf.directory);
	ask(&life, "active 2 taken_over\n"); /* for which no hub is needed */
	life_write(&life, 2, 32, life.rig.shelf.directory);
	ask(&life, "active 3 waits_for_the_hub\nbegan anew for module.batch\n");
	life_write(&life, 3, 32, life.rig.shelf.directory);
	ask(&life, "active 4 taken_over\n"); /* before it has attached for the first time */
	fake_hub_come_back(life.rig.bus);
	echoes(&life, "f", 20);
	life_end(&life);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts_settings_are_taken_over_in_flight),
		cmocka_unit_test(test_what_was_taken_over_lasts),
		cmocka_unit_test(test_another_line_or_book_begins_anew),
		cmocka_unit_test(test_another_key_of_the_hubs_begins_anew),
		cmocka_unit_test(test_mistakes_leave_the_old_one),
		cmocka_unit_test(test_one_that_does_not_open_gives_way),
		cmocka_unit_test(test_who_waits_for_the_hub_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

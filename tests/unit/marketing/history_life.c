#include "unit/marketing/history_life.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "module/kit/feed_state.h"
#include "module/kit/router.h"
#include "module/kit/voice_inside.h"
#include "module/marketing/book_tables.h"
#include "module/marketing/campaign/campaign_part.h"
#include "support/unit.h"

#define ROUNDS_MAX  200000
#define SECOND_US   INT64_C(1000000)
#define AFTERMATH_S 120 /* virtual seconds after the last campaign has ended */

const char *const history_campaigns[HISTORY_CAMPAIGNS] = {"autumn", HISTORY_CALL, "spring"};

struct life {
	struct world *world;
	struct campaign_settings settings;
	const char *folder;
	uint16_t port;
	struct book *book;
	struct router *router;
	void *self;
	struct feed_state state;
	struct arena arena;
};

/* ---- Ports ---- */

static enum ch_status ask(void *context, struct ch_connection *connection, uint64_t customer,
	struct buffer *out_reply)
{
	struct world *world = context;
	(void)connection;
	world_step(world);
	if (world->faulty && world_draw(&world->random, 50) == 0)
		return CH_TIMEOUT;
	world_reply(world, customer, out_reply);
	world_step(world);
	return CH_OK;
}

static enum ch_status member(void *context, struct book_txn *txn, const char *segment,
	uint64_t after, uint64_t *out_customer)
{
	struct world *world = context;
	uint64_t customer = after + 1;
	(void)txn;
	(void)segment;
	/* Some come and go. */
	while (customer <= world->customers && world->habits[customer] == HABIT_FLAPS &&
		world_draw(&world->random, 4) == 0)
		customer++;
	if (customer > world->customers)
		return world_draw(&world->random, 10) == 0 ? CH_RETRY : CH_END;
	*out_customer = customer;
	return CH_OK;
}

/* ---- One life of the module ---- */

static void path_of(const struct life *life, const char *name, char out[256])
{
	(void)snprintf(out, 256, "%s/%s", life->folder, name);
}

static void must(enum ch_status status, const char *what)
{
	if (status != CH_OK) {
		fprintf(stderr, "%s: %s\n", what, ch_status_name(status));
		_exit(3);
	}
}

static const struct module_part *const parts[] = {&campaign_part};
static const struct module module = {.program = "carehub-marketing",
	.source = WORLD_SOURCE,
	.subscription = "marketing",
	.parts = parts,
	.part_count = 1};

/* What the journal has, as the feed would: some of it at a time. */
static bool life_fold(struct life *life)
{
	struct world *world = life->world;
	struct book_txn *txn;
	uint64_t head = world->entries;
	uint64_t to = life->state.position + 1 + world_draw(&world->random, 8);
	if (life->state.position >= head)
		return false;
	to = to < head ? to : head;
	must(book_begin(life->book, true, &txn), "begin");
	for (uint64_t i = life->state.position + 1; i <= to; i++) {
		struct slice event = world_event(world, i);
		const struct ch_delivery delivery = {.sequence = i,
			.last = true,
			.arrival_us = world->entry[i].arrival_us,
			.event = {event.data, event.len}};
		if (event.len > 0)
			must(router_fold(life->router, txn, &delivery, true, &life->state), "fold");
	}
	life->state.position = to;
	feed_state_write(txn, &life->state);
	world_step(world);
	must(book_commit(txn), "commit");
	world_step(world);
	return true;
}

static bool life_speak(struct life *life)
{
	struct utterance utterances[16];
	struct ch_receipt receipts[16];
	struct book_txn *txn;
	size_t count = 0;
	int64_t due_us;
	must(book_begin(life->book, false, &txn), "begin");
	arena_reset(&life->arena);
	must(voice_due(txn, life->world->now_us, &life->arena, utterances, 16, &count, &due_us),
		"voice_due");
	book_abort(txn);
	if (count == 0)
		return false;
	for (size_t i = 0; i < count; i++)
		world_publish(life->world, &utterances[i].head, &receipts[i]);
	must(book_begin(life->book, true, &txn), "begin");
	for (size_t i = 0; i < count; i++)
		voice_answered(txn, &utterances[i], CH_OK, &receipts[i], life->world->now_us);
	world_step(life->world);
	must(book_commit(txn), "commit");
	world_step(life->world);
	return true;
}

static int64_t life_tend(struct life *life)
{
	struct module_turn turn = {.book = life->book,
		.connection = (struct ch_connection *)life, /* nobody looks into it */
		.now_us = life->world->now_us,
		.feed = life->state,
		.again_ms = -1};
	enum ch_status status = campaign_part.tend(life->self, &turn);
	if (status != CH_OK)
		must(status, "tend");
	world_step(life->world);
	return turn.again_ms;
}

/* By the book; one that was stopped is still to be started again. */
static bool life_has_ended(struct life *life)
{
	struct book_txn *txn;
	bool ended = true;
	must(book_begin(life->book, false, &txn), "begin");
	for (size_t i = 0; i < HISTORY_CAMPAIGNS; i++) {
		struct ledger_start start;
		uint32_t number;
		must(ledger_start(txn, history_campaigns[i], &start), "start");
		ended = ended && start.started.there && start.ended.there &&
			world_standing(life->world, history_campaigns[i], &number) == WORLD_DONE;
	}
	book_abort(txn);
	return ended;
}

static void life_open_part(struct life *life, void **out_self)
{
	struct problems problems = {0};
	const struct desk_ports ports = {life->world, ask, member};
	life->settings.lines = 1 + (int64_t)world_draw(&life->world->random, 4);
	enum ch_status status =
		campaign_part_open_with(&life->settings, &ports, NULL, &problems, out_self);
	if (status != CH_OK) {
		struct buffer text = {0};
		problems_print(&problems, &text);
		fputs(buffer_text(&text), stderr);
		must(status, "open");
	}
}

static void life_begin_part(struct life *life)
{
	struct book_txn *txn;
	must(router_create(&module, &life->self, &life->router), "router");
	must(book_begin(life->book, false, &txn), "begin");
	must(router_begin(life->router, txn), "begin");
	book_abort(txn);
}

static void life_reload(struct life *life)
{
	void *self;
	life_open_part(life, &self);
	campaign_part.close(life->self);
	router_free(life->router);
	life->self = self;
	life_begin_part(life);
}

static void life_open(struct life *life)
{
	static char token_key[256];
	static char folder[256];
	static char book[256];
	static char host[] = "127.0.0.1";
	static char hello[] = "care.example";
	static char from[] = "care@example.com";
	static char link[] = "https://www.example.com/no?t=";
	struct book_txn *txn;
	path_of(life, "token", token_key);
	path_of(life, "campaigns", folder);
	path_of(life, "book", book);
	life->settings = (struct campaign_settings){.folder = folder,
		.token_key_file = token_key,
		.unsubscribe_link = link,
		.cap = life->world->cap,
		.cap_days = 30,
		.host = host,
		.port = life->port,
		.tls = MAIL_TLS_NONE,
		.hello = hello,
		.connect_ms = 2000,
		.reply_ms = 2000,
		.total_ms = 400,
		.from = from,
		.retry_ms = 1000,
		.patience_ms = INT64_C(30) * 86400000};
	const struct book_form form = {.directory = book,
		.tables = marketing_tables,
		.table_count = MARKETING_TABLES,
		.version = 1,
		.map_bytes = 1 << 22};
	must(book_open(&form, BOOK_WRITE, &life->book), "book_open");
	life_open_part(life, &life->self);
	life_begin_part(life);
	must(book_begin(life->book, false, &txn), "begin");
	must(feed_state_read(txn, &life->state), "state");
	book_abort(txn);
	arena_init(&life->arena);
}

void history_start(struct world *world, const char *folder, const char *campaign)
{
	char path[300];
	struct problems problems = {0};
	struct campaigns campaigns = {0};
	(void)snprintf(path, sizeof(path), "%s/campaigns", folder);
	must(campaigns_read(path, NULL, &problems, &campaigns), "campaigns");
	const struct campaign *found = campaigns_find(&campaigns, slice_text(campaign));
	must(found != NULL ? CH_OK : CH_NOT_FOUND, campaign);
	world_start(world, campaign, found->version);
	campaigns_fini(&campaigns);
	problems_fini(&problems);
}

/* Stops campaigns and starts them again, and has the settings read anew. */
static void life_operate(struct life *life)
{
	struct world *world = life->world;
	uint32_t start;
	if (world_draw(&world->random, 40) != 0)
		return;
	const char *campaign = history_campaigns[world_draw(&world->random, HISTORY_CAMPAIGNS)];
	enum world_standing standing = world_standing(world, campaign, &start);
	if (standing == WORLD_STOPPED) {
		history_start(world, life->folder, campaign);
	} else if (standing == WORLD_RUNS && world->stops > 0) {
		world->stops--;
		world_stop(world, campaign);
	} else if (world->reloads > 0) {
		world->reloads--;
		life_reload(life);
	}
}

void history_live(struct world *world, const char *folder, uint16_t port)
{
	struct life one = {.world = world, .folder = folder, .port = port};
	struct life *life = &one;
	int64_t end_us = INT64_MAX;
	life_open(life);
	/* The past first: nothing is said or sent before. */
	while (life_fold(life))
		;
	for (int round = 0; world->now_us < end_us; round++) {
		if (round == ROUNDS_MAX)
			must(CH_TIMEOUT, "the history does not end");
		world_step(world);
		life_operate(life);
		bool moved = life_fold(life);
		moved = life_speak(life) || moved;
		int64_t again_ms = life_tend(life);
		if (again_ms == 2) { /* a mail is under way */
			const struct timespec moment = {0, 200000};
			(void)nanosleep(&moment, NULL);
			world->now_us += 1000;
		} else if (moved || again_ms == 0) {
			world->now_us += 1000;
		} else {
			world->now_us += 1000 * (again_ms < 0 ? 1000 : again_ms);
		}
		if (end_us == INT64_MAX && life_has_ended(life)) {
			end_us = world->now_us + AFTERMATH_S * SECOND_US;
			world->flaps = 0;
			world->stops = 0;
			world->kill_in = -1;
		}
	}
	campaign_part.close(life->self);
	router_free(life->router);
	arena_fini(&life->arena);
	book_close(life->book);
}

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

struct life {
	struct world *world;
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
	const struct world *world = context;
	(void)txn;
	(void)segment;
	if (after >= world->customers)
		return CH_END;
	*out_customer = after + 1;
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

static bool life_has_ended(struct life *life, const char *campaign)
{
	struct book_txn *txn;
	struct ledger_start start;
	must(book_begin(life->book, false, &txn), "begin");
	must(ledger_start(txn, campaign, &start), "start");
	book_abort(txn);
	return start.started.there && start.ended.there;
}

static void life_open(struct life *life, struct campaign_settings *settings)
{
	static char token_key[256];
	static char folder[256];
	static char book[256];
	static char host[] = "127.0.0.1";
	static char hello[] = "care.example";
	static char from[] = "care@example.com";
	static char link[] = "https://www.example.com/no?t=";
	struct problems problems = {0};
	struct book_txn *txn;
	path_of(life, "token", token_key);
	path_of(life, "campaigns", folder);
	path_of(life, "book", book);
	*settings = (struct campaign_settings){.folder = folder,
		.token_key_file = token_key,
		.unsubscribe_link = link,
		.cap = 10,
		.cap_days = 30,
		.host = host,
		.port = life->port,
		.tls = MAIL_TLS_NONE,
		.hello = hello,
		.lines = 1 + (int64_t)world_draw(&life->world->random, 2),
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
	const struct desk_ports ports = {life->world, ask, member};
	must(book_open(&form, BOOK_WRITE, &life->book), "book_open");
	enum ch_status status =
		campaign_part_open_with(settings, &ports, NULL, &problems, &life->self);
	if (status != CH_OK) {
		struct buffer text = {0};
		problems_print(&problems, &text);
		fputs(buffer_text(&text), stderr);
		must(status, "open");
	}
	must(router_create(&module, &life->self, &life->router), "router");
	must(book_begin(life->book, false, &txn), "begin");
	must(feed_state_read(txn, &life->state), "state");
	must(router_begin(life->router, txn), "begin");
	book_abort(txn);
	arena_init(&life->arena);
}

void history_live(struct world *world, const char *folder, uint16_t port)
{
	struct life one = {.world = world, .folder = folder, .port = port};
	struct life *life = &one;
	struct campaign_settings settings;
	int64_t end_us = INT64_MAX;
	life_open(life, &settings);
	/* The past first: nothing is said or sent before. */
	while (life_fold(life))
		;
	for (int round = 0; world->now_us < end_us; round++) {
		if (round == ROUNDS_MAX)
			must(CH_TIMEOUT, "the history does not end");
		world_step(world);
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
		if (end_us == INT64_MAX && life_has_ended(life, HISTORY_MAIL) &&
			life_has_ended(life, HISTORY_CALL)) {
			end_us = world->now_us + AFTERMATH_S * SECOND_US;
			world->flaps = 0;
			world->kill_in = -1;
		}
	}
	campaign_part.close(life->self);
	router_free(life->router);
	arena_fini(&life->arena);
	book_close(life->book);
}

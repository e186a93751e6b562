/* Random histories: consents flap, the module is killed at every point between an intent and its outcome (by itself
 * at a random step, and by the mail server at a random stage), and the mail server defers, refuses, is slow, talks
 * nonsense, and drops the line, while campaigns run.  Each life is a process of its own with the real book, voice, ledger,
 * desk and libcurl; only the hub is a model, in memory that outlives the kills.
 *
 *     test_marketing_histories              a few, for every build
 *     CAREHUB_HISTORIES=1000 CAREHUB_HISTORY_SEED=1 test_marketing_histories
 *
 * In every history:
 *   - no mail without consent: at the last reading of the record before the text went out he agreed;
 *   - its intent was in the journal before;
 *   - nobody gets a campaign's mail twice;
 *   - who agrees all the time gets exactly one; or it is listed as uncertain, or was refused for good;
 *   - a mail that arrived is said to be sent or uncertain, and what is said to be sent arrived;
 *   - no intent is left without an outcome;
 *   - the book made anew from the journal says the same, and nothing goes out.
 *
 * And each planted mistake is found. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "carehub/v1/module.pb-c.h"
#include "module/kit/feed_state.h"
#include "module/kit/router.h"
#include "module/kit/voice_inside.h"
#include "module/marketing/book_tables.h"
#include "module/marketing/campaign/campaign_part.h"
#include "support/smtp_server.h"
#include "support/unit.h"
#include "unit/marketing/history_world.h"

#define ROUNDS_MAX  200000
#define LIVES_MAX   64
#define SECOND_US   INT64_C(1000000)
#define AFTERMATH_S 120 /* virtual seconds after the last campaign has ended */

#define CAMPAIGN_MAIL "spring"
#define CAMPAIGN_CALL "calls"

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

/* Returns when all campaigns are over and nothing moves any more. */
static void life_run(struct life *life)
{
	struct world *world = life->world;
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
		if (end_us == INT64_MAX && life_has_ended(life, CAMPAIGN_MAIL) &&
			life_has_ended(life, CAMPAIGN_CALL)) {
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

/* ---- The mail server's side ---- */

static void server_kills(struct world *world, unsigned one_in)
{
	pid_t child = __atomic_load_n(&world->child, __ATOMIC_SEQ_CST);
	if (world->kills > 0 && child > 0 && world_draw(&world->server_random, one_in) == 0) {
		world->kills--;
		(void)kill(child, SIGKILL);
	}
}

static struct smtp_fault plan(void *context, uint64_t mail)
{
	static const unsigned soft[] = {421, 450, 451, 452};
	struct world *world = context;
	struct smtp_fault fault = {.deed = SMTP_FINE};
	(void)mail;
	if (world->plant == PLANT_LYING_SERVER && world_draw(&world->server_random, 3) == 0)
		return (struct smtp_fault){SMTP_TEXT, SMTP_LIE, 451, 0};
	if (world->plant == PLANT_EMPTY_PROMISE && world_draw(&world->server_random, 3) == 0)
		return (struct smtp_fault){SMTP_TEXT, SMTP_REPLY, 250, 0};
	if (!world->faulty)
		return fault;
	server_kills(world, 20);
	if (world_draw(&world->server_random, 100) >= 45)
		return fault;
	fault.stage = (enum smtp_stage)world_draw(&world->server_random, SMTP_STAGES);
	switch (world_draw(&world->server_random, 12)) {
	case 0:
	case 1:
	case 2:
		fault.deed = SMTP_DROP;
		break;
	case 3:
		fault.deed = SMTP_DROP_TAKEN;
		fault.stage = SMTP_TEXT;
		break;
	case 4:
		fault.deed = SMTP_DROP_EARLY;
		fault.stage = SMTP_TEXT;
		break;
	case 5:
		fault.deed = world_draw(&world->server_random, 8) == 0 ? SMTP_SILENT : SMTP_DROP;
		break;
	case 6:
		fault.deed = SMTP_SLOW;
		fault.delay_ms = (unsigned)world_draw(&world->server_random, 20);
		break;
	case 7:
		fault.deed = SMTP_GARBAGE;
		break;
	default:
		fault.deed = SMTP_REPLY;
		fault.code = soft[world_draw(&world->server_random, 4)];
		if (world->refuses && world_draw(&world->server_random, 2) == 0)
			fault.code = 550;
	}
	return fault;
}

/* The end of a text is there, and nobody has been told. */
static void taken(void *context, const struct smtp_mail *mail)
{
	struct world *world = context;
	const char *id = strstr(mail->text, "Message-ID: <");
	if (world->mails == WORLD_MAILS || id == NULL)
		abort();
	struct world_mail *log = &world->mail[world->mails];
	memcpy(log->id, id + 13, 32);
	log->customer = strtoull(mail->to + 1, NULL, 10);
	log->head = __atomic_load_n(&world->entries, __ATOMIC_SEQ_CST);
	log->asks = __atomic_load_n(&world->asks, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&world->mails, 1, __ATOMIC_SEQ_CST);
	if (world->faulty)
		server_kills(world, 8);
}

/* ---- Before and after ---- */

static void put_file(const char *path, const char *text)
{
	assert_int_equal(file_replace(path, slice_text(text), 0600), CH_OK);
}

static void write_campaigns(const char *folder)
{
	char path[300];
	(void)snprintf(path, sizeof(path), "%s/campaigns", folder);
	assert_int_equal(file_make_dirs(path, 0700), CH_OK);
	(void)snprintf(path, sizeof(path), "%s/token", folder);
	put_file(path, "a secret of many characters");
	(void)snprintf(path, sizeof(path), "%s/campaigns/spring.conf", folder);
	put_file(path, "[campaign]\nsegment = all\npurpose = marketing\nchannel = email\n"
		       "text = spring.txt\n");
	(void)snprintf(path, sizeof(path), "%s/campaigns/spring.txt", folder);
	put_file(path, "Subject: 您好\n\n{{name|客户}} {{unsubscribe}}\n");
	(void)snprintf(path, sizeof(path), "%s/campaigns/calls.conf", folder);
	put_file(path, "[campaign]\nsegment = all\npurpose = marketing\nchannel = phone\n"
		       "text = calls.txt\n");
	(void)snprintf(path, sizeof(path), "%s/campaigns/calls.txt", folder);
	put_file(path, "Ask {{name|him}}.\n");
}

static void start_campaign(struct world *world, const char *folder, const char *name)
{
	char path[300];
	struct problems problems = {0};
	struct campaigns campaigns = {0};
	struct sealed_start {
		char id[80];
		char campaign[40];
		char segment[8];
	} words;
	Carehub__V1__MarketingCampaignStarted started =
		CAREHUB__V1__MARKETING_CAMPAIGN_STARTED__INIT;
	uint8_t data[512];
	struct ch_receipt receipt;
	(void)snprintf(path, sizeof(path), "%s/campaigns", folder);
	assert_int_equal(campaigns_read(path, NULL, &problems, &campaigns), CH_OK);
	const struct campaign *campaign = campaigns_find(&campaigns, slice_text(name));
	assert_non_null(campaign);
	(void)snprintf(words.id, sizeof(words.id), "started/%s", name);
	(void)snprintf(words.campaign, sizeof(words.campaign), "%s", name);
	(void)snprintf(words.segment, sizeof(words.segment), "all");
	char version[CAMPAIGN_DIGEST_BYTES];
	memcpy(version, campaign->version, sizeof(version));
	started.campaign_id = words.campaign;
	started.start = 1;
	started.segment_id = words.segment;
	started.definition_version = version;
	size_t len = carehub__v1__marketing_campaign_started__pack(&started, data);
	const struct envelope head = {.id = slice_text(words.id),
		.source = SLICE_LITERAL(WORLD_SOURCE),
		.type = SLICE_LITERAL("marketing.campaign.started"),
		.time_us = world->now_us,
		.data = slice_of(data, len)};
	world_publish(world, &head, &receipt);
	campaigns_fini(&campaigns);
	problems_fini(&problems);
}

static void begin_history(struct world *world, const char *folder)
{
	for (uint64_t customer = 1; customer <= world->customers; customer++) {
		uint64_t kind = world_draw(&world->random, 10);
		world->habits[customer] = kind < 5   ? HABIT_STEADY
					  : kind < 7 ? HABIT_NEVER
						     : HABIT_FLAPS;
		for (uint8_t channel = 1; channel <= 3; channel += 2) {
			bool granted = world->habits[customer] == HABIT_STEADY ||
				       (world->habits[customer] == HABIT_FLAPS &&
					       world_draw(&world->random, 2) == 0);
			if (granted)
				world_put_consent(world, &(struct world_consent){customer, 1,
								 channel, true, world->now_us});
		}
	}
	start_campaign(world, folder, CAMPAIGN_MAIL);
	start_campaign(world, folder, CAMPAIGN_CALL);
}

/* PLANT_FORGETFUL_HUB: the intents of the life that ended are gone. */
static void forget_intents(struct world *world)
{
	struct envelope head;
	const char *field;
	for (uint64_t i = 1; i <= world->entries; i++) {
		struct slice event = world_event(world, i);
		if (event.len > 0 && envelope_parse(event, &head, &field) == CH_OK &&
			slice_equal(head.type, SLICE_LITERAL("marketing.message.intended")))
			world->entry[i].gone = true;
	}
}

static void discard_book(const char *folder)
{
	char path[300];
	(void)snprintf(path, sizeof(path), "%s/book", folder);
	assert_int_equal(book_discard(path, false), CH_OK);
}

/* Lives until one comes to its end.  False: one failed by itself. */
static bool run_lives(struct world *world, const char *folder, uint16_t port, bool kills)
{
	for (int lives = 0; lives < LIVES_MAX; lives++) {
		int result = 0;
		char program[] = "life";
		char path[256];
		char fd_text[16];
		char port_text[16];
		char *const words[] = {program, fd_text, path, port_text, NULL};
		(void)snprintf(path, sizeof(path), "%s", folder);
		(void)snprintf(fd_text, sizeof(fd_text), "%d", world->fd);
		(void)snprintf(port_text, sizeof(port_text), "%u", port);
		world->kill_in = kills && lives < 6 ? (int64_t)world_draw(&world->random, 400) : -1;
		if (!kills || lives >= 12)
			world->kills = 0;
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			/* A program of its own: our threads' locks are not its business. */
			(void)execv("/proc/self/exe", words);
			_exit(127);
		}
		__atomic_store_n(&world->child, child, __ATOMIC_SEQ_CST);
		while (waitpid(child, &result, 0) < 0 && errno == EINTR)
			;
		__atomic_store_n(&world->child, 0, __ATOMIC_SEQ_CST);
		if (WIFEXITED(result))
			return WEXITSTATUS(result) == 0;
		if (!WIFSIGNALED(result) || WTERMSIG(result) != SIGKILL)
			return false;
		if (world->plant == PLANT_FORGETFUL_HUB) {
			forget_intents(world);
			discard_book(folder);
		}
	}
	return false;
}

/* ---- The checker ---- */

struct verdict {
	char fault[256]; /* "" when all is well */
	unsigned sent;
	unsigned uncertain;
	unsigned failed;
	unsigned withheld;
};

static void __attribute__((format(printf, 2, 3)))
blame(struct verdict *verdict, const char *format, ...)
{
	va_list arguments;
	if (verdict->fault[0] != 0)
		return;
	va_start(arguments, format);
	(void)vsnprintf(verdict->fault, sizeof(verdict->fault), format, arguments);
	va_end(arguments);
}

/* The last reading of his record before the mail was taken. */
static uint64_t last_reading(const struct world *world, const struct world_mail *mail)
{
	for (uint32_t i = mail->asks; i > 0; i--) {
		if (world->ask[i - 1].customer == mail->customer)
			return world->ask[i - 1].sequence;
	}
	return 0;
}

static void check_mail(const struct world *world, struct book_txn *txn,
	const struct world_mail *mail, struct verdict *verdict)
{
	struct ledger_place place;
	struct ledger_message message;
	unsigned count = 0;
	for (uint32_t i = 0; i < world->mails; i++)
		count += strcmp(world->mail[i].id, mail->id) == 0;
	if (count != 1)
		blame(verdict, "customer %d got one message %u times", (int)mail->customer, count);
	uint64_t reading = last_reading(world, mail);
	if (!world_agrees(world, mail->customer, 1, 3, reading))
		blame(verdict, "customer %d got a mail and did not agree at %d",
			(int)mail->customer, (int)reading);
	if (ledger_by_id(txn, slice_text(mail->id), &place) != CH_OK ||
		ledger_get(txn, &place, &message) != CH_OK) {
		blame(verdict, "customer %d got a mail that nobody knows", (int)mail->customer);
		return;
	}
	if (!message.facts[LEDGER_INTENDED].there ||
		message.facts[LEDGER_INTENDED].sequence > mail->head)
		blame(verdict, "customer %d got a mail before its intent was there",
			(int)mail->customer);
	enum ledger_state state = ledger_state(&message);
	if (state != LEDGER_IS_SENT && state != LEDGER_IS_UNCERTAIN)
		blame(verdict, "customer %d got a mail that is said to be %s", (int)mail->customer,
			ledger_states[state]);
}

static unsigned mails_to(const struct world *world, uint64_t customer)
{
	unsigned count = 0;
	for (uint32_t i = 0; i < world->mails; i++)
		count += world->mail[i].customer == customer;
	return count;
}

static void check_customer(const struct world *world, struct book_txn *txn, const char *campaign,
	uint64_t customer, struct verdict *verdict)
{
	struct ledger_place place;
	struct ledger_message message = {0};
	bool mail = strcmp(campaign, CAMPAIGN_MAIL) == 0;
	unsigned got = mail ? mails_to(world, customer) : 0;
	enum ch_status status = ledger_newest(txn, campaign, customer, &place, &message);
	enum ledger_state state = status == CH_OK ? ledger_state(&message) : LEDGER_NONE;
	verdict->sent += state == LEDGER_IS_SENT;
	verdict->uncertain += state == LEDGER_IS_UNCERTAIN;
	verdict->failed += state == LEDGER_IS_FAILED;
	verdict->withheld += state == LEDGER_IS_WITHHELD || state == LEDGER_IS_PASSED_OVER;
	if (got > 1)
		blame(verdict, "customer %d got %u mails", (int)customer, got);
	if (mail && state == LEDGER_IS_SENT && got == 0)
		blame(verdict, "customer %d is said to have got a mail", (int)customer);
	if (state == LEDGER_IS_OPEN)
		blame(verdict, "an intent for customer %d has no outcome", (int)customer);
	if (world->habits[customer] == HABIT_NEVER && state != LEDGER_IS_PASSED_OVER)
		blame(verdict, "customer %d never agreed, and is %s", (int)customer,
			ledger_states[state]);
	bool settled = state == LEDGER_IS_SENT || (mail && state == LEDGER_IS_UNCERTAIN) ||
		       (mail && world->refuses && state == LEDGER_IS_FAILED);
	if (world->habits[customer] == HABIT_STEADY && !settled)
		blame(verdict, "customer %d always agreed, and is %s in %s", (int)customer,
			ledger_states[state], campaign);
}

static struct book *open_view(const char *folder)
{
	char path[300];
	struct book *book;
	(void)snprintf(path, sizeof(path), "%s/book", folder);
	const struct book_form form = {.directory = path,
		.tables = marketing_tables,
		.table_count = MARKETING_TABLES,
		.version = 1};
	assert_int_equal(book_open(&form, BOOK_READ, &book), CH_OK);
	return book;
}

static void check_history(const struct world *world, const char *folder, struct verdict *verdict)
{
	struct book *book = open_view(folder);
	struct book_txn *txn;
	assert_int_equal(book_begin(book, false, &txn), CH_OK);
	for (uint32_t i = 0; i < world->mails; i++)
		check_mail(world, txn, &world->mail[i], verdict);
	for (uint64_t customer = 1; customer <= world->customers; customer++) {
		check_customer(world, txn, CAMPAIGN_MAIL, customer, verdict);
		check_customer(world, txn, CAMPAIGN_CALL, customer, verdict);
	}
	book_abort(txn);
	book_close(book);
}

/* All that the journal implies, in order. */
static void dump_book(const char *folder, struct buffer *out)
{
	static const enum marketing_table tables[] = {TABLE_CAMPAIGN_STARTS,
		TABLE_CAMPAIGN_MESSAGES, TABLE_CAMPAIGN_IDS, TABLE_CAMPAIGN_CARE,
		TABLE_CAMPAIGN_ANSWERS, TABLE_CAMPAIGN_MERGES};
	struct book *book = open_view(folder);
	struct book_txn *txn;
	assert_int_equal(book_begin(book, false, &txn), CH_OK);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct book_walk *walk;
		struct slice none = {NULL, 0};
		struct slice key;
		struct slice value;
		assert_int_equal(book_walk_begin(txn, tables[i], none, none, &walk), CH_OK);
		while (book_walk_next(walk, &key, &value) == CH_OK) {
			buffer_append_slice(out, key);
			buffer_append_slice(out, value);
		}
		book_walk_end(walk);
	}
	book_abort(txn);
	book_close(book);
}

/* The book anew: it says the same, and nothing goes out. */
static void check_rebuild(
	struct world *world, const char *folder, uint16_t port, struct verdict *verdict)
{
	struct buffer before = {0};
	struct buffer after = {0};
	uint32_t entries = world->entries;
	uint32_t mails = world->mails;
	dump_book(folder, &before);
	discard_book(folder);
	if (!run_lives(world, folder, port, false))
		blame(verdict, "the life after the rebuild failed");
	dump_book(folder, &after);
	if (!slice_equal(buffer_slice(&before), buffer_slice(&after)))
		blame(verdict, "the book made anew is another one");
	if (world->entries != entries)
		blame(verdict, "something was said after the rebuild");
	if (world->mails != mails)
		blame(verdict, "something was sent after the rebuild");
	buffer_fini(&before);
	buffer_fini(&after);
}

/* ---- One history ---- */

static void remove_all(const char *path)
{
	struct dirent *entry;
	DIR *dir = opendir(path);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char inner[600];
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		(void)snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
		if (unlink(inner) != 0)
			remove_all(inner);
	}
	if (dir != NULL)
		(void)closedir(dir);
	(void)rmdir(path);
}

static void run_history(uint64_t seed, enum world_plant plant, struct verdict *out_verdict)
{
	char folder[200];
	/* Only processes are killed here, so memory will do; power cuts are tests/crash's business. */
	const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : getenv("TMPDIR");
	struct verdict verdict = {.fault = ""};
	struct world *world = world_create(seed);
	assert_non_null(world);
	(void)snprintf(folder, sizeof(folder), "%s/carehub-history-%llu-%d",
		base != NULL ? base : "/tmp", (unsigned long long)seed, (int)getpid());
	write_campaigns(folder);
	world->plant = plant;
	begin_history(world, folder);
	world->flaps = (unsigned)world_draw(&world->random, 40);
	world->faulty = plant != PLANT_EMPTY_PROMISE && world_draw(&world->random, 8) != 0;
	world->refuses = world_draw(&world->random, 2) == 0;
	world->kills = (unsigned)world_draw(&world->random, 5);
	struct smtp_server *server = smtp_server_start(plan, world);
	assert_non_null(server);
	smtp_server_watch(server, taken, world);
	if (!run_lives(world, folder, smtp_server_port(server), true))
		blame(&verdict, "a life failed");
	else
		check_history(world, folder, &verdict);
	if (verdict.fault[0] == 0)
		check_rebuild(world, folder, smtp_server_port(server), &verdict);
	smtp_server_stop(server);
	world_free(world);
	remove_all(folder);
	*out_verdict = verdict;
}

static uint64_t number_of(const char *name, uint64_t usual)
{
	const char *text = getenv(name);
	return text != NULL ? strtoull(text, NULL, 10) : usual;
}

static void test_histories(void **state)
{
	uint64_t count = number_of("CAREHUB_HISTORIES", 40);
	uint64_t first = number_of("CAREHUB_HISTORY_SEED", 1);
	struct verdict all = {.fault = ""};
	(void)state;
	for (uint64_t seed = first; seed < first + count; seed++) {
		struct verdict verdict;
		run_history(seed, PLANT_NONE, &verdict);
		if (verdict.fault[0] != 0)
			fail_msg("history %llu: %s", (unsigned long long)seed, verdict.fault);
		all.sent += verdict.sent;
		all.uncertain += verdict.uncertain;
		all.failed += verdict.failed;
		all.withheld += verdict.withheld;
	}
	print_message("%llu histories: %u sent, %u uncertain, %u failed, %u withheld\n",
		(unsigned long long)count, all.sent, all.uncertain, all.failed, all.withheld);
	/* They were worth looking at. */
	assert_true(count < 40 || (all.sent > 0 && all.uncertain > 0 && all.withheld > 0));
}

/* A checker that finds nothing would be found here. */
static void test_planted(void **state)
{
	static const char *const names[PLANTS] = {"none", "stale records", "lying server",
		"empty promise", "forgetful hub", "deaf to doubt"};
	(void)state;
	for (int plant = PLANT_NONE + 1; plant < PLANTS; plant++) {
		struct verdict verdict = {.fault = ""};
		for (uint64_t seed = 1; seed <= 40 && verdict.fault[0] == 0; seed++)
			run_history(seed, (enum world_plant)plant, &verdict);
		if (verdict.fault[0] == 0)
			fail_msg("a planted mistake was not found: %s", names[plant]);
		print_message("%s: %s\n", names[plant], verdict.fault);
	}
}

/* "life FD FOLDER PORT": one life of the module. */
static int main_life(char **argv)
{
	struct life life = {.world = world_attach((int)strtol(argv[1], NULL, 10)),
		.folder = argv[2],
		.port = (uint16_t)strtoul(argv[3], NULL, 10)};
	if (life.world == NULL)
		return 3;
	life_run(&life);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_histories),
		cmocka_unit_test(test_planted),
	};
	log_set_level(LOG_ERROR);
	if (argc == 4 && strcmp(argv[0], "life") == 0)
		return main_life(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

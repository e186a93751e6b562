/* Random histories: consents flap, the module is killed at every point between an intent and its outcome (by itself
 * at a random step, and by the mail server at a random stage), and the mail server defers, refuses, is slow, talks
 * nonsense, and drops the line, while campaigns run.  Each life is a process of its own with the real book, voice,
 * ledger, desk and libcurl; only the hub is a model, in memory that outlives the kills.
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
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "carehub/v1/module.pb-c.h"
#include "module/kit/book.h"
#include "module/marketing/campaign/campaign.h"
#include "support/smtp_server.h"
#include "support/unit.h"
#include "unit/marketing/history_check.h"
#include "unit/marketing/history_life.h"

#define LIVES_MAX 64

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
		fault.deed = world_draw(&world->server_random, 24) == 0 ? SMTP_SILENT : SMTP_DROP;
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
	for (size_t i = 0; i < HISTORY_CAMPAIGNS; i++) {
		(void)snprintf(
			path, sizeof(path), "%s/campaigns/%s.conf", folder, history_campaigns[i]);
		put_file(path, "[campaign]\nsegment = all\npurpose = marketing\nchannel = email\n"
			       "text = spring.txt\n");
	}
	(void)snprintf(path, sizeof(path), "%s/campaigns/spring.txt", folder);
	put_file(path, "Subject: 您好\n\n{{name|客户}} {{unsubscribe}}\n");
	(void)snprintf(path, sizeof(path), "%s/campaigns/calls.conf", folder);
	put_file(path, "[campaign]\nsegment = all\npurpose = marketing\nchannel = phone\n"
		       "text = calls.txt\n");
	(void)snprintf(path, sizeof(path), "%s/campaigns/calls.txt", folder);
	put_file(path, "Ask {{name|him}}.\n");
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
	for (size_t i = 0; i < HISTORY_CAMPAIGNS; i++)
		history_start(world, folder, history_campaigns[i]);
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

/* The book anew: it says the same, and nothing goes out. */
static void check_rebuild(
	struct world *world, const char *folder, uint16_t port, struct history_verdict *verdict)
{
	struct buffer before = {0};
	struct buffer after = {0};
	uint32_t entries = world->entries;
	uint32_t mails = world->mails;
	history_dump(folder, &before);
	discard_book(folder);
	if (!run_lives(world, folder, port, false))
		history_blame(verdict, "the life after the rebuild failed");
	history_dump(folder, &after);
	if (!slice_equal(buffer_slice(&before), buffer_slice(&after)))
		history_blame(verdict, "the book made anew is another one");
	if (world->entries != entries)
		history_blame(verdict, "something was said after the rebuild");
	if (world->mails != mails)
		history_blame(verdict, "something was sent after the rebuild");
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

static void run_history(uint64_t seed, enum world_plant plant, struct history_verdict *out_verdict)
{
	char folder[200];
	/* Only processes are killed here, so memory will do; power cuts are tests/crash's business. */
	const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : getenv("TMPDIR");
	struct history_verdict verdict = {.fault = ""};
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
	world->stops = (unsigned)world_draw(&world->random, 4);
	world->reloads = (unsigned)world_draw(&world->random, 3);
	world->cap = world_draw(&world->random, 4) == 0 ? 2 : 10;
	world->kills = (unsigned)world_draw(&world->random, 5);
	struct smtp_server *server = smtp_server_start(plan, world);
	assert_non_null(server);
	smtp_server_watch(server, taken, world);
	if (!run_lives(world, folder, smtp_server_port(server), true))
		history_blame(&verdict, "a life failed");
	else
		history_check(world, folder, &verdict);
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
	struct history_verdict all = {.fault = ""};
	(void)state;
	for (uint64_t seed = first; seed < first + count; seed++) {
		struct history_verdict verdict;
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
		struct history_verdict verdict = {.fault = ""};
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
	struct world *world = world_attach((int)strtol(argv[1], NULL, 10));
	if (world == NULL)
		return 3;
	history_live(world, argv[2], (uint16_t)strtoul(argv[3], NULL, 10));
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

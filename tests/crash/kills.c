/* Kills: a hub under load dies hundreds of times, by a fault point that kills it at a drawn pass, by
 * SIGKILL at a drawn moment, or while it starts; each time it must come back with everything it has
 * ever answered for.
 *
 *     crash_kills --carehubd FILE --dir DIR [--kills N] [--seed N] [--keep]
 *
 * A campaign is up to 50 kills of one hub.  Segments are as small as they can be and everything is archived
 * at once, so that rolls, checkpoints and archiving never pause.  After each kill the store is read as it
 * lies there: its dump, with the sequence it stands at, is noted.  At the campaign's end:
 *
 *     - every receipt is held against the journal (ledger.h)
 *     - `carehubd verify` finds nothing
 *     - the dump at the head, and the stores noted at 20 earlier points, equal what `carehubd dump
 *       --at` folds freshly of the journal up to there
 *     - the controls (controls.h) make each of these checks fail
 *
 * Exit: 0 when all holds, 1 when not, 2 when it could not be tried. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "crash/client.h"
#include "crash/controls.h"
#include "daemon/dump.h"
#include "daemon/engine.h"
#include "journal/journal.h"

#define CAMPAIGN_KILLS 50u
#define CLIENTS_MAX    3u
#define LIFE_EVENTS    3000u
#define LAST_EVENTS    400u
#define LIFE_US        (4 * INT64_C(1000000))
#define LINGER_US      INT64_C(500000)
#define START_US       (60 * INT64_C(1000000))
#define DRAIN_US       (120 * INT64_C(1000000))
#define POINTS_CHECKED 20u

static const char config[] = "[journal]\nsegment = 1M\narchive_after = 0\nreserve = 1M\n"
			     "[store]\nfreeze_changes = 1000\nfreeze_after = 100ms\nmap = 64M\n";

/* Short enough that deadlines fall due in every life and over every downtime. */
static const char rules[] = "deadline.repair.fix=1\ndeadline.repair.return=2\n"
			    "deadline.complaint.acknowledge=1\ndeadline.complaint.answer=3\n";

/* ---- Where to kill ---- */

enum stage { STAGE_WRITE, STAGE_ROLL, STAGE_CHECKPOINT, STAGE_ARCHIVE, STAGE_RECOVERY, STAGES };

static const char *const stage_names[STAGES] = {
	"write", "segment roll", "checkpoint", "archiving", "recovery"};

static struct point {
	const char *name;
	enum stage stage;
	uint32_t passes; /* at one of the first so many */
	uint32_t hits;
} points[] = {
	{"journal.sync", STAGE_WRITE, 200, 0},
	{"checkpoint.commit", STAGE_CHECKPOINT, 6, 0},
	{"journal.roll.seal", STAGE_ROLL, 3, 0},
	{"journal.archive.written", STAGE_ARCHIVE, 3, 0},
	{"journal.recover.rewrite", STAGE_RECOVERY, 1, 0},
	{"inbox.run", STAGE_CHECKPOINT, 6, 0},
	{"journal.roll.begin", STAGE_ROLL, 3, 0},
	{"journal.archive.rename", STAGE_ARCHIVE, 3, 0},
	{"checkpoint.put", STAGE_CHECKPOINT, 4000, 0},
	{"journal.recover.sync", STAGE_RECOVERY, 1, 0},
	{"journal.write", STAGE_WRITE, 200, 0},
	{"checkpoint.committed", STAGE_CHECKPOINT, 6, 0},
	{"journal.roll.sealed", STAGE_ROLL, 3, 0},
	{"journal.archive.renamed", STAGE_ARCHIVE, 3, 0},
	{"inbox.manifest", STAGE_CHECKPOINT, 6, 0},
	{"journal.recycle", STAGE_ARCHIVE, 2, 0},
	{"journal.roll.begun", STAGE_ROLL, 3, 0},
	{"journal.synced", STAGE_WRITE, 200, 0},
	{"inbox.merge", STAGE_CHECKPOINT, 1, 0},
	{"journal.spare.write", STAGE_ROLL, 2, 0},
	{"checkpoint.begin", STAGE_CHECKPOINT, 6, 0},
	{"journal.spare.rename", STAGE_ROLL, 2, 0},
	{"journal.manifest", STAGE_RECOVERY, 1, 0},
};

#define POINTS (sizeof(points) / sizeof(points[0]))

/* What is done in one life. */
struct fate {
	const struct point *point; /* NULL: SIGKILL ... */
	uint32_t pass;
	bool slow; /* it holds its breath there for a while, so that what is told too early arrives */
	bool starting; /* ... so long after it was launched, or else after it began to answer */
	int64_t after_us;
};

/* ---- A campaign ---- */

/* The store as a kill left it. */
struct noted {
	uint64_t sequence;
	uint8_t hash[DUMP_HASH_BYTES];
};

struct campaign {
	const char *program;
	char root[PATH_MAX / 2];
	uint64_t seed;
	uint64_t draws;
	struct load load;
	struct ledger ledger;
	struct server server;
	struct noted noted[CAMPAIGN_KILLS + POINTS_CHECKED + 2];
	uint32_t noted_count;
	uint64_t applied; /* as noted last: a store never goes back */
};

struct totals {
	uint32_t kills;
	uint32_t by_stage[STAGES];
	uint32_t at_random;
	uint32_t starting; /* SIGKILL before the hub was up: recovery */
	uint32_t missed;   /* the armed point was not reached */
	uint64_t receipts;
	uint64_t duplicates;
	uint64_t entries;
	uint64_t clock;
	uint32_t folds;
	uint32_t failures;
};

static void complain(struct totals *totals, const char *what, const char *about)
{
	totals->failures++;
	fprintf(stderr, "FAILED %s: %s\n", what, about);
}

static uint64_t draw(struct campaign *campaign, uint64_t below)
{
	return load_mix(campaign->seed, campaign->draws++, 6) % below;
}

static struct fate choose(struct campaign *campaign, uint32_t number, bool first)
{
	struct fate fate = {0};
	if (first) { /* the only time that a journal is made */
		fate.point = &points[POINTS - 1];
		fate.pass = 1;
	} else if (number % 8 == 7) {
		fate.after_us = 1000 + (int64_t)draw(campaign, 600000);
	} else if (number % 8 == 3) {
		fate.starting = true;
		fate.after_us = (int64_t)draw(campaign, 60000);
	} else {
		fate.point = &points[(number - (number + 5) / 8 - number / 8) % (POINTS - 1)];
		fate.pass = 1 + (uint32_t)draw(campaign, fate.point->passes);
		fate.slow = draw(campaign, 2) == 0;
	}
	return fate;
}

/* One round of every client that still has something to do; CH_END: none has. */
static enum ch_status live_turn(struct client *clients[CLIENTS_MAX], uint32_t count)
{
	enum ch_status all = CH_END;
	for (uint32_t i = 0; i < count; i++) {
		enum ch_status status = client_turn(clients[i], 5 / (int)count);
		if (status != CH_OK && status != CH_END)
			return status;
		if (status == CH_OK)
			all = CH_OK;
	}
	return all;
}

/* One life with load, until it dies by itself, the moment has come, or it has had enough. */
static enum ch_status live(struct campaign *campaign, const struct fate *fate)
{
	static const uint32_t windows[] = {1, 8, 64, 512, 2048};
	struct client *clients[CLIENTS_MAX] = {NULL};
	uint64_t size = draw(campaign, sizeof(windows) / sizeof(windows[0]));
	uint32_t count = 1 + (uint32_t)draw(campaign, CLIENTS_MAX);
	struct client_options options = {
		.ledger = &campaign->ledger,
		.server = &campaign->server,
		.lanes = count,
		.window = windows[size],
		.frame_events = size == 0 ? 1 : 24,
		.fresh = LIFE_EVENTS / count,
		.resends = 10,
	};
	int64_t until_us = clock_steady_us() + (fate->after_us > 0 ? fate->after_us : LIFE_US);
	enum ch_status status = CH_OK;
	for (uint32_t i = 0; i < count && status == CH_OK; i++) {
		options.lane = i;
		options.seed = load_mix(campaign->seed, campaign->draws++, 5);
		status = client_open(&options, &clients[i]);
	}
	while (status == CH_OK && server_lives(&campaign->server) && clock_steady_us() < until_us)
		status = live_turn(clients, count);
	for (uint32_t i = 0; i < count; i++)
		client_close(clients[i]);
	/* What is armed may stand in a thread that has not had its turn yet. */
	until_us = clock_steady_us() + LINGER_US;
	while (fate->point != NULL && server_lives(&campaign->server) &&
		clock_steady_us() < until_us)
		(void)usleep(5000);
	server_kill(&campaign->server);
	return status == CH_END ? CH_OK : status;
}

static void count_kill(struct totals *totals, const struct server *server, const struct fate *fate)
{
	totals->kills++;
	for (size_t i = 0; i < POINTS; i++) {
		if (strcmp(points[i].name, server->hit) != 0)
			continue;
		points[i].hits++;
		totals->by_stage[points[i].stage]++;
		return;
	}
	if (fate->starting && server->address[0] == 0) {
		totals->starting++;
		totals->by_stage[STAGE_RECOVERY]++;
	} else {
		totals->at_random++;
		totals->missed += fate->point != NULL;
	}
}

/* Reads the store as it lies there: read only, so nothing is mended by looking. */
static void note(struct campaign *campaign, struct totals *totals)
{
	char path[PATH_MAX];
	struct state_options options = {
		.dir = server_path(&campaign->server, "/store", path), .read_only = true};
	struct state *state = NULL;
	struct dump_result result;
	enum ch_status status = state_open(&options, 0, &state);
	if (status == CH_OK)
		status = dump_write(state, NULL, &result);
	state_close(state);
	if (status == CH_NOT_FOUND && campaign->applied == 0)
		return; /* killed before there was one */
	if (status != CH_OK) {
		complain(totals, "the store after a kill", ch_status_name(status));
		return;
	}
	if (result.sequence < campaign->applied)
		complain(totals, "the store after a kill", "it went back");
	if (result.sequence == campaign->applied || result.sequence == 0)
		return;
	campaign->applied = result.sequence;
	struct noted *noted = &campaign->noted[campaign->noted_count++];
	noted->sequence = result.sequence;
	memcpy(noted->hash, result.hash, sizeof(noted->hash));
}

static enum ch_status die(struct campaign *campaign, const struct fate *fate, struct totals *totals)
{
	char armed[128];
	const char *environment[] = {"CAREHUB_FAULTS", armed, NULL};
	armed[0] = 0;
	if (fate->point != NULL && fate->slow)
		(void)snprintf(armed, sizeof(armed), "%s:sleep@%" PRIu32 ",%s:kill@%" PRIu32,
			fate->point->name, fate->pass, fate->point->name, fate->pass);
	else if (fate->point != NULL)
		(void)snprintf(
			armed, sizeof(armed), "%s:kill@%" PRIu32, fate->point->name, fate->pass);
	enum ch_status status = server_launch(&campaign->server, environment);
	if (status == CH_OK)
		status =
			server_await(&campaign->server, fate->starting ? fate->after_us : START_US);
	if (status == CH_OK)
		status = live(campaign, fate);
	else if (status == CH_TIMEOUT && fate->starting)
		status = CH_OK;
	else if (status == CH_END && campaign->server.hit[0] != 0)
		status = CH_OK;
	server_kill(&campaign->server);
	if (status != CH_OK) {
		fprintf(stderr, "FAILED kill %" PRIu32 " (%s): %s; the hub said:\n%s\n",
			totals->kills, fate->point != NULL ? armed : "SIGKILL",
			ch_status_name(status), buffer_text(&campaign->server.said));
		return status;
	}
	if (campaign->applied > 0 &&
		strstr(buffer_text(&campaign->server.said), " store.rebuild ") != NULL)
		complain(totals, "a start", "the store was made anew");
	count_kill(totals, &campaign->server, fate);
	note(campaign, totals);
	return CH_OK;
}

/* A life that ends well: everything that has no receipt yet gets one, some things are asked again. */
static enum ch_status drain(struct campaign *campaign, uint32_t fresh)
{
	struct client *client = NULL;
	struct client_options options = {
		.ledger = &campaign->ledger,
		.server = &campaign->server,
		.seed = load_mix(campaign->seed, campaign->draws++, 5),
		.window = 1024,
		.frame_events = 32,
		.fresh = fresh,
		.resends = 80,
	};
	int64_t until_us = clock_steady_us() + DRAIN_US;
	enum ch_status status = server_launch(&campaign->server, NULL);
	if (status == CH_OK)
		status = server_await(&campaign->server, START_US);
	if (status == CH_OK)
		status = client_open(&options, &client);
	while (status == CH_OK) {
		status = client_turn(client, 100);
		if (status == CH_OK && clock_steady_us() > until_us)
			status = CH_TIMEOUT;
	}
	client_close(client);
	if (status == CH_END)
		status = server_stop(&campaign->server);
	if (status != CH_OK)
		fprintf(stderr, "FAILED the last life: %s; the hub said:\n%s\n",
			ch_status_name(status), buffer_text(&campaign->server.said));
	return status;
}

/* ---- The reckoning ---- */

static void check_receipts(struct campaign *campaign, struct totals *totals)
{
	char path[PATH_MAX];
	struct journal_options options = {
		.dir = server_path(&campaign->server, "/journal", path), .read_only = true};
	struct journal *journal = NULL;
	struct ledger_result result = {0};
	enum ch_status status = journal_open(&options, &journal, NULL);
	if (status == CH_OK)
		status = ledger_check(&campaign->ledger, journal, UINT32_MAX, &result);
	journal_close(journal);
	if (status != CH_OK)
		complain(totals, "the journal", ch_status_name(status));
	if (campaign->ledger.answered != campaign->ledger.count)
		complain(totals, "receipts", "some events never got one");
	totals->failures += campaign->ledger.violations;
	totals->receipts += result.receipts;
	totals->duplicates += campaign->ledger.duplicates;
	totals->entries += result.entries;
	totals->clock += result.clock;
	printf("journal\thead=%" PRIu64 " events=%" PRIu64 " quarantined=%" PRIu64
	       " conflicts=%" PRIu64 " clock=%" PRIu64 " receipts=%" PRIu64 "\n",
		result.head, result.entries, result.quarantined, result.conflicts, result.clock,
		result.receipts);
}

static void check_verify(struct campaign *campaign, struct totals *totals)
{
	static const char *const words[] = {"verify", NULL};
	struct buffer out = {0};
	if (server_run(&campaign->server, words, &out) != 0)
		complain(totals, "carehubd verify", buffer_text(&out));
	buffer_fini(&out);
}

/* The hash that `carehubd dump --at` tells; "" when it cannot. */
static void fresh_fold(struct campaign *campaign, uint64_t sequence, char hash[2 * 64 + 1])
{
	char at[24];
	const char *const words[] = {"dump", "--at", at, "--hash", NULL};
	struct buffer out = {0};
	(void)snprintf(at, sizeof(at), "%" PRIu64, sequence); /* room for it */
	hash[0] = 0;
	if (server_run(&campaign->server, words, &out) == 0) {
		const char *told = strstr(buffer_text(&out), "blake2b=");
		if (told != NULL)
			(void)sscanf(told, "blake2b=%128[0-9a-f]", hash);
	}
	buffer_fini(&out);
}

static void check_fold(struct campaign *campaign, const struct noted *noted, struct totals *totals)
{
	struct buffer hex = {0};
	char fresh[2 * 64 + 1];
	char about[64];
	text_append_hex(&hex, slice_of(noted->hash, sizeof(noted->hash)));
	fresh_fold(campaign, noted->sequence, fresh);
	totals->folds++;
	(void)snprintf(about, sizeof(about), "sequence %" PRIu64, noted->sequence);
	if (strcmp(fresh, buffer_text(&hex)) != 0)
		complain(totals, "a store is not the fold of its journal", about);
	buffer_fini(&hex);
}

static void check_folds(struct campaign *campaign, struct totals *totals)
{
	/* The head, and some of those before it, drawn without drawing one twice. */
	if (campaign->noted_count == 0)
		return;
	uint32_t others = campaign->noted_count - 1;
	check_fold(campaign, &campaign->noted[others], totals);
	for (uint32_t i = 0; i < POINTS_CHECKED && others > 0; i++) {
		uint32_t at = (uint32_t)draw(campaign, others);
		check_fold(campaign, &campaign->noted[at], totals);
		campaign->noted[at] = campaign->noted[--others];
	}
}

static enum ch_status campaign_open(struct campaign *campaign)
{
	struct server_options options = {
		.program = campaign->program,
		.root = campaign->root,
		.config = config,
		.rules = rules,
	};
	campaign->load = (struct load){campaign->seed, 900, 400};
	enum ch_status status =
		ledger_init(&campaign->ledger, &campaign->load, (CAMPAIGN_KILLS + 2) * LIFE_EVENTS);
	return status == CH_OK ? server_make(&options, &campaign->server) : status;
}

static enum ch_status campaign_run(struct campaign *campaign, uint32_t kills, struct totals *totals)
{
	uint32_t first = totals->kills;
	enum ch_status status = campaign_open(campaign);
	for (uint32_t i = 0; i < kills && status == CH_OK; i++) {
		struct fate fate = choose(campaign, first + i, i == 0);
		status = die(campaign, &fate, totals);
	}
	if (status == CH_OK)
		status = drain(campaign, LAST_EVENTS);
	/* A kill before the next checkpoint leaves nothing new to note. */
	for (uint32_t i = 0; i < POINTS_CHECKED && status == CH_OK; i++) {
		note(campaign, totals);
		if (campaign->noted_count <= POINTS_CHECKED)
			status = drain(campaign, LAST_EVENTS / 4);
	}
	if (status == CH_OK) {
		note(campaign, totals);
		check_receipts(campaign, totals);
		check_verify(campaign, totals);
		check_folds(campaign, totals);
		totals->failures += controls_run(&campaign->server, &campaign->ledger);
	}
	server_fini(&campaign->server);
	ledger_fini(&campaign->ledger);
	return status;
}

/* ---- The report ---- */

static bool report(const struct totals *totals)
{
	uint32_t inside = totals->kills - totals->at_random - totals->by_stage[STAGE_WRITE];
	for (size_t i = 0; i < POINTS; i++)
		printf("hit\t%-26s %u\n", points[i].name, points[i].hits);
	printf("hit\t%-26s %u\n", "SIGKILL while starting", totals->starting);
	printf("hit\t%-26s %u (%u where the armed point was not reached)\n",
		"SIGKILL at a drawn moment", totals->at_random, totals->missed);
	for (int stage = 0; stage < STAGES; stage++)
		printf("stage\t%-26s %u\n", stage_names[stage], totals->by_stage[stage]);
	printf("kills\t%u, %u of them in a checkpoint, a roll, recovery or archiving\n",
		totals->kills, inside);
	printf("held\treceipts=%" PRIu64 " duplicates=%" PRIu64 " events=%" PRIu64
	       " deadlines=%" PRIu64 " folds=%u\n",
		totals->receipts, totals->duplicates, totals->entries, totals->clock,
		totals->folds);
	bool enough = inside * 5 >= totals->kills;
	if (!enough)
		fprintf(stderr, "FAILED fewer than one kill in five was where it matters\n");
	printf("kills\t%s\n", totals->failures == 0 && enough ? "ok" : "FAILED");
	return totals->failures == 0 && enough;
}

static bool parse(int argc, char **argv, const char *name, const char **out_value)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], name) == 0) {
			*out_value = argv[i + 1];
			return true;
		}
	}
	return false;
}

int main(int argc, char **argv)
{
	const char *kills = "25";
	const char *seed = "1";
	const char *dir = NULL;
	const char *program = NULL;
	struct totals totals = {0};
	enum ch_status status = CH_OK;
	(void)parse(argc, argv, "--kills", &kills);
	(void)parse(argc, argv, "--seed", &seed);
	if (!parse(argc, argv, "--dir", &dir) || !parse(argc, argv, "--carehubd", &program)) {
		fprintf(stderr, "crash_kills --carehubd FILE --dir DIR [--kills N] [--seed N]\n");
		return 64;
	}
	uint32_t wanted = (uint32_t)strtoul(kills, NULL, 10);
	for (uint32_t number = 0; totals.kills < wanted && status == CH_OK; number++) {
		static struct campaign campaign; /* large */
		uint32_t left = wanted - totals.kills;
		campaign = (struct campaign){.program = program};
		campaign.seed = load_mix(strtoull(seed, NULL, 10), number, 4);
		(void)snprintf(
			campaign.root, sizeof(campaign.root), "%s/kills-%" PRIu32, dir, number);
		status = campaign_run(
			&campaign, left < CAMPAIGN_KILLS ? left : CAMPAIGN_KILLS, &totals);
		if (status == CH_OK && totals.failures == 0)
			(void)engine_remove_folder(campaign.root); /* whoever made DIR does too */
	}
	if (status != CH_OK)
		return 2;
	return report(&totals) ? 0 : 1;
}

#include "crash/recording.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "crash/client.h"
#include "crash/record.h"
#include "daemon/engine.h"

#define LIVES       3
#define LIFE_EVENTS 400u
#define PAUSE_US    2000 /* a load so light that checkpoints and merges have their turn */
#define LIFE_US     (30 * INT64_C(1000000))
#define RECORD_MAX  (1u << 30)

static const char config[] = "[journal]\nsegment = 1M\narchive_after = 0\nreserve = 1M\n"
			     "[store]\nfreeze_changes = 1000\nfreeze_after = 10ms\nmap = 64M\n";
static const char rules[] = "deadline.repair.fix=1\ndeadline.complaint.acknowledge=1\n";

/* ---- Lives ---- */

struct marker {
	int fd;
	bool failed;
};

static void mark(void *context, uint32_t index)
{
	struct marker *marker = context;
	struct record record = {.magic = RECORD_MAGIC, .kind = RECORD_MARK, .offset = index};
	if (write(marker->fd, &record, sizeof(record)) != (ssize_t)sizeof(record))
		marker->failed = true;
}

static enum ch_status recording_load(
	struct recording *recording, struct marker *marker, int life, uint32_t fresh)
{
	struct client *client = NULL;
	struct client_options options = {
		.ledger = &recording->ledger,
		.server = &recording->server,
		.seed = recording->load.seed + (uint64_t)life,
		.window = life == 1 ? 1 : 48,
		.frame_events = life == 1 ? 1 : 8,
		.fresh = fresh,
		.resends = 10,
		.answered = mark,
		.context = marker,
	};
	int64_t until_us = clock_steady_us() + LIFE_US;
	enum ch_status status = client_open(&options, &client);
	while (status == CH_OK && server_lives(&recording->server)) {
		status = client_turn(client, 20);
		(void)usleep(PAUSE_US);
		if (clock_steady_us() > until_us)
			status = CH_TIMEOUT;
	}
	client_close(client);
	return status == CH_END ? CH_OK : status;
}

/* First what has no receipt yet, and nothing else: a duplicate is answered without a write, so only
 * recovery can have made it safe.  Then new events. */
static enum ch_status recording_loads(struct recording *recording, struct marker *marker, int life)
{
	enum ch_status status = CH_OK;
	if (recording->ledger.low < recording->ledger.count)
		status = recording_load(recording, marker, life, 0);
	return status == CH_OK ? recording_load(recording, marker, life,
					 life == LIVES - 1 ? 2 * LIFE_EVENTS : LIFE_EVENTS)
			       : status;
}

/* The first life ends between a batch's write and its sync, the second anywhere in the middle of what
 * it does; the last one is stopped. */
static enum ch_status recording_live(struct recording *recording, struct marker *marker,
	const char *preload, const char *path, int life)
{
	char folder[PATH_MAX];
	char limit[24];
	const char *environment[] = {RECORD_ENV_FOLDER, folder, RECORD_ENV_FILE, path,
		RECORD_ENV_LIMIT, limit, RECORD_ENV_BEHIND, life == 0 ? "CHba" : "", "LD_PRELOAD",
		preload, NULL};
	uint64_t most = 120 + load_mix(recording->load.seed, (uint64_t)life, 2) % 250;
	(void)server_path(&recording->server, "", folder);
	(void)snprintf(limit, sizeof(limit), "%" PRIu64, life < LIVES - 1 ? most : 0);
	enum ch_status status = server_launch(&recording->server, environment);
	if (status == CH_OK)
		status = server_await(&recording->server, LIFE_US);
	if (status == CH_OK)
		status = recording_loads(recording, marker, life);
	else if (status == CH_END && life < LIVES - 1)
		status = CH_OK; /* it died while it started */
	if (life < LIVES - 1)
		server_kill(&recording->server);
	else if (status == CH_OK)
		status = server_stop(&recording->server);
	if (status != CH_OK || marker->failed)
		fprintf(stderr, "FAILED life %d of a recording: %s; the hub said:\n%s\n", life,
			ch_status_name(status), buffer_text(&recording->server.said));
	return marker->failed ? CH_IO : status;
}

static enum ch_status recording_record(
	struct recording *recording, const char *preload, const char *path)
{
	struct marker marker = {.fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
	enum ch_status status = marker.fd >= 0 ? CH_OK : file_status();
	for (int life = 0; life < LIVES && status == CH_OK; life++)
		status = recording_live(recording, &marker, preload, path, life);
	if (marker.fd >= 0)
		(void)close(marker.fd); /* appended, not synced: it is read back at once */
	if (status == CH_OK)
		status = file_read_all(path, RECORD_MAX, &recording->bytes);
	return status;
}

/* When each event was answered first. */
static void recording_mark(struct recording *recording)
{
	struct slice bytes = buffer_slice(&recording->bytes);
	uint32_t place = 0;
	for (uint32_t i = 0; i < recording->ledger.count; i++)
		recording->ledger.items[i].mark = UINT32_MAX;
	for (size_t at = 0; at + sizeof(struct record) <= bytes.len; place++) {
		struct record record;
		memcpy(&record, bytes.data + at, sizeof(record));
		at += sizeof(record) + ((record.payload + 7) & ~UINT64_C(7));
		if (record.kind != RECORD_MARK || record.offset >= recording->ledger.count)
			continue;
		struct ledger_item *item = &recording->ledger.items[record.offset];
		if (item->mark == UINT32_MAX)
			item->mark = place;
	}
}

/* ---- The truth ---- */

static enum ch_status truth_fold(struct recording *recording, struct journal *journal,
	struct state *state, struct core *core)
{
	struct dump_result result;
	char why[160];
	uint64_t bad;
	enum ch_status status = dump_write(state, NULL, &result);
	if (status == CH_OK)
		memcpy(recording->truth[0], result.hash, DUMP_HASH_BYTES);
	for (uint64_t at = 1; at <= recording->head && status == CH_OK; at++) {
		struct fold_options fold = {
			.journal = journal, .state = state, .core = core, .first = at, .last = at};
		status = engine_fold(&fold, &bad, why);
		if (status == CH_OK)
			status = dump_write(state, NULL, &result);
		if (status == CH_OK)
			memcpy(recording->truth[at], result.hash, DUMP_HASH_BYTES);
	}
	return status;
}

static enum ch_status recording_truth(struct recording *recording)
{
	char path[PATH_MAX];
	char scratch[PATH_MAX];
	struct journal_options options = {.read_only = true};
	struct state_options store = {.dir = scratch};
	struct journal *journal = NULL;
	struct state *state = NULL;
	struct core *core = NULL;
	struct rtxn *rtxn = NULL;
	(void)snprintf(scratch, sizeof(scratch), "%s/truth", recording->server.root);
	options.dir = server_path(&recording->server, "/journal", path);
	enum ch_status status = journal_open(&options, &journal, NULL);
	if (status != CH_OK)
		goto out;
	recording->head = journal_head(journal);
	status = CH_NOMEM;
	recording->truth = calloc(recording->head + 1, sizeof(*recording->truth));
	if (recording->truth == NULL)
		goto out;
	status = state_open(&store, journal_incarnation(journal), &state);
	if (status == CH_OK)
		status = core_create(&core);
	if (status == CH_OK)
		status = rtxn_begin(state, &rtxn);
	if (status == CH_OK)
		status = core_load(core, rtxn);
	rtxn_end(rtxn);
	if (status == CH_OK)
		status = truth_fold(recording, journal, state, core);
out:
	core_free(core);
	state_close(state);
	journal_close(journal);
	(void)engine_remove_folder(scratch); /* goes with the root otherwise */
	return status;
}

enum ch_status recording_make(
	const struct recording_options *options, struct recording *out_recording)
{
	struct server_options server = {
		.program = options->program,
		.root = options->root,
		.config = config,
		.rules = rules,
	};
	char path[PATH_MAX];
	struct recording *recording = out_recording;
	*recording = (struct recording){.load = {options->seed, 9000, 60}};
	recording->server.log = recording->server.store = -1;
	(void)snprintf(path, sizeof(path), "%s/record", options->root);
	enum ch_status status =
		ledger_init(&recording->ledger, &recording->load, (LIVES + 1) * LIFE_EVENTS);
	if (status == CH_OK)
		status = server_make(&server, &recording->server);
	if (status == CH_OK)
		status = recording_record(recording, options->preload, path);
	if (status == CH_OK && recording->ledger.violations > 0)
		status = CH_INVALID;
	if (status != CH_OK)
		return status;
	recording_mark(recording);
	status = ledger_remember(&recording->ledger);
	if (status == CH_OK)
		status = recording_truth(recording);
	if (status != CH_OK)
		fprintf(stderr, "FAILED the truth of a recording: %s\n", ch_status_name(status));
	return status;
}

void recording_fini(struct recording *recording)
{
	server_fini(&recording->server);
	ledger_fini(&recording->ledger);
	buffer_fini(&recording->bytes);
	free(recording->truth);
	recording->truth = NULL;
}

#include "crash/recording.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "crash/client.h"
#include "crash/image.h"
#include "crash/power.h"
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

/* ---- The whole ---- */

static enum ch_status recording_power(struct recording *recording, int fd, const char *path)
{
	char folder[PATH_MAX];
	struct power_options options = {
		.record = path,
		.record_fd = fd,
		.folder = server_path(&recording->server, "", folder),
		.seed = recording->load.seed,
	};
	enum ch_status status = truth_make(&recording->server, &recording->before);
	if (status == CH_OK)
		status = power_fail(&options);
	if (status != CH_OK)
		fprintf(stderr, "FAILED the power cut of a recording: %s\n",
			ch_status_name(status));
	return status;
}

static enum ch_status recording_record(
	struct recording *recording, const char *preload, const char *path)
{
	struct marker marker = {.fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
	enum ch_status status = marker.fd >= 0 ? CH_OK : file_status();
	int last_before = (int)(load_mix(recording->load.seed, 0, 1) % (LIVES - 1));
	for (int life = 0; life < LIVES && status == CH_OK; life++) {
		status = recording_live(recording, &marker, preload, path, life);
		if (status == CH_OK && life == last_before)
			status = recording_power(recording, marker.fd, path);
	}
	if (marker.fd >= 0)
		(void)close(marker.fd); /* appended, not synced: it is read back at once */
	if (status == CH_OK)
		status = file_read_all(path, RECORD_MAX, &recording->bytes);
	return status;
}

/* When each event was answered first, and where the power failed. */
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
		if (record.kind == RECORD_POWER)
			recording->power_at = place;
		else if (record.kind == RECORD_LIFE && recording->power_at != 0 &&
			 recording->resume_at == 0)
			recording->resume_at = place + 1;
		if (record.kind != RECORD_MARK || record.offset >= recording->ledger.count)
			continue;
		struct ledger_item *item = &recording->ledger.items[record.offset];
		if (item->mark == UINT32_MAX)
			item->mark = place;
	}
}

/* Everything kept, at its end, must be what really lies there, or the recorder is blind somewhere. */
static enum ch_status recording_compare(const struct recording *recording, const char *scratch)
{
	char command[3 * PATH_MAX];
	char real[PATH_MAX];
	struct cut cut = {.mode = CUT_KEEP};
	struct disk *disk = NULL;
	enum ch_status status = disk_create(buffer_slice(&recording->bytes), LIE_NONE, &disk);
	if (status == CH_OK)
		status = disk_play(disk, disk_count(disk));
	if (status == CH_OK)
		status = image_make(disk, &cut, scratch);
	disk_free(disk);
	(void)snprintf(command, sizeof(command), "diff -r --exclude=lock.mdb '%s' '%s' >&2",
		scratch, server_path(&recording->server, "", real));
	if (status == CH_OK && system(command) != 0) /* a test's own folders */
		status = CH_FORMAT;
	if (status != CH_OK)
		fprintf(stderr, "FAILED the record misses something: %s\n", ch_status_name(status));
	else
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
	(void)snprintf(path, sizeof(path), "%s/whole", options->root);
	status = recording_compare(recording, path);
	if (status != CH_OK)
		return status;
	status = ledger_remember(&recording->ledger);
	if (status == CH_OK)
		status = truth_make(&recording->server, &recording->after);
	if (status != CH_OK)
		fprintf(stderr, "FAILED the truth of a recording: %s\n", ch_status_name(status));
	return status;
}

void recording_fini(struct recording *recording)
{
	server_fini(&recording->server);
	ledger_fini(&recording->ledger);
	buffer_fini(&recording->bytes);
	truth_fini(&recording->before);
	truth_fini(&recording->after);
}

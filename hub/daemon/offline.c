#include "daemon/offline.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "daemon/dump.h"
#include "daemon/engine.h"
#include "journal/backup.h"
#include "journal/keeper.h"
#include "journal/repair.h"

#define EXIT_FINE   0
#define EXIT_FOUND  1
#define EXIT_UNABLE 2

/* ---- Progress: rate and time left, on a terminal's one line ---- */

struct progress {
	const char *what;
	int64_t began_us;
	int64_t shown_us;
};

static struct progress progress_begin(const char *what)
{
	return (struct progress){.what = what, .began_us = clock_steady_us()};
}

static void progress_show(void *context, uint64_t done, uint64_t all)
{
	struct progress *progress = context;
	int64_t now_us = clock_steady_us();
	if (now_us - progress->shown_us < 1000000)
		return;
	progress->shown_us = now_us;
	int64_t spent_ms = (now_us - progress->began_us) / 1000 + 1;
	uint64_t rate = done * 1000 / (uint64_t)spent_ms;
	uint64_t left_s = rate > 0 && all > done ? (all - done) / rate : 0;
	fprintf(stderr, "%s: %llu of %llu, %llu/s, %llu s left\n", progress->what,
		(unsigned long long)done, (unsigned long long)all, (unsigned long long)rate,
		(unsigned long long)left_s);
}

static int offline_unable(const char *what, enum ch_status status)
{
	fprintf(stderr, "carehubd: %s: %s\n", what, ch_status_text(status));
	return EXIT_UNABLE;
}

/* Most often the root or the data folder is another one than was meant. */
static int offline_unable_at(const char *what, const char *path, enum ch_status status)
{
	fprintf(stderr, "carehubd: %s: %s: %s%s\n", what, path, ch_status_text(status),
		status == CH_NOT_FOUND ? "; is --root right?" : "");
	return EXIT_UNABLE;
}

static int offline_unable_backup(const char *path, enum ch_status status)
{
	fprintf(stderr, "carehubd: repair: the backup %s: %s\n", path, ch_status_text(status));
	return EXIT_UNABLE;
}

/* ---- A second state, folded from the journal alone ---- */

struct scratch {
	char dir[PATH_MAX];
	struct state *state;
	struct core *core;
};

static void scratch_close(struct scratch *scratch)
{
	core_free(scratch->core);
	state_close(scratch->state);
	if (scratch->dir[0] != 0)
		(void)engine_remove_folder(scratch->dir); /* a leftover is made anew by the next */
	*scratch = (struct scratch){0};
}

static enum ch_status scratch_open(
	const struct daemon_settings *settings, uint64_t incarnation, struct scratch *scratch)
{
	struct state_options options = {.dir = scratch->dir};
	struct rtxn *rtxn = NULL;
	*scratch = (struct scratch){0};
	if ((size_t)snprintf(scratch->dir, sizeof(scratch->dir), "%s/verify.tmp",
		    settings->paths.data) >= sizeof(scratch->dir))
		return CH_TOO_LARGE;
	enum ch_status status = engine_remove_folder(scratch->dir);
	if (status == CH_OK)
		status = state_open(&options, incarnation, &scratch->state);
	if (status == CH_OK)
		status = core_create(&scratch->core);
	if (status == CH_OK)
		status = rtxn_begin(scratch->state, &rtxn);
	if (status == CH_OK)
		status = core_load(scratch->core, rtxn);
	rtxn_end(rtxn);
	return status;
}

static enum ch_status scratch_fold(struct scratch *scratch, struct journal *journal, uint64_t first,
	uint64_t last, bool decide, uint64_t *out_bad, char why[160])
{
	struct progress progress = progress_begin(decide ? "decide and fold" : "fold");
	struct fold_options options = {
		.journal = journal,
		.state = scratch->state,
		.core = scratch->core,
		.first = first,
		.last = last,
		.decide = decide,
		.progress = progress_show,
		.context = &progress,
	};
	if (first > last)
		return CH_OK;
	enum ch_status status = engine_fold(&options, out_bad, why);
	return status == CH_OK ? state_checkpoint(scratch->state) : status;
}

/* ---- verify ---- */

static int verify_journal(struct journal *journal)
{
	struct verify_result result;
	struct progress progress = progress_begin("journal");
	enum ch_status status = keeper_verify(journal, progress_show, &progress, &result);
	if (status != CH_OK && status != CH_CORRUPT)
		return offline_unable("the journal", status);
	printf("journal\t%s\tentries=%llu bytes=%llu head=%llu\n",
		status == CH_OK ? "ok" : "DAMAGED", (unsigned long long)result.entries,
		(unsigned long long)result.bytes, (unsigned long long)journal_head(journal));
	if (status == CH_OK)
		return EXIT_FINE;
	printf("journal\tfirst bad\tsequence=%llu to=%llu at %s\n",
		(unsigned long long)result.bad_first, (unsigned long long)result.bad_last,
		result.where);
	return EXIT_FOUND;
}

static int verify_records(
	const struct daemon_settings *settings, struct journal *journal, struct state *state)
{
	struct scratch scratch = {0};
	char why[160] = "";
	char difference[256] = "";
	uint64_t bad = 0;
	uint64_t applied = state_applied(state);
	enum ch_status status = scratch_open(settings, journal_incarnation(journal), &scratch);
	if (status == CH_OK)
		status = scratch_fold(&scratch, journal, 1, applied, true, &bad, why);
	bool folded = status == CH_OK;
	if (folded)
		status = dump_compare(state, scratch.state, difference);
	if (folded && status == CH_OK)
		printf("records\tok\tequal to the fold at sequence %llu\n",
			(unsigned long long)applied);
	else if (folded)
		printf("records\tDIFFER\t%s\n", difference);
	/* What the store has not taken up yet must fold too. */
	enum ch_status tail = CH_OK;
	if (folded)
		tail = scratch_fold(
			&scratch, journal, applied + 1, journal_head(journal), true, &bad, why);
	if (bad != 0)
		printf("rules\tDIFFER\tsequence %llu: %s\n", (unsigned long long)bad, why);
	else if (folded && tail == CH_OK)
		printf("rules\tok\tevery input decided again gives its effects\n");
	scratch_close(&scratch);
	if ((status != CH_OK && status != CH_CORRUPT) || (tail != CH_OK && tail != CH_CORRUPT))
		return offline_unable("the records", status != CH_OK ? status : tail);
	return status == CH_OK && tail == CH_OK && bad == 0 ? EXIT_FINE : EXIT_FOUND;
}

int offline_verify(struct daemon_settings *settings)
{
	struct engine engine;
	struct engine_options options = {.settings = settings, .read_only = true};
	struct state_options store = {.dir = settings->paths.store, .read_only = true};
	struct state *state = NULL;
	enum ch_status status = engine_open(&options, &engine);
	if (status != CH_OK)
		return offline_unable_at("verify", settings->paths.data, status);
	int result = verify_journal(engine.journal);
	if (result == EXIT_FINE) {
		status = state_open(&store, journal_incarnation(engine.journal), &state);
		if (status == CH_OK && state_applied(state) > journal_head(engine.journal)) {
			printf("journal\tSHORT\thead=%llu, but the store has applied %llu: its end is "
			       "missing\n",
				(unsigned long long)journal_head(engine.journal),
				(unsigned long long)state_applied(state));
			result = EXIT_FOUND;
		} else if (status == CH_OK && core_check_fold(state) == CH_VERSION) {
			printf("records\tOLDER\tmade by an earlier version: start the hub once, or "
			       "carehubd rebuild\n");
			result = EXIT_FOUND;
		} else if (status == CH_OK) {
			result = verify_records(settings, engine.journal, state);
		} else {
			printf("records\tUNREADABLE\t%s: carehubd rebuild makes them anew\n",
				ch_status_text(status));
			result = EXIT_FOUND;
		}
	}
	state_close(state);
	engine_close(&engine);
	printf("verify\t%s\n", result == EXIT_FINE ? "ok" : "FAILED");
	return result;
}

/* ---- rebuild ---- */

int offline_rebuild(struct daemon_settings *settings, bool past_damage)
{
	struct engine engine;
	struct progress progress = progress_begin("rebuild");
	struct engine_options options = {
		.settings = settings,
		.must_exist = true,
		.fresh_state = true,
		.past_damage = past_damage,
		.progress = progress_show,
		.context = &progress,
	};
	int64_t began_us = clock_steady_us();
	enum ch_status status = engine_open(&options, &engine);
	if (status != CH_OK)
		return offline_unable_at("rebuild", settings->paths.journal, status);
	status = state_checkpoint(engine.state);
	if (status == CH_OK)
		printf("rebuild\tok\tentries=%llu head=%llu ms=%lld\n",
			(unsigned long long)engine.folded,
			(unsigned long long)journal_head(engine.journal),
			(long long)((clock_steady_us() - began_us) / 1000));
	engine_close(&engine);
	return status == CH_OK ? EXIT_FINE : offline_unable("rebuild", status);
}

/* ---- dump ---- */

static enum ch_status dump_print(struct state *state, bool hash_only)
{
	struct dump_result result;
	struct buffer hex = {0};
	enum ch_status status = dump_write(state, hash_only ? NULL : stdout, &result);
	if (status == CH_OK) {
		text_append_hex(&hex, slice_of(result.hash, sizeof(result.hash)));
		printf("dump\tsequence=%llu\trows=%llu\tinbox=%llu\tblake2b=%s\n",
			(unsigned long long)result.sequence, (unsigned long long)result.rows,
			(unsigned long long)result.inbox_items, buffer_text(&hex));
		if (fflush(stdout) != 0)
			status = CH_IO;
	}
	buffer_fini(&hex);
	return status;
}

static enum ch_status dump_at(
	struct daemon_settings *settings, struct journal *journal, uint64_t at, bool hash_only)
{
	struct scratch scratch = {0};
	char why[160] = "";
	uint64_t bad = 0;
	if (at > journal_head(journal))
		return CH_NOT_FOUND;
	enum ch_status status = scratch_open(settings, journal_incarnation(journal), &scratch);
	if (status == CH_OK)
		status = scratch_fold(&scratch, journal, 1, at, false, &bad, why);
	if (status == CH_OK)
		status = dump_print(scratch.state, hash_only);
	else if (bad != 0)
		fprintf(stderr, "carehubd: sequence %llu: %s\n", (unsigned long long)bad, why);
	scratch_close(&scratch);
	return status;
}

int offline_dump(struct daemon_settings *settings, uint64_t at, bool hash_only)
{
	struct engine engine;
	struct engine_options options = {
		.settings = settings, .read_only = at != 0, .must_exist = true};
	enum ch_status status = engine_open(&options, &engine);
	if (status != CH_OK)
		return offline_unable_at("dump", settings->paths.journal, status);
	status = at != 0 ? dump_at(settings, engine.journal, at, hash_only)
			 : dump_print(engine.state, hash_only);
	engine_close(&engine);
	return status == CH_OK ? EXIT_FINE : offline_unable("dump", status);
}

/* ---- repair ---- */

int offline_repair(struct daemon_settings *settings, const char *from)
{
	struct journal_options options = {
		.dir = settings->paths.journal,
		.segment_bytes = (uint64_t)settings->segment_bytes,
		.spare_segments = (uint32_t)settings->spare_segments,
	};
	struct journal *journal = NULL;
	struct repair_result result = {0};
	int lock = -1;
	enum ch_status status = file_lock(settings->paths.lock, &lock);
	if (status == CH_OK)
		status = engine_check_end(settings);
	if (status == CH_OK)
		status = journal_open(&options, &journal, NULL);
	const char *at = status == CH_OK ? from : settings->paths.journal;
	if (status == CH_OK)
		status = repair_run(journal, from, &result);
	journal_close(journal);
	if (lock >= 0)
		(void)close(lock); /* the lock goes with it */
	if (status != CH_OK)
		return at == from ? offline_unable_backup(from, status)
				  : offline_unable_at("repair", at, status);
	printf("repair\t%s\tmended=%llu left=%llu\n", result.damaged == 0 ? "ok" : "DAMAGED",
		(unsigned long long)result.mended, (unsigned long long)result.damaged);
	if (result.damaged == 0)
		return EXIT_FINE;
	printf("repair\tfirst left\tsequence=%llu to=%llu\n", (unsigned long long)result.first,
		(unsigned long long)result.last);
	return EXIT_FOUND;
}

/* ---- restore ---- */

int offline_restore(struct daemon_settings *settings, const char *from)
{
	if (access(settings->paths.journal, F_OK) == 0) {
		fprintf(stderr,
			"carehubd: %s exists: a restore never overwrites; move it away first\n",
			settings->paths.journal);
		return EXIT_UNABLE;
	}
	/* Out of the backup, which stays as it is: a copy of its files, taken over under a new
	 * incarnation, so that positions of the lost journal are refused and not mixed up. */
	struct journal_options source = {.dir = from, .read_only = true};
	struct journal_options adopt = {.dir = settings->paths.journal, .adopt = true};
	struct journal *journal = NULL;
	uint64_t head = 0;
	enum ch_status status = file_make_dirs(settings->paths.data, 0700);
	if (status == CH_OK)
		status = journal_open(&source, &journal, NULL);
	if (status == CH_OK)
		status = backup_export(journal, 0, settings->paths.journal, &head);
	journal_close(journal);
	journal = NULL;
	if (status == CH_OK)
		status = journal_open(&adopt, &journal, NULL);
	journal_close(journal);
	if (status != CH_OK)
		return offline_unable("restore", status);
	printf("restore\tok\thead=%llu\n", (unsigned long long)head);
	return offline_rebuild(settings, false);
}

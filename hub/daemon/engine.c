#include "daemon/engine.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/invariant.h"
#include "base/log.h"
#include "base/text.h"
#include "journal/reader.h"

/* One batch of the fold: as many entries as make publishing cheap. */
#define FOLD_BATCH 1024u

/* ---- Folding ---- */

static bool fold_same(struct slice a, struct slice b)
{
	return slice_equal(a, b);
}

/* Decides the entry's input again and compares; only within one version of the rules. */
static enum ch_status fold_decide(const struct fold_options *options, struct change *change,
	const struct journal_entry *at, const struct entry *entry, struct buffer *event,
	char why[160])
{
	struct decision decision;
	struct envelope envelope;
	const char *field = "";
	uint32_t line;
	enum ch_status status;
	if (entry->rules_version != RULES_VERSION)
		return CH_OK;
	if (entry->kind == ENTRY_CLOCK) {
		status = core_decide_clock(options->core, change, at->arrival_us, &decision);
	} else if (entry->kind == ENTRY_SETTINGS) {
		status = core_decide_settings(
			options->core, change, entry->input, at->arrival_us, &decision, &line);
	} else {
		buffer_clear(event);
		entry_event(entry, event);
		if (event->status != CH_OK)
			return event->status;
		struct input input = {
			.envelope = &envelope,
			.form = envelope_parse(buffer_slice(event), &envelope, &field),
			.form_field = field,
			.peer = entry->peer,
			.arrival_us = at->arrival_us,
			.sequence = at->sequence,
			.releases = entry->outcome == ENTRY_ACCEPTED ? entry->refers_to : 0,
			.corrected_by = entry->corrected_by,
		};
		status = entry->kind == ENTRY_OPERATOR
				 ? core_decide_operator(options->core, change, &input, &decision)
				 : core_decide(options->core, change, &input, &decision);
	}
	if (status == CH_NOMEM)
		return status;
	if (status != CH_OK || decision.verdict != DECIDED_ENTRY) {
		(void)snprintf(
			why, 160, "deciding again gives no entry (%s)", ch_status_name(status));
		return CH_CORRUPT;
	}
	const char *what = NULL;
	if (decision.entry.outcome != entry->outcome)
		what = "outcome";
	else if (decision.entry.customer != entry->customer)
		what = "customer";
	else if (!fold_same(decision.entry.effects, entry->effects))
		what = "effects";
	else if (entry->effects_personal.len > 0 &&
		 !fold_same(decision.entry.effects_personal, entry->effects_personal))
		what = "personal effects";
	else if (!fold_same(decision.entry.derived, entry->derived))
		what = "derived events";
	if (what == NULL)
		return CH_OK;
	(void)snprintf(why, 160, "deciding again gives other %s", what);
	return CH_CORRUPT;
}

struct folder {
	const struct fold_options *options;
	struct reader *reader;
	struct change *change;
	struct buffer event;
	uint64_t last;
	uint32_t count;
};

static bool folder_begin(struct folder *folder)
{
	if (folder->change == NULL)
		folder->change = state_begin(folder->options->state);
	return folder->change != NULL;
}

static enum ch_status folder_publish(struct folder *folder)
{
	enum ch_status status = CH_OK;
	if (folder->change == NULL)
		return CH_OK;
	if (folder->count > 0)
		status = change_publish(folder->change, folder->last);
	else
		change_abort(folder->change);
	folder->change = NULL;
	folder->count = 0;
	return status;
}

static enum ch_status folder_entry(
	struct folder *folder, const struct journal_entry *at, char why[160])
{
	struct entry entry;
	enum ch_status status = entry_parse(at->body, &entry);
	if (status != CH_OK) {
		(void)snprintf(why, 160, "the entry cannot be read (%s)", ch_status_name(status));
		return status == CH_NOMEM ? status : CH_CORRUPT;
	}
	if (!folder_begin(folder))
		return CH_NOMEM;
	if (folder->options->decide)
		status = fold_decide(
			folder->options, folder->change, at, &entry, &folder->event, why);
	if (status == CH_OK) {
		status = core_fold(folder->options->core, folder->change, at->sequence,
			at->arrival_us, &entry);
		if (status != CH_OK)
			(void)snprintf(why, 160, "its effects cannot be folded (%s)",
				ch_status_name(status));
	}
	if (status != CH_OK)
		return status;
	folder->last = at->sequence;
	if (++folder->count < FOLD_BATCH)
		return CH_OK;
	if (folder->options->progress != NULL)
		folder->options->progress(
			folder->options->context, at->sequence, folder->options->last);
	return folder_publish(folder);
}

/* What cannot be read is left out, when that was asked for; else CH_GAP stays. */
static enum ch_status folder_gap(struct folder *folder)
{
	uint64_t first;
	uint64_t last;
	if (!folder->options->past_damage)
		return CH_GAP;
	reader_gap(folder->reader, &first, &last);
	log_warning("store.left_out", "first=%llu last=%llu", (unsigned long long)first,
		(unsigned long long)last);
	if (!folder_begin(folder))
		return CH_NOMEM;
	folder->last = last;
	folder->count++;
	return core_fold_lost(folder->options->core, folder->change, last - first + 1);
}

enum ch_status engine_fold(const struct fold_options *options, uint64_t *out_bad, char why[160])
{
	struct folder folder = {.options = options};
	struct journal_entry at;
	why[0] = 0;
	*out_bad = 0;
	enum ch_status status = reader_open(options->journal, &folder.reader);
	if (status == CH_OK)
		status = reader_seek(folder.reader, options->first);
	while (status == CH_OK && reader_position(folder.reader) <= options->last) {
		status = reader_next(folder.reader, &at);
		if (status == CH_OK)
			status = folder_entry(&folder, &at, why);
		else if (status == CH_GAP)
			status = folder_gap(&folder);
		if (status != CH_OK)
			*out_bad = reader_position(folder.reader) - 1;
	}
	if (status == CH_GAP) {
		uint64_t last;
		reader_gap(folder.reader, out_bad, &last);
		(void)snprintf(
			why, 160, "entries up to %llu are missing", (unsigned long long)last);
	}
	if (status == CH_OK)
		status = folder_publish(&folder);
	else if (folder.change != NULL) /* none yet when it fails at the first entry */
		change_abort(folder.change);
	buffer_fini(&folder.event);
	reader_close(folder.reader);
	return status;
}

/* ---- Opening ---- */

enum ch_status engine_remove_folder(const char *path)
{
	DIR *dir = opendir(path);
	enum ch_status status = CH_OK;
	if (dir == NULL)
		return file_status() == CH_NOT_FOUND ? CH_OK : CH_IO;
	for (struct dirent *item; status == CH_OK && (item = readdir(dir)) != NULL;) {
		char inner[PATH_MAX];
		struct stat info;
		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
			continue;
		if ((size_t)snprintf(inner, sizeof(inner), "%s/%s", path, item->d_name) >=
				sizeof(inner) ||
			lstat(inner, &info) != 0)
			status = CH_IO;
		else if (S_ISDIR(info.st_mode))
			status = engine_remove_folder(inner);
		else if (unlink(inner) != 0)
			status = CH_IO;
	}
	(void)closedir(dir); /* read only */
	if (status == CH_OK && rmdir(path) != 0)
		status = CH_IO;
	return status;
}

/* A file in the store's folder that says so, and goes with it. */
static bool engine_distrust_path(const struct daemon_settings *settings, char out[PATH_MAX])
{
	int len = snprintf(out, PATH_MAX, "%s/distrusted", settings->paths.store);
	return len > 0 && len < PATH_MAX;
}

void engine_distrust_store(const struct daemon_settings *settings)
{
	char path[PATH_MAX];
	enum ch_status status = engine_distrust_path(settings, path)
					? file_replace(path, (struct slice){NULL, 0}, 0600)
					: CH_TOO_LARGE;
	/* Without it the next start meets the damage again, and an operator rebuilds. */
	log_warning("store.distrusted", "status=%s", ch_status_name(status));
}

/* A checkpoint writes hundreds of megabytes and nobody waits for it; receipts wait for the journal.  So
 * between its pieces the checkpoint lets a sync that has begun get through, but not for ever. */
#define YIELD_STEP_US 50u
#define YIELD_STEPS   40u

static void engine_yield(void *context)
{
	const struct journal *journal = context;
	for (unsigned i = 0; i < YIELD_STEPS && journal_is_syncing(journal); i++)
		(void)usleep(YIELD_STEP_US);
}

/* Whether an earlier version has made the store, and the journal may be able to make it anew: it has its
 * beginning, and no damage that is known.  Only its newest segment has been read, so nobody knows yet. */
static bool engine_is_older(const struct engine *engine)
{
	return !engine->as_it_is && journal_first(engine->journal) == 1 &&
	       engine->recovery.damaged_first == 0 && core_check_fold(engine->state) == CH_VERSION;
}

/* ---- A store that is made anew beside the old one ---- */

/* Where an older store waits until the journal has shown that it can make another. */
static enum ch_status engine_aside_path(const struct daemon_settings *settings, char out[PATH_MAX])
{
	int len = snprintf(out, PATH_MAX, "%s.old", settings->paths.store);
	return len > 0 && len < PATH_MAX ? CH_OK : CH_TOO_LARGE;
}

static bool engine_is_aside(const struct daemon_settings *settings)
{
	char aside[PATH_MAX];
	return engine_aside_path(settings, aside) == CH_OK && access(aside, F_OK) == 0;
}

/* Where one waits already, an earlier attempt was broken off: what stands in its place is half made. */
static enum ch_status engine_put_aside(const struct daemon_settings *settings)
{
	char aside[PATH_MAX];
	enum ch_status status = engine_aside_path(settings, aside);
	if (status != CH_OK)
		return status;
	if (engine_is_aside(settings))
		return engine_remove_folder(settings->paths.store);
	return rename(settings->paths.store, aside) == 0 ? CH_OK : file_status();
}

static enum ch_status engine_remove_aside(const struct daemon_settings *settings)
{
	char aside[PATH_MAX];
	enum ch_status status = engine_aside_path(settings, aside);
	return status == CH_OK ? engine_remove_folder(aside) : status;
}

static enum ch_status engine_take_back(const struct daemon_settings *settings)
{
	char aside[PATH_MAX];
	enum ch_status status = engine_aside_path(settings, aside);
	if (status == CH_OK)
		status = engine_remove_folder(settings->paths.store);
	if (status == CH_OK && rename(aside, settings->paths.store) != 0)
		status = file_status();
	return status;
}

/* ---- The state ---- */

static enum ch_status engine_open_state(const struct engine_options *options, struct engine *engine)
{
	const struct daemon_settings *settings = options->settings;
	struct state_options state = {
		.dir = settings->paths.store,
		.map_bytes = (uint64_t)settings->map_bytes,
		.cache_bytes = (uint64_t)settings->cache_bytes,
		.freeze_changes = (uint32_t)settings->freeze_changes,
		.freeze_us = settings->freeze_ms * 1000,
		.read_only = options->read_only,
		.no_projector = !settings->projector,
		.yield = engine_yield,
		.yield_context = engine->journal,
	};
	uint64_t incarnation = journal_incarnation(engine->journal);
	char path[PATH_MAX];
	enum ch_status status = CH_OK;
	if (options->fresh_state)
		status = engine_remove_folder(settings->paths.store);
	if (status == CH_OK && options->fresh_state)
		status = engine_remove_aside(settings);
	if (status == CH_OK)
		status = state_open(&state, incarnation, &engine->state);
	if (status == CH_OK && !options->read_only && engine_distrust_path(settings, path) &&
		access(path, F_OK) == 0) {
		state_close(engine->state);
		engine->state = NULL;
		status = CH_CORRUPT;
	}
	bool older = status == CH_OK && !options->read_only && engine_is_older(engine);
	if (older) {
		state_close(engine->state);
		engine->state = NULL;
		status = CH_VERSION;
	}
	bool hopeless = status == CH_RESET || status == CH_CORRUPT || status == CH_VERSION;
	if (!hopeless || options->read_only)
		return status;
	log_warning("store.rebuild", "reason=%s path=%s", ch_status_name(status),
		settings->paths.store);
	engine->rebuilt = true;
	status = older ? engine_put_aside(settings) : engine_remove_folder(settings->paths.store);
	return status == CH_OK ? state_open(&state, incarnation, &engine->state) : status;
}

static enum ch_status engine_load_core(struct engine *engine)
{
	struct rtxn *rtxn = NULL;
	enum ch_status status = core_create(&engine->core);
	if (status == CH_OK)
		status = rtxn_begin(engine->state, &rtxn);
	if (status == CH_OK)
		status = core_load(engine->core, rtxn);
	rtxn_end(rtxn);
	if (status == CH_OK && state_applied(engine->state) > 0)
		status = core_upgrade(engine->core, engine->state);
	return status;
}

/* After a crash LMDB stands at its last checkpoint: the journal's tail is folded again. */
static enum ch_status engine_catch_up(const struct engine_options *options, struct engine *engine)
{
	char why[160];
	uint64_t bad;
	uint64_t applied = state_applied(engine->state);
	uint64_t head = journal_head(engine->journal);
	struct fold_options fold = {
		.journal = engine->journal,
		.state = engine->state,
		.core = engine->core,
		.first = applied + 1,
		.last = head,
		.past_damage = options->past_damage,
		.progress = options->progress,
		.context = options->context,
	};
	if (applied == 0 && head > 0 && !options->fresh_state) {
		engine->rebuilt = true;
		log_warning("store.rebuild", "reason=empty entries=%llu", (unsigned long long)head);
	}
	if (applied + 1 < journal_first(engine->journal)) {
		log_error("store.behind",
			"applied=%llu first=%llu what=\"history is gone: restore a backup\"",
			(unsigned long long)applied,
			(unsigned long long)journal_first(engine->journal));
		return CH_GAP;
	}
	enum ch_status status = engine_fold(&fold, &bad, why);
	engine->folded = head - applied;
	if (status != CH_OK)
		log_error("store.fold", "sequence=%llu status=%s why=\"%s\"",
			(unsigned long long)bad, ch_status_name(status), why);
	return status;
}

static enum ch_status engine_make_state(const struct engine_options *options, struct engine *engine)
{
	enum ch_status status = engine_open_state(options, engine);
	if (status == CH_OK)
		status = engine_load_core(engine);
	return status == CH_OK ? engine_catch_up(options, engine) : status;
}

static void engine_drop_state(struct engine *engine)
{
	core_free(engine->core);
	state_close(engine->state);
	engine->core = NULL;
	engine->state = NULL;
}

/* An older store goes only when the journal has made what takes its place.  Where that has unknown damage the
 * store is the only one that knows what stood there: it stays, and is upgraded as it is. */
static enum ch_status engine_open_store(const struct engine_options *options, struct engine *engine)
{
	const struct daemon_settings *settings = options->settings;
	enum ch_status status = engine_make_state(options, engine);
	if (!engine_is_aside(settings))
		return status;
	if (status == CH_OK) {
		enum ch_status removed = engine_remove_aside(settings);
		if (removed != CH_OK) /* the next start tries again */
			log_warning("store.aside", "status=%s", ch_status_name(removed));
		return CH_OK;
	}
	log_warning("store.kept", "status=%s what=\"the journal cannot make it anew\"",
		ch_status_name(status));
	engine_drop_state(engine);
	engine->as_it_is = true;
	engine->rebuilt = false;
	status = engine_take_back(settings);
	return status == CH_OK ? engine_make_state(options, engine) : status;
}

/* ---- Signs of life ---- */

/* They stand in the lock file, which is there anyway and is written in place: a full disk does not
 * stop them.  They are not synced; an older one only makes the next start more careful. */
void engine_sign(const struct engine *engine, int64_t now_us)
{
	char text[CLOCK_TEXT_BYTES + 1];
	(void)clock_format(now_us, text);
	size_t len = strlen(text);
	text[len] = '\n';
	(void)file_write_at(engine->lock, text, len + 1, 0); /* the old one stands */
}

static int64_t engine_signed_us(const struct engine *engine)
{
	char text[CLOCK_TEXT_BYTES];
	int64_t signed_us = 0;
	ssize_t len = pread(engine->lock, text, sizeof(text), 0);
	if (len > 0)
		(void)clock_parse(text_trim(slice_of(text, (size_t)len)), &signed_us); /* 0: none */
	return signed_us;
}

static int64_t engine_known_us(const struct engine *engine)
{
	int64_t known_us = journal_head_arrival_us(engine->journal);
	int64_t accepted_us = engine->core != NULL ? core_accepted_us(engine->core) : 0;
	int64_t signed_us = engine_signed_us(engine);
	if (accepted_us > known_us)
		known_us = accepted_us;
	return signed_us > known_us ? signed_us : known_us;
}

/* A torn tail and a last batch that rotted after it was synced look the same, and opening the journal
 * for writing cuts either off.  The store knows better: it has only applied what was synced.  So it is
 * asked first, and while nothing has been changed yet. */
enum ch_status engine_check_end(const struct daemon_settings *settings)
{
	struct journal_options at = {.dir = settings->paths.journal, .read_only = true};
	struct state_options store = {.dir = settings->paths.store, .read_only = true};
	struct journal *journal = NULL;
	struct state *state = NULL;
	uint64_t incarnation = 0; /* of no journal: whatever the store has applied is more */
	uint64_t head = 0;
	enum ch_status status = journal_open(&at, &journal, NULL);
	if (status == CH_OK) {
		incarnation = journal_incarnation(journal);
		head = journal_head(journal);
	}
	if (status == CH_OK || status == CH_NOT_FOUND)
		status = state_open(&store, incarnation, &state);
	/* What cannot be opened is judged when it is opened in earnest. */
	if (status != CH_OK) {
		status = CH_OK;
	} else if (state_applied(state) > head) {
		log_error("journal.short", "head=%llu applied=%llu what=\"its end is missing\"",
			(unsigned long long)head, (unsigned long long)state_applied(state));
		status = CH_CORRUPT;
	}
	state_close(state);
	journal_close(journal);
	return status;
}

static void engine_tell_damage(const struct journal_recovery *recovery, enum ch_status status)
{
	if (recovery->damaged_first != 0)
		log_error("journal.damage", "first=%llu last=%llu where=\"%s\"",
			(unsigned long long)recovery->damaged_first,
			(unsigned long long)recovery->damaged_last, recovery->where);
	else if (status != CH_OK && recovery->where[0] != 0)
		log_error("journal.unusable", "status=%s where=\"%s\"", ch_status_name(status),
			recovery->where);
}

enum ch_status engine_open(const struct engine_options *options, struct engine *out_engine)
{
	const struct daemon_settings *settings = options->settings;
	struct engine engine = {.lock = -1};
	struct journal_options journal = {
		.dir = settings->paths.journal,
		.segment_bytes = (uint64_t)settings->segment_bytes,
		.spare_segments = (uint32_t)settings->spare_segments,
		.read_only = options->read_only,
		.create = !options->read_only && !options->must_exist,
	};
	enum ch_status status = journal.create ? file_make_dirs(settings->paths.data, 0700) : CH_OK;
	if (status == CH_OK)
		status = file_lock(settings->paths.lock, &engine.lock);
	if (status == CH_OK)
		status = options->read_only || options->past_damage ? CH_OK
								    : engine_check_end(settings);
	if (status == CH_OK)
		status = journal_open(&journal, &engine.journal, &engine.recovery);
	engine_tell_damage(&engine.recovery, status);
	if (status == CH_OK && !options->read_only)
		status = engine_open_store(options, &engine);
	if (status != CH_OK) {
		engine_close(&engine);
		return status;
	}
	engine.known_us = engine_known_us(&engine);
	*out_engine = engine;
	return CH_OK;
}

void engine_close(struct engine *engine)
{
	core_free(engine->core);
	state_close(engine->state);
	journal_close(engine->journal);
	if (engine->lock >= 0)
		(void)close(engine->lock); /* the lock goes with it */
	*engine = (struct engine){.lock = -1};
}

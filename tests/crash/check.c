#include "crash/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/dump.h"
#include "daemon/engine.h"

enum ch_status check_init(struct check *check, struct recording *recording,
	const struct floors *floors, const char *dir)
{
	struct problems problems = {0};
	*check = (struct check){.recording = recording, .floors = floors};
	(void)snprintf(check->dir, sizeof(check->dir), "%s", dir);
	enum ch_status status =
		daemon_settings_read(recording->server.root, &problems, &check->settings);
	problems_fini(&problems);
	if (status != CH_OK)
		return status;
	struct settings_paths *paths = &check->settings.paths;
	(void)snprintf(paths->data, PATH_MAX, "%s", check->dir);
	(void)snprintf(paths->journal, PATH_MAX, "%s/journal", check->dir);
	(void)snprintf(paths->store, PATH_MAX, "%s/store", check->dir);
	(void)snprintf(paths->desk, PATH_MAX, "%s/desk", check->dir);
	(void)snprintf(paths->lock, PATH_MAX, "%s/lock", check->dir);
	return CH_OK;
}

void check_fini(struct check *check)
{
	daemon_settings_free(&check->settings);
}

static bool check_fails(struct check *check, const char *what, const char *about)
{
	(void)snprintf(check->why, sizeof(check->why), "%s: %s", what, about);
	return false;
}

static bool check_receipts(struct check *check, struct journal *journal, uint32_t cut)
{
	struct ledger *ledger = &check->recording->ledger;
	struct ledger_result result;
	ledger->violations = 0;
	enum ch_status status = ledger_check(ledger, journal, cut, &result);
	if (status != CH_OK)
		return check_fails(check, "journal", ch_status_name(status));
	return ledger->violations == 0 || check_fails(check, "receipts", "not held");
}

static bool check_state(struct check *check, struct state *state, uint64_t head, uint32_t cut)
{
	const struct recording *recording = check->recording;
	const struct truth *truth =
		cut <= recording->power_at ? &recording->before : &recording->after;
	struct dump_result dump;
	if (head > truth->head)
		return check_fails(check, "journal", "longer than history");
	enum ch_status status = dump_write(state, NULL, &dump);
	if (status != CH_OK)
		return check_fails(check, "dump", ch_status_name(status));
	if (dump.sequence != head || memcmp(dump.hash, truth->hashes[head], DUMP_HASH_BYTES) != 0)
		return check_fails(check, "state", "not the fold of the journal");
	return true;
}

static bool check_engine(struct check *check, struct engine *engine, uint32_t cut)
{
	char about[128];
	uint64_t head = journal_head(engine->journal);
	uint64_t applied = head - engine->folded;
	uint64_t floor = floors_at(check->floors, cut);
	if (engine->recovery.damaged_first != 0)
		return check_fails(check, "damage", engine->recovery.where);
	if (applied < floor) {
		(void)snprintf(about, sizeof(about), "at %" PRIu64 ", synced was %" PRIu64, applied,
			floor);
		return check_fails(check, "the store is too old", about);
	}
	return check_receipts(check, engine->journal, cut) &&
	       check_state(check, engine->state, head, cut);
}

static bool check_opened(struct check *check, const struct cut *cut)
{
	struct engine_options options = {.settings = &check->settings};
	struct engine engine;
	enum ch_status status = engine_open(&options, &engine);
	if (status != CH_OK)
		return check_fails(check, "it does not open", ch_status_name(status));
	bool holds = check_engine(check, &engine, cut->at);
	uint64_t head = journal_head(engine.journal);
	engine_close(&engine);
	if (!holds || cut->number % 8 != 0)
		return holds;
	status = engine_open(&options, &engine);
	if (status != CH_OK)
		return check_fails(check, "it does not open again", ch_status_name(status));
	if (journal_head(engine.journal) != head || engine.folded != 0)
		holds = check_fails(check, "opened again", "it is another");
	engine_close(&engine);
	return holds;
}

bool check_image(struct check *check, const struct disk *disk, const struct cut *cut)
{
	enum ch_status status = engine_remove_folder(check->dir);
	if (status == CH_OK)
		status = image_make(disk, cut, check->dir);
	if (status != CH_OK)
		return check_fails(check, "the image", ch_status_name(status));
	return check_opened(check, cut);
}

#include "store/inbox.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/invariant.h"
#include "store/id_order.h"

#define FAN_IN      4u
#define TIERS       18u
#define WRITE_AHEAD 8u     /* records whose memory is asked for early */
#define TIER0_ITEMS 16384u /* smaller runs are all of one size */

/* One merge at a time for each size, so that a long one of big runs does not hold up the small. */
struct tier {
	struct run *inputs[FAN_IN]; /* held; NULL: no merge */
	struct merge merge;
	struct run_writer *writer; /* NULL once finished */
	struct run *output;        /* finished, waits for the next manifest */
	uint64_t number;
	bool staged; /* the output is part of the next set */
};

struct inbox {
	char dir[PATH_MAX];
	uint64_t next_number;
	struct runset *current;
	struct runset *next;   /* between prepare and commit */
	struct run **replaced; /* held until nobody else does */
	uint32_t replaced_count;
	uint32_t replaced_capacity;
	struct tier tiers[TIERS];
};

/* ---- Sets ---- */

static struct runset *runset_create(uint32_t capacity)
{
	struct runset *set = calloc(1, sizeof(*set) + capacity * sizeof(struct run *));
	if (set != NULL)
		atomic_init(&set->holders, 1);
	return set;
}

static void runset_add(struct runset *set, struct run *run)
{
	run_hold(run);
	set->runs[set->count++] = run;
	set->items += run_items(run);
	set->bytes += run_bytes(run);
}

void runset_hold(struct runset *set)
{
	(void)atomic_fetch_add(&set->holders, 1);
}

void runset_release(struct runset *set)
{
	if (set == NULL || atomic_fetch_sub(&set->holders, 1) > 1)
		return;
	for (uint32_t i = 0; i < set->count; i++)
		run_release(set->runs[i]);
	free(set);
}

void runset_prefetch(const struct runset *set, const uint8_t fingerprint[ID_FINGERPRINT_BYTES])
{
	for (uint32_t i = 0; i < set->count; i++)
		run_prefetch(set->runs[i], fingerprint);
}

enum ch_status runset_get(const struct runset *set, const uint8_t fingerprint[ID_FINGERPRINT_BYTES],
	struct id_record *out_record)
{
	struct filter_mask mask;
	filter_mask_of(fingerprint, &mask);
	for (uint32_t i = 0; i < set->count; i++) {
		enum ch_status status = run_get(set->runs[i], fingerprint, &mask, out_record);
		if (status != CH_NOT_FOUND)
			return status;
	}
	return CH_NOT_FOUND;
}

/* ---- Opening ---- */

static void inbox_unlink(const struct inbox *inbox, uint64_t number)
{
	char path[PATH_MAX];
	char name[RUN_NAME_BYTES];
	int length = snprintf(path, sizeof(path), "%s/%s", inbox->dir, run_name(number, name));
	if (length > 0 && (size_t)length < sizeof(path))
		(void)unlink(path); /* what stays is removed at the next opening */
}

static bool inbox_names(const struct runset *set, uint64_t number)
{
	for (uint32_t i = 0; i < set->count; i++) {
		if (run_number(set->runs[i]) == number)
			return true;
	}
	return false;
}

/* Numbers only rise, also over runs that never made it into a manifest: a name means one
 * content. */
static enum ch_status inbox_survey(struct inbox *inbox, bool remove_others)
{
	DIR *dir = opendir(inbox->dir);
	if (dir == NULL)
		return file_status();
	for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		uint64_t number;
		char name[RUN_NAME_BYTES];
		if (sscanf(entry->d_name, "run-%" SCNu64, &number) != 1 ||
			strcmp(run_name(number, name), entry->d_name) != 0)
			continue;
		if (number >= inbox->next_number)
			inbox->next_number = number + 1;
		if (remove_others && !inbox_names(inbox->current, number))
			inbox_unlink(inbox, number);
	}
	(void)closedir(dir); /* read only */
	return CH_OK;
}

static enum ch_status inbox_open_runs(
	struct inbox *inbox, const uint64_t *numbers, uint32_t count, uint64_t applied)
{
	inbox->current = runset_create(count);
	if (inbox->current == NULL)
		return CH_NOMEM;
	inbox->current->applied = applied;
	for (uint32_t i = 0; i < count; i++) {
		struct run *run;
		enum ch_status status = run_open(inbox->dir, numbers[i], &run);
		if (status != CH_OK)
			return status;
		runset_add(inbox->current, run);
		run_release(run); /* the set holds it */
		if (numbers[i] >= inbox->next_number)
			inbox->next_number = numbers[i] + 1;
	}
	return CH_OK;
}

enum ch_status inbox_open(const char *dir, const uint64_t *numbers, uint32_t count,
	uint64_t applied, bool read_only, struct inbox **out_inbox)
{
	enum ch_status status = CH_TOO_LARGE;
	struct inbox *inbox = calloc(1, sizeof(*inbox));
	if (inbox == NULL)
		return CH_NOMEM;
	inbox->next_number = 1;
	if ((size_t)snprintf(inbox->dir, sizeof(inbox->dir), "%s", dir) >= sizeof(inbox->dir))
		goto out;
	status = read_only ? CH_OK : file_make_dirs(dir, 0700);
	if (status != CH_OK)
		goto out;
	status = inbox_open_runs(inbox, numbers, count, applied);
	if (status != CH_OK)
		goto out;
	status = inbox_survey(inbox, !read_only);
	if (status == CH_NOT_FOUND && read_only && count == 0)
		status = CH_OK; /* never written to */
	if (status != CH_OK)
		goto out;
	*out_inbox = inbox;
	inbox = NULL; /* the caller's now */
out:
	inbox_close(inbox);
	return status;
}

/* The file of a finished merge stays: whether a manifest names it is seen at the next opening. */
static void tier_forget(struct tier *tier)
{
	for (uint32_t i = 0; i < FAN_IN; i++)
		run_release(tier->inputs[i]);
	merge_fini(&tier->merge);
	run_writer_abort(tier->writer);
	run_release(tier->output);
	*tier = (struct tier){0};
}

void inbox_close(struct inbox *inbox)
{
	if (inbox == NULL)
		return;
	runset_release(inbox->next);
	for (uint32_t i = 0; i < TIERS; i++)
		tier_forget(&inbox->tiers[i]);
	for (uint32_t i = 0; i < inbox->replaced_count; i++)
		run_release(inbox->replaced[i]);
	free(inbox->replaced);
	runset_release(inbox->current);
	free(inbox);
}

struct runset *inbox_runs(const struct inbox *inbox)
{
	return inbox->current;
}

/* ---- The next set ---- */

static enum ch_status inbox_write(struct inbox *inbox, const struct ids *ids, uint64_t number)
{
	uint32_t count = ids_count(ids);
	struct run_writer *writer = NULL;
	struct id_order_item *order = NULL;
	enum ch_status status = id_order_create(ids, &order);
	if (status != CH_OK)
		return status;
	status = run_writer_create(inbox->dir, number, count, &writer);
	if (status == CH_OK) {
		for (uint32_t i = 0; i < count; i++) {
			if (i + WRITE_AHEAD < count)
				__builtin_prefetch(order[i + WRITE_AHEAD].record);
			run_writer_add(writer, order[i].record);
		}
		status = run_writer_finish(writer);
	}
	free(order);
	return status;
}

/* Is this run an input of a finished merge? */
static bool inbox_is_replaced(const struct inbox *inbox, const struct run *run)
{
	for (uint32_t i = 0; i < TIERS; i++) {
		const struct tier *tier = &inbox->tiers[i];
		for (uint32_t j = 0; tier->output != NULL && j < FAN_IN; j++) {
			if (tier->inputs[j] == run)
				return true;
		}
	}
	return false;
}

static void inbox_compose(struct inbox *inbox, struct run *fresh)
{
	for (uint32_t i = 0; i < inbox->current->count; i++) {
		if (!inbox_is_replaced(inbox, inbox->current->runs[i]))
			runset_add(inbox->next, inbox->current->runs[i]);
	}
	for (uint32_t i = 0; i < TIERS; i++) {
		struct tier *tier = &inbox->tiers[i];
		tier->staged = tier->output != NULL;
		if (tier->staged)
			runset_add(inbox->next, tier->output);
	}
	if (fresh != NULL)
		runset_add(inbox->next, fresh);
}

/* Room to remember every run that this commit could replace: a commit must not fail. */
static enum ch_status inbox_reserve_replaced(struct inbox *inbox)
{
	uint32_t wanted = inbox->replaced_count + TIERS * FAN_IN;
	if (wanted <= inbox->replaced_capacity)
		return CH_OK;
	struct run **replaced = realloc(inbox->replaced, wanted * 2 * sizeof(struct run *));
	if (replaced == NULL)
		return CH_NOMEM;
	inbox->replaced = replaced;
	inbox->replaced_capacity = wanted * 2;
	return CH_OK;
}

/* A run for `ids` on stable storage but for its name; NULL when there are none. */
static enum ch_status inbox_add(struct inbox *inbox, const struct ids *ids, struct run **out_run)
{
	struct run *run = NULL;
	if (ids_count(ids) > 0) {
		uint64_t number = inbox->next_number++;
		enum ch_status status = inbox_write(inbox, ids, number);
		if (status != CH_OK)
			return status;
		status = run_open(inbox->dir, number, &run);
		if (status != CH_OK) {
			inbox_unlink(inbox, number);
			return status;
		}
	}
	*out_run = run;
	return CH_OK;
}

enum ch_status inbox_prepare(
	struct inbox *inbox, const struct ids *ids, uint64_t applied, struct runset **out_next)
{
	struct run *fresh = NULL;
	if (inbox->next == NULL) {
		enum ch_status status = inbox_reserve_replaced(inbox);
		if (status == CH_OK)
			status = inbox_add(inbox, ids, &fresh);
		if (status != CH_OK)
			return status;
		inbox->next = runset_create(inbox->current->count + TIERS + 1);
		if (inbox->next != NULL)
			inbox_compose(inbox, fresh);
		else if (fresh != NULL)
			inbox_unlink(inbox, run_number(fresh));
		run_release(fresh); /* the set holds it */
		if (inbox->next == NULL)
			return CH_NOMEM;
		inbox->next->applied = applied;
	}
	invariant(inbox->next->applied == applied);
	int error = fault_at("inbox.manifest");
	if (error != 0)
		return error == ENOSPC ? CH_FULL : CH_IO;
	/* New files, their names too, before the manifest that names them. */
	enum ch_status status = file_sync_dir(inbox->dir);
	if (status == CH_OK)
		*out_next = inbox->next;
	return status;
}

void inbox_commit(struct inbox *inbox)
{
	invariant(inbox->next != NULL);
	for (uint32_t i = 0; i < TIERS; i++) {
		struct tier *tier = &inbox->tiers[i];
		if (!tier->staged)
			continue;
		for (uint32_t j = 0; j < FAN_IN; j++) {
			/* The mapping stays until its last reader is gone, the name goes now. */
			inbox_unlink(inbox, run_number(tier->inputs[j]));
			invariant(inbox->replaced_count < inbox->replaced_capacity);
			inbox->replaced[inbox->replaced_count++] = tier->inputs[j];
		}
		run_release(tier->output); /* the set holds it */
		*tier = (struct tier){0};
	}
	runset_release(inbox->current);
	inbox->current = inbox->next;
	inbox->next = NULL;
}

void inbox_sweep(struct inbox *inbox)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < inbox->replaced_count; i++) {
		if (run_is_mine(inbox->replaced[i]))
			run_release(inbox->replaced[i]);
		else
			inbox->replaced[kept++] = inbox->replaced[i];
	}
	inbox->replaced_count = kept;
}

/* ---- Merging ---- */

static uint32_t inbox_tier(const struct run *run)
{
	uint32_t tier = 0;
	for (uint64_t items = TIER0_ITEMS; run_items(run) > items && tier < TIERS - 1;
		items *= FAN_IN)
		tier++;
	return tier;
}

/* Eight runs of one size, if there are so many. */
static bool tier_choose(const struct inbox *inbox, uint32_t number, struct run *inputs[FAN_IN])
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < inbox->current->count && count < FAN_IN; i++) {
		if (inbox_tier(inbox->current->runs[i]) == number)
			inputs[count++] = inbox->current->runs[i];
	}
	return count == FAN_IN;
}

static enum ch_status tier_start(
	struct inbox *inbox, struct tier *tier, struct run *const inputs[FAN_IN])
{
	uint64_t bound = 0;
	for (uint32_t i = 0; i < FAN_IN; i++) {
		run_hold(inputs[i]);
		tier->inputs[i] = inputs[i];
		bound += run_items(inputs[i]);
	}
	tier->number = inbox->next_number++;
	enum ch_status status = merge_init(&tier->merge, tier->inputs, FAN_IN);
	if (status == CH_OK)
		status = run_writer_create(inbox->dir, tier->number, bound, &tier->writer);
	return status;
}

static enum ch_status tier_finish(struct inbox *inbox, struct tier *tier)
{
	struct run_writer *writer = tier->writer;
	int error = fault_at("inbox.merge");
	if (error != 0)
		return error == ENOSPC ? CH_FULL : CH_IO;
	tier->writer = NULL; /* passes on */
	enum ch_status status = run_writer_finish(writer);
	if (status == CH_OK)
		status = run_open(inbox->dir, tier->number, &tier->output);
	merge_fini(&tier->merge);
	return status;
}

static enum ch_status tier_step(struct inbox *inbox, struct tier *tier, uint64_t budget)
{
	struct id_record record;
	enum ch_status status = CH_OK;
	while (status == CH_OK && budget-- > 0) {
		status = merge_next(&tier->merge, &record);
		if (status == CH_OK)
			run_writer_add(tier->writer, &record);
	}
	if (status == CH_OK)
		status = run_writer_status(tier->writer);
	return status == CH_END ? tier_finish(inbox, tier) : status;
}

enum ch_status inbox_merge(struct inbox *inbox, uint64_t budget)
{
	bool worked = false;
	for (uint32_t i = 0; i < TIERS; i++) {
		struct tier *tier = &inbox->tiers[i];
		struct run *inputs[FAN_IN];
		enum ch_status status = CH_OK;
		if (tier->output != NULL)
			continue; /* waits for the next manifest */
		if (tier->writer == NULL) {
			if (!tier_choose(inbox, i, inputs))
				continue;
			status = tier_start(inbox, tier, inputs);
		}
		if (status == CH_OK)
			status = tier_step(inbox, tier, budget);
		if (status != CH_OK) {
			tier_forget(tier);
			return status;
		}
		worked = true;
	}
	return worked ? CH_OK : CH_END;
}

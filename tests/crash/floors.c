#include "crash/floors.h"

#include <stdio.h>

#include "crash/image.h"
#include "daemon/engine.h"

/* The sequence that the store stands at when everything written so far is kept. */
static enum ch_status floors_applied(
	const struct disk *disk, const char *scratch, uint64_t *out_applied)
{
	char store[PATH_MAX];
	struct cut cut = {.mode = CUT_KEEP};
	struct state_options options = {.dir = store};
	struct state *state = NULL;
	if ((size_t)snprintf(store, sizeof(store), "%s/store", scratch) >= sizeof(store))
		return CH_TOO_LARGE;
	enum ch_status status = engine_remove_folder(scratch);
	if (status == CH_OK)
		status = image_make(disk, &cut, scratch);
	if (status == CH_OK)
		status = state_open(&options, 0, &state);
	if (status == CH_OK)
		*out_applied = state_applied(state);
	state_close(state);
	return status;
}

static uint32_t floors_count_meta_pages(const struct disk *disk)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < disk_count(disk); i++)
		count += disk_record(disk, i)->durable;
	return count;
}

enum ch_status floors_measure(
	const struct recording *recording, const char *scratch, struct floors *out_floors)
{
	struct floors floors = {0};
	struct disk *disk = NULL;
	uint32_t seen = 0;
	enum ch_status status = disk_create(buffer_slice(&recording->bytes), LIE_NONE, &disk);
	if (status != CH_OK)
		return status;
	uint32_t step = floors_count_meta_pages(disk) / FLOORS_MAX + 1;
	for (uint32_t i = 0; status == CH_OK && i + 2 <= disk_count(disk); i++) {
		if (disk_record(disk, i)->durable == 0 || ++seen % step != 0)
			continue;
		uint32_t at = i + 2; /* what comes next shows that the write has returned */
		uint64_t applied = 0;
		status = disk_play(disk, at);
		if (status == CH_OK)
			status = floors_applied(disk, scratch, &applied);
		floors.floors[floors.count].at = at;
		floors.floors[floors.count++].applied = applied;
	}
	disk_free(disk);
	(void)engine_remove_folder(scratch); /* whoever made what it stands in removes it too */
	if (status == CH_OK)
		*out_floors = floors;
	return status;
}

uint64_t floors_at(const struct floors *floors, uint32_t cut)
{
	uint64_t applied = 0;
	for (uint32_t i = 0; i < floors->count; i++) {
		if (floors->floors[i].at <= cut && floors->floors[i].applied > applied)
			applied = floors->floors[i].applied;
	}
	return applied;
}

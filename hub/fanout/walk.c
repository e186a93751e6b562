#include "fanout/walk.h"

#include <stdlib.h>

const struct walk_table walk_tables[WALK_TABLES] = {
	{"customers", TABLE_CUSTOMER},
	{"units", TABLE_UNIT},
	{"orders", TABLE_ORDER},
	{"repairs", TABLE_REPAIR},
	{"cases", TABLE_CASE},
	{"entitlements", TABLE_ENTITLEMENT},
	{"appointments", TABLE_APPOINTMENT},
	{"reference", TABLE_REFERENCE},
};

struct walk {
	const struct fanout_options *options;
	struct snapshot *snapshot;
	uint32_t tables;
	uint32_t at;
	uint32_t count;
	struct snapshot_record record;
};

enum ch_status walk_choose(const struct subscribe_start *start, uint32_t *out_tables)
{
	uint32_t tables = start->snapshot_count == 0 ? 1u : 0;
	for (uint32_t i = 0; i < start->snapshot_count; i++) {
		uint32_t at = 0;
		while (at < WALK_TABLES &&
			!slice_equal(slice_text(walk_tables[at].name), start->snapshot[i]))
			at++;
		if (at == WALK_TABLES)
			return CH_INVALID;
		tables |= 1u << at;
	}
	*out_tables = tables;
	return CH_OK;
}

enum ch_status walk_open(
	const struct fanout_options *options, uint32_t tables, struct walk **out_walk)
{
	if (options->state == NULL || options->next_record == NULL)
		return CH_UNSUPPORTED;
	struct walk *walk = calloc(1, sizeof(*walk));
	if (walk == NULL)
		return CH_NOMEM;
	walk->options = options;
	walk->tables = tables;
	enum ch_status status = snapshot_begin(options->state, &walk->snapshot);
	if (status != CH_OK) {
		free(walk);
		return status;
	}
	*out_walk = walk;
	return CH_OK;
}

void walk_close(struct walk *walk)
{
	if (walk == NULL)
		return;
	snapshot_end(walk->snapshot);
	buffer_fini(&walk->record.key);
	buffer_fini(&walk->record.record);
	free(walk);
}

uint64_t walk_sequence(const struct walk *walk)
{
	return snapshot_sequence(walk->snapshot);
}

uint32_t walk_part(const struct walk *walk)
{
	return walk->count - 1;
}

enum ch_status walk_next(
	struct walk *walk, const struct snapshot_record **out_record, struct slice *out_table)
{
	for (; walk->at < WALK_TABLES; walk->at++) {
		if ((walk->tables >> walk->at & 1) == 0)
			continue;
		buffer_clear(&walk->record.record);
		walk->record.customer = 0;
		enum ch_status status = walk->options->next_record(walk->options->context,
			walk->snapshot, walk_tables[walk->at].table, &walk->record);
		if (status == CH_OK) {
			walk->count++;
			*out_record = &walk->record;
			*out_table = slice_text(walk_tables[walk->at].name);
			return CH_OK;
		}
		if (status != CH_END)
			return status;
		buffer_clear(&walk->record.key);
	}
	return CH_END;
}

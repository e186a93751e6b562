/* The dictionary of sources: a code of two bytes stands for a source's text wherever records say who
 * told them something. */
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "core/core.h"

struct source_row {
	uint16_t code;
	size_t len;
	uint8_t text[];
};

static enum ch_status sources_add(struct core *core, uint16_t code, struct slice text)
{
	struct source_row *row = malloc(sizeof(*row) + text.len);
	if (row == NULL)
		return CH_NOMEM;
	row->code = code;
	row->len = text.len;
	memcpy(row->text, text.data, text.len);
	enum ch_status status = table_put(&core->sources, slice_of(row->text, row->len), row);
	if (status != CH_OK)
		free(row);
	else if (code > core->source_count)
		core->source_count = code;
	return status == CH_EXISTS ? CH_OK : status;
}

uint16_t sources_code(struct ruling *ruling, struct slice source)
{
	const struct source_row *row = table_get(&ruling->core->sources, source);
	if (row != NULL)
		return row->code;
	/* Codes are few on purpose; beyond them a source goes without, and its text stands in the event. */
	if (ruling->core->source_count == UINT16_MAX)
		return 0;
	uint16_t code = (uint16_t)(ruling->core->source_count + 1);
	ruling_effect(
		ruling, &(struct effect){.op = EFFECT_SOURCE, .field = code, .value = source});
	return code;
}

enum ch_status sources_fold(struct core *core, struct change *change, const struct effect *effect)
{
	uint8_t key[2] = {(uint8_t)(effect->field >> 8), (uint8_t)effect->field};
	change_put(change, TABLE_SOURCE, slice_of(key, sizeof(key)), effect->value);
	return sources_add(core, effect->field, effect->value);
}

enum ch_status sources_fold_lost(struct core *core, struct change *change, uint16_t code)
{
	enum ch_status status = CH_OK;
	while (status == CH_OK && core->source_count < code) {
		char text[40];
		uint16_t lost = (uint16_t)(core->source_count + 1);
		int len = snprintf(text, sizeof(text), "urn:carehub:lost:%u", lost);
		struct effect effect = {
			.op = EFFECT_SOURCE, .field = lost, .value = slice_of(text, (size_t)len)};
		status = sources_fold(core, change, &effect);
	}
	return status;
}

struct sources_visit {
	struct core *core;
	enum ch_status status;
};

static bool sources_visit(void *context, struct slice key, struct slice value)
{
	struct sources_visit *visit = context;
	if (key.len != 2)
		visit->status = CH_CORRUPT;
	else
		visit->status =
			sources_add(visit->core, (uint16_t)(key.data[0] << 8 | key.data[1]), value);
	return visit->status == CH_OK;
}

enum ch_status sources_load(struct core *core, struct rtxn *rtxn)
{
	struct sources_visit visit = {core, CH_OK};
	enum ch_status status =
		rtxn_scan(rtxn, TABLE_SOURCE, (struct slice){NULL, 0}, sources_visit, &visit);
	return status != CH_OK ? status : visit.status;
}

void sources_fini(struct core *core)
{
	size_t at = 0;
	struct source_row *row;
	while ((row = table_next(&core->sources, &at)) != NULL)
		free(row);
	table_fini(&core->sources);
}

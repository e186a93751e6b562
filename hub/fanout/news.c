#include "fanout/news.h"

#include <stdio.h>

#include "base/limits.h"
#include "wire/effect.h"
#include "wire/pb.h"
#include "wire/record.h"

/* By number of CustomerField; those that records hold. */
static const char *const fields[] = {
	[1] = "name",
	[2] = "phone",
	[3] = "email",
	[4] = "address",
	[5] = "birth_date",
	[6] = "language",
	[7] = "group",
	[8] = "common_id",
	[9] = "member_card",
	[10] = "local_id",
	[11] = "identifier",
	[12] = "form_of_address",
	[13] = "company",
	[14] = "gender",
	[15] = "member_level",
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

/* `changes` of all news; then of FieldChange. */
enum { NEWS_CHANGES = 101, CHANGE_FIELD = 1, CHANGE_OLD = 2, CHANGE_NEW = 3 };

/* Numbers of wire/types, which are for ever. */
enum { CREATED = 700, UPDATED = 701, MERGED = 704, UNMERGED = 705 };

uint32_t news_rights(bool (*may)(void *peer, struct slice pattern), void *peer)
{
	uint32_t rights = 0;
	for (uint32_t i = 1; i < FIELDS; i++) {
		char topic[LIMIT_NAME_BYTES];
		(void)snprintf(topic, sizeof(topic), "values.%s", fields[i]); /* it fits */
		if (may(peer, slice_text(topic)))
			rights |= 1u << i;
	}
	return rights;
}

bool news_is(uint16_t type)
{
	return type == CREATED || type == UPDATED || type == MERGED || type == UNMERGED;
}

/* Room that is used again and again. */
struct news_scratch {
	struct buffer text;
	struct buffer change;
};

static void news_change(
	const struct effect *effect, struct news_scratch *scratch, struct buffer *out)
{
	const struct record_value value = {
		.field = effect->field,
		.flags = (effect->flags & EFFECT_MULTI) != 0 ? RECORD_MULTI : 0,
		.sub = effect->sub,
		.value = effect->value,
	};
	buffer_clear(&scratch->text);
	buffer_clear(&scratch->change);
	if (effect->op == EFFECT_VALUE)
		record_text(&value, &scratch->text);
	pb_put_uint(&scratch->change, CHANGE_FIELD, effect->field);
	if (effect->op == EFFECT_VALUE_DROP)
		pb_put_bytes(&scratch->change, CHANGE_OLD, effect->sub);
	pb_put_bytes(&scratch->change, CHANGE_NEW, buffer_slice(&scratch->text));
	pb_put_element(out, NEWS_CHANGES, buffer_slice(&scratch->change));
	if (scratch->text.status != CH_OK || scratch->change.status != CH_OK)
		out->status = CH_NOMEM;
}

void news_encode(const struct entry *entry, uint64_t customer, struct buffer *out)
{
	struct effects_reader reader = effects_read(entry->effects, entry->effects_personal);
	struct effect effect;
	struct news_scratch scratch = {0};
	while (effects_next(&reader, &effect)) {
		bool value = effect.op == EFFECT_VALUE || effect.op == EFFECT_VALUE_DROP;
		if (value && effect.number == customer && effect.field > 0 &&
			effect.field < FIELDS && (effect.flags & EFFECT_LOST) == 0)
			news_change(&effect, &scratch, out);
	}
	buffer_fini(&scratch.text);
	buffer_fini(&scratch.change);
}

static uint32_t news_field(struct slice change)
{
	struct pb_reader reader = pb_read(change);
	struct pb_field field;
	while (pb_next(&reader, &field)) {
		if (field.number == CHANGE_FIELD && field.integer < FIELDS)
			return (uint32_t)field.integer;
	}
	return 0;
}

struct slice news_allowed(struct slice values, uint32_t rights, struct buffer *scratch)
{
	struct pb_reader reader = pb_read(values);
	struct pb_field field;
	bool all = true;
	buffer_clear(scratch);
	while (pb_next(&reader, &field)) {
		if ((rights >> news_field(field.bytes) & 1u) != 0)
			pb_put_element(scratch, NEWS_CHANGES, field.bytes);
		else
			all = false;
	}
	return all ? values : buffer_slice(scratch);
}

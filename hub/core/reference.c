/* The information base: reference data with its history, and promotions that begin and end by schedule.
 *
 *     TABLE_REFERENCE
 *         type(2) '/' key                 time(8) sequence(8) message     the newest value
 *         0xff 'h' type(2) '/' key        count(4)                        past values so far
 *         0xff 'm' model                  [length(2) product id]          whose model is called so
 *         0xff 'p' type(2) '/' key slot   time(8) sequence(8) message     a past value
 *         0xff 'r'                        [length(2) promotion id]        those that run
 *         0xff 's' promotion id           1                               it runs
 *
 * The newest is the one that happened last by its source's corrected clock.  What it replaces becomes a
 * past value, and so does one that comes late; of each key the last LIMIT_REFERENCE_PAST stay, in a ring,
 * so that publishing costs the same however long the history is.  A value that is published again
 * unchanged, as price lists are every night, takes no place: of a run of equal values the first stands
 * among the past ones and the last is the newest.  Stock has no history: it changes all day.
 *
 * A promotion runs from its start to its end by the hub's clock, unless it is taken out.  That it began or
 * ended is said once, by the clock or by the event that published it anew. */
#include <stdlib.h>

#include "base/bytes.h"
#include "core/core.h"
#include "wire/pbedit.h"

/* Numbers of types, and of the messages' fields. */
enum {
	TYPE_PRODUCT = 600,
	TYPE_PROMOTION = 601,
	TYPE_STOCK = 604,
	PRODUCT_ID = 1,
	PRODUCT_MODEL = 2,
	PRODUCT_RETIRED = 17,
	PROMOTION_ID = 1,
	PROMOTION_TITLE = 2,
	PROMOTION_START = 4,
	PROMOTION_END = 5,
	PROMOTION_PRODUCTS = 6,
	PROMOTION_STORES = 7,
	PROMOTION_LEVELS = 8,
	PROMOTION_RETIRED = 12,
	ANSWER_YES = 1,
};

#define VALUE_HEAD 16u /* time, sequence */

/* ---- Keys ---- */

size_t key_reference_past(uint8_t key[LIMIT_KEY_BYTES], struct slice reference, uint8_t slot)
{
	key[0] = 0xff;
	key[1] = 'p';
	memcpy(key + 2, reference.data, reference.len);
	key[2 + reference.len] = slot;
	return reference.len + 3;
}

static size_t key_reference_count(uint8_t key[LIMIT_KEY_BYTES], struct slice reference)
{
	key[0] = 0xff;
	key[1] = 'h';
	memcpy(key + 2, reference.data, reference.len);
	return reference.len + 2;
}

/* Letters of one case and without what people leave out: only ASCII is changed, so that the key never
 * depends on a table of characters. */
size_t key_reference_model(uint8_t key[LIMIT_KEY_BYTES], struct slice model)
{
	size_t len = 2;
	key[0] = 0xff;
	key[1] = 'm';
	for (size_t i = 0; i < model.len && len < LIMIT_KEY_BYTES - 16; i++) {
		uint8_t c = model.data[i];
		if (c >= 'a' && c <= 'z')
			key[len++] = (uint8_t)(c - 'a' + 'A');
		else if (c >= 0x80 || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+')
			key[len++] = c;
	}
	return len > 2 ? len : 0;
}

static size_t key_promotion(uint8_t key[LIMIT_KEY_BYTES], struct slice id)
{
	key[0] = 0xff;
	key[1] = 's';
	memcpy(key + 2, id.data, id.len);
	return id.len + 2;
}

static enum ch_status reference_get(
	struct change *change, const uint8_t *key, size_t len, struct slice *out_value)
{
	*out_value = (struct slice){NULL, 0};
	enum ch_status status = change_get(change, TABLE_REFERENCE, slice_of(key, len), out_value);
	return status == CH_NOT_FOUND ? CH_OK : status;
}

/* How many past values a key has had. */
static enum ch_status reference_count(
	struct change *change, struct slice reference, uint32_t *out_count)
{
	uint8_t key[LIMIT_KEY_BYTES];
	struct slice value;
	enum ch_status status =
		reference_get(change, key, key_reference_count(key, reference), &value);
	if (status == CH_OK)
		*out_count = value.len == 4 ? load_le32(value.data) : 0;
	return status;
}

/* ---- A value is published ---- */

/* Whether the value published now begins no run of its own: it equals the newest, and that one equals the
 * one before it. */
static bool reference_runs_on(struct ruling *ruling, struct slice reference, struct slice newest)
{
	uint8_t key[LIMIT_KEY_BYTES];
	uint32_t count = 0;
	struct slice past = {NULL, 0};
	if (!slice_equal(slice_sub(newest, VALUE_HEAD, newest.len), ruling->envelope.data))
		return false;
	enum ch_status status = reference_count(ruling->change, reference, &count);
	if (status == CH_OK && count > 0)
		status = reference_get(ruling->change, key,
			key_reference_past(
				key, reference, (uint8_t)((count - 1) % LIMIT_REFERENCE_PAST)),
			&past);
	if (status != CH_OK)
		ruling->status = status;
	return past.len >= VALUE_HEAD &&
	       slice_equal(slice_sub(past, VALUE_HEAD, past.len), ruling->envelope.data);
}

static void promotion_published(struct ruling *ruling);

static void reference_publish(struct ruling *ruling, struct slice reference)
{
	struct slice newest;
	bool has_past = ruling->type->id != TYPE_STOCK && reference.len <= LIMIT_KEY_BYTES - 32;
	enum ch_status status =
		reference_get(ruling->change, reference.data, reference.len, &newest);
	if (status != CH_OK) {
		ruling->status = status;
		return;
	}
	if (newest.len >= VALUE_HEAD && (int64_t)load_le64(newest.data) > ruling->occurred_us) {
		if (has_past)
			ruling_effect(ruling, &(struct effect){.op = EFFECT_REFERENCE_PAST,
						      .id = reference,
						      .number = (uint64_t)ruling->occurred_us,
						      .value = ruling->envelope.data});
		return;
	}
	if (has_past && newest.len >= VALUE_HEAD && !reference_runs_on(ruling, reference, newest))
		ruling_effect(
			ruling, &(struct effect){.op = EFFECT_REFERENCE_PAST, .id = reference});
	ruling_effect(ruling, &(struct effect){.op = EFFECT_REFERENCE,
				      .id = reference,
				      .number = (uint64_t)ruling->occurred_us,
				      .value = ruling->envelope.data});
	if (ruling->type->id == TYPE_PROMOTION)
		promotion_published(ruling);
}

void reference_apply(struct ruling *ruling)
{
	struct buffer key = {0};
	uint8_t head[2] = {(uint8_t)(ruling->type->id >> 8), (uint8_t)ruling->type->id};
	buffer_append(&key, head, sizeof(head));
	for (uint8_t i = 0; i < ruling->rules->subject_count; i++) {
		struct slice part = path_bytes(&ruling->rules->subject[i], &ruling->parts);
		buffer_append_byte(&key, '/');
		buffer_append_slice(&key, part);
	}
	if (key.status != CH_OK)
		ruling->status = CH_NOMEM;
	else if (key.len <= LIMIT_KEY_BYTES - 16 &&
		 ruling->envelope.data.len <= LIMIT_VALUE_BYTES - VALUE_HEAD)
		reference_publish(ruling, buffer_slice(&key));
	/* What is larger than a value may be is an event and no more. */
	buffer_fini(&key);
}

/* ---- Promotions ---- */

struct promotion {
	struct slice id;
	struct slice message;
	int64_t start_us; /* 0: from when it was published */
	int64_t end_us;   /* 0: until it is taken out      */
	bool retired;
	bool runs; /* as was said last */
};

static void promotion_read(struct slice message, struct promotion *out_promotion)
{
	struct promotion promotion = {.message = message};
	uint64_t value = 0;
	(void)pbedit_get_bytes(message, PROMOTION_ID, &promotion.id);
	if (pbedit_get_uint(message, PROMOTION_START, &value))
		promotion.start_us = (int64_t)value;
	if (pbedit_get_uint(message, PROMOTION_END, &value))
		promotion.end_us = (int64_t)value;
	if (pbedit_get_uint(message, PROMOTION_RETIRED, &value))
		promotion.retired = value == ANSWER_YES;
	*out_promotion = promotion;
}

/* One that ends before it begins never runs. */
static bool promotion_is_on(const struct promotion *promotion, int64_t now_us)
{
	return !promotion->retired && promotion->start_us <= now_us &&
	       (promotion->end_us == 0 || now_us < promotion->end_us);
}

/* When the clock has to look at it again; 0: never. */
static int64_t promotion_next_us(const struct promotion *promotion, int64_t now_us)
{
	bool never = promotion->end_us != 0 && promotion->end_us <= promotion->start_us;
	if (promotion->retired || never)
		return 0;
	if (promotion->start_us > now_us)
		return promotion->start_us;
	return promotion->end_us > now_us ? promotion->end_us : 0;
}

/* ReferencePromotionStarted and ...Ended have the same fields. */
static void promotion_say(
	struct ruling *ruling, const struct promotion *promotion, bool starts, const char *reason)
{
	struct buffer data = {0};
	struct pb_reader reader = pb_read(promotion->message);
	struct pb_field field;
	int64_t due_us = starts ? promotion->start_us : promotion->end_us;
	int64_t late_us = ruling->input->arrival_us - due_us;
	struct slice title = {NULL, 0};
	(void)pbedit_get_bytes(promotion->message, PROMOTION_TITLE, &title);
	pb_put_bytes(&data, 1, promotion->id);
	pb_put_bytes(&data, 2, title);
	pb_put_int(&data, 3, promotion->start_us);
	pb_put_int(&data, 4, promotion->end_us);
	for (uint32_t number = PROMOTION_PRODUCTS; number <= PROMOTION_LEVELS; number++) {
		reader = pb_read(promotion->message);
		while (pb_next(&reader, &field)) {
			if (field.number == number && field.wire == PB_LEN)
				pb_put_element(&data, number - 1, field.bytes);
		}
	}
	pb_put_text(&data, 8, reason);
	if (due_us > 0 && late_us > 0)
		pb_put_int(&data, 9, late_us / 1000);
	ruling_put_cause(ruling, &data, 10);
	if (data.status != CH_OK)
		ruling->status = data.status;
	ruling_derive(ruling, starts ? "reference.promotion.started" : "reference.promotion.ended",
		false, promotion->id, buffer_slice(&data), (struct slice){NULL, 0});
	buffer_fini(&data);
}

static void promotion_switch(
	struct ruling *ruling, struct promotion *promotion, bool starts, const char *reason)
{
	promotion->runs = starts;
	ruling_effect(ruling,
		&(struct effect){.op = EFFECT_PROMOTION, .id = promotion->id, .field = starts});
	promotion_say(ruling, promotion, starts, reason);
}

static void promotion_watch(
	struct ruling *ruling, const struct promotion *promotion, int64_t next_us)
{
	uint8_t id[sizeof(WATCH_PROMOTION) + LIMIT_ID_BYTES];
	size_t head = sizeof(WATCH_PROMOTION) - 1;
	memcpy(id, WATCH_PROMOTION, head);
	memcpy(id + head, promotion->id.data, promotion->id.len);
	struct slice watched = slice_of(id, head + promotion->id.len);
	if (next_us != 0 || table_get(&ruling->core->due_by_id, watched) != NULL)
		ruling_watch(ruling, watched, next_us);
}

static bool promotion_load(struct ruling *ruling, struct slice message, struct promotion *out)
{
	uint8_t key[LIMIT_KEY_BYTES];
	struct slice row;
	promotion_read(message, out);
	if (out->id.len == 0 || out->id.len > LIMIT_ID_BYTES)
		return false;
	enum ch_status status =
		reference_get(ruling->change, key, key_promotion(key, out->id), &row);
	if (status != CH_OK)
		ruling->status = status;
	out->runs = row.len > 0;
	return status == CH_OK;
}

static void promotion_published(struct ruling *ruling)
{
	struct promotion promotion;
	int64_t now_us = ruling->input->arrival_us;
	if (!promotion_load(ruling, ruling->envelope.data, &promotion))
		return;
	bool on = promotion_is_on(&promotion, now_us);
	if (on != promotion.runs)
		promotion_switch(
			ruling, &promotion, on, promotion.retired ? "retired" : "published");
	promotion_watch(ruling, &promotion, promotion_next_us(&promotion, now_us));
}

void reference_due(struct ruling *ruling, struct slice id)
{
	uint8_t key[LIMIT_KEY_BYTES] = {TYPE_PROMOTION >> 8, TYPE_PROMOTION & 0xff, '/'};
	struct slice name = slice_sub(id, sizeof(WATCH_PROMOTION) - 1, id.len);
	struct slice value = {NULL, 0};
	struct promotion promotion;
	int64_t now_us = ruling->input->arrival_us;
	if (name.len == 0 || name.len > LIMIT_ID_BYTES) {
		ruling->status = CH_CORRUPT;
		return;
	}
	memcpy(key + 3, name.data, name.len);
	enum ch_status status = reference_get(ruling->change, key, name.len + 3, &value);
	if (status == CH_OK && value.len < VALUE_HEAD)
		status = CH_CORRUPT; /* it was published, or nobody would wait for it */
	if (status != CH_OK) {
		ruling->status = status;
		return;
	}
	if (!promotion_load(ruling, slice_sub(value, VALUE_HEAD, value.len), &promotion)) {
		ruling_watch(ruling, id, 0);
		return;
	}
	bool on = promotion_is_on(&promotion, now_us);
	/* It came and went while nobody looked: both are said, for whoever counts. */
	if (!on && !promotion.runs)
		promotion_say(ruling, &promotion, true, "schedule");
	if (!on && !promotion.runs)
		promotion_say(ruling, &promotion, false, "schedule");
	if (on != promotion.runs)
		promotion_switch(ruling, &promotion, on, "schedule");
	ruling_watch(ruling, id, promotion_next_us(&promotion, now_us));
}

/* ---- The fold ---- */

static enum ch_status reference_fold_past(
	struct core *core, struct change *change, const struct effect *effect, uint64_t sequence)
{
	uint8_t key[LIMIT_KEY_BYTES];
	uint8_t head[VALUE_HEAD];
	struct slice newest = {NULL, 0};
	uint32_t count = 0;
	buffer_clear(&core->scratch);
	if (effect->number != 0) {
		store_le64(head, effect->number);
		store_le64(head + 8, sequence);
		buffer_append(&core->scratch, head, sizeof(head));
		buffer_append_slice(&core->scratch, effect->value);
	} else {
		enum ch_status status =
			reference_get(change, effect->id.data, effect->id.len, &newest);
		if (status != CH_OK)
			return status;
		if (newest.len < VALUE_HEAD)
			return CH_CORRUPT; /* there was one when it was decided */
		buffer_append_slice(&core->scratch, newest);
	}
	enum ch_status status = reference_count(change, effect->id, &count);
	if (status != CH_OK)
		return status;
	uint8_t slot = (uint8_t)(count % LIMIT_REFERENCE_PAST);
	change_put(change, TABLE_REFERENCE,
		slice_of(key, key_reference_past(key, effect->id, slot)),
		buffer_slice(&core->scratch));
	store_le32(head, count + 1);
	change_put(change, TABLE_REFERENCE, slice_of(key, key_reference_count(key, effect->id)),
		slice_of(head, 4));
	return core->scratch.status;
}

static enum ch_status reference_fold_newest(
	struct core *core, struct change *change, const struct effect *effect, uint64_t sequence)
{
	uint8_t head[VALUE_HEAD];
	struct slice before = {NULL, 0};
	store_le64(head, effect->number);
	store_le64(head + 8, sequence);
	buffer_clear(&core->scratch);
	buffer_append(&core->scratch, head, sizeof(head));
	buffer_append_slice(&core->scratch, effect->value);
	if (effect->id.len > 2 && effect->id.data[0] == TYPE_PRODUCT >> 8 &&
		effect->id.data[1] == (TYPE_PRODUCT & 0xff)) {
		enum ch_status status =
			reference_get(change, effect->id.data, effect->id.len, &before);
		if (status == CH_OK)
			status = reference_fold_model(
				change, slice_sub(before, VALUE_HEAD, before.len), effect->value);
		if (status != CH_OK)
			return status;
	}
	change_put(change, TABLE_REFERENCE, effect->id, buffer_slice(&core->scratch));
	return core->scratch.status;
}

/* A sorted list of ids, each behind its length: without `id`, or with it when there is room. */
static void id_list_edit(
	struct slice old, struct slice id, bool with, uint32_t room, struct buffer *out)
{
	uint8_t head[2];
	uint32_t count = 0;
	bool placed = !with;
	store_le16(head, (uint16_t)id.len);
	for (size_t at = 0; at + 2 <= old.len;) {
		struct slice whole = slice_sub(old, at, 2 + (size_t)load_le16(old.data + at));
		int order = slice_compare(slice_sub(whole, 2, whole.len), id);
		if (!placed && order >= 0 && count < room) {
			buffer_append(out, head, sizeof(head));
			buffer_append_slice(out, id);
			placed = true;
			count++;
		}
		if (order != 0 && count < room) {
			buffer_append_slice(out, whole);
			count++;
		}
		at += whole.len;
	}
	if (!placed && count < room) {
		buffer_append(out, head, sizeof(head));
		buffer_append_slice(out, id);
	}
}

static enum ch_status id_list_fold(
	struct change *change, struct slice key, struct slice id, bool with, uint32_t room)
{
	struct buffer list = {0};
	struct slice old;
	enum ch_status status = reference_get(change, key.data, key.len, &old);
	if (status != CH_OK || id.len == 0 || id.len > LIMIT_ID_BYTES)
		return status;
	id_list_edit(old, id, with, room, &list);
	if (list.len > 0)
		change_put(change, TABLE_REFERENCE, key, buffer_slice(&list));
	else if (old.len > 0)
		change_delete(change, TABLE_REFERENCE, key);
	status = list.status;
	buffer_fini(&list);
	return status;
}

/* What follows from the newest values alone: which products have the model. */
enum ch_status reference_fold_model(struct change *change, struct slice before, struct slice after)
{
	uint8_t key[LIMIT_KEY_BYTES];
	enum ch_status status = CH_OK;
	const struct slice sides[2] = {before, after};
	for (int i = 0; i < 2 && status == CH_OK; i++) {
		struct slice id = {NULL, 0};
		struct slice model = {NULL, 0};
		uint64_t retired = 0;
		(void)pbedit_get_bytes(sides[i], PRODUCT_ID, &id);
		(void)pbedit_get_bytes(sides[i], PRODUCT_MODEL, &model);
		(void)pbedit_get_uint(sides[i], PRODUCT_RETIRED, &retired);
		size_t len = key_reference_model(key, model);
		if (len > 0)
			status = id_list_fold(change, slice_of(key, len), id,
				i == 1 && retired != ANSWER_YES, LIMIT_MODEL_PRODUCTS);
	}
	return status;
}

static enum ch_status reference_fold_promotion(struct change *change, const struct effect *effect)
{
	static const uint8_t one = 1;
	uint8_t key[LIMIT_KEY_BYTES];
	if (effect->id.len == 0 || effect->id.len > LIMIT_ID_BYTES)
		return CH_CORRUPT;
	struct slice at = slice_of(key, key_promotion(key, effect->id));
	if (effect->field != 0)
		change_put(change, TABLE_REFERENCE, at, slice_of(&one, 1));
	else
		change_delete(change, TABLE_REFERENCE, at);
	return id_list_fold(
		change, KEY_PROMOTIONS, effect->id, effect->field != 0, LIMIT_PROMOTIONS_LISTED);
}

enum ch_status reference_fold(
	struct core *core, struct change *change, const struct effect *effect, uint64_t sequence)
{
	if (effect->op == EFFECT_PROMOTION)
		return reference_fold_promotion(change, effect);
	if (effect->id.len == 0 || effect->id.len > LIMIT_KEY_BYTES - 16)
		return CH_CORRUPT;
	if (effect->op == EFFECT_REFERENCE)
		return reference_fold_newest(core, change, effect, sequence);
	return reference_fold_past(core, change, effect, sequence);
}

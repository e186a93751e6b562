/* The fold: an entry's effects become changes of the state.
 *
 * It knows nothing but the entry: no rule, no input, no clock.  So the same journal gives the same
 * records for ever.  One row an effect; a row that is not known stops the fold, for a journal written
 * by a later version must not be read by half. */
#include "base/bytes.h"
#include "core/activity.h"
#include "core/core.h"
#include "core/customer_number.h"
#include "wire/pbedit.h"

#define META_NEXT_SERIAL SLICE_LITERAL("next_customer_serial")
#define META_SETTINGS    "setting."
#define META_FOLD        SLICE_LITERAL("fold")

/* Rises when the fold makes more of the same entries.  A state of an earlier one is made anew from the journal;
 * where that has lost its beginning, core_upgrade gives it what follows from its records.  Fold 1 left no mark;
 * fold 2 has the indexes of open cases and of models; in fold 3 records and promises name the entry that last
 * changed them, which no record tells: there they do from their next change on. */
#define FOLD_VERSION 3u
#define FOLD_INDEXES 2u

/* What a fold of one effect is given. */
struct folding {
	struct core *core;
	struct change *change;
	const struct entry *entry;
	uint64_t sequence;
	int64_t arrival_us;
};

static void fold_next_serial(struct core *core, struct change *change, uint64_t serial)
{
	uint8_t value[8];
	core->next_serial = serial;
	store_le64(value, serial);
	change_put(change, TABLE_META, META_NEXT_SERIAL, slice_of(value, sizeof(value)));
}

static enum ch_status fold_customer_new(const struct folding *f, const struct effect *effect)
{
	if (!customer_number_is_valid(effect->number))
		return CH_CORRUPT;
	fold_next_serial(f->core, f->change, effect->number / 100 + 1);
	return CH_OK;
}

static enum ch_status fold_value(const struct folding *f, const struct effect *effect)
{
	return golden_fold(f->core, f->change, effect, f->sequence, f->arrival_us, f->entry);
}

static enum ch_status fold_key(const struct folding *f, const struct effect *effect)
{
	return keys_fold(f->core, f->change, effect);
}

static enum ch_status fold_record(const struct folding *f, const struct effect *effect)
{
	return linked_fold(f->core, f->change, effect, f->sequence);
}

static enum ch_status fold_deadline(const struct folding *f, const struct effect *effect)
{
	return deadline_fold(f->core, f->change, effect, f->sequence);
}

static enum ch_status fold_watch(const struct folding *f, const struct effect *effect)
{
	return watch_fold(f->core, f->change, effect);
}

static enum ch_status fold_reference(const struct folding *f, const struct effect *effect)
{
	return reference_fold(f->core, f->change, effect, f->sequence);
}

/* Under sequence and index: customer(8) other(8) reason(1) state(1) time(8); and the pair, so that it
 * is asked about once. */
static enum ch_status fold_review(const struct folding *f, const struct effect *effect)
{
	uint8_t key[10];
	uint8_t pair[17];
	uint8_t value[26];
	if (effect->sub.len != 8)
		return CH_CORRUPT;
	uint64_t other = load_le64(effect->sub.data);
	store_be64(key, f->sequence);
	key[8] = (uint8_t)(effect->field >> 8);
	key[9] = (uint8_t)effect->field;
	store_le64(value, effect->number);
	store_le64(value + 8, other);
	value[16] = effect->kind;
	value[17] = 1; /* open */
	store_le64(value + 18, (uint64_t)f->arrival_us);
	change_put(f->change, TABLE_REVIEW, slice_of(key, sizeof(key)),
		slice_of(value, sizeof(value)));
	store_be64(pair, effect->number < other ? effect->number : other);
	store_be64(pair + 8, effect->number < other ? other : effect->number);
	pair[16] = 'p';
	change_put(
		f->change, TABLE_REVIEW, slice_of(pair, sizeof(pair)), slice_of(key, sizeof(key)));
	f->core->reviews++;
	return CH_OK;
}

static enum ch_status fold_source(const struct folding *f, const struct effect *effect)
{
	return sources_fold(f->core, f->change, effect);
}

/* sequence(8) checkpoint. */
static enum ch_status fold_checkpoint(const struct folding *f, const struct effect *effect)
{
	uint8_t head[8];
	store_le64(head, f->sequence);
	buffer_clear(&f->core->scratch);
	buffer_append(&f->core->scratch, head, sizeof(head));
	buffer_append_slice(&f->core->scratch, effect->value);
	change_put(f->change, TABLE_CHECKPOINT, effect->id, buffer_slice(&f->core->scratch));
	return f->core->scratch.status;
}

static enum ch_status fold_accepted(struct core *core, struct slice value)
{
	if (value.len != 8)
		return CH_CORRUPT;
	core->accepted_us = (int64_t)load_le64(value.data);
	return CH_OK;
}

static enum ch_status fold_setting(const struct folding *f, const struct effect *effect)
{
	uint32_t line;
	struct buffer key = {0};
	buffer_append_text(&key, META_SETTINGS);
	buffer_append_slice(&key, effect->id);
	change_put(f->change, TABLE_META, buffer_slice(&key), effect->value);
	enum ch_status status = key.status;
	buffer_fini(&key);
	if (status == CH_OK && slice_equal(effect->id, SLICE_LITERAL(SETTING_RULES)))
		status = settings_parse(&f->core->settings, effect->value, &line);
	else if (status == CH_OK && slice_equal(effect->id, SLICE_LITERAL(SETTING_CLOCK)))
		status = fold_accepted(f->core, effect->value);
	return status == CH_INVALID ? CH_CORRUPT : status;
}

/* Of a value in quarantine. */
static bool fold_is_open(struct slice value)
{
	return value.len > 0 && value.data[0] == 1;
}

/* state(1) ... : see fold_set_aside; the corrected input has taken its place. */
static enum ch_status fold_released(const struct folding *f, const struct effect *effect)
{
	uint8_t key[9];
	struct slice old;
	struct slice at = slice_of(key, key_quarantine(key, effect->number));
	enum ch_status status = change_get(f->change, TABLE_QUARANTINE, at, &old);
	if (status == CH_NOT_FOUND)
		return CH_OK;
	if (status != CH_OK)
		return status;
	if (fold_is_open(old))
		f->core->quarantined--;
	buffer_clear(&f->core->scratch);
	buffer_append_slice(&f->core->scratch, old);
	if (old.len > 0 && f->core->scratch.status == CH_OK)
		f->core->scratch.data[0] = effect->field == 0 ? 2 : (uint8_t)effect->field;
	change_put(f->change, TABLE_QUARANTINE, at, buffer_slice(&f->core->scratch));
	return f->core->scratch.status;
}

static enum ch_status (*const rows[])(const struct folding *f, const struct effect *effect) = {
	[EFFECT_CUSTOMER_NEW] = fold_customer_new,
	[EFFECT_VALUE] = fold_value,
	[EFFECT_VALUE_DROP] = fold_value,
	[EFFECT_KEY] = fold_key,
	[EFFECT_KEY_DROP] = fold_key,
	[EFFECT_KEY_BLOCK] = fold_key,
	[EFFECT_RECORD_SET] = fold_record,
	[EFFECT_RECORD_ADD] = fold_record,
	[EFFECT_LINK] = fold_record,
	[EFFECT_DEADLINE] = fold_deadline,
	[EFFECT_REFERENCE] = fold_reference,
	[EFFECT_REVIEW] = fold_review,
	[EFFECT_SOURCE] = fold_source,
	[EFFECT_CHECKPOINT] = fold_checkpoint,
	[EFFECT_SETTING] = fold_setting,
	[EFFECT_RELEASED] = fold_released,
	[EFFECT_WATCH] = fold_watch,
	[EFFECT_REFERENCE_PAST] = fold_reference,
	[EFFECT_PROMOTION] = fold_reference,
};

/* ---- What every entry implies ---- */

/* number: totals and the newest lines; number sequence: a full page of older ones. */
static enum ch_status fold_filed(const struct folding *f)
{
	uint8_t key[16];
	uint8_t value[ACTIVITY_BYTES_MAX];
	struct slice old = {NULL, 0};
	struct slice page;
	struct activity_line line = {
		.sequence = f->sequence,
		.type = f->entry->type,
		.source_code = f->entry->source_code,
		.occurred_us = f->entry->occurred_us,
		.arrival_us = f->arrival_us,
	};
	struct slice at = slice_of(key, key_activity(key, f->entry->customer));
	enum ch_status status = change_get(f->change, TABLE_ACTIVITY, at, &old);
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	size_t len = activity_append(old, &line, value, &page);
	if (len == 0)
		return CH_CORRUPT;
	if (page.len > 0) {
		struct activity_line newest = line;
		struct activity_walk walk = activity_walk(page);
		if (!activity_next(&walk, &newest))
			return CH_CORRUPT;
		store_be64(key + at.len, newest.sequence);
		change_put(f->change, TABLE_TIMELINE, slice_of(key, sizeof(key)), page);
	}
	change_put(f->change, TABLE_ACTIVITY, at, slice_of(value, len));
	return CH_OK;
}

/* 's' sequence: state(1: 1 open, 2 released, 3 discarded) outcome(1) reason(1) type(2) arrival(8)
 * refers to(8) field; and 'f' fingerprint digest -> sequence. */
static enum ch_status fold_set_aside(const struct folding *f)
{
	const struct entry *entry = f->entry;
	uint8_t key[9];
	uint8_t again[25];
	uint8_t head[21];
	uint8_t sequence[8];
	head[0] = 1;
	head[1] = entry->outcome;
	head[2] = entry->reason;
	store_le16(head + 3, entry->type);
	store_le64(head + 5, (uint64_t)f->arrival_us);
	store_le64(head + 13, entry->refers_to);
	buffer_clear(&f->core->scratch);
	buffer_append(&f->core->scratch, head, sizeof(head));
	buffer_append_slice(&f->core->scratch, entry->detail);
	change_put(f->change, TABLE_QUARANTINE, slice_of(key, key_quarantine(key, f->sequence)),
		buffer_slice(&f->core->scratch));
	again[0] = 'f';
	memcpy(again + 1, entry->fingerprint, ENTRY_FINGERPRINT_BYTES);
	memcpy(again + 17, entry->digest, ENTRY_DIGEST_BYTES);
	f->core->quarantined++;
	store_le64(sequence, f->sequence);
	change_put(f->change, TABLE_QUARANTINE, slice_of(again, sizeof(again)),
		slice_of(sequence, sizeof(sequence)));
	return f->core->scratch.status;
}

static void fold_taken(const struct folding *f)
{
	struct inbox_item item = {.sequence = f->sequence};
	memcpy(item.digest, f->entry->digest, sizeof(item.digest));
	change_inbox_put(f->change, f->entry->fingerprint, &item);
}

static void fold_mark(struct core *core, struct change *change)
{
	uint8_t version[4];
	store_le32(version, FOLD_VERSION);
	change_put(change, TABLE_META, META_FOLD, slice_of(version, sizeof(version)));
	core->fold = FOLD_VERSION;
}

enum ch_status core_fold(struct core *core, struct change *change, uint64_t sequence,
	int64_t arrival_us, const struct entry *entry)
{
	struct folding f = {core, change, entry, sequence, arrival_us};
	struct effects_reader reader = effects_read(entry->effects, entry->effects_personal);
	struct effect effect;
	enum ch_status status = CH_OK;
	if (core->fold == 0)
		fold_mark(core, change);
	while (status == CH_OK && effects_next(&reader, &effect)) {
		if ((size_t)effect.op >= sizeof(rows) / sizeof(rows[0]) || rows[effect.op] == NULL)
			return CH_VERSION;
		status = rows[effect.op](&f, &effect);
	}
	if (status == CH_OK && reader.status != CH_OK)
		status = CH_CORRUPT;
	if (status == CH_OK)
		status = sources_fold_lost(core, change, entry->source_code);
	if (status == CH_OK && entry->customer != 0)
		status = fold_filed(&f);
	if (status == CH_OK && entry->outcome != ENTRY_ACCEPTED)
		status = fold_set_aside(&f);
	if (status == CH_OK && entry->outcome == ENTRY_ACCEPTED &&
		(entry->kind == ENTRY_INPUT || entry->kind == ENTRY_OPERATOR))
		fold_taken(&f);
	return status == CH_OK ? change_status(change) : status;
}

/* An entry takes at most one new number into use.  A later one that does sets the count right again. */
enum ch_status core_fold_lost(struct core *core, struct change *change, uint64_t count)
{
	fold_next_serial(core, change, core->next_serial + count);
	return change_status(change);
}

/* ---- Taking up the state at start ---- */

static bool fold_count_quarantine(void *context, struct slice key, struct slice value)
{
	uint64_t *open = context;
	(void)key;
	*open += fold_is_open(value);
	return true;
}

/* Questions have keys of sequence and index; the pairs' keys are longer. */
static bool fold_count_review(void *context, struct slice key, struct slice value)
{
	uint64_t *open = context;
	*open += key.len == 10 && value.len == 26 && value.data[17] == 1;
	return true;
}

static enum ch_status fold_count_open(struct core *core, struct rtxn *rtxn)
{
	enum ch_status status = rtxn_scan(rtxn, TABLE_QUARANTINE, SLICE_LITERAL("s"),
		fold_count_quarantine, &core->quarantined);
	if (status == CH_OK)
		status = rtxn_scan(rtxn, TABLE_REVIEW, (struct slice){NULL, 0}, fold_count_review,
			&core->reviews);
	return status == CH_OK ? case_load(core, rtxn) : status;
}

enum ch_status core_load(struct core *core, struct rtxn *rtxn)
{
	struct slice value;
	uint32_t line;
	enum ch_status status = rtxn_get(rtxn, TABLE_META, META_NEXT_SERIAL, &value);
	if (status == CH_OK && value.len == 8)
		core->next_serial = load_le64(value.data);
	else if (status == CH_OK)
		return CH_CORRUPT;
	else if (status != CH_NOT_FOUND)
		return status;
	status = rtxn_get(rtxn, TABLE_META, SLICE_LITERAL(META_SETTINGS SETTING_RULES), &value);
	if (status == CH_OK)
		status = settings_parse(&core->settings, value, &line);
	if (status == CH_INVALID)
		return CH_CORRUPT;
	if (status == CH_OK || status == CH_NOT_FOUND)
		status = rtxn_get(
			rtxn, TABLE_META, SLICE_LITERAL(META_SETTINGS SETTING_CLOCK), &value);
	if (status == CH_OK)
		status = fold_accepted(core, value);
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	status = fold_count_open(core, rtxn);
	if (status == CH_OK)
		status = rtxn_get(rtxn, TABLE_META, META_FOLD, &value);
	if (status == CH_OK && (value.len != 4 || load_le32(value.data) > FOLD_VERSION))
		return value.len != 4 ? CH_CORRUPT : CH_VERSION;
	core->fold = status == CH_OK ? load_le32(value.data) : rtxn_sequence(rtxn) > 0;
	if (status == CH_OK || status == CH_NOT_FOUND)
		status = sources_load(core, rtxn);
	return status == CH_OK ? watch_load(core, rtxn) : status;
}

/* ---- A state that an earlier fold has made ---- */

/* Keys and values by turns, each behind its length: a view and a change may not be open together. */
struct upgrade {
	struct buffer rows;
	enum store_table table;
};

static void upgrade_note(struct buffer *out, struct slice bytes)
{
	uint8_t len[4];
	store_le32(len, (uint32_t)bytes.len);
	buffer_append(out, len, sizeof(len));
	buffer_append_slice(out, bytes);
}

static struct slice upgrade_next(const struct buffer *stored, size_t *at)
{
	uint32_t len = load_le32(stored->data + *at);
	struct slice bytes = slice_of(stored->data + *at + 4, len);
	*at += 4 + (size_t)len;
	return bytes;
}

/* Of cases the open ones, of reference data the products. */
static bool upgrade_visit(void *context, struct slice key, struct slice value)
{
	struct upgrade *upgrade = context;
	uint64_t state = 0;
	if (upgrade->table == TABLE_CASE) {
		(void)pbedit_get_uint(value, 5, &state);
		if (state == 4)
			return true;
	} else {
		value = slice_sub(value, 16, value.len);
	}
	upgrade_note(&upgrade->rows, key);
	upgrade_note(&upgrade->rows, value);
	return upgrade->rows.status == CH_OK;
}

static enum ch_status upgrade_table(
	struct core *core, struct state *state, enum store_table table, struct slice prefix)
{
	struct upgrade upgrade = {.table = table};
	struct rtxn *rtxn = NULL;
	size_t at = 0;
	enum ch_status status = rtxn_begin(state, &rtxn);
	if (status != CH_OK)
		return status;
	uint64_t sequence = rtxn_sequence(rtxn);
	status = rtxn_scan(rtxn, table, prefix, upgrade_visit, &upgrade);
	rtxn_end(rtxn);
	if (status == CH_OK)
		status = upgrade.rows.status;
	struct change *change = status == CH_OK ? state_begin(state) : NULL;
	while (change != NULL && at < upgrade.rows.len) {
		struct slice key = upgrade_next(&upgrade.rows, &at);
		struct slice value = upgrade_next(&upgrade.rows, &at);
		if (table == TABLE_CASE)
			case_fold_index(core, change, key, (struct slice){NULL, 0}, value);
		else if (status == CH_OK)
			status = reference_fold_model(change, (struct slice){NULL, 0}, value);
	}
	if (change != NULL && status == CH_OK)
		status = change_publish(change, sequence);
	else
		change_abort(change); /* NULL is fine */
	buffer_fini(&upgrade.rows);
	return status;
}

static enum ch_status upgrade_mark(struct core *core, struct state *state)
{
	struct rtxn *rtxn = NULL;
	enum ch_status status = rtxn_begin(state, &rtxn);
	if (status != CH_OK)
		return status;
	uint64_t sequence = rtxn_sequence(rtxn);
	rtxn_end(rtxn);
	struct change *change = state_begin(state);
	if (change == NULL)
		return CH_NOMEM;
	fold_mark(core, change);
	return change_publish(change, sequence);
}

enum ch_status core_upgrade(struct core *core, struct state *state)
{
	const uint8_t products[3] = {600 >> 8, 600 & 0xff, '/'};
	enum ch_status status = CH_OK;
	if (core->fold == FOLD_VERSION)
		return CH_OK;
	if (core->fold < FOLD_INDEXES)
		status = upgrade_table(core, state, TABLE_CASE, (struct slice){NULL, 0});
	if (status == CH_OK && core->fold < FOLD_INDEXES)
		status = upgrade_table(
			core, state, TABLE_REFERENCE, slice_of(products, sizeof(products)));
	return status == CH_OK ? upgrade_mark(core, state) : status;
}

enum ch_status core_check_fold(struct state *state)
{
	struct rtxn *rtxn = NULL;
	struct slice value;
	if (state_applied(state) == 0)
		return CH_OK;
	enum ch_status status = rtxn_begin(state, &rtxn);
	if (status == CH_OK)
		status = rtxn_get(rtxn, TABLE_META, META_FOLD, &value);
	if (status == CH_NOT_FOUND ||
		(status == CH_OK && value.len == 4 && load_le32(value.data) < FOLD_VERSION))
		status = CH_VERSION;
	rtxn_end(rtxn);
	return status;
}

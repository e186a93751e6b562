/* Linked records: product units, orders, repair orders, cases, entitlements, appointments.
 *
 * A record is one message of customer.proto.  What each event type does to which record is a row in
 * rules.c; here is how a row is carried out.  Events come late and out of order, so a state moves only
 * for an event that happened at or after the one that set it. */
#include "core/core.h"
#include "core/normalize.h"
#include "wire/pbedit.h"

/* Fields that every kind of record has, by its own numbers in customer.proto; nobody owns an order between
 * firms.  `unit` is the key of the unit that the record is about. */
static const struct {
	bool linked;
	uint32_t customer;
	uint32_t state;
	uint32_t unit;
	uint32_t changed; /* the entry that last changed it: the fold's own */
} fields[TABLE_COUNT] = {
	[TABLE_UNIT] = {.linked = true, .customer = 3, .changed = 12},
	[TABLE_ORDER] = {.linked = true, .customer = 4, .state = 5, .changed = 14},
	[TABLE_REPAIR] = {.linked = true, .customer = 3, .state = 6, .unit = 4, .changed = 27},
	[TABLE_CASE] = {.linked = true, .customer = 3, .state = 5, .changed = 18},
	[TABLE_ENTITLEMENT] = {.linked = true, .customer = 3, .unit = 4, .changed = 11},
	[TABLE_APPOINTMENT] = {.linked = true, .customer = 3, .state = 4, .changed = 12},
	[TABLE_SUPPLY] = {.linked = true},
};

enum {
	RECORD_ID = 1,
	RECORD_STATE_TIME = 98,
	ENTITLEMENT_KIND = 2,
	UNIT_REF = 2,
	UNIT_WARRANTY = 5,
	UNIT_WARRANTY_START = 6,
	UNIT_WARRANTY_END = 7,
	UNIT_REPAIRS = 10,
};

/* Of website.warranty.registered, and what a unit then is. */
enum {
	WARRANTY_REGISTERED = 1,
	REGISTERED_START = 5,
	REGISTERED_END = 6,
};

struct slice linked_get(struct ruling *ruling, enum store_table table, struct slice id)
{
	struct slice record = {NULL, 0};
	enum ch_status status = change_get(ruling->change, table, id, &record);
	if (status != CH_OK && status != CH_NOT_FOUND)
		ruling->status = status;
	return record;
}

struct slice linked_key(struct ruling *ruling, struct slice id)
{
	size_t scope_len = strlen(ruling->peer->scope);
	if (id.len > LIMIT_ID_BYTES)
		return (struct slice){NULL, 0};
	if (id.len == 0 || scope_len == 0)
		return id;
	uint8_t *p = arena_alloc(&ruling->core->arena, scope_len + 1 + id.len);
	if (p == NULL) {
		ruling->status = CH_NOMEM;
		return (struct slice){NULL, 0};
	}
	memcpy(p, ruling->peer->scope, scope_len);
	p[scope_len] = '/';
	memcpy(p + scope_len + 1, id.data, id.len);
	return slice_of(p, scope_len + 1 + id.len);
}

struct slice linked_id(struct ruling *ruling, const struct path *paths, uint8_t count)
{
	struct slice id = {NULL, 0};
	for (uint8_t i = 0; i < count && id.len == 0; i++)
		id = path_bytes(&paths[i], &ruling->parts);
	return linked_key(ruling, id);
}

/* The unit's key: its serial number, normalized; empty when it has none. */
static struct slice linked_unit_id(struct ruling *ruling)
{
	struct slice serial;
	struct slice code = {NULL, 0};
	if (ruling->rules->unit.count == 0 ||
		!pbedit_get_bytes(path_bytes(&ruling->rules->unit, &ruling->parts), 1, &serial))
		return code;
	enum ch_status status = normalize_code(&ruling->core->arena, serial, &code);
	if (status == CH_NOMEM)
		ruling->status = status;
	if (status != CH_OK || normalize_is_placeholder(code))
		return (struct slice){NULL, 0};
	return code;
}

static uint64_t linked_owner(struct ruling *ruling, enum store_table table, struct slice id)
{
	uint64_t number = 0;
	if (id.len > 0)
		(void)pbedit_get_uint(
			linked_get(ruling, table, id), fields[table].customer, &number);
	return number;
}

uint64_t linked_customer(struct ruling *ruling)
{
	for (uint8_t i = 0; i < ruling->rules->linked_count; i++) {
		const struct linked_rule *rule = &ruling->rules->linked[i];
		uint64_t number = linked_owner(
			ruling, rule->table, linked_id(ruling, rule->ids, rule->id_count));
		if (number != 0)
			return number;
	}
	return 0;
}

/* ---- Carrying out a row ---- */

/* Copies every occurrence of the last part of the path, under the record's number. */
static void linked_copy(
	const struct path *from, const struct message_parts *parts, uint32_t to, struct buffer *out)
{
	struct slice bytes = from->numbers[0] >= 100 ? parts->personal : parts->data;
	struct pb_field field;
	for (uint8_t i = 0; i + 1 < from->count; i++) {
		struct path step = {.numbers = {from->numbers[i]}, .count = 1};
		struct message_parts level = {bytes, bytes};
		if (!path_find(&step, &level, &field) || field.wire != PB_LEN)
			return;
		bytes = field.bytes;
	}
	struct pb_reader reader = pb_read(bytes);
	while (pb_next(&reader, &field)) {
		if (field.number != from->numbers[from->count - 1])
			continue;
		if (field.wire == PB_LEN)
			pb_put_bytes(out, to, field.bytes);
		else
			pb_put_uint(out, to, field.integer);
	}
}

/* Leaves out of `partial` what the record says already. */
static void linked_put_changed(
	struct slice record, uint32_t number, struct slice encoded, struct buffer *partial)
{
	if (encoded.len > 0 && !pbedit_same(record, number, encoded))
		buffer_append_slice(partial, encoded);
}

static void linked_put_uint(
	struct slice record, uint32_t number, uint64_t value, struct buffer *partial)
{
	uint64_t old;
	if (number != 0 && value != 0 && !(pbedit_get_uint(record, number, &old) && old == value))
		pb_put_uint(partial, number, value);
}

static void linked_put_bytes(
	struct slice record, uint32_t number, struct slice value, struct buffer *partial)
{
	struct slice old;
	if (value.len > 0 && !(pbedit_get_bytes(record, number, &old) && slice_equal(old, value)))
		pb_put_bytes(partial, number, value);
}

void record_put(struct slice record, uint32_t number, uint64_t value, struct buffer *partial)
{
	uint64_t old = 0;
	(void)pbedit_get_uint(record, number, &old); /* absent is 0 */
	if (old == value)
		return;
	pb_put_varint(partial, number << 3 | PB_VARINT);
	pb_put_varint(partial, value);
}

/* When it happened, as the first or as the last time of its kind, whatever the order of arrival. */
static void linked_put_time(const struct ruling *ruling, const struct linked_rule *rule,
	struct slice record, struct buffer *partial)
{
	uint64_t old = 0;
	bool known = rule->time_field != 0 && pbedit_get_uint(record, rule->time_field, &old) &&
		     old != 0;
	bool stands = known && (rule->time_first ? (int64_t)old <= ruling->occurred_us
						 : (int64_t)old >= ruling->occurred_us);
	if (!stands)
		linked_put_uint(record, rule->time_field, (uint64_t)ruling->occurred_us, partial);
}

static void linked_emit(struct ruling *ruling, enum store_table table, struct slice id,
	struct slice partial, bool personal)
{
	if (partial.len == 0)
		return;
	ruling_effect(ruling, &(struct effect){.op = EFFECT_RECORD_SET,
				      .kind = (uint8_t)table,
				      .flags = personal ? EFFECT_PERSONAL : 0,
				      .id = id,
				      .value = partial});
}

/* The record belongs to somebody once: a repair does not change hands when a neighbour asks about it. */
static void linked_link(struct ruling *ruling, enum store_table table, struct slice id)
{
	if (ruling->customer == 0 || linked_owner(ruling, table, id) != 0)
		return;
	ruling_effect(ruling, &(struct effect){.op = EFFECT_LINK,
				      .kind = (uint8_t)table,
				      .id = id,
				      .number = ruling->customer});
}

static void linked_rule_apply(struct ruling *ruling, const struct linked_rule *rule)
{
	struct buffer open = {0};
	struct buffer personal = {0};
	struct buffer copied = {0};
	struct pauses pauses;
	struct slice id = linked_id(ruling, rule->ids, rule->id_count);
	if (id.len == 0)
		return;
	struct slice record = linked_get(ruling, rule->table, id);
	if (record.len == 0)
		pb_put_bytes(&open, RECORD_ID, id);
	for (uint8_t i = 0; i < rule->copy_count; i++) {
		const struct linked_copy *copy = &rule->copies[i];
		buffer_clear(&copied);
		linked_copy(&copy->from, &ruling->parts, copy->to, &copied);
		linked_put_changed(record, copy->to, buffer_slice(&copied),
			copy->from.numbers[0] >= 100 ? &personal : &open);
	}
	linked_put_time(ruling, rule, record, &open);
	if (rule->count_field != 0) {
		uint64_t count = 0;
		(void)pbedit_get_uint(record, rule->count_field, &count);
		pb_put_uint(&open, rule->count_field, count + 1);
	}
	if (rule->table == TABLE_REPAIR && rule->act != ACT_NONE &&
		pauses_now(ruling, rule->act, record, &pauses))
		pauses_put(&pauses, record, &open);
	else if (rule->table == TABLE_CASE)
		case_apply(ruling, rule, record, &open);
	uint64_t state_time = 0;
	uint32_t state = rule->table == TABLE_CASE ? case_state(ruling, rule) : rule->state;
	(void)pbedit_get_uint(record, RECORD_STATE_TIME, &state_time);
	if (state != 0 && ruling->occurred_us >= (int64_t)state_time) {
		linked_put_uint(record, fields[rule->table].state, state, &open);
		linked_put_uint(record, RECORD_STATE_TIME, (uint64_t)ruling->occurred_us, &open);
	}
	if (fields[rule->table].unit != 0 && ruling->rules->unit.count > 0)
		linked_put_bytes(record, fields[rule->table].unit, linked_unit_id(ruling), &open);
	if (rule->table == TABLE_ENTITLEMENT) /* there are no others yet */
		linked_put_bytes(record, ENTITLEMENT_KIND, SLICE_LITERAL("warranty"), &open);
	if (open.status != CH_OK || personal.status != CH_OK || copied.status != CH_OK)
		ruling->status = CH_NOMEM;
	linked_emit(ruling, rule->table, id, buffer_slice(&open), false);
	linked_emit(ruling, rule->table, id, buffer_slice(&personal), true);
	linked_link(ruling, rule->table, id);
	buffer_fini(&open);
	buffer_fini(&personal);
	buffer_fini(&copied);
}

/* A day of the warranty; one that is not said stays only while the warranty `stands`. */
static void linked_put_day(
	struct slice record, uint32_t number, struct slice day, bool stands, struct buffer *partial)
{
	struct slice known = {NULL, 0};
	(void)pbedit_get_bytes(record, number, &known);
	if (!slice_equal(known, day) && (day.len > 0 || !stands))
		pb_put_element(partial, number, day);
}

/* What it was registered with.  A later registration holds, as a whole: it adds to the one before where its
 * owner speaks again of the same warranty.  Of the next owner's, or of one with another beginning, the former
 * days say nothing: an end that is not known is better than another's. */
static void linked_put_warranty(
	struct ruling *ruling, struct slice id, struct slice record, struct buffer *partial)
{
	struct slice known = {NULL, 0};
	struct slice start = {NULL, 0};
	struct slice end = {NULL, 0};
	(void)pbedit_get_bytes(record, UNIT_WARRANTY_START, &known);
	(void)pbedit_get_bytes(ruling->parts.data, REGISTERED_START, &start);
	(void)pbedit_get_bytes(ruling->parts.data, REGISTERED_END, &end);
	bool stands = linked_owner(ruling, TABLE_UNIT, id) == ruling->customer &&
		      (start.len == 0 || known.len == 0 || slice_equal(start, known));
	linked_put_uint(record, UNIT_WARRANTY, WARRANTY_REGISTERED, partial);
	linked_put_day(record, UNIT_WARRANTY_START, start, stands, partial);
	linked_put_day(record, UNIT_WARRANTY_END, end, stands, partial);
}

/* The repair that the event is about; empty: none. */
static struct slice linked_repair_id(struct ruling *ruling)
{
	struct slice id = {NULL, 0};
	for (uint8_t i = 0; i < ruling->rules->linked_count; i++) {
		const struct linked_rule *rule = &ruling->rules->linked[i];
		if (rule->table == TABLE_REPAIR)
			id = linked_id(ruling, rule->ids, rule->id_count);
	}
	return id;
}

/* The list as a whole, for an effect replaces a field: without the oldest, when it is full. */
static void linked_put_repair(struct ruling *ruling, struct slice record, struct buffer *partial)
{
	struct slice repair = linked_repair_id(ruling);
	struct pb_field field;
	uint32_t count = 0;
	bool known = repair.len == 0;
	for (struct pb_reader reader = pb_read(record); pb_next(&reader, &field);) {
		if (field.number != UNIT_REPAIRS || field.wire != PB_LEN)
			continue;
		known = known || slice_equal(field.bytes, repair);
		count++;
	}
	if (known)
		return;
	for (struct pb_reader reader = pb_read(record); pb_next(&reader, &field);) {
		if (field.number == UNIT_REPAIRS && field.wire == PB_LEN &&
			count-- < LIMIT_UNIT_REPAIRS)
			pb_put_bytes(partial, UNIT_REPAIRS, field.bytes);
	}
	pb_put_bytes(partial, UNIT_REPAIRS, repair);
}

/* A unit outlives its owner: the last one who bought or registered it has it. */
static void linked_unit_apply(struct ruling *ruling)
{
	struct buffer partial = {0};
	struct slice id = linked_unit_id(ruling);
	if (id.len == 0)
		return;
	struct slice record = linked_get(ruling, TABLE_UNIT, id);
	struct slice ref = path_bytes(&ruling->rules->unit, &ruling->parts);
	struct slice known = {NULL, 0};
	(void)pbedit_get_bytes(record, UNIT_REF, &known);
	if (record.len == 0)
		pb_put_bytes(&partial, RECORD_ID, id);
	/* The fuller description stays: a hotline notes a serial number, a station the whole plate. */
	if (ref.len > known.len)
		pb_put_bytes(&partial, UNIT_REF, ref);
	bool owner = types_match(
		SLICE_LITERAL("website.warranty.registered"), slice_text(ruling->type->name));
	if (owner)
		linked_put_warranty(ruling, id, record, &partial);
	linked_put_repair(ruling, record, &partial);
	linked_emit(ruling, TABLE_UNIT, id, buffer_slice(&partial), false);
	if (owner && ruling->customer != 0 &&
		linked_owner(ruling, TABLE_UNIT, id) != ruling->customer)
		ruling_effect(ruling, &(struct effect){.op = EFFECT_LINK,
					      .kind = TABLE_UNIT,
					      .id = id,
					      .number = ruling->customer});
	else
		linked_link(ruling, TABLE_UNIT, id);
	if (partial.status != CH_OK)
		ruling->status = CH_NOMEM;
	buffer_fini(&partial);
}

void linked_apply(struct ruling *ruling)
{
	for (uint8_t i = 0; i < ruling->rules->linked_count && ruling->status == CH_OK; i++)
		linked_rule_apply(ruling, &ruling->rules->linked[i]);
	if (ruling->rules->unit.count > 0 && ruling->status == CH_OK)
		linked_unit_apply(ruling);
}

/* ---- The fold ---- */

/* number 'l' table id: so that one place tells all about a customer. */
static void linked_fold_index(
	struct change *change, uint64_t number, const struct effect *effect, bool present)
{
	uint8_t key[LIMIT_KEY_BYTES];
	size_t len = key_customer(key, number, 'l');
	key[len++] = effect->kind;
	memcpy(key + len, effect->id.data, effect->id.len);
	len += effect->id.len;
	if (present)
		change_put(change, TABLE_CUSTOMER, slice_of(key, len), (struct slice){NULL, 0});
	else
		change_delete(change, TABLE_CUSTOMER, slice_of(key, len));
}

/* The record with the effect in it. */
static enum ch_status linked_fold_effect(
	struct slice record, const struct effect *effect, struct buffer *out)
{
	struct buffer owner = {0};
	enum ch_status status;
	if (effect->op == EFFECT_RECORD_ADD)
		return pbedit_add(record, effect->field, effect->value, out);
	if (effect->op != EFFECT_LINK)
		return pbedit_merge(record, effect->value, out);
	pb_put_uint(&owner, fields[effect->kind].customer, effect->number);
	status = owner.status == CH_OK ? pbedit_merge(record, buffer_slice(&owner), out)
				       : owner.status;
	buffer_fini(&owner);
	return status;
}

/* ... and with the entry that has it. */
static enum ch_status linked_fold_record(
	struct core *core, struct slice record, const struct effect *effect, uint64_t sequence)
{
	struct buffer changed = {0};
	struct buffer merged = {0};
	uint32_t stamp = fields[effect->kind].changed;
	buffer_clear(&core->scratch);
	if (stamp == 0)
		return linked_fold_effect(record, effect, &core->scratch);
	enum ch_status status = linked_fold_effect(record, effect, &merged);
	pb_put_uint(&changed, stamp, sequence);
	status = status != CH_OK ? status : changed.status;
	if (status == CH_OK)
		status =
			pbedit_merge(buffer_slice(&merged), buffer_slice(&changed), &core->scratch);
	buffer_fini(&merged);
	buffer_fini(&changed);
	return status;
}

enum ch_status linked_fold(
	struct core *core, struct change *change, const struct effect *effect, uint64_t sequence)
{
	struct slice record = {NULL, 0};
	if (effect->kind >= TABLE_COUNT || !fields[effect->kind].linked ||
		(effect->op == EFFECT_LINK && fields[effect->kind].customer == 0) ||
		effect->id.len == 0 || effect->id.len > LIMIT_KEY_BYTES - 16)
		return CH_CORRUPT;
	enum store_table table = (enum store_table)effect->kind;
	enum ch_status status = change_get(change, table, effect->id, &record);
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	/* What it said is gone and its value empty; that the entry changed the record stays true.  So it is stamped,
	 * and is alike wherever it was folded before.  Nothing begins with a loss: its id stands in the open. */
	if ((effect->flags & EFFECT_LOST) != 0 && record.len == 0)
		return CH_OK;
	if (effect->op == EFFECT_LINK) {
		uint64_t before = 0;
		(void)pbedit_get_uint(record, fields[table].customer, &before);
		if (before != 0)
			linked_fold_index(change, before, effect, false);
		linked_fold_index(change, effect->number, effect, true);
	}
	status = linked_fold_record(core, record, effect, sequence);
	if (status == CH_OK && core->scratch.len <= LIMIT_VALUE_BYTES) {
		if (table == TABLE_CASE)
			case_fold_index(
				core, change, effect->id, record, buffer_slice(&core->scratch));
		change_put(change, table, effect->id, buffer_slice(&core->scratch));
	}
	return status == CH_FORMAT ? CH_CORRUPT : status;
}

#include "core/view.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/text.h"
#include "core/activity.h"
#include "core/apply.h"
#include "core/normalize.h"
#include "core/phone.h"
#include "wire/effect.h"
#include "wire/pb.h"
#include "wire/pbedit.h"
#include "wire/record.h"
#include "wire/types.h"

/* Numbers of customer.proto. */
enum {
	CUSTOMER_NUMBER = 1,
	CUSTOMER_STATE = 2,
	CUSTOMER_CREATED_SEQUENCE = 5,
	CUSTOMER_CHANGED_SEQUENCE = 6,
	CUSTOMER_CHANGED_TIME = 8,
	CUSTOMER_MEMBER_LEVEL = 9,
	CUSTOMER_GROUP = 10,
	CUSTOMER_CONSENTS = 11,
	CUSTOMER_OPEN_ORDERS = 13,
	CUSTOMER_OPEN_REPAIRS = 14,
	CUSTOMER_OPEN_CASES = 15,
	CUSTOMER_UNITS = 16,
	CUSTOMER_AS_OF = 18,
	CUSTOMER_VALUES = 100,
	CUSTOMER_ALTERNATIVES = 101,
	FIELD_NAME = 1,
	FIELD_ADDRESS = 4,
	FIELD_GROUP = 7,
	FIELD_LEVEL = 15,
	FIELD_CONSENT = 64,
	STATE_ACTIVE = 1,
	ANSWER_YES = 1,
	ANSWER_NO = 2,
	ASSURED_CLAIMED = 1,
	ASSURED_VERIFIED = 2,
};

/* Where the text of a source code comes from: an rtxn, or a snapshot that has none at hand. */
struct view {
	struct rtxn *rtxn; /* NULL: sources stay unnamed */
	struct buffer *out;
};

struct slice view_source(struct rtxn *rtxn, uint16_t code)
{
	uint8_t key[2] = {(uint8_t)(code >> 8), (uint8_t)code};
	struct slice text = {NULL, 0};
	if (code == 0 || rtxn == NULL ||
		rtxn_get(rtxn, TABLE_SOURCE, slice_of(key, sizeof(key)), &text) != CH_OK)
		return (struct slice){NULL, 0};
	return text;
}

static void view_provenance(
	const struct view *view, uint32_t field, const struct record_value *value)
{
	struct slice source = view_source(view->rtxn, value->source_code);
	size_t mark = pb_begin(view->out, field);
	pb_put_uint(view->out, 1, value->sequence);
	if (source.len > 0) {
		size_t event = pb_begin(view->out, 2);
		pb_put_bytes(view->out, 1, source);
		pb_end(view->out, event);
	}
	pb_put_int(view->out, 4, value->learned_us);
	pb_put_int(view->out, 5, value->occurred_us);
	pb_put_uint(view->out, 6,
		(value->flags & RECORD_VERIFIED) != 0 ? ASSURED_VERIFIED : ASSURED_CLAIMED);
	pb_end(view->out, mark);
}

static void view_value(const struct view *view, const struct record_value *value)
{
	struct buffer text = {0};
	struct buffer *out = view->out;
	bool late = (value->flags & RECORD_ALTERNATIVE) != 0;
	bool multi = (value->flags & RECORD_MULTI) != 0;
	size_t mark = pb_begin(out, late ? CUSTOMER_ALTERNATIVES : CUSTOMER_VALUES);
	pb_put_uint(out, 1, value->field);
	if (multi) {
		/* Contact kind(1), raw form; the canonical one is the key. */
		pb_put_bytes(out, 2, value->sub);
		struct slice raw = slice_sub(value->value, 1, value->value.len);
		if (!slice_equal(raw, value->sub))
			pb_put_bytes(out, 3, raw);
		pb_put_uint(out, 4, value->value.len > 0 ? value->value.data[0] : 0);
	} else if (value->field == FIELD_NAME || value->field == FIELD_ADDRESS) {
		record_text(value, &text);
		pb_put_bytes(out, 2, buffer_slice(&text));
		pb_put_bytes(out, value->field == FIELD_NAME ? 5 : 6, value->value);
	} else {
		pb_put_bytes(out, 2, value->value);
	}
	view_provenance(view, 7, value);
	pb_put_text(out, 8, multi ? "kept_all" : late ? "passed_over" : "verified_then_latest");
	pb_put_uint(out, 9, value->times_seen);
	pb_end(out, mark);
	if (text.status != CH_OK)
		out->status = text.status;
	buffer_fini(&text);
}

static void view_consent(const struct view *view, const struct record_value *value)
{
	size_t mark = pb_begin(view->out, CUSTOMER_CONSENTS);
	size_t scope = pb_begin(view->out, 1);
	pb_put_uint(view->out, 1, value->sub.len == 2 ? value->sub.data[0] : 0);
	pb_put_uint(view->out, 2, value->sub.len == 2 ? value->sub.data[1] : 0);
	pb_end(view->out, scope);
	struct slice rest = value->value;
	struct slice expiry = {NULL, 0};
	struct slice policy = {NULL, 0};
	bool given = rest.len > 0 && rest.data[0] == 1;
	rest = slice_sub(rest, 1, rest.len); /* see golden_consent_value */
	if (text_split(&rest, 0, &expiry))
		(void)text_split(&rest, 0, &policy); /* older records have neither */
	pb_put_uint(view->out, 2, given ? ANSWER_YES : ANSWER_NO);
	pb_put_bytes(view->out, 3, policy);
	pb_put_bytes(view->out, 4, expiry);
	view_provenance(view, 5, value);
	pb_end(view->out, mark);
}

/* Fields below 100 in the order of their numbers, then the personal ones. */
static enum ch_status view_record(
	const struct view *view, uint64_t number, struct slice record, struct slice activity)
{
	struct record_reader reader = record_read(record);
	struct record_value value;
	struct buffer *out = view->out;
	struct activity done;
	enum ch_status status = activity_read(activity, &done);
	if (status != CH_OK)
		return status;
	struct activity_line newest;
	struct activity_walk walk = activity_walk(done.lines);
	if (!activity_next(&walk, &newest))
		return CH_CORRUPT;
	uint64_t changed = done.first_sequence;
	while (record_next(&reader, &value))
		changed = value.sequence > changed ? value.sequence : changed;
	pb_put_uint(out, CUSTOMER_NUMBER, number);
	pb_put_uint(out, CUSTOMER_STATE, STATE_ACTIVE);
	pb_put_uint(out, CUSTOMER_CREATED_SEQUENCE, done.first_sequence);
	pb_put_uint(out, CUSTOMER_CHANGED_SEQUENCE, changed);
	pb_put_int(out, CUSTOMER_CHANGED_TIME, newest.arrival_us);
	if (record_find(record, FIELD_LEVEL, (struct slice){NULL, 0}, &value))
		pb_put_bytes(out, CUSTOMER_MEMBER_LEVEL, value.value);
	if (record_find(record, FIELD_GROUP, (struct slice){NULL, 0}, &value))
		pb_put_bytes(out, CUSTOMER_GROUP, value.value);
	reader = record_read(record);
	while (record_next(&reader, &value)) {
		if (value.field == FIELD_CONSENT && (value.flags & RECORD_ALTERNATIVE) == 0)
			view_consent(view, &value);
	}
	return reader.status;
}

static enum ch_status view_values(const struct view *view, struct slice record)
{
	struct record_reader reader = record_read(record);
	struct record_value value;
	while (record_next(&reader, &value)) {
		if (value.field < FIELD_CONSENT)
			view_value(view, &value);
	}
	return reader.status != CH_OK ? reader.status : view->out->status;
}

/* ---- Linked records ---- */

static const struct {
	uint32_t state;
	uint64_t closed[3]; /* states that ask for nothing more */
	uint32_t owner;
} tables[TABLE_COUNT] = {
	[TABLE_ORDER] = {5, {4, 5, 6}, 4},
	[TABLE_REPAIR] = {6, {10, 11, 0}, 3},
	[TABLE_CASE] = {5, {4, 0, 0}, 3},
	[TABLE_APPOINTMENT] = {4, {2, 3, 4}, 3},
	[TABLE_UNIT] = {0, {0, 0, 0}, 3},
	[TABLE_ENTITLEMENT] = {0, {0, 0, 0}, 3},
};

uint64_t view_state(enum store_table table, struct slice record)
{
	uint64_t state = 0;
	if (tables[table].state != 0)
		(void)pbedit_get_uint(record, tables[table].state, &state);
	return state;
}

uint64_t view_owner(enum store_table table, struct slice record)
{
	uint64_t number = 0;
	if (tables[table].owner != 0)
		(void)pbedit_get_uint(record, tables[table].owner, &number);
	return number;
}

bool view_is_open(enum store_table table, struct slice record)
{
	uint64_t state = view_state(table, record);
	for (int i = 0; i < 3; i++) {
		if (tables[table].closed[i] != 0 && tables[table].closed[i] == state)
			return false;
	}
	return true;
}

struct linked_visit {
	struct rtxn *rtxn;
	enum store_table table;
	bool (*visit)(void *context, struct slice id, struct slice record);
	void *context;
	enum ch_status status;
};

static bool view_linked_visit(void *context, struct slice key, struct slice value)
{
	struct linked_visit *visit = context;
	struct slice record;
	struct slice id = slice_sub(key, 10, key.len);
	(void)value; /* the key says all */
	enum ch_status status = rtxn_get(visit->rtxn, visit->table, id, &record);
	if (status == CH_NOT_FOUND)
		return true;
	if (status != CH_OK) {
		visit->status = status;
		return false;
	}
	return visit->visit(visit->context, id, record);
}

enum ch_status view_linked(struct rtxn *rtxn, uint64_t number, enum store_table table,
	bool (*visit)(void *context, struct slice id, struct slice record), void *context)
{
	uint8_t prefix[10];
	struct linked_visit all = {rtxn, table, visit, context, CH_OK};
	size_t len = key_customer(prefix, number, 'l');
	prefix[len++] = (uint8_t)table;
	enum ch_status status =
		rtxn_scan(rtxn, TABLE_CUSTOMER, slice_of(prefix, len), view_linked_visit, &all);
	return status != CH_OK ? status : all.status;
}

struct open_count {
	enum store_table table;
	uint64_t open;
};

static bool view_count_open(void *context, struct slice id, struct slice record)
{
	struct open_count *count = context;
	(void)id;
	count->open += view_is_open(count->table, record);
	return true;
}

static enum ch_status view_counts(struct rtxn *rtxn, uint64_t number, struct buffer *out)
{
	static const struct {
		enum store_table table;
		uint32_t field;
	} counts[] = {
		{TABLE_ORDER, CUSTOMER_OPEN_ORDERS},
		{TABLE_REPAIR, CUSTOMER_OPEN_REPAIRS},
		{TABLE_CASE, CUSTOMER_OPEN_CASES},
		{TABLE_UNIT, CUSTOMER_UNITS},
	};
	enum ch_status status = CH_OK;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]) && status == CH_OK; i++) {
		struct open_count count = {counts[i].table, 0};
		status = view_linked(rtxn, number, counts[i].table, view_count_open, &count);
		pb_put_uint(out, counts[i].field, count.open);
	}
	return status;
}

enum ch_status view_customer(struct rtxn *rtxn, uint64_t number, struct buffer *out)
{
	uint8_t key[9];
	struct slice activity;
	struct slice record = {NULL, 0};
	struct view view = {rtxn, out};
	enum ch_status status =
		rtxn_get(rtxn, TABLE_ACTIVITY, slice_of(key, key_activity(key, number)), &activity);
	if (status != CH_OK)
		return status;
	status = rtxn_get(
		rtxn, TABLE_CUSTOMER, slice_of(key, key_customer(key, number, 'r')), &record);
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	status = view_record(&view, number, record, activity);
	if (status == CH_OK)
		status = view_counts(rtxn, number, out);
	if (status == CH_OK) {
		pb_put_uint(out, CUSTOMER_AS_OF, rtxn_sequence(rtxn));
		status = view_values(&view, record);
	}
	return status;
}

/* ---- Timeline ---- */

struct timeline {
	struct rtxn *rtxn;
	uint64_t number;
	uint32_t left;
	uint32_t field;
	struct buffer *out;
};

static void view_timeline_line(struct timeline *timeline, const struct activity_line *line)
{
	struct buffer *out = timeline->out;
	const struct event_type *type = types_by_id(line->type);
	struct slice source = view_source(timeline->rtxn, line->source_code);
	size_t mark = pb_begin(out, timeline->field);
	pb_put_uint(out, 1, line->sequence);
	if (source.len > 0) {
		size_t event = pb_begin(out, 3);
		pb_put_bytes(out, 1, source);
		pb_end(out, event);
	}
	if (type != NULL)
		pb_put_text(out, 4, type->name);
	pb_put_int(out, 6, line->occurred_us);
	pb_put_int(out, 7, line->arrival_us);
	pb_put_uint(out, 8, timeline->number);
	pb_put_uint(out, 9, timeline->number);
	if (type != NULL)
		pb_put_bytes(out, 11, types_channel(type));
	pb_end(out, mark);
}

static void view_timeline_lines(struct timeline *timeline, struct slice lines)
{
	struct activity_walk walk = activity_walk(lines);
	struct activity_line line;
	for (; timeline->left > 0 && activity_next(&walk, &line); timeline->left--)
		view_timeline_line(timeline, &line);
}

/* Pages come oldest first: the last ones are kept, as many as can be wanted. */
#define TIMELINE_PAGES 64u

struct timeline_pages {
	struct slice pages[TIMELINE_PAGES];
	uint64_t seen;
};

static bool view_timeline_page(void *context, struct slice key, struct slice value)
{
	struct timeline_pages *pages = context;
	(void)key; /* in order */
	pages->pages[pages->seen++ % TIMELINE_PAGES] = value;
	return true;
}

enum ch_status view_timeline(
	struct rtxn *rtxn, uint64_t number, uint32_t limit, uint32_t field, struct buffer *out)
{
	uint8_t key[9];
	struct slice stored;
	struct activity activity;
	struct timeline_pages pages = {.seen = 0};
	struct timeline timeline = {rtxn, number, limit, field, out};
	enum ch_status status =
		rtxn_get(rtxn, TABLE_ACTIVITY, slice_of(key, key_activity(key, number)), &stored);
	if (status == CH_OK)
		status = activity_read(stored, &activity);
	if (status != CH_OK)
		return status;
	view_timeline_lines(&timeline, activity.lines);
	if (timeline.left > 0)
		status = rtxn_scan(rtxn, TABLE_TIMELINE, slice_of(key, key_activity(key, number)),
			view_timeline_page, &pages);
	for (uint64_t i = 0; status == CH_OK && i < pages.seen && i < TIMELINE_PAGES; i++)
		view_timeline_lines(&timeline, pages.pages[(pages.seen - 1 - i) % TIMELINE_PAGES]);
	return status == CH_OK ? out->status : status;
}

/* ---- Finding ---- */

static enum ch_status view_normalize(struct arena *arena, struct phones *phones, unsigned kind,
	struct slice key, const char region[3], struct slice *out_value)
{
	char e164[PHONE_BYTES];
	enum ch_status status;
	switch (kind) {
	case KEY_PHONE:
		status = phone_normalize(phones, key, region, e164);
		if (status == CH_OK) {
			*out_value = arena_copy(arena, slice_text(e164));
			status = out_value->data != NULL ? CH_OK : CH_NOMEM;
		}
		return status;
	case KEY_EMAIL:
		return normalize_email(arena, key, out_value);
	case KEY_LOCAL_ID:
	case KEY_IDENTIFIER:
		*out_value = key; /* already "source/NUMBER", "scheme:VALUE" */
		return CH_OK;
	default:
		return normalize_code(arena, key, out_value);
	}
}

static int holder_rank(const struct view_holder *holder)
{
	return holder->verified ? 0 : holder->proven ? 1 : 2;
}

/* Behind all that stand no lower. */
static void holders_add(
	struct view_holder holders[VIEW_HOLDERS], uint32_t *count, const struct view_holder *holder)
{
	uint32_t at = *count;
	for (; at > 0 && holder_rank(&holders[at - 1]) > holder_rank(holder); at--)
		holders[at] = holders[at - 1];
	holders[at] = *holder;
	++*count;
}

/* One who was erased has shown nothing. */
static enum ch_status holder_look(struct rtxn *rtxn, struct view_holder *holder)
{
	uint8_t key[9];
	struct slice record = {NULL, 0};
	holder->proven = holder->verified;
	if (holder->verified)
		return CH_OK;
	enum ch_status status = rtxn_get(rtxn, TABLE_CUSTOMER,
		slice_of(key, key_customer(key, holder->number, 'r')), &record);
	if (status == CH_OK)
		holder->proven = record_is_proven(record);
	return status == CH_NOT_FOUND ? CH_OK : status;
}

static enum ch_status view_find_kind(struct rtxn *rtxn, unsigned kind, struct slice value,
	struct view_holder out_holders[VIEW_HOLDERS], uint32_t *out_count)
{
	uint8_t key[512];
	struct slice stored;
	if (value.len > sizeof(key) - 1)
		return CH_OK;
	key[0] = (uint8_t)kind;
	if (value.len > 0)
		memcpy(key + 1, value.data, value.len);
	enum ch_status status = rtxn_get(rtxn, TABLE_KEY, slice_of(key, value.len + 1), &stored);
	if (status == CH_NOT_FOUND)
		return CH_OK;
	if (status != CH_OK)
		return status;
	if (stored.len < 2 || (stored.len - 2) % 9 != 0)
		return CH_CORRUPT;
	for (size_t at = 2; at < stored.len && *out_count < VIEW_HOLDERS && status == CH_OK;
		at += 9) {
		struct view_holder holder = {.number = load_le64(stored.data + at),
			.verified = (stored.data[at + 8] & EFFECT_VERIFIED) != 0};
		status = holder_look(rtxn, &holder);
		holders_add(out_holders, out_count, &holder);
	}
	return status;
}

enum ch_status view_find(struct rtxn *rtxn, unsigned kind, struct slice key, const char region[3],
	struct view_holder out_holders[VIEW_HOLDERS], uint32_t *out_count)
{
	static const unsigned kinds[] = {KEY_COMMON_ID, KEY_MEMBER_CARD, KEY_PHONE, KEY_EMAIL,
		KEY_SERIAL, KEY_LOCAL_ID, KEY_IDENTIFIER};
	struct arena arena;
	struct phones *phones = NULL;
	arena_init(&arena);
	*out_count = 0;
	enum ch_status status = phones_create(&phones);
	for (size_t i = 0;
		i < sizeof(kinds) / sizeof(kinds[0]) && status == CH_OK && *out_count == 0; i++) {
		struct slice value;
		if (kind != 0 && kind != kinds[i])
			continue;
		status = view_normalize(&arena, phones, kinds[i], key, region, &value);
		if (status == CH_OK)
			status = view_find_kind(rtxn, kinds[i], value, out_holders, out_count);
		else if (status != CH_NOMEM)
			status = CH_OK; /* not of this kind */
	}
	phones_free(phones);
	arena_fini(&arena);
	return status;
}

/* ---- Snapshots ---- */

/* Nothing when he has none. */
static enum ch_status view_snapshot_record(
	struct snapshot *snapshot, uint64_t number, struct slice *out_record)
{
	uint8_t before[10];
	struct slice key;
	struct slice value;
	size_t len = key_customer(before, number, 'r' - 1);
	before[len++] = 0xff; /* behind it comes the record */
	*out_record = (struct slice){NULL, 0};
	enum ch_status status =
		snapshot_next(snapshot, TABLE_CUSTOMER, slice_of(before, len), &key, &value);
	if (status != CH_OK)
		return status == CH_END ? CH_OK : status;
	if (key.len == 9 && load_be64(key.data) == number && key.data[8] == 'r')
		*out_record = value;
	return CH_OK;
}

enum ch_status view_snapshot_customer(
	struct snapshot *snapshot, uint64_t *number, struct buffer *out)
{
	struct view view = {NULL, out};
	uint8_t after[8];
	struct slice key;
	struct slice activity;
	struct slice record;
	size_t len = *number != 0 ? key_activity(after, *number) : 0;
	enum ch_status status =
		snapshot_next(snapshot, TABLE_ACTIVITY, slice_of(after, len), &key, &activity);
	if (status != CH_OK)
		return status;
	uint64_t found = key.len == 8 ? load_be64(key.data) : 0;
	status = view_snapshot_record(snapshot, found, &record);
	if (status == CH_OK)
		status = view_record(&view, found, record, activity);
	if (status == CH_OK) {
		pb_put_uint(out, CUSTOMER_AS_OF, snapshot_sequence(snapshot));
		status = view_values(&view, record);
	}
	if (status == CH_OK)
		*number = found;
	return status;
}

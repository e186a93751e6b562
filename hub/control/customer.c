/* Customer, Record, Deadlines, Reviews: what the state holds, as messages of customer.proto. */
#include <stdio.h>

#include "base/bytes.h"
#include "base/text.h"
#include "carehub/v1/control.pb-c.h"
#include "control/call.h"
#include "control/promises.h"
#include "core/apply.h"
#include "core/catalog.h"
#include "core/view.h"
#include "wire/pb.h"
#include "wire/pbedit.h"
#include "wire/types.h"

/* One REPLY stays well within a frame: what would go beyond is left out, newest and open first. */
#define CUSTOMER_REPLY_BYTES (768u * 1024u)
#define CUSTOMER_TIMELINE    1000u
#define LISTED               1000u

/* Numbers of CustomerReply and CustomerView. */
enum {
	REPLY_CUSTOMERS = 1,
	VIEW_CUSTOMER = 1,
	VIEW_TIMELINE = 2,
	VIEW_DEADLINES = 9,
	VIEW_PRODUCTS = 10,
	VIEW_STATIONS = 11,
	VIEW_PROMOTIONS = 12,
	VIEW_KEY_ASSURANCE = 13,
	VIEW_PROVEN = 14,
};

/* Fields of a record that its promises stand in, when it is asked for by itself. */
enum { REPAIR_DEADLINES = 26, CASE_DEADLINES = 17 };

/* Which records of a customer are told, and the promises that can stand on them. */
static const struct linked_group {
	enum store_table table;
	uint32_t field; /* of CustomerView */
	bool only_open;
	const char *subject_kind; /* of its deadlines; NULL: has none */
	uint32_t unit;            /* its ProductUnitRef and StationRef; 0: none */
	uint32_t station;
} groups[] = {
	{TABLE_UNIT, 3, false, NULL, 2, 0},
	{TABLE_ORDER, 4, true, NULL, 0, 0},
	{TABLE_REPAIR, 5, true, "repair", 5, 2},
	{TABLE_CASE, 6, true, "case", 0, 0},
	{TABLE_ENTITLEMENT, 7, false, NULL, 0, 0},
	{TABLE_APPOINTMENT, 8, true, "appointment", 0, 7},
};

struct customer_view {
	struct rtxn *rtxn;
	struct buffer *out;
	struct buffer deadlines; /* they stand behind all records in the message */
	const struct linked_group *group;
	struct catalog_wish *wish; /* NULL: nobody asks */
	enum ch_status status;
};

/* What the information base says of the record, for the agent. */
static void customer_wish(struct customer_view *view, struct slice record)
{
	struct slice unit = {NULL, 0};
	struct slice station = {NULL, 0};
	struct slice id = {NULL, 0};
	if (view->group->unit != 0 && pbedit_get_bytes(record, view->group->unit, &unit))
		catalog_wish_unit(view->rtxn, unit, view->wish);
	if (view->group->station != 0 && pbedit_get_bytes(record, view->group->station, &station) &&
		pbedit_get_bytes(station, 1, &id))
		catalog_wish_station(id, view->wish);
}

static bool customer_record(void *context, struct slice id, struct slice record)
{
	struct customer_view *view = context;
	if (view->group->only_open && !view_is_open(view->group->table, record))
		return true;
	if (view->out->len + record.len > CUSTOMER_REPLY_BYTES)
		return false;
	pb_put_element(view->out, view->group->field, record);
	if (view->group->subject_kind != NULL)
		promises_put(view->rtxn, view->group->subject_kind, id, VIEW_DEADLINES,
			&view->deadlines);
	if (view->wish != NULL)
		customer_wish(view, record);
	return true;
}

static enum ch_status customer_records(
	struct rtxn *rtxn, uint64_t number, bool reference, struct buffer *out)
{
	static const struct catalog_fields fields = {VIEW_PRODUCTS, VIEW_STATIONS, VIEW_PROMOTIONS};
	struct catalog_wish wish = {.product_count = 0};
	struct customer_view view = {.rtxn = rtxn, .out = out, .wish = reference ? &wish : NULL};
	enum ch_status status = CH_OK;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]) && status == CH_OK; i++) {
		view.group = &groups[i];
		status = view_linked(rtxn, number, groups[i].table, customer_record, &view);
	}
	buffer_append_slice(out, buffer_slice(&view.deadlines));
	if (status == CH_OK)
		status = view.deadlines.status;
	if (status == CH_OK && reference && out->len < CUSTOMER_REPLY_BYTES)
		status = catalog_put(rtxn, &wish, &fields, out);
	buffer_fini(&view.deadlines);
	return status;
}

/* How he holds the key that was asked for, so that whoever looks need not guess by his values. */
static void customer_put_holder(struct buffer *out, const struct view_holder *holder)
{
	pb_put_uint(out, VIEW_KEY_ASSURANCE,
		holder->verified ? CAREHUB__V1__ASSURANCE__ASSURANCE_VERIFIED
				 : CAREHUB__V1__ASSURANCE__ASSURANCE_CLAIMED);
	pb_put_uint(out, VIEW_PROVEN,
		holder->proven ? CAREHUB__V1__ANSWER__ANSWER_YES : CAREHUB__V1__ANSWER__ANSWER_NO);
}

static enum ch_status customer_put(
	struct call *call, struct rtxn *rtxn, const struct view_holder *holder)
{
	const Carehub__V1__CustomerRequest *ask = (const Carehub__V1__CustomerRequest *)call->ask;
	uint32_t timeline = ask->timeline < CUSTOMER_TIMELINE ? ask->timeline : CUSTOMER_TIMELINE;
	struct buffer *out = &call->reply;
	size_t whole = pb_begin(out, REPLY_CUSTOMERS);
	size_t record = pb_begin(out, VIEW_CUSTOMER);
	enum ch_status status = view_customer(rtxn, holder->number, out);
	pb_end(out, record);
	if (ask->number == 0)
		customer_put_holder(out, holder);
	if (status == CH_OK)
		status = view_timeline(rtxn, holder->number, timeline, VIEW_TIMELINE, out);
	if (status == CH_OK && ask->records)
		status = customer_records(rtxn, holder->number, ask->reference, out);
	pb_end(out, whole);
	return status;
}

static bool customer_kind(const char *name, unsigned *out_kind)
{
	*out_kind = 0;
	if (name[0] == 0)
		return true;
	for (unsigned kind = 1; kind < KEY_KINDS; kind++) {
		const char *known = key_kind_name(kind);
		if (known != NULL && strcmp(known, name) == 0) {
			*out_kind = kind;
			return true;
		}
	}
	return false;
}

/* A region is two letters; without one, the asker's own, then China's. */
static void customer_region(const struct call *call, const char *asked, char region[3])
{
	const char *own = call->peer->region != NULL ? call->peer->region : "";
	const char *use = strlen(asked) == 2 ? asked : strlen(own) == 2 ? own : "CN";
	memcpy(region, use, 3);
}

enum call_turn customer_step(struct call *call)
{
	const Carehub__V1__CustomerRequest *ask = (const Carehub__V1__CustomerRequest *)call->ask;
	struct rtxn *rtxn = NULL;
	struct view_holder holders[VIEW_HOLDERS] = {{.number = ask->number}};
	uint32_t count = ask->number != 0;
	unsigned kind;
	char region[3];
	if (!customer_kind(ask->key_kind, &kind))
		return call_fail(call, CH_INVALID, "\"%.60s\" is no kind of key", ask->key_kind);
	if (ask->number == 0 && ask->key[0] == 0)
		return call_fail(call, CH_MISSING, "a customer number or a key is needed");
	customer_region(call, ask->region, region);
	enum ch_status status = rtxn_begin(call->hub->state, &rtxn);
	if (status == CH_OK && ask->number == 0)
		status = view_find(rtxn, kind, slice_text(ask->key), region, holders, &count);
	for (uint32_t i = 0; i < count && status == CH_OK; i++) {
		if (call->reply.len < CUSTOMER_REPLY_BYTES)
			status = customer_put(call, rtxn, &holders[i]);
	}
	rtxn_end(rtxn);
	if (status == CH_NOT_FOUND || (status == CH_OK && count == 0))
		return call_fail(call, CH_NOT_FOUND, "no such customer");
	if (status != CH_OK)
		return call_fail(call, status, "the record cannot be read");
	return call_finish(call);
}

/* ---- Record ---- */

/* Whose a record is: a unit goes by its serial number, whoever names it, and reference data is for all. */
enum record_owner { OWNER_NONE, OWNER_KEY, OWNER_PROMISE };

static const struct record_table {
	const char *name;
	enum store_table table;
	const char *message;
	enum record_owner owner;
} tables[] = {
	{"units", TABLE_UNIT, "ProductUnit", OWNER_NONE},
	{"orders", TABLE_ORDER, "Order", OWNER_KEY},
	{"repairs", TABLE_REPAIR, "RepairOrder", OWNER_KEY},
	{"cases", TABLE_CASE, "Case", OWNER_KEY},
	{"entitlements", TABLE_ENTITLEMENT, "Entitlement", OWNER_KEY},
	{"appointments", TABLE_APPOINTMENT, "Appointment", OWNER_KEY},
	{"supply", TABLE_SUPPLY, "SupplyOrder", OWNER_KEY},
	{"deadlines", TABLE_DEADLINE, "DeadlineInfo", OWNER_PROMISE},
	{"reference", TABLE_REFERENCE, "", OWNER_NONE},
};

/* A promise stands behind its name: "repair.return/WEST/R1". */
static bool record_may_be_told(
	const struct call *call, const struct record_table *row, struct slice id)
{
	struct slice promise;
	if (row->owner == OWNER_NONE)
		return true;
	if (row->owner == OWNER_PROMISE)
		(void)text_split(&id, '/', &promise); /* without one, nothing is left */
	return call_may_see(call, id);
}

/* "type/subject" as the key that apply.c makes; the message is the type's. */
static struct slice record_reference_key(
	const char *id, uint8_t key[LIMIT_KEY_BYTES], const char **out_message)
{
	const char *slash = strchr(id, '/');
	const struct event_type *type = NULL;
	if (slash != NULL)
		type = types_find(slice_of(id, (size_t)(slash - id)));
	if (type == NULL || strlen(slash) > LIMIT_KEY_BYTES - 2)
		return (struct slice){NULL, 0};
	key[0] = (uint8_t)(type->id >> 8);
	key[1] = (uint8_t)type->id;
	memcpy(key + 2, slash, strlen(slash));
	*out_message = type->message->short_name;
	return slice_of(key, 2 + strlen(slash));
}

enum call_turn record_step(struct call *call)
{
	const Carehub__V1__RecordRequest *ask = (const Carehub__V1__RecordRequest *)call->ask;
	const struct record_table *row = NULL;
	uint8_t key[LIMIT_KEY_BYTES];
	struct rtxn *rtxn = NULL;
	struct slice id = slice_text(ask->id);
	struct slice value;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (strcmp(tables[i].name, ask->table) == 0)
			row = &tables[i];
	}
	if (row == NULL)
		return call_fail(call, CH_INVALID, "\"%.60s\" is no table", ask->table);
	const char *message = row->message;
	if (row->table == TABLE_REFERENCE)
		id = record_reference_key(ask->id, key, &message);
	if (id.len == 0 || !record_may_be_told(call, row, id))
		return call_fail(call, CH_NOT_FOUND, "no such record");
	enum ch_status status = rtxn_begin(call->hub->state, &rtxn);
	if (status == CH_OK)
		status = rtxn_get(rtxn, row->table, id, &value);
	if (status == CH_OK) {
		/* Before a reference value stand its time and sequence; behind a record, its promises. */
		size_t mark = pb_begin(&call->reply, 1);
		buffer_append_slice(&call->reply,
			row->table == TABLE_REFERENCE ? slice_sub(value, 16, value.len) : value);
		if (row->table == TABLE_REPAIR)
			promises_put(rtxn, "repair", id, REPAIR_DEADLINES, &call->reply);
		else if (row->table == TABLE_CASE)
			promises_put(rtxn, "case", id, CASE_DEADLINES, &call->reply);
		pb_end(&call->reply, mark);
		pb_put_text(&call->reply, 2, message);
	}
	rtxn_end(rtxn);
	if (status == CH_NOT_FOUND)
		return call_fail(call, status, "no such record");
	return status == CH_OK ? call_finish(call)
			       : call_fail(call, status, "the record cannot be read");
}

/* ---- Deadlines ---- */

struct listing {
	struct rtxn *rtxn;
	struct buffer *out;
	uint32_t left;
	int64_t before_us;
	enum ch_status status;
};

static uint32_t listing_limit(uint32_t asked)
{
	return asked != 0 && asked < LISTED ? asked : LISTED;
}

enum { DEADLINE_DUE = 8 };

static bool deadlines_visit(void *context, struct slice key, struct slice value)
{
	struct listing *listing = context;
	struct slice info;
	uint64_t due = 0;
	(void)value; /* the key says all */
	if (listing->left == 0 || key.len < 8)
		return listing->left > 0;
	enum ch_status status =
		rtxn_get(listing->rtxn, TABLE_DEADLINE, slice_sub(key, 8, key.len), &info);
	if (status == CH_OK) {
		/* One that was missed stands under its next rung, and was due before. */
		(void)pbedit_get_uint(info, DEADLINE_DUE, &due);
		if (listing->before_us != 0 && (int64_t)due >= listing->before_us)
			return true;
		pb_put_element(listing->out, 1, info);
		listing->left--;
	} else if (status != CH_NOT_FOUND) { /* a promotion is no promise */
		listing->status = status;
	}
	return listing->status == CH_OK;
}

static enum call_turn customer_list(struct call *call, enum store_table table, uint32_t limit,
	int64_t before_us, bool (*visit)(void *context, struct slice key, struct slice value))
{
	struct listing listing = {
		.out = &call->reply, .left = listing_limit(limit), .before_us = before_us};
	enum ch_status status = rtxn_begin(call->hub->state, &listing.rtxn);
	if (status == CH_OK)
		status = rtxn_scan(listing.rtxn, table, (struct slice){NULL, 0}, visit, &listing);
	rtxn_end(listing.rtxn);
	if (status == CH_OK)
		status = listing.status;
	return status == CH_OK ? call_finish(call)
			       : call_fail(call, status, "the store cannot be read");
}

enum call_turn deadlines_step(struct call *call)
{
	const Carehub__V1__DeadlinesRequest *ask = (const Carehub__V1__DeadlinesRequest *)call->ask;
	return customer_list(call, TABLE_DUE, ask->limit, ask->due_before_us, deadlines_visit);
}

/* ---- Reviews ---- */

/* sequence(8) index(2) -> customer(8) other(8) reason(1) state(1) time(8): see fold.c. */
static bool reviews_visit(void *context, struct slice key, struct slice value)
{
	static const char *const reasons[] = {
		"", "contradicting_name", "contradicting_id", "keys_disagree", "shared_key"};
	struct listing *listing = context;
	char id[40];
	if (listing->left == 0)
		return false;
	if (key.len != 10 || value.len != 26 || value.data[17] != 1)
		return true;
	uint64_t sequence = load_be64(key.data);
	unsigned index = (unsigned)key.data[8] << 8 | key.data[9];
	uint8_t reason = value.data[16];
	int len = snprintf(id, sizeof(id), "%llu.%u", (unsigned long long)sequence, index);
	size_t mark = pb_begin(listing->out, 1);
	pb_put_bytes(listing->out, 1, slice_of(id, (size_t)len));
	pb_put_uint(listing->out, 2, load_le64(value.data));
	pb_put_uint(listing->out, 3, load_le64(value.data + 8));
	pb_put_uint(listing->out, 4, reason == 3 ? 2 : 3); /* probable, possible */
	pb_put_text(listing->out, 7,
		reason < sizeof(reasons) / sizeof(reasons[0]) ? reasons[reason] : "");
	pb_put_uint(listing->out, 8, 1); /* open */
	pb_put_uint(listing->out, 9, sequence);
	pb_put_uint(listing->out, 10, load_le64(value.data + 18));
	pb_end(listing->out, mark);
	listing->left--;
	return true;
}

enum call_turn reviews_step(struct call *call)
{
	const Carehub__V1__ReviewsRequest *ask = (const Carehub__V1__ReviewsRequest *)call->ask;
	return customer_list(call, TABLE_REVIEW, ask->limit, 0, reviews_visit);
}

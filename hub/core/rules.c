/* The rules as tables: what each event type does to which record and to which promise.  A new type is
 * new rows here; names are paths in the event's message, and a name that is not there stops the
 * program at start. */
#include <stdlib.h>

#include "base/invariant.h"
#include "base/text.h"
#include "core/core.h"

/* Of a time field: the first time stays, else the last. */
#define FIRST 0x100u

/* `id` names the record, "a|b" the first that is there.  `copies` are "path>field of the record". */
struct linked_row {
	const char *type;
	enum store_table table;
	const char *id;
	uint32_t state;
	uint32_t time_field;
	enum linked_act act;
	uint32_t count_field;
	const char *copies;
};

#define CASE_ID      "case_id|complaint_id"
#define FILED_COPIES "severity>6 channel>7 regarding>16 reason_code>23"

static const struct linked_row linked_rows[] = {
	/* Orders: 1 placed, 2 confirmed, 3 dispatched, 4 delivered, 5 cancelled, 6 refunded. */
	{"website.order.placed", TABLE_ORDER, "order_id", 1, FIRST | 6, ACT_NONE, 0,
		"shop_id>3 totals.grand>11"},
	{"website.order.confirmed", TABLE_ORDER, "order_id", 2, 0, ACT_NONE, 0,
		"shop_id>3 promised_delivery_time_us>7"},
	{"website.order.amended", TABLE_ORDER, "order_id", 0, 0, ACT_NONE, 0, "totals.grand>11"},
	{"website.order.cancelled", TABLE_ORDER, "order_id", 5, 10, ACT_NONE, 0, ""},
	{"website.order.dispatched", TABLE_ORDER, "order_id", 3, 8, ACT_NONE, 0,
		"tracking_numbers>15"},
	{"website.order.delivered", TABLE_ORDER, "order_id", 4, 9, ACT_NONE, 0, ""},
	{"website.refund.issued", TABLE_ORDER, "order_id", 6, 0, ACT_NONE, 0, "amount>12"},
	{"pos.order.placed", TABLE_ORDER, "order_id", 1, FIRST | 6, ACT_NONE, 0,
		"transaction.ref.store_id>3 transaction.totals.grand>11"},

	/* Repairs: 1 registered, 2 received, 3 diagnosed, 4 quoted, 5 waits for the customer, 6 for a part,
	 * 7 in work, 8 repaired, 9 checked, 10 returned, 11 cancelled. */
	{"callcenter.repair.registered", TABLE_REPAIR, "repair_order_id|registration_id", 1,
		FIRST | 8, ACT_NONE, 0, "unit>5 station>2 coverage>7 problem_text>101"},
	{"repair.order.received", TABLE_REPAIR, "repair_order_id", 2, 9, ACT_NONE, 0,
		"station>2 unit>5 coverage>7 promised_time_us>25 previous_order_id>24 problem_text>101"},
	{"repair.work.started", TABLE_REPAIR, "repair_order_id", 7, 0, ACT_WORK, 0, ""},
	{"repair.order.diagnosed", TABLE_REPAIR, "repair_order_id", 3, 10, ACT_NONE, 0,
		"coverage>7 defect_codes>17"},
	{"repair.quote.made", TABLE_REPAIR, "repair_order_id", 4, 0, ACT_QUOTE_BEGINS, 0,
		"quote_id>22"},
	{"repair.quote.approved", TABLE_REPAIR, "repair_order_id", 7, 0, ACT_QUOTE_ENDS, 0, ""},
	{"repair.quote.declined", TABLE_REPAIR, "repair_order_id", 0, 0, ACT_QUOTE_ENDS, 0, ""},
	{"repair.wait.started", TABLE_REPAIR, "repair_order_id", 5, 0, ACT_WAIT_BEGINS, 0, ""},
	{"repair.wait.ended", TABLE_REPAIR, "repair_order_id", 7, 0, ACT_WAIT_ENDS, 0, ""},
	{"repair.part.requested", TABLE_REPAIR, "repair_order_id", 6, 0, ACT_NONE, 0, ""},
	{"repair.part.arrived", TABLE_REPAIR, "repair_order_id", 7, 0, ACT_NONE, 0, ""},
	{"repair.order.repaired", TABLE_REPAIR, "repair_order_id", 8, 11, ACT_DONE, 0,
		"attempt>18"},
	{"repair.order.checked", TABLE_REPAIR, "repair_order_id", 9, 12, ACT_NONE, 0, "passed>28"},
	{"repair.order.restarted", TABLE_REPAIR, "repair_order_id", 7, 0, ACT_NONE, 0,
		"attempt>18"},
	{"repair.customer.informed", TABLE_REPAIR, "repair_order_id", 0, 0, ACT_NONE, 0, ""},
	{"repair.order.returned", TABLE_REPAIR, "repair_order_id", 10, 13, ACT_DONE, 0,
		"total>21 coverage>7"},
	{"repair.order.closed", TABLE_REPAIR, "repair_order_id", 0, 14, ACT_DONE, 0, "attempts>18"},
	{"repair.order.cancelled", TABLE_REPAIR, "repair_order_id", 11, 14, ACT_DONE, 0, ""},
	{"repair.order.reopened", TABLE_REPAIR, "repair_order_id", 2, 0, ACT_COUNT, 19, ""},
	{"repair.loan.issued", TABLE_REPAIR, "repair_order_id", 0, 0, ACT_NONE, 0, "loan_id>23"},

	/* Cases: 1 open, 2 acknowledged, 3 answered, 4 closed, 5 opened again. */
	{"callcenter.case.logged", TABLE_CASE, "case_id", 1, FIRST | 9, ACT_LOGGED, 0,
		"channel>7 subject_text>101"},
	{"callcenter.case.handed", TABLE_CASE, "case_id", 0, 0, ACT_HANDED, 0, ""},
	{"callcenter.case.acknowledged", TABLE_CASE, "case_id", 2, 10, ACT_TAKEN, 0, ""},
	{"callcenter.case.answered", TABLE_CASE, "case_id", 3, 11, ACT_TAKEN, 0, ""},
	{"callcenter.case.escalated", TABLE_CASE, "case_id", 0, 0, ACT_ESCALATED, 0, ""},
	{"callcenter.case.closed", TABLE_CASE, "case_id", 4, 12, ACT_TAKEN, 0, "contacts>14"},
	{"callcenter.case.reopened", TABLE_CASE, "case_id", 5, 0, ACT_REOPENED, 13, ""},
	{"website.complaint.filed", TABLE_CASE, CASE_ID, 1, FIRST | 9, ACT_FILED, 0, FILED_COPIES},
	{"callcenter.complaint.filed", TABLE_CASE, CASE_ID, 1, FIRST | 9, ACT_FILED, 0,
		FILED_COPIES},
	{"repair.complaint.filed", TABLE_CASE, CASE_ID, 1, FIRST | 9, ACT_FILED, 0, FILED_COPIES},

	/* Appointments: 1 made, 2 kept, 3 missed, 4 cancelled. */
	{"repair.appointment.made", TABLE_APPOINTMENT, "appointment_id", 1, 0, ACT_NONE, 0,
		"kind>2 start_time_us>5 end_time_us>6 station>7 technician>8 repair_order_id>9"},
	{"callcenter.appointment.made", TABLE_APPOINTMENT, "appointment_id", 1, 0, ACT_NONE, 0,
		"kind>2 start_time_us>5 end_time_us>6 station>7 technician>8 repair_order_id>9"},
	{"website.appointment.made", TABLE_APPOINTMENT, "appointment_id", 1, 0, ACT_NONE, 0,
		"kind>2 start_time_us>5 end_time_us>6 station>7 technician>8 repair_order_id>9"},
	{"repair.appointment.moved", TABLE_APPOINTMENT, "appointment_id", 0, 0, ACT_COUNT, 10,
		"start_time_us>5 end_time_us>6"},
	{"callcenter.appointment.moved", TABLE_APPOINTMENT, "appointment_id", 0, 0, ACT_COUNT, 10,
		"start_time_us>5 end_time_us>6"},
	{"website.appointment.moved", TABLE_APPOINTMENT, "appointment_id", 0, 0, ACT_COUNT, 10,
		"start_time_us>5 end_time_us>6"},
	{"repair.appointment.cancelled", TABLE_APPOINTMENT, "appointment_id", 4, 0, ACT_NONE, 0,
		""},
	{"callcenter.appointment.cancelled", TABLE_APPOINTMENT, "appointment_id", 4, 0, ACT_NONE, 0,
		""},
	{"website.appointment.cancelled", TABLE_APPOINTMENT, "appointment_id", 4, 0, ACT_NONE, 0,
		""},
	{"repair.appointment.kept", TABLE_APPOINTMENT, "appointment_id", 2, 0, ACT_NONE, 0, ""},
	{"repair.appointment.missed", TABLE_APPOINTMENT, "appointment_id", 3, 0, ACT_NONE, 0,
		"absent>11"},

	/* A registered warranty is the customer's entitlement. */
	{"website.warranty.registered", TABLE_ENTITLEMENT, "registration_id", 0, 0, ACT_NONE, 0,
		"warranty_terms>5 warranty_start_date>6 warranty_end_date>7"},
};

struct deadline_row {
	const char *type;
	enum promise promise;
	enum deadline_op op;
	const char *id;
	const char *base;
	const char *station;
	const char *due; /* the time that the channel itself promised; NULL: none */
};

#define CASE_PROMISES(type, op, id, due)                                                           \
	{type, PROMISE_COMPLAINT_ACKNOWLEDGE, op, id, "", "", NULL},                               \
		{type, PROMISE_COMPLAINT_ANSWER, op, id, "", "", due},                             \
		{type, PROMISE_CASE_ACKNOWLEDGE, op, id, "", "", NULL},                            \
	{                                                                                          \
		type, PROMISE_CASE_ANSWER, op, id, "", "", due                                     \
	}
#define FILED_PROMISES(type)                                                                       \
	{type, PROMISE_COMPLAINT_ACKNOWLEDGE, DEADLINE_SET, CASE_ID, "", "",                       \
		"acknowledge_due_time_us"},                                                        \
	{                                                                                          \
		type, PROMISE_COMPLAINT_ANSWER, DEADLINE_SET, CASE_ID, "", "",                     \
			"answer_due_time_us"                                                       \
	}
#define LOOK_AT_PAUSES(type)                                                                       \
	{type, PROMISE_REPAIR_FIX, DEADLINE_LOOK, "repair_order_id", "", "", NULL},                \
	{                                                                                          \
		type, PROMISE_REPAIR_RETURN, DEADLINE_LOOK, "repair_order_id", "", "", NULL        \
	}

static const struct deadline_row deadline_rows[] = {
	{"repair.order.received", PROMISE_REPAIR_RETURN, DEADLINE_SET, "repair_order_id", "",
		"station.station_id", NULL},
	{"repair.order.received", PROMISE_REPAIR_FIX, DEADLINE_SET, "repair_order_id", "",
		"station.station_id", NULL},
	{"repair.order.repaired", PROMISE_REPAIR_FIX, DEADLINE_MEET, "repair_order_id", "", "",
		NULL},
	{"repair.order.repaired", PROMISE_REPAIR_RETURN, DEADLINE_LOOK, "repair_order_id", "", "",
		NULL},
	{"repair.order.returned", PROMISE_REPAIR_FIX, DEADLINE_MEET, "repair_order_id", "", "",
		NULL},
	{"repair.order.returned", PROMISE_REPAIR_RETURN, DEADLINE_MEET, "repair_order_id", "", "",
		NULL},
	{"repair.order.cancelled", PROMISE_REPAIR_FIX, DEADLINE_CANCEL, "repair_order_id", "", "",
		NULL},
	{"repair.order.cancelled", PROMISE_REPAIR_RETURN, DEADLINE_CANCEL, "repair_order_id", "",
		"", NULL},
	{"repair.order.reopened", PROMISE_REPAIR_FIX, DEADLINE_RENEW, "repair_order_id", "", "",
		NULL},
	{"repair.order.reopened", PROMISE_REPAIR_RETURN, DEADLINE_RENEW, "repair_order_id", "", "",
		NULL},
	LOOK_AT_PAUSES("repair.quote.made"),
	LOOK_AT_PAUSES("repair.quote.approved"),
	LOOK_AT_PAUSES("repair.quote.declined"),
	LOOK_AT_PAUSES("repair.wait.started"),
	LOOK_AT_PAUSES("repair.wait.ended"),
	LOOK_AT_PAUSES("repair.work.started"),

	{"repair.part.requested", PROMISE_PART_SUPPLY, DEADLINE_SET, "repair_order_id", "",
		"station.station_id", NULL},
	{"repair.part.arrived", PROMISE_PART_SUPPLY, DEADLINE_MEET, "repair_order_id", "", "",
		NULL},
	{"repair.part.arrived", PROMISE_PART_OVERSEAS, DEADLINE_MEET, "repair_order_id", "", "",
		NULL},
	{"repair.part.cancelled", PROMISE_PART_SUPPLY, DEADLINE_CANCEL, "repair_order_id", "", "",
		NULL},
	{"repair.part.backordered", PROMISE_PART_SUPPLY, DEADLINE_CANCEL, "repair_order_id", "", "",
		NULL},
	{"repair.part.backordered", PROMISE_PART_OVERSEAS, DEADLINE_SET, "repair_order_id", "",
		"station.station_id", NULL},

	FILED_PROMISES("website.complaint.filed"),
	FILED_PROMISES("callcenter.complaint.filed"),
	FILED_PROMISES("repair.complaint.filed"),
	CASE_PROMISES("callcenter.case.logged", DEADLINE_SET, "case_id", "answer_due_time_us"),
	CASE_PROMISES("callcenter.case.reopened", DEADLINE_RENEW, "case_id", NULL),
	{"callcenter.case.acknowledged", PROMISE_COMPLAINT_ACKNOWLEDGE, DEADLINE_MEET, "case_id",
		"", "", NULL},
	{"callcenter.case.acknowledged", PROMISE_CASE_ACKNOWLEDGE, DEADLINE_MEET, "case_id", "", "",
		NULL},
	CASE_PROMISES("callcenter.case.answered", DEADLINE_MEET, "case_id", NULL),
	CASE_PROMISES("callcenter.case.closed", DEADLINE_MEET, "case_id", NULL),

	{"repair.appointment.made", PROMISE_APPOINTMENT_KEEP, DEADLINE_SET, "appointment_id",
		"start_time_us", "station.station_id", NULL},
	{"callcenter.appointment.made", PROMISE_APPOINTMENT_KEEP, DEADLINE_SET, "appointment_id",
		"start_time_us", "station.station_id", NULL},
	{"website.appointment.made", PROMISE_APPOINTMENT_KEEP, DEADLINE_SET, "appointment_id",
		"start_time_us", "station.station_id", NULL},
	{"repair.appointment.moved", PROMISE_APPOINTMENT_KEEP, DEADLINE_MOVE, "appointment_id",
		"start_time_us", "", NULL},
	{"callcenter.appointment.moved", PROMISE_APPOINTMENT_KEEP, DEADLINE_MOVE, "appointment_id",
		"start_time_us", "", NULL},
	{"website.appointment.moved", PROMISE_APPOINTMENT_KEEP, DEADLINE_MOVE, "appointment_id",
		"start_time_us", "", NULL},
	{"repair.appointment.cancelled", PROMISE_APPOINTMENT_KEEP, DEADLINE_CANCEL,
		"appointment_id", "", "", NULL},
	{"callcenter.appointment.cancelled", PROMISE_APPOINTMENT_KEEP, DEADLINE_CANCEL,
		"appointment_id", "", "", NULL},
	{"website.appointment.cancelled", PROMISE_APPOINTMENT_KEEP, DEADLINE_CANCEL,
		"appointment_id", "", "", NULL},
	{"repair.appointment.kept", PROMISE_APPOINTMENT_KEEP, DEADLINE_MEET, "appointment_id", "",
		"", NULL},
	{"repair.appointment.missed", PROMISE_APPOINTMENT_KEEP, DEADLINE_MISS, "appointment_id", "",
		"", NULL},

	{"callcenter.callback.scheduled", PROMISE_CALLBACK_DO, DEADLINE_SET, "callback_id",
		"due_time_us", "", NULL},
	{"callcenter.callback.done", PROMISE_CALLBACK_DO, DEADLINE_MEET, "callback_id", "", "",
		NULL},
};

/* Parts between firms: supply.c counts what is owed. */
static const struct {
	const char *type;
	enum supply_act act;
} supply_rows[] = {
	{"parts.order.placed", SUPPLY_PLACED},
	{"parts.order.amended", SUPPLY_AMENDED},
	{"parts.order.cancelled", SUPPLY_CANCELLED},
	{"parts.order.backordered", SUPPLY_BACKORDERED},
	{"parts.goods.received", SUPPLY_RECEIVED},
};

#define ROWS(array) (sizeof(array) / sizeof((array)[0]))

static void rules_path(const struct event_type *type, struct slice names, struct path *out_path)
{
	char text[128];
	invariant(names.len < sizeof(text));
	memcpy(text, names.data, names.len);
	text[names.len] = 0;
	invariant(path_resolve(type->message, text, out_path) == CH_OK);
}

static uint8_t rules_alternatives(
	const struct event_type *type, const char *names, struct path *paths, uint8_t max)
{
	struct slice rest = slice_text(names);
	struct slice name;
	uint8_t count = 0;
	while (names[0] != 0 && text_split(&rest, '|', &name)) {
		invariant(count < max);
		rules_path(type, name, &paths[count++]);
	}
	return count;
}

static void rules_linked(struct type_rules *types, const struct linked_row *row)
{
	const struct event_type *type = types_find(slice_text(row->type));
	invariant(type != NULL);
	struct type_rules *rules = &types[type->id];
	invariant(rules->linked_count < LINKED_RULES);
	struct linked_rule *rule = &rules->linked[rules->linked_count++];
	struct slice rest = slice_text(row->copies);
	struct slice copy;
	*rule = (struct linked_rule){.table = row->table,
		.state = row->state,
		.time_field = row->time_field & ~FIRST,
		.time_first = (row->time_field & FIRST) != 0,
		.act = row->act,
		.count_field = row->count_field};
	rule->id_count = rules_alternatives(type, row->id, rule->ids, 2);
	while (row->copies[0] != 0 && text_split(&rest, ' ', &copy)) {
		struct slice names;
		uint64_t to;
		(void)text_split(&copy, '>', &names); /* every copy has one */
		invariant(rule->copy_count < LINKED_COPIES &&
			  text_parse_u64(copy, 127, &to) == CH_OK);
		rules_path(type, names, &rule->copies[rule->copy_count].from);
		rule->copies[rule->copy_count++].to = (uint32_t)to;
	}
}

static void rules_deadline(struct type_rules *types, const struct deadline_row *row)
{
	const struct event_type *type = types_find(slice_text(row->type));
	invariant(type != NULL);
	struct type_rules *rules = &types[type->id];
	invariant(rules->deadline_count < DEADLINE_RULES);
	struct deadline_rule *rule = &rules->deadlines[rules->deadline_count++];
	*rule = (struct deadline_rule){.promise = row->promise, .op = row->op};
	rule->id_count = rules_alternatives(type, row->id, rule->ids, 2);
	if (row->base[0] != 0)
		rules_path(type, slice_text(row->base), &rule->base);
	if (row->station[0] != 0)
		rules_path(type, slice_text(row->station), &rule->station);
	if (row->due != NULL)
		rules_path(type, slice_text(row->due), &rule->due);
}

static void rules_mandatory(const struct event_type *type, struct type_rules *rules)
{
	struct slice rest = slice_text(type->mandatory);
	struct slice requirement;
	const char *at = type->mandatory;
	while (type->mandatory[0] != 0 && text_split(&rest, ' ', &requirement)) {
		struct slice names = requirement;
		struct slice name;
		uint8_t i = rules->requirement_count++;
		invariant(i < 8);
		rules->requirement_names[i] = at;
		at += requirement.len + 1;
		while (text_split(&names, '|', &name)) {
			invariant(rules->requirement_counts[i] < 12);
			rules_path(type, name,
				&rules->requirements[i][rules->requirement_counts[i]++]);
		}
	}
}

static void rules_subject(const struct event_type *type, struct type_rules *rules)
{
	struct slice rest = slice_text(type->subject);
	struct slice name;
	while (type->subject[0] != 0 && text_split(&rest, ' ', &name)) {
		if (rules->subject_count < 3)
			rules_path(type, name, &rules->subject[rules->subject_count++]);
	}
}

enum ch_status rules_create(struct type_rules **out_types)
{
	/* Rows stand in the order of their numbers. */
	struct type_rules *types =
		calloc((size_t)event_types[event_type_count - 1].id + 1, sizeof(*types));
	if (types == NULL)
		return CH_NOMEM;
	for (size_t i = 0; i < event_type_count; i++) {
		const struct event_type *type = &event_types[i];
		rules_mandatory(type, &types[type->id]);
		rules_subject(type, &types[type->id]);
		/* Most messages about a product unit call it so. */
		if (path_resolve(type->message, "unit", &types[type->id].unit) != CH_OK ||
			types[type->id].unit.field->type != PROTOBUF_C_TYPE_MESSAGE)
			types[type->id].unit.count = 0;
	}
	for (size_t i = 0; i < ROWS(linked_rows); i++)
		rules_linked(types, &linked_rows[i]);
	for (size_t i = 0; i < ROWS(deadline_rows); i++)
		rules_deadline(types, &deadline_rows[i]);
	for (size_t i = 0; i < ROWS(supply_rows); i++)
		types[types_find(slice_text(supply_rows[i].type))->id].supply = supply_rows[i].act;
	*out_types = types;
	return CH_OK;
}

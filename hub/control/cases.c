/* Cases: the open ones, by owner, age or deadline. */
#include <stdlib.h>

#include "base/bytes.h"
#include "carehub/v1/control.pb-c.h"
#include "control/call.h"
#include "control/promises.h"
#include "core/apply.h"
#include "wire/pb.h"
#include "wire/pbedit.h"

/* One REPLY stays well within a frame. */
#define CASES_REPLY_BYTES (768u * 1024u)
#define CASES_LISTED      1000u
#define CASES_USUAL       100u

/* Numbers of CasesReply, Case and AgentRef. */
enum {
	REPLY_CASES = 1,
	REPLY_MATCHED = 2,
	REPLY_OPEN = 3,
	CASE_KIND = 2,
	CASE_OWNER = 4,
	CASE_LEVEL = 8,
	CASE_DEADLINES = 17,
};

enum cases_order { BY_AGE, BY_DEADLINE, BY_OWNER };

struct listed_case {
	int64_t opened_us;
	int64_t due_us; /* INT64_MAX: no promise is open, or nobody asked */
	struct slice owner;
	struct slice id;
	struct slice record; /* like the others: until the rtxn ends */
};

struct case_list {
	const struct call *call;
	const Carehub__V1__CasesRequest *ask;
	struct rtxn *rtxn;
	enum cases_order order;
	struct listed_case *cases;
	size_t count;
	size_t capacity;
	uint64_t open;
	enum ch_status status;
};

static uint64_t case_uint(struct slice record, uint32_t field)
{
	uint64_t value = 0;
	(void)pbedit_get_uint(record, field, &value); /* absent is 0 */
	return value;
}

/* The agent's number, and what group he is of. */
static void case_owner_names(struct slice record, struct slice names[2])
{
	struct slice owner = {NULL, 0};
	names[0] = names[1] = (struct slice){NULL, 0};
	(void)pbedit_get_bytes(record, CASE_OWNER, &owner); /* absent is nobody */
	(void)pbedit_get_bytes(owner, 1, &names[0]);
	(void)pbedit_get_bytes(owner, 2, &names[1]);
}

static bool case_fits(
	const struct case_list *list, const struct listed_case *item, const struct slice names[2])
{
	const Carehub__V1__CasesRequest *ask = list->ask;
	struct slice owner = slice_text(ask->owner);
	if (owner.len > 0 && !slice_equal(owner, names[0]) && !slice_equal(owner, names[1]))
		return false;
	return (ask->opened_before_us == 0 || item->opened_us < ask->opened_before_us) &&
	       (ask->due_before_us == 0 || item->due_us < ask->due_before_us) &&
	       (ask->kind == 0 || case_uint(item->record, CASE_KIND) == (uint64_t)ask->kind) &&
	       case_uint(item->record, CASE_LEVEL) >= ask->level;
}

static void case_list_add(struct case_list *list, const struct listed_case *item)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity < 64 ? 64 : list->capacity * 2;
		struct listed_case *cases = realloc(list->cases, capacity * sizeof(*cases));
		if (cases == NULL) {
			list->status = CH_NOMEM;
			return;
		}
		list->cases = cases;
		list->capacity = capacity;
	}
	list->cases[list->count++] = *item;
}

static bool case_visit(void *context, struct slice key, struct slice value)
{
	struct case_list *list = context;
	size_t head = sizeof(KEY_OPEN_CASES) - 1;
	struct slice names[2];
	(void)value; /* the key says all */
	if (key.len <= head + 8)
		return true;
	if (!call_may_see(list->call, slice_sub(key, head + 8, key.len)))
		return true;
	struct listed_case item = {.opened_us = (int64_t)load_be64(key.data + head),
		.due_us = INT64_MAX,
		.id = slice_sub(key, head + 8, key.len)};
	enum ch_status status = rtxn_get(list->rtxn, TABLE_CASE, item.id, &item.record);
	if (status == CH_NOT_FOUND)
		return true;
	if (status != CH_OK) {
		list->status = status;
		return false;
	}
	list->open++;
	if (list->order == BY_DEADLINE || list->ask->due_before_us != 0)
		item.due_us = promises_next_due(list->rtxn, "case", item.id);
	case_owner_names(item.record, names);
	item.owner = names[0].len > 0 ? names[0] : names[1];
	if (case_fits(list, &item, names))
		case_list_add(list, &item);
	return list->status == CH_OK;
}

/* The oldest first, in every order. */
static int case_by_age(const void *a, const void *b)
{
	const struct listed_case *x = a;
	const struct listed_case *y = b;
	if (x->opened_us != y->opened_us)
		return x->opened_us < y->opened_us ? -1 : 1;
	return slice_compare(x->id, y->id);
}

static int case_by_deadline(const void *a, const void *b)
{
	const struct listed_case *x = a;
	const struct listed_case *y = b;
	if (x->due_us != y->due_us)
		return x->due_us < y->due_us ? -1 : 1;
	return case_by_age(a, b);
}

static int case_by_owner(const void *a, const void *b)
{
	const struct listed_case *x = a;
	const struct listed_case *y = b;
	int order = slice_compare(x->owner, y->owner);
	return order != 0 ? order : case_by_age(a, b);
}

static const struct {
	const char *name;
	int (*compare)(const void *a, const void *b);
} orders[] = {
	[BY_AGE] = {"age", case_by_age},
	[BY_DEADLINE] = {"deadline", case_by_deadline},
	[BY_OWNER] = {"owner", case_by_owner},
};

static bool case_order(const char *name, enum cases_order *out_order)
{
	*out_order = BY_AGE;
	if (name[0] == 0)
		return true;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		if (strcmp(orders[i].name, name) == 0) {
			*out_order = (enum cases_order)i;
			return true;
		}
	}
	return false;
}

static void case_list_put(const struct case_list *list, uint32_t limit, struct buffer *out)
{
	for (size_t i = 0; i < list->count && i < limit && out->len < CASES_REPLY_BYTES; i++) {
		const struct listed_case *item = &list->cases[i];
		size_t mark = pb_begin(out, REPLY_CASES);
		buffer_append_slice(out, item->record);
		promises_put(list->rtxn, "case", item->id, CASE_DEADLINES, out);
		pb_end(out, mark);
	}
	pb_put_uint(out, REPLY_MATCHED, list->count);
	pb_put_uint(out, REPLY_OPEN, list->open);
}

enum call_turn cases_step(struct call *call)
{
	const Carehub__V1__CasesRequest *ask = (const Carehub__V1__CasesRequest *)call->ask;
	struct case_list list = {.call = call, .ask = ask};
	uint32_t limit = ask->limit == 0 ? CASES_USUAL : ask->limit;
	if (!case_order(ask->order, &list.order))
		return call_fail(call, CH_INVALID, "\"%.40s\" is no order of cases", ask->order);
	enum ch_status status = rtxn_begin(call->hub->state, &list.rtxn);
	if (status == CH_OK)
		status = rtxn_scan(
			list.rtxn, TABLE_META, SLICE_LITERAL(KEY_OPEN_CASES), case_visit, &list);
	if (status == CH_OK)
		status = list.status;
	if (status == CH_OK) {
		if (list.count > 0)
			qsort(list.cases, list.count, sizeof(list.cases[0]),
				orders[list.order].compare);
		case_list_put(&list, limit < CASES_LISTED ? limit : CASES_LISTED, &call->reply);
	}
	rtxn_end(list.rtxn);
	free(list.cases);
	return status == CH_OK ? call_finish(call)
			       : call_fail(call, status, "the cases cannot be read");
}

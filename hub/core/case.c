/* Who owns a case, and how high it has risen.
 *
 * The first person who is asked owns it until somebody else does: he logged it, or was named in the
 * complaint, or was the first to do something about one that nobody owned (a form on the website names
 * nobody).  A hand-over that is only offered changes nothing but `offered_to`.  Hand-overs are kept by the
 * time at which they happened, so that a late one finds its place and takes nothing back.
 *
 * A case rises by the ladders of its promises, or because a person raised it, and comes down when it is
 * opened again. */
#include "base/bytes.h"
#include "core/core.h"
#include "wire/pbedit.h"

/* Numbers of Case, HandOver, AgentRef and Regarding, and of the enums. */
enum {
	CASE_KIND = 2,
	CASE_OWNER = 4,
	CASE_STATE = 5,
	CASE_SEVERITY = 6,
	CASE_LEVEL = 8,
	CASE_OPENED = 9,
	CASE_CLOSED = 12,
	CASE_HAND_OVERS = 15,
	CASE_REGARDING = 16,
	CASE_OFFERED_TO = 19,
	CASE_OWNER_TIME = 20,
	CASE_HAND_OVER_COUNT = 21,
	CASE_ESCALATED_TO = 22,
	HAND_FROM = 1,
	HAND_TO = 2,
	HAND_TIME = 3,
	HAND_SEQUENCE = 4,
	AGENT_ID = 1,
	AGENT_GROUP = 2,
	STATE_ANSWERED = 3,
	STATE_CLOSED = 4,
	KIND_COMPLAINT = 5,
	ANSWER_YES = 1,
	ANSWER_NO = 2,
	RECORD_STATE_TIME = 98,
};

/* Numbers of the events that change it. */
enum {
	FILED_OWNER = 7,
	TAKEN_OWNER = 2,
	REOPENED_OWNER = 2,
	HANDED_FROM = 2,
	HANDED_TO = 3,
	HANDED_ACCEPTED = 4,
	ESCALATED_LEVEL = 2,
	ESCALATED_TO = 4,
	LOGGED_KIND = 2,
	LOGGED_OWNER = 3,
	LOGGED_CALL = 6,
	LOGGED_UNIT = 8,
	LOGGED_REPAIR = 9,
	LOGGED_ORDER = 10,
	LOGGED_RESOLVED = 12,
};

static struct slice told_bytes(const struct ruling *ruling, uint32_t field)
{
	const struct path path = {.numbers = {field}, .count = 1};
	return path_bytes(&path, &ruling->parts);
}

static uint64_t told_uint(const struct ruling *ruling, uint32_t field)
{
	const struct path path = {.numbers = {field}, .count = 1};
	return path_uint(&path, &ruling->parts);
}

static uint64_t case_uint(struct slice record, uint32_t field)
{
	uint64_t value = 0;
	(void)pbedit_get_uint(record, field, &value); /* absent is 0 */
	return value;
}

static struct slice case_bytes(struct slice record, uint32_t field)
{
	struct slice value = {NULL, 0};
	(void)pbedit_get_bytes(record, field, &value); /* absent is empty */
	return value;
}

/* An agent's number; without one, a group's name. */
static struct slice agent_name(struct slice agent)
{
	struct slice name = case_bytes(agent, AGENT_ID);
	return name.len > 0 ? name : case_bytes(agent, AGENT_GROUP);
}

struct slice case_owner(struct slice record)
{
	return agent_name(case_bytes(record, CASE_OWNER));
}

/* ---- Hand-overs ---- */

struct hand_overs {
	struct slice list[LIMIT_HAND_OVERS + 1]; /* encoded, by time */
	uint32_t count;
};

static bool hand_over_same(struct slice a, struct slice b)
{
	return case_uint(a, HAND_TIME) == case_uint(b, HAND_TIME) &&
	       slice_equal(agent_name(case_bytes(a, HAND_TO)), agent_name(case_bytes(b, HAND_TO)));
}

/* False: it has been told before. */
static bool hand_overs_insert(struct hand_overs *all, struct slice fresh)
{
	uint32_t at = all->count;
	while (at > 0 && case_uint(all->list[at - 1], HAND_TIME) > case_uint(fresh, HAND_TIME))
		at--;
	for (uint32_t i = 0; i < all->count; i++) {
		if (hand_over_same(all->list[i], fresh))
			return false;
	}
	memmove(&all->list[at + 1], &all->list[at], (all->count - at) * sizeof(all->list[0]));
	all->list[at] = fresh;
	all->count++;
	return true;
}

static void case_add_hand_over(struct ruling *ruling, struct slice record, struct slice from,
	struct slice to, struct buffer *partial)
{
	struct hand_overs all = {.count = 0};
	struct buffer fresh = {0};
	struct pb_reader reader = pb_read(record);
	struct pb_field field;
	while (pb_next(&reader, &field)) {
		if (field.number == CASE_HAND_OVERS && all.count < LIMIT_HAND_OVERS)
			all.list[all.count++] = field.bytes;
	}
	pb_put_bytes(&fresh, HAND_FROM, from);
	pb_put_bytes(&fresh, HAND_TO, to);
	pb_put_int(&fresh, HAND_TIME, ruling->occurred_us);
	pb_put_uint(&fresh, HAND_SEQUENCE, ruling->input->sequence);
	if (fresh.status != CH_OK)
		ruling->status = fresh.status;
	else if (hand_overs_insert(&all, buffer_slice(&fresh))) {
		/* The oldest makes room. */
		for (uint32_t i = all.count > LIMIT_HAND_OVERS; i < all.count; i++)
			pb_put_element(partial, CASE_HAND_OVERS, all.list[i]);
		pb_put_uint(
			partial, CASE_HAND_OVER_COUNT, case_uint(record, CASE_HAND_OVER_COUNT) + 1);
	}
	buffer_fini(&fresh);
}

/* ---- Owners ---- */

static void case_put_owner(const struct ruling *ruling, struct slice agent, struct buffer *partial)
{
	pb_put_bytes(partial, CASE_OWNER, agent);
	pb_put_int(partial, CASE_OWNER_TIME, ruling->occurred_us);
}

/* The first who is asked. */
static void case_own(const struct ruling *ruling, struct slice record, struct slice agent,
	struct buffer *partial)
{
	if (agent_name(agent).len > 0 && case_owner(record).len == 0)
		case_put_owner(ruling, agent, partial);
}

/* From now on it is his; told late, it was his for a while. */
static void case_hand(struct ruling *ruling, struct slice record, struct slice from,
	struct slice to, struct buffer *partial)
{
	struct slice owner = case_bytes(record, CASE_OWNER);
	bool late = ruling->occurred_us < (int64_t)case_uint(record, CASE_OWNER_TIME);
	if (agent_name(to).len == 0 || (!late && slice_equal(agent_name(owner), agent_name(to))))
		return;
	if (agent_name(from).len == 0 && !late)
		from = owner;
	if (!late)
		case_put_owner(ruling, to, partial);
	case_add_hand_over(ruling, record, from, to, partial);
}

static void case_clear(struct slice record, uint32_t field, struct buffer *partial)
{
	if (case_bytes(record, field).len > 0)
		pb_put_element(partial, field, (struct slice){NULL, 0});
}

static void case_handed(struct ruling *ruling, struct slice record, struct buffer *partial)
{
	struct slice to = told_bytes(ruling, HANDED_TO);
	if (told_uint(ruling, HANDED_ACCEPTED) == ANSWER_NO) {
		if (ruling->occurred_us >= (int64_t)case_uint(record, CASE_OWNER_TIME))
			pb_put_bytes(partial, CASE_OFFERED_TO, to);
		return;
	}
	case_hand(ruling, record, told_bytes(ruling, HANDED_FROM), to, partial);
	case_clear(record, CASE_OFFERED_TO, partial);
}

/* ---- What each event does ---- */

static void case_logged(struct ruling *ruling, struct slice record, struct buffer *partial)
{
	static const struct {
		uint32_t to; /* of Regarding, rising */
		uint32_t from;
	} about[] = {{1, LOGGED_ORDER}, {2, LOGGED_REPAIR}, {4, LOGGED_CALL}, {6, LOGGED_UNIT}};
	if (case_uint(record, CASE_KIND) != KIND_COMPLAINT)
		record_put(record, CASE_KIND, told_uint(ruling, LOGGED_KIND), partial);
	case_own(ruling, record, told_bytes(ruling, LOGGED_OWNER), partial);
	if (told_uint(ruling, LOGGED_RESOLVED) == ANSWER_YES &&
		ruling->occurred_us > (int64_t)case_uint(record, CASE_CLOSED))
		pb_put_int(partial, CASE_CLOSED, ruling->occurred_us);
	if (case_bytes(record, CASE_REGARDING).len > 0)
		return;
	struct buffer regarding = {0};
	for (size_t i = 0; i < sizeof(about) / sizeof(about[0]); i++)
		pb_put_bytes(&regarding, about[i].to, told_bytes(ruling, about[i].from));
	pb_put_bytes(partial, CASE_REGARDING, buffer_slice(&regarding));
	if (regarding.status != CH_OK)
		ruling->status = regarding.status;
	buffer_fini(&regarding);
}

static void case_filed(struct ruling *ruling, struct slice record, struct buffer *partial)
{
	record_put(record, CASE_KIND, KIND_COMPLAINT, partial);
	case_own(ruling, record, told_bytes(ruling, FILED_OWNER), partial);
}

static void case_escalated(struct ruling *ruling, struct slice record, struct buffer *partial)
{
	uint64_t level = told_uint(ruling, ESCALATED_LEVEL);
	if (level > case_uint(record, CASE_LEVEL) && level <= UINT32_MAX)
		pb_put_uint(partial, CASE_LEVEL, level);
	case_hand(
		ruling, record, (struct slice){NULL, 0}, told_bytes(ruling, ESCALATED_TO), partial);
}

static void case_reopened(struct ruling *ruling, struct slice record, struct buffer *partial)
{
	case_hand(ruling, record, (struct slice){NULL, 0}, told_bytes(ruling, REOPENED_OWNER),
		partial);
	if (ruling->occurred_us < (int64_t)case_uint(record, RECORD_STATE_TIME))
		return;
	record_put(record, CASE_LEVEL, 0, partial);
	case_clear(record, CASE_ESCALATED_TO, partial);
}

uint32_t case_state(const struct ruling *ruling, const struct linked_rule *rule)
{
	bool resolved = rule->act == ACT_LOGGED && told_uint(ruling, LOGGED_RESOLVED) == ANSWER_YES;
	return resolved ? STATE_CLOSED : rule->state;
}

void case_apply(struct ruling *ruling, const struct linked_rule *rule, struct slice record,
	struct buffer *partial)
{
	switch (rule->act) {
	case ACT_LOGGED:
		case_logged(ruling, record, partial);
		break;
	case ACT_FILED:
		case_filed(ruling, record, partial);
		break;
	case ACT_TAKEN:
		case_own(ruling, record, told_bytes(ruling, TAKEN_OWNER), partial);
		if (rule->state >= STATE_ANSWERED)
			case_clear(record, CASE_ESCALATED_TO, partial);
		break;
	case ACT_HANDED:
		case_handed(ruling, record, partial);
		break;
	case ACT_ESCALATED:
		case_escalated(ruling, record, partial);
		break;
	case ACT_REOPENED:
		case_reopened(ruling, record, partial);
		break;
	default:
		break;
	}
}

void case_escalate(struct ruling *ruling, struct slice id, uint32_t rung, const char *role)
{
	struct slice record = linked_get(ruling, TABLE_CASE, id);
	struct buffer partial = {0};
	if (record.len == 0)
		return;
	if (rung > case_uint(record, CASE_LEVEL))
		pb_put_uint(&partial, CASE_LEVEL, rung);
	if (!slice_equal(case_bytes(record, CASE_ESCALATED_TO), slice_text(role)))
		pb_put_text(&partial, CASE_ESCALATED_TO, role);
	if (partial.len > 0)
		ruling_effect(ruling, &(struct effect){.op = EFFECT_RECORD_SET,
					      .kind = TABLE_CASE,
					      .id = id,
					      .value = buffer_slice(&partial)});
	if (partial.status != CH_OK)
		ruling->status = partial.status;
	buffer_fini(&partial);
}

/* ---- The fold: which are open ---- */

size_t key_open_case(uint8_t key[LIMIT_KEY_BYTES + 16], int64_t opened_us, struct slice id)
{
	memcpy(key, KEY_OPEN_CASES, sizeof(KEY_OPEN_CASES) - 1);
	store_be64(key + sizeof(KEY_OPEN_CASES) - 1, (uint64_t)opened_us);
	memcpy(key + sizeof(KEY_OPEN_CASES) - 1 + 8, id.data, id.len);
	return sizeof(KEY_OPEN_CASES) - 1 + 8 + id.len;
}

/* ---- How many are open ---- */

static uint64_t case_bounded(uint64_t value, uint64_t count)
{
	return value < count ? value : count - 1;
}

/* One more, or one less: of its kind and severity. */
static void case_count(struct core *core, struct slice record, bool more)
{
	uint64_t kind = case_bounded(case_uint(record, CASE_KIND), CORE_CASE_KINDS);
	uint64_t severity = case_bounded(case_uint(record, CASE_SEVERITY), CORE_CASE_SEVERITIES);
	uint64_t *open = &core->cases.open[kind][severity];
	uint64_t *breached = &core->cases.breached[kind][severity];
	if (record.len == 0 || case_uint(record, CASE_STATE) == STATE_CLOSED)
		return;
	*open += more ? 1 : UINT64_MAX;
	if (case_uint(record, CASE_LEVEL) > 0)
		*breached += more ? 1 : UINT64_MAX;
}

struct case_loading {
	struct core *core;
	struct rtxn *rtxn;
	enum ch_status status;
};

static bool case_load_one(void *context, struct slice key, struct slice value)
{
	struct case_loading *loading = context;
	size_t head = sizeof(KEY_OPEN_CASES) - 1 + 8;
	struct slice record;
	(void)value; /* the key says all */
	if (key.len <= head)
		return true;
	loading->status =
		rtxn_get(loading->rtxn, TABLE_CASE, slice_sub(key, head, key.len), &record);
	if (loading->status == CH_NOT_FOUND)
		loading->status = CH_OK;
	else if (loading->status == CH_OK)
		case_count(loading->core, record, true);
	return loading->status == CH_OK;
}

enum ch_status case_load(struct core *core, struct rtxn *rtxn)
{
	struct case_loading loading = {.core = core, .rtxn = rtxn, .status = CH_OK};
	enum ch_status status =
		rtxn_scan(rtxn, TABLE_META, SLICE_LITERAL(KEY_OPEN_CASES), case_load_one, &loading);
	return status == CH_OK ? loading.status : status;
}

/* ---- The fold ---- */

void case_fold_index(struct core *core, struct change *change, struct slice id, struct slice before,
	struct slice after)
{
	uint8_t key[LIMIT_KEY_BYTES + 16];
	bool was = before.len > 0 && case_uint(before, CASE_STATE) != STATE_CLOSED;
	bool is = after.len > 0 && case_uint(after, CASE_STATE) != STATE_CLOSED;
	int64_t was_us = (int64_t)case_uint(before, CASE_OPENED);
	int64_t is_us = (int64_t)case_uint(after, CASE_OPENED);
	case_count(core, before, false);
	case_count(core, after, true);
	if (id.len > LIMIT_KEY_BYTES - 32 || (was == is && was_us == is_us))
		return;
	if (was)
		change_delete(change, TABLE_META, slice_of(key, key_open_case(key, was_us, id)));
	if (is)
		change_put(change, TABLE_META, slice_of(key, key_open_case(key, is_us, id)),
			(struct slice){NULL, 0});
}

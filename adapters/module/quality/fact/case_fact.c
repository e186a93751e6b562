#include "module/quality/fact/case_fact.h"

#include "carehub/v1/callcenter.pb-c.h"
#include "carehub/v1/care.pb-c.h"
#include "carehub/v1/customer.pb-c.h"
#include "carehub/v1/hub.pb-c.h"
#include "module/quality/fact/moment.h"
#include "module/quality/quality_settings.h"

#define STATE_MET       CAREHUB__V1__DEADLINE_STATE__DEADLINE_STATE_MET
#define STATE_MISSED    CAREHUB__V1__DEADLINE_STATE__DEADLINE_STATE_MISSED
#define STATE_CANCELLED CAREHUB__V1__DEADLINE_STATE__DEADLINE_STATE_CANCELLED

/* ---- Folding: cases ---- */

static void case_owner(struct mark *mark, const Carehub__V1__AgentRef *owner)
{
	if (owner == NULL)
		return;
	mark->texts[CASE_OWNER] = fact_text(owner->agent_id);
	mark->texts[CASE_OWNER_GROUP] = fact_text(owner->group);
}

static enum ch_status case_put(struct book_txn *txn, const char *case_id, const struct mark *mark)
{
	return fact_put_named(txn, FACT_CASES, fact_text(case_id), mark, 1);
}

static enum ch_status case_fold_filed(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__ComplaintFiled *filed = (const void *)event->message;
	struct mark mark = fact_mark(event, CASE_FILED);
	(void)self;
	case_owner(&mark, filed->owner);
	mark.numbers[0] = filed->severity;
	mark.texts[CASE_REASON] = fact_text(filed->reason_code);
	if (filed->regarding != NULL) {
		mark.texts[CASE_REPAIR] = fact_text(filed->regarding->repair_order_id);
		if (filed->regarding->station != NULL)
			mark.texts[CASE_STATION] = fact_text(filed->regarding->station->station_id);
		if (filed->regarding->unit != NULL)
			mark.texts[CASE_MODEL] = fact_text(filed->regarding->unit->model);
	}
	return case_put(txn, filed->case_id[0] != 0 ? filed->case_id : filed->complaint_id, &mark);
}

static enum ch_status case_fold_logged(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__CallcenterCaseLogged *logged = (const void *)event->message;
	struct mark mark = fact_mark(event, CASE_LOGGED);
	(void)self;
	case_owner(&mark, logged->owner);
	if (mark.texts[CASE_OWNER_GROUP].len == 0)
		mark.texts[CASE_OWNER_GROUP] = fact_text(logged->group);
	mark.numbers[0] = logged->kind;
	mark.numbers[1] = logged->resolved;
	mark.texts[CASE_REPAIR] = fact_text(logged->repair_order_id);
	return case_put(txn, logged->case_id, &mark);
}

static enum ch_status case_fold_handed(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__CallcenterCaseHanded *handed = (const void *)event->message;
	struct mark mark = fact_mark(event, CASE_HANDED);
	(void)self;
	case_owner(&mark, handed->to_owner);
	mark.numbers[0] = handed->accepted;
	return case_put(txn, handed->case_id, &mark);
}

#define CASE_FOLD_PLAIN(name, Message, kind, who, first, second)                                   \
	static enum ch_status case_fold_##name(                                                    \
		void *self, struct book_txn *txn, const struct feed_event *event)                  \
	{                                                                                          \
		const Carehub__V1__##Message *told = (const void *)event->message;                 \
		struct mark mark = fact_mark(event, kind);                                         \
		(void)self;                                                                        \
		case_owner(&mark, told->who);                                                      \
		mark.numbers[0] = (first);                                                         \
		mark.numbers[1] = (second);                                                        \
		return case_put(txn, told->case_id, &mark);                                        \
	}

CASE_FOLD_PLAIN(acknowledged, CallcenterCaseAcknowledged, CASE_ACKNOWLEDGED, owner, 0, 0)
CASE_FOLD_PLAIN(answered, CallcenterCaseAnswered, CASE_ANSWERED, owner, 0, 0)
CASE_FOLD_PLAIN(escalated, CallcenterCaseEscalated, CASE_ESCALATED, to_agent, told->level, 0)
CASE_FOLD_PLAIN(closed, CallcenterCaseClosed, CASE_CLOSED, owner, told->resolved, told->contacts)
CASE_FOLD_PLAIN(reopened, CallcenterCaseReopened, CASE_REOPENED, owner, 0, 0)

/* ---- Folding: promises ---- */

static enum ch_status promise_put(struct book_txn *txn, const struct feed_event *event,
	unsigned kind, const Carehub__V1__DeadlineInfo *info, int64_t rung, const char *escalate_to)
{
	struct mark mark = fact_mark(event, kind);
	if (info == NULL)
		return CH_MISSING;
	/* The hub's word, on its own clock. */
	mark.moment_us = event->arrival_us;
	mark.customer = 0;
	mark.texts[PROMISE_NAME] = fact_text(info->promise);
	mark.texts[PROMISE_SUBJECT] = fact_text(info->subject_id);
	mark.texts[PROMISE_STATION] = fact_text(info->station_id);
	mark.texts[PROMISE_ESCALATED_TO] = fact_text(escalate_to);
	mark.numbers[PROMISE_DUE] = moment_told(info->due_time_us);
	mark.numbers[PROMISE_DONE] = moment_told(info->done_time_us);
	mark.numbers[PROMISE_RUNG] = rung > 0 ? rung : info->rung;
	mark.numbers[PROMISE_STATE] = info->state;
	return fact_put_named(txn, FACT_PROMISES, fact_text(info->deadline_id), &mark, 1);
}

static enum ch_status promise_fold_missed(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__DeadlinePromiseMissed *missed = (const void *)event->message;
	(void)self;
	return promise_put(
		txn, event, PROMISE_MISSED, missed->deadline, missed->rung, missed->escalate_to);
}

#define PROMISE_FOLD_PLAIN(name, Message, kind)                                                    \
	static enum ch_status promise_fold_##name(                                                 \
		void *self, struct book_txn *txn, const struct feed_event *event)                  \
	{                                                                                          \
		const Carehub__V1__##Message *told = (const void *)event->message;                 \
		(void)self;                                                                        \
		return promise_put(txn, event, kind, told->deadline, 0, NULL);                     \
	}

PROMISE_FOLD_PLAIN(set, DeadlinePromiseSet, PROMISE_SET)
PROMISE_FOLD_PLAIN(moved, DeadlinePromiseMoved, PROMISE_MOVED)
PROMISE_FOLD_PLAIN(met, DeadlinePromiseMet, PROMISE_MET)
PROMISE_FOLD_PLAIN(corrected, DeadlinePromiseCorrected, PROMISE_CORRECTED)
PROMISE_FOLD_PLAIN(cancelled, DeadlinePromiseCancelled, PROMISE_CANCELLED)
PROMISE_FOLD_PLAIN(fulfilled, DeadlinePromiseFulfilled, PROMISE_FULFILLED)

static const struct module_fold case_folds[] = {
	{"*.complaint.filed", case_fold_filed},
	{"callcenter.case.logged", case_fold_logged},
	{"callcenter.case.handed", case_fold_handed},
	{"callcenter.case.acknowledged", case_fold_acknowledged},
	{"callcenter.case.answered", case_fold_answered},
	{"callcenter.case.escalated", case_fold_escalated},
	{"callcenter.case.closed", case_fold_closed},
	{"callcenter.case.reopened", case_fold_reopened},
	{"deadline.promise.set", promise_fold_set},
	{"deadline.promise.moved", promise_fold_moved},
	{"deadline.promise.met", promise_fold_met},
	{"deadline.promise.missed", promise_fold_missed},
	{"deadline.promise.corrected", promise_fold_corrected},
	{"deadline.promise.cancelled", promise_fold_cancelled},
	{"deadline.promise.fulfilled", promise_fold_fulfilled},
};

const struct module_part case_part = {
	.name = "cases",
	.folds = case_folds,
	.fold_count = sizeof(case_folds) / sizeof(*case_folds),
};

/* ---- The facts ---- */

static void case_give(struct case_fact *fact, const struct mark *mark)
{
	if (mark->texts[CASE_OWNER].len == 0 && mark->texts[CASE_OWNER_GROUP].len == 0)
		return;
	fact->owner = mark->texts[CASE_OWNER];
	fact->owner_group = mark->texts[CASE_OWNER_GROUP];
	if (fact->first_owner.len == 0)
		fact->first_owner = fact->owner;
}

/* A case may be told twice, as a complaint and as the case that carries it: one begin, the earlier. */
static void case_begin(struct case_fact *fact, const struct mark *mark)
{
	if (fact->filed_us == 0)
		fact->filed_us = mark->moment_us;
	if (fact->owner.len == 0)
		case_give(fact, mark);
	fact->complaint |= mark->kind == CASE_FILED ||
			   mark->numbers[0] == CAREHUB__V1__CASE_KIND__CASE_KIND_COMPLAINT;
	if (mark->texts[CASE_STATION].len > 0)
		fact->station = mark->texts[CASE_STATION];
	if (mark->texts[CASE_REASON].len > 0)
		fact->reason = mark->texts[CASE_REASON];
	if (mark->texts[CASE_REPAIR].len > 0)
		fact->repair = mark->texts[CASE_REPAIR];
	if (mark->texts[CASE_MODEL].len > 0)
		fact->model = mark->texts[CASE_MODEL];
}

static void case_hand(struct case_fact *fact, const struct mark *mark)
{
	bool same = slice_equal(fact->owner, mark->texts[CASE_OWNER]) &&
		    slice_equal(fact->owner_group, mark->texts[CASE_OWNER_GROUP]);
	if (mark->numbers[0] == CAREHUB__V1__ANSWER__ANSWER_NO || same)
		return;
	case_give(fact, mark);
	fact->hand_overs++;
}

static void case_apply(struct case_fact *fact, const struct mark *mark)
{
	bool settled =
		mark->kind == CASE_LOGGED && mark->numbers[1] == CAREHUB__V1__ANSWER__ANSWER_YES;
	bool answers = mark->kind == CASE_ANSWERED || mark->kind == CASE_CLOSED || settled;
	if (mark->customer != 0 && fact->customer == 0) {
		fact->customer = mark->customer;
		fact->sequence = mark->sequence;
	}
	if ((answers || mark->kind == CASE_ACKNOWLEDGED) && fact->acknowledged_us == 0)
		fact->acknowledged_us = mark->moment_us;
	if (answers && fact->answered_us == 0)
		fact->answered_us = mark->moment_us;
	if ((answers || mark->kind == CASE_ACKNOWLEDGED) && fact->first_owner.len == 0)
		case_give(fact, mark);
	switch (mark->kind) {
	case CASE_FILED:
	case CASE_LOGGED:
		case_begin(fact, mark);
		if (settled)
			fact->closed_us = mark->moment_us;
		break;
	case CASE_HANDED:
		case_hand(fact, mark);
		break;
	case CASE_ESCALATED:
		fact->level = mark->numbers[0];
		case_give(fact, mark);
		break;
	case CASE_CLOSED:
		fact->closed_us = mark->moment_us;
		fact->resolved = mark->numbers[0] == CAREHUB__V1__ANSWER__ANSWER_YES;
		break;
	case CASE_REOPENED:
		fact->closed_us = 0;
		fact->reopened_us = mark->moment_us;
		fact->reopened++;
		case_give(fact, mark);
		break;
	default:
		break;
	}
}

bool case_fact_make(struct slice case_id, const struct marks *marks, struct case_fact *out_fact)
{
	bool begun = false;
	*out_fact = (struct case_fact){.case_id = case_id};
	for (size_t i = 0; i < marks->count; i++) {
		begun |= marks->items[i].kind == CASE_FILED || marks->items[i].kind == CASE_LOGGED;
		case_apply(out_fact, &marks->items[i]);
	}
	out_fact->open = out_fact->closed_us == 0;
	return begun;
}

bool promise_fact_make(const struct marks *marks, struct promise_fact *out_fact)
{
	*out_fact = (struct promise_fact){0};
	for (size_t i = 0; i < marks->count; i++) {
		const struct mark *mark = &marks->items[i];
		out_fact->name = mark->texts[PROMISE_NAME];
		out_fact->subject = mark->texts[PROMISE_SUBJECT];
		if (mark->texts[PROMISE_STATION].len > 0)
			out_fact->station = mark->texts[PROMISE_STATION];
		if (out_fact->set_us == 0)
			out_fact->set_us = mark->moment_us;
		out_fact->due_us = mark->numbers[PROMISE_DUE];
		out_fact->done_us = mark->numbers[PROMISE_DONE];
		out_fact->state = mark->numbers[PROMISE_STATE];
		if (mark->numbers[PROMISE_RUNG] > out_fact->rung)
			out_fact->rung = mark->numbers[PROMISE_RUNG];
		out_fact->said_missed |= mark->kind == PROMISE_MISSED;
		out_fact->corrected |= mark->kind == PROMISE_CORRECTED;
		out_fact->fulfilled |= mark->kind == PROMISE_FULFILLED;
	}
	return out_fact->due_us != 0;
}

enum ch_status promise_get(struct book_txn *txn, const char *name, struct slice subject,
	int64_t as_of_us, struct marks *marks, struct promise_fact *out_fact, bool *out_known)
{
	char id[LIMIT_FACT_NAME_BYTES];
	struct key key;
	size_t len = strlen(name);
	*out_known = false;
	if (len + 1 + subject.len > sizeof(id))
		return CH_OK; /* it was never taken under that name either */
	memcpy(id, name, len);
	id[len] = '/';
	memcpy(id + len + 1, subject.data, subject.len);
	key_start(&key);
	key_text(&key, slice_of(id, len + 1 + subject.len));
	enum ch_status status = fact_get(txn, FACT_PROMISES, key_slice(&key), as_of_us, marks);
	if (status == CH_OK && marks->count > 0)
		*out_known = promise_fact_make(marks, out_fact);
	return status;
}

enum ch_status case_promise_find(struct book_txn *txn, const struct case_fact *fact,
	enum case_duty duty, const struct quality_settings *settings, int64_t as_of_us,
	struct marks *marks, struct case_promise *out_promise)
{
	bool answer = duty == CASE_TO_ANSWER;
	int64_t done_us = answer ? fact->answered_us : fact->acknowledged_us;
	int64_t usual_us = (answer ? settings->answer_ms : settings->acknowledge_ms) * 1000;
	struct case_promise found = {.due_us = fact->filed_us + usual_us};
	struct promise_fact promise;
	bool known = false;
	enum ch_status status =
		promise_get(txn, answer ? "complaint.answer" : "complaint.acknowledge",
			fact->case_id, as_of_us, marks, &promise, &known);
	if (status != CH_OK)
		return status;
	if (!known || promise.due_us == 0 || promise.state == STATE_CANCELLED) {
		found.kept = done_us != 0 && done_us <= found.due_us;
		found.judged = done_us != 0 || as_of_us > found.due_us;
	} else {
		found.due_us = promise.due_us;
		found.kept = promise.state == STATE_MET;
		found.judged = found.kept || promise.state == STATE_MISSED;
		found.said_missed = promise.said_missed;
		found.corrected = promise.corrected;
	}
	*out_promise = found;
	return CH_OK;
}

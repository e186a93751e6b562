#include "module/quality/fact/call_fact.h"

#include "carehub/v1/callcenter.pb-c.h"

/* Longer than any call: what is told beyond is cut, so that sums stay sums. */
#define CALL_MS_MAX INT64_C(604800000)

/* ---- Folding ---- */

static int64_t call_ms(int64_t told)
{
	return told < 0 ? 0 : told > CALL_MS_MAX ? CALL_MS_MAX : told;
}

static enum ch_status call_put(
	struct book_txn *txn, const Carehub__V1__CallRef *call, struct mark *mark)
{
	if (call == NULL)
		return CH_MISSING;
	mark->texts[CALL_QUEUE] = fact_text(call->queue);
	mark->texts[CALL_GROUP] = fact_text(call->group);
	mark->texts[CALL_STAY] = fact_text(call->queue_call_id);
	mark->numbers[CALL_DIRECTION] = call->direction;
	return fact_put_named(txn, FACT_CALLS, fact_text(call->call_id), mark, 1);
}

static struct slice call_agent(const Carehub__V1__AgentRef *agent)
{
	return fact_text(agent != NULL ? agent->agent_id : NULL);
}

static enum ch_status call_fold_queued(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__CallcenterCallQueued *queued = (const void *)event->message;
	struct mark mark = fact_mark(event, CALL_QUEUED);
	(void)self;
	return call_put(txn, queued->call, &mark);
}

static enum ch_status call_fold_connected(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__CallcenterCallConnected *connected = (const void *)event->message;
	struct mark mark = fact_mark(event, CALL_CONNECTED);
	(void)self;
	mark.texts[CALL_AGENT] = call_agent(connected->agent);
	mark.numbers[CALL_WAIT] = call_ms(connected->wait_ms);
	return call_put(txn, connected->call, &mark);
}

static enum ch_status call_fold_completed(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__CallcenterCallCompleted *completed = (const void *)event->message;
	struct mark mark = fact_mark(event, CALL_COMPLETED);
	(void)self;
	mark.texts[CALL_AGENT] = call_agent(completed->agent);
	mark.texts[CALL_CASE_ID] = fact_text(completed->case_id);
	mark.numbers[CALL_WAIT] = call_ms(completed->wait_ms);
	mark.numbers[CALL_TALK] = call_ms(completed->talk_ms);
	mark.numbers[CALL_HOLD] = call_ms(completed->hold_ms);
	mark.numbers[CALL_WRAP] = call_ms(completed->wrap_up_ms);
	mark.numbers[CALL_RESOLVED] = completed->resolved;
	return call_put(txn, completed->call, &mark);
}

static enum ch_status call_fold_abandoned(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__CallcenterCallAbandoned *abandoned = (const void *)event->message;
	struct mark mark = fact_mark(event, CALL_ABANDONED);
	(void)self;
	mark.numbers[CALL_WAIT] = call_ms(abandoned->wait_ms);
	return call_put(txn, abandoned->call, &mark);
}

static enum ch_status call_fold_timed_out(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__CallcenterCallTimedout *timedout = (const void *)event->message;
	struct mark mark = fact_mark(event, CALL_TIMED_OUT);
	(void)self;
	mark.numbers[CALL_WAIT] = call_ms(timedout->wait_ms);
	mark.numbers[CALL_EXIT] = timedout->exit;
	return call_put(txn, timedout->call, &mark);
}

static enum ch_status call_fold_logged(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__CallcenterCallLogged *logged = (const void *)event->message;
	struct mark mark = fact_mark(event, CALL_LOGGED);
	(void)self;
	if (logged->call == NULL || logged->call->queue[0] == 0)
		return CH_OK; /* it came to no queue: nothing was offered */
	mark.texts[CALL_AGENT] = call_agent(logged->agent);
	mark.numbers[CALL_WAIT] = call_ms(logged->wait_ms);
	mark.numbers[CALL_TALK] = call_ms(logged->talk_ms);
	mark.numbers[CALL_EXIT] = logged->abandoned;
	return call_put(txn, logged->call, &mark);
}

static enum ch_status call_fold_case(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__CallcenterCaseLogged *logged = (const void *)event->message;
	struct mark mark = fact_mark(event, CALL_CASE);
	(void)self;
	if (logged->call_id[0] == 0)
		return CH_OK;
	mark.texts[CALL_CASE_ID] = fact_text(logged->case_id);
	mark.numbers[CALL_RESOLVED] = logged->resolved;
	return fact_put_named(txn, FACT_CALLS, fact_text(logged->call_id), &mark, 1);
}

static const struct module_fold call_folds[] = {
	{"callcenter.call.queued", call_fold_queued},
	{"callcenter.call.connected", call_fold_connected},
	{"callcenter.call.completed", call_fold_completed},
	{"callcenter.call.abandoned", call_fold_abandoned},
	{"callcenter.call.timedout", call_fold_timed_out},
	{"callcenter.call.logged", call_fold_logged},
	{"callcenter.case.logged", call_fold_case},
};

const struct module_part call_part = {
	.name = "calls",
	.folds = call_folds,
	.fold_count = sizeof(call_folds) / sizeof(*call_folds),
};

/* ---- The fact ---- */

static bool call_is_of(const struct call_fact *stay, const struct mark *mark)
{
	struct slice id = mark->texts[CALL_STAY];
	return slice_equal(stay->queue, mark->texts[CALL_QUEUE]) &&
	       (id.len == 0 || stay->stay.len == 0 || slice_equal(stay->stay, id));
}

/* The stay that the mark goes on with; NULL: it begins one. */
static struct call_fact *call_find(struct call_fact *stays, size_t count, const struct mark *mark)
{
	for (size_t i = count; i > 0; i--) {
		struct call_fact *stay = &stays[i - 1];
		if (call_is_of(stay, mark))
			return stay->over || (mark->kind == CALL_CONNECTED &&
						     stay->answered_us != 0)
				       ? NULL
				       : stay;
	}
	return NULL;
}

static void call_begin(struct call_fact *stay, const struct mark *mark)
{
	int64_t before = 0;
	if (mark->kind != CALL_QUEUED)
		before = mark->numbers[CALL_WAIT];
	if (mark->kind == CALL_COMPLETED || mark->kind == CALL_LOGGED)
		before += mark->numbers[CALL_TALK];
	*stay = (struct call_fact){
		.queue = mark->texts[CALL_QUEUE],
		.stay = mark->texts[CALL_STAY],
		.joined_us = mark->moment_us - before * 1000,
		.handle_us = -1,
		.inbound = mark->numbers[CALL_DIRECTION] !=
				   CAREHUB__V1__CALL_DIRECTION__CALL_DIRECTION_OUTBOUND &&
			   mark->numbers[CALL_DIRECTION] !=
				   CAREHUB__V1__CALL_DIRECTION__CALL_DIRECTION_INTERNAL,
	};
}

static void call_complete(struct call_fact *stay, const struct mark *mark)
{
	int64_t talk = mark->numbers[CALL_TALK];
	/* Hold within the call is part of the talk where it is not told apart: `hold_ms` is zero then. */
	stay->handle_us = (talk + mark->numbers[CALL_HOLD] + mark->numbers[CALL_WRAP]) * 1000;
	stay->wait_us = mark->numbers[CALL_WAIT] * 1000;
	if (stay->answered_us == 0)
		stay->answered_us = mark->moment_us - talk * 1000;
	stay->end = CALL_ANSWERED;
	if (mark->numbers[CALL_RESOLVED] != CAREHUB__V1__ANSWER__ANSWER_UNSPECIFIED)
		stay->resolved = mark->numbers[CALL_RESOLVED];
	if (mark->texts[CALL_CASE_ID].len > 0)
		stay->case_id = mark->texts[CALL_CASE_ID];
}

static void call_apply(struct call_fact *stay, const struct mark *mark)
{
	if (mark->texts[CALL_GROUP].len > 0)
		stay->group = mark->texts[CALL_GROUP];
	if (mark->customer != 0) {
		stay->customer = mark->customer;
		stay->sequence = mark->sequence;
	}
	switch (mark->kind) {
	case CALL_CONNECTED:
		stay->answered_us = mark->moment_us;
		stay->wait_us = mark->numbers[CALL_WAIT] * 1000;
		stay->end = CALL_ANSWERED;
		return;
	case CALL_COMPLETED:
		call_complete(stay, mark);
		break;
	case CALL_ABANDONED:
		stay->wait_us = mark->numbers[CALL_WAIT] * 1000;
		stay->end = CALL_HUNG_UP;
		break;
	case CALL_TIMED_OUT:
		stay->wait_us = mark->numbers[CALL_WAIT] * 1000;
		stay->end = mark->numbers[CALL_EXIT] <= CAREHUB__V1__QUEUE_EXIT__QUEUE_EXIT_TIMEOUT
				    ? CALL_TIMEOUT
				    : CALL_LEFT;
		break;
	case CALL_LOGGED:
		if (mark->numbers[CALL_EXIT] == CAREHUB__V1__ANSWER__ANSWER_YES) {
			stay->end = CALL_HUNG_UP;
			stay->wait_us = mark->numbers[CALL_WAIT] * 1000;
		} else if (mark->numbers[CALL_TALK] > 0) {
			call_complete(stay, mark);
		}
		break;
	default:
		return;
	}
	stay->over = true;
}

/* The case that came out of the call belongs to its last answered stay. */
static void call_apply_case(struct call_fact *stays, size_t count, const struct mark *mark)
{
	for (size_t i = count; i > 0; i--) {
		struct call_fact *stay = &stays[i - 1];
		if (stay->end != CALL_ANSWERED)
			continue;
		stay->case_id = mark->texts[CALL_CASE_ID];
		if (stay->resolved == CAREHUB__V1__ANSWER__ANSWER_UNSPECIFIED)
			stay->resolved = mark->numbers[CALL_RESOLVED];
		return;
	}
}

static void call_pass(
	struct call_fact *stays, size_t *count, const struct marks *marks, bool logged)
{
	for (size_t i = 0; i < marks->count; i++) {
		const struct mark *mark = &marks->items[i];
		if (mark->kind == CALL_CASE || (mark->kind == CALL_LOGGED) != logged)
			continue;
		struct call_fact *stay = call_find(stays, *count, mark);
		if (stay == NULL && *count < CALL_STAYS_MAX) {
			stay = &stays[(*count)++];
			call_begin(stay, mark);
		}
		if (stay != NULL)
			call_apply(stay, mark);
	}
}

size_t call_facts_make(const struct marks *marks, struct call_fact stays[CALL_STAYS_MAX])
{
	size_t count = 0;
	call_pass(stays, &count, marks, false);
	if (count == 0)
		call_pass(stays, &count, marks, true);
	for (size_t i = 0; i < marks->count; i++) {
		if (marks->items[i].kind == CALL_CASE)
			call_apply_case(stays, count, &marks->items[i]);
	}
	for (size_t i = 0; i < count; i++) {
		if (stays[i].group.len == 0)
			stays[i].group = stays[i].queue;
	}
	return count;
}

#include "module/quality/fact/callback_fact.h"

#include "carehub/v1/callcenter.pb-c.h"
#include "module/quality/fact/moment.h"
#include "module/quality/fact/period.h"

#define FOLLOW_UP CAREHUB__V1__CALLBACK_REASON__CALLBACK_REASON_FOLLOW_UP

/* ---- Folding ---- */

/* What names a repair and no other reason follows a service. */
static int64_t callback_reason(int64_t reason, const char *repair_order_id)
{
	bool told = reason != CAREHUB__V1__CALLBACK_REASON__CALLBACK_REASON_UNSPECIFIED;
	return !told && repair_order_id[0] != 0 ? FOLLOW_UP : reason;
}

static enum ch_status callback_fold_scheduled(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__CallcenterCallbackScheduled *scheduled = (const void *)event->message;
	struct mark mark = fact_mark(event, CALLBACK_SCHEDULED);
	(void)self;
	mark.numbers[CALLBACK_REASON] =
		callback_reason(scheduled->reason, scheduled->repair_order_id);
	mark.numbers[CALLBACK_DUE] = moment_told(scheduled->due_time_us);
	mark.texts[CALLBACK_REPAIR] = fact_text(scheduled->repair_order_id);
	return fact_put_named(txn, FACT_CALLBACKS, fact_text(scheduled->callback_id), &mark, 1);
}

static enum ch_status callback_fold_failed(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__CallcenterCallbackFailed *failed = (const void *)event->message;
	struct mark mark = fact_mark(event, CALLBACK_FAILED);
	(void)self;
	mark.numbers[CALLBACK_GIVEN_UP] = failed->given_up == CAREHUB__V1__ANSWER__ANSWER_YES;
	return fact_put_named(txn, FACT_CALLBACKS, fact_text(failed->callback_id), &mark, 1);
}

static enum ch_status callback_fold_done(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__CallcenterCallbackDone *done = (const void *)event->message;
	struct mark mark = fact_mark(event, CALLBACK_DONE);
	(void)self;
	mark.numbers[CALLBACK_REASON] = callback_reason(done->reason, done->repair_order_id);
	return fact_put_named(txn, FACT_CALLBACKS, fact_text(done->callback_id), &mark, 1);
}

static const struct module_fold callback_folds[] = {
	{"callcenter.callback.scheduled", callback_fold_scheduled},
	{"callcenter.callback.failed", callback_fold_failed},
	{"callcenter.callback.done", callback_fold_done},
};

const struct module_part callback_part = {
	.name = "callbacks",
	.folds = callback_folds,
	.fold_count = sizeof(callback_folds) / sizeof(*callback_folds),
};

/* ---- The fact ---- */

void callback_fact_make(const struct marks *marks, struct callback_fact *out_fact)
{
	*out_fact = (struct callback_fact){0};
	for (size_t i = 0; i < marks->count; i++) {
		const struct mark *mark = &marks->items[i];
		if (mark->customer != 0) {
			out_fact->customer = mark->customer;
			out_fact->sequence = mark->sequence;
		}
		if (mark->texts[CALLBACK_REPAIR].len > 0)
			out_fact->repair = mark->texts[CALLBACK_REPAIR];
		out_fact->follow_up |= mark->numbers[CALLBACK_REASON] == FOLLOW_UP;
		switch (mark->kind) {
		case CALLBACK_SCHEDULED:
			out_fact->due_us = mark->numbers[CALLBACK_DUE]; /* planned anew */
			break;
		case CALLBACK_FAILED:
			out_fact->attempts++;
			out_fact->given_up |= mark->numbers[CALLBACK_GIVEN_UP] != 0;
			break;
		case CALLBACK_DONE:
			if (out_fact->done_us == 0)
				out_fact->done_us = mark->moment_us;
			break;
		default:
			break;
		}
	}
}

int64_t callback_due_us(int64_t service_us, int64_t number, int64_t years, int64_t offset_us)
{
	int64_t months = number <= 12 ? number : 12 + (number - 12) * 3;
	if (months > years * 12)
		return 0;
	return period_add_months(offset_us, service_us, months);
}

#include <stdio.h>

#include "base/bytes.h"
#include "carehub/v1/module.pb-c.h"
#include "module/marketing/book_tables.h"
#include "module/marketing/campaign/desk_inside.h"
#include "module/marketing/campaign/desk_notes.h"

static int64_t back_off_us(const struct desk *desk, uint32_t attempts)
{
	int64_t wait_us = desk->settings->retry_ms * 1000;
	for (uint32_t i = 1; i < attempts && wait_us < RETRY_MOST_US; i++)
		wait_us *= 2;
	return wait_us < RETRY_MOST_US ? wait_us : RETRY_MOST_US;
}

static enum ch_status job_write(struct job *job, struct book_txn *txn, int64_t now_us)
{
	const struct intent *intent = &job->intent;
	struct desk_note note = {.place = intent->place, .attempts = intent->attempts};
	enum ch_status status;
	if (job->noted_us != 0)
		notes_drop(
			txn, &(struct desk_note){.place = intent->place, .due_us = job->noted_us});
	switch (job->todo) {
	case TODO_NOTHING:
	case TODO_TRY:
		return book_status(txn);
	case TODO_INTEND:
		return intent_say_intended(txn, intent, now_us);
	case TODO_DOUBT:
		status = intent_say_intended(txn, intent, now_us);
		return status == CH_OK
			       ? intent_say_uncertain(txn, intent, "hub_restored", 0, now_us)
			       : status;
	case TODO_PASS_OVER:
		status = intent_was_passed_over(txn, intent->id, job->reason, &job->told);
		return status == CH_OK
			       ? intent_say_withheld(txn, intent, job->reason, false, now_us)
			       : status;
	case TODO_WITHHOLD:
		return intent_say_withheld(txn, intent, job->reason, true, now_us);
	case TODO_SENT:
		return intent_say_sent(txn, intent, job->result.code, now_us);
	case TODO_FAILED:
		return intent_say_failed(txn, intent, job->reason, &job->result, now_us);
	case TODO_UNCERTAIN:
		return intent_say_uncertain(txn, intent, job->reason, job->result.code, now_us);
	case TODO_HAND:
		status = intent_say_callback(
			txn, intent, &job->addressee, buffer_slice(&job->text), now_us);
		if (status != CH_TOO_LARGE || book_status(txn) != CH_OK)
			return status;
		/* With these words it never can be said. */
		job_finish(job, TODO_FAILED, "too_large");
		return intent_say_failed(txn, intent, job->reason, &job->result, now_us);
	case TODO_TAKE_BACK:
		intent_take_back_callback(txn, intent->id);
		note.attempts++;
		note.due_us = now_us + back_off_us(job->desk, note.attempts);
		notes_put(txn, &note);
		return book_status(txn);
	case TODO_KEEP:
		note.due_us = now_us;
		note.nonce = job->intended_us == 0 ? intent->nonce : 0;
		notes_put(txn, &note);
		return book_status(txn);
	case TODO_NOTE:
		note.due_us = job->unasked ? now_us + SECOND_US
					   : now_us + back_off_us(job->desk, intent->attempts);
		notes_put(txn, &note);
		return book_status(txn);
	}
	return CH_INTERNAL;
}

/* Whether the job has something for the round's transaction. */
static bool job_is_due(const struct job *job)
{
	return job->state == JOB_DONE || job->state == JOB_JUDGED;
}

static enum ch_status desk_say_end(struct book_txn *txn, const struct campaign *campaign,
	const struct pass *pass, int64_t now_us)
{
	Carehub__V1__MarketingCampaignEnded ended = CAREHUB__V1__MARKETING_CAMPAIGN_ENDED__INIT;
	char id[VOICE_ID_BYTES];
	char name[LIMIT_CAMPAIGN_ID_BYTES];
	char reason[16];
	uint8_t start[4];
	(void)snprintf(name, sizeof(name), "%s", campaign->id);
	(void)snprintf(reason, sizeof(reason), "%s", pass->end);
	store_le32(start, pass->start);
	ended.campaign_id = name;
	ended.start = pass->start;
	ended.reason_code = reason;
	voice_id("ended", (struct slice[]){slice_text(campaign->id), slice_of(start, 4)}, 2, id);
	return voice_say(txn, &(struct saying){.type = "marketing.campaign.ended",
				      .id = slice_text(id),
				      .time_us = now_us,
				      .message = &ended.base});
}

static enum ch_status desk_write_all(
	struct desk *desk, const struct sweep *sweep, struct book_txn *txn, int64_t now_us)
{
	enum ch_status status = CH_OK;
	for (uint32_t i = 0; i < desk->job_count && status == CH_OK; i++) {
		if (job_is_due(&desk->jobs[i]))
			status = job_write(&desk->jobs[i], txn, now_us);
	}
	for (size_t i = 0; i < desk->campaigns.count && status == CH_OK; i++) {
		if (desk->passes[i].end != NULL && !desk->passes[i].ended)
			status = desk_say_end(
				txn, &desk->campaigns.items[i], &desk->passes[i], now_us);
	}
	if (status == CH_OK && sweep != NULL)
		status = desk_write_swept(desk, sweep, txn, now_us);
	return status;
}

static bool desk_has_writing(const struct desk *desk, const struct sweep *sweep)
{
	for (uint32_t i = 0; i < desk->job_count; i++) {
		if (job_is_due(&desk->jobs[i]))
			return true;
	}
	for (size_t i = 0; i < desk->campaigns.count; i++) {
		if (desk->passes[i].end != NULL && !desk->passes[i].ended)
			return true;
	}
	return sweep != NULL && sweep->count > 0;
}

static void job_count(const struct job *job)
{
	struct campaign_meter *meter = job->desk->meter;
	const char *campaign = job->intent.place.campaign;
	bool gave_up = strcmp(job->reason, "gave_up") == 0;
	switch (job->todo) {
	case TODO_SENT:
		campaign_meter_count(meter, campaign, METER_SENT);
		break;
	case TODO_FAILED:
		campaign_meter_count(meter, campaign, gave_up ? METER_GAVE_UP : METER_REFUSED);
		break;
	case TODO_DOUBT:
	case TODO_UNCERTAIN:
		campaign_meter_count(meter, campaign, METER_UNCERTAIN);
		break;
	case TODO_PASS_OVER:
		if (!job->told)
			campaign_meter_withheld(meter, campaign, job->reason);
		break;
	case TODO_WITHHOLD:
		campaign_meter_withheld(meter, campaign, job->reason);
		break;
	case TODO_NOTE:
		if (!job->unasked)
			campaign_meter_count(meter, campaign, METER_DEFERRED);
		break;
	default:
		break;
	}
}

/* It is written: what follows from it. */
static void job_written(struct job *job)
{
	enum job_todo todo = job->todo;
	bool first = todo == TODO_WITHHOLD || (todo == TODO_PASS_OVER && !job->told);
	job_count(job);
	/* The number that it went to was passed by, perhaps, as one that has it. */
	if (first && strcmp(job->reason, "merged") == 0)
		desk_look_again(job->desk, job->intent.place.campaign);
	job->todo = TODO_NOTHING;
	job->noted_us = 0;
	switch (todo) {
	case TODO_INTEND:
		job->state = JOB_INTENDED;
		break;
	case TODO_HAND:
		job->state = JOB_HANDING;
		job->handed_us = job->desk->now_us;
		break;
	case TODO_TRY:
		/* The last look at a task's customer is in the round that says it. */
		if (job->intent.channel == CAMPAIGN_CHANNEL(PHONE))
			job->state = JOB_READY;
		else
			job_go(job);
		break;
	default:
		job_release(job);
	}
}

enum ch_status desk_write(struct desk *desk, const struct sweep *sweep, int64_t now_us)
{
	enum ch_status status = CH_RETRY;
	if (!desk_has_writing(desk, sweep))
		return CH_OK;
	for (int tries = 0; status == CH_RETRY && tries < WRITE_TRIES; tries++) {
		struct book_txn *txn = NULL;
		status = book_begin(desk->book, true, &txn);
		if (status != CH_OK)
			return status;
		enum ch_status wrote = desk_write_all(desk, sweep, txn, now_us);
		if (wrote != CH_OK)
			book_fail(txn, wrote);
		status = book_commit(txn);
	}
	return status == CH_RETRY ? CH_FULL : status;
}

void desk_written(struct desk *desk, const struct sweep *sweep)
{
	if (sweep != NULL)
		desk_count_swept(desk, sweep);
	for (size_t i = 0; i < desk->campaigns.count; i++) {
		if (desk->passes[i].end != NULL)
			desk->passes[i].ended = true;
	}
	for (uint32_t i = 0; i < desk->job_count; i++) {
		if (job_is_due(&desk->jobs[i]))
			job_written(&desk->jobs[i]);
	}
}

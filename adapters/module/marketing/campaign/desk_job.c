#include <inttypes.h>

#include "base/log.h"
#include "carehub/v1/module.pb-c.h"
#include "module/marketing/campaign/desk_inside.h"

/* ---- Jobs ---- */

static bool desk_is_phone(const struct campaign *campaign)
{
	return campaign->channel == CAMPAIGN_CHANNEL(PHONE);
}

static struct job *desk_free_among(struct desk *desk, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		if (desk->jobs[i].state == JOB_FREE)
			return &desk->jobs[i];
	}
	return NULL;
}

static uint32_t desk_busy_among(const struct desk *desk, uint32_t from, uint32_t to)
{
	uint32_t busy = 0;
	for (uint32_t i = from; i < to; i++)
		busy += desk->jobs[i].state != JOB_FREE;
	return busy;
}

/* A mail may be begun now. */
static struct job *desk_free_line(struct desk *desk)
{
	int64_t now_us = desk->now_us;
	if (desk->office == NULL || now_us < desk->next_mail_us)
		return NULL;
	/* One is tried; the others wait for how it goes. */
	if (desk->hold_us > 0 &&
		(now_us < desk->held_until_us || desk_busy_among(desk, 0, desk->line_count) > 0))
		return NULL;
	return desk_free_among(desk, 0, desk->line_count);
}

static bool desk_may_ask(const struct desk *desk)
{
	return desk->turn->connection != NULL && desk->now_us >= desk->silent_until_us;
}

struct job *desk_free_job(struct desk *desk, const struct campaign *campaign)
{
	if (!desk_may_ask(desk))
		return NULL;
	return desk_is_phone(campaign) ? desk_free_among(desk, desk->line_count, desk->job_count)
				       : desk_free_line(desk);
}

bool desk_has_room(struct desk *desk)
{
	return desk_may_ask(desk) &&
	       (desk_free_line(desk) != NULL ||
		       desk_free_among(desk, desk->line_count, desk->job_count) != NULL);
}

uint32_t desk_busy(const struct desk *desk)
{
	return desk_busy_among(desk, 0, desk->job_count);
}

bool desk_leaves_alone(const struct desk *desk, uint64_t customer)
{
	for (uint32_t i = 0; i < desk->job_count; i++) {
		enum job_state state = desk->jobs[i].state;
		/* A task that waits to be taken is in his record already. */
		if (state != JOB_FREE && state != JOB_HANDING &&
			desk->jobs[i].intent.place.customer == customer)
			return true;
	}
	for (size_t i = 0; i < ALONE_COUNT; i++) {
		if (desk->alone[i].customer == customer && desk->now_us < desk->alone[i].until_us)
			return true;
	}
	return false;
}

bool desk_has_campaign(const struct desk *desk, const struct campaign *campaign)
{
	for (uint32_t i = 0; i < desk->job_count; i++) {
		if (desk->jobs[i].state != JOB_FREE &&
			strcmp(desk->jobs[i].intent.place.campaign, campaign->id) == 0)
			return true;
	}
	return false;
}

void job_release(struct job *job)
{
	addressee_fini(&job->addressee);
	job->state = JOB_FREE;
	job->todo = TODO_NOTHING;
}

void job_finish(struct job *job, enum job_todo todo, const char *reason)
{
	job->state = JOB_DONE;
	job->todo = todo;
	job->reason = reason;
}

struct job *desk_pick(
	struct desk *desk, const struct ledger_place *place, const struct campaign *campaign)
{
	struct job *job = desk_free_job(desk, campaign);
	job->state = JOB_PICKED;
	job->todo = TODO_NOTHING;
	job->reason = "";
	job->member = false;
	job->told = false;
	job->meant = false;
	job->intended_us = 0;
	job->noted_us = 0;
	job->gate = NULL;
	job->unasked = false;
	job->gone = false;
	job->result = (struct mail_result){.stage = MAIL_CONNECT};
	intent_init(&job->intent, place, campaign, &desk->key);
	return job;
}

static struct addressee_cap desk_cap(const struct desk *desk)
{
	return (struct addressee_cap){
		(uint32_t)desk->settings->cap, (uint32_t)desk->settings->cap_days};
}

/* When the cap's days began. */
static int64_t desk_cap_from_us(const struct desk *desk)
{
	return desk->now_us - desk->settings->cap_days * INT64_C(86400) * SECOND_US;
}

/* ---- Records ---- */

/* CH_RETRY: nobody was asked, for the hub does not answer. */
static enum ch_status desk_read(
	struct desk *desk, uint64_t customer, struct addressee *out_addressee)
{
	struct buffer reply = {0};
	if (desk->turn == NULL || !desk_may_ask(desk))
		return CH_RETRY;
	enum ch_status status =
		desk->ports.ask(desk->ports.context, desk->turn->connection, customer, &reply);
	if (status == CH_TIMEOUT || status == CH_CLOSED)
		desk->silent_until_us = desk->now_us + SILENT_US;
	if (status == CH_OK && reply.status != CH_OK)
		status = CH_NOMEM;
	if (status == CH_OK)
		status = addressee_read(buffer_slice(&reply), out_addressee);
	buffer_fini(&reply);
	return status;
}

/* What the book alone knows: how much of what he got is this campaign's, and his star level, which the record has when
 * somebody else gives one. */
static enum ch_status job_take_own(struct job *job, uint32_t *out_own)
{
	const struct ledger_place *place = &job->intent.place;
	struct book_txn *txn = NULL;
	enum ch_status status = book_begin(job->desk->book, false, &txn);
	if (status != CH_OK)
		return status;
	status = intent_level(txn, place->customer, job->level);
	if (status == CH_OK)
		status = ledger_meant_since(txn, place->campaign, place->customer,
			desk_cap_from_us(job->desk), out_own);
	book_abort(txn);
	if (status == CH_OK && job->level[0] != 0)
		job->addressee.values.words[TEMPLATE_LEVEL] = slice_text(job->level);
	return status;
}

/* May he be written to?  Sets what is to be done; CH_OK also when he may not. */
enum ch_status job_judge(struct job *job)
{
	struct desk *desk = job->desk;
	struct intent *intent = &job->intent;
	struct template_values values;
	bool again = job->intended_us != 0;
	bool all;
	uint32_t own = 0;
	enum ch_status status = desk_read(desk, intent->place.customer, &job->addressee);
	if (status == CH_OK)
		status = job_take_own(job, &own);
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	const char *reason = "no_record";
	if (status == CH_OK) {
		intent->record_sequence = job->addressee.sequence;
		intent->recent = addressee_recent(&job->addressee, desk_cap_from_us(desk), &all);
		reason = addressee_refusal(&job->addressee, intent->campaign, desk_cap(desk), own,
			desk->now_us, &intent->consent_sequence);
		intent_values(
			intent, &job->addressee, desk->settings, &desk->key, &job->links, &values);
		if (job->links.status != CH_OK)
			return CH_NOMEM;
		if (reason == NULL && intent_lacks(intent->campaign, &values) != NULL)
			reason = "no_value";
	}
	if (reason != NULL) {
		job->todo = again ? TODO_WITHHOLD : TODO_PASS_OVER;
		job->reason = reason;
		return CH_OK;
	}
	buffer_clear(&job->text);
	if (!desk_is_phone(intent->campaign)) {
		memcpy(job->to, job->addressee.email, sizeof(job->to));
		intent_mail(intent, &job->addressee, desk->settings, &values, desk->turn->now_us,
			&job->text);
	} else {
		template_body(intent->campaign->body, &values, &job->text);
	}
	job->todo = again ? TODO_TRY : job->meant ? TODO_DOUBT : TODO_INTEND;
	return job->text.status;
}

/* What the book says at the last look: nobody's "no more" is still on its way to his record, the intent stands, and
 * nothing goes out of a campaign that has ended.  An operator may stop one any time; what he wants sent once more does
 * not ask for it to run. */
static enum ch_status job_look_up(struct job *job, uint32_t *out_own)
{
	const struct ledger_place *place = &job->intent.place;
	struct book_txn *txn = NULL;
	struct ledger_message message;
	struct ledger_start start = {.start = 0};
	bool asked = false;
	bool no_more = false;
	enum ch_status status = book_begin(job->desk->book, false, &txn);
	if (status == CH_OK)
		status = intent_no_more_waits(txn, &no_more);
	if (status == CH_OK && no_more)
		status = CH_RETRY;
	if (status == CH_OK)
		status = ledger_get(txn, place, &message);
	if (status == CH_NOT_FOUND || (status == CH_OK && ledger_state(&message) != LEDGER_IS_OPEN))
		job->gone = true;
	if (status == CH_OK)
		status = ledger_was_asked_for(txn, place, &asked);
	if (status == CH_OK && !asked)
		status = ledger_start(txn, place->campaign, &start);
	if (status == CH_OK)
		status = ledger_meant_since(txn, place->campaign, place->customer,
			desk_cap_from_us(job->desk), out_own);
	book_abort(txn);
	if (status == CH_OK && !job->gone &&
		((!asked && !ledger_runs(&start)) ||
			campaign_is_over(job->intent.campaign, job->desk->now_us)))
		job->gate = "ended";
	return status == CH_NOT_FOUND ? CH_OK : status;
}

/* He has another address, or number, than the message was made for: the next try takes that. */
static bool job_is_elsewhere(const struct job *job, const struct addressee *now)
{
	if (desk_is_phone(job->intent.campaign))
		return !slice_equal(now->phone, job->addressee.phone);
	return strcmp(now->email, job->to) != 0;
}

/* The last look before the text goes out: the record as it stands now, this very message counted in. */
static bool desk_gate(void *context)
{
	struct job *job = context;
	struct intent *intent = &job->intent;
	struct addressee now = {0};
	uint64_t consent = 0;
	uint32_t own = 0;
	enum ch_status status = job_look_up(job, &own);
	job->unasked = status != CH_OK;
	if (job->unasked || job->gone || job->gate != NULL)
		return false;
	status = desk_read(job->desk, intent->place.customer, &now);
	if (status == CH_NOT_FOUND) {
		job->gate = "no_record";
		return false;
	}
	if (status == CH_OK)
		job->gate = addressee_refusal(&now, intent->campaign, desk_cap(job->desk), own,
			job->desk->now_us, &consent);
	job->unasked = status != CH_OK || (job->gate == NULL && job_is_elsewhere(job, &now));
	if (status == CH_OK && job->gate == NULL) {
		intent->record_sequence = now.sequence;
		intent->consent_sequence = consent;
	}
	addressee_fini(&now);
	return job->gate == NULL && !job->unasked;
}

/* ---- The office ---- */

static void desk_hold(struct desk *desk, int64_t now_us, const struct mail_result *result)
{
	if (now_us < desk->held_until_us)
		return; /* several lines tell the same */
	desk->hold_us = desk->hold_us == 0 ? HOLD_FIRST_US : 2 * desk->hold_us;
	desk->hold_us = desk->hold_us < HOLD_MOST_US ? desk->hold_us : HOLD_MOST_US;
	desk->held_until_us = now_us + desk->hold_us;
	log_warning("mail.held", "stage=%s code=%u status=%s seconds=%" PRId64 " why=\"%s\"",
		mail_stages[result->stage], result->code, result->status, desk->hold_us / SECOND_US,
		result->error);
}

/* The gate was shut. */
static void job_was_stopped(struct job *job)
{
	if (job->gone)
		job_finish(job, TODO_NOTHING, "");
	else if (job->unasked)
		job_finish(job, TODO_NOTE, "");
	else
		job_finish(job, TODO_WITHHOLD, job->gate);
}

static void desk_done(void *context, const struct mail_result *result)
{
	struct job *job = context;
	struct desk *desk = job->desk;
	int64_t now_us = desk->now_us;
	job->result = *result;
	if (result->outcome == MAIL_DEFERRED && result->stage < MAIL_RECIPIENT)
		desk_hold(desk, now_us, result);
	else
		desk->hold_us = 0;
	switch (result->outcome) {
	case MAIL_SENT:
		job_finish(job, TODO_SENT, "");
		break;
	case MAIL_REFUSED:
		job_finish(job, TODO_FAILED, result->no_utf8 ? "no_smtputf8" : "refused");
		break;
	case MAIL_UNCERTAIN:
		job_finish(job, TODO_UNCERTAIN, "no_reply");
		break;
	case MAIL_STOPPED:
		job_was_stopped(job);
		break;
	case MAIL_DEFERRED:
		if (now_us - job->intended_us > desk->settings->patience_ms * 1000)
			job_finish(job, TODO_FAILED, "gave_up");
		else
			job_finish(job, TODO_NOTE, "");
		break;
	}
}

/* The intent stands; now it goes out. */
void job_go(struct job *job)
{
	struct desk *desk = job->desk;
	if (desk_is_phone(job->intent.campaign)) {
		/* There is no server to wait for: the last look is now. */
		if (desk_gate(job))
			job_finish(job, TODO_HAND, "");
		else
			job_was_stopped(job);
		return;
	}
	const struct mail_letter letter = {.from = desk->settings->from,
		.to = job->to,
		.text = buffer_slice(&job->text),
		.gate = desk_gate,
		.done = desk_done,
		.context = job};
	job->intent.attempts++;
	job->state = JOB_MAILING;
	if (mail_office_send(desk->office, &letter) != CH_OK) {
		/* As many lines as jobs: only memory can be short. */
		job_finish(job, TODO_NOTE, "");
		return;
	}
	if (desk->settings->a_minute > 0)
		desk->next_mail_us =
			(desk->next_mail_us > desk->turn->now_us ? desk->next_mail_us
								 : desk->turn->now_us) +
			60 * SECOND_US / desk->settings->a_minute;
}

/* ---- What has come back ---- */

/* 1: it is ours, 0: not yet, -1: it is somebody else's, the hub does not take it, or was restored before it came. */
static enum ch_status job_heard(struct job *job, struct book_txn *txn, int *out_heard)
{
	struct ledger_message message;
	enum voice_stage stage = VOICE_UNSAID;
	*out_heard = 0;
	enum ch_status status = ledger_get(txn, &job->intent.place, &message);
	if (status == CH_OK && message.facts[LEDGER_INTENDED].there) {
		struct slice data = message.facts[LEDGER_INTENDED].data;
		Carehub__V1__MarketingMessageIntended *intended =
			carehub__v1__marketing_message_intended__unpack(NULL, data.len, data.data);
		if (intended == NULL)
			return CH_NOMEM;
		bool ours = intended->nonce == job->intent.nonce &&
			    ledger_state(&message) == LEDGER_IS_OPEN;
		job->intended_us = stamp_time(&message.facts[LEDGER_INTENDED].stamp);
		carehub__v1__marketing_message_intended__free_unpacked(intended, NULL);
		*out_heard = ours ? 1 : -1;
		return CH_OK;
	}
	if (status == CH_OK || status == CH_NOT_FOUND)
		status = intent_stage(txn, job->intent.id, "intended", &stage);
	if (status == CH_OK && (stage == VOICE_REFUSED || stage == VOICE_UNSAID))
		*out_heard = -1;
	return status;
}

enum ch_status desk_hear(struct desk *desk, struct book_txn *txn)
{
	enum ch_status status = CH_OK;
	for (uint32_t i = 0; i < desk->job_count && status == CH_OK; i++) {
		struct job *job = &desk->jobs[i];
		enum voice_stage stage = VOICE_UNSAID;
		int heard = 0;
		if (job->state == JOB_INTENDED) {
			status = job_heard(job, txn, &heard);
			if (heard < 0)
				job_release(job);
			else if (heard > 0)
				job->state = JOB_READY;
		} else if (job->state == JOB_HANDING) {
			status = intent_stage(txn, job->intent.id, "callback", &stage);
			if (status != CH_OK)
				break;
			if (stage == VOICE_SAID)
				job_finish(job, TODO_SENT, "");
			else if (stage == VOICE_REFUSED)
				job_finish(job, TODO_FAILED, "refused");
			else if (stage == VOICE_UNSAID) /* a restore took it: see the sweep */
				job_release(job);
			else if (desk->now_us - job->handed_us > HAND_MOST_US)
				job_finish(job, TODO_TAKE_BACK, "");
		}
	}
	return status;
}

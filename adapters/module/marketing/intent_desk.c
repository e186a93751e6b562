#include "module/marketing/intent_desk.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/log.h"
#include "carehub/v1/module.pb-c.h"
#include "kit/secret.h"
#include "module/marketing/book_tables.h"
#include "module/marketing/desk_notes.h"
#include "module/marketing/mail_address.h"
#include "wire/pbedit.h"

#define SECOND_US     INT64_C(1000000)
#define HOLD_FIRST_US SECOND_US
#define HOLD_MOST_US  (300 * SECOND_US)
#define RETRY_MOST_US (3600 * SECOND_US)
#define SWEEP_US      (30 * SECOND_US)

/* In one round: members looked at, and open messages. */
#define LOOK_MEMBERS 256u
#define LOOK_OPEN    1024u

/* A map that was full is twice as large at the next try. */
#define WRITE_TRIES 8

/* What is to be written about a job, in the round's transaction. */
enum job_todo {
	TODO_NOTHING,
	TODO_INTEND,
	TODO_PASS_OVER, /* not intended: `reason` */
	TODO_WITHHOLD,  /* intended: `reason` */
	TODO_TRY,       /* its note goes, then it goes out */
	TODO_SENT,
	TODO_FAILED,
	TODO_UNCERTAIN,
	TODO_NOTE, /* deferred: its note comes */
	TODO_HAND, /* the task */
};

enum job_state {
	JOB_FREE,
	JOB_PICKED,   /* in this round, to be judged */
	JOB_JUDGED,   /* `todo` says how; not written yet */
	JOB_INTENDED, /* said: it is awaited out of the journal */
	JOB_READY,    /* it came: it goes out in this round */
	JOB_MAILING,
	JOB_HANDING, /* the task was said: it is awaited */
	JOB_DONE,    /* `todo` says how it ended; not written yet */
};

struct job {
	struct desk *desk;
	enum job_state state;
	enum job_todo todo;
	const char *reason;
	struct intent intent;
	int64_t intended_us; /* of an earlier try; 0: it is the first */
	int64_t noted_us;    /* of its note; 0: it has none */
	struct addressee addressee;
	struct buffer links;
	struct buffer text; /* the mail, or what the agent says */
	char to[MAIL_ADDRESS_BYTES + 1];
	const char *gate; /* why the gate was shut */
	bool unasked;     /* it was shut because the record could not be read, or is another one */
	struct mail_result result;
};

/* How far a campaign's segment has been looked through. */
struct pass {
	uint32_t start;  /* of which start; 0: none */
	uint64_t cursor; /* the last member that was looked at */
	bool through;
	bool unsure;     /* somebody's intent, of an earlier life, is not back from the journal */
	int64_t next_us; /* when it is looked through again */
	bool complained; /* the segment or version was told to be wrong */
	bool ended;      /* said */
	const char *end; /* to be said */
};

struct desk {
	const struct campaign_settings *settings;
	struct desk_ports ports;
	struct campaigns campaigns;
	struct pass *passes; /* one for each campaign */
	uint8_t key[CAMPAIGN_TOKEN_KEY_BYTES];
	struct mail_office *office; /* NULL: no mail */
	struct job jobs[MAIL_LINES_MAX];
	uint32_t job_count;
	struct module_turn *turn; /* the round's */
	struct book *book;        /* of the last round */
	int64_t now_us;           /* of the last round */
	bool started;             /* a campaign was: perhaps one that was not read yet */
	int64_t hold_us;          /* how long the server is left alone; 0: it is well */
	int64_t held_until_us;
	int64_t next_mail_us;  /* by mail.a_minute */
	int64_t next_sweep_us; /* 0: at once */
};

/* ---- Jobs ---- */

static struct job *desk_free_job(struct desk *desk)
{
	for (uint32_t i = 0; i < desk->job_count; i++) {
		if (desk->jobs[i].state == JOB_FREE)
			return &desk->jobs[i];
	}
	return NULL;
}

static uint32_t desk_busy(const struct desk *desk)
{
	uint32_t busy = 0;
	for (uint32_t i = 0; i < desk->job_count; i++)
		busy += desk->jobs[i].state != JOB_FREE;
	return busy;
}

/* One message at a time to anybody: so each sees the one before in his record. */
static bool desk_has_customer(const struct desk *desk, uint64_t customer)
{
	for (uint32_t i = 0; i < desk->job_count; i++) {
		if (desk->jobs[i].state != JOB_FREE &&
			desk->jobs[i].intent.place.customer == customer)
			return true;
	}
	return false;
}

static bool desk_has_campaign(const struct desk *desk, const struct campaign *campaign)
{
	for (uint32_t i = 0; i < desk->job_count; i++) {
		if (desk->jobs[i].state != JOB_FREE && desk->jobs[i].intent.campaign == campaign)
			return true;
	}
	return false;
}

static void job_release(struct job *job)
{
	addressee_fini(&job->addressee);
	job->state = JOB_FREE;
	job->todo = TODO_NOTHING;
}

static void job_finish(struct job *job, enum job_todo todo, const char *reason)
{
	job->state = JOB_DONE;
	job->todo = todo;
	job->reason = reason;
}

static struct job *desk_pick(
	struct desk *desk, const struct ledger_place *place, const struct campaign *campaign)
{
	struct job *job = desk_free_job(desk);
	job->state = JOB_PICKED;
	job->todo = TODO_NOTHING;
	job->reason = "";
	job->intended_us = 0;
	job->noted_us = 0;
	job->gate = NULL;
	job->unasked = false;
	job->result = (struct mail_result){.stage = MAIL_CONNECT};
	intent_init(&job->intent, place, campaign, desk->key);
	return job;
}

static struct addressee_cap desk_cap(const struct desk *desk)
{
	return (struct addressee_cap){
		(uint32_t)desk->settings->cap, (uint32_t)desk->settings->cap_days};
}

/* ---- Records ---- */

static enum ch_status desk_read(
	struct desk *desk, uint64_t customer, struct addressee *out_addressee)
{
	struct buffer reply = {0};
	if (desk->turn == NULL || desk->turn->connection == NULL)
		return CH_CLOSED;
	enum ch_status status =
		desk->ports.ask(desk->ports.context, desk->turn->connection, customer, &reply);
	if (status == CH_OK && reply.status != CH_OK)
		status = CH_NOMEM;
	if (status == CH_OK)
		status = addressee_read(buffer_slice(&reply), out_addressee);
	buffer_fini(&reply);
	return status;
}

/* May he be written to?  Sets what is to be done; CH_OK also when he may not. */
static enum ch_status job_judge(struct job *job)
{
	struct desk *desk = job->desk;
	struct intent *intent = &job->intent;
	struct template_values values;
	bool again = job->intended_us != 0;
	bool all;
	enum ch_status status = desk_read(desk, intent->place.customer, &job->addressee);
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	const char *reason = "no_record";
	if (status == CH_OK) {
		int64_t from_us =
			desk->turn->now_us - desk->settings->cap_days * INT64_C(86400) * SECOND_US;
		intent->record_sequence = job->addressee.sequence;
		intent->recent = addressee_recent(&job->addressee, from_us, &all);
		reason = addressee_refusal(&job->addressee, intent->campaign, desk_cap(desk),
			again ? intent->place.round + 1 : intent->place.round, desk->turn->now_us,
			&intent->consent_sequence);
		intent_values(
			intent, &job->addressee, desk->settings, desk->key, &job->links, &values);
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
	if (intent->campaign->channel == CAMPAIGN_CHANNEL(EMAIL)) {
		memcpy(job->to, job->addressee.email.data, job->addressee.email.len);
		job->to[job->addressee.email.len] = 0;
		intent_mail(intent, &job->addressee, desk->settings, &values, desk->turn->now_us,
			&job->text);
	} else {
		template_body(intent->campaign->body, &values, &job->text);
	}
	job->todo = again ? TODO_TRY : TODO_INTEND;
	return job->text.status;
}

/* An operator may stop a campaign any time.  What he wants sent once more does not ask for it to run. */
static bool desk_still_runs(struct desk *desk, const struct intent *intent)
{
	struct book_txn *txn = NULL;
	struct ledger_start start = {.start = 0};
	if (intent->place.round > 0)
		return true;
	enum ch_status status = book_begin(desk->book, false, &txn);
	if (status == CH_OK)
		status = ledger_start(txn, intent->place.campaign, &start);
	book_abort(txn);
	return status == CH_OK && ledger_runs(&start);
}

/* The last look before the text goes out: the record as it stands now, this very message counted in. */
static bool desk_gate(void *context)
{
	struct job *job = context;
	struct intent *intent = &job->intent;
	struct addressee now = {0};
	uint64_t consent = 0;
	if (!desk_still_runs(job->desk, intent)) {
		job->gate = "ended";
		return false;
	}
	enum ch_status status = desk_read(job->desk, intent->place.customer, &now);
	if (status == CH_NOT_FOUND) {
		job->gate = "no_record";
		return false;
	}
	if (status == CH_OK)
		job->gate = addressee_refusal(&now, intent->campaign, desk_cap(job->desk),
			intent->place.round + 1, job->desk->turn->now_us, &consent);
	/* He has another address by now: the next try takes that. */
	bool moved = status == CH_OK && job->gate == NULL &&
		     intent->campaign->channel == CAMPAIGN_CHANNEL(EMAIL) &&
		     !slice_equal(now.email, slice_text(job->to));
	job->unasked = status != CH_OK || moved;
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
		job_finish(job, TODO_FAILED, "refused");
		break;
	case MAIL_UNCERTAIN:
		job_finish(job, TODO_UNCERTAIN, "no_reply");
		break;
	case MAIL_STOPPED:
		if (job->unasked)
			job_finish(job, TODO_NOTE, "");
		else
			job_finish(job, TODO_WITHHOLD, job->gate);
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
static void job_go(struct job *job)
{
	struct desk *desk = job->desk;
	if (job->intent.campaign->channel == CAMPAIGN_CHANNEL(PHONE)) {
		/* There is no server to wait for: the last look is now. */
		if (desk_gate(job))
			job_finish(job, TODO_HAND, "");
		else if (job->unasked)
			job_finish(job, TODO_NOTE, "");
		else
			job_finish(job, TODO_WITHHOLD, job->gate);
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

/* 1: it is ours, 0: not yet, -1: it is somebody else's, or the hub does not take it. */
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
	if (status == CH_OK && stage == VOICE_REFUSED)
		*out_heard = -1;
	return status;
}

static enum ch_status desk_hear(struct desk *desk, struct book_txn *txn)
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
			if (stage == VOICE_SAID)
				job_finish(job, TODO_SENT, "");
			else if (stage == VOICE_REFUSED)
				job_finish(job, TODO_FAILED, "refused");
		}
	}
	return status;
}

/* ---- Who is next ---- */

static bool campaign_is_over(const struct campaign *campaign, int64_t now_us)
{
	return now_us >= campaign->ends_us;
}

/* Deferred ones whose time has come. */
static enum ch_status desk_pick_noted(struct desk *desk, struct book_txn *txn)
{
	struct desk_note note;
	struct notes_walk *walk = NULL;
	enum ch_status status = notes_begin(txn, &walk);
	while (status == CH_OK && desk_free_job(desk) != NULL) {
		struct ledger_message message;
		struct ledger_start start;
		status = notes_next(walk, &note);
		if (status != CH_OK || note.due_us > desk->turn->now_us)
			break;
		const struct campaign *campaign =
			campaigns_find(&desk->campaigns, slice_text(note.place.campaign));
		if (campaign == NULL || desk_has_customer(desk, note.place.customer))
			continue;
		status = ledger_get(txn, &note.place, &message);
		if (status == CH_OK)
			status = ledger_start(txn, note.place.campaign, &start);
		if (status != CH_OK)
			break;
		struct job *job = desk_pick(desk, &note.place, campaign);
		job->intent.attempts = note.attempts;
		job->noted_us = note.due_us;
		job->intended_us = stamp_time(&message.facts[LEDGER_INTENDED].stamp);
		if (ledger_state(&message) != LEDGER_IS_OPEN)
			job_finish(job, TODO_NOTHING, ""); /* an operator has settled it */
		else if (campaign_is_over(campaign, desk->turn->now_us) ||
			 (!ledger_runs(&start) && note.place.round == 0))
			job_finish(job, TODO_WITHHOLD, "ended");
	}
	notes_end(walk);
	return status == CH_END ? CH_OK : status;
}

/* Those that an operator wants sent once more. */
static enum ch_status desk_pick_resends(struct desk *desk, struct book_txn *txn)
{
	struct book_walk *walk = NULL;
	struct slice key;
	struct slice value;
	enum ch_status status = book_walk_begin(
		txn, TABLE_CAMPAIGN_CARE, SLICE_LITERAL("r"), (struct slice){NULL, 0}, &walk);
	while (status == CH_OK && desk_free_job(desk) != NULL) {
		struct ledger_place place;
		enum voice_stage stage;
		char id[LEDGER_ID_BYTES];
		status = book_walk_next(walk, &key, &value);
		if (status != CH_OK)
			break;
		if (!ledger_place_of(slice_sub(key, 1, key.len), &place)) {
			status = CH_CORRUPT;
			break;
		}
		place.round++;
		const struct campaign *campaign =
			campaigns_find(&desk->campaigns, slice_text(place.campaign));
		if (campaign == NULL || campaign_is_over(campaign, desk->turn->now_us) ||
			desk_has_customer(desk, place.customer))
			continue;
		ledger_message_id(&place, id);
		status = intent_stage(txn, id, "intended", &stage);
		if (status == CH_OK && stage == VOICE_UNSAID)
			(void)desk_pick(desk, &place, campaign);
	}
	book_walk_end(walk);
	return status == CH_END ? CH_OK : status;
}

/* Whether this member, under whatever number he had, has had it or is to have it. */
static enum ch_status desk_has_reached(struct desk *desk, struct book_txn *txn,
	const struct campaign *campaign, uint64_t customer, struct pass *pass, bool *out_reached)
{
	uint64_t numbers[17] = {customer};
	size_t count = 0;
	struct ledger_place place = {.customer = customer};
	struct ledger_message message;
	enum voice_stage stage;
	char id[LEDGER_ID_BYTES];
	bool reached = desk_has_customer(desk, customer);
	enum ch_status status = ledger_retired(txn, customer, numbers + 1, 16, &count);
	for (size_t i = 0; i <= count && status == CH_OK && !reached; i++) {
		status = ledger_newest(txn, campaign->id, numbers[i], &place, &message);
		if (status == CH_OK)
			reached = ledger_state(&message) != LEDGER_IS_PASSED_OVER;
		else if (status == CH_NOT_FOUND)
			status = CH_OK;
	}
	if (status == CH_OK && !reached) {
		place = (struct ledger_place){.customer = customer};
		memcpy(place.campaign, campaign->id, sizeof(campaign->id));
		ledger_message_id(&place, id);
		status = intent_stage(txn, id, "intended", &stage);
		reached = stage != VOICE_UNSAID;
		pass->unsure |= status == CH_OK && stage == VOICE_WAITING;
	}
	if (status == CH_OK)
		*out_reached = reached;
	return status;
}

/* Looks on through the segment of one campaign. */
static enum ch_status desk_pass(struct desk *desk, struct book_txn *txn,
	const struct campaign *campaign, struct pass *pass, uint32_t *looks)
{
	enum ch_status status = CH_OK;
	while (status == CH_OK && *looks > 0 && desk_free_job(desk) != NULL) {
		uint64_t customer;
		bool reached = true;
		status = desk->ports.member(
			desk->ports.context, txn, campaign->segment, pass->cursor, &customer);
		if (status == CH_END) {
			pass->cursor = 0;
			pass->through = !pass->unsure;
			pass->unsure = false;
			pass->next_us = desk->turn->now_us + campaign->repeat_ms * 1000;
			return CH_OK;
		}
		if (status == CH_NOT_FOUND) {
			if (!pass->complained)
				log_error("campaign.no_segment", "campaign=%s segment=%s",
					campaign->id, campaign->segment);
			pass->complained = true;
			return CH_OK;
		}
		(*looks)--;
		if (status == CH_OK)
			status = desk_has_reached(desk, txn, campaign, customer, pass, &reached);
		if (status != CH_OK)
			break;
		pass->cursor = customer;
		if (!reached) {
			struct ledger_place place = {.customer = customer};
			memcpy(place.campaign, campaign->id, sizeof(campaign->id));
			(void)desk_pick(desk, &place, campaign);
		}
	}
	return status;
}

/* Whether the definition is the one that was started; told once when it is not. */
static bool desk_is_version(
	const struct campaign *campaign, const struct ledger_start *start, struct pass *pass)
{
	const uint32_t version_field = 3;
	struct slice data = start->started.data;
	struct slice version = {NULL, 0};
	if (pbedit_get_bytes(data, version_field, &version) &&
		slice_equal(version, slice_text(campaign->version)))
		return true;
	if (!pass->complained)
		log_warning("campaign.changed",
			"campaign=%s: the definition is not the one that was started; "
			"start it again",
			campaign->id);
	pass->complained = true;
	return false;
}

/* Done when everybody was looked at and nobody's outcome is open. */
static enum ch_status desk_may_end(
	struct desk *desk, struct book_txn *txn, const struct campaign *campaign, struct pass *pass)
{
	bool open = true;
	if (campaign->repeat_ms > 0 || desk_has_campaign(desk, campaign))
		return CH_OK;
	enum ch_status status = ledger_cares(txn, 'w', campaign->id, &open);
	if (status == CH_OK && !open)
		status = ledger_cares(txn, 'o', campaign->id, &open);
	if (status == CH_OK && !open)
		pass->end = "done";
	return status;
}

static enum ch_status desk_pick_members(struct desk *desk, struct book_txn *txn)
{
	uint32_t looks = LOOK_MEMBERS;
	enum ch_status status = CH_OK;
	for (size_t i = 0; i < desk->campaigns.count && status == CH_OK; i++) {
		const struct campaign *campaign = &desk->campaigns.items[i];
		struct pass *pass = &desk->passes[i];
		struct ledger_start start;
		status = ledger_start(txn, campaign->id, &start);
		if (status != CH_OK || !ledger_runs(&start))
			continue;
		if (pass->start != start.start)
			*pass = (struct pass){.start = start.start};
		if (pass->ended)
			continue; /* said, and not back from the journal yet */
		if (campaign_is_over(campaign, desk->turn->now_us)) {
			if (!desk_has_campaign(desk, campaign))
				pass->end = "over";
			continue;
		}
		if (!desk_is_version(campaign, &start, pass))
			continue;
		if (pass->through && campaign->repeat_ms > 0 &&
			desk->turn->now_us >= pass->next_us) {
			pass->through = false;
			pass->cursor = 0;
		}
		status = pass->through ? desk_may_end(desk, txn, campaign, pass)
				       : desk_pass(desk, txn, campaign, pass, &looks);
	}
	return status;
}

/* Whether a new mail may be begun now. */
static bool desk_may_begin(const struct desk *desk)
{
	int64_t now_us = desk->turn->now_us;
	if (desk->turn->connection == NULL || now_us < desk->next_mail_us)
		return false;
	if (desk->hold_us == 0)
		return true;
	/* One is tried; the others wait for how it goes. */
	return now_us >= desk->held_until_us && desk_busy(desk) == 0;
}

static enum ch_status desk_pick_next(struct desk *desk, struct book_txn *txn)
{
	uint32_t count = desk->job_count;
	if (desk->hold_us > 0)
		desk->job_count = 1; /* one is tried */
	enum ch_status status = desk_pick_noted(desk, txn);
	if (status == CH_OK)
		status = desk_pick_resends(desk, txn);
	if (status == CH_OK)
		status = desk_pick_members(desk, txn);
	desk->job_count = count;
	return status;
}

/* ---- Intents that nobody sees to ---- */

struct sweep {
	struct ledger_place places[LOOK_OPEN];
	enum job_todo todo[LOOK_OPEN]; /* UNCERTAIN, NOTE (a task), SENT (a task that was said) */
	size_t count;
};

static bool desk_is_job(const struct desk *desk, const struct ledger_place *place)
{
	for (uint32_t i = 0; i < desk->job_count; i++) {
		const struct job *job = &desk->jobs[i];
		if (job->state != JOB_FREE && job->intent.place.customer == place->customer &&
			job->intent.place.round == place->round &&
			strcmp(job->intent.place.campaign, place->campaign) == 0)
			return true;
	}
	return false;
}

static enum ch_status desk_sweep_one(struct desk *desk, struct book_txn *txn,
	const struct ledger_place *place, enum job_todo *out_todo)
{
	struct ledger_message message;
	enum voice_stage stage = VOICE_UNSAID;
	uint64_t channel = 0;
	bool has = false;
	char id[LEDGER_ID_BYTES];
	*out_todo = TODO_NOTHING;
	if (desk_is_job(desk, place))
		return CH_OK;
	ledger_message_id(place, id);
	enum ch_status status = intent_has_outcome(txn, id, &has);
	if (status == CH_OK && !has)
		status = notes_has_place(txn, place, &has);
	if (status == CH_OK && !has)
		status = ledger_get(txn, place, &message);
	if (status != CH_OK || has)
		return status;
	(void)pbedit_get_uint(message.facts[LEDGER_INTENDED].data, 5, &channel);
	if (channel != CAMPAIGN_CHANNEL(PHONE)) {
		*out_todo = TODO_UNCERTAIN;
		return CH_OK;
	}
	status = intent_stage(txn, id, "callback", &stage);
	if (stage == VOICE_SAID)
		*out_todo = TODO_SENT;
	else if (stage == VOICE_UNSAID)
		*out_todo = TODO_NOTE; /* it was not handed over: it goes on */
	return status;
}

static enum ch_status desk_sweep(struct desk *desk, struct book_txn *txn, struct sweep *sweep)
{
	struct book_walk *walk = NULL;
	struct slice key;
	struct slice value;
	enum ch_status status = book_walk_begin(
		txn, TABLE_CAMPAIGN_CARE, SLICE_LITERAL("o"), (struct slice){NULL, 0}, &walk);
	while (status == CH_OK && sweep->count < LOOK_OPEN) {
		struct ledger_place *place = &sweep->places[sweep->count];
		status = book_walk_next(walk, &key, &value);
		if (status == CH_OK && !ledger_place_of(slice_sub(key, 1, key.len), place))
			status = CH_CORRUPT;
		if (status == CH_OK)
			status = desk_sweep_one(desk, txn, place, &sweep->todo[sweep->count]);
		if (status == CH_OK && sweep->todo[sweep->count] != TODO_NOTHING)
			sweep->count++;
	}
	book_walk_end(walk);
	return status == CH_END ? CH_OK : status;
}

/* ---- Writing ---- */

static int64_t job_back_off_us(const struct job *job)
{
	int64_t wait_us = job->desk->settings->retry_ms * 1000;
	for (uint32_t i = 1; i < job->intent.attempts && wait_us < RETRY_MOST_US; i++)
		wait_us *= 2;
	return wait_us < RETRY_MOST_US ? wait_us : RETRY_MOST_US;
}

static enum ch_status job_write(const struct job *job, struct book_txn *txn, int64_t now_us)
{
	const struct intent *intent = &job->intent;
	struct desk_note note = {.place = intent->place, .attempts = intent->attempts};
	if (job->noted_us != 0)
		notes_drop(
			txn, &(struct desk_note){.place = intent->place, .due_us = job->noted_us});
	switch (job->todo) {
	case TODO_NOTHING:
	case TODO_TRY:
		return book_status(txn);
	case TODO_INTEND:
		return intent_say_intended(txn, intent, now_us);
	case TODO_PASS_OVER:
		return intent_say_withheld(txn, intent, job->reason, false, now_us);
	case TODO_WITHHOLD:
		return intent_say_withheld(txn, intent, job->reason, true, now_us);
	case TODO_SENT:
		return intent_say_sent(txn, intent, job->result.code, now_us);
	case TODO_FAILED:
		return intent_say_failed(txn, intent, job->reason, &job->result, now_us);
	case TODO_UNCERTAIN:
		return intent_say_uncertain(txn, intent, job->reason, job->result.code, now_us);
	case TODO_HAND:
		return intent_say_callback(
			txn, intent, &job->addressee, buffer_slice(&job->text), now_us);
	case TODO_NOTE:
		note.due_us = job->unasked ? now_us + SECOND_US : now_us + job_back_off_us(job);
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

static enum ch_status desk_write_swept(
	struct desk *desk, const struct sweep *sweep, struct book_txn *txn, int64_t now_us)
{
	enum ch_status status = CH_OK;
	for (size_t i = 0; i < sweep->count && status == CH_OK; i++) {
		const struct ledger_place *place = &sweep->places[i];
		struct intent intent;
		intent_init(&intent, place,
			campaigns_find(&desk->campaigns, slice_text(place->campaign)), desk->key);
		if (sweep->todo[i] == TODO_UNCERTAIN)
			status = intent_say_uncertain(txn, &intent, "process_ended", 0, now_us);
		else if (sweep->todo[i] == TODO_SENT && intent.campaign != NULL)
			status = intent_say_sent(txn, &intent, 0, now_us);
		else if (sweep->todo[i] == TODO_NOTE)
			notes_put(txn, &(struct desk_note){.place = *place, .due_us = now_us});
	}
	return status;
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

/* It is written: what follows from it. */
static void job_written(struct job *job)
{
	enum job_todo todo = job->todo;
	job->todo = TODO_NOTHING;
	job->noted_us = 0;
	if (todo == TODO_INTEND)
		job->state = JOB_INTENDED;
	else if (todo == TODO_HAND)
		job->state = JOB_HANDING;
	else if (todo == TODO_TRY)
		job_go(job);
	else
		job_release(job);
}

static enum ch_status desk_write(struct desk *desk, const struct sweep *sweep, int64_t now_us)
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

static void desk_written(struct desk *desk)
{
	for (size_t i = 0; i < desk->campaigns.count; i++) {
		if (desk->passes[i].end != NULL)
			desk->passes[i].ended = true;
	}
	for (uint32_t i = 0; i < desk->job_count; i++) {
		if (job_is_due(&desk->jobs[i]))
			job_written(&desk->jobs[i]);
	}
}

/* ---- Definitions ---- */

/* A campaign was started: its file may be new.  With mistakes in any of them, what was read before stays. */
static void desk_reread(struct desk *desk)
{
	struct problems problems = {0};
	struct campaigns campaigns = {0};
	struct pass *passes = NULL;
	enum ch_status status = campaigns_read(desk->settings->folder, &problems, &campaigns);
	if (status == CH_OK)
		passes = calloc(campaigns.count + 1, sizeof(*passes));
	if (passes != NULL) {
		campaigns_fini(&desk->campaigns);
		free(desk->passes);
		desk->campaigns = campaigns;
		desk->passes = passes; /* begin anew: whoever was looked at is passed by quickly */
	} else {
		struct buffer text = {0};
		problems_print(&problems, &text);
		log_error("campaign.unreadable", "folder=%s problems=%zu first=\"%.200s\"",
			desk->settings->folder, problems.count, buffer_text(&text));
		buffer_fini(&text);
		campaigns_fini(&campaigns);
	}
	problems_fini(&problems);
	desk->started = false;
}

void desk_notice_start(struct desk *desk)
{
	desk->started = true;
}

bool desk_is_idle(const struct desk *desk)
{
	return desk_busy(desk) == 0;
}

/* ---- The round ---- */

/* What the book says, in one view: what came back, who is next, who is left alone. */
static enum ch_status desk_look(struct desk *desk, struct sweep *sweep)
{
	struct book_txn *txn = NULL;
	bool begin = desk_may_begin(desk);
	enum ch_status status = book_begin(desk->book, false, &txn);
	if (status != CH_OK)
		return status;
	status = desk_hear(desk, txn);
	if (status == CH_OK && sweep != NULL)
		status = desk_sweep(desk, txn, sweep);
	/* Before the first sweep nobody knows what an earlier life has left. */
	if (status == CH_OK && begin && desk->next_sweep_us != 0)
		status = desk_pick_next(desk, txn);
	book_abort(txn);
	return status;
}

/* The hub does not answer now: it is as if he had not been picked. */
static void desk_unpick(struct desk *desk, struct job *job)
{
	struct ledger_place place = job->intent.place;
	const struct campaign *campaign = job->intent.campaign;
	bool member = job->noted_us == 0 && place.round == 0;
	job_release(job);
	if (!member)
		return; /* a note and an operator's wish are still there */
	struct pass *pass = &desk->passes[campaign - desk->campaigns.items];
	pass->through = false;
	if (pass->cursor >= place.customer)
		pass->cursor = place.customer - 1;
}

/* Those that came back go out; those that were picked are judged. */
static void desk_act(struct desk *desk)
{
	for (uint32_t i = 0; i < desk->job_count; i++) {
		struct job *job = &desk->jobs[i];
		if (job->state == JOB_READY)
			job_go(job);
		else if (job->state == JOB_PICKED && job_judge(job) == CH_OK)
			job->state = JOB_JUDGED;
		else if (job->state == JOB_PICKED)
			desk_unpick(desk, job);
	}
}

static void desk_plan(struct desk *desk)
{
	int64_t again_ms = 1000;
	for (uint32_t i = 0; i < desk->job_count; i++) {
		enum job_state state = desk->jobs[i].state;
		if (state == JOB_DONE || state == JOB_JUDGED)
			again_ms = 0;
		else if (state == JOB_MAILING && again_ms > 2)
			again_ms = 2;
		else if (state != JOB_FREE && again_ms > 20)
			again_ms = 20;
	}
	int64_t wait_ms = (desk->next_mail_us - desk->turn->now_us) / 1000;
	if (wait_ms > 0 && wait_ms < again_ms)
		again_ms = wait_ms;
	desk->turn->again_ms = again_ms;
}

enum ch_status desk_tend(struct desk *desk, struct module_turn *turn)
{
	struct sweep *sweep = NULL;
	enum ch_status status = CH_OK;
	desk->turn = turn;
	desk->book = turn->book;
	desk->now_us = turn->now_us;
	if (desk->started && desk_is_idle(desk))
		desk_reread(desk);
	if (desk->office != NULL)
		mail_office_tend(desk->office);
	if (turn->now_us >= desk->next_sweep_us) {
		sweep = calloc(1, sizeof(*sweep));
		status = sweep != NULL ? CH_OK : CH_NOMEM;
	}
	if (status == CH_OK)
		status = desk_look(desk, sweep);
	if (status == CH_OK) {
		desk_act(desk);
		status = desk_write(desk, sweep, turn->now_us);
	}
	if (status == CH_OK) {
		desk_written(desk);
		if (sweep != NULL && sweep->count < LOOK_OPEN)
			desk->next_sweep_us = turn->now_us + SWEEP_US;
	}
	desk_plan(desk);
	desk->turn = NULL;
	free(sweep);
	return status;
}

/* ---- Life ---- */

static enum ch_status desk_open_office(
	const struct campaign_settings *settings, struct problems *problems, struct desk *desk)
{
	struct secret password = {0};
	enum ch_status status = CH_OK;
	if (settings->host == NULL)
		return CH_OK;
	if (settings->password_file != NULL)
		status = secret_read(
			settings->password_file, "mail.password_file", problems, &password);
	const struct mail_options options = {.host = settings->host,
		.port = (uint16_t)settings->port,
		.tls = (enum mail_tls)settings->tls,
		.ca_file = settings->ca_file,
		.user = settings->user,
		.password = password.bytes,
		.hello = settings->hello,
		.lines = desk->job_count,
		.connect_ms = settings->connect_ms,
		.reply_ms = settings->reply_ms,
		.total_ms = settings->total_ms};
	if (status == CH_OK)
		status = mail_office_open(&options, &desk->office);
	secret_wipe(&password);
	return status;
}

enum ch_status desk_open(const struct campaign_settings *settings, const struct desk_ports *ports,
	struct problems *problems, struct desk **out_desk)
{
	enum ch_status status = CH_NOMEM;
	struct desk *desk = calloc(1, sizeof(*desk));
	if (desk == NULL)
		goto out;
	desk->settings = settings;
	desk->ports = *ports;
	desk->job_count = (uint32_t)settings->lines;
	for (uint32_t i = 0; i < desk->job_count; i++)
		desk->jobs[i].desk = desk;
	status = campaign_token_key(settings, problems, desk->key);
	if (status == CH_OK)
		status = campaigns_read(settings->folder, problems, &desk->campaigns);
	if (status == CH_OK) {
		desk->passes = calloc(desk->campaigns.count + 1, sizeof(*desk->passes));
		status = desk->passes != NULL ? CH_OK : CH_NOMEM;
	}
	if (status == CH_OK)
		status = desk_open_office(settings, problems, desk);
	if (status != CH_OK)
		goto out;
	*out_desk = desk;
	desk = NULL; /* the caller's now */
out:
	desk_close(desk, 0);
	return status;
}

void desk_forget(struct desk *desk)
{
	memset(desk->passes, 0, (desk->campaigns.count + 1) * sizeof(*desk->passes));
	desk->next_sweep_us = 0;
}

void desk_close(struct desk *desk, int64_t grace_ms)
{
	if (desk == NULL)
		return;
	mail_office_close(desk->office, grace_ms);
	/* What came of it is kept in the book, and said in the next life. */
	if (desk->book != NULL && desk_write(desk, NULL, desk->now_us) != CH_OK)
		log_warning("campaign.unwritten",
			"outcomes of mails that were under way are lost, and "
			"will be uncertain");
	for (uint32_t i = 0; i < desk->job_count; i++) {
		addressee_fini(&desk->jobs[i].addressee);
		buffer_fini(&desk->jobs[i].links);
		buffer_fini(&desk->jobs[i].text);
	}
	campaigns_fini(&desk->campaigns);
	free(desk->passes);
	sodium_memzero(desk->key, sizeof(desk->key));
	free(desk);
}

#include "module/marketing/campaign/intent_desk.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/log.h"
#include "kit/secret.h"
#include "module/marketing/campaign/desk_inside.h"

/* ---- Definitions ---- */

/* A campaign was started: its file may be new.  With mistakes in any of them, what was read before stays. */
static void desk_reread(struct desk *desk)
{
	struct problems problems = {0};
	struct campaigns campaigns = {0};
	struct pass *passes = NULL;
	enum ch_status status = campaigns_read(desk->settings->folder, NULL, &problems, &campaigns);
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
	if (status == CH_OK && desk->now_us >= desk->next_meter_us) {
		status = campaign_meter_look(desk->meter, txn);
		campaign_meter_hold(desk->meter, desk->hold_us / SECOND_US);
		desk->next_meter_us = desk->now_us + METER_US;
	}
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
	bool member = job->member;
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
	if (desk->looking && again_ms > 1 && desk_free_job(desk) != NULL && desk_may_begin(desk))
		again_ms = 1;
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
	desk->looking = false;
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
		desk_written(desk, sweep);
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
	struct metrics *metrics, struct problems *problems, struct desk **out_desk)
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
	status = campaign_meter_create(metrics, &desk->meter);
	if (status == CH_OK)
		status = campaign_token_key(settings, problems, &desk->key);
	if (status == CH_OK)
		status = campaigns_read(settings->folder, NULL, problems, &desk->campaigns);
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
	campaign_meter_free(desk->meter);
	free(desk->passes);
	sodium_memzero(&desk->key, sizeof(desk->key));
	free(desk);
}

#include "module/marketing/campaign/intent_desk.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/log.h"
#include "kit/secret.h"
#include "module/marketing/campaign/desk_inside.h"

/* ---- Definitions ---- */

struct pass *desk_pass_of(struct desk *desk, const char *campaign)
{
	const struct campaign *found = campaigns_find(&desk->campaigns, slice_text(campaign));
	return found != NULL ? &desk->passes[found - desk->campaigns.items] : NULL;
}

void desk_look_again(struct desk *desk, const char *campaign)
{
	struct pass *pass = desk_pass_of(desk, campaign);
	if (pass == NULL)
		return;
	pass->through = false;
	pass->left_out = true;
	if (pass->next_us > desk->now_us + pass->rest_us)
		pass->next_us = desk->now_us + pass->rest_us;
}

static bool old_is_used(const struct desk_old *old, const struct desk *desk)
{
	const struct campaign *items = old->campaigns.items;
	for (uint32_t i = 0; i < desk->job_count; i++) {
		const struct campaign *campaign = desk->jobs[i].intent.campaign;
		for (size_t at = 0; at < old->campaigns.count; at++) {
			if (desk->jobs[i].state != JOB_FREE && campaign == &items[at])
				return true;
		}
	}
	return false;
}

/* Definitions that no job goes by any more. */
static void desk_drop_old(struct desk *desk)
{
	struct desk_old **place = &desk->old;
	while (*place != NULL) {
		struct desk_old *old = *place;
		if (old_is_used(old, desk)) {
			place = &old->next;
			continue;
		}
		*place = old->next;
		campaigns_fini(&old->campaigns);
		free(old);
	}
}

/* From now on these; whoever was looked at is passed by quickly. */
static enum ch_status desk_take_definitions(struct desk *desk, struct campaigns *campaigns)
{
	struct pass *passes = calloc(campaigns->count + 1, sizeof(*passes));
	struct desk_old *old = calloc(1, sizeof(*old));
	if (passes == NULL || old == NULL) {
		free(passes);
		free(old);
		return CH_NOMEM;
	}
	*old = (struct desk_old){desk->campaigns, desk->old};
	desk->old = old;
	desk->campaigns = *campaigns;
	*campaigns = (struct campaigns){0};
	free(desk->passes);
	desk->passes = passes;
	desk->first = 0;
	return CH_OK;
}

/* A campaign was started: its file may be new.  With mistakes in any of them, what was read before stays until they are
 * mended. */
static void desk_reread(struct desk *desk)
{
	struct problems problems = {0};
	struct campaigns campaigns = {0};
	enum ch_status status = campaigns_read(desk->settings->folder, NULL, &problems, &campaigns);
	if (status == CH_OK)
		status = desk_take_definitions(desk, &campaigns);
	if (status != CH_OK && !desk->unreadable) {
		struct buffer text = {0};
		problems_print(&problems, &text);
		log_error("campaign.unreadable", "folder=%s problems=%zu first=\"%.200s\"",
			desk->settings->folder, problems.count, buffer_text(&text));
		buffer_fini(&text);
	}
	desk->started = desk->unreadable = status != CH_OK;
	desk->next_reread_us = desk->now_us + REREAD_US;
	campaigns_fini(&campaigns);
	problems_fini(&problems);
}

void desk_notice_start(struct desk *desk)
{
	desk->started = true;
	desk->next_reread_us = 0;
}

/* ---- The round ---- */

/* Of a clock that is set back all that was to come is as far away as before. */
static void desk_take_time(struct desk *desk, int64_t now_us)
{
	int64_t back_us = desk->now_us - now_us;
	desk->now_us = now_us;
	if (back_us <= 0)
		return;
	desk->held_until_us -= back_us;
	desk->next_mail_us -= back_us;
	desk->next_meter_us -= back_us;
	desk->next_reread_us -= back_us;
	desk->silent_until_us -= back_us;
	if (desk->next_sweep_us != 0)
		desk->next_sweep_us -= back_us;
	for (size_t i = 0; i < ALONE_COUNT; i++)
		desk->alone[i].until_us -= back_us;
	for (size_t i = 0; i < desk->campaigns.count; i++)
		desk->passes[i].next_us -= back_us;
	for (uint32_t i = 0; i < desk->job_count; i++)
		desk->jobs[i].handed_us -= back_us;
}

/* Whether the hub's records tell what this book knows: not while somebody's "no more" waits in the outbox, nor an
 * intent that an earlier life left there, which no cap would count. */
static enum ch_status desk_hear_out(struct desk *desk, struct book_txn *txn, bool *out_records)
{
	struct feed_state state;
	bool no_more = true;
	enum ch_status status = intent_no_more_waits(txn, &no_more);
	if (status == CH_OK && !desk->heard_out) {
		status = feed_state_read(txn, &state);
		desk->heard_out = status == CH_OK && state.waiting <= state.refused;
	}
	*out_records = desk->heard_out && !no_more;
	return status;
}

/* What the book says, in one view: what came back, who is next, who is left alone. */
static enum ch_status desk_look(struct desk *desk, struct sweep *sweep)
{
	struct book_txn *txn = NULL;
	bool records = false;
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
	if (status == CH_OK)
		status = desk_hear_out(desk, txn, &records);
	/* Before the first sweep nobody knows what an earlier life has left. */
	if (status == CH_OK && records && desk->next_sweep_us != 0)
		status = desk_pick_next(desk, txn);
	book_abort(txn);
	return status;
}

/* His record could not be read: it is as if he had not been picked.  Nobody else waits for him. */
static void desk_unpick(struct desk *desk, struct job *job, enum ch_status why)
{
	if (why != CH_RETRY && why != CH_TIMEOUT && why != CH_CLOSED)
		log_warning("campaign.unread", "campaign=%s message=%s status=%s",
			job->intent.place.campaign, job->intent.id, ch_status_name(why));
	if (why != CH_RETRY)
		desk->alone[desk->alone_next++ % ALONE_COUNT] =
			(struct desk_alone){job->intent.place.customer, desk->now_us + ALONE_US};
	if (job->member) /* a note and an operator's wish are still there */
		desk_look_again(desk, job->intent.place.campaign);
	job_release(job);
}

/* Those that came back go out; those that were picked are judged. */
static void desk_act(struct desk *desk)
{
	for (uint32_t i = 0; i < desk->job_count; i++) {
		struct job *job = &desk->jobs[i];
		enum ch_status status = CH_OK;
		if (job->state == JOB_READY)
			job_go(job);
		if (job->state != JOB_PICKED)
			continue;
		status = job_judge(job);
		if (status == CH_OK)
			job->state = JOB_JUDGED;
		else
			desk_unpick(desk, job, status);
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
	for (size_t i = 0; i < desk->campaigns.count && again_ms > 1; i++) {
		if (desk->passes[i].looking &&
			desk_free_job(desk, &desk->campaigns.items[i]) != NULL)
			again_ms = 1;
	}
	int64_t wait_ms = (desk->next_mail_us - desk->now_us) / 1000;
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
	desk_take_time(desk, turn->now_us);
	if (desk->started && desk->now_us >= desk->next_reread_us)
		desk_reread(desk);
	desk_drop_old(desk);
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
		.lines = desk->line_count,
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
	desk->line_count = (uint32_t)settings->lines;
	desk->job_count = desk->line_count + TASK_JOBS;
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
	for (uint32_t i = 0; i < desk->job_count; i++) {
		struct job *job = &desk->jobs[i];
		if (job->state == JOB_JUDGED) /* what was not begun is nobody's intent */
			job_release(job);
		else if (job->state == JOB_INTENDED || job->state == JOB_READY)
			job_finish(job, TODO_KEEP, "");
	}
	/* What came of it is kept in the book, and said in the next life. */
	if (desk->book != NULL && desk_write(desk, NULL, desk->now_us) != CH_OK)
		log_warning("campaign.unwritten",
			"outcomes of mails that were under way are lost, and "
			"will be uncertain");
	for (uint32_t i = 0; i < desk->job_count; i++) {
		job_release(&desk->jobs[i]);
		buffer_fini(&desk->jobs[i].links);
		buffer_fini(&desk->jobs[i].text);
	}
	desk_drop_old(desk);
	campaigns_fini(&desk->campaigns);
	campaign_meter_free(desk->meter);
	free(desk->passes);
	sodium_memzero(&desk->key, sizeof(desk->key));
	free(desk);
}

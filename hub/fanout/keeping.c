#include "fanout/keeping.h"

#include "base/bytes.h"
#include "fanout/job.h"
#include "fanout/subscription.h"

#define RETRY_US 1000000 /* a full disk is tried again */

/* ---- What is to be written ---- */

static void keeping_within(struct fanout *fanout, int64_t within_us)
{
	if (fanout->now_us + within_us < fanout->write_us)
		fanout->write_us = fanout->now_us + within_us;
}

void keeping_touch(struct subscription *subscription, int64_t within_us)
{
	struct fanout *fanout = subscription->fanout;
	if (!subscription_is_durable(subscription))
		return;
	keeping_within(fanout, within_us);
	if (subscription->dirty)
		return;
	subscription->dirty = true;
	subscription->next_dirty = fanout->dirty;
	fanout->dirty = subscription;
}

void keeping_touch_job(struct job *job)
{
	job->dirty = true;
	job->fanout->jobs_dirty = true;
	keeping_within(job->fanout, DESK_US);
}

void keeping_later(struct fanout *fanout, struct later *later)
{
	later->next = NULL;
	later->folio = clerk_folio(fanout->clerk);
	*fanout->laters_last = later;
	fanout->laters_last = &later->next;
	keeping_within(fanout, 0);
}

void keeping_forget_later(struct fanout *fanout, const struct later *later)
{
	struct later **at = &fanout->laters;
	while (*at != NULL && *at != later)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	*at = later->next;
	if (*at == NULL)
		fanout->laters_last = at;
}

void keeping_forget(struct subscription *subscription)
{
	struct fanout *fanout = subscription->fanout;
	struct subscription **at = &fanout->dirty;
	while (*at != NULL && *at != subscription)
		at = &(*at)->next_dirty;
	if (*at != NULL)
		*at = subscription->next_dirty;
	keeping_forget_later(fanout, &subscription->opened);
}

void keeping_audit(struct fanout *fanout, const char *actor, const char *what, const char *name,
	const char *detail)
{
	uint8_t key[16];
	struct buffer value = {0};
	const struct audit_row row = {
		.actor = slice_text(actor),
		.what = slice_text(what),
		.name = slice_text(name),
		.detail = slice_text(detail),
	};
	store_be64(key, (uint64_t)fanout_wall_us(fanout));
	store_be64(key + 8, ++fanout->audits);
	form_encode(&audit_form, &row, &value);
	clerk_put(fanout->clerk, DESK_AUDIT, slice_of(key, sizeof(key)), buffer_slice(&value));
	buffer_fini(&value);
	keeping_within(fanout, 0);
}

/* ---- Folios ---- */

/* What an open need holds, as it is written down: what is in memory alone does not survive a crash. */
void keeping_set_floor(struct fanout *fanout)
{
	uint64_t floor = UINT64_MAX;
	struct job *job;
	size_t at = 0;
	for (const struct subscription *s = fanout->subscriptions; s != NULL; s = s->next) {
		uint64_t base =
			subscription_is_durable(s) ? s->safe_base : cursor_floor(&s->cursor);
		if (!s->suspended && base < floor)
			floor = base + 1;
	}
	while ((job = table_next(&fanout->jobs, &at)) != NULL) {
		if (job->subscription != NULL && job->safe_base < floor)
			floor = job->safe_base + 1;
	}
	atomic_store(&fanout->floor, floor);
}

static void keeping_write(struct fanout *fanout)
{
	struct job *job;
	size_t at = 0;
	while (fanout->dirty != NULL) {
		struct subscription *subscription = fanout->dirty;
		fanout->dirty = subscription->next_dirty;
		subscription->dirty = false;
		subscription_write_cursor(subscription);
	}
	while (fanout->jobs_dirty && (job = table_next(&fanout->jobs, &at)) != NULL) {
		if (job->dirty)
			job_write(job);
	}
	fanout->jobs_dirty = false;
	fanout->write_us = INT64_MAX;
	if (clerk_has_work(fanout->clerk) || fanout->laters != NULL)
		clerk_submit(fanout->clerk);
}

static void keeping_written(struct fanout *fanout, uint64_t folio)
{
	struct job *job;
	size_t at = 0;
	fanout->stats.desk_commits++;
	for (struct subscription *s = fanout->subscriptions; s != NULL; s = s->next)
		s->safe_base = s->kept_base;
	while ((job = table_next(&fanout->jobs, &at)) != NULL)
		job->safe_base = job->kept_base;
	keeping_set_floor(fanout);
	while (fanout->laters != NULL && fanout->laters->folio <= folio) {
		struct later *later = fanout->laters;
		fanout->laters = later->next;
		if (fanout->laters == NULL)
			fanout->laters_last = &fanout->laters;
		later->run(later);
	}
}

void keeping_settled(void *context, uint64_t folio, enum ch_status status)
{
	struct fanout *fanout = context;
	if (status == CH_OK) {
		keeping_written(fanout, folio);
		return;
	}
	if (status == CH_FULL) {
		fanout->retry_us = fanout->now_us + RETRY_US;
		return;
	}
	/* What is on the disk is not known any more, or cannot be put together: as after a failed sync of the
	 * journal, the hub starts again from what is there. */
	fanout->broken = true;
	if (fanout->options.failed != NULL)
		fanout->options.failed(fanout->options.context, status, "desk");
}

void keeping_serve(struct fanout *fanout)
{
	if (fanout->retry_us != 0 && fanout->now_us >= fanout->retry_us) {
		fanout->retry_us = 0;
		clerk_again(fanout->clerk);
	}
	if (!fanout->broken && fanout->now_us >= fanout->write_us && clerk_is_free(fanout->clerk))
		keeping_write(fanout);
}

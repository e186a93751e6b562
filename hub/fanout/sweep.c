#include "fanout/sweep.h"

#include <stdio.h>

#include "fanout/attachment.h"
#include "fanout/keeping.h"
#include "fanout/subscription.h"

#define SWEEP_US 1000000

static void sweep_judge_lag(struct fanout *fanout, struct subscription *subscription)
{
	char why[96];
	uint64_t lag = subscription_lag(subscription);
	uint64_t most = subscription_max_lag(subscription);
	if (lag < subscription->best_lag)
		subscription->best_lag = lag;
	if (lag > fanout->stats.worst_lag)
		fanout->stats.worst_lag = lag;
	/* It may fall behind by its bound from the best it has had: so one that begins far back, and comes
	 * nearer, is let be. */
	if (lag <= subscription->best_lag || lag - subscription->best_lag <= most)
		return;
	(void)snprintf(why, sizeof(why), "%llu entries behind, its bound is %llu",
		(unsigned long long)lag, (unsigned long long)most);
	attachment_suspend(subscription, why);
}

/* A reader that nothing was read from for a while gives back what it holds. */
static void sweep_rest_readers(struct fanout *fanout)
{
	if (!fanout->look_on)
		reader_rest(fanout->look);
	fanout->look_on = false;
	for (struct subscription *s = fanout->subscriptions; s != NULL; s = s->next) {
		if (!s->read_on && s->reader != NULL)
			reader_rest(s->reader);
		s->read_on = false;
		for (struct job *job = s->jobs; job != NULL; job = job->next) {
			if (!job->read_on && job->reader != NULL)
				reader_rest(job->reader);
			job->read_on = false;
		}
	}
}

void sweep_publish(struct fanout *fanout)
{
	struct fanout_stats stats = fanout->stats;
	struct job *job;
	size_t at = 0;
	stats.subscriptions = fanout->subscription_count;
	stats.attached = fanout->attached_count;
	stats.live = fanout->followers;
	stats.live_lost = fanout->tap.lost;
	stats.deliveries = fanout->totals.delivered;
	stats.redeliveries = fanout->totals.redelivered;
	stats.acks = fanout->totals.acked;
	stats.failures = fanout->totals.failed;
	stats.buried = fanout->totals.buried;
	for (const struct subscription *s = fanout->subscriptions; s != NULL; s = s->next) {
		stats.suspended += s->suspended;
		stats.dead_letters += s->letters;
	}
	while ((job = table_next(&fanout->jobs, &at)) != NULL)
		stats.jobs += job->subscription != NULL;
	(void)pthread_mutex_lock(&fanout->lock);
	fanout->published = stats;
	(void)pthread_mutex_unlock(&fanout->lock);
}

void sweep_all(struct fanout *fanout)
{
	struct subscription *next;
	int64_t sweep_us = fanout->options.sweep_us != 0 ? fanout->options.sweep_us : SWEEP_US;
	fanout->sweep_us = fanout->now_us + sweep_us;
	fanout->stats.worst_lag = 0;
	for (struct subscription *s = fanout->subscriptions; s != NULL; s = next) {
		next = s->next; /* an ephemeral one that is suspended is gone */
		if (!s->suspended)
			sweep_judge_lag(fanout, s);
	}
	sweep_rest_readers(fanout);
	keeping_set_floor(fanout);
	sweep_publish(fanout);
}

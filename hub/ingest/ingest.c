#include <stdlib.h>

#include "base/limits.h"
#include "ingest/queue.h"

static void ingest_drop(struct mailbox_node *node)
{
	while (node != NULL) {
		struct mailbox_node *next = node->next;
		struct submission *submission = (struct submission *)(void *)node;
		producer_unref(submission->producer);
		submission_free(submission);
		node = next;
	}
}

/* What a broken hub has left in its queues. */
static void ingest_drop_queues(struct ingest *ingest)
{
	struct producer *producer;
	while ((producer = queue_next(ingest)) != NULL) {
		struct submission *submission = producer->queue;
		producer->queue = NULL; /* it goes with the last of them, when it was closed */
		while (submission != NULL) {
			struct submission *next = submission->next;
			submission->node.next = NULL;
			ingest_drop(&submission->node);
			submission = next;
		}
	}
}

/* Receipts that no socket would take. */
static void ingest_drop_untold(struct ingest *ingest)
{
	while (ingest->untold != NULL) {
		struct producer *producer = ingest->untold;
		ingest->untold = producer->next_untold;
		producer_unref(producer);
	}
	buffer_fini(&ingest->receipts);
}

static void ingest_free(struct ingest *ingest)
{
	ingest_drop_queues(ingest);
	ingest_drop_untold(ingest);
	ingest_drop(mailbox_take(&ingest->outbox));
	ingest_drop(mailbox_take(&ingest->inbox));
	mailbox_fini(&ingest->inbox);
	mailbox_fini(&ingest->outbox);
	(void)pthread_mutex_destroy(&ingest->turn);
	core_free(ingest->options.core);
	inspector_free(ingest->inspector);
	syncer_free(ingest->syncer);
	free(ingest);
}

enum ch_status ingest_start(const struct ingest_options *options, struct ingest **out_ingest)
{
	struct ingest *ingest = calloc(1, sizeof(*ingest));
	if (ingest == NULL)
		return CH_NOMEM;
	ingest->options = *options;
	queue_tell_through(ingest);
	ingest->turns_last = &ingest->turns;
	ingest->last_arrival_us = journal_head_arrival_us(options->journal);
	writer_tell_open(ingest);
	mailbox_init(&ingest->inbox, NULL, NULL);
	mailbox_init(&ingest->outbox, NULL, NULL);
	if (inspector_create(&ingest->inspector) != CH_OK ||
		syncer_create(&ingest->syncer) != CH_OK ||
		pthread_mutex_init(&ingest->turn, NULL) != 0 ||
		pthread_create(&ingest->thread, NULL, writer_main, ingest) != 0) {
		ingest->options.core = NULL; /* still the caller's */
		ingest_free(ingest);
		return CH_NOMEM;
	}
	ingest->started = true;
	*out_ingest = ingest;
	return CH_OK;
}

void ingest_stop(struct ingest *ingest)
{
	if (ingest == NULL)
		return;
	ingest_flush(ingest);
	atomic_store(&ingest->stopping, true);
	mailbox_close(&ingest->inbox);
	(void)pthread_join(ingest->thread, NULL);
	ingest_free(ingest);
}

void ingest_hold(struct ingest *ingest, const char *reason)
{
	atomic_store(&ingest->hold, reason);
}

const char *ingest_held(const struct ingest *ingest)
{
	return atomic_load(&ingest->hold);
}

struct core_open ingest_open(const struct ingest *ingest)
{
	struct core_open open = {
		.quarantined =
			atomic_load_explicit(&ingest->open.quarantined, memory_order_relaxed),
		.reviews = atomic_load_explicit(&ingest->open.reviews, memory_order_relaxed),
		.deadlines = atomic_load_explicit(&ingest->open.deadlines, memory_order_relaxed),
	};
	for (size_t kind = 0; kind < CORE_CASE_KINDS; kind++) {
		for (size_t i = 0; i < CORE_CASE_SEVERITIES; i++) {
			open.cases.open[kind][i] = atomic_load_explicit(
				&ingest->open.cases[kind][i], memory_order_relaxed);
			open.cases.breached[kind][i] = atomic_load_explicit(
				&ingest->open.breached[kind][i], memory_order_relaxed);
		}
	}
	return open;
}

void ingest_stats(struct ingest *ingest, struct ingest_stats *out_stats)
{
	*out_stats = (struct ingest_stats){
		.accepted = atomic_load(&ingest->counters.accepted),
		.duplicates = atomic_load(&ingest->counters.duplicates),
		.conflicts = atomic_load(&ingest->counters.conflicts),
		.quarantined = atomic_load(&ingest->counters.quarantined),
		.refused = atomic_load(&ingest->counters.refused),
		.retried = atomic_load(&ingest->counters.retried),
		.frames = atomic_load(&ingest->counters.frames),
		.batches = atomic_load(&ingest->counters.batches),
		.queued = atomic_load(&ingest->waiting),
		.batch_last_us = atomic_load(&ingest->counters.batch_last_us),
		.batch_max_us = atomic_exchange(&ingest->counters.batch_max_us, 0),
	};
}

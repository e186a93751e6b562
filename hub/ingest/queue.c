#include "ingest/queue.h"

#include <stdlib.h>

#include "base/invariant.h"
#include "base/limits.h"
#include "base/timekeeper.h"

/* Up to so many events on their way the load is low, and the thread that received them writes them. */
#define CALM_EVENTS 8u

void queue_join(struct ingest *ingest, struct producer *producer)
{
	producer->next = ingest->producers;
	ingest->producers = producer;
}

void queue_leave(struct ingest *ingest, struct producer *producer)
{
	struct producer **link = &ingest->producers;
	while (*link != producer)
		link = &(*link)->next;
	*link = producer->next;
	producer->next = NULL;
}

void queue_submit(struct ingest *ingest, struct submission *submission)
{
	submission->node.next = NULL;
	if (ingest->pending != NULL)
		ingest->pending_last->next = &submission->node;
	else
		ingest->pending = &submission->node;
	ingest->pending_last = &submission->node;
	ingest->pending_events += submission->count;
}

void queue_again(struct ingest *ingest, struct producer *producer)
{
	producer->queued = true;
	producer->turn = NULL;
	*ingest->turns_last = producer;
	ingest->turns_last = &producer->turn;
}

/* To the back of its producer's queue; the producer to the back of the turns, when it was idle. */
static void queue_put(struct ingest *ingest, struct submission *submission)
{
	struct producer *producer = submission->producer;
	submission->next = NULL;
	*producer->queue_last = submission;
	producer->queue_last = &submission->next;
	ingest->queued_events += submission->count;
	if (!producer->queued)
		queue_again(ingest, producer);
}

void queue_sort(struct ingest *ingest, struct mailbox_node *posted)
{
	while (posted != NULL) {
		struct mailbox_node *next = posted->next;
		queue_put(ingest, (struct submission *)(void *)posted);
		posted = next;
	}
}

struct producer *queue_next(struct ingest *ingest)
{
	struct producer *producer = ingest->turns;
	if (producer == NULL)
		return NULL;
	ingest->turns = producer->turn;
	if (ingest->turns == NULL)
		ingest->turns_last = &ingest->turns;
	producer->queued = false;
	producer->turn = NULL;
	return producer;
}

/* ---- What the writer tells ---- */

/* On the loop thread, while it writes. */
static _Thread_local bool queue_writes_here;

static void queue_ready(void *context)
{
	struct ingest *ingest = context;
	if (!queue_writes_here && ingest->outside.ready != NULL)
		ingest->outside.ready(ingest->outside.context);
}

static void queue_synced(void *context, uint64_t head)
{
	struct ingest *ingest = context;
	if (!queue_writes_here && ingest->outside.synced != NULL)
		ingest->outside.synced(ingest->outside.context, head);
}

static void queue_failed(void *context, enum ch_status status, const char *what)
{
	struct ingest *ingest = context;
	if (ingest->outside.failed != NULL)
		ingest->outside.failed(ingest->outside.context, status, what);
}

void queue_tell_through(struct ingest *ingest)
{
	ingest->outside = ingest->options;
	ingest->options.ready = queue_ready;
	ingest->options.synced = queue_synced;
	ingest->options.failed = queue_failed;
	ingest->options.context = ingest;
}

/* ---- Handing on ---- */

/* Here and now; the caller has the turn.  Whoever would be woken by the news runs where the answer is
 * being made, so he hears of it when the answer is out. */
static void queue_write(struct ingest *ingest, struct mailbox_node *pending)
{
	uint64_t head = journal_head(ingest->options.journal);
	queue_sort(ingest, mailbox_take(&ingest->inbox));
	queue_sort(ingest, pending);
	queue_writes_here = true;
	while (ingest->queued_events > 0)
		writer_batch(ingest);
	queue_writes_here = false;
	(void)pthread_mutex_unlock(&ingest->turn);
	ingest_deliver(ingest);
	if (journal_head(ingest->options.journal) != head)
		queue_synced(ingest, journal_head(ingest->options.journal));
}

void ingest_flush(struct ingest *ingest)
{
	uint64_t events = ingest->pending_events;
	struct mailbox_node *pending = ingest->pending;
	if (pending == NULL)
		return;
	ingest->pending = NULL;
	ingest->pending_events = 0;
	bool calm = atomic_fetch_add(&ingest->waiting, events) + events <= CALM_EVENTS;
	if (calm && pthread_mutex_trylock(&ingest->turn) == 0)
		queue_write(ingest, pending);
	else /* closed only after the last flush */
		invariant(mailbox_post_all(&ingest->inbox, pending, ingest->pending_last));
}

void queue_untold(struct ingest *ingest, struct producer *producer)
{
	if (producer->untold)
		return;
	producer->untold = true;
	producer->references++;
	producer->next_untold = ingest->untold;
	ingest->untold = producer;
}

static void queue_settle(struct mailbox_node *node)
{
	while (node != NULL) {
		struct mailbox_node *next = node->next;
		struct submission *submission = (struct submission *)(void *)node;
		producer_settle(submission->producer, submission);
		node = next;
	}
}

/* First all that is settled, then the telling: what many frames of one producer became is one message. */
void ingest_deliver(struct ingest *ingest)
{
	queue_settle(mailbox_take(&ingest->outbox));
	struct producer *untold = ingest->untold;
	ingest->untold = NULL;
	while (untold != NULL) {
		struct producer *producer = untold;
		untold = producer->next_untold;
		producer->untold = false;
		producer_tell(producer, &ingest->receipts);
		producer_unref(producer);
	}
}

void ingest_tick(struct ingest *ingest)
{
	uint32_t pressure = state_pressure(ingest->options.state);
	for (struct producer *p = ingest->producers; p != NULL; p = p->next)
		producer_pace(p, pressure);
	if (pthread_mutex_trylock(&ingest->turn) != 0)
		return; /* a batch is being written: deadlines are looked at there too */
	if (core_next_due_us(ingest->options.core) <= timekeeper_now_us(ingest->options.clock))
		writer_batch(ingest);
	(void)pthread_mutex_unlock(&ingest->turn);
}

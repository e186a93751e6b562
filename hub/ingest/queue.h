/* What the loop thread and the writer share inside ingest. */
#ifndef INGEST_QUEUE_H
#define INGEST_QUEUE_H

#include <stdatomic.h>

#include "ingest/producer.h"
#include "ingest/syncer.h"

struct ingest {
	struct ingest_options options; /* what the writer tells goes through queue.c */
	struct ingest_options outside; /* as they were given */
	pthread_t thread;
	bool started;

	struct mailbox inbox;  /* submissions, to the writer              */
	struct mailbox outbox; /* settled submissions, to the loop thread */

	/* The loop thread's. */
	struct inspector *inspector;
	struct producer *producers;
	struct producer *untold;      /* producers with receipts that wait to be sent */
	struct buffer receipts;       /* for encoding them */
	struct mailbox_node *pending; /* submissions admitted since the last ingest_flush */
	struct mailbox_node *pending_last;
	uint64_t pending_events;

	/* Whoever holds the turn writes: the writer thread, or the loop thread when it is idle. */
	pthread_mutex_t turn;
	struct producer *turns; /* producers with something queued, in turn */
	struct producer **turns_last;
	uint64_t queued_events;
	int64_t last_arrival_us;
	struct syncer *syncer;

	atomic_bool stopping;
	atomic_uint_fast64_t waiting; /* events submitted and not settled */
	_Atomic(const char *) hold;
	atomic_bool broken;

	/* What the core has counted, for those who may not ask it. */
	struct {
		atomic_uint_fast64_t quarantined, reviews, deadlines;
		atomic_uint_fast64_t cases[CORE_CASE_KINDS][CORE_CASE_SEVERITIES];
		atomic_uint_fast64_t breached[CORE_CASE_KINDS][CORE_CASE_SEVERITIES];
	} open;
	struct {
		atomic_uint_fast64_t accepted, duplicates, conflicts, quarantined, refused, retried;
		atomic_uint_fast64_t frames, batches, batch_last_us, batch_max_us;
	} counters;
};

void queue_join(struct ingest *ingest, struct producer *producer);
void queue_leave(struct ingest *ingest, struct producer *producer);

/* Puts a producer, unless it is there, among those that the next ingest_deliver tells. */
void queue_untold(struct ingest *ingest, struct producer *producer);

/* Puts a submission among those that the next ingest_flush hands on. */
void queue_submit(struct ingest *ingest, struct submission *submission);

/* Puts this folder between the writer and whom it tells: what the loop thread writes itself is
 * delivered before anybody is woken. */
void queue_tell_through(struct ingest *ingest);

/* ---- The turn's holder ---- */

/* Moves what was posted to the producers' queues. */
void queue_sort(struct ingest *ingest, struct mailbox_node *posted);

/* The next producer in turn; NULL when nothing is queued. */
struct producer *queue_next(struct ingest *ingest);

/* To the back of the turns: it has more. */
void queue_again(struct ingest *ingest, struct producer *producer);

/* ---- writer.c ---- */

/* Makes known what the core has counted. */
void writer_tell_open(struct ingest *ingest);

/* Writes one batch of what is queued.  The holder of the turn. */
void writer_batch(struct ingest *ingest);
void *writer_main(void *context);

/* One entry, decided by `decide` and synced when this returns.  `decide` says what it is (core/apply.h);
 * whatever it returns but CH_OK is returned, and nothing is written.  CH_CLOSED: ingest has failed;
 * CH_FULL: the disk, nothing was changed.  Takes the turn; any thread. */
typedef enum ch_status writer_decide(void *context, struct core *core, struct change *change,
	int64_t arrival_us, struct decision *out_decision);
enum ch_status writer_alone(
	struct ingest *ingest, writer_decide *decide, void *context, uint64_t *out_sequence);

#endif

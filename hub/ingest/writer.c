/* The writer: one batch after the other, in this order, and the order is the promise.
 *
 *     1. take     up to 512 events, a quantum from each producer in turn, so that one that floods
 *                 waits for itself and not for others
 *     2. decide   each against the state and the events before it in the same batch
 *     3. append   the entry to the journal's batch, in memory
 *     4. fold     its effects into the batch's changes, which nobody else can see yet
 *     5. commit   one write, one sync: now the batch cannot be lost.  A long batch goes to another
 *                 thread for it, and the writer's cache takes in the new values meanwhile
 *     6. publish  the changes: now queries see it
 *     7. settle   receipts go out, and the fan-out is told the new head
 *
 * No timer: a batch is what came in while the last one was being synced.
 *
 * If 5 fails nobody has been told anything, and what is on the disk is not known: the hub stops,
 * restarts and reads what is there.  Trying the sync again would lie: the kernel may have dropped the
 * very pages that failed.  A journal that is full before anything was written is another matter: the
 * changes are forgotten and every event of the batch is answered with retry-after. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/timekeeper.h"
#include "ingest/queue.h"

#define QUANTUM_EVENTS 64u

/* How many events ahead one is foreseen: their look-ups are all misses, and this is the time that
 * memory takes.  Then, nearer, what the first misses lead to. */
#define LOOK_AHEAD 8u
#define LOOK_NEAR  4u

/* From so many bytes on a batch is worth the wake-up of another thread, which is what it costs to have
 * the time that the disk takes. */
#define ASIDE_BYTES 16384u

/* What one event's entry may take: the event twice (reference data stands in the effects too), and its
 * effects and derived events. */
#define INGEST_ENTRY_ROOM (3u * LIMIT_EVENT_BYTES)
#define RETRY_FULL_MS     5000u
#define RETRY_HOLD_MS     2000u

/* Per cent of the store's bound for what is not written yet: there publishing would wait for it. */
#define PRESSURE_CROWDED 200u

/* What one batch is made of until its receipts go out. */
struct round {
	struct ingest *ingest;
	struct change *change;
	struct batch *batch;
	int64_t now_us;          /* the hub's time: one look at the clock for all */
	struct submission *done; /* all events decided: to be settled after the sync */
	struct submission *done_last;
	uint64_t done_events;
	uint32_t done_frames;
	uint32_t events;
	struct submitted *decided[INGEST_BATCH_EVENTS]; /* in this round */
	uint32_t decided_count;
	uint64_t last_sequence;
	struct {
		const struct submission
			*at; /* in the turn of one producer: the next to be foreseen */
		uint32_t index;
		uint32_t lead; /* foreseen and not decided yet, with the one whose turn it is */
		uint32_t first;
		struct input inputs[LOOK_AHEAD]; /* a ring */
	} ahead;
	enum ch_status status; /* sticks: the machine failed */
	const char *what;
};

static void writer_count(atomic_uint_fast64_t *counter, uint64_t more)
{
	atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

/* Arrival times rise with the sequence, by a microsecond at least, whatever the clock does: a time
 * names one place in the journal, and deadlines set in one batch differ. */
static int64_t writer_arrival(struct round *round)
{
	struct ingest *ingest = round->ingest;
	ingest->last_arrival_us = round->now_us > ingest->last_arrival_us
					  ? round->now_us
					  : ingest->last_arrival_us + 1;
	return ingest->last_arrival_us;
}

static struct round writer_begin(struct ingest *ingest)
{
	return (struct round){
		.ingest = ingest,
		.now_us = timekeeper_now_us(ingest->options.clock),
		.what = "begin",
	};
}

static void writer_append(struct round *round, const struct entry *entry, int64_t arrival_us)
{
	uint8_t head[ENTRY_HEAD_MAX];
	struct slice parts[8];
	size_t count = entry_parts(entry, head, parts);
	round->last_sequence = journal_append(round->batch, arrival_us, parts, count);
	if (round->last_sequence == 0) {
		round->status = journal_batch_status(round->batch);
		round->what = "journal.append";
		return;
	}
	round->status = core_fold(round->ingest->options.core, round->change, round->last_sequence,
		arrival_us, entry);
	round->what = "fold";
}

static enum outcome writer_outcome(const struct decision *decision)
{
	switch (decision->reason) {
	case CH_OK:
		return OUTCOME_ACCEPTED;
	case CH_DUPLICATE:
		return OUTCOME_DUPLICATE;
	case CH_CONFLICT:
		return OUTCOME_CONFLICT;
	default:
		return OUTCOME_REFUSED;
	}
}

static void writer_note(struct ingest *ingest, struct submitted *event,
	const struct decision *decision, uint64_t sequence)
{
	event->outcome = (uint8_t)writer_outcome(decision);
	event->reason = (uint8_t)(decision->reason == CH_DUPLICATE ? CH_OK : decision->reason);
	event->customer = decision->customer;
	bool first = decision->verdict == DECIDED_KNOWN ||
		     (decision->verdict == DECIDED_ENTRY && decision->reason == CH_CONFLICT);
	event->sequence = first ? decision->first_sequence : sequence;
	if (decision->field[0] != 0)
		event->field = strdup(decision->field); /* NULL: the reason still stands */
	switch ((enum outcome)event->outcome) {
	case OUTCOME_ACCEPTED:
		writer_count(&ingest->counters.accepted, 1);
		break;
	case OUTCOME_DUPLICATE:
		writer_count(&ingest->counters.duplicates, 1);
		break;
	case OUTCOME_CONFLICT:
		writer_count(&ingest->counters.conflicts, 1);
		break;
	default:
		writer_count(&ingest->counters.quarantined, 1);
		break;
	}
}

static struct input writer_input(const struct submission *submission, const struct submitted *event)
{
	struct slice name = submission->producer->rights.name;
	bool correction = submission->releases != 0;
	return (struct input){
		.envelope = &event->envelope,
		.form = (enum ch_status)event->form,
		.form_field = event->form_field,
		.inspection = event->form == CH_OK ? &event->inspection : NULL,
		.peer = correction ? submission->publisher : name,
		.releases = submission->releases,
		.corrected_by = correction ? name : (struct slice){NULL, 0},
	};
}

static void writer_event(
	struct round *round, struct submission *submission, struct submitted *event)
{
	struct ingest *ingest = round->ingest;
	struct decision decision;
	int64_t arrival_us = writer_arrival(round);
	struct input input = writer_input(submission, event);
	input.arrival_us = arrival_us;
	input.sequence = journal_batch_next(round->batch);
	round->status = core_decide(ingest->options.core, round->change, &input, &decision);
	round->what = "decide";
	if (round->status != CH_OK)
		return;
	uint64_t sequence = 0;
	if (decision.verdict == DECIDED_ENTRY) {
		writer_append(round, &decision.entry, arrival_us);
		sequence = round->last_sequence;
	}
	if (round->status == CH_OK)
		writer_note(ingest, event, &decision, sequence);
	round->decided[round->decided_count++] = event;
}

static void writer_later(struct ingest *ingest, struct submitted *event, enum ch_status reason,
	uint32_t retry_after_ms)
{
	writer_count(&ingest->counters.retried, 1);
	free(event->field);
	event->field = NULL;
	event->outcome = OUTCOME_RETRY_AFTER;
	event->reason = (uint8_t)reason;
	event->retry_after_ms = retry_after_ms;
	event->sequence = 0;
	event->customer = 0;
}

static void writer_look_from(struct round *round, const struct producer *producer)
{
	round->ahead.at = producer->queue;
	round->ahead.index = producer->queue != NULL ? producer->queue->decided : 0;
	round->ahead.lead = 0;
}

/* Foresees what comes behind the event whose turn it is. */
static void writer_look_ahead(struct round *round)
{
	struct core *core = round->ingest->options.core;
	while (round->ahead.lead < LOOK_AHEAD && round->ahead.at != NULL) {
		const struct submission *submission = round->ahead.at;
		const struct submitted *event = &submission->events[round->ahead.index];
		struct input *input =
			&round->ahead
				 .inputs[(round->ahead.first + round->ahead.lead++) % LOOK_AHEAD];
		*input = writer_input(submission, event);
		if (event->outcome != 0)
			input->inspection = NULL; /* answered at the door */
		core_foresee(core, round->change, input, false);
		if (++round->ahead.index < submission->count)
			continue;
		round->ahead.at = submission->next;
		round->ahead.index = 0;
	}
	if (round->ahead.lead > LOOK_NEAR)
		core_foresee(core, round->change,
			&round->ahead.inputs[(round->ahead.first + LOOK_NEAR) % LOOK_AHEAD], true);
	round->ahead.first++;
	round->ahead.lead--;
}

/* The store has no room on the disk, and memory not for much more of what it cannot write. */
static bool writer_crowded(const struct ingest *ingest)
{
	return state_status(ingest->options.state) == CH_FULL &&
	       state_pressure(ingest->options.state) >= PRESSURE_CROWDED;
}

static void writer_done(struct round *round, struct submission *submission)
{
	submission->next = NULL;
	submission->node.next = NULL;
	if (round->done == NULL)
		round->done = submission;
	else
		round->done_last->node.next = &submission->node;
	round->done_last = submission;
	round->done_events += submission->count;
	round->done_frames++;
}

/* Up to a quantum of this producer's events. */
static void writer_turn(struct round *round, struct producer *producer)
{
	struct ingest *ingest = round->ingest;
	bool held = atomic_load(&ingest->hold) != NULL;
	bool crowded = writer_crowded(ingest);
	uint32_t quantum = QUANTUM_EVENTS;
	writer_look_from(round, producer);
	while (producer->queue != NULL && quantum > 0 && round->status == CH_OK &&
		round->events < INGEST_BATCH_EVENTS &&
		journal_batch_bytes(round->batch) < INGEST_BATCH_BYTES &&
		journal_batch_room(round->batch) > INGEST_ENTRY_ROOM) {
		struct submission *submission = producer->queue;
		struct submitted *event = &submission->events[submission->decided];
		writer_look_ahead(round);
		if (event->outcome != 0)
			writer_count(&ingest->counters.refused, 1); /* answered at the door */
		else if (held)
			writer_later(ingest, event, CH_RETRY, RETRY_HOLD_MS);
		else if (crowded)
			writer_later(ingest, event, CH_FULL, RETRY_FULL_MS);
		else
			writer_event(round, submission, event);
		if (round->status != CH_OK)
			return;
		round->events++;
		quantum--;
		if (++submission->decided < submission->count)
			continue;
		producer->queue = submission->next;
		if (producer->queue == NULL)
			producer->queue_last = &producer->queue;
		writer_done(round, submission);
	}
}

static void writer_clock(struct round *round)
{
	struct ingest *ingest = round->ingest;
	struct decision decision;
	/* Deadlines run on arrival time; nobody looks at the clock while nothing is due. */
	while (round->status == CH_OK && core_next_due_us(ingest->options.core) <= round->now_us) {
		int64_t arrival_us = writer_arrival(round);
		enum ch_status status = core_decide_clock(
			ingest->options.core, round->change, arrival_us, &decision);
		if (status == CH_END)
			return;
		round->what = "decide.clock";
		round->status = status;
		if (status == CH_OK)
			writer_append(round, &decision.entry, arrival_us);
	}
}

static void writer_settle(struct round *round)
{
	struct ingest *ingest = round->ingest;
	if (round->done == NULL)
		return;
	atomic_fetch_sub(&ingest->waiting, round->done_events);
	writer_count(&ingest->counters.frames, round->done_frames);
	/* Open as long as ingest. */
	(void)mailbox_post_all(&ingest->outbox, &round->done->node, &round->done_last->node);
	if (ingest->options.ready != NULL)
		ingest->options.ready(ingest->options.context);
}

void writer_tell_open(struct ingest *ingest)
{
	struct core_open open = core_open(ingest->options.core);
	atomic_store_explicit(&ingest->open.quarantined, open.quarantined, memory_order_relaxed);
	atomic_store_explicit(&ingest->open.reviews, open.reviews, memory_order_relaxed);
	atomic_store_explicit(&ingest->open.deadlines, open.deadlines, memory_order_relaxed);
	for (size_t kind = 0; kind < CORE_CASE_KINDS; kind++) {
		for (size_t i = 0; i < CORE_CASE_SEVERITIES; i++) {
			atomic_store_explicit(&ingest->open.cases[kind][i],
				open.cases.open[kind][i], memory_order_relaxed);
			atomic_store_explicit(&ingest->open.breached[kind][i],
				open.cases.breached[kind][i], memory_order_relaxed);
		}
	}
}

/* Step 5. */
static enum ch_status writer_sync(struct round *round)
{
	struct syncer *syncer = round->ingest->syncer;
	if (journal_batch_bytes(round->batch) < ASIDE_BYTES)
		return journal_commit(round->batch);
	syncer_start(syncer, round->batch);
	change_foreshow(round->change);
	return syncer_wait(syncer);
}

/* Steps 5 and 6. */
static void writer_commit(struct round *round)
{
	bool wrote = journal_batch_count(round->batch) > 0;
	if (round->status != CH_OK) {
		journal_abort(round->batch);
		change_abort(round->change);
		return;
	}
	round->what = "journal.commit";
	round->status = writer_sync(round);
	/* Full, and not before anything was written but while: then nobody knows what is on the disk. */
	if (round->status == CH_FULL && journal_status(round->ingest->options.journal) != CH_OK)
		round->status = CH_IO;
	if (round->status != CH_OK || !wrote) {
		change_abort(round->change);
		return;
	}
	round->what = "state.publish";
	writer_tell_open(round->ingest);
	round->status = change_publish(round->change, round->last_sequence);
	/* It is published all the same; what comes next is put off. */
	if (round->status == CH_FULL)
		round->status = CH_OK;
}

/* The disk is full and nothing was written: what the core has learnt in this round never happened. */
static void writer_undo(struct round *round)
{
	struct ingest *ingest = round->ingest;
	struct core *core = NULL;
	struct rtxn *rtxn = NULL;
	for (uint32_t i = 0; i < round->decided_count; i++)
		writer_later(ingest, round->decided[i], CH_FULL, RETRY_FULL_MS);
	round->what = "core.reload";
	round->status = core_create(&core);
	if (round->status == CH_OK)
		round->status = rtxn_begin(ingest->options.state, &rtxn);
	if (round->status == CH_OK)
		round->status = core_load(core, rtxn);
	rtxn_end(rtxn);
	if (round->status != CH_OK) {
		core_free(core);
		return;
	}
	core_free(ingest->options.core);
	ingest->options.core = core;
}

static void writer_time(struct ingest *ingest, int64_t began_us)
{
	uint64_t took_us = (uint64_t)(clock_steady_us() - began_us);
	atomic_store_explicit(&ingest->counters.batch_last_us, took_us, memory_order_relaxed);
	if (took_us > atomic_load_explicit(&ingest->counters.batch_max_us, memory_order_relaxed))
		atomic_store_explicit(
			&ingest->counters.batch_max_us, took_us, memory_order_relaxed);
	writer_count(&ingest->counters.batches, 1);
}

/* Once and for good: nothing is answered any more, the hub stops. */
static void writer_fail(struct round *round)
{
	struct ingest *ingest = round->ingest;
	ingest->queued_events = 0;
	if (!atomic_exchange(&ingest->broken, true) && ingest->options.failed != NULL)
		ingest->options.failed(ingest->options.context, round->status, round->what);
}

static void writer_take_turns(struct round *round)
{
	struct ingest *ingest = round->ingest;
	struct producer *producer;
	while (round->status == CH_OK && round->events < INGEST_BATCH_EVENTS &&
		journal_batch_bytes(round->batch) < INGEST_BATCH_BYTES &&
		journal_batch_room(round->batch) > INGEST_ENTRY_ROOM &&
		(producer = queue_next(ingest)) != NULL) {
		writer_turn(round, producer);
		if (producer->queue != NULL)
			queue_again(ingest, producer);
	}
}

void writer_batch(struct ingest *ingest)
{
	struct round round = writer_begin(ingest);
	int64_t began_us = clock_steady_us();
	if (atomic_load(&ingest->broken)) {
		ingest->queued_events = 0; /* nobody is answered any more */
		return;
	}
	round.change = state_begin(ingest->options.state);
	round.batch = journal_begin(ingest->options.journal);
	core_forget(ingest->options.core);
	writer_clock(&round);
	writer_take_turns(&round);
	writer_commit(&round);
	if (round.status == CH_FULL)
		writer_undo(&round);
	if (round.status != CH_OK) {
		writer_fail(&round);
		return;
	}
	ingest->queued_events -= round.events;
	writer_time(ingest, began_us);
	writer_settle(&round);
	if (round.last_sequence != 0 && ingest->options.synced != NULL)
		ingest->options.synced(
			ingest->options.context, journal_head(ingest->options.journal));
}

void *writer_main(void *context)
{
	struct ingest *ingest = context;
	(void)pthread_setname_np(pthread_self(), "writer"); /* for whoever looks at the threads */
	while (!atomic_load(&ingest->stopping)) {
		struct mailbox_node *posted = mailbox_wait(&ingest->inbox, -1);
		(void)pthread_mutex_lock(&ingest->turn);
		queue_sort(ingest, posted);
		while (ingest->queued_events > 0) {
			writer_batch(ingest);
			/* What came in during the sync is the next batch. */
			queue_sort(ingest, mailbox_take(&ingest->inbox));
		}
		(void)pthread_mutex_unlock(&ingest->turn);
	}
	return NULL;
}

/* ---- Entries that come from nobody's queue ---- */

enum ch_status writer_alone(
	struct ingest *ingest, writer_decide *decide, void *context, uint64_t *out_sequence)
{
	struct decision decision;
	(void)pthread_mutex_lock(&ingest->turn);
	struct round round = writer_begin(ingest);
	if (atomic_load(&ingest->broken)) {
		(void)pthread_mutex_unlock(&ingest->turn);
		return CH_CLOSED;
	}
	int64_t arrival_us = writer_arrival(&round);
	round.change = state_begin(ingest->options.state);
	round.batch = journal_begin(ingest->options.journal);
	enum ch_status status =
		decide(context, ingest->options.core, round.change, arrival_us, &decision);
	if (status == CH_OK)
		writer_append(&round, &decision.entry, arrival_us);
	writer_commit(&round);
	bool full = round.status == CH_FULL;
	if (full)
		writer_undo(&round);
	if (round.status != CH_OK)
		writer_fail(&round);
	(void)pthread_mutex_unlock(&ingest->turn);
	if (status == CH_OK)
		status = full ? CH_FULL : round.status;
	if (status == CH_OK) {
		*out_sequence = round.last_sequence;
		if (ingest->options.synced != NULL)
			ingest->options.synced(
				ingest->options.context, journal_head(ingest->options.journal));
	}
	return status;
}

/* Ingest: from a frame of events to their receipts.
 *
 *     loop thread:    admission (rights, form) -> producer's queue
 *     writer:         takes turns among producers -> decide -> journal, one sync -> state -> receipts
 *
 * The order of effects is the product's first promise.  A receipt leaves only after the sync that made
 * its event durable and after the state shows it, so whoever holds a receipt can find what it is
 * about.  See writer.c. */
#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "core/apply.h"
#include "journal/journal.h"
#include "store/state.h"

struct ingest;
struct timekeeper;

/* Events of one batch: one sync is shared by so many.  Larger batches sync less often and make
 * receipts wait longer. */
#define INGEST_BATCH_EVENTS 512u
#define INGEST_BATCH_BYTES  (4u * 1024u * 1024u)

struct ingest_options {
	struct journal *journal;
	struct state *state;
	/* The core belongs to ingest from here on; it has been loaded. */
	struct core *core;
	/* What entries' arrival is read from, and deadlines run on; NULL: the machine's clock. */
	struct timekeeper *clock;
	/* Events that one producer may have on their way without a receipt; 0: LIMIT_CREDIT_EVENTS. */
	uint32_t credit;
	/* Called after each batch, on the thread that wrote it: the synced head is `head`.  When that was
	 * ingest_flush, its receipts have left before. */
	void (*synced)(void *context, uint64_t head);
	/* Receipts are ready: call ingest_deliver on the loop thread soon.  Any thread; not for what
	 * ingest_flush has written and delivered itself. */
	void (*ready)(void *context);
	/* The journal or the state failed: nothing more is taken; the hub must stop.  Once, any thread. */
	void (*failed)(void *context, enum ch_status status, const char *what);
	void *context;
};

/* Starts the writer thread.  CH_NOMEM, CH_IO. */
enum ch_status ingest_start(const struct ingest_options *options, struct ingest **out_ingest);

/* Finishes what was queued, stops the thread, frees; receipts that nobody fetched are dropped (their
 * events are stored; clients send them again and get duplicates).  NULL is fine.  Frees the core. */
void ingest_stop(struct ingest *ingest);

/* Hands on what was published since the last call: after each burst of frames.  While little is on its
 * way it is decided, synced and answered here and now, which saves two hand-overs between threads;
 * under load it goes to the writer, which shares one sync among many.  Loop thread. */
void ingest_flush(struct ingest *ingest);

/* Sends the receipts that are ready, through each producer's callback: those of one producer together,
 * whatever frames they are for.  Loop thread. */
void ingest_deliver(struct ingest *ingest);

/* Runs what falls due, at most every second or so.  Loop thread. */
void ingest_tick(struct ingest *ingest);

/* New settings for the rules, as an entry of the journal.  CH_INVALID with the line at fault; CH_FULL:
 * the disk, nothing was changed.  Any thread; waits for the sync. */
enum ch_status ingest_settings(struct ingest *ingest, struct slice text, uint32_t *out_line);

/* A person's decision: an encoded Event as core_decide_operator takes it, in the name of `person`.  Taken
 * also while input is held back.  As core_decide_operator; CH_FULL as above.  Any thread; waits for the
 * sync. */
enum ch_status ingest_operate(
	struct ingest *ingest, struct slice event, struct slice person, uint64_t *out_sequence);

/* No more input is taken: refused with retry-after (a full disk).  The text must stay; NULL opens the
 * door again.  Any thread. */
void ingest_hold(struct ingest *ingest, const char *reason);
const char *ingest_held(const struct ingest *ingest); /* NULL: input is taken */

struct ingest_stats {
	uint64_t accepted;
	uint64_t duplicates;
	uint64_t conflicts;
	uint64_t quarantined;
	uint64_t refused;
	uint64_t retried;
	uint64_t frames;
	uint64_t batches;
	uint64_t queued; /* events that wait now */
	uint64_t batch_last_us;
	uint64_t batch_max_us; /* since the last call */
};
void ingest_stats(struct ingest *ingest, struct ingest_stats *out_stats);

/* As of the last batch.  Any thread. */
struct core_open ingest_open(const struct ingest *ingest);

/* ---- Producers: loop thread ---- */

struct producer;

/* A peer's rights, as the hub's peer table has them.  Pure, and valid as long as the producer. */
struct producer_rights {
	bool (*may_publish)(void *peer, struct slice source, struct slice type);
	bool (*may_be)(void *peer, struct slice source); /* publish anything as this source */
	void *peer;
	struct slice name;
};

struct producer_options {
	struct producer_rights rights;
	/* One encoded RECEIPTS or CREDIT frame; false: it cannot be sent now.  Receipts are kept and
	 * offered again by producer_writable. */
	bool (*send)(void *context, struct slice frame);
	void *context;
	uint32_t credit; /* 0: the ingest's */
};

enum ch_status producer_open(struct ingest *ingest, const struct producer_options *options,
	struct producer **out_producer); /* CH_NOMEM */

/* What was queued is still decided and stored; its receipts are dropped. */
void producer_close(struct producer *producer);

/* What `send` refused may be sent now. */
void producer_writable(struct producer *producer);

/* Events it may have on their way. */
uint32_t producer_credit(const struct producer *producer);

/* Without a receipt yet, and with one since it was opened. */
uint32_t producer_in_flight(const struct producer *producer);
uint64_t producer_published(const struct producer *producer);

/* The bytes of a PUBLISH body and who frees them, once the receipts are out. */
struct producer_frame {
	struct slice body;
	void (*release)(void *owner);
	void *owner;
	/* The quarantined entry that the only event of this frame corrects; 0: none.  Then `publisher`
	 * is who published that entry: the correction is decided under his rules and filed in his name,
	 * and the producer's name stands beside it.  Both live as long as the body. */
	uint64_t releases;
	struct slice publisher;
};

/* Takes over the frame in every case.  CH_OK: receipts follow.  CH_FORMAT, CH_TOO_LARGE, CH_MISSING:
 * the frame as a whole cannot be read, no receipt follows.  CH_FULL: far beyond its credit; the
 * connection should be closed. */
enum ch_status producer_publish(struct producer *producer, const struct producer_frame *frame);

#endif

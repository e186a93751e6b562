/* A producer as this folder sees it. */
#ifndef INGEST_PRODUCER_H
#define INGEST_PRODUCER_H

#include "ingest/submission.h"

struct producer {
	struct ingest *ingest;
	struct producer_rights rights;
	char name[64 + 1];
	bool (*send)(void *context, struct slice frame);
	void *context;

	/* The loop thread's. */
	struct producer *next; /* all producers */
	bool closed;
	uint32_t base_credit;
	uint32_t credit;           /* as last told */
	uint32_t in_flight;        /* events without a receipt */
	uint64_t published;        /* events with one */
	uint32_t references;       /* submissions on their way, the list of untold, and the owner */
	struct submission *unsent; /* settled, and their receipts not sent yet */
	struct submission **unsent_last;
	struct producer *next_untold; /* those with something unsent */
	bool untold;
	bool full; /* its socket takes no more: nothing is offered until producer_writable */

	/* The writer's. */
	struct submission *queue;
	struct submission **queue_last;
	struct producer *turn; /* next one with something queued */
	bool queued;
};

/* Checks at the door, in order: what the peer may not do is answered here and journaled nowhere. */
void producer_admit(struct producer *producer, struct submission *submission);

/* The submission is done: its receipts leave with the next producer_tell.  Loop thread. */
void producer_settle(struct producer *producer, struct submission *submission);

/* Sends the receipts of what is settled, those of many frames in one message; `scratch` is for
 * encoding. */
void producer_tell(struct producer *producer, struct buffer *scratch);

/* Tells the producer when its window has changed: `pressure` is the state's, in percent. */
void producer_pace(struct producer *producer, uint32_t pressure);

void producer_unref(struct producer *producer);

#endif

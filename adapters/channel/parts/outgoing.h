/* An event of the parts trade as an interchange for a partner.
 *
 *     UNA:+.? '
 *     UNB+UNOC:3+5412345000013:14+4012345000009:14+261122:0931+10000000042++++1'
 *     UNH+1+ORDERS:D:96A:UN:EAN008' ... UNT+24+1'
 *     UNZ+1+10000000042'
 *
 * One event is one message, and one interchange: so that a partner's refusal is about one thing.  What was
 * written is read again by our own reader and held against the event before anything is given back: what a
 * partner gets says what the event says, or there is an obstacle with the name of the field. */
#ifndef PARTS_OUTGOING_H
#define PARTS_OUTGOING_H

#include "channel/parts/reading.h"
#include "channel/parts/script.h"
#include "channel/parts/writing.h"

/* What has been agreed with the partner: how interchanges for him are written. */
struct outgoing_terms {
	struct slice own_number; /* UNB's sender, and its qualifier; "" */
	struct slice own_qualifier;
	struct slice number; /* his */
	struct slice qualifier;
	struct slice syntax;      /* "UNOC" */
	struct slice directory;   /* "96A" */
	struct slice association; /* UNH 0057, "EAN008"; may be empty */
	struct slice application; /* UNB 0026; may be empty */
	bool acknowledge;         /* ask for a CONTRL */
	bool test;
};

struct outgoing; /* not for threads to share */

/* `zone` of all times, NULL: UTC; it and `repair_reference` must outlive it.  CH_NOMEM. */
enum ch_status outgoing_create(
	const struct zone *zone, struct slice repair_reference, struct outgoing **out_outgoing);
void outgoing_free(struct outgoing *outgoing); /* NULL is fine */

struct outgoing_event {
	struct slice type;
	const ProtobufCMessage *message;
	int64_t time_us; /* when it happened */
};

/* Appends the interchange of that number, which was prepared at that time.  CH_UNSUPPORTED: events like this
 * one are not written.  CH_INVALID: *out_obstacle.  CH_NOMEM.  On failure `out` is as long as before. */
enum ch_status outgoing_write(struct outgoing *outgoing, const struct outgoing_terms *terms,
	const struct outgoing_event *event, uint64_t number, int64_t prepared_us,
	struct buffer *out, struct obstacle *out_obstacle);

/* What is wrong with the terms; NULL: nothing. */
const char *outgoing_terms_fault(const struct outgoing_terms *terms);

/* The reference of that number: answers (answer.h) have ten digits, so the two are never the same. */
#define OUTGOING_FIRST_REFERENCE UINT64_C(10000000000)

#endif

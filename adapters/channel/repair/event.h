/* A row made into events, as its mapping says: the typed message, the identity, the times and the
 * digest.  One row may be several events (a row of an order table with its three dates), or none. */
#ifndef REPAIR_EVENT_H
#define REPAIR_EVENT_H

#include "channel/repair/mapping.h"
#include "channel/repair/row.h"
#include "wire/envelope.h"

#define EVENT_DIGEST_BYTES 32u

struct repair_event {
	struct envelope envelope; /* as it travels: data and personal are encoded */
	const struct event_type *type;
	const ProtobufCMessage *message; /* the same as a whole */
	struct place at;
};

struct event_maker;

/* `file_name` is what {file:name} stands for; both must live until free.  CH_NOMEM. */
enum ch_status event_maker_create(
	const struct mapping *mapping, struct slice file_name, struct event_maker **out_maker);
void event_maker_free(struct event_maker *maker);

/* Takes up a row, which must stay until event_maker_next says CH_END. */
void event_maker_begin(struct event_maker *maker, const struct row *row);

/* The row's next event.  CH_OK: *out_event, valid until the next call.  CH_END: no more.  CH_NOMEM.
 * Any other: *out_reject says why one of them could not be made; go on calling. */
enum ch_status event_maker_next(struct event_maker *maker, struct repair_event *out_event,
	struct repair_reject *out_reject);

/* BLAKE2b of 32 bytes, as in every digest of a source record. */
void event_digest(struct slice bytes, uint8_t out_digest[EVENT_DIGEST_BYTES]);

#endif

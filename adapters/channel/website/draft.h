/* An event in the making: a typed message becomes the data and the personal part of an envelope, checked
 * as the hub will check it, so that whoever sent it is told at once. */
#ifndef WEBSITE_DRAFT_H
#define WEBSITE_DRAFT_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "channel/website/cloud.h"
#include "kit/seal.h"
#include "wire/types.h"

struct draft {
	struct envelope envelope; /* looks into what it was made of, and into `sealed` */
	struct sealed sealed;
};

/* A zeroed one is empty, and may be used again and again. */
void draft_fini(struct draft *draft);

/* Packs `message` into envelope.data and .personal and fills in the subject when there is none.  The
 * message and the other attributes of the envelope are the caller's and must stay.  CH_OK; CH_NOMEM; what
 * seal_event says, with *out_refusal. */
enum ch_status draft_seal(struct draft *draft, const struct event_type *type,
	const ProtobufCMessage *message, struct refusal *out_refusal);

/* ---- What a site says in our own types ---- */

/* What a sender may say of the people whom it tells about. */
struct trust {
	/* It has verified what it says is verified; else every key is claimed, and it has no customer
	 * numbers of its own (local_id), for a form could bring anybody's. */
	bool verifies;
	/* What it says of who is signed in under which Common ID is true. */
	bool signs_in;
};

/* The typed message of a posted event: its type must be one of ours, its data JSON of that message.  The
 * message lives in the arena; without one it is the caller's to free.  CH_UNKNOWN_TYPE, CH_DENIED (a type that only the hub writes, or a local_id that
 * the sender may not give), CH_MISSING, CH_FORMAT, CH_INVALID, CH_TOO_LARGE with *out_refusal; CH_NOMEM. */
enum ch_status draft_decode(struct slice type_name, const struct json_ref *data, struct trust trust,
	struct arena *arena, const struct event_type **out_type, ProtobufCMessage **out_message,
	struct refusal *out_refusal);

/* The attributes of a posted event; what is not there stays empty. */
void draft_take_attributes(struct draft *draft, const struct cloud_event *event);

/* The digest of a source record's bytes: BLAKE2b of 32 bytes, as in all adapters. */
#define DRAFT_DIGEST_BYTES 32u
void draft_digest(struct slice bytes, uint8_t out_digest[DRAFT_DIGEST_BYTES]);

#endif

/* What a message gives, as events ready for the bus.
 *
 *     id       sender/recipient/date/interchange/message, and behind "#" what else the message gives:
 *              4012345000009/5412345000013/261122/REF1/M1#stock3
 *     source   urn:parts:4012345000009
 *     digest   BLAKE2b-256 of the message's bytes, header and trailer included
 *
 * An interchange that comes again therefore gives the same ids and digests, and the hub knows them. */
#ifndef PARTS_EVENT_H
#define PARTS_EVENT_H

#include "channel/parts/reading.h"
#include "wire/envelope.h"

#define EVENT_DIGEST_BYTES 32u

struct event_writer {
	struct buffer id;
	struct buffer main_id;
	struct buffer source;
	struct buffer subject;
	struct buffer packed;
	uint8_t digest[EVENT_DIGEST_BYTES];
	int64_t time_us;
};

void event_writer_fini(struct event_writer *writer);

/* Takes up a message; its bytes lie in `file`. */
void event_writer_begin(
	struct event_writer *writer, const struct reading *reading, struct slice file);

/* One of its events, in slices that hold until the next call.  CH_NOMEM.  CH_TOO_LARGE, CH_MISSING: the hub
 * would not take it; *out_why says so (constant text). */
enum ch_status event_write(struct event_writer *writer, const struct reading *reading,
	const struct made *made, struct envelope *out_envelope, const char **out_why);

/* All of its events can be written; a flaw of the message otherwise.  CH_NOMEM. */
enum ch_status event_check(struct event_writer *writer, struct reading *reading);

/* BLAKE2b-256. */
void event_digest(struct slice bytes, uint8_t out_digest[EVENT_DIGEST_BYTES]);

/* What tells an interchange from all others of its sender, escaped: the first four parts of the id. */
void event_interchange_key(const struct interchange *interchange, struct buffer *out);

#endif

/* One message of the bus: four header bytes and a protobuf message of bus.proto.
 *
 *     43 48 01 02 | 08 07 12 ...          'C' 'H', version 1, kind 2: a PUBLISH
 *
 * A version or kind that is not known is told apart from garbage, so that the answer can say so. */
#ifndef WIRE_FRAME_H
#define WIRE_FRAME_H

#include "base/slice.h"

#define FRAME_HEADER_BYTES 4u
#define FRAME_VERSION      1u

/* The numbers of enum Kind in bus.proto. */
enum frame_kind {
	FRAME_HELLO = 1,
	FRAME_PUBLISH = 2,
	FRAME_SUBSCRIBE = 3,
	FRAME_GRANT = 4,
	FRAME_ACK = 5,
	FRAME_DETACH = 6,
	FRAME_REQUEST = 7,
	FRAME_PING = 8,
	FRAME_BYE = 9,
	FRAME_WELCOME = 65,
	FRAME_RECEIPTS = 66,
	FRAME_CREDIT = 67,
	FRAME_SUBSCRIBED = 68,
	FRAME_DELIVER = 69,
	FRAME_MARK = 70,
	FRAME_REPLY = 71,
	FRAME_PONG = 72,
	FRAME_REFUSED = 73,
};

/* CH_FORMAT: not ours at all; CH_VERSION: ours, of another version; CH_TOO_LARGE. */
enum ch_status frame_parse(struct slice frame, enum frame_kind *out_kind, struct slice *out_body);

/* Starts a frame in an empty buffer; the body is appended behind it. */
void frame_begin(struct buffer *out, enum frame_kind kind);

/* ---- PUBLISH, the hot one: read by hand ---- */

struct publish {
	uint64_t frame;
	uint32_t count;
	struct slice events[256]; /* LIMIT_EVENTS_PER_FRAME, each an encoded Event */
};

/* CH_FORMAT; CH_TOO_LARGE: more than 256 events, out->frame is set; CH_MISSING: none. */
enum ch_status publish_parse(struct slice body, struct publish *out);

#endif

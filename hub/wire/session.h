/* The messages that make and keep a session: HELLO, WELCOME, CREDIT, PING, PONG, REFUSED, BYE.
 *
 * Encoders append a whole frame, header included, to an empty buffer; its status sticks.  Parsers read
 * the body that frame_parse gave.  Both hold for hub and client. */
#ifndef WIRE_SESSION_H
#define WIRE_SESSION_H

#include "base/limits.h"
#include "base/slice.h"
#include "wire/frame.h"

#define SESSION_TOKEN_BYTES 16u

struct hello {
	uint32_t version;
	struct slice agent;
	struct slice session;
	uint32_t source_count;
	struct slice sources[LIMIT_CHECKPOINTS_PER_HELLO];
};

struct checkpoint {
	struct slice source;
	struct slice checkpoint;
	uint64_t sequence;
};

struct welcome {
	uint32_t version;
	struct slice session;
	bool resumed;
	uint64_t incarnation;
	uint64_t head;
	uint32_t credit;
	uint32_t heartbeat_ms;
	struct {
		uint32_t event_bytes;
		uint32_t frame_bytes;
		uint32_t events_per_frame;
		uint32_t id_bytes;
	} limits;
	struct slice peer;
	int64_t time_us;
	uint32_t checkpoint_count;
	struct checkpoint checkpoints[LIMIT_CHECKPOINTS_PER_HELLO];
};

struct pong {
	uint64_t token;
	uint64_t head;
};

struct refused {
	enum ch_status reason;
	struct slice detail;
	enum frame_kind kind; /* of the message that was refused; 0: could not be told */
	bool fatal;
	uint64_t about;
};

/* All: CH_FORMAT, CH_TOO_LARGE as form_parse, with the field at fault. */
enum ch_status hello_parse(struct slice body, struct hello *out, const char **out_field);
enum ch_status welcome_parse(struct slice body, struct welcome *out, const char **out_field);
enum ch_status credit_parse(struct slice body, uint32_t *out_events);
enum ch_status ping_parse(struct slice body, uint64_t *out_token);
enum ch_status pong_parse(struct slice body, struct pong *out);
enum ch_status refused_parse(struct slice body, struct refused *out);
enum ch_status bye_parse(struct slice body, struct slice *out_reason);

void hello_encode(const struct hello *hello, struct buffer *out);
void welcome_encode(const struct welcome *welcome, struct buffer *out);
void credit_encode(uint32_t events, struct buffer *out);
void ping_encode(uint64_t token, struct buffer *out);
void pong_encode(const struct pong *pong, struct buffer *out);
void refused_encode(const struct refused *refused, struct buffer *out);
void bye_encode(struct slice reason, struct buffer *out);

#endif

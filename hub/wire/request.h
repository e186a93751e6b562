/* REQUEST and REPLY: queries and control operations.  The body is a message of control.proto that
 * `operation` names; this layer only carries it.  Encoders and parsers as in session.h. */
#ifndef WIRE_REQUEST_H
#define WIRE_REQUEST_H

#include "base/limits.h"
#include "base/slice.h"

struct request {
	uint64_t request;
	struct slice operation;
	struct slice body;
};

struct reply {
	uint64_t request;
	enum ch_status status;
	struct slice detail;
	struct slice body;
	bool more;
};

/* CH_FORMAT, CH_TOO_LARGE. */
enum ch_status request_parse(struct slice body, struct request *out);
enum ch_status reply_parse(struct slice body, struct reply *out);

void request_encode(const struct request *request, struct buffer *out);
void reply_encode(const struct reply *reply, struct buffer *out);

#endif

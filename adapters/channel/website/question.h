/* Questions to the hub on behalf of a request, which may be gone before the answer is there.
 *
 * What is under way when the line to the hub breaks is asked again.  One that is asked while it is broken waits
 * QUESTION_AWAY_MS at most: the line may be back at once, and a hub that is away must not hold all visitors. */
#ifndef WEBSITE_QUESTION_H
#define WEBSITE_QUESTION_H

#include <protobuf-c/protobuf-c.h>

#include "kit/adapter.h"

#define QUESTION_AWAY_MS INT64_C(1000)

struct question;

/* One linked record or reference value (RecordRequest); `scope` (may be NULL) is that under which it stands at
 * the hub.  `answer` is called once, unless the question is
 * forgotten; *out_question is gone by then.  CH_CLOSED: the adapter ends; CH_FULL, CH_NOMEM. */
enum ch_status question_ask_record(struct kit_hub *hub, const char *table, const char *scope,
	const char *id, int64_t timeout_ms, kit_answer *answer, void *context,
	struct question **out_question);

/* One customer with what he is known by, his open records and what the information base says of them
 * (CustomerRequest). */
enum ch_status question_ask_customer(struct kit_hub *hub, uint64_t number, int64_t timeout_ms,
	kit_answer *answer, void *context, struct question **out_question);

/* The answer will be passed over; NULL is fine. */
void question_forget(struct question *question);

/* The record in an answer to question_ask_record as a message of that type, the caller's; NULL: there is
 * none, or it cannot be read. */
ProtobufCMessage *question_record(
	const struct kit_reply *reply, const ProtobufCMessageDescriptor *type);

#endif

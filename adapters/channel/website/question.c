#include "channel/website/question.h"

#include <stdlib.h>

#include "base/log.h"
#include "carehub/v1/control.pb-c.h"
#include "wire/check.h"
#include "wire/pb.h"

struct question {
	kit_answer *answer; /* NULL: nobody wants to know any more */
	void *context;
};

/* Numbers of RecordRequest, RecordReply and CustomerRequest. */
enum {
	RECORD_TABLE = 1,
	RECORD_ID = 2,
	CUSTOMER_NUMBER = 1,
	CUSTOMER_RECORDS = 6,
	CUSTOMER_REFERENCE = 7,
};

static void question_answered(void *context, const struct kit_reply *reply)
{
	struct question *question = context;
	kit_answer *answer = question->answer;
	if (reply->more)
		return; /* these have one reply */
	if (reply->status == CH_DENIED)
		log_warning("website.denied", "detail=\"the hub answers no questions of this peer: "
					      "its file lacks roles = consumer\"");
	void *to = question->context;
	free(question);
	if (answer != NULL)
		answer(to, reply);
}

static enum ch_status question_ask(struct kit_hub *hub, const char *operation, struct buffer *body,
	int64_t timeout_ms, kit_answer *answer, void *context, struct question **out_question)
{
	struct question *question = NULL;
	enum ch_status status = CH_CLOSED;
	if (hub == NULL)
		goto out;
	if (!kit_hub_is_up(hub) && timeout_ms > QUESTION_AWAY_MS)
		timeout_ms = QUESTION_AWAY_MS;
	status = CH_NOMEM;
	question = calloc(1, sizeof(*question));
	if (question == NULL || body->status != CH_OK)
		goto out;
	*question = (struct question){answer, context};
	status = kit_ask(
		hub, operation, buffer_slice(body), timeout_ms, question_answered, question);
	if (status != CH_OK)
		goto out;
	*out_question = question;
	question = NULL; /* its answer's */
out:
	free(question);
	buffer_fini(body);
	return status;
}

enum ch_status question_ask_record(struct kit_hub *hub, const char *table, const char *scope,
	const char *id, int64_t timeout_ms, kit_answer *answer, void *context,
	struct question **out_question)
{
	struct buffer body = {0};
	pb_put_text(&body, RECORD_TABLE, table);
	size_t mark = pb_begin(&body, RECORD_ID);
	if (scope != NULL && scope[0] != 0)
		buffer_printf(&body, "%s/", scope);
	buffer_append_text(&body, id);
	pb_end(&body, mark);
	return question_ask(hub, "Record", &body, timeout_ms, answer, context, out_question);
}

enum ch_status question_ask_customer(struct kit_hub *hub, uint64_t number, int64_t timeout_ms,
	kit_answer *answer, void *context, struct question **out_question)
{
	struct buffer body = {0};
	pb_put_uint(&body, CUSTOMER_NUMBER, number);
	pb_put_bool(&body, CUSTOMER_RECORDS, true);
	pb_put_bool(&body, CUSTOMER_REFERENCE, true);
	return question_ask(hub, "Customer", &body, timeout_ms, answer, context, out_question);
}

void question_forget(struct question *question)
{
	if (question != NULL)
		question->answer = NULL;
}

ProtobufCMessage *question_record(
	const struct kit_reply *reply, const ProtobufCMessageDescriptor *type)
{
	char path[CHECK_PATH_BYTES];
	ProtobufCMessage *record = NULL;
	if (reply->status != CH_OK)
		return NULL;
	Carehub__V1__RecordReply *told =
		carehub__v1__record_reply__unpack(NULL, reply->body.len, reply->body.data);
	if (told == NULL)
		return NULL;
	/* The hub is believed, and its bytes are checked all the same: their depth bounds the stack. */
	if (strcmp(told->message, type->short_name) == 0 &&
		check_message(type, slice_of(told->record.data, told->record.len), path) == CH_OK)
		record = protobuf_c_message_unpack(type, NULL, told->record.len, told->record.data);
	carehub__v1__record_reply__free_unpacked(told, NULL);
	return record;
}

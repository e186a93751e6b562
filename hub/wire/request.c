#include "wire/request.h"

#include "wire/form.h"
#include "wire/frame.h"

static const struct form_field request_rows[] = {
	FORM_FIELD(request, 1, FORM_U64, request, 0),
	FORM_FIELD(request, 2, FORM_TEXT, operation, LIMIT_TYPE_BYTES),
	FORM_FIELD(request, 3, FORM_BYTES, body, LIMIT_FRAME_BYTES),
};
static const struct form request_form = FORM_OF(request, request_rows);

static const struct form_field reply_rows[] = {
	FORM_FIELD(reply, 1, FORM_U64, request, 0),
	FORM_FIELD(reply, 2, FORM_U32, status, 0),
	FORM_FIELD(reply, 3, FORM_TEXT, detail, LIMIT_FRAME_BYTES),
	FORM_FIELD(reply, 4, FORM_BYTES, body, LIMIT_FRAME_BYTES),
	FORM_FIELD(reply, 5, FORM_BOOL, more, 0),
};
static const struct form reply_form = FORM_OF(reply, reply_rows);

enum ch_status request_parse(struct slice body, struct request *out)
{
	const char *field;
	return form_parse(&request_form, body, out, &field);
}

enum ch_status reply_parse(struct slice body, struct reply *out)
{
	const char *field;
	return form_parse(&reply_form, body, out, &field);
}

void request_encode(const struct request *request, struct buffer *out)
{
	frame_begin(out, FRAME_REQUEST);
	form_encode(&request_form, request, out);
}

void reply_encode(const struct reply *reply, struct buffer *out)
{
	frame_begin(out, FRAME_REPLY);
	form_encode(&reply_form, reply, out);
}

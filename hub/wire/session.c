#include "wire/session.h"

#include "wire/form.h"

static const struct form_field hello_rows[] = {
	FORM_FIELD(hello, 1, FORM_U32, version, 0),
	FORM_FIELD(hello, 2, FORM_TEXT, agent, LIMIT_NAME_BYTES),
	FORM_FIELD(hello, 3, FORM_BYTES, session, SESSION_TOKEN_BYTES),
	FORM_LIST(hello, 4, FORM_TEXT, sources, LIMIT_SOURCE_BYTES, source_count, NULL),
};
static const struct form hello_form = FORM_OF(hello, hello_rows);

static const struct form_field checkpoint_rows[] = {
	FORM_FIELD(checkpoint, 1, FORM_TEXT, source, LIMIT_SOURCE_BYTES),
	FORM_FIELD(checkpoint, 2, FORM_BYTES, checkpoint, LIMIT_CHECKPOINT_BYTES),
	FORM_FIELD(checkpoint, 3, FORM_U64, sequence, 0),
};
static const struct form checkpoint_form = FORM_OF(checkpoint, checkpoint_rows);

/* Limits is a message of its own, but its struct is part of welcome: offsets count from there. */
#define LIMITS_FIELD(number, member)                                                               \
	{                                                                                          \
#member, number, FORM_U32, 0,                                                      \
			offsetof(struct welcome, limits.member) -                                  \
				offsetof(struct welcome, limits),                                  \
			0, 0, 0, NULL                                                              \
	}
static const struct form_field limits_rows[] = {
	LIMITS_FIELD(1, event_bytes),
	LIMITS_FIELD(2, frame_bytes),
	LIMITS_FIELD(3, events_per_frame),
	LIMITS_FIELD(4, id_bytes),
};
static const struct form limits_form = {limits_rows, sizeof(limits_rows) / sizeof(limits_rows[0]),
	sizeof(((struct welcome *)NULL)->limits)};

static const struct form_field welcome_rows[] = {
	FORM_FIELD(welcome, 1, FORM_U32, version, 0),
	FORM_FIELD(welcome, 2, FORM_BYTES, session, SESSION_TOKEN_BYTES),
	FORM_FIELD(welcome, 3, FORM_BOOL, resumed, 0),
	FORM_FIELD(welcome, 4, FORM_FIXED64, incarnation, 0),
	FORM_FIELD(welcome, 5, FORM_U64, head, 0),
	FORM_FIELD(welcome, 6, FORM_U32, credit, 0),
	FORM_FIELD(welcome, 7, FORM_U32, heartbeat_ms, 0),
	FORM_NESTED(welcome, 8, limits, &limits_form),
	FORM_LIST(welcome, 9, FORM_MESSAGE, checkpoints, 0, checkpoint_count, &checkpoint_form),
	FORM_FIELD(welcome, 10, FORM_TEXT, peer, LIMIT_NAME_BYTES),
	FORM_FIELD(welcome, 11, FORM_I64, time_us, 0),
};
static const struct form welcome_form = FORM_OF(welcome, welcome_rows);

static const struct form_field pong_rows[] = {
	FORM_FIELD(pong, 1, FORM_U64, token, 0),
	FORM_FIELD(pong, 2, FORM_U64, head, 0),
};
static const struct form pong_form = FORM_OF(pong, pong_rows);

static const struct form_field refused_rows[] = {
	FORM_FIELD(refused, 1, FORM_U32, reason, 0),
	FORM_FIELD(refused, 2, FORM_TEXT, detail, LIMIT_FRAME_BYTES),
	FORM_FIELD(refused, 3, FORM_U32, kind, 0),
	FORM_FIELD(refused, 4, FORM_BOOL, fatal, 0),
	FORM_FIELD(refused, 5, FORM_U64, about, 0),
};
static const struct form refused_form = FORM_OF(refused, refused_rows);

/* Messages of one field. */
struct single {
	uint64_t number;
	struct slice text;
};
static const struct form_field number_rows[] = {FORM_FIELD(single, 1, FORM_U64, number, 0)};
static const struct form number_form = FORM_OF(single, number_rows);
static const struct form_field text_rows[] = {
	FORM_FIELD(single, 1, FORM_TEXT, text, LIMIT_FRAME_BYTES)};
static const struct form text_form = FORM_OF(single, text_rows);

static void session_encode(
	enum frame_kind kind, const struct form *form, const void *from, struct buffer *out)
{
	frame_begin(out, kind);
	form_encode(form, from, out);
}

enum ch_status hello_parse(struct slice body, struct hello *out, const char **out_field)
{
	return form_parse(&hello_form, body, out, out_field);
}

enum ch_status welcome_parse(struct slice body, struct welcome *out, const char **out_field)
{
	return form_parse(&welcome_form, body, out, out_field);
}

static enum ch_status session_parse_number(struct slice body, uint64_t *out_number)
{
	struct single single;
	const char *field;
	enum ch_status status = form_parse(&number_form, body, &single, &field);
	if (status == CH_OK)
		*out_number = single.number;
	return status;
}

enum ch_status credit_parse(struct slice body, uint32_t *out_events)
{
	uint64_t events = 0;
	enum ch_status status = session_parse_number(body, &events);
	if (status == CH_OK)
		*out_events = (uint32_t)events;
	return status;
}

enum ch_status ping_parse(struct slice body, uint64_t *out_token)
{
	return session_parse_number(body, out_token);
}

enum ch_status pong_parse(struct slice body, struct pong *out)
{
	const char *field;
	return form_parse(&pong_form, body, out, &field);
}

enum ch_status refused_parse(struct slice body, struct refused *out)
{
	const char *field;
	return form_parse(&refused_form, body, out, &field);
}

enum ch_status bye_parse(struct slice body, struct slice *out_reason)
{
	struct single single;
	const char *field;
	enum ch_status status = form_parse(&text_form, body, &single, &field);
	if (status == CH_OK)
		*out_reason = single.text;
	return status;
}

void hello_encode(const struct hello *hello, struct buffer *out)
{
	session_encode(FRAME_HELLO, &hello_form, hello, out);
}

void welcome_encode(const struct welcome *welcome, struct buffer *out)
{
	session_encode(FRAME_WELCOME, &welcome_form, welcome, out);
}

void credit_encode(uint32_t events, struct buffer *out)
{
	session_encode(FRAME_CREDIT, &number_form, &(struct single){.number = events}, out);
}

void ping_encode(uint64_t token, struct buffer *out)
{
	session_encode(FRAME_PING, &number_form, &(struct single){.number = token}, out);
}

void pong_encode(const struct pong *pong, struct buffer *out)
{
	session_encode(FRAME_PONG, &pong_form, pong, out);
}

void refused_encode(const struct refused *refused, struct buffer *out)
{
	session_encode(FRAME_REFUSED, &refused_form, refused, out);
}

void bye_encode(struct slice reason, struct buffer *out)
{
	session_encode(FRAME_BYE, &text_form, &(struct single){.text = reason}, out);
}

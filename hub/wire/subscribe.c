#include "wire/subscribe.h"

#include "wire/form.h"
#include "wire/frame.h"

static const struct form_field start_rows[] = {
	FORM_FIELD(subscribe_start, 1, FORM_U32, from, 0),
	FORM_FIELD(subscribe_start, 2, FORM_U64, sequence, 0),
	FORM_FIELD(subscribe_start, 3, FORM_I64, time_us, 0),
	FORM_LIST(subscribe_start, 4, FORM_TEXT, snapshot, LIMIT_NAME_BYTES, snapshot_count, NULL),
	FORM_FIELD(subscribe_start, 5, FORM_FIXED64, incarnation, 0),
};
static const struct form start_form = FORM_OF(subscribe_start, start_rows);

static const struct form_field filter_rows[] = {
	FORM_LIST(subscribe_filter, 1, FORM_TEXT, types, LIMIT_PATTERN_BYTES, type_count, NULL),
	FORM_LIST(subscribe_filter, 2, FORM_TEXT, sources, LIMIT_SOURCE_BYTES, source_count, NULL),
	FORM_LIST(subscribe_filter, 3, FORM_U64, customers, 0, customer_count, NULL),
};
static const struct form filter_form = FORM_OF(subscribe_filter, filter_rows);

static const struct form_field subscribe_rows[] = {
	FORM_FIELD(subscribe, 1, FORM_U32, handle, 0),
	FORM_FIELD(subscribe, 2, FORM_TEXT, name, LIMIT_NAME_BYTES),
	FORM_NESTED(subscribe, 3, filter, &filter_form),
	FORM_NESTED(subscribe, 4, start, &start_form),
	FORM_FIELD(subscribe, 5, FORM_BOOL, update, 0),
	FORM_FIELD(subscribe, 6, FORM_U32, credit, 0),
	FORM_FIELD(subscribe, 7, FORM_U32, ack_wait_ms, 0),
	FORM_FIELD(subscribe, 8, FORM_U32, max_attempts, 0),
	FORM_FIELD(subscribe, 9, FORM_BOOL, must_exist, 0),
	FORM_FIELD(subscribe, 10, FORM_U64, position, 0),
	FORM_FIELD(subscribe, 11, FORM_FIXED64, position_incarnation, 0),
	FORM_FIELD(subscribe, 12, FORM_BOOL, no_ack, 0),
	FORM_FIELD(subscribe, 13, FORM_U64, max_lag_events, 0),
	FORM_FIELD(subscribe, 14, FORM_U64, stop_sequence, 0),
	FORM_FIELD(subscribe, 15, FORM_BOOL, stop_at_head, 0),
};
static const struct form subscribe_form = FORM_OF(subscribe, subscribe_rows);

static const struct form_field subscribed_rows[] = {
	FORM_FIELD(subscribed, 1, FORM_U32, handle, 0),
	FORM_FIELD(subscribed, 2, FORM_U64, generation, 0),
	FORM_FIELD(subscribed, 3, FORM_U64, cursor, 0),
	FORM_FIELD(subscribed, 4, FORM_U64, head, 0),
	FORM_FIELD(subscribed, 5, FORM_U64, moves, 0),
};
static const struct form subscribed_form = FORM_OF(subscribed, subscribed_rows);

static const struct form_field grant_rows[] = {
	FORM_FIELD(grant, 1, FORM_U32, handle, 0),
	FORM_FIELD(grant, 2, FORM_U32, deliveries, 0),
};
static const struct form grant_form = FORM_OF(grant, grant_rows);

static const struct form_field detach_rows[] = {
	FORM_FIELD(detach, 1, FORM_U32, handle, 0),
	FORM_FIELD(detach, 2, FORM_BOOL, delete, 0),
	FORM_FIELD(detach, 3, FORM_BOOL, drain, 0),
};
static const struct form detach_form = FORM_OF(detach, detach_rows);

static const struct form_field mark_rows[] = {
	FORM_FIELD(mark, 1, FORM_U32, handle, 0),
	FORM_FIELD(mark, 2, FORM_U32, what, 0),
	FORM_FIELD(mark, 3, FORM_U64, first, 0),
	FORM_FIELD(mark, 4, FORM_U64, last, 0),
	FORM_FIELD(mark, 5, FORM_TEXT, detail, LIMIT_FRAME_BYTES),
	FORM_FIELD(mark, 6, FORM_TEXT, job, LIMIT_NAME_BYTES),
};
static const struct form mark_form = FORM_OF(mark, mark_rows);

enum ch_status subscribe_parse(struct slice body, struct subscribe *out, const char **out_field)
{
	return form_parse(&subscribe_form, body, out, out_field);
}

enum ch_status subscribed_parse(struct slice body, struct subscribed *out)
{
	const char *field;
	return form_parse(&subscribed_form, body, out, &field);
}

enum ch_status grant_parse(struct slice body, struct grant *out)
{
	const char *field;
	return form_parse(&grant_form, body, out, &field);
}

enum ch_status detach_parse(struct slice body, struct detach *out)
{
	const char *field;
	return form_parse(&detach_form, body, out, &field);
}

enum ch_status mark_parse(struct slice body, struct mark *out)
{
	const char *field;
	return form_parse(&mark_form, body, out, &field);
}

void subscribe_encode(const struct subscribe *subscribe, struct buffer *out)
{
	frame_begin(out, FRAME_SUBSCRIBE);
	form_encode(&subscribe_form, subscribe, out);
}

void subscribed_encode(const struct subscribed *subscribed, struct buffer *out)
{
	frame_begin(out, FRAME_SUBSCRIBED);
	form_encode(&subscribed_form, subscribed, out);
}

void grant_encode(const struct grant *grant, struct buffer *out)
{
	frame_begin(out, FRAME_GRANT);
	form_encode(&grant_form, grant, out);
}

void detach_encode(const struct detach *detach, struct buffer *out)
{
	frame_begin(out, FRAME_DETACH);
	form_encode(&detach_form, detach, out);
}

void mark_encode(const struct mark *mark, struct buffer *out)
{
	frame_begin(out, FRAME_MARK);
	form_encode(&mark_form, mark, out);
}

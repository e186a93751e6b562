/* CloudEvents and Standard Webhooks: what a site says in our own types. */
#include <stdio.h>

#include "channel/website/cloud.h"
#include "channel/website/post.h"
#include "channel/website/webhook.h"

#define EVENTS_KEEP_BYTES (1024u * 1024u)

/* What stands before the field when there are several events. */
static void events_at(struct refusal *refusal, size_t i)
{
	char field[REFUSAL_FIELD_BYTES];
	(void)snprintf(field, sizeof(field), "[%zu]%s%.*s", i, refusal->field[0] != 0 ? "." : "",
		(int)sizeof(field) - 24, refusal->field);
	memcpy(refusal->field, field, sizeof(field));
}

static enum ch_status events_check_rights(const struct sender *sender, struct slice source,
	struct slice type, struct refusal *out_refusal)
{
	if (!sender_may_source(sender, source))
		return refusal_set(
			out_refusal, CH_DENIED, "source", "is none that this sender may name");
	if (!sender_may_type(sender, type))
		return refusal_set(
			out_refusal, CH_DENIED, "type", "is none that this sender may send");
	return CH_OK;
}

/* One event of ours into the errand, which copies it: arena and draft are free again. */
static enum ch_status events_add(struct reception *reception, const struct admission *admission,
	const struct cloud_event *event, struct errand *errand, struct refusal *out_refusal)
{
	struct draft *draft = &reception->draft;
	const struct event_type *type = NULL;
	ProtobufCMessage *message = NULL;
	arena_reset(&reception->arena);
	enum ch_status status = draft_decode(event->type, &event->json, admission->trust,
		&reception->arena, &type, &message, out_refusal);
	if (status == CH_OK)
		status = events_check_rights(
			admission->sender, event->source, event->type, out_refusal);
	draft_take_attributes(draft, event);
	if (draft->envelope.sent_us == 0)
		draft->envelope.sent_us = admission->sent_us;
	if (status == CH_OK)
		status = draft_seal(draft, type, message, out_refusal);
	if (status == CH_OK)
		status = errand_add(errand, &draft->envelope);
	if (reception->arena.used_bytes > EVENTS_KEEP_BYTES)
		arena_fini(&reception->arena); /* a rare one is not worth that much for ever */
	return status;
}

/* All or none: one event that cannot be one refuses the request, and says which it is. */
static enum ch_status events_read(struct reception *reception, const struct admission *admission,
	struct cloud_reader *reader, struct errand *errand, bool batch, struct refusal *out_refusal)
{
	enum ch_status status = CH_OK;
	for (size_t i = 0; status == CH_OK; i++) {
		struct cloud_event event;
		status = cloud_next(reader, &event, out_refusal);
		if (status == CH_OK)
			status = events_add(reception, admission, &event, errand, out_refusal);
		if (status != CH_OK && status != CH_END && status != CH_NOMEM && batch)
			events_at(out_refusal, i);
	}
	return status == CH_END ? CH_OK : status;
}

/* What has gone wrong with a request that made no errand. */
static void events_fail(struct reception *reception, struct visit *visit, enum ch_status status,
	const struct refusal *refusal)
{
	if (status == CH_NOMEM || status == CH_INTERNAL)
		reception_away(visit);
	else
		reception_reject(reception, visit, refusal);
}

static void events_take(
	struct reception *reception, struct visit *visit, const struct admission *admission)
{
	struct refusal refusal = {.reason = ""};
	struct cloud_reader *reader = NULL;
	struct errand *errand = NULL;
	const struct http_message *message = visit_message(visit);
	bool batch = cloud_mode(message) == CLOUD_BATCH;
	enum ch_status status = cloud_open(message, reception->tape, &reader, &refusal);
	if (status == CH_OK)
		status = errand_create(cloud_count(reader), &errand);
	if (status == CH_OK)
		status = events_read(reception, admission, reader, errand, batch, &refusal);
	if (status != CH_OK) {
		events_fail(reception, visit, status, &refusal);
		errand_free(errand);
	} else if (cloud_count(reader) == 0) {
		visit_answer(visit)->status = 200; /* an empty batch is one */
		visit_answer(visit)->type = "application/json";
		buffer_append_text(&visit_answer(visit)->body, "{\"events\":[]}\n");
		visit_send(visit);
		errand_free(errand);
	} else {
		post_send(reception, visit, errand, batch ? POST_BATCH : POST_SINGLE);
	}
	cloud_close(reader);
}

/* A signature is of the body, and in binary mode what the event is stands in headers: whoever has overheard one
 * could send it again as any other event. */
static bool events_are_signed(struct visit *visit, const struct admission *admission)
{
	if (!admission->is_signed || cloud_mode(visit_message(visit)) != CLOUD_BINARY)
		return true;
	reception_refuse(visit, 401, "content-type",
		"a signature covers the body alone: post application/cloudevents+json, or come with "
		"a token");
	return false;
}

void route_events(struct reception *reception, struct visit *visit, struct slice name)
{
	struct admission admission;
	if (reception_admit_site(reception, visit, name, &admission) &&
		events_are_signed(visit, &admission))
		events_take(reception, visit, &admission);
}

/* ---- Standard Webhooks ---- */

static void webhook_take(
	struct reception *reception, struct visit *visit, const struct admission *admission)
{
	struct refusal refusal = {.reason = ""};
	struct cloud_event event;
	struct errand *errand = NULL;
	const struct http_message *message = visit_message(visit);
	json_t *body = cloud_load_json(message->body, "", &refusal);
	enum ch_status status = body != NULL ? CH_OK : refusal.status;
	if (status == CH_OK)
		status = webhook_read(message, body, admission->sender->source, &event, &refusal);
	if (status == CH_OK)
		status = errand_create(1, &errand);
	if (status == CH_OK)
		status = events_add(reception, admission, &event, errand, &refusal);
	if (status == CH_OK) {
		post_send(reception, visit, errand, POST_SINGLE);
	} else {
		events_fail(reception, visit, status, &refusal);
		errand_free(errand);
	}
	json_decref(body);
}

void route_webhooks(struct reception *reception, struct visit *visit, struct slice name)
{
	struct admission admission;
	const struct http_message *message = visit_message(visit);
	if (http_message_value(message, "webhook-signature").len == 0) {
		reception_refuse(visit, 401, "webhook-signature", "is missing");
		return;
	}
	if (!reception_admit_site(reception, visit, name, &admission))
		return;
	if (cloud_mode(message) != CLOUD_NONE) {
		if (events_are_signed(visit, &admission))
			events_take(reception, visit, &admission);
	} else if (!cloud_is_json(http_message_value(message, "content-type"))) {
		reception_refuse(visit, 415, "content-type", "is not JSON");
	} else {
		webhook_take(reception, visit, &admission);
	}
}

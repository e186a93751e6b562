#include "channel/website/recording.h"

#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "channel/website/draft.h"
#include "channel/website/shop.h"
#include "channel/website/webhook.h"
#include "kit/trace.h"

#define RECORDING_BYTES (8u * 1024u * 1024u)

typedef enum ch_status shop_reader(const struct shop_delivery *delivery, struct arena *arena,
	struct shop_events *out_events, struct refusal *out_refusal);

struct recording {
	const struct recording_options *options;
	struct buffer file;
	struct http_message message;
	bool told; /* what is wrong with the file as a whole */
	struct refusal refusal;

	/* One of these. */
	struct cloud_reader *cloud;
	json_t *webhook;
	shop_reader *shop;

	struct slice topic;
	json_t *body;
	struct arena arena;
	struct shop_events events;
	size_t next;

	/* Of the item given last. */
	struct draft draft;
	ProtobufCMessage *typed;
	char id[LIMIT_ID_BYTES + 1];
	uint8_t digest[DRAFT_DIGEST_BYTES];
	struct buffer words;
};

/* ---- What kind of file ---- */

static const char *recording_source(const struct recording *recording)
{
	return recording->options->source != NULL ? recording->options->source : "urn:website";
}

static bool recording_is_request(struct slice text)
{
	struct slice line;
	return text_split(&text, '\n', &line) && line.len > 9 &&
	       (slice_starts(slice_sub(line, line.len - 9, 9), SLICE_LITERAL("HTTP/1.")) ||
		       slice_starts(slice_sub(line, line.len - 8, 8), SLICE_LITERAL("HTTP/1.")));
}

/* A resource that stands alone in an object of its name, as Shopify's API answers it. */
static json_t *recording_unwrap(json_t *body)
{
	static const char *const names[] = {"order", "customer", "fulfillment", "refund"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_t *inner = json_object_get(body, names[i]);
		if (json_object_size(body) == 1 && json_is_object(inner))
			return inner;
	}
	return body;
}

/* What resources have and others have not. */
static const struct {
	const char *member;
	const char *also;
	const char *topic;
} guesses[] = {
	{"delivery_url", "topic", "woocommerce:webhook"},
	{"order_key", "line_items", "woocommerce:order.created"},
	{"username", "billing", "woocommerce:customer.created"},
	{"refund_line_items", "order_id", "shopify:refunds/create"},
	{"tracking_numbers", "order_id", "shopify:fulfillments/create"},
	{"line_items", "order_number", "shopify:orders/create"},
	{"verified_email", "orders_count", "shopify:customers/create"},
};

static const char *recording_guess(const json_t *body)
{
	for (size_t i = 0; i < sizeof(guesses) / sizeof(guesses[0]); i++) {
		if (json_object_get(body, guesses[i].member) != NULL &&
			json_object_get(body, guesses[i].also) != NULL)
			return guesses[i].topic;
	}
	return NULL;
}

static bool recording_set_topic(struct recording *recording, const char *topic)
{
	struct slice rest = slice_text(topic);
	struct slice system;
	if (!text_split(&rest, ':', &system) || rest.data == NULL)
		return false;
	recording->topic = rest;
	if (slice_equal(system, SLICE_LITERAL("shopify")))
		recording->shop = shopify_read;
	else if (slice_equal(system, SLICE_LITERAL("woocommerce")))
		recording->shop = woocommerce_read;
	return recording->shop != NULL;
}

static enum ch_status recording_open_body(struct recording *recording)
{
	struct http_message *message = &recording->message;
	const char *topic = recording->options->topic;
	message->body = buffer_slice(&recording->file);
	recording->body = cloud_load_json(message->body, "", &recording->refusal);
	if (recording->body == NULL)
		return recording->refusal.status;
	if (topic == NULL)
		topic = recording_guess(recording_unwrap(recording->body));
	if (topic != NULL && recording_set_topic(recording, topic))
		return CH_OK;
	const char *type = json_is_array(recording->body) ? "application/cloudevents-batch+json"
							  : "application/cloudevents+json";
	(void)http_message_add(
		message, SLICE_LITERAL("content-type"), slice_text(type)); /* there is room */
	return cloud_open(message, NULL, &recording->cloud, &recording->refusal);
}

static enum ch_status recording_open_request(struct recording *recording)
{
	struct http_message *message = &recording->message;
	enum ch_status status = http_message_parse(buffer_slice(&recording->file), message);
	if (status != CH_OK)
		return refusal_set(&recording->refusal, status, "", "is no request: %s",
			ch_status_text(status));
	if (cloud_mode(message) != CLOUD_NONE)
		return cloud_open(message, NULL, &recording->cloud, &recording->refusal);
	recording->body = cloud_load_json(message->body, "", &recording->refusal);
	if (recording->body == NULL)
		return recording->refusal.status;
	recording->topic = http_message_value(message, "x-shopify-topic");
	if (recording->topic.len > 0) {
		recording->shop = shopify_read;
		return CH_OK;
	}
	recording->topic = http_message_value(message, "x-wc-webhook-topic");
	if (recording->topic.len > 0) {
		recording->shop = woocommerce_read;
		return CH_OK;
	}
	if (http_message_value(message, "webhook-id").len == 0)
		return refusal_set(&recording->refusal, CH_UNSUPPORTED, "",
			"is neither a CloudEvent nor a webhook that is known here");
	recording->webhook = recording->body;
	return CH_OK;
}

static enum ch_status recording_open_shop(struct recording *recording)
{
	const struct recording_options *options = recording->options;
	const struct shop_delivery delivery = {
		.topic = recording->topic,
		.shop = options->shop != NULL ? options->shop : "shop",
		.zone = options->zone,
		.body = recording_unwrap(recording->body),
	};
	return recording->shop(
		&delivery, &recording->arena, &recording->events, &recording->refusal);
}

/* ---- Items ---- */

static enum ch_status recording_reject(struct recording *recording, struct kit_item *item)
{
	const struct refusal *refusal = &recording->refusal;
	buffer_clear(&recording->words);
	if (refusal->field[0] != 0)
		buffer_printf(&recording->words, "%s: ", refusal->field);
	buffer_append_text(&recording->words, refusal->reason);
	*item = (struct kit_item){.what = KIT_REJECT, .reject = buffer_slice(&recording->words)};
	return recording->words.status;
}

static enum ch_status recording_seal(struct recording *recording, const struct event_type *type,
	const ProtobufCMessage *message, struct kit_item *item)
{
	enum ch_status status = draft_seal(&recording->draft, type, message, &recording->refusal);
	if (status == CH_NOMEM || status == CH_INTERNAL)
		return status;
	if (status != CH_OK)
		return recording_reject(recording, item);
	*item = (struct kit_item){.what = KIT_EVENT, .envelope = &recording->draft.envelope};
	return CH_OK;
}

static enum ch_status recording_typed(
	struct recording *recording, const struct cloud_event *event, struct kit_item *item)
{
	const struct event_type *type;
	if (recording->typed != NULL)
		protobuf_c_message_free_unpacked(recording->typed, NULL);
	recording->typed = NULL;
	enum ch_status status = draft_decode(event->type, &event->json,
		(struct trust){.verifies = true, .signs_in = true}, NULL, &type, &recording->typed,
		&recording->refusal);
	if (status == CH_NOMEM)
		return status;
	if (status != CH_OK)
		return recording_reject(recording, item);
	/* The attributes may look into the event, which goes: the digest does. */
	draft_take_attributes(&recording->draft, event);
	memcpy(recording->digest, event->digest, event->digest_len);
	recording->draft.envelope.digest = slice_of(recording->digest, event->digest_len);
	return recording_seal(recording, type, recording->typed, item);
}

static enum ch_status recording_next_cloud(struct recording *recording, struct kit_item *item)
{
	struct cloud_event event;
	enum ch_status status = cloud_next(recording->cloud, &event, &recording->refusal);
	if (status == CH_END || status == CH_NOMEM)
		return status;
	return status == CH_OK ? recording_typed(recording, &event, item)
			       : recording_reject(recording, item);
}

static enum ch_status recording_next_webhook(struct recording *recording, struct kit_item *item)
{
	struct cloud_event event;
	if (recording->next++ > 0)
		return CH_END;
	enum ch_status status = webhook_read(&recording->message, recording->webhook,
		recording_source(recording), &event, &recording->refusal);
	return status == CH_OK ? recording_typed(recording, &event, item)
			       : recording_reject(recording, item);
}

/* As a delivery is named, else by what it says. */
static struct slice recording_delivery_id(const struct recording *recording, char room[17])
{
	static const char *const names[] = {
		"x-shopify-event-id", "x-shopify-webhook-id", "x-wc-webhook-delivery-id"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct slice id = http_message_value(&recording->message, names[i]);
		if (id.len > 0)
			return id;
	}
	(void)sodium_bin2hex(room, 17, recording->digest, 8);
	return slice_text(room);
}

static enum ch_status recording_next_shop(struct recording *recording, struct kit_item *item)
{
	char room[17];
	if (recording->events.count == 0 && recording->next == 0 &&
		recording->events.skipped != NULL) {
		recording->next = 1;
		*item = (struct kit_item){
			.what = KIT_SKIPPED, .reject = slice_text(recording->events.skipped)};
		return CH_OK;
	}
	if (recording->next >= recording->events.count)
		return CH_END;
	const struct shop_event *event = &recording->events.items[recording->next++];
	draft_digest(recording->message.body, recording->digest);
	if (shop_event_id(event, recording_delivery_id(recording, room), recording->topic,
		    recording->id) != CH_OK)
		return CH_FORMAT;
	recording->draft.envelope = (struct envelope){
		.id = slice_text(recording->id),
		.source = slice_text(recording_source(recording)),
		.time_us = event->time_us,
		.digest = event->retold ? (struct slice){NULL, 0}
					: slice_of(recording->digest, sizeof(recording->digest)),
	};
	return recording_seal(recording, types_find(slice_text(event->type)), event->message, item);
}

static enum ch_status recording_next(void *reader, struct kit_item *out_item)
{
	struct recording *recording = reader;
	if (recording->refusal.status != CH_OK && recording->cloud == NULL &&
		recording->next == 0) {
		enum ch_status status =
			recording->told ? CH_FORMAT : recording_reject(recording, out_item);
		recording->told = true;
		return status;
	}
	if (recording->cloud != NULL)
		return recording_next_cloud(recording, out_item);
	return recording->shop != NULL ? recording_next_shop(recording, out_item)
				       : recording_next_webhook(recording, out_item);
}

/* ---- Files ---- */

static void recording_close(void *reader)
{
	struct recording *recording = reader;
	if (recording == NULL)
		return;
	if (recording->typed != NULL)
		protobuf_c_message_free_unpacked(recording->typed, NULL);
	cloud_close(recording->cloud);
	json_decref(recording->body);
	draft_fini(&recording->draft);
	arena_fini(&recording->arena);
	buffer_fini(&recording->words);
	buffer_fini(&recording->file);
	free(recording);
}

static enum ch_status recording_read(int fd, struct buffer *out)
{
	for (;;) {
		size_t before = out->len;
		uint8_t *room = buffer_reserve(out, 65536);
		if (room == NULL)
			return CH_NOMEM;
		ssize_t got = read(fd, room, 65536);
		out->len = before + (got > 0 ? (size_t)got : 0);
		if (got < 0)
			return CH_IO;
		if (got == 0)
			return CH_OK;
		if (out->len > RECORDING_BYTES)
			return CH_TOO_LARGE;
	}
}

static enum ch_status recording_open(void *decoder, int fd, const char *path, void **out_reader)
{
	enum ch_status status = CH_NOMEM;
	struct recording *recording = calloc(1, sizeof(*recording));
	(void)path; /* what it is stands in the file */
	if (recording == NULL)
		goto out;
	recording->options = decoder;
	arena_init(&recording->arena);
	status = recording_read(fd, &recording->file);
	if (status != CH_OK)
		goto out;
	status = recording_is_request(buffer_slice(&recording->file))
			 ? recording_open_request(recording)
			 : recording_open_body(recording);
	if (status == CH_OK && recording->shop != NULL)
		status = recording_open_shop(recording);
	if (status == CH_NOMEM)
		goto out;
	status = CH_OK; /* what is wrong with it is its first item */
	*out_reader = recording;
	recording = NULL;
out:
	recording_close(recording);
	return status;
}

const struct kit_format recording_format = {
	.open = recording_open,
	.next = recording_next,
	.close = recording_close,
};

/* ---- CloudEvents of any type ---- */

static void parse_put(json_t *object, const char *name, struct slice value)
{
	if (value.len > 0)
		(void)json_object_set_new(object, name,
			json_stringn((const char *)value.data, value.len)); /* NULL is left out */
}

static json_t *parse_bytes(struct slice bytes)
{
	char *text = malloc(sodium_base64_ENCODED_LEN(bytes.len, sodium_base64_VARIANT_ORIGINAL));
	json_t *value = NULL;
	if (text != NULL)
		value = json_string(sodium_bin2base64(text,
			sodium_base64_ENCODED_LEN(bytes.len, sodium_base64_VARIANT_ORIGINAL),
			bytes.data, bytes.len, sodium_base64_VARIANT_ORIGINAL));
	free(text);
	return value;
}

static int parse_print(const struct cloud_event *event, FILE *out)
{
	char time[CLOCK_TEXT_BYTES];
	json_t *object = json_object();
	struct slice traceparent;
	struct slice tracestate;
	trace_read(event->traceparent, event->tracestate, &traceparent, &tracestate);
	parse_put(object, "specversion", SLICE_LITERAL("1.0"));
	parse_put(object, "id", event->id);
	parse_put(object, "source", event->source);
	parse_put(object, "type", event->type);
	parse_put(object, "subject", event->subject);
	if (event->time_us != 0)
		parse_put(object, "time", slice_text(clock_format(event->time_us, time)));
	parse_put(object, "dataschema", event->dataschema);
	parse_put(object, "datacontenttype", event->datacontenttype);
	parse_put(object, "traceparent", traceparent);
	parse_put(object, "tracestate", tracestate);
	parse_put(object, "correlationid", event->correlation_id);
	parse_put(object, "causationid", event->causation_id);
	if (event->json.view != NULL) /* without a tape it is jansson's */
		(void)json_object_set(object, "data", (json_t *)(uintptr_t)event->json.node.at);
	else if (event->bytes.len > 0 && text_is_utf8(event->bytes))
		parse_put(object, "data", event->bytes);
	else if (event->bytes.len > 0)
		(void)json_object_set_new(object, "data_base64", parse_bytes(event->bytes));
	int result = json_dumpf(object, out, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(object);
	return result == 0 && fputc('\n', out) != EOF ? 0 : 2;
}

int recording_parse(const char *path, FILE *out, FILE *errors)
{
	static const struct recording_options none = {.source = NULL};
	struct recording recording = {.options = &none};
	struct cloud_event event;
	int worst = 0;
	enum ch_status status = strcmp(path, "-") == 0
					? recording_read(STDIN_FILENO, &recording.file)
					: file_read_any(path, RECORDING_BYTES, &recording.file);
	if (status != CH_OK)
		(void)refusal_set(&recording.refusal, status, "", "%s", ch_status_text(status));
	if (status == CH_OK)
		status = recording_is_request(buffer_slice(&recording.file))
				 ? recording_open_request(&recording)
				 : recording_open_body(&recording);
	if (status != CH_OK || recording.cloud == NULL) {
		(void)fprintf(errors, "%s: %s\n", path,
			recording.refusal.reason[0] != 0 ? recording.refusal.reason
							 : "holds no CloudEvent");
		worst = 2;
	}
	while (recording.cloud != NULL &&
		(status = cloud_next(recording.cloud, &event, &recording.refusal)) != CH_END &&
		status != CH_NOMEM) {
		int result = status == CH_OK ? parse_print(&event, out) : 1;
		if (status != CH_OK)
			(void)fprintf(errors, "%s: %s: %s\n", path, recording.refusal.field,
				recording.refusal.reason);
		worst = result > worst ? result : worst;
	}
	cloud_close(recording.cloud);
	json_decref(recording.body);
	buffer_fini(&recording.file);
	return worst;
}

#include "channel/repair/mqtt_source.h"

#include <jansson.h>
#include <mosquitto.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "kit/rejects.h"

#define EVIDENCE_BYTES (16u * 1024u) /* of a payload that is set aside */
#define ORIGIN_BYTES   300u
#define LOOK_US        INT64_C(1000000)

struct mqtt_source {
	const struct mqtt_settings *settings;
	const struct mapping *mapping;
	struct inquiry *inquiry;
	struct mqtt_link *link;
	struct message_reader *reader;
	struct letter *slots[MQTT_WINDOW_MAX]; /* those with events under way, by token */
	size_t free_slots[MQTT_WINDOW_MAX];
	size_t free_count;
	enum ch_status status; /* CH_OK, or why a reject could not be kept; sticks */
	bool full;             /* there is no room for rejects: nothing more is read */
	int64_t look_us;       /* for room, next */

	size_t slot; /* the letter being given */
	bool giving;
	struct repair_item item;
	struct buffer origin;
	struct buffer reject;
};

const struct option_word mqtt_version_words[] = {
	{"3.1.1", MQTT_PROTOCOL_V311}, {"5", MQTT_PROTOCOL_V5}, {NULL, 0}};

enum ch_status mqtt_source_open(const struct mqtt_settings *settings, const struct mapping *mapping,
	struct inquiry *inquiry, void **out_source)
{
	struct mqtt_source *source = calloc(1, sizeof(*source));
	if (source == NULL)
		return CH_NOMEM;
	source->settings = settings;
	source->mapping = mapping;
	source->inquiry = inquiry;
	for (size_t i = MQTT_WINDOW_MAX; i > 0; i--)
		source->free_slots[source->free_count++] = i - 1;
	enum ch_status status = mqtt_link_create(settings, &source->link);
	if (status == CH_OK)
		status = message_reader_create(mapping, &source->reader);
	if (status == CH_OK) {
		*out_source = source;
		source = NULL; /* the caller's now */
	}
	mqtt_source_close(source);
	return status;
}

void mqtt_source_close(void *context)
{
	struct mqtt_source *source = context;
	if (source == NULL)
		return;
	message_reader_free(source->reader);
	mqtt_link_free(source->link);
	for (size_t i = 0; i < MQTT_WINDOW_MAX; i++)
		letter_free(source->slots[i]);
	buffer_fini(&source->origin);
	buffer_fini(&source->reject);
	free(source);
}

enum ch_status mqtt_source_tend(void *context, struct kit_wait *out_wait)
{
	struct mqtt_source *source = context;
	return source->status == CH_OK ? mqtt_link_tend(source->link, out_wait) : source->status;
}

void mqtt_source_count(void *context, struct metrics *metrics)
{
	const struct mqtt_source *source = context;
	metric_set(
		metric_gauge(metrics, "carehub_repair_mqtt_rejects_full",
			"There is no room for rejects, and nothing is read from the broker.", NULL),
		source->full);
}

/* ---- What is set aside ---- */

/* Whoever sets a message aside has the only copy of it, once the broker has let go of it.  So without room none
 * is read, good or bad: the broker keeps them. */
static bool mqtt_may_read(struct mqtt_source *source)
{
	const char *path = source->settings->rejects;
	int64_t now_us = clock_steady_us();
	if (now_us < source->look_us)
		return !source->full;
	source->look_us = now_us + LOOK_US;
	bool full = !rejects_have_room(path);
	if (full && !source->full)
		log_error("mqtt.rejects_full", "adapter=carehub-repair file=\"%s\" detail=\"%s\"",
			path, "nothing is read until those with a number are moved away");
	else if (!full && source->full)
		log_info("mqtt.rejects_room", "adapter=carehub-repair file=\"%s\"", path);
	source->full = full;
	return !full;
}

static json_t *mqtt_evidence(struct slice bytes)
{
	char *text;
	size_t room = sodium_base64_encoded_len(bytes.len, sodium_base64_VARIANT_ORIGINAL);
	if (text_utf8_prefix(bytes) == bytes.len)
		return json_stringn((const char *)bytes.data, bytes.len);
	text = malloc(room);
	if (text == NULL)
		return NULL;
	json_t *value = json_string(sodium_bin2base64(
		text, room, bytes.data, bytes.len, sodium_base64_VARIANT_ORIGINAL));
	free(text);
	return value;
}

static enum ch_status mqtt_set_aside(
	struct mqtt_source *source, const struct letter *letter, const char *reason)
{
	char time[CLOCK_TEXT_BYTES];
	struct slice topic = letter->message.topic;
	struct slice payload = slice_sub(letter->message.payload, 0, EVIDENCE_BYTES);
	size_t whole = text_utf8_prefix(payload);
	/* What was cut may end inside a character. */
	bool is_text =
		whole == payload.len || (payload.len == EVIDENCE_BYTES && payload.len - whole < 4);
	enum ch_status status = CH_NOMEM;
	char *line = NULL;
	json_t *entry =
		json_pack("{s:s, s:o, s:o, s:I, s:o}", "time", clock_format(clock_wall_us(), time),
			"topic", json_stringn((const char *)topic.data, topic.len), "reason",
			mqtt_evidence(slice_text(reason)), "bytes",
			(json_int_t)letter->payload_bytes, is_text ? "payload" : "payloadBase64",
			mqtt_evidence(is_text ? slice_sub(payload, 0, whole) : payload));
	if (entry != NULL)
		line = json_dumps(entry, JSON_COMPACT);
	if (line != NULL)
		status = rejects_append(source->settings->rejects, slice_text(line));
	if (status != CH_OK)
		log_error("mqtt.rejects", "adapter=carehub-repair file=\"%s\" status=%s",
			source->settings->rejects, ch_status_name(status));
	json_decref(entry);
	free(line);
	return status;
}

/* ---- Letters ---- */

/* Given as a whole, and all of it has its answer. */
static void mqtt_finish(struct mqtt_source *source, size_t slot)
{
	struct letter *letter = source->slots[slot];
	if (!letter->given || letter->open > 0)
		return;
	source->slots[slot] = NULL;
	source->free_slots[source->free_count++] = slot;
	mqtt_link_done(source->link, letter);
}

static void mqtt_name_origin(struct mqtt_source *source, const struct letter *letter)
{
	struct slice topic = slice_sub(letter->message.topic, 0, ORIGIN_BYTES);
	buffer_clear(&source->origin);
	buffer_append_text(&source->origin, "topic ");
	buffer_append_slice(&source->origin, slice_sub(topic, 0, text_utf8_prefix(topic)));
}

static enum ch_status mqtt_give_reject(struct mqtt_source *source, struct kit_item *out_item)
{
	struct letter *letter = source->slots[source->slot];
	buffer_clear(&source->reject);
	reject_describe(&source->item.reject, &source->reject);
	out_item->what = KIT_REJECT;
	out_item->reject = buffer_slice(&source->reject);
	out_item->raw = letter->message.payload;
	return mqtt_set_aside(source, letter, buffer_text(&source->reject));
}

static enum ch_status mqtt_give(struct mqtt_source *source, struct kit_item *out_item)
{
	struct letter *letter = source->slots[source->slot];
	mqtt_name_origin(source, letter);
	*out_item = (struct kit_item){
		.what = KIT_EVENT, .token = source->slot, .origin = buffer_slice(&source->origin)};
	if (source->item.what != REPAIR_EVENT)
		return mqtt_give_reject(source, out_item);
	out_item->envelope = &source->item.event.envelope;
	letter->open++;
	return CH_OK;
}

/* ---- Questions ---- */

struct mqtt_question {
	struct mqtt_source *source;
	size_t slot;
};

/* Whoever asks does not choose where the adapter writes: among the answers alone. */
static struct slice mqtt_answer_topic(const struct mqtt_source *source, const struct letter *letter)
{
	struct slice answers = slice_text(source->settings->answers);
	struct slice asked = letter->response_topic;
	bool among = slice_starts(asked, answers) &&
		     (asked.len == answers.len || asked.data[answers.len] == '/');
	return among ? asked : answers;
}

static void mqtt_answer(void *context, enum ch_status status, struct slice answer)
{
	struct mqtt_question *question = context;
	struct mqtt_source *source = question->source;
	struct letter *letter = source->slots[question->slot];
	(void)status; /* the answer says it */
	mqtt_link_publish(
		source->link, mqtt_answer_topic(source, letter), answer, letter->correlation);
	letter->open--;
	mqtt_finish(source, question->slot);
	free(question);
}

static bool mqtt_is_question(const struct mqtt_source *source, const struct letter *letter)
{
	return source->settings->questions != NULL &&
	       slice_equal(letter->message.topic, slice_text(source->settings->questions));
}

static enum ch_status mqtt_ask(struct mqtt_source *source, struct letter *letter)
{
	struct mqtt_question *question = calloc(1, sizeof(*question));
	if (question == NULL)
		return CH_NOMEM;
	question->source = source;
	question->slot = source->free_slots[--source->free_count];
	source->slots[question->slot] = letter;
	letter->open = 1;
	letter->given = true;
	inquiry_ask(source->inquiry, letter->message.payload, mqtt_answer, question);
	return CH_OK;
}

/* ---- Items ---- */

/* CH_OK: the reader has it; CH_INVALID: source->item says why it cannot. */
static enum ch_status mqtt_begin(struct mqtt_source *source, struct letter *letter)
{
	source->slot = source->free_slots[--source->free_count];
	source->slots[source->slot] = letter;
	source->giving = true;
	enum ch_status status =
		mqtt_message_fill(&letter->message, source->mapping->format, &source->item.reject);
	if (status == CH_OK) {
		message_begin(source->reader, &letter->message.message);
		return CH_OK;
	}
	source->item.what = REPAIR_REJECT;
	return CH_INVALID;
}

static void mqtt_end(struct mqtt_source *source)
{
	source->giving = false;
	source->slots[source->slot]->given = true;
	mqtt_finish(source, source->slot);
}

enum ch_status mqtt_source_next(void *context, struct kit_item *out_item)
{
	struct mqtt_source *source = context;
	for (;;) {
		enum ch_status status = source->status;
		if (status == CH_OK && source->giving)
			status = message_next(source->reader, &source->item);
		else if (status == CH_OK)
			status = CH_END;
		if (status == CH_OK)
			return mqtt_give(source, out_item);
		if (status != CH_END)
			return status;
		if (source->giving)
			mqtt_end(source);
		struct letter *letter = source->free_count > 0 && mqtt_may_read(source)
						? mqtt_link_take(source->link)
						: NULL;
		if (letter == NULL)
			return mqtt_link_is_quiet(source->link) ? CH_END : CH_BUSY;
		if (mqtt_is_question(source, letter)) {
			source->status = mqtt_ask(source, letter);
			continue;
		}
		if (mqtt_begin(source, letter) == CH_INVALID)
			return mqtt_give(source, out_item); /* the reader has nothing of it */
	}
}

void mqtt_source_settle(void *context, const struct kit_settled *settled)
{
	struct mqtt_source *source = context;
	const struct ch_receipt *receipt = &settled->receipt;
	size_t slot = (size_t)settled->token;
	struct letter *letter = source->slots[slot];
	char reason[512];
	if (!settled->spooled && receipt->outcome == CH_OUTCOME_NONE)
		return; /* the adapter ends: it is not acknowledged, and comes again */
	if (!settled->spooled && (receipt->outcome == CH_OUTCOME_REFUSED ||
					 receipt->outcome == CH_OUTCOME_CONFLICT)) {
		(void)snprintf(reason, sizeof(reason), "%s: %s %s",
			ch_status_name(ch_receipt_status(receipt)), receipt->field,
			receipt->detail); /* cut when long */
		source->status = mqtt_set_aside(source, letter, reason);
		if (source->status != CH_OK)
			return; /* not acknowledged either */
	}
	letter->open--;
	mqtt_finish(source, slot);
}

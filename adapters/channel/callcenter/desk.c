#include "channel/callcenter/desk.h"

#include <jansson.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "kit/seal.h"
#include "kit/trace.h"
#include "wire/json.h"
#include "wire/types.h"

#define DIGEST_BYTES 32u
#define CHANNEL      SLICE_LITERAL("callcenter.")

struct desk {
	struct slice source;
	json_t *object;
	ProtobufCMessage *message;
	struct buffer type;
	struct sealed sealed;
	uint8_t digest[DIGEST_BYTES];
	char *reason; /* of the call under way */
};

enum ch_status desk_create(struct slice source, struct desk **out_desk)
{
	struct desk *desk = calloc(1, sizeof(*desk));
	if (desk == NULL)
		return CH_NOMEM;
	desk->source = source;
	*out_desk = desk;
	return CH_OK;
}

static void desk_clear(struct desk *desk)
{
	json_decref(desk->object);
	desk->object = NULL;
	if (desk->message != NULL)
		protobuf_c_message_free_unpacked(desk->message, NULL);
	desk->message = NULL;
	buffer_clear(&desk->type);
}

void desk_free(struct desk *desk)
{
	if (desk == NULL)
		return;
	desk_clear(desk);
	buffer_fini(&desk->type);
	sealed_fini(&desk->sealed);
	free(desk);
}

static enum ch_status desk_refuse(struct desk *desk, enum ch_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static enum ch_status desk_refuse(struct desk *desk, enum ch_status status, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(desk->reason, DESK_REASON_BYTES, format, arguments); /* cut */
	va_end(arguments);
	return status;
}

/* ---- The line ---- */

static enum ch_status desk_parse(struct desk *desk, struct slice line)
{
	json_error_t error;
	size_t good = text_utf8_prefix(line);
	if (good < line.len)
		return desk_refuse(desk, CH_FORMAT, "byte %zu: is no UTF-8", good + 1);
	desk->object =
		json_loadb((const char *)line.data, line.len, JSON_REJECT_DUPLICATES, &error);
	if (json_is_object(desk->object))
		return CH_OK;
	if (desk->object != NULL)
		return desk_refuse(desk, CH_FORMAT, "the line is no JSON object");
	if (json_error_code(&error) == json_error_out_of_memory)
		return CH_NOMEM;
	/* jansson quotes what it stumbled over, which may be somebody's name. */
	char *quote = strstr(error.text, " near ");
	if (quote != NULL)
		*quote = 0;
	return desk_refuse(desk, CH_FORMAT, "column %d: %s", error.position, error.text);
}

static enum ch_status desk_take(
	struct desk *desk, const char *name, bool needed, size_t max, struct slice *out_value)
{
	const json_t *value = json_object_get(desk->object, name);
	struct slice text = {NULL, 0};
	if (value == NULL || json_is_null(value)) {
		*out_value = text;
		return needed ? desk_refuse(desk, CH_MISSING, "%s: is missing", name) : CH_OK;
	}
	if (json_is_string(value))
		text = slice_of(json_string_value(value), json_string_length(value));
	if (text.len == 0)
		return desk_refuse(desk, CH_INVALID, "%s: must be a text that is not empty", name);
	if (text.len > max)
		return desk_refuse(desk, CH_TOO_LARGE, "%s: is longer than %zu bytes", name, max);
	*out_value = text;
	return CH_OK;
}

/* A trace that is none is dropped by the kit, and nobody refused for it: so are those that are no text or too long for
 * any. */
static struct slice desk_trace(const struct desk *desk, const char *name)
{
	const json_t *value = json_object_get(desk->object, name);
	if (!json_is_string(value) || json_string_length(value) > TRACE_BYTES)
		return (struct slice){NULL, 0};
	return slice_of(json_string_value(value), json_string_length(value));
}

static enum ch_status desk_take_time(struct desk *desk, const char *name, int64_t *out_us)
{
	struct slice text;
	enum ch_status status = desk_take(desk, name, false, 64, &text);
	if (status != CH_OK || text.len == 0)
		return status;
	if (clock_parse(text, out_us) != CH_OK)
		return desk_refuse(
			desk, CH_FORMAT, "%s: is no time of RFC 3339 with an offset", name);
	return CH_OK;
}

/* What the exchange itself tells. */
static bool desk_is_exchanges(struct slice type)
{
	return slice_starts(type, SLICE_LITERAL("callcenter.call.")) ||
	       slice_starts(type, SLICE_LITERAL("callcenter.agent."));
}

/* What a customer says to the hotline about another channel's business: his word on a quote stops or
 * starts the clock of his repair, whoever hears it. */
static bool desk_hears(struct slice type)
{
	return slice_equal(type, SLICE_LITERAL("repair.quote.approved")) ||
	       slice_equal(type, SLICE_LITERAL("repair.quote.declined"));
}

static enum ch_status desk_take_type(struct desk *desk, const struct event_type **out_type)
{
	struct slice name;
	enum ch_status status = desk_take(desk, "type", true, LIMIT_TYPE_BYTES, &name);
	if (status != CH_OK)
		return status;
	if (!slice_starts(name, CHANNEL) && !desk_hears(name))
		buffer_append_slice(&desk->type, CHANNEL);
	buffer_append_slice(&desk->type, name);
	if (desk->type.status != CH_OK)
		return CH_NOMEM;
	name = buffer_slice(&desk->type);
	const struct event_type *type = types_find(name);
	if (type == NULL)
		return desk_refuse(desk, CH_UNKNOWN_TYPE,
			"type: is no event of the call center (docs/events.md)");
	if (desk_is_exchanges(name))
		return desk_refuse(desk, CH_DENIED, "type: is told by the exchange, not by a desk");
	*out_type = type;
	return CH_OK;
}

static enum ch_status desk_take_data(struct desk *desk, const struct event_type *type)
{
	struct json_error error;
	json_t *data = json_object_get(desk->object, "data");
	if (!json_is_object(data))
		return desk_refuse(desk, CH_MISSING, "data: must be an object");
	enum ch_status status = json_decode_value(data, type->message, 0, &desk->message, &error);
	if (status == CH_OK || status == CH_NOMEM)
		return status;
	return desk_refuse(desk, status, "data%s%s: %s", error.path.text[0] != 0 ? "." : "",
		error.path.text, error.reason);
}

static enum ch_status desk_seal(struct desk *desk, struct envelope *envelope)
{
	struct seal_fault fault = {.field = ""};
	enum ch_status status = seal_event(
		buffer_text(&desk->type), desk->message, &desk->sealed, envelope, &fault);
	if (status == CH_OK || status == CH_NOMEM)
		return status;
	return desk_refuse(desk, status, "data.%s: %s", fault.field, fault.reason);
}

enum ch_status desk_read(struct desk *desk, struct slice line, struct desk_event *out_event,
	char reason[DESK_REASON_BYTES])
{
	struct envelope envelope = {.time_us = 0};
	const struct event_type *type = NULL;
	struct slice version = {NULL, 0};
	desk->reason = reason;
	reason[0] = 0;
	desk_clear(desk);
	enum ch_status status = desk_parse(desk, line);
	const struct {
		const char *name;
		bool needed;
		size_t max;
		struct slice *value;
	} texts[] = {
		{"specversion", false, 16, &version},
		{"id", true, LIMIT_ID_BYTES, &envelope.id},
		{"source", false, LIMIT_SOURCE_BYTES, &envelope.source},
		{"correlationid", false, LIMIT_ID_BYTES, &envelope.correlation_id},
		{"causationid", false, LIMIT_ID_BYTES, &envelope.causation_id},
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && status == CH_OK; i++)
		status = desk_take(
			desk, texts[i].name, texts[i].needed, texts[i].max, texts[i].value);
	if (status == CH_OK && version.len > 0 && !slice_equal(version, SLICE_LITERAL("1.0")))
		status = desk_refuse(desk, CH_VERSION, "specversion: only 1.0 is read");
	if (status == CH_OK)
		status = desk_take_time(desk, "time", &envelope.time_us);
	if (status == CH_OK)
		status = desk_take_time(desk, "senttime", &envelope.sent_us);
	if (status == CH_OK)
		status = desk_take_type(desk, &type);
	if (status == CH_OK)
		status = desk_take_data(desk, type);
	if (status != CH_OK)
		return status;
	envelope.traceparent = desk_trace(desk, "traceparent");
	envelope.tracestate = desk_trace(desk, "tracestate");
	(void)crypto_generichash(desk->digest, sizeof(desk->digest), line.data, line.len, NULL,
		0); /* sizes are right */
	envelope.digest = slice_of(desk->digest, sizeof(desk->digest));
	if (envelope.source.len == 0)
		envelope.source = desk->source;
	status = desk_seal(desk, &envelope);
	if (status == CH_OK)
		*out_event = (struct desk_event){envelope, desk->message};
	return status;
}

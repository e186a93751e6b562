#include "channel/parts/write.h"

#include <inttypes.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "wire/json.h"
#include "wire/types.h"

/* One run over all files. */
struct copy {
	const struct write_options *options;
	struct outgoing *outgoing;
	struct buffer bytes;
	uint64_t number; /* of the next interchange */
	FILE *out;
	FILE *errors;

	/* Of the file. */
	const char *path;
	uint64_t line;
	uint64_t written;
	uint64_t refused;
	uint64_t skipped;
};

static void complain(struct copy *copy, const char *what, const char *why)
{
	copy->refused++;
	(void)fprintf(copy->errors, "%s:%" PRIu64 ": %s%s%s\n", copy->path, copy->line, what,
		why[0] != 0 ? ": " : "", why);
}

/* ---- One event ---- */

/* The interchange that it came in, in whatever type of message. */
static const Carehub__V1__InterchangeRef *origin_of(const ProtobufCMessage *message)
{
	const ProtobufCFieldDescriptor *field =
		reflect_field(message->descriptor, SLICE_LITERAL("interchange"));
	return field != NULL && reflect_count(message, field) > 0
		       ? (const void *)reflect_message_at(message, field, 0)
		       : NULL;
}

static struct terms terms_of(const struct copy *copy, const ProtobufCMessage *message)
{
	struct terms terms = copy->options->terms;
	const Carehub__V1__InterchangeRef *origin = origin_of(message);
	if (terms.own_number.len == 0 && origin != NULL)
		terms.own_number = slice_text(origin->sender);
	if (terms.number.len == 0 && origin != NULL)
		terms.number = slice_text(origin->recipient);
	return terms;
}

static enum ch_status write_event(struct copy *copy, const struct event_type *type,
	const ProtobufCMessage *message, int64_t time_us)
{
	const struct terms terms = terms_of(copy, message);
	const struct outgoing_event event = {slice_text(type->name), message, time_us};
	struct obstacle obstacle;
	const char *fault = terms_fault(&terms);
	if (script_of(event.type) == NULL) {
		copy->skipped++;
		return CH_OK;
	}
	if (fault != NULL) {
		complain(copy, "the addresses are not known; say --from and --to", fault);
		return CH_OK;
	}
	buffer_clear(&copy->bytes);
	enum ch_status status = outgoing_write(copy->outgoing, &terms, &event, copy->number,
		copy->options->now_us, &copy->bytes, &obstacle);
	if (status == CH_UNSUPPORTED) {
		copy->skipped++;
		return CH_OK;
	}
	if (status == CH_INVALID) {
		complain(copy, type->name, obstacle.words);
		return CH_OK;
	}
	if (status != CH_OK)
		return status;
	copy->number++;
	copy->written++;
	return fwrite(copy->bytes.data, 1, copy->bytes.len, copy->out) == copy->bytes.len ? CH_OK
											  : CH_IO;
}

/* ---- Lines ---- */

static enum ch_status write_object(struct copy *copy, json_t *object)
{
	const char *name = json_string_value(json_object_get(object, "type"));
	const char *time = json_string_value(json_object_get(object, "time"));
	const struct event_type *type = types_find(slice_text(name));
	ProtobufCMessage *message = NULL;
	struct json_error error;
	int64_t time_us = 0;
	if (type == NULL) {
		complain(copy, "type", name != NULL ? "is no event type" : "is missing");
		return CH_OK;
	}
	if (time != NULL && clock_parse(slice_text(time), &time_us) != CH_OK) {
		complain(copy, "time", "is no RFC 3339 time with its offset");
		return CH_OK;
	}
	enum ch_status status = json_decode_value(
		json_object_get(object, "data"), type->message, 0, &message, &error);
	if (status == CH_NOMEM)
		return status;
	if (status != CH_OK) {
		complain(copy, error.path.text[0] != 0 ? error.path.text : "data", error.reason);
		return CH_OK;
	}
	status = write_event(copy, type, message, time_us);
	protobuf_c_message_free_unpacked(message, NULL);
	return status;
}

static enum ch_status write_line(struct copy *copy, struct slice line)
{
	json_error_t error;
	json_t *inside;
	line = text_trim(line);
	if (line.len == 0)
		return CH_OK;
	if (line.len > LIMIT_JSON_BYTES) {
		complain(copy, "the line is too long", "");
		return CH_OK;
	}
	json_t *object =
		json_loadb((const char *)line.data, line.len, JSON_REJECT_DUPLICATES, &error);
	enum ch_status status = CH_OK;
	inside = json_object_get(object, "event"); /* as `carehub find` prints it */
	if (!json_is_object(object))
		complain(copy, "is no JSON object", object == NULL ? error.text : "");
	else
		status = write_object(copy, json_is_object(inside) ? inside : object);
	json_decref(object);
	return status;
}

static int write_file(struct copy *copy, const char *path)
{
	struct buffer text = {0};
	struct slice line;
	bool standard = strcmp(path, "-") == 0;
	copy->path = path;
	copy->line = copy->written = copy->refused = copy->skipped = 0;
	enum ch_status status =
		file_read_any(standard ? "/dev/stdin" : path, LIMIT_PARTS_FILE_BYTES, &text);
	if (status != CH_OK) {
		(void)fprintf(copy->errors, "%s: %s\n", path, file_why(status));
		buffer_fini(&text);
		return 2;
	}
	struct slice rest = buffer_slice(&text);
	while (status == CH_OK && text_split(&rest, '\n', &line)) {
		copy->line++;
		status = write_line(copy, line);
	}
	buffer_fini(&text);
	if (status != CH_OK)
		(void)fprintf(copy->errors, "%s: %s\n", path, ch_status_text(status));
	if (!copy->options->quiet && copy->refused + copy->skipped > 0)
		(void)fprintf(copy->errors,
			"%s: %" PRIu64 " interchanges, %" PRIu64 " refused, %" PRIu64 " skipped\n",
			path, copy->written, copy->refused, copy->skipped);
	return status != CH_OK ? 2 : copy->refused > 0;
}

int write_files(const struct write_options *options, char *const *paths, size_t count, FILE *out,
	FILE *errors)
{
	struct copy copy = {
		.options = options, .number = options->number, .out = out, .errors = errors};
	int worst = 0;
	if (outgoing_create(options->zone, options->repair_reference, &copy.outgoing) != CH_OK)
		return 2;
	for (size_t i = 0; i < count; i++) {
		int result = write_file(&copy, paths[i]);
		worst = result > worst ? result : worst;
	}
	if (fflush(out) != 0 || ferror(out)) {
		(void)fputs("standard output: cannot be written\n", errors);
		worst = 2;
	}
	outgoing_free(copy.outgoing);
	buffer_fini(&copy.bytes);
	return worst;
}

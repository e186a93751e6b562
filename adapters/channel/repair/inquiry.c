#include "channel/repair/inquiry.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "carehub/v1/control.pb-c.h"
#include "carehub/v1/customer.pb-c.h"
#include "channel/repair/json_record.h"
#include "wire/json.h"

#define PATIENCE_MS    5000
#define LOOK_US        1000000
#define QUESTION_BYTES 4096u
#define FILES_MAX      100u /* that are looked at in one round */

/* What can be asked for, and where it says whose it is. */
struct inquiry_kind {
	const char *member;
	const char *table;
	const ProtobufCMessageDescriptor *type;
};

static const struct inquiry_kind kinds[] = {
	{"repairOrderId", "repairs", &carehub__v1__repair_order__descriptor},
	{"appointmentId", "appointments", &carehub__v1__appointment__descriptor},
};

struct inquiry {
	const struct inquiry_settings *settings;
	struct kit_hub *hub; /* NULL: not started */
	struct json_record *record;
	int64_t look_us;
	size_t pending; /* questions by files without an answer */
};

/* One that waits for the hub. */
struct question {
	struct inquiry *inquiry;
	const struct inquiry_kind *kind;
	json_t *id;
	inquiry_answer *answer;
	void *context;
	bool answered;
};

enum ch_status inquiry_create(const struct inquiry_settings *settings, struct inquiry **out_inquiry)
{
	struct inquiry *inquiry = calloc(1, sizeof(*inquiry));
	if (inquiry == NULL)
		return CH_NOMEM;
	inquiry->settings = settings;
	enum ch_status status = json_record_create(&inquiry->record);
	if (status == CH_OK) {
		*out_inquiry = inquiry;
		inquiry = NULL; /* the caller's now */
	}
	inquiry_free(inquiry);
	return status;
}

void inquiry_free(struct inquiry *inquiry)
{
	if (inquiry == NULL)
		return;
	json_record_free(inquiry->record);
	free(inquiry);
}

void inquiry_start(struct inquiry *inquiry, struct kit_hub *hub)
{
	inquiry->hub = hub;
}

/* ---- Answers ---- */

/* `record` is JSON, or empty. */
static void inquiry_say(const json_t *id, enum ch_status status, const char *reason,
	struct slice record, inquiry_answer *answer, void *context)
{
	struct buffer text = {0};
	char *quoted = id != NULL ? json_dumps(id, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
	buffer_append_byte(&text, '{');
	if (quoted != NULL)
		buffer_printf(&text, "\"id\":%s,", quoted);
	buffer_printf(&text, "\"status\":\"%s\"", ch_status_name(status));
	if (reason[0] != 0)
		buffer_printf(&text, ",\"reason\":\"%s\"", reason); /* constant text of ours */
	if (record.len > 0) {
		buffer_append_text(&text, ",\"record\":");
		buffer_append_slice(&text, record);
	}
	buffer_append_byte(&text, '}');
	answer(context, status,
		text.status == CH_OK ? buffer_slice(&text)
				     : SLICE_LITERAL("{\"status\":\"nomem\"}"));
	buffer_fini(&text);
	free(quoted);
}

static bool inquiry_may_tell(const struct inquiry *inquiry, const Carehub__V1__StationRef *station)
{
	return station != NULL && inquiry->settings->station != NULL &&
	       strcmp(station->station_id, inquiry->settings->station) == 0;
}

/* Takes out what is not the station's business; false: all of it. */
static bool inquiry_mask(
	const struct inquiry *inquiry, const struct inquiry_kind *kind, ProtobufCMessage *record)
{
	if (kind->type == &carehub__v1__repair_order__descriptor) {
		Carehub__V1__RepairOrder *repair = (Carehub__V1__RepairOrder *)(void *)record;
		repair->customer_number = 0;
		return inquiry_may_tell(inquiry, repair->station);
	}
	if (kind->type == &carehub__v1__appointment__descriptor) {
		Carehub__V1__Appointment *appointment = (Carehub__V1__Appointment *)(void *)record;
		appointment->customer_number = 0;
		return inquiry_may_tell(inquiry, appointment->station);
	}
	return false;
}

static enum ch_status inquiry_encode(
	const struct question *question, struct slice body, struct buffer *out)
{
	ProtobufCMessage *record = NULL;
	enum ch_status status = CH_CORRUPT;
	Carehub__V1__RecordReply *reply =
		carehub__v1__record_reply__unpack(NULL, body.len, body.data);
	if (reply != NULL)
		record = protobuf_c_message_unpack(
			question->kind->type, NULL, reply->record.len, reply->record.data);
	if (record != NULL)
		status = inquiry_mask(question->inquiry, question->kind, record) ? CH_OK
										 : CH_NOT_FOUND;
	if (status == CH_OK)
		status = json_encode(record, 0, out, NULL);
	if (record != NULL)
		protobuf_c_message_free_unpacked(record, NULL);
	if (reply != NULL)
		carehub__v1__record_reply__free_unpacked(reply, NULL);
	return status;
}

static void question_answered(void *context, const struct kit_reply *reply)
{
	struct question *question = context;
	struct buffer record = {0};
	if (!question->answered) {
		enum ch_status status = reply->status;
		if (status == CH_OK)
			status = inquiry_encode(question, reply->body, &record);
		question->answered = true;
		inquiry_say(question->id, status, "",
			status == CH_OK ? buffer_slice(&record) : (struct slice){NULL, 0},
			question->answer, question->context);
	}
	buffer_fini(&record);
	if (reply->more)
		return;
	json_decref(question->id);
	free(question);
}

/* ---- Questions ---- */

static const struct inquiry_kind *inquiry_find(const json_t *object, const char **out_number)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *number = json_string_value(json_object_get(object, kinds[i].member));
		if (number != NULL && number[0] != 0 && strlen(number) <= LIMIT_ID_BYTES) {
			*out_number = number;
			return &kinds[i];
		}
	}
	return NULL;
}

/* CH_OK: the answer comes by question_answered. */
static enum ch_status inquiry_send(struct question *question, const char *number)
{
	const char *scope = question->inquiry->settings->scope;
	Carehub__V1__RecordRequest request = CAREHUB__V1__RECORD_REQUEST__INIT;
	struct buffer id = {0};
	struct buffer body = {0};
	char table[16];
	if (scope != NULL)
		buffer_printf(&id, "%s/", scope);
	buffer_append_text(&id, number);
	(void)snprintf(table, sizeof(table), "%s", question->kind->table); /* fits */
	request.table = table;
	(void)buffer_text(&id); /* with a NUL behind it */
	request.id = (char *)(void *)id.data;
	uint8_t *room =
		buffer_reserve(&body, carehub__v1__record_request__get_packed_size(&request));
	enum ch_status status = room != NULL && id.status == CH_OK ? CH_OK : CH_NOMEM;
	if (status == CH_OK) {
		body.len = carehub__v1__record_request__pack(&request, room);
		status = kit_ask(question->inquiry->hub, "Record", slice_of(room, body.len),
			PATIENCE_MS, question_answered, question);
	}
	buffer_fini(&id);
	buffer_fini(&body);
	return status;
}

void inquiry_ask(struct inquiry *inquiry, struct slice text, inquiry_answer *answer, void *context)
{
	struct repair_reject reject;
	const struct inquiry_kind *kind = NULL;
	struct question *question = NULL;
	const char *number = NULL;
	const char *reason = "";
	json_t *object = NULL;
	json_t *id = NULL;
	enum ch_status status = CH_TOO_LARGE;
	if (text.len <= QUESTION_BYTES)
		status = json_record_parse(
			inquiry->record, text, (struct place){.record = 0}, &object, &reject);
	if (status != CH_OK) {
		reason = "a question is one JSON object of at most 4096 bytes";
		goto fail;
	}
	id = json_object_get(object, "id");
	if (!json_is_string(id) && !json_is_integer(id))
		id = NULL;
	status = CH_MISSING;
	reason = "name a repairOrderId or an appointmentId";
	kind = inquiry_find(object, &number);
	if (kind == NULL)
		goto fail;
	reason = "";
	bool up = inquiry->hub != NULL && kit_hub_is_up(inquiry->hub);
	status = up ? CH_NOMEM : CH_CLOSED;
	if (up)
		question = calloc(1, sizeof(*question));
	if (question == NULL)
		goto fail;
	*question = (struct question){.inquiry = inquiry,
		.kind = kind,
		.id = json_incref(id),
		.answer = answer,
		.context = context};
	status = inquiry_send(question, number);
	if (status == CH_OK)
		return;
fail:
	inquiry_say(id, status, reason, (struct slice){NULL, 0}, answer, context);
	if (question != NULL)
		json_decref(question->id);
	free(question);
}

/* ---- By files ---- */

struct inquiry_file {
	struct inquiry *inquiry;
	char path[PATH_MAX];
	size_t stem; /* of the path, without .json */
};

/* The answer first: a question whose answer was not written is asked again. */
static void inquiry_file_answer(void *context, enum ch_status answered, struct slice answer)
{
	struct inquiry_file *file = context;
	char path[PATH_MAX + 16];
	file->inquiry->pending--;
	(void)snprintf(
		path, sizeof(path), "%.*s.answer.json", (int)file->stem, file->path); /* fits */
	/* The hub could not be asked: the question stays. */
	bool again = answered == CH_CLOSED || answered == CH_TIMEOUT || answered == CH_FULL ||
		     answered == CH_NOMEM;
	enum ch_status status = again ? CH_OK : file_replace(path, answer, 0640);
	if (status == CH_OK && !again)
		(void)unlink(file->path); /* gone, or asked again */
	if (status != CH_OK)
		log_error("inquiry.answer", "adapter=carehub-repair status=%s",
			ch_status_name(status));
	free(file);
}

static bool inquiry_is_question(const char *name)
{
	static const char end[] = ".json";
	static const char answer[] = ".answer.json";
	size_t len = strlen(name);
	return name[0] != '.' && len > sizeof(end) - 1 &&
	       strcmp(name + len - (sizeof(end) - 1), end) == 0 &&
	       (len < sizeof(answer) - 1 || strcmp(name + len - (sizeof(answer) - 1), answer) != 0);
}

static void inquiry_take_file(struct inquiry *inquiry, const char *name)
{
	struct buffer text = {0};
	struct inquiry_file *file = malloc(sizeof(*file));
	if (file == NULL)
		return; /* looked at again */
	file->inquiry = inquiry;
	int len =
		snprintf(file->path, sizeof(file->path), "%s/%s", inquiry->settings->folder, name);
	if (len <= 0 || (size_t)len >= sizeof(file->path) - 16) {
		free(file);
		return;
	}
	file->stem = (size_t)len - 5;
	enum ch_status status = file_read_all(file->path, QUESTION_BYTES, &text);
	if (status == CH_NOT_FOUND) {
		free(file); /* taken back */
	} else {
		inquiry->pending++;
		inquiry_ask(inquiry, buffer_slice(&text), inquiry_file_answer, file);
	}
	buffer_fini(&text);
}

void inquiry_tend(struct inquiry *inquiry, struct kit_wait *wait)
{
	const char *folder = inquiry->settings->folder;
	int64_t now_us = clock_steady_us();
	if (folder == NULL)
		return;
	if (wait->timeout_ms < 0 || wait->timeout_ms > LOOK_US / 1000)
		wait->timeout_ms = LOOK_US / 1000;
	if (now_us < inquiry->look_us || inquiry->pending > 0 || inquiry->hub == NULL ||
		!kit_hub_is_up(inquiry->hub))
		return;
	inquiry->look_us = now_us + LOOK_US;
	DIR *names = opendir(folder);
	struct dirent *entry;
	size_t files = 0;
	while (names != NULL && files < FILES_MAX && (entry = readdir(names)) != NULL) {
		if (!inquiry_is_question(entry->d_name))
			continue;
		files++;
		inquiry_take_file(inquiry, entry->d_name);
	}
	if (names != NULL)
		(void)closedir(names); /* read only */
}

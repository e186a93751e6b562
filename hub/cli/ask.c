#include "cli/ask.h"

#include <stdlib.h>

#include "wire/check.h"
#include "wire/json.h"

struct asking {
	const ProtobufCMessageDescriptor *type;
	ask_callback *each;
	void *context;
	enum ch_status status;
};

/* What changes nothing, and so may be asked again after a lost connection. */
static const char *const questions[] = {
	"Cases",
	"Consumers",
	"Customer",
	"DeadLetters",
	"Deadlines",
	"Find",
	"Get",
	"Quarantine",
	"Record",
	"Reference",
	"Replays",
	"Reviews",
	"Sessions",
	"Status",
};

static bool ask_is_question(const char *operation)
{
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		if (strcmp(questions[i], operation) == 0)
			return true;
	}
	return false;
}

static ProtobufCMessage *ask_unpack(const ProtobufCMessageDescriptor *type, struct ch_bytes body)
{
	char path[CHECK_PATH_BYTES];
	if (check_message(type, slice_of(body.data, body.len), path) != CH_OK)
		return NULL;
	return protobuf_c_message_unpack(
		type, NULL, body.len, body.len > 0 ? body.data : (const uint8_t *)"");
}

static bool ask_reply(void *context, struct ch_bytes body, bool more)
{
	struct asking *asking = context;
	(void)more;
	ProtobufCMessage *reply = ask_unpack(asking->type, body);
	if (reply == NULL) {
		asking->status = CH_FORMAT;
		return false;
	}
	bool go_on = asking->each == NULL || asking->each(asking->context, reply);
	protobuf_c_message_free_unpacked(reply, NULL);
	return go_on && !cli_stopped();
}

enum ch_status ask_quietly(struct cli *cli, const char *operation, const ProtobufCMessage *request,
	const ProtobufCMessageDescriptor *reply, ask_callback *each, void *context)
{
	struct asking asking = {reply, each, context, CH_OK};
	size_t len = protobuf_c_message_get_packed_size(request);
	uint8_t *body = malloc(len + 1);
	if (body == NULL)
		return CH_NOMEM;
	(void)protobuf_c_message_pack(request, body);
	enum ch_status status =
		(ask_is_question(operation) ? ch_query : ch_request)(cli->connection, operation,
			ch_bytes_of(body, len), cli->timeout_ms, ask_reply, &asking);
	free(body);
	return status == CH_OK ? asking.status : status;
}

int ask(struct cli *cli, const char *operation, const ProtobufCMessage *request,
	const ProtobufCMessageDescriptor *reply, ask_callback *each, void *context)
{
	int connected = cli_connect(cli);
	if (connected != EXIT_FINE)
		return connected;
	enum ch_status status = ask_quietly(cli, operation, request, reply, each, context);
	return status == CH_OK ? EXIT_FINE : cli_fail_status(cli, cli->command, status);
}

/* ---- One reply, kept ---- */

struct keeping {
	const ProtobufCMessageDescriptor *type;
	ProtobufCMessage *kept;
};

static bool ask_keep(void *context, const ProtobufCMessage *reply)
{
	struct keeping *keeping = context;
	size_t len = protobuf_c_message_get_packed_size(reply);
	uint8_t *body = malloc(len + 1);
	if (body == NULL || keeping->kept != NULL) {
		free(body);
		return true;
	}
	(void)protobuf_c_message_pack(reply, body);
	keeping->kept = protobuf_c_message_unpack(keeping->type, NULL, len, body);
	free(body);
	return true;
}

int ask_one(struct cli *cli, const char *operation, const ProtobufCMessage *request,
	const ProtobufCMessageDescriptor *reply, ProtobufCMessage **out_reply)
{
	struct keeping keeping = {reply, NULL};
	int result = ask(cli, operation, request, reply, ask_keep, &keeping);
	if (result != EXIT_FINE) {
		if (keeping.kept != NULL)
			protobuf_c_message_free_unpacked(keeping.kept, NULL);
		return result;
	}
	if (keeping.kept == NULL)
		return cli_fail(EXIT_UNKNOWN, NULL, "%s: the hub gave no answer", cli->command);
	*out_reply = keeping.kept;
	return EXIT_FINE;
}

void ask_print(const ProtobufCMessage *message)
{
	struct buffer line = {0};
	struct json_error error;
	if (json_encode(message, 0, &line, &error) == CH_OK) {
		buffer_append_byte(&line, '\n');
		(void)fwrite(line.data, 1, line.len, stdout);
	} else {
		(void)cli_fail(EXIT_UNKNOWN, NULL, "an answer cannot be written as JSON: %s: %s",
			error.path.text, error.reason);
	}
	buffer_fini(&line);
}

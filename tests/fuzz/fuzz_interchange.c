/* A file of interchanges from a stranger.  Every event must be a message of the schema, what is refused must
 * be told, and what is answered must be an interchange that we can read ourselves and that nobody answers. */
#include <sodium.h>

#include "base/invariant.h"
#include "channel/parts/answer.h"
#include "channel/parts/event.h"
#include "channel/parts/parts_file.h"
#include "wire/check.h"
#include "wire/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct scanner *scanner;
static struct arena arena;
static struct event_writer writer;

static void fuzz_events(struct interchange *x, struct message *message, struct slice file)
{
	static const struct parts_options options = {.currency = {(const uint8_t *)"CNY", 3},
		.repair_reference = {(const uint8_t *)"ACW", 3}};
	struct reading reading = {
		.interchange = x, .message = message, .options = &options, .arena = &arena};
	struct envelope envelope;
	char path[CHECK_PATH_BYTES];
	const char *why;
	struct buffer type_text = {0};
	message_type_text(message, &type_text);
	invariant(type_text.status == CH_OK);
	buffer_fini(&type_text);
	if (interchange_refuses(x, message))
		return;
	arena_reset(&arena);
	invariant(reading_run(&reading, scanner, file) == CH_OK);
	invariant((reading.first == NULL) == (message->flaws.count > 0));
	if (reading.first == NULL)
		return;
	event_writer_begin(&writer, &reading, file);
	invariant(event_check(&writer, &reading) == CH_OK);
	for (const struct made *made = reading.first; made != NULL; made = made->next) {
		invariant(event_write(&writer, &reading, made, &envelope, &why) == CH_OK);
		const struct event_type *type = types_find(envelope.type);
		invariant(type != NULL);
		invariant(check_message(type->message, envelope.data, path) == CH_OK);
		invariant(check_message(type->message, envelope.personal, path) == CH_OK);
		invariant(envelope.id.len > 0 && envelope.id.len <= LIMIT_ID_BYTES);
	}
}

static void fuzz_answer(const struct interchange *x, enum answer_stand stand)
{
	const struct answer_options options = {
		.number = 42, .prepared_us = INT64_C(1795339860000000), .stand = stand};
	struct buffer answer = {0};
	struct buffer words = {0};
	struct interchange read;
	struct flaw flaw;
	uint64_t at = 0;
	if (x->flaw.kind != FLAW_NONE)
		flaw_describe(&x->flaw, &words);
	buffer_fini(&words);
	if (!x->answerable || interchange_only_acknowledges(x))
		return;
	invariant(answer_write(x, &options, &answer) == CH_OK);
	invariant(interchange_next(scanner, buffer_slice(&answer), &at, &read, &flaw) == CH_OK);
	invariant(read.flaw.kind == FLAW_NONE && !interchange_is_refused(&read));
	invariant(interchange_only_acknowledges(&read));
	interchange_fini(&read);
	buffer_fini(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice file = slice_of(data, len);
	uint64_t at = 0;
	if (scanner == NULL) {
		invariant(sodium_init() >= 0);
		invariant(scanner_create(&scanner) == CH_OK);
		arena_init(&arena);
	}
	for (;;) {
		struct interchange x;
		struct flaw flaw;
		uint64_t before = at;
		enum ch_status status = interchange_next(scanner, file, &at, &x, &flaw);
		if (status == CH_END)
			break;
		invariant(at > before && at <= len);
		if (status != CH_OK) {
			invariant(status == CH_FORMAT && flaw.kind != FLAW_NONE);
			continue;
		}
		for (uint32_t i = 0; i < x.message_count; i++)
			fuzz_events(&x, &x.messages[i], file);
		/* Whatever the hub says of it, and mostly that all is stored. */
		fuzz_answer(&x, len % 8 < 4 ? (enum answer_stand)(len % 8) : ANSWER_SETTLED);
		interchange_fini(&x);
	}
	if (len % 16 == 15)
		event_writer_fini(&writer); /* begins anew, too */
	return 0;
}

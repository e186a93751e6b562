/* What a stranger sent, or an event of the hub's, written for a partner: either there is an obstacle, or what he gets
 * is read as the same event, and writing that once more gives the same bytes.
 *
 *     input = an interchange; or 0xff, number of its script:byte, terms:byte, the event's message */
#include <sodium.h>
#include <stdlib.h>

#include "base/invariant.h"
#include "channel/parts/outgoing.h"
#include "wire/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define TIME_US INT64_C(1795339860000000)

static struct scanner *scanner;
static struct outgoing *outgoing;
static const struct parts_options options = {.repair_reference = {(const uint8_t *)"ACW", 3}};

/* The first event of a message; NULL: it is refused. */
static const struct made *fuzz_read(
	struct interchange *x, uint32_t index, struct slice file, struct arena *arena)
{
	struct reading reading = {.interchange = x,
		.message = &x->messages[index],
		.options = &options,
		.arena = arena};
	if (interchange_refuses(x, reading.message))
		return NULL;
	invariant(reading_run(&reading, scanner, file) == CH_OK);
	return reading.first;
}

static bool fuzz_write(const struct terms *terms, const struct made *made, struct buffer *out)
{
	struct obstacle obstacle = {.words = ""};
	const struct outgoing_event event = {slice_text(made->type), made->message, TIME_US};
	enum ch_status status =
		outgoing_write(outgoing, terms, &event, 42, TIME_US, out, &obstacle);
	invariant(status == CH_OK || status == CH_INVALID || status == CH_UNSUPPORTED);
	invariant((status == CH_INVALID) == (obstacle.words[0] != 0));
	invariant(status == CH_OK || out->len == 0);
	return status == CH_OK;
}

/* The same once more, from what was written. */
static void fuzz_again(const struct terms *terms, struct slice first)
{
	struct interchange x;
	struct flaw flaw;
	struct arena arena;
	struct buffer second = {0};
	uint64_t at = 0;
	arena_init(&arena);
	invariant(interchange_next(scanner, first, &at, &x, &flaw) == CH_OK);
	invariant(x.flaw.kind == FLAW_NONE && x.message_count == 1);
	const struct made *made = fuzz_read(&x, 0, first, &arena);
	invariant(made != NULL && fuzz_write(terms, made, &second));
	invariant(slice_equal(first, buffer_slice(&second)));
	buffer_fini(&second);
	interchange_fini(&x);
	arena_fini(&arena);
}

static struct terms fuzz_terms(size_t draw)
{
	static const struct slice syntaxes[] = {{(const uint8_t *)"UNOY", 4},
		{(const uint8_t *)"UNOC", 4}, {(const uint8_t *)"UNOA", 4},
		{(const uint8_t *)"UNOE", 4}};
	static const struct slice charsets[] = {{(const uint8_t *)"utf-8", 5},
		{(const uint8_t *)"utf-8", 5}, {(const uint8_t *)"extended", 8},
		{(const uint8_t *)"basic", 5}};
	bool x12 = draw % 2 == 0;
	struct terms terms = terms_usual(x12 ? STANDARD_X12 : STANDARD_EDIFACT);
	draw /= 2;
	terms.own_number = x12 ? SLICE_LITERAL("PARTS") : SLICE_LITERAL("5412345000013");
	terms.number = SLICE_LITERAL("4012345000009");
	terms.charset = x12 ? charsets[draw % 4] : syntaxes[draw % 4];
	terms.acknowledge = draw % 3 == 0;
	if (draw % 8 < 4)
		return terms;
	terms.version = x12 ? SLICE_LITERAL("005010") : SLICE_LITERAL("01B");
	if (x12 && draw % 4 != 0) /* the separators of ASCII, that no text has */
		invariant(terms_parse_marks(SLICE_LITERAL("1d1f1e1c"), &terms.marks) == CH_OK);
	invariant(terms_fault(&terms) == NULL);
	return terms;
}

static void fuzz_message(struct interchange *x, uint32_t index, struct slice file, size_t draw)
{
	const struct terms terms = fuzz_terms(draw);
	struct arena arena;
	struct buffer first = {0};
	arena_init(&arena);
	const struct made *made = fuzz_read(x, index, file, &arena);
	if (made != NULL && script_of(slice_text(made->type)) != NULL &&
		fuzz_write(&terms, made, &first))
		fuzz_again(&terms, buffer_slice(&first));
	buffer_fini(&first);
	arena_fini(&arena);
}

static void fuzz_event(struct slice rest)
{
	char path[CHECK_PATH_BYTES];
	if (rest.len < 2)
		return;
	const struct script *script = scripts[rest.data[0] % script_count];
	const struct terms terms = fuzz_terms(rest.data[1]);
	struct slice bytes = slice_sub(rest, 2, rest.len);
	struct buffer first = {0};
	/* As the hub has let it in. */
	if (check_message(script->message, bytes, path) != CH_OK)
		return;
	ProtobufCMessage *message = protobuf_c_message_unpack(
		script->message, NULL, bytes.len, bytes.len > 0 ? bytes.data : rest.data);
	invariant(message != NULL);
	const struct made made = {.type = script->event, .message = message};
	if (fuzz_write(&terms, &made, &first))
		fuzz_again(&terms, buffer_slice(&first));
	protobuf_c_message_free_unpacked(message, NULL);
	buffer_fini(&first);
}

static void fuzz_fini(void)
{
	outgoing_free(outgoing);
	scanner_free(scanner);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice file = slice_of(data, len);
	uint64_t at = 0;
	enum ch_status status = CH_OK;
	if (scanner == NULL) {
		invariant(sodium_init() >= 0);
		invariant(scanner_create(&scanner) == CH_OK);
		invariant(outgoing_create(NULL, options.repair_reference, &outgoing) == CH_OK);
		invariant(atexit(fuzz_fini) == 0);
	}
	if (len > 0 && data[0] == 0xff) {
		fuzz_event(slice_of(data + 1, len - 1));
		return 0;
	}
	while (status != CH_END) {
		struct interchange x;
		struct flaw flaw;
		status = interchange_next(scanner, file, &at, &x, &flaw);
		if (status != CH_OK)
			continue;
		for (uint32_t i = 0; i < x.message_count; i++)
			fuzz_message(&x, i, file, len + i);
		interchange_fini(&x);
	}
	return 0;
}

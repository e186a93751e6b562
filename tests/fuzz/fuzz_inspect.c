/* An event from a peer as the door looks at it: the same answer at every look, and one that is found fit can be
 * unpacked as its type and has a business key that holds no accident.
 *
 *     input = an encoded Event; or 0xff, number of a type:byte, data's length:byte, data, personal
 *
 * The second form spares the fuzzer the envelope. */
#include "base/invariant.h"
#include "base/limits.h"
#include "core/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fuzz_unpack(const struct event_type *type, struct slice bytes)
{
	static const uint8_t nothing;
	ProtobufCMessage *message = protobuf_c_message_unpack(
		type->message, NULL, bytes.len, bytes.len > 0 ? bytes.data : &nothing);
	invariant(message != NULL); /* whoever reads on need not ask again */
	protobuf_c_message_free_unpacked(message, NULL);
}

static void fuzz_fit(const struct event_type *type, const struct envelope *envelope)
{
	const struct message_parts parts = {envelope->data, envelope->personal};
	struct message_parts cut;
	struct buffer text = {0};
	const char *field = NULL;
	fuzz_unpack(type, envelope->data);
	fuzz_unpack(type, envelope->personal);
	invariant(types_check_mandatory(type, &parts, &field) == CH_OK && field == NULL);
	types_subject(type, &parts, &text);
	invariant(memchr(buffer_text(&text), 0, text.len) == NULL || text.len > 0);
	buffer_clear(&text);
	/* Rising fields come apart where they were put together. */
	buffer_append_slice(&text, envelope->data);
	buffer_append_slice(&text, envelope->personal);
	if (types_cut(buffer_slice(&text), &cut) == CH_OK) {
		invariant(cut.data.len == envelope->data.len);
		invariant(cut.personal.len == envelope->personal.len);
	}
	buffer_fini(&text);
}

/* The Event that the second form is short for. */
static void fuzz_short_form(struct slice rest, struct buffer *event)
{
	struct envelope envelope = {
		.id = SLICE_LITERAL("4711"), .source = SLICE_LITERAL("urn:fuzz")};
	size_t number = rest.len > 0 ? rest.data[0] % event_type_count : 0;
	size_t len = rest.len > 1 ? rest.data[1] : 0;
	rest = slice_sub(rest, 2, rest.len);
	envelope.type = slice_text(event_types[number].name);
	envelope.data = slice_sub(rest, 0, len);
	envelope.personal = slice_sub(rest, len, rest.len);
	envelope_encode(&envelope, event);
}

static void fuzz_type(const struct event_type *type)
{
	invariant(types_by_id(type->id) == type && types_find(slice_text(type->name)) == type);
	invariant(slice_starts(slice_text(type->name), types_channel(type)));
	invariant(types_match(SLICE_LITERAL(">"), slice_text(type->name)));
}

static void fuzz_event(const struct inspector *inspector, struct slice bytes)
{
	char path[CHECK_PATH_BYTES];
	const char *field = NULL;
	struct envelope envelope;
	struct inspection first;
	struct inspection second;
	if (envelope_parse(bytes, &envelope, &field) != CH_OK)
		return;
	inspect(inspector, &envelope, &first);
	inspect(inspector, &envelope, &second);
	invariant(first.type == second.type && first.fit == second.fit);
	invariant(memcmp(first.digest, second.digest, sizeof(first.digest)) == 0);
	invariant(memcmp(first.fingerprint, second.fingerprint, sizeof(first.fingerprint)) == 0);
	field = NULL;
	enum ch_status status = inspect_fault(inspector, first.type, &envelope, path, &field);
	invariant((status == CH_OK) == first.fit && (status == CH_OK) == (field == NULL));
	if (first.type != NULL)
		fuzz_type(first.type);
	if (status == CH_OK)
		fuzz_fit(first.type, &envelope);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct inspector *inspector; /* lives as long as the fuzzer */
	struct buffer event = {0};
	if (inspector == NULL)
		invariant(inspector_create(&inspector) == CH_OK);
	if (len > 0 && data[0] == 0xff) {
		fuzz_short_form(slice_of(data + 1, len - 1), &event);
		fuzz_event(inspector, buffer_slice(&event));
	} else {
		fuzz_event(inspector, slice_of(data, len));
	}
	buffer_fini(&event);
	return 0;
}

#include "channel/parts/outgoing.h"

#include <stdlib.h>

#include "channel/parts/codes.h"
#include "channel/parts/cover.h"
#include "channel/parts/likeness.h"

struct outgoing {
	const struct zone *zone;
	struct slice repair_reference;
	struct arena arena; /* of the document, and of what is read again */
	struct writing writing;
	struct buffer bytes;
	struct buffer packed;
	struct scanner *scanner;
	struct repertoire *repertoire; /* of the partner before */
};

static const char *const free_texts[] = {"name", "description", "remarks", "contact_text", NULL};

/* ---- Making ---- */

enum ch_status outgoing_create(
	const struct zone *zone, struct slice repair_reference, struct outgoing **out_outgoing)
{
	enum ch_status status = CH_NOMEM;
	struct outgoing *outgoing = calloc(1, sizeof(*outgoing));
	if (outgoing == NULL)
		goto out;
	outgoing->zone = zone;
	outgoing->repair_reference = repair_reference;
	arena_init(&outgoing->arena);
	status = scanner_create(&outgoing->scanner);
	if (status != CH_OK)
		goto out;
	*out_outgoing = outgoing;
	outgoing = NULL; /* the caller's now */
out:
	outgoing_free(outgoing);
	return status;
}

void outgoing_free(struct outgoing *outgoing)
{
	if (outgoing == NULL)
		return;
	repertoire_close(outgoing->repertoire);
	scanner_free(outgoing->scanner);
	writing_fini(&outgoing->writing);
	buffer_fini(&outgoing->bytes);
	buffer_fini(&outgoing->packed);
	arena_fini(&outgoing->arena);
	free(outgoing);
}

/* ---- Terms ---- */

/* A directory of 2000 and later: "01B", but not "96A". */
static bool is_late(const struct terms *terms)
{
	return terms->standard == STANDARD_EDIFACT && terms->version.len > 0 &&
	       terms->version.data[0] < '9';
}

static enum ch_status choose_repertoire(struct outgoing *outgoing, const struct terms *terms)
{
	if (outgoing->repertoire != NULL &&
		repertoire_has_name(outgoing->repertoire, terms->standard, terms->charset))
		return CH_OK;
	repertoire_close(outgoing->repertoire);
	outgoing->repertoire = NULL;
	return repertoire_open(terms->standard, terms->charset, &outgoing->repertoire);
}

/* ---- The document ---- */

static void *document_allocate(void *context, size_t size)
{
	return arena_alloc(context, size);
}

static void document_release(void *context, void *memory)
{
	(void)context;
	(void)memory; /* the arena's */
}

/* A copy of our own, that scripts may settle. */
static enum ch_status copy_document(
	struct outgoing *outgoing, const ProtobufCMessage *message, ProtobufCMessage **out_document)
{
	ProtobufCAllocator allocator = {document_allocate, document_release, &outgoing->arena};
	size_t len = protobuf_c_message_get_packed_size(message);
	buffer_clear(&outgoing->packed);
	uint8_t *room = buffer_reserve(&outgoing->packed, len);
	if (room == NULL && len > 0)
		return CH_NOMEM;
	(void)protobuf_c_message_pack(message, room); /* exactly len */
	*out_document = protobuf_c_message_unpack(
		message->descriptor, &allocator, len, outgoing->packed.data);
	return *out_document != NULL ? CH_OK : CH_NOMEM;
}

/* ---- Reading it again ---- */

static bool counts(void *context, const ProtobufCMessageDescriptor *message,
	const ProtobufCFieldDescriptor *field)
{
	const struct outgoing *outgoing = context;
	return script_travels(message, field,
		outgoing->repair_reference.len > 0 || outgoing->writing.standard == STANDARD_X12);
}

static enum ch_status say_flaw(struct outgoing *outgoing, const struct flaw *flaw)
{
	struct buffer words = {0};
	flaw_describe(flaw, &words);
	writing_obstacle(
		&outgoing->writing, "the message", buffer_text(&words), "a reader would refuse it");
	buffer_fini(&words);
	return CH_INVALID;
}

static enum ch_status compare(struct outgoing *outgoing, const struct script *script,
	const ProtobufCMessage *document, const struct made *made)
{
	const struct likeness likeness = {
		.counts = counts, .context = outgoing, .texts = free_texts};
	struct reflect_path path = {.len = 0};
	path.text[0] = 0;
	if (strcmp(made->type, script->event) == 0 &&
		likeness_has(&likeness, document, made->message, &path))
		return CH_OK;
	writing_obstacle(&outgoing->writing, path.text[0] != 0 ? path.text : "the document",
		"the message cannot say this", "a reader would take it for something else");
	return CH_INVALID;
}

static enum ch_status read_message(struct outgoing *outgoing, const struct script *script,
	const ProtobufCMessage *document, struct interchange *x)
{
	const struct parts_options options = {
		.zone = outgoing->zone, .repair_reference = outgoing->repair_reference};
	struct reading reading = {.interchange = x,
		.message = x->messages,
		.options = &options,
		.arena = &outgoing->arena};
	if (x->flaw.kind != FLAW_NONE || x->message_count != 1)
		return say_flaw(outgoing, &x->flaw);
	if (x->messages[0].flaws.first != NULL)
		return say_flaw(outgoing, &x->messages[0].flaws.first->flaw);
	enum ch_status status =
		reading_run(&reading, outgoing->scanner, buffer_slice(&outgoing->bytes));
	if (status != CH_OK)
		return status;
	if (reading.first == NULL)
		return say_flaw(outgoing, &x->messages[0].flaws.first->flaw);
	return compare(outgoing, script, document, reading.first);
}

static enum ch_status check(
	struct outgoing *outgoing, const struct script *script, const ProtobufCMessage *document)
{
	struct interchange interchange;
	struct flaw flaw;
	uint64_t at = 0;
	enum ch_status status = interchange_next(
		outgoing->scanner, buffer_slice(&outgoing->bytes), &at, &interchange, &flaw);
	if (status != CH_OK)
		return status == CH_NOMEM ? status : say_flaw(outgoing, &flaw);
	status = read_message(outgoing, script, document, &interchange);
	interchange_fini(&interchange);
	return status;
}

/* ---- Writing ---- */

static void begin_writing(struct outgoing *outgoing, const struct terms *terms, int64_t time_us)
{
	struct writing *w = &outgoing->writing;
	struct buffer text = w->text; /* their room is used again */
	struct buffer words = w->words;
	buffer_clear(&outgoing->bytes);
	*w = (struct writing){.standard = terms->standard,
		.marks = cover_marks(terms, outgoing->repertoire),
		.repertoire = outgoing->repertoire,
		.long_texts = is_late(terms),
		.zone = outgoing->zone,
		.repair_reference = outgoing->repair_reference,
		.time_us = time_us,
		.out = &outgoing->bytes,
		.text = text,
		.words = words};
}

/* What the event says, in the standard's codes and the message's way. */
static enum ch_status settle(struct outgoing *outgoing, const struct terms *terms,
	const struct script **script, ProtobufCMessage **document)
{
	struct reflect_path path;
	const struct script_face *face = &(*script)->faces[terms->standard];
	enum ch_status status = codes_settle(&outgoing->arena, *document, terms->standard, &path);
	if (status == CH_FORMAT) {
		writing_obstacle(&outgoing->writing, path.text, "is a code that X12 has not",
			"send the event with one of X12's");
		return CH_INVALID;
	}
	if (status == CH_OK && face->settle != NULL)
		status = face->settle(&outgoing->arena, script, document);
	return status;
}

static enum ch_status write_bytes(struct outgoing *outgoing, const struct terms *terms,
	const struct script *script, const ProtobufCMessage *document, uint64_t number,
	int64_t prepared_us)
{
	struct writing *w = &outgoing->writing;
	const struct script_face *face = &script->faces[terms->standard];
	uint64_t reference;
	if (terms_reference(terms->standard, number, &reference) != CH_OK) {
		writing_obstacle(w, "the control number", "has no more digits in X12",
			"begin anew with a folder parts.state of its own, and another number of ours");
		return CH_INVALID;
	}
	cover_open(w, terms, face, reference, prepared_us);
	face->write(w, document);
	cover_close(w, reference);
	return w->status;
}

enum ch_status outgoing_write(struct outgoing *outgoing, const struct terms *terms,
	const struct outgoing_event *event, uint64_t number, int64_t prepared_us,
	struct buffer *out, struct obstacle *out_obstacle)
{
	const struct script *script = script_of(event->type);
	ProtobufCMessage *document = NULL;
	if (script == NULL || event->message->descriptor != script->message ||
		script->faces[terms->standard].name == NULL)
		return CH_UNSUPPORTED;
	arena_reset(&outgoing->arena);
	enum ch_status status = choose_repertoire(outgoing, terms);
	if (status != CH_OK)
		return status;
	begin_writing(outgoing, terms, event->time_us != 0 ? event->time_us : prepared_us);
	status = copy_document(outgoing, event->message, &document);
	if (status == CH_OK)
		status = settle(outgoing, terms, &script, &document);
	if (status == CH_OK)
		status = write_bytes(outgoing, terms, script, document, number, prepared_us);
	if (status == CH_OK)
		status = check(outgoing, script, document);
	if (status == CH_INVALID)
		*out_obstacle = outgoing->writing.obstacle;
	if (status != CH_OK)
		return status;
	size_t before = out->len;
	buffer_append_slice(out, buffer_slice(&outgoing->bytes));
	if (out->status != CH_OK)
		out->len = before;
	return out->status;
}

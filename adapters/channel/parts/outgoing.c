#include "channel/parts/outgoing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "channel/parts/answer.h"
#include "channel/parts/likeness.h"

#define ADDRESS_MAX 35u

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

static bool is_code(struct slice text, size_t least, size_t most)
{
	if (text.len < least || text.len > most)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z'))
			return false;
	}
	return true;
}

/* Printable ASCII, without small letters when the repertoire has none. */
static bool is_address(struct slice text, bool capitals)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (c <= ' ' || c > '~' || strchr("#$@[\\]^_`{|}~", c) != NULL ||
			(capitals && c >= 'a' && c <= 'z'))
			return false;
	}
	return text.len <= ADDRESS_MAX;
}

const char *outgoing_terms_fault(const struct outgoing_terms *terms)
{
	struct repertoire *repertoire = NULL;
	bool capitals = slice_equal(terms->syntax, SLICE_LITERAL("UNOA"));
	if (repertoire_open(terms->syntax, &repertoire) == CH_UNSUPPORTED)
		return "interchange.syntax: is none of UNOA to UNOL, UNOW, UNOX, UNOY";
	repertoire_close(repertoire);
	if (terms->own_number.len == 0 || !is_address(terms->own_number, capitals))
		return "partner.own_number: is no number for UNB: letters and digits, up to 35";
	if (terms->number.len == 0 || !is_address(terms->number, capitals))
		return "partner.number: is no number for UNB: letters and digits, up to 35";
	if (!is_code(terms->own_qualifier, 0, 4) || !is_code(terms->qualifier, 0, 4))
		return "partner.qualifier: is no qualifier of UNB";
	if (!is_code(terms->directory, 3, 3))
		return "interchange.directory: is none; write 96A";
	if (!is_code(terms->association, 0, 6))
		return "interchange.association: is none; write EAN008";
	if (!is_address(terms->application, capitals) || terms->application.len > 14)
		return "interchange.application: has more than 14 letters";
	return NULL;
}

/* Of 2000 and later: "01B", but not "96A". */
static bool is_late(struct slice directory)
{
	return directory.len > 0 && directory.data[0] < '9';
}

static enum ch_status choose_repertoire(
	struct outgoing *outgoing, const struct outgoing_terms *terms)
{
	if (outgoing->repertoire != NULL &&
		slice_equal(slice_text(repertoire_name(outgoing->repertoire)), terms->syntax))
		return CH_OK;
	repertoire_close(outgoing->repertoire);
	outgoing->repertoire = NULL;
	return repertoire_open(terms->syntax, &outgoing->repertoire);
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

/* ---- The envelope ---- */

static void put_number(struct writing *w, unsigned element, uint64_t number)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%" PRIu64, number); /* fits */
	writing_put(w, "number", element, 1, slice_text(text), 14);
}

static void put_address(
	struct writing *w, unsigned element, struct slice number, struct slice qualifier)
{
	writing_put(w, "number", element, 1, number, ADDRESS_MAX);
	writing_put(w, "qualifier", element, 2, qualifier, 4);
}

static void put_header(struct writing *w, const struct outgoing_terms *terms, uint64_t reference,
	int64_t prepared_us)
{
	const struct answer_options when = {.prepared_us = prepared_us, .zone = w->zone};
	struct buffer date = {0};
	struct buffer time = {0};
	buffer_append_text(w->out, w->syntax4 ? "UNA:+.?*'\r\n" : "UNA:+.? '\r\n");
	answer_date(&when, w->syntax4, &date);
	answer_time(&when, &time);
	writing_segment(w, "UNB");
	writing_put(w, "syntax", 1, 1, terms->syntax, 4);
	writing_code(w, 1, 2, w->syntax4 ? "4" : "3");
	put_address(w, 2, terms->own_number, terms->own_qualifier);
	put_address(w, 3, terms->number, terms->qualifier);
	writing_put(w, "date", 4, 1, buffer_slice(&date), 8);
	writing_put(w, "time", 4, 2, buffer_slice(&time), 4);
	put_number(w, 5, reference);
	writing_put(w, "application", 7, 1, terms->application, 14);
	if (terms->acknowledge)
		writing_code(w, 9, 1, "1");
	if (terms->test)
		writing_code(w, 11, 1, "1");
	writing_end(w);
	if (date.status != CH_OK || time.status != CH_OK)
		w->status = CH_NOMEM;
	buffer_fini(&date);
	buffer_fini(&time);
}

static void put_message(struct writing *w, const struct outgoing_terms *terms,
	const struct script *script, const ProtobufCMessage *document)
{
	w->segments = 0;
	writing_segment(w, "UNH");
	writing_code(w, 1, 1, "1");
	writing_code(w, 2, 1, script->name);
	writing_code(w, 2, 2, "D");
	writing_put(w, "directory", 2, 3, terms->directory, 3);
	writing_code(w, 2, 4, "UN");
	writing_put(w, "association", 2, 5, terms->association, 6);
	writing_end(w);
	script->write(w, document);
	writing_segment(w, "UNT");
	put_number(w, 1, w->segments + 1);
	writing_code(w, 2, 1, "1");
	writing_end(w);
}

static void put_trailer(struct writing *w, uint64_t reference)
{
	writing_segment(w, "UNZ");
	writing_code(w, 1, 1, "1");
	put_number(w, 2, reference);
	writing_end(w);
}

/* ---- Reading it again ---- */

static bool counts(void *context, const ProtobufCMessageDescriptor *message,
	const ProtobufCFieldDescriptor *field)
{
	const struct outgoing *outgoing = context;
	return script_travels(message, field, outgoing->repair_reference.len > 0);
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

static enum ch_status write_bytes(struct outgoing *outgoing, const struct outgoing_terms *terms,
	const struct script *script, const ProtobufCMessage *document,
	const struct outgoing_event *event, uint64_t number, int64_t prepared_us)
{
	struct writing *w = &outgoing->writing;
	struct buffer text = w->text; /* their room is used again */
	struct buffer words = w->words;
	uint64_t reference = OUTGOING_FIRST_REFERENCE + number;
	buffer_clear(&outgoing->bytes);
	*w = (struct writing){.repertoire = outgoing->repertoire,
		.syntax4 = repertoire_is_new(outgoing->repertoire),
		.long_texts = is_late(terms->directory),
		.zone = outgoing->zone,
		.repair_reference = outgoing->repair_reference,
		.time_us = event->time_us != 0 ? event->time_us : prepared_us,
		.out = &outgoing->bytes,
		.text = text,
		.words = words};
	put_header(w, terms, reference, prepared_us);
	put_message(w, terms, script, document);
	put_trailer(w, reference);
	return w->status;
}

enum ch_status outgoing_write(struct outgoing *outgoing, const struct outgoing_terms *terms,
	const struct outgoing_event *event, uint64_t number, int64_t prepared_us,
	struct buffer *out, struct obstacle *out_obstacle)
{
	const struct script *script = script_of(event->type);
	ProtobufCMessage *document = NULL;
	if (script == NULL || event->message->descriptor != script->message)
		return CH_UNSUPPORTED;
	arena_reset(&outgoing->arena);
	enum ch_status status = choose_repertoire(outgoing, terms);
	if (status == CH_OK)
		status = copy_document(outgoing, event->message, &document);
	if (status == CH_OK && script->settle != NULL)
		status = script->settle(&outgoing->arena, &script, &document);
	if (status != CH_OK)
		return status;
	status = write_bytes(outgoing, terms, script, document, event, number, prepared_us);
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

#include "channel/repair/xes.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/text.h"
#include "channel/repair/xes_value.h"

#define XES_CHUNK_BYTES (16u * 1024u)

enum xes_element {
	XES_OTHER, /* and all below it */
	XES_LOG,
	XES_TRACE,
	XES_EVENT,
	XES_ATTRIBUTE,
	XES_VALUES, /* of a list: as though it were not there */
};

/* Attributes of a log, trace or event, with what is wrong about them. */
struct xes_attributes {
	struct arena arena;
	struct cell *cells;
	size_t count;
	size_t capacity;
	bool refused;
	struct repair_reject reject; /* the first fault, when refused */
};

/* A finished event waiting to be given. */
struct xes_item {
	struct row row;
	bool refused;
	struct repair_reject reject;
	struct xes_item *next;
};

struct xes_level {
	enum xes_element element;
	size_t key_len; /* of reader->key above this level */
};

struct xes_reader {
	struct input *input;
	xmlParserCtxt *parser;
	struct xes_level levels[LIMIT_XML_DEPTH];
	size_t depth;
	struct buffer key; /* of the attribute being read, with its parents' */
	struct xes_attributes log;
	struct xes_attributes trace;
	struct xes_attributes event;
	struct place event_at;
	uint64_t event_index; /* in its trace */
	uint64_t record;      /* in the file */

	struct arena queue_arena; /* what one chunk gave; forgotten when it has been taken */
	struct xes_item *queue;
	struct xes_item **queue_end;
	struct xes_item *given;

	bool closing; /* the input has ended, the parser was told so */
	bool stopped; /* by us or by a fault in the document */
	bool fault;   /* to be told once the queue is empty */
	struct repair_reject fault_reject;
	enum ch_status ended;
	enum ch_status memory; /* CH_OK or CH_NOMEM; sticks */
};

/* ---- Places and faults ---- */

/* Counted in the file's own bytes: where the parser has converted them from another charset, only to
 * the piece that it was given last. */
static uint64_t xes_byte(const struct xes_reader *reader, const xmlChar *at)
{
	const xmlParserInput *input = reader->parser->input;
	if (input->buf != NULL && input->buf->encoder != NULL)
		return input_offset(reader->input);
	return input->consumed + (uint64_t)(at - input->base);
}

/* Of the tag whose start the parser has just read: it still has the bytes, and no attribute holds a
 * '<', so the tag begins at the nearest one. */
static struct place xes_place(const struct xes_reader *reader)
{
	const xmlParserInput *input = reader->parser->input;
	struct place at = {.record = reader->record};
	if (input == NULL)
		return at;
	const xmlChar *begin = input->cur;
	uint64_t line = (uint64_t)input->line;
	uint64_t characters = 0; /* of the tag, as the parser counts columns */
	while (begin > input->base && *begin != '<') {
		begin--;
		line -= *begin == '\n';
		characters += (*begin & 0xc0) != 0x80;
	}
	at.line = line;
	/* Of a tag over several lines only the parser's own line has a known column. */
	if (line == (uint64_t)input->line && (uint64_t)input->col > characters)
		at.column = (uint32_t)((uint64_t)input->col - characters);
	at.byte = xes_byte(reader, begin);
	return at;
}

static void xes_stop(struct xes_reader *reader)
{
	reader->stopped = true;
	xmlStopParser(reader->parser);
}

/* The document as a whole cannot be read on. */
__attribute__((format(printf, 3, 4))) static void xes_fail(
	struct xes_reader *reader, struct place at, const char *format, ...)
{
	char reason[240];
	va_list args;
	if (reader->fault)
		return;
	va_start(args, format);
	(void)vsnprintf(reason, sizeof(reason), format, args); /* cut when long */
	va_end(args);
	reader->fault = true;
	reject_fill(&reader->fault_reject, CH_FORMAT, at, (struct slice){NULL, 0}, "%s", reason);
	reader->fault_reject.fatal = true;
}

static void xes_refuse(struct xes_attributes *attributes, enum ch_status status, struct place at,
	struct slice field, const char *reason)
{
	if (attributes->refused)
		return;
	attributes->refused = true;
	reject_fill(&attributes->reject, status, at, field, "%s", reason);
}

/* ---- Attributes ---- */

static void xes_forget(struct xes_attributes *attributes)
{
	arena_reset(&attributes->arena);
	attributes->count = 0;
	attributes->refused = false;
}

static void xes_add(struct xes_reader *reader, struct xes_attributes *attributes, struct slice name,
	struct slice text, struct place at)
{
	if (attributes->count == LIMIT_ROW_COLUMNS ||
		attributes->arena.used_bytes + text.len > LIMIT_ROW_BYTES) {
		xes_refuse(
			attributes, CH_TOO_LARGE, at, name, "has too many or too long attributes");
		return;
	}
	if (attributes->count == attributes->capacity) {
		size_t capacity = attributes->capacity == 0 ? 16 : attributes->capacity * 2;
		struct cell *cells = realloc(attributes->cells, capacity * sizeof(*cells));
		if (cells == NULL) {
			reader->memory = CH_NOMEM;
			return;
		}
		attributes->cells = cells;
		attributes->capacity = capacity;
	}
	struct slice kept_name = arena_copy(&attributes->arena, name);
	struct slice kept_text = arena_copy(&attributes->arena, text);
	if (kept_name.data == NULL || (kept_text.data == NULL && text.len > 0)) {
		reader->memory = CH_NOMEM;
		return;
	}
	attributes->cells[attributes->count++] =
		(struct cell){.name = kept_name, .text = row_trim(kept_text), .at = at};
}

/* Without entities to replace, libxml2 leaves an ampersand as "&#38;" for its tree to read again. */
static void xes_append_value(struct buffer *out, struct slice value)
{
	for (size_t at = 0; at < value.len; at++) {
		buffer_append_byte(out, value.data[at]);
		if (slice_starts(slice_sub(value, at, 5), SLICE_LITERAL("&#38;")))
			at += 4;
	}
}

/* The value of `name` among a tag's attributes; data is NULL when it is not there.  libxml2 gives
 * five pointers an attribute: name, prefix, namespace, value, end of value. */
static struct slice xes_find(const xmlChar **attributes, int count, const char *name)
{
	for (int i = 0; i < count; i++) {
		const xmlChar **attribute = attributes + i * 5;
		if (attribute[1] == NULL && strcmp((const char *)attribute[0], name) == 0)
			return slice_of(attribute[3], (size_t)(attribute[4] - attribute[3]));
	}
	return (struct slice){NULL, 0};
}

/* Whose attribute it is: of the nearest log, trace or event above; NULL inside anything else. */
static struct xes_attributes *xes_owner(struct xes_reader *reader)
{
	for (size_t i = reader->depth; i-- > 0;) {
		switch (reader->levels[i].element) {
		case XES_LOG:
			return &reader->log;
		case XES_TRACE:
			return &reader->trace;
		case XES_EVENT:
			return &reader->event;
		case XES_OTHER:
			return NULL;
		default:
			break;
		}
	}
	return NULL;
}

static void xes_read_attribute(struct xes_reader *reader, const char *type,
	const xmlChar **tag_attributes, int count, struct place at)
{
	struct xes_attributes *owner = xes_owner(reader);
	struct slice key = xes_find(tag_attributes, count, "key");
	struct slice value = xes_find(tag_attributes, count, "value");
	struct buffer text = {0};
	if (owner == NULL)
		return;
	bool composite = strcmp(type, "list") == 0 || strcmp(type, "container") == 0;
	if (key.data == NULL || key.len == 0 || (value.data == NULL && !composite)) {
		xes_refuse(owner, CH_FORMAT, at, slice_text(type),
			key.len == 0 ? "an attribute without a key"
				     : "an attribute without a value");
		return;
	}
	if (reader->key.len > 0)
		buffer_append_byte(&reader->key, '/');
	xes_append_value(&reader->key, key);
	if (value.data == NULL)
		return;
	xes_append_value(&text, value);
	struct slice trimmed = row_trim(buffer_slice(&text));
	const char *wrong = trimmed.len > 0 ? xes_value_fault(type, trimmed) : NULL;
	if (reader->key.status != CH_OK || text.status != CH_OK)
		reader->memory = CH_NOMEM;
	else if (wrong != NULL)
		xes_refuse(owner, CH_INVALID, at, buffer_slice(&reader->key), wrong);
	else
		xes_add(reader, owner, buffer_slice(&reader->key), trimmed, at);
	buffer_fini(&text);
}

/* ---- Events ---- */

static int xes_compare_cells(const void *a, const void *b)
{
	const struct cell *left = a;
	const struct cell *right = b;
	int order = slice_compare(left->name, right->name);
	return order != 0 ? order : slice_compare(left->text, right->text);
}

/* Writers order attributes as their hash tables have them: the digest is of the sorted ones. */
static struct slice xes_canonical(struct arena *arena, const struct cell *cells, size_t count)
{
	struct buffer bytes = {0};
	struct slice kept = {NULL, 0};
	struct cell *sorted = arena_alloc(arena, (count + 1) * sizeof(*sorted));
	if (sorted == NULL)
		return kept;
	if (count > 0)
		memcpy(sorted, cells, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), xes_compare_cells);
	for (size_t i = 0; i < count; i++) {
		buffer_append_slice(&bytes, sorted[i].name);
		buffer_append_byte(&bytes, 0);
		buffer_append_slice(&bytes, sorted[i].text);
		buffer_append_byte(&bytes, 0);
	}
	buffer_append_byte(&bytes, '\n'); /* never empty */
	if (bytes.status == CH_OK)
		kept = arena_copy(arena, buffer_slice(&bytes));
	buffer_fini(&bytes);
	return kept;
}

/* Copies cells into the item, `prefix` in front of their names. */
static bool xes_copy_cells(struct arena *arena, const struct xes_attributes *from,
	const char *prefix, bool context, struct row *row)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct cell *cell = &from->cells[i];
		size_t prefix_len = strlen(prefix);
		uint8_t *name = arena_alloc(arena, prefix_len + cell->name.len);
		struct slice text = arena_copy(arena, cell->text);
		if (name == NULL || (text.data == NULL && cell->text.len > 0))
			return false;
		memcpy(name, prefix, prefix_len);
		memcpy(name + prefix_len, cell->name.data, cell->name.len);
		row->cells[row->count++] =
			(struct cell){.name = slice_of(name, prefix_len + cell->name.len),
				.text = text,
				.at = cell->at,
				.context = context};
	}
	return true;
}

static bool xes_fill_row(struct xes_reader *reader, struct row *row)
{
	struct arena *arena = &reader->queue_arena;
	char index[24];
	row->cells = arena_alloc(
		arena, (reader->event.count + reader->trace.count + reader->log.count + 1) *
			       sizeof(*row->cells));
	if (row->cells == NULL || !xes_copy_cells(arena, &reader->event, "", false, row) ||
		!xes_copy_cells(arena, &reader->trace, "trace:", false, row))
		return false;
	row->raw = xes_canonical(arena, row->cells, row->count);
	if (row->raw.data == NULL || !xes_copy_cells(arena, &reader->log, "log:", true, row))
		return false;
	(void)snprintf(index, sizeof(index), "%llu", (unsigned long long)reader->event_index);
	row->cells[row->count] = (struct cell){.name = SLICE_LITERAL("event:index"),
		.text = arena_copy(arena, slice_text(index)),
		.at = reader->event_at,
		.context = true};
	row->at = reader->event_at;
	return row->cells[row->count++].text.data != NULL;
}

static void xes_finish_event(struct xes_reader *reader)
{
	const struct xes_attributes *bad = reader->event.refused   ? &reader->event
					   : reader->trace.refused ? &reader->trace
					   : reader->log.refused   ? &reader->log
								   : NULL;
	struct xes_item *item = arena_alloc(&reader->queue_arena, sizeof(*item));
	if (item == NULL) {
		reader->memory = CH_NOMEM;
		return;
	}
	*item = (struct xes_item){.refused = bad != NULL};
	if (bad != NULL) {
		item->reject = bad->reject;
		item->reject.at.record = reader->record;
	} else if (!xes_fill_row(reader, &item->row)) {
		reader->memory = CH_NOMEM;
		return;
	}
	*reader->queue_end = item;
	reader->queue_end = &item->next;
}

/* ---- What the parser calls ---- */

static enum xes_element xes_classify(
	struct xes_reader *reader, const char *name, const char *namespace)
{
	static const char *const attributes[] = {
		"string", "date", "int", "float", "boolean", "id", "list", "container"};
	enum xes_element above =
		reader->depth > 0 ? reader->levels[reader->depth - 1].element : XES_OTHER;
	bool ours = namespace == NULL || strncmp(namespace, "http://www.xes-standard.org", 27) == 0;
	if (reader->depth == 0)
		return ours && strcmp(name, "log") == 0 ? XES_LOG : XES_OTHER;
	if (!ours || above == XES_OTHER)
		return XES_OTHER;
	if (strcmp(name, "trace") == 0 && above == XES_LOG)
		return XES_TRACE;
	if (strcmp(name, "event") == 0 && (above == XES_TRACE || above == XES_LOG))
		return XES_EVENT;
	if (strcmp(name, "values") == 0 && above == XES_ATTRIBUTE)
		return XES_VALUES;
	for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++) {
		if (strcmp(name, attributes[i]) == 0)
			return XES_ATTRIBUTE;
	}
	return XES_OTHER;
}

static void xes_start(void *context, const xmlChar *local_name, const xmlChar *prefix,
	const xmlChar *uri, int namespace_count, const xmlChar **namespaces, int attribute_count,
	int defaulted_count, const xmlChar **attributes)
{
	struct xes_reader *reader = context;
	const char *name = (const char *)local_name;
	(void)prefix;
	(void)namespace_count;
	(void)namespaces;
	(void)defaulted_count;
	if (reader->stopped)
		return;
	enum xes_element element = xes_classify(reader, name, (const char *)uri);
	struct place at = xes_place(reader);
	if (reader->depth == LIMIT_XML_DEPTH || (reader->depth == 0 && element != XES_LOG)) {
		xes_fail(reader, at,
			reader->depth == 0 ? "the document is a <%.40s>, not an XES <log>"
					   : "<%.40s> is nested too deep",
			name);
		xes_stop(reader);
		return;
	}
	struct xes_level *level = &reader->levels[reader->depth];
	*level = (struct xes_level){element, reader->key.len};
	if (element == XES_TRACE) {
		xes_forget(&reader->trace);
		reader->event_index = 0;
	} else if (element == XES_EVENT) {
		xes_forget(&reader->event);
		reader->record++;
		reader->event_index++;
		at.record = reader->record;
		reader->event_at = at;
	} else if (element == XES_ATTRIBUTE) {
		xes_read_attribute(reader, name, attributes, attribute_count, at);
	}
	reader->depth++;
}

static void xes_end(
	void *context, const xmlChar *local_name, const xmlChar *prefix, const xmlChar *uri)
{
	struct xes_reader *reader = context;
	(void)local_name;
	(void)prefix;
	(void)uri;
	if (reader->stopped || reader->depth == 0)
		return;
	const struct xes_level *level = &reader->levels[--reader->depth];
	reader->key.len = level->key_len;
	if (level->element == XES_EVENT)
		xes_finish_event(reader);
	else if (level->element == XES_TRACE)
		xes_forget(&reader->trace);
}

static void xes_doctype(
	void *context, const xmlChar *name, const xmlChar *external_id, const xmlChar *system_id)
{
	struct xes_reader *reader = context;
	(void)name;
	(void)external_id;
	(void)system_id;
	xes_fail(reader, xes_place(reader), "a document type declaration is not allowed");
	xes_stop(reader);
}

static void xes_error(void *context, xmlError *error)
{
	struct xes_reader *reader = context;
	if (error->level != XML_ERR_FATAL || reader->stopped)
		return;
	struct place at = {
		.line = error->line > 0 ? (uint64_t)error->line : 0,
		.column = error->int2 > 0 ? (uint32_t)error->int2 : 0,
		.byte = input_offset(reader->input),
	};
	const xmlParserInput *input = reader->parser->input;
	if (input != NULL)
		at.byte = xes_byte(reader, input->cur);
	if (error->code == XML_ERR_NO_MEMORY) {
		reader->memory = CH_NOMEM;
		return;
	}
	if (reader->closing) {
		xes_fail(reader, at, "the document is not finished: it may still be written");
		reader->fault_reject.incomplete = true;
	} else {
		struct slice message = text_trim(slice_text(error->message));
		xes_fail(reader, at, "not well-formed XML: %.*s", (int)message.len,
			message.len > 0 ? (const char *)message.data : "");
	}
	reader->stopped = true;
}

/* What libxml2 meets while it converts a charset it tells no parser, but prints, with bytes of the file: it is
 * kept from that, and xes_parse tells that the parser has halted. */
static void xes_pass_over(void *context, xmlError *error)
{
	(void)context; /* there is none */
	(void)error;
}

static void xes_pass_over_words(void *context, const char *format, ...)
{
	(void)context; /* there is none */
	(void)format;
}

/* ---- Reading ---- */

enum ch_status xes_open(struct input *input, struct xes_reader **out_reader)
{
	xmlSAXHandler handler = {
		.initialized = XML_SAX2_MAGIC,
		.startElementNs = xes_start,
		.endElementNs = xes_end,
		.internalSubset = xes_doctype,
		.serror = xes_error,
	};
	enum ch_status status = CH_NOMEM;
	struct xes_reader *reader = calloc(1, sizeof(*reader));
	if (reader == NULL)
		goto out;
	reader->input = input;
	reader->queue_end = &reader->queue;
	arena_init(&reader->queue_arena);
	arena_init(&reader->log.arena);
	arena_init(&reader->trace.arena);
	arena_init(&reader->event.arena);
	xmlSetStructuredErrorFunc(NULL, xes_pass_over); /* these two are this thread's */
	xmlSetGenericErrorFunc(NULL, xes_pass_over_words);
	reader->parser = xmlCreatePushParserCtxt(&handler, reader, NULL, 0, NULL);
	if (reader->parser == NULL)
		goto out;
	(void)xmlCtxtUseOptions(reader->parser, XML_PARSE_NONET); /* knows this one */
	*out_reader = reader;
	reader = NULL; /* the caller's now */
	status = CH_OK;
out:
	xes_close(reader);
	return status;
}

static void xes_free_attributes(struct xes_attributes *attributes)
{
	free(attributes->cells);
	arena_fini(&attributes->arena);
}

void xes_close(struct xes_reader *reader)
{
	if (reader == NULL)
		return;
	if (reader->parser != NULL) {
		xmlFreeDoc(reader->parser->myDoc); /* none is built; NULL is fine */
		xmlFreeParserCtxt(reader->parser);
	}
	xes_free_attributes(&reader->log);
	xes_free_attributes(&reader->trace);
	xes_free_attributes(&reader->event);
	buffer_fini(&reader->key);
	arena_fini(&reader->queue_arena);
	free(reader);
}

/* Gives the parser what comes next.  Its return value repeats what xes_error was told. */
/* What the parser holds because its end has not come yet is a tag with too many attributes: each has two
 * quotes.  One attribute may be as long as libxml2 lets it. */
static bool xes_tag_endless(const xmlParserInput *input)
{
	size_t quotes = 0;
	for (const xmlChar *at = input != NULL ? input->cur : NULL; at != NULL && at < input->end;
		at++)
		quotes += *at == '"' || *at == '\'';
	return quotes / 2 > LIMIT_XML_ATTRIBUTES;
}

/* A parser that halts without a word has met bytes that are no text in the charset that the file declares: what
 * stands behind them must not be taken for the end. */
static void xes_parse(struct xes_reader *reader, struct slice bytes)
{
	(void)xmlParseChunk(reader->parser, (const char *)bytes.data, (int)bytes.len,
		bytes.len == 0); /* its answer counts warnings, too */
	if (reader->stopped || reader->memory != CH_OK || !reader->parser->disableSAX)
		return;
	xes_fail(reader, xes_place(reader), "bytes that are not text in the charset it declares");
	reader->stopped = true;
}

static enum ch_status xes_feed(struct xes_reader *reader)
{
	struct slice window = input_window(reader->input);
	arena_reset(&reader->queue_arena);
	reader->queue = NULL;
	reader->queue_end = &reader->queue;
	if (window.len == 0) {
		enum ch_status status = input_fill(reader->input);
		if (status == CH_OK)
			return CH_OK;
		if (status == CH_END) {
			reader->closing = true;
			xes_parse(reader, (struct slice){NULL, 0});
		} else if (status != CH_NOMEM && status != CH_IO) {
			xes_fail(reader, (struct place){.byte = input_offset(reader->input)}, "%s",
				status == CH_TOO_LARGE ? "the unpacked file is over its bound"
						       : "the gzip data is damaged or ends early");
			reader->fault_reject.status = status;
		} else {
			return status;
		}
		reader->stopped = true;
		return CH_OK;
	}
	size_t len = window.len < XES_CHUNK_BYTES ? window.len : XES_CHUNK_BYTES;
	xes_parse(reader, slice_sub(window, 0, len));
	input_consume(reader->input, len);
	if (!reader->stopped && xes_tag_endless(reader->parser->input)) {
		xes_fail(reader, xes_place(reader), "a tag of too many attributes");
		reader->fault_reject.status = CH_TOO_LARGE;
		xes_stop(reader);
	}
	return CH_OK;
}

enum ch_status xes_next(
	struct xes_reader *reader, struct row *out_row, struct repair_reject *out_reject)
{
	while (reader->queue == NULL && !reader->stopped && reader->memory == CH_OK) {
		enum ch_status status = xes_feed(reader);
		if (status != CH_OK)
			return status;
	}
	if (reader->memory != CH_OK)
		return reader->memory;
	struct xes_item *item = reader->queue;
	if (item != NULL) {
		reader->queue = item->next;
		if (item->refused)
			*out_reject = item->reject;
		else
			*out_row = item->row;
		return item->refused ? item->reject.status : CH_OK;
	}
	if (!reader->fault)
		return CH_END;
	reader->fault = false;
	*out_reject = reader->fault_reject;
	return out_reject->status;
}

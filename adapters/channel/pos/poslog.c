/* How the reading works.
 *
 * libxml2 keeps every name that it meets once, in a dictionary, and hands out the same pointer each
 * time.  The rows of dialect.c are entered into that dictionary when the reader is made, so finding what
 * an element means is one look into a hash table of pointers, without comparing a letter.
 *
 * The reader keeps a stack of the rows it is inside.  An element without a row is passed over with all it
 * holds, by counting.  A row with a form collects text; when the element ends, the builder makes a value
 * of it.
 *
 * A transaction's bytes are wanted once more when it is whole, for its digest.  They stay in `window`:
 * the file from the first byte of the oldest transaction that is not done with, else from where the
 * parser stands. */
#include "channel/pos/poslog.h"

#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "channel/pos/builder.h"
#include "channel/pos/xml_text.h"

#define SLOTS         1024u /* a power of two, over three times the rows */
#define DEPTH_MAX     24u   /* of elements that have rows */
#define SKIP_MAX      256u  /* of elements in each other that have none */
#define SPACES_CACHED 16u
#define FEED_BYTES    ((size_t)64 * 1024)   /* to the parser at a time */
#define KEEP_BYTES    ((size_t)1024 * 1024) /* an arena that grew larger is not kept */

/* Two words, so that four lie together. */
struct slot {
	const xmlChar *name; /* NULL: empty */
	uint32_t place;      /* as place_of says */
	uint32_t row;        /* in dialect_rows */
};

struct record {
	struct record *next;
	struct arena arena;
	struct transaction transaction;
};

struct poslog {
	struct xml_text *xml_text;
	struct buffer converted;
	xmlParserCtxtPtr parser;
	enum ch_status status; /* CH_NOMEM sticks; CH_FORMAT: the file is done with */
	bool begun;            /* the root was seen */
	bool ended;

	struct slot slots[SLOTS];
	struct {
		const xmlChar *uri;
		enum space space;
	} spaces[SPACES_CACHED];
	size_t space_count;
	const xmlChar *space_uri; /* asked for last */
	enum space space;
	const xmlChar *currency_name;
	const xmlChar *currency_code_name;

	const struct row *stack[DEPTH_MAX];
	size_t depth;
	size_t skip; /* elements open inside one that has no row */
	const struct row *capture;
	size_t text_len;
	uint8_t text[LIMIT_POS_TEXT_BYTES + 1]; /* one more is enough to know that it is too long */

	struct builder builder;
	struct record *open;
	bool too_large; /* neither bytes nor values of the open transaction are kept any longer */

	struct buffer window;
	uint64_t window_offset; /* of its first byte */

	struct record *ready;
	struct record **ready_tail;
	struct record *given; /* by the last poslog_next */
	struct record *spare;

	char error[FAULT_REASON_BYTES];
	uint64_t error_line;
	uint64_t error_column;
};

/* ---- Records ---- */

static struct record *reader_record(struct poslog *r)
{
	struct record *record = r->spare;
	if (record != NULL) {
		r->spare = record->next;
		arena_reset(&record->arena);
	} else {
		record = malloc(sizeof(*record));
		if (record == NULL) {
			r->status = CH_NOMEM;
			return NULL;
		}
		arena_init(&record->arena);
	}
	record->next = NULL;
	record->transaction = (struct transaction){.arena = &record->arena};
	return record;
}

static void reader_recycle(struct poslog *r, struct record *record)
{
	if (record == NULL)
		return;
	if (record->arena.used_bytes > KEEP_BYTES)
		arena_fini(&record->arena);
	record->next = r->spare;
	r->spare = record;
}

static void reader_ready(struct poslog *r, struct record *record)
{
	*r->ready_tail = record;
	r->ready_tail = &record->next;
}

static void record_free_all(struct record *record)
{
	while (record != NULL) {
		struct record *next = record->next;
		arena_fini(&record->arena);
		free(record);
		record = next;
	}
}

/* ---- Places and faults ---- */

/* How many bytes of the file the parser has behind it. */
static uint64_t reader_here(const struct poslog *r)
{
	xmlParserInputPtr input = r->parser->input;
	return input->consumed + (uint64_t)(input->cur - input->base);
}

/* "RetailTransaction/LineItem/Sale/Quantity": the rows that the reader is inside, below POSLog and
 * Transaction, and `last`, which may be NULL. */
static void reader_path(const struct poslog *r, const char *last, char out[FAULT_FIELD_BYTES])
{
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = 2; i <= r->depth; i++) {
		const char *name = i < r->depth ? r->stack[i]->name : last;
		if (name == NULL)
			break;
		int more = snprintf(
			out + len, FAULT_FIELD_BYTES - len, "%s%s", len > 0 ? "/" : "", name);
		if (more < 0 || (size_t)more >= FAULT_FIELD_BYTES - len)
			break;
		len += (size_t)more;
	}
}

/* What the builder found wrong with the innermost element, or with its attribute `attribute`. */
static void reader_note(
	struct poslog *r, enum ch_status status, const char *attribute, const char *reason)
{
	struct fault *fault = &r->open->transaction.fault;
	if (status == CH_NOMEM)
		r->status = CH_NOMEM;
	if (status == CH_NOMEM || fault->status != CH_OK)
		return;
	reader_path(r, attribute, fault->field);
	(void)snprintf(fault->reason, sizeof(fault->reason), "%s", reason); /* fits, or is cut */
	fault->status = status;
	fault->line = (uint64_t)r->parser->input->line;
	fault->column = (uint64_t)r->parser->input->col;
}

/* The file cannot be read any further.  A transaction that is open goes down with it. */
static void reader_file_fault(
	struct poslog *r, uint64_t line, uint64_t column, const char *field, const char *reason)
{
	if (r->status != CH_OK)
		return;
	struct record *record = r->open != NULL ? r->open : reader_record(r);
	if (record == NULL)
		return;
	r->open = NULL;
	struct fault *fault = &record->transaction.fault;
	*fault = (struct fault){.status = CH_FORMAT, .file = true, .line = line, .column = column};
	(void)snprintf(fault->field, sizeof(fault->field), "%s", field);
	(void)snprintf(fault->reason, sizeof(fault->reason), "%s", reason);
	reader_ready(r, record);
	r->status = CH_FORMAT;
	xmlStopParser(r->parser);
}

static void reader_refuse_file(struct poslog *r, const char *field, const char *reason)
{
	reader_file_fault(r, (uint64_t)r->parser->input->line, (uint64_t)r->parser->input->col,
		field, reason);
}

/* ---- Rows ---- */

static uint32_t place_of(enum node parent, enum space space, bool attribute)
{
	return (uint32_t)parent << 8 | (uint32_t)space << 1 | attribute;
}

/* Names lie sixteen bytes apart or more. */
static size_t slot_hash(uint32_t place, const xmlChar *name)
{
	uint64_t key = (uint64_t)(uintptr_t)name ^ (uint64_t)place << 44;
	return (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 54) & (SLOTS - 1);
}

static const struct row *reader_row(const struct poslog *r, enum node parent, enum space space,
	bool attribute, const xmlChar *name)
{
	uint32_t place = place_of(parent, space, attribute);
	size_t at = slot_hash(place, name);
	for (; r->slots[at].name != NULL; at = (at + 1) & (SLOTS - 1)) {
		if (r->slots[at].name == name && r->slots[at].place == place)
			return &dialect_rows[r->slots[at].row];
	}
	return NULL;
}

static enum ch_status reader_intern(struct poslog *r)
{
	for (size_t i = 0; i < dialect_row_count; i++) {
		const struct row *row = &dialect_rows[i];
		bool attribute = row->name[0] == '@';
		const xmlChar *name =
			xmlDictLookup(r->parser->dict, (const xmlChar *)row->name + attribute, -1);
		if (name == NULL)
			return CH_NOMEM;
		uint32_t place = place_of(row->parent, row->space, attribute);
		size_t at = slot_hash(place, name);
		while (r->slots[at].name != NULL)
			at = (at + 1) & (SLOTS - 1);
		r->slots[at] = (struct slot){name, place, (uint32_t)i};
	}
	r->currency_name = xmlDictLookup(r->parser->dict, (const xmlChar *)"Currency", -1);
	r->currency_code_name = xmlDictLookup(r->parser->dict, (const xmlChar *)"CurrencyCode", -1);
	return r->currency_name != NULL && r->currency_code_name != NULL ? CH_OK : CH_NOMEM;
}

static enum space reader_find_space(struct poslog *r, const xmlChar *uri)
{
	for (size_t i = 0; i < r->space_count; i++) {
		if (r->spaces[i].uri == uri)
			return r->spaces[i].space;
	}
	enum space space = dialect_space((const char *)uri);
	if (r->space_count < SPACES_CACHED) {
		r->spaces[r->space_count].uri = uri;
		r->spaces[r->space_count++].space = space;
	}
	return space;
}

/* Mostly it is that of the element before. */
static inline enum space reader_space(struct poslog *r, const xmlChar *prefix, const xmlChar *uri)
{
	if (uri == NULL)
		return prefix == NULL ? SPACE_ARTS : SPACE_FOREIGN;
	if (uri != r->space_uri) {
		r->space = reader_find_space(r, uri);
		r->space_uri = uri;
	}
	return r->space;
}

/* ---- Transactions ---- */

/* The parser stands behind the last attribute of the start tag; "<" is no part of any of them. */
static bool reader_open(struct poslog *r)
{
	r->open = reader_record(r);
	if (r->open == NULL)
		return false;
	struct transaction *t = &r->open->transaction;
	size_t behind = (size_t)(reader_here(r) - r->window_offset);
	const uint8_t *start = memrchr(r->window.data, '<', behind);
	size_t at = start != NULL ? (size_t)(start - r->window.data) : 0;
	size_t tag = behind - at;
	t->offset = r->window_offset + at;
	t->line = (uint64_t)r->parser->input->line;
	t->column = (uint64_t)r->parser->input->col;
	if (memchr(r->window.data + at, '\n', tag) == NULL)
		t->column -= tag < t->column ? tag : t->column - 1;
	builder_begin(&r->builder, t);
	return true;
}

static void reader_close(struct poslog *r)
{
	struct transaction *t = &r->open->transaction;
	t->len = reader_here(r) - t->offset;
	if (r->too_large || t->len > LIMIT_POS_TRANSACTION_BYTES)
		transaction_fault(t, CH_TOO_LARGE, "Transaction", "too many bytes");
	r->too_large = false;
	reader_ready(r, r->open);
	r->open = NULL;
}

/* ---- The parser's events ---- */

static void reader_attributes(
	struct poslog *r, const struct row *row, int count, const xmlChar **attributes)
{
	const char *reason = "";
	for (int i = 0; i < count; i++, attributes += 5) {
		const xmlChar *name = attributes[0];
		struct slice value =
			slice_of(attributes[3], (size_t)(attributes[4] - attributes[3]));
		if (row->form == FORM_AMOUNT &&
			(name == r->currency_name || name == r->currency_code_name)) {
			if (builder_set_currency(&r->builder, row, value) != CH_OK)
				r->status = CH_NOMEM;
			continue;
		}
		if (row->node == NODE_NONE)
			continue;
		enum space space = reader_space(r, attributes[1], attributes[2]);
		const struct row *field = reader_row(r, row->node, space, true, name);
		if (field == NULL)
			continue;
		enum ch_status status = builder_set(&r->builder, field, value, &reason);
		if (status != CH_OK)
			reader_note(r, status, field->name, reason);
	}
}

/* True when the element is to be read, false when it is to be passed over. */
static bool reader_enter(struct poslog *r, const struct row *row)
{
	const char *reason = "";
	if (row->node == NODE_TRANSACTION)
		return reader_open(r);
	if (r->open == NULL)
		return true; /* POSLog itself */
	enum ch_status status = builder_enter(&r->builder, row, &reason);
	if (status != CH_OK && status != CH_NOT_FOUND)
		reader_note(r, status, row->name, reason);
	return status == CH_OK;
}

static void on_start(void *context, const xmlChar *localname, const xmlChar *prefix,
	const xmlChar *uri, int namespace_count, const xmlChar **namespaces, int attribute_count,
	int defaulted_count, const xmlChar **attributes)
{
	struct poslog *r = context;
	(void)namespace_count; /* the uri has them worked out */
	(void)namespaces;
	(void)defaulted_count; /* without a DTD there are none */
	if (r->status != CH_OK)
		return;
	if (r->skip > 0) {
		/* libxml2 bounds the depth of trees, and there is none here. */
		if (++r->skip > SKIP_MAX)
			reader_refuse_file(r, "XML", "too many elements inside each other");
		return;
	}
	enum node parent = r->depth > 0 ? r->stack[r->depth - 1]->node : NODE_DOCUMENT;
	enum space space = reader_space(r, prefix, uri);
	const struct row *row = parent != NODE_NONE && r->depth < DEPTH_MAX
					? reader_row(r, parent, space, false, localname)
					: NULL;
	if (row == NULL && r->depth == 0) {
		reader_refuse_file(r, (const char *)localname, "the root is not an ARTS POSLog");
		return;
	}
	if (row == NULL && r->open != NULL &&
		builder_unknown(&r->builder, parent, (const char *)localname) != CH_OK)
		r->status = CH_NOMEM;
	if (row == NULL || r->too_large || !reader_enter(r, row)) {
		r->skip = 1;
		return;
	}
	r->begun = true;
	r->stack[r->depth++] = row;
	r->capture = row->form != FORM_NONE ? row : NULL;
	r->text_len = 0;
	if (attribute_count > 0)
		reader_attributes(r, row, attribute_count, attributes);
}

static void on_end(
	void *context, const xmlChar *localname, const xmlChar *prefix, const xmlChar *uri)
{
	struct poslog *r = context;
	const char *reason = "";
	enum ch_status status = CH_OK;
	(void)localname; /* the stack knows */
	(void)prefix;
	(void)uri;
	if (r->status != CH_OK)
		return;
	if (r->skip > 0) {
		r->skip--;
		return;
	}
	const struct row *row = r->stack[r->depth - 1];
	if (row == r->capture)
		status = builder_set(&r->builder, row, slice_of(r->text, r->text_len), &reason);
	if (status == CH_OK && r->open != NULL)
		status = builder_leave(&r->builder, row, &reason);
	if (status != CH_OK)
		reader_note(r, status, NULL, reason);
	if (row->node == NODE_TRANSACTION && r->open != NULL)
		reader_close(r);
	r->depth--;
	/* An outer element's text before this one is forgotten: no place has both. */
	const struct row *outer = r->depth > 0 ? r->stack[r->depth - 1] : NULL;
	r->capture = outer != NULL && outer->form != FORM_NONE ? outer : NULL;
	r->text_len = 0;
}

static void on_text(void *context, const xmlChar *text, int len)
{
	struct poslog *r = context;
	if (r->capture == NULL || r->skip > 0)
		return;
	size_t room = sizeof(r->text) - r->text_len;
	size_t more = (size_t)len < room ? (size_t)len : room;
	memcpy(r->text + r->text_len, text, more);
	r->text_len += more;
}

static void on_doctype(
	void *context, const xmlChar *name, const xmlChar *external_id, const xmlChar *system_id)
{
	(void)name;
	(void)external_id;
	(void)system_id;
	reader_refuse_file(context, "DOCTYPE", "a document type declaration is not read");
}

static char printable(char c)
{
	if (c == '\n')
		return ' ';
	if (c < ' ' || c > '~')
		return '?';
	return c;
}

/* Keeps the first error that stops the parser. */
static void on_error(void *context, xmlErrorPtr error)
{
	struct poslog *r = context;
	if (error->level != XML_ERR_FATAL || r->error[0] != '\0' || error->message == NULL)
		return;
	size_t len = 0;
	for (const char *c = error->message; *c != '\0' && len < sizeof(r->error) - 1; c++)
		r->error[len++] = printable(*c);
	while (len > 0 && r->error[len - 1] == ' ')
		len--;
	r->error[len] = '\0';
	r->error_line = (uint64_t)r->parser->input->line;
	r->error_column = (uint64_t)r->parser->input->col;
}

/* ---- The reader ---- */

enum ch_status poslog_create(const struct zone *zone, struct poslog **out_poslog)
{
	enum ch_status status = CH_NOMEM;
	xmlSAXHandler handler = {.initialized = XML_SAX2_MAGIC,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_text,
		.ignorableWhitespace = on_text,
		.cdataBlock = on_text,
		.internalSubset = on_doctype,
		.serror = on_error};
	struct poslog *r = calloc(1, sizeof(*r));
	if (r == NULL)
		goto out;
	r->builder.zone = zone;
	r->ready_tail = &r->ready;
	status = xml_text_create(&r->xml_text);
	if (status != CH_OK)
		goto out;
	status = CH_NOMEM;
	r->parser = xmlCreatePushParserCtxt(&handler, r, NULL, 0, NULL);
	/* The bytes are UTF-8 by now, whatever the declaration says. */
	if (r->parser == NULL ||
		xmlCtxtUseOptions(r->parser, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC) != 0)
		goto out;
	status = reader_intern(r);
	if (status != CH_OK)
		goto out;
	*out_poslog = r;
	r = NULL; /* the caller's now */
out:
	poslog_free(r);
	return status;
}

void poslog_free(struct poslog *poslog)
{
	if (poslog == NULL)
		return;
	record_free_all(poslog->ready);
	record_free_all(poslog->given);
	record_free_all(poslog->spare);
	record_free_all(poslog->open);
	xmlFreeParserCtxt(poslog->parser);
	xml_text_free(poslog->xml_text);
	buffer_fini(&poslog->converted);
	buffer_fini(&poslog->window);
	free(poslog);
}

/* Forgets the bytes that nobody will ask for. */
static void reader_trim_window(struct poslog *r)
{
	uint64_t here = reader_here(r);
	if (r->open != NULL && here - r->open->transaction.offset > LIMIT_POS_TRANSACTION_BYTES)
		r->too_large = true;
	uint64_t keep = r->open != NULL && !r->too_large ? r->open->transaction.offset : here;
	if (r->ready != NULL && r->ready->transaction.offset < keep)
		keep = r->ready->transaction.offset;
	size_t drop = (size_t)(keep - r->window_offset);
	memmove(r->window.data, r->window.data + drop, r->window.len - drop);
	r->window.len -= drop;
	r->window_offset += drop;
}

/* After the parser has seen all that it was given. */
static enum ch_status reader_check(struct poslog *r)
{
	if (r->status == CH_OK && !r->parser->wellFormed)
		reader_file_fault(r, r->error_line, r->error_column, "XML",
			r->error[0] != '\0' ? r->error : "not well-formed");
	return r->status;
}

/* What the parser holds because its end has not come yet is a tag with too many attributes: each has two
 * quotes.  One attribute may be as long as libxml2 lets it. */
static bool reader_tag_endless(const xmlParserInput *input)
{
	size_t quotes = 0;
	for (const xmlChar *at = input != NULL ? input->cur : NULL; at != NULL && at < input->end;
		at++)
		quotes += *at == '"' || *at == '\'';
	return quotes / 2 > LIMIT_XML_ATTRIBUTES;
}

static enum ch_status reader_parse(struct poslog *r, struct slice bytes)
{
	while (bytes.len > 0 && r->status == CH_OK) {
		struct slice part = slice_sub(bytes, 0, FEED_BYTES);
		buffer_append_slice(&r->window, part);
		if (r->window.status != CH_OK)
			return r->status = r->window.status;
		(void)xmlParseChunk(r->parser, (const char *)part.data, (int)part.len,
			0); /* its answer counts warnings too: reader_check looks closer */
		if (reader_check(r) == CH_OK && reader_tag_endless(r->parser->input))
			reader_refuse_file(r, "XML", "a tag of too many attributes");
		if (r->status == CH_OK)
			reader_trim_window(r);
		bytes = slice_sub(bytes, part.len, bytes.len);
	}
	return r->status;
}

/* What the bytes are in UTF-8 goes into the parser. */
static enum ch_status reader_take_converted(
	struct poslog *r, enum ch_status status, const char *reason)
{
	enum ch_status parsed = reader_parse(r, buffer_slice(&r->converted));
	buffer_clear(&r->converted);
	if (parsed != CH_OK || status == CH_OK)
		return parsed;
	if (status == CH_FORMAT)
		reader_refuse_file(r, "encoding", reason);
	else
		r->status = status;
	return r->status;
}

enum ch_status poslog_feed(struct poslog *poslog, struct slice bytes)
{
	char reason[XML_TEXT_REASON_BYTES] = "";
	if (poslog->status != CH_OK || poslog->ended)
		return poslog->status != CH_OK ? poslog->status : CH_CLOSED;
	if (xml_text_passes(poslog->xml_text))
		return reader_parse(poslog, bytes);
	enum ch_status status = xml_text_feed(poslog->xml_text, bytes, &poslog->converted, reason);
	return reader_take_converted(poslog, status, reason);
}

enum ch_status poslog_end(struct poslog *poslog)
{
	char reason[XML_TEXT_REASON_BYTES] = "";
	if (poslog->status != CH_OK || poslog->ended)
		return poslog->status;
	poslog->ended = true;
	enum ch_status status = xml_text_end(poslog->xml_text, &poslog->converted, reason);
	status = reader_take_converted(poslog, status, reason);
	if (status != CH_OK)
		return status;
	/* libxml2 has one message for all that is wrong with an end. */
	if (poslog->depth > 0)
		reader_refuse_file(poslog, "XML", "the file is cut off");
	else if (!poslog->begun && poslog->parser->wellFormed)
		reader_refuse_file(poslog, "XML", "nothing in it");
	else
		(void)xmlParseChunk(poslog->parser, NULL, 0, 1); /* see reader_check */
	return reader_check(poslog);
}

enum ch_status poslog_next(struct poslog *poslog, struct transaction **out_transaction)
{
	reader_recycle(poslog, poslog->given);
	poslog->given = NULL;
	if (poslog->status == CH_NOMEM)
		return CH_NOMEM;
	struct record *record = poslog->ready;
	if (record == NULL)
		return CH_END;
	poslog->ready = record->next;
	if (poslog->ready == NULL)
		poslog->ready_tail = &poslog->ready;
	record->next = NULL;
	poslog->given = record;
	*out_transaction = &record->transaction;
	return CH_OK;
}

struct slice poslog_bytes(const struct poslog *poslog, const struct transaction *transaction)
{
	if (transaction->fault.status != CH_OK || transaction->offset < poslog->window_offset)
		return (struct slice){NULL, 0};
	return slice_sub(buffer_slice(&poslog->window),
		(size_t)(transaction->offset - poslog->window_offset), (size_t)transaction->len);
}

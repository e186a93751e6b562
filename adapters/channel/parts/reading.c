#include "channel/parts/reading.h"

#include "base/currency.h"

static const struct document *const documents[MESSAGE_KINDS] = {
	[MESSAGE_ORDER] = &document_order,
	[MESSAGE_ORDER_CHANGE] = &document_order,
	[MESSAGE_ORDER_RESPONSE] = &document_response,
	[MESSAGE_DISPATCH] = &document_dispatch,
	[MESSAGE_RECEIPT] = &document_receipt,
	[MESSAGE_INVENTORY] = &document_inventory,
	[MESSAGE_PRICES] = &document_prices,
	[MESSAGE_ACKNOWLEDGEMENT] = &document_acknowledgement,
};

/* ---- Running ---- */

static inline const struct segment_row *row_find(
	const struct segment_rows *rows, struct short_code tag)
{
	const struct segment_row *row = &rows->at[SEGMENT_ROW_AT(short_code_word(tag))];
	return short_code_equal(row->tag, tag) && row->take != NULL ? row : NULL;
}

/* By what the envelope's look has left. */
static enum ch_status reading_recall(
	struct reading *r, const struct segment_rows *rows, struct scanner *scanner)
{
	const struct message *message = r->message;
	const struct seam *seams = r->interchange->seams + message->first_seam;
	const struct slice text = slice_of(r->text, r->text_len);
	for (uint32_t i = 0; i < message->segments && r->status == CH_OK; i++) {
		const struct segment_row *row = row_find(rows, seams[i].name);
		if (row == NULL)
			continue;
		enum ch_status status = scanner_recall(
			scanner, &seams[i], i + 1, text, message->offset, &r->segment);
		if (status != CH_OK)
			return status;
		row->take(r);
	}
	return r->status;
}

/* By another look. */
static enum ch_status reading_walk(
	struct reading *r, const struct segment_rows *rows, struct scanner *scanner)
{
	struct slice rest = slice_of(r->text, r->text_len);
	enum ch_status status = CH_OK;
	for (uint32_t i = 0; r->status == CH_OK; i++) {
		status = scanner_pass(scanner, &rest, &r->segment);
		if (status != CH_OK)
			break;
		scanner_segment(scanner)->position = i + 1;
		const struct segment_row *row = row_find(rows, r->segment->name);
		if (row == NULL)
			continue;
		scanner_cut(scanner);
		row->take(r);
	}
	if (r->status != CH_OK)
		return r->status;
	if (status == CH_END)
		return CH_OK;
	return status == CH_NOMEM ? status : CH_INTERNAL; /* it was read before */
}

/* The document's state, and the message's bytes: a copy that texts may stay in. */
static enum ch_status reading_settle(
	struct reading *r, const struct document *document, struct slice bytes)
{
	r->state = arena_alloc(r->arena, document->state_bytes);
	r->text = arena_alloc(r->arena, bytes.len);
	r->text_len = bytes.len;
	r->text_of = bytes.data;
	if (r->state == NULL || r->text == NULL)
		return CH_NOMEM;
	memset(r->state, 0, document->state_bytes);
	memcpy(r->text, bytes.data, bytes.len);
	return CH_OK;
}

enum ch_status reading_run(struct reading *reading, struct scanner *scanner, struct slice file)
{
	struct reading *r = reading;
	const struct document *document = documents[r->message->kind];
	bool edifact = r->interchange->standard == STANDARD_EDIFACT;
	const struct segment_rows *rows = edifact ? document->edifact : document->x12;
	struct slice bytes =
		slice_sub(file, r->message->offset, (size_t)(r->message->end - r->message->offset));
	r->currency = r->options->currency;
	r->first = NULL;
	r->last = NULL;
	if (bytes.len > LIMIT_PARTS_MESSAGE_BYTES)
		return flaws_add(&r->message->flaws, &r->interchange->arena,
			(struct flaw){.kind = FLAW_TOO_LONG,
				.offset = r->message->offset,
				.segment = 1,
				.words = "the message"});
	enum ch_status status = reading_settle(r, document, bytes);
	if (status != CH_OK)
		return status;
	scanner_begin(scanner, &r->interchange->marks, r->message->offset);
	if (!r->interchange->ascii || !edifact)
		status = scanner_set_charset(scanner, r->interchange->charset);
	if (status != CH_OK)
		return status;
	document->begin(r);
	if (r->status == CH_OK)
		status = r->message->first_seam != SEAM_NONE ? reading_recall(r, rows, scanner)
							     : reading_walk(r, rows, scanner);
	if (status == CH_OK && r->status == CH_OK && r->message->flaws.count == 0)
		document->end(r);
	if (r->message->flaws.count > 0)
		r->first = NULL;
	return r->status != CH_OK ? r->status : status;
}

/* ---- Memory ---- */

static void *reading_alloc(struct reading *r, size_t len)
{
	void *room = r->status == CH_OK ? arena_alloc(r->arena, len) : NULL;
	if (room == NULL)
		r->status = CH_NOMEM;
	return room;
}

void *reading_new(struct reading *reading, const ProtobufCMessageDescriptor *type)
{
	ProtobufCMessage *message = reading_alloc(reading, type->sizeof_message);
	if (message != NULL)
		type->message_init(message);
	return message;
}

/* The array's room doubles at powers of two, so that it needs no member of its own. */
void reading_push(struct reading *reading, void *list, size_t *count, void *item)
{
	void **array;
	memcpy(&array, list, sizeof(array));
	if (item == NULL || reading->status != CH_OK)
		return;
	if ((*count & (*count - 1)) == 0) {
		void **grown =
			reading_alloc(reading, (*count == 0 ? 1 : *count * 2) * sizeof(*grown));
		if (grown == NULL)
			return;
		if (*count > 0)
			memcpy(grown, array, *count * sizeof(*grown));
		array = grown;
		memcpy(list, &array, sizeof(array));
	}
	array[(*count)++] = item;
}

char *reading_copy(struct reading *reading, struct slice text)
{
	char *copy = reading_constant(protobuf_c_empty_string);
	if (text.len == 0)
		return copy;
	uintptr_t at = (uintptr_t)text.data - (uintptr_t)reading->text;
	if (at < reading->text_len) {
		reading->text[at + text.len] =
			0; /* in the place of a mark, which is known already */
		return (char *)reading->text + at;
	}
	char *room = reading_alloc(reading, text.len + 1);
	if (room == NULL)
		return copy;
	memcpy(room, text.data, text.len);
	room[text.len] = 0;
	return room;
}

void reading_append(struct reading *reading, char **field, struct slice text, const char *between)
{
	if (text.len == 0)
		return;
	if ((*field)[0] == 0) {
		*field = reading_copy(reading, text);
		return;
	}
	size_t old = strlen(*field);
	size_t gap = strlen(between);
	char *room = reading_alloc(reading, old + gap + text.len + 1);
	if (room == NULL)
		return;
	memcpy(room, *field, old);
	memcpy(room + old, between, gap);
	memcpy(room + old + gap, text.data, text.len);
	room[old + gap + text.len] = 0;
	*field = room;
}

/* ---- Values ---- */

Carehub__V1__Decimal *reading_decimal(struct reading *reading, struct decimal value)
{
	Carehub__V1__Decimal *number = reading_new(reading, &carehub__v1__decimal__descriptor);
	if (number == NULL)
		return NULL;
	number->unscaled = value.unscaled;
	number->scale = value.scale;
	return number;
}

struct decimal reading_value(const Carehub__V1__Decimal *number)
{
	return (struct decimal){number->unscaled, number->scale};
}

/* Digits with one comma or point at the most, few enough for any of them; false: it is something else. */
static inline bool parse_digits(struct slice text, struct decimal *out_value)
{
	struct decimal value = {0, 0};
	bool point = false;
	if (text.len > 18)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned digit = (unsigned)text.data[i] - '0';
		if (digit <= 9) {
			value.unscaled = value.unscaled * 10 + digit;
			value.scale += point;
		} else if ((text.data[i] == '.' || text.data[i] == ',') && !point) {
			point = true;
		} else {
			return false;
		}
	}
	*out_value = value;
	return text.len > point;
}

/* ISO 9735: comma or point, whatever UNA says; no mark between thousands. */
static enum ch_status parse_number(struct slice text, struct decimal *out_value)
{
	char plain[48];
	if (parse_digits(text, out_value))
		return CH_OK;
	if (text.len >= sizeof(plain))
		return CH_TOO_LARGE;
	for (size_t i = 0; i < text.len; i++)
		plain[i] = text.data[i] == ',' ? '.' : (char)text.data[i];
	return decimal_parse(slice_of(plain, text.len), out_value);
}

static bool reading_parse(struct reading *r, struct slice text, unsigned element,
	unsigned component, struct decimal *out_value)
{
	if (r->interchange->standard == STANDARD_X12)
		while (text.len > 0 && text.data[0] == ' ')
			text = slice_sub(text, 1, text.len);
	if (text.len == 0)
		return false;
	if (parse_number(text, out_value) == CH_OK)
		return true;
	reading_flaw(r, FLAW_NUMBER, element, component, NULL);
	return false;
}

Carehub__V1__Decimal *reading_number_of(
	struct reading *reading, struct slice text, unsigned element, unsigned component)
{
	struct decimal value;
	return reading_parse(reading, text, element, component, &value)
		       ? reading_decimal(reading, value)
		       : NULL;
}

Carehub__V1__Money *reading_money(
	struct reading *reading, unsigned element, unsigned component, struct slice currency)
{
	struct decimal value;
	int64_t minor_units;
	bool exact;
	struct slice code = currency.len > 0 ? currency : reading->currency;
	struct slice text = segment_get(reading->segment, element, component);
	if (!reading_parse(reading, text, element, component, &value) || !currency_is_code(code))
		return NULL;
	if (currency_minor_units(value, code, &minor_units, &exact) != CH_OK) {
		reading_flaw(reading, FLAW_NUMBER, element, component, "too large an amount");
		return NULL;
	}
	Carehub__V1__Money *money = reading_new(reading, &carehub__v1__money__descriptor);
	if (money == NULL)
		return NULL;
	money->minor_units = minor_units;
	money->currency = reading_copy(reading, code);
	return money;
}

bool reading_date(struct reading *reading, struct slice text, struct slice format, unsigned element,
	unsigned component, struct moment *out_moment)
{
	if (text.len == 0)
		return false;
	enum ch_status status = date_parse(text, format, out_moment);
	if (status == CH_OK)
		return true;
	if (status != CH_UNSUPPORTED) /* weeks, months and the like name no day */
		reading_flaw(reading, FLAW_DATE, element, component, NULL);
	return false;
}

int64_t reading_utc(const struct reading *reading, const struct moment *moment)
{
	return date_to_utc(moment, reading->options->zone);
}

char *reading_day(struct reading *reading, const struct moment *moment)
{
	char text[DATE_BYTES];
	return reading_copy(reading, slice_text(date_format(moment, text)));
}

/* ---- What is said ---- */

void reading_flaw_at(
	struct reading *reading, struct flaw here, enum flaw_kind kind, const char *words)
{
	here.kind = kind;
	here.words = words;
	enum ch_status status =
		flaws_add(&reading->message->flaws, &reading->interchange->arena, here);
	if (status != CH_OK)
		reading->status = status;
}

void reading_flaw(struct reading *reading, enum flaw_kind kind, unsigned element,
	unsigned component, const char *words)
{
	/* An element of one component is told without it. */
	if (component == 1 && segment_get(reading->segment, element, 2).len == 0)
		component = 0;
	reading_flaw_at(reading, segment_flaw(reading->segment, kind, element, component, words),
		kind, words);
}

/* A text of the file that stands in the message, where it stands in the copy of that. */
static struct slice origin_place(const struct reading *reading, struct slice text)
{
	uintptr_t at = (uintptr_t)text.data - (uintptr_t)reading->text_of;
	return text.len > 0 && at < reading->text_len ? slice_of(reading->text + at, text.len)
						      : text;
}

/* "ORDERS:D:96A:UN:EAN008" */
static char *origin_type(struct reading *reading)
{
	const struct message *message = reading->message;
	char *text = reading_copy(reading, origin_place(reading, message->type[0]));
	size_t count = MESSAGE_TYPE_PARTS;
	size_t len = 0;
	while (count > 0 && message->type[count - 1].len == 0)
		count--;
	for (size_t i = 0; i < count; i++)
		len += message->type[i].len + 1;
	char *room = count > 1 ? reading_alloc(reading, len) : NULL;
	if (room == NULL)
		return text;
	text = room;
	for (size_t i = 0; i < count; i++) {
		struct slice part = message->type[i];
		if (part.len > 0)
			memcpy(room, part.data, part.len);
		room += part.len;
		*room++ = i + 1 < count ? ':' : 0;
	}
	return text;
}

Carehub__V1__InterchangeRef *reading_origin(struct reading *reading)
{
	const struct interchange *x = reading->interchange;
	Carehub__V1__InterchangeRef *ref =
		reading_new(reading, &carehub__v1__interchange_ref__descriptor);
	if (ref == NULL)
		return NULL;
	ref->standard = reading_constant(standard_name(x->standard));
	ref->sender = reading_copy(reading, x->sender.id);
	ref->recipient = reading_copy(reading, x->recipient.id);
	ref->interchange_id = reading_copy(reading, x->reference);
	ref->message_id = reading_copy(reading, origin_place(reading, reading->message->reference));
	ref->message_type = origin_type(reading);
	if (x->test)
		ref->test = CAREHUB__V1__ANSWER__ANSWER_YES;
	return ref;
}

void reading_make(struct reading *reading, const char *type, const void *message,
	const char *suffix, uint32_t number)
{
	struct made *made = reading_alloc(reading, sizeof(*made));
	if (made == NULL || message == NULL)
		return;
	*made = (struct made){.type = type, .message = message, .suffix = suffix, .number = number};
	if (reading->last != NULL)
		reading->last->next = made;
	else
		reading->first = made;
	reading->last = made;
}

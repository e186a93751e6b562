/* One message on its way to becoming events: its segments are handed, one by one, to the rows of a table,
 * and each row puts what it finds into the typed message.
 *
 *     static const struct segment_rows rows = {
 *             SEGMENT_ROW('B', 'G', 'M', take_begin), SEGMENT_ROW('L', 'I', 'N', take_line), ...};
 *
 * A segment without a row is passed over: messages hold much that no event has a place for.  A value that
 * is there and cannot be read is a flaw, with its place, and refuses the whole message: an order is never
 * taken without one of its quantities. */
#ifndef PARTS_READING_H
#define PARTS_READING_H

#include "base/decimal.h"
#include "carehub/v1/parts.pb-c.h"
#include "carehub/v1/reference.pb-c.h"
#include "channel/parts/date.h"
#include "channel/parts/interchange.h"

/* What has been agreed with those who send. */
struct parts_options {
	struct slice source;     /* of the events; {sender} in it stands for the sender's number */
	struct slice currency;   /* of amounts that name none; empty: such amounts are left out */
	const struct zone *zone; /* of all times; NULL: UTC */
	/* RFF qualifier of the repair that a part is wanted for; empty: none. */
	struct slice repair_reference;
	const char *const *recipients; /* whom interchanges may be for; none: anybody */
	size_t recipient_count;
	bool refuse_tests;
};

/* An event that a message gives. */
struct made {
	struct made *next;
	const char *type;
	const ProtobufCMessage *message;
	const char *suffix; /* behind the message's id, with the number; "" for the first */
	uint32_t number;    /* 0: none */
};

struct reading;

struct segment_row {
	struct short_code tag;
	void (*take)(struct reading *reading);
};

/* Rows stand where their tags say, so that finding one is a look at one place.  Two of a table at the same
 * place do not compile: then another factor is called for. */
#define SEGMENT_ROWS               64u
#define SEGMENT_ROW_AT(word)       ((uint32_t)(word)*UINT32_C(0xafbf5311) >> 26)
#define SEGMENT_TAG(a, b, c)       ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16)
#define SEGMENT_ROW(a, b, c, take) .at[SEGMENT_ROW_AT(SEGMENT_TAG(a, b, c))] = {{{a, b, c}}, take}

struct segment_rows {
	struct segment_row at[SEGMENT_ROWS];
};

/* How one kind of message is read, in both standards. */
struct document {
	const struct segment_rows *edifact;
	const struct segment_rows *x12;
	size_t state_bytes; /* zeroed at the start */
	void (*begin)(struct reading *reading);
	void (*end)(struct reading *reading);
};

extern const struct document document_order;
extern const struct document document_response;
extern const struct document document_dispatch;
extern const struct document document_receipt;
extern const struct document document_inventory;
extern const struct document document_prices;
extern const struct document document_acknowledgement;

struct reading {
	struct interchange *interchange; /* takes the flaws */
	struct message *message;
	const struct parts_options *options;
	struct arena *arena;    /* of the events */
	void *state;            /* the document's own */
	uint8_t *text;          /* the message's bytes, in the arena */
	const uint8_t *text_of; /* the same in the file */
	size_t text_len;
	const struct segment *segment;
	struct slice currency;
	struct moment date; /* of the document */
	bool dated;
	bool inside;                  /* past the first line, and before the summary */
	Carehub__V1__PartItem **item; /* of the line at hand; NULL: none */
	struct made *first;
	struct made *last;
	enum ch_status status; /* CH_OK or CH_NOMEM; sticks */
};

/* Reads the message's bytes, which lie in `file`.  CH_OK: reading->first; nothing there when the message
 * has flaws, which are added to it.  CH_NOMEM. */
enum ch_status reading_run(struct reading *reading, struct scanner *scanner, struct slice file);

/* ---- For the rows: all sticks in reading->status ---- */

/* A message of the schema, empty.  NULL when memory runs out; then the others do nothing. */
void *reading_new(struct reading *reading, const ProtobufCMessageDescriptor *type);

/* Adds `item` to a repeated field; `list` is its array's address. */
void reading_push(struct reading *reading, void *list, size_t *count, void *item);
#define READING_ADD(reading, object, field, item)                                                  \
	reading_push(reading, &(object)->field, &(object)->n_##field, item)

/* A text that lasts, as protobuf-c's structs take it; nobody writes to it. */
static inline char *reading_constant(const char *text)
{
	return (char *)(uintptr_t)text;
}

/* C text of a slice, which is a whole value of the segment at hand, or something else; the schema's empty text
 * for an empty one.  A value stays where it is in the message, with a NUL in the place of the mark behind it. */
char *reading_copy(struct reading *reading, struct slice text);

/* A component of the segment at hand, as text. */
static inline char *reading_text(struct reading *reading, unsigned element, unsigned component)
{
	return reading_copy(reading, segment_get(reading->segment, element, component));
}

/* Sets *field when the component is told and the field is not. */
static inline void reading_set(
	struct reading *reading, char **field, unsigned element, unsigned component)
{
	if ((*field)[0] == 0)
		*field = reading_text(reading, element, component);
}

/* Adds to a text, behind a blank or `between`. */
void reading_append(struct reading *reading, char **field, struct slice text, const char *between);

/* A number; NULL when the component is empty, or is none, which is a flaw. */
Carehub__V1__Decimal *reading_number_of(
	struct reading *reading, struct slice text, unsigned element, unsigned component);
static inline Carehub__V1__Decimal *reading_number(
	struct reading *reading, unsigned element, unsigned component)
{
	struct slice text = segment_get(reading->segment, element, component);
	return text.len > 0 ? reading_number_of(reading, text, element, component) : NULL;
}
Carehub__V1__Decimal *reading_decimal(struct reading *reading, struct decimal value);
struct decimal reading_value(const Carehub__V1__Decimal *number);

/* An amount in the currency that is told with it, else the document's; NULL when none is known. */
Carehub__V1__Money *reading_money(
	struct reading *reading, unsigned element, unsigned component, struct slice currency);

/* A date by its own format; false when it is empty or a flaw. */
bool reading_date(struct reading *reading, struct slice text, struct slice format, unsigned element,
	unsigned component, struct moment *out_moment);
int64_t reading_utc(const struct reading *reading, const struct moment *moment);
char *reading_day(struct reading *reading, const struct moment *moment);

/* Says something wrong at a place of the segment at hand, or at one that was kept. */
void reading_flaw(struct reading *reading, enum flaw_kind kind, unsigned element,
	unsigned component, const char *words);
void reading_flaw_at(
	struct reading *reading, struct flaw here, enum flaw_kind kind, const char *words);

/* Where and how the message came. */
Carehub__V1__InterchangeRef *reading_origin(struct reading *reading);

/* The next event of the message. */
void reading_make(struct reading *reading, const char *type, const void *message,
	const char *suffix, uint32_t number);

#endif

/* How a document of the trade is written as a message: the counterpart of struct document.  The typed message is the
 * same that the reader makes (parts.proto), so each script names its event; and like the reader a script has a face
 * for either standard:
 *
 *     parts.order.placed      ORDERS   BGM+220+A-1+9' ... LIN+1++LCD-46:SA' QTY+21:2'
 *                             850      BEG*00*SA*A-1**20261121~ ... PO1*1*2****VP*LCD-46~
 *
 * What both have alike - parties, contacts, references, remarks, articles - is written by one function, which looks
 * at the standard.  What a message has no place for does not travel: script_travels says which fields these are.  */
#ifndef PARTS_SCRIPT_H
#define PARTS_SCRIPT_H

#include "channel/parts/writing.h"

struct script;

/* One standard's way to say it. */
struct script_face {
	const char *name;  /* "ORDERS", "850"; NULL: the standard has no message for it here */
	const char *group; /* X12: GS01, "PO" */
	/* May be NULL.  Says in the message's way what the document says in another, in memory of `arena`; the
	 * document, and the script for it, may become other ones.  CH_UNSUPPORTED: this one is not for
	 * partners; CH_NOMEM. */
	enum ch_status (*settle)(
		struct arena *arena, const struct script **script, ProtobufCMessage **document);
	/* Everything between UNH and UNT, ST and SE. */
	void (*write)(struct writing *writing, const ProtobufCMessage *document);
};

struct script {
	const char *event; /* "parts.order.placed" */
	const ProtobufCMessageDescriptor *message;
	struct script_face faces[STANDARDS];
};

extern const struct script script_order;
extern const struct script script_change;
extern const struct script script_cancellation;
extern const struct script script_response;
extern const struct script script_dispatch;
extern const struct script script_receipt;
extern const struct script script_inventory;
extern const struct script script_prices;

extern const struct script *const scripts[];
extern const size_t script_count;

/* The one for an event of this type; NULL: it is not written. */
const struct script *script_of(struct slice event);

/* A message's name is one of that standard's. */
bool script_knows(enum standard standard, struct slice name);

/* A field that is written and read again.  `repairs`: the qualifier for repair orders was agreed, or the standard
 * has one. */
bool script_travels(const ProtobufCMessageDescriptor *message,
	const ProtobufCFieldDescriptor *field, bool repairs);

/* ---- What the heads have alike ---- */

/* BGM+220+number+9 */
void script_begin(struct writing *writing, const char *code, const char *field, const char *number,
	const char *function);

/* DTM+137: that day, else the event's. */
void script_date(struct writing *writing, const char *day);

/* RFF+qualifier:number:line; REF*qualifier*number, where a line's number has no place.  Nothing without a number. */
void script_reference(struct writing *writing, const char *field, const char *qualifier,
	const char *number, const char *line);

/* "qualifier:number" as RFF or REF. */
void script_references(struct writing *writing, char *const *references, size_t count);

/* The repair that waits for the line's article: RFF of the qualifier that was agreed, REF*WO. */
void script_repair(struct writing *writing, const char *repair_order_id);

/* NAD; N1 and N4. */
void script_parties(struct writing *writing, Carehub__V1__TradeParty *const *parties, size_t count);

/* One more of them, in the first of these roles, when a reader would not find `id` under them by itself. */
void script_place(struct writing *writing, const char *field, const char *id,
	Carehub__V1__TradeParty *const *parties, size_t count, const char *roles);

/* CTA and COM, PER; CUX+2 of that use, CUR of that role; FTX, N9 and MSG. */
void script_contact(struct writing *writing, const char *contact);
void script_currency(struct writing *writing, const char *currency, const char *use);
void script_remarks(struct writing *writing, const char *remarks);

/* X12: a text in references, where a set has no other room for one: REF*L1**text. */
void script_notes(struct writing *writing, const char *notes);

/* ---- What the lines have alike ---- */

/* LIN, PIA, IMD; `item` may be NULL. */
void script_line(struct writing *writing, const char *line_id, const char *action,
	const Carehub__V1__PartItem *item);

/* PIA of that use with all numbers of an item; nothing when it has none. */
void script_more_items(struct writing *writing, const char *use, const Carehub__V1__PartItem *item);

/* X12: pairs of qualifier and number from element `first` on; and PID. */
void script_pairs(struct writing *writing, unsigned first, const Carehub__V1__PartItem *item);
void script_description(struct writing *writing, const Carehub__V1__PartItem *item);

/* QTY+qualifier:number:unit, QTY*qualifier*number*unit; PRI+qualifier:price; nothing when it is NULL. */
void script_quantity(struct writing *writing, const char *field, const char *qualifier,
	const Carehub__V1__Decimal *quantity, const char *unit);
void script_price(struct writing *writing, const Carehub__V1__Decimal *price);

/* X12: a quantity of at most `max` digits and, behind it, its unit; none that is told is EA. */
void script_measure(struct writing *writing, const char *field, unsigned element, unsigned max,
	const Carehub__V1__Decimal *quantity, const char *unit);

/* GIN+qualifier, five to a segment; REF*qualifier each. */
void script_numbers(struct writing *writing, const char *field, const char *qualifier,
	char *const *numbers, size_t count);

/* UNS+S; CNT+2 or CTT with the number of lines. */
void script_summary(struct writing *writing);
void script_line_count(struct writing *writing, size_t lines);

/* Empty text, as protobuf-c has it. */
static inline char *script_empty(void)
{
	return (char *)(uintptr_t)protobuf_c_empty_string; /* nobody writes to it */
}

/* A constant, as protobuf-c's structs take it. */
static inline char *script_constant(const char *text)
{
	return (char *)(uintptr_t)text; /* nobody writes to it */
}

#endif

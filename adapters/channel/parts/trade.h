/* What most messages of the trade have alike: who takes part, which article a line is about, the head's
 * date, currency, contact and remarks. */
#ifndef PARTS_TRADE_H
#define PARTS_TRADE_H

#include "channel/parts/reading.h"

/* NAD of UN/EDIFACT, N1 of X12; NULL when it says nothing, or memory has run out. */
Carehub__V1__TradeParty *trade_party(struct reading *reading);

/* N4 adds town and country to the party given last. */
void trade_party_place(struct reading *reading, Carehub__V1__TradeParty *party);

/* The number of the first party of one of these roles, of two letters and separated by blanks, the better first;
 * "". */
char *trade_party_id(Carehub__V1__TradeParty *const *parties, size_t count, const char *roles);

/* Whose order it is, for an order's number is its buyer's: the partner who buys, sender or recipient of the
 * interchange.  NAD+BY would be nearer, but receipts and responses often leave it out. */
char *trade_buyer(struct reading *reading, bool sender);

/* LIN and PIA: *item is made when it is needed.  PIA+5 names the article itself, the others more
 * numbers of it. */
void trade_line_item(struct reading *reading, Carehub__V1__PartItem **item);
void trade_more_items(struct reading *reading, Carehub__V1__PartItem **item);

/* PIA; IMD and PID: of the line at hand, as rows. */
void trade_pia(struct reading *reading);
void trade_imd(struct reading *reading);

/* X12's pairs of qualifier and number from element `first` on, as in PO1 and LIN. */
void trade_pairs(struct reading *reading, Carehub__V1__PartItem **item, unsigned first);

/* The number that an article goes by: the supplier's, else GTIN, else the buyer's; "". */
const char *trade_item_code(const Carehub__V1__PartItem *item);

/* "qualifier:number" of RFF or REF, or NULL. */
char *trade_reference(struct reading *reading);

/* DTM+137, the document's own date; true when the segment was one. */
bool trade_document_date(struct reading *reading);

/* A DTM of that qualifier: false when it is another, or unreadable. */
bool trade_date_here(struct reading *reading, struct moment *out_moment); /* of any */
static inline bool trade_date(
	struct reading *reading, const char *qualifier, struct moment *out_moment)
{
	return segment_says(reading->segment, 1, 1, qualifier) &&
	       trade_date_here(reading, out_moment);
}

/* CUX and CUR. */
void trade_currency(struct reading *reading, char **field);

/* CTA, COM and PER. */
void trade_contact(struct reading *reading, char **field);

/* FTX and MSG. */
void trade_remarks(struct reading *reading, char **field);

/* Where a line has the quantity that a qualifier stands for: UN/EDIFACT 6063, X12 673. */
struct quantity_row {
	struct short_code edifact;
	struct short_code x12;
	size_t offset; /* of the field in the line */
};

/* The field of the segment's qualifier in `line`; NULL: no row has it. */
Carehub__V1__Decimal **trade_quantity_field(
	struct reading *reading, void *line, const struct quantity_row *rows, size_t count);
#define TRADE_QUANTITY(reading, line, rows)                                                        \
	trade_quantity_field(reading, line, rows, sizeof(rows) / sizeof(*(rows)))

/* PRI, UN/EDIFACT, of one piece; NULL when a basis cannot be divided by exactly. */
Carehub__V1__Decimal *trade_price_of_one(struct reading *reading);

#endif

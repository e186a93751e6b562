/* What one Transaction element of a POSLog says, as plain values: the reader (poslog.h) fills them in
 * as it meets them, the rules (sale.h) settle what they mean, event.h writes them out as events.
 *
 * Everything hangs in the arena of the transaction.  A text that was not told is empty; an amount or
 * number says itself whether it was told, as nought and nothing differ. */
#ifndef POS_TRANSACTION_H
#define POS_TRANSACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/decimal.h"
#include "base/slice.h"
#include "carehub/v1/pos.pb-c.h"

/* A quantity, price or rate. */
struct number {
	struct decimal value;
	bool told;
};

/* An amount of money.  The reader sets `value` and, where the file names one, `currency`; sale_settle
 * turns both into minor units of a currency that is always named. */
struct amount {
	struct decimal value;
	struct slice currency;
	int64_t minor_units;
	bool told;
};

/* A moment; the reader has already applied the zone. */
struct moment {
	int64_t time_us;
	bool told;
};

/* The natural identity of a transaction. */
struct transaction_ref {
	struct slice store_id;
	struct slice workstation_id;
	struct slice business_date;
	struct slice sequence_number;
	struct slice transaction_id;
};

struct link {
	struct link *next;
	struct transaction_ref ref;
	struct slice reason_code;
};

/* What a LineItem says about all that it holds.  In 6.x its number stands behind the Sale. */
struct line {
	uint32_t number;
	uint32_t item_link;
	bool void_flag;
	bool cancel_flag;
	Carehub__V1__EntryMethod entry;
	struct slice approver_id;
	struct slice reason_code;
};

struct discount {
	struct discount *next;
	struct line *line; /* NULL: of a sale line */
	struct slice code;
	struct slice promotion_id;
	struct slice description;
	struct slice action; /* "Subtract", "Add", "Replace" */
	struct amount amount;
	bool voided;
};

struct tax {
	struct tax *next;
	struct line *line; /* NULL: of a sale line */
	struct slice name;
	struct slice type;
	struct slice authority;
	struct slice code;
	struct slice rule;
	struct slice group;
	struct number percent;
	struct amount taxable;
	struct amount amount;
	bool voided;
};

/* Sale, Return, SaleForDelivery ... */
struct sale_line {
	struct sale_line *next;
	struct line *line;
	Carehub__V1__SaleAction action;
	bool ordered; /* goods of a customer's order: nothing is charged yet */
	bool voided;
	uint32_t voids_line;
	uint32_t item_link;
	uint32_t operator_sequence; /* NCR's own numbering, to which its rewards refer */
	Carehub__V1__ItemKind kind;
	struct slice item_type;
	struct slice item_id;
	struct slice pos_item_id;
	struct slice pos_id_type;
	struct slice department;
	struct slice description;
	struct slice unit;
	struct slice serial_number;
	struct slice reason_code;
	struct slice brand;
	struct number quantity;
	struct number units;
	struct number regular_unit_price;
	struct number actual_unit_price;
	struct amount extended_amount;
	struct amount discount_amount;
	bool department_sure; /* named as a department, not merely the first level */
	struct discount *discounts;
	struct tax *taxes;
	struct link *link;
};

struct tender {
	struct tender *next;
	struct line *line;
	Carehub__V1__SaleAction action;
	bool voided;
	uint32_t voids_line;
	uint32_t item_link;
	struct slice tender_type;
	struct slice tender_id;
	struct slice type_code;
	struct slice card_type;
	struct slice card_brand;
	struct slice authorization_code;
	struct slice reference_number;
	struct amount amount;
	struct amount change;
	struct amount cashback;
	struct amount rounding;
	struct amount foreign;
	struct slice foreign_currency;
};

struct reward {
	struct reward *next;
	struct line *line;
	struct slice promotion_id;
	struct slice type;
	struct slice category;
	struct slice reason_code;
	struct amount amount;
	struct number points_awarded;
	struct number points_redeemed;
	struct number points;
	uint32_t operator_sequence;
	uint32_t item_line;
	bool detailed;
	bool summary;
	bool voided;
};

struct phone {
	struct phone *next;
	struct slice type_code;
	struct slice text;
	struct slice full;
	struct slice country_code;
	struct slice area_code;
	struct slice local_number;
	struct slice extension;
	Carehub__V1__ContactKind kind;
};

/* One text of several. */
struct text_item {
	struct text_item *next;
	struct slice text;
};

struct address {
	struct slice full;
	struct slice city;
	struct slice postcode;
	struct slice country;
	struct slice country_code;
	struct slice region;
	struct slice district;
	struct text_item *lines;
};

struct party {
	struct slice customer_id;
	struct slice name_full;
	struct slice name_official;
	struct slice name_family;
	struct slice name_given;
	struct slice form_of_address;
	struct slice company;
	struct slice birth_date;
	struct slice birth_day_month;
	struct slice birth_year;
	struct slice language;
	struct slice gender;
	struct slice customer_group;
	struct phone *phones;
	struct text_item *emails;
	struct address address;
	Carehub__V1__EntryMethod entry;
};

/* A loyalty account, in the order in which its numbers are believed. */
struct loyalty {
	bool seen;                    /* settled: there is a number to know the member by */
	struct slice card;            /* a card or membership number                        */
	struct slice account_id;      /* LoyaltyAccount/LoyaltyAccountID                    */
	struct slice customer_id;     /* LoyaltyAccount/CustomerID                          */
	struct slice program_account; /* LoyaltyProgram/LoyaltyAccountID: often a fixed one */
	struct slice program;
	struct slice level;
	struct slice household;
	struct number balance;
	struct number earned;
	struct number redeemed;
	struct line *line;
	Carehub__V1__EntryMethod entry;
};

struct totals {
	struct amount net;
	struct amount tax;
	struct amount grand;
	struct amount rounding;
	struct amount discount;
	struct amount gross;
};

/* A movement of cash: TenderLoan, TenderPickup ..., one for each kind of tender. */
struct movement {
	struct movement *next;
	Carehub__V1__CashKind kind;
	struct slice tender_type;
	struct slice reason_code;
	struct amount amount;
	struct amount expected;
};

/* What kind of transaction the element holds. */
enum body { BODY_NONE, BODY_RETAIL, BODY_ORDER, BODY_CONTROL, BODY_CASH };

/* What became of it: settled by sale.h. */
enum outcome {
	OUTCOME_NONE, /* not settled */
	OUTCOME_SALE,
	OUTCOME_RETURN,
	OUTCOME_VOIDED,
	OUTCOME_CANCELLED,
	OUTCOME_SUSPENDED,
	OUTCOME_TRAINING,
	OUTCOME_ORDER,
	OUTCOME_CONTROL,
	OUTCOME_CASH,
	OUTCOME_SKIPPED, /* of a kind that gives no event */
};

#define FAULT_FIELD_BYTES  160
#define FAULT_REASON_BYTES 160

/* Why a transaction, or the rest of a file, cannot be read. */
struct fault {
	enum ch_status status; /* CH_OK: nothing is wrong */
	bool file;             /* the file cannot be read any further */
	uint64_t line;
	uint64_t column;
	char field[FAULT_FIELD_BYTES];   /* "RetailTransaction/LineItem/Sale/Quantity" */
	char reason[FAULT_REASON_BYTES]; /* half a sentence for people, without values */
};

#define TRANSACTION_DIGEST_BYTES 32u

struct transaction {
	struct arena *arena;
	struct fault fault;

	/* Where it stands in the file: its first byte counted from 0, its line and column from 1. */
	uint64_t offset;
	uint64_t len;
	uint64_t line;
	uint64_t column;
	uint8_t digest[TRANSACTION_DIGEST_BYTES]; /* of the element's bytes; pos_source.h sets it */

	struct transaction_ref ref;
	enum body body;
	struct slice other; /* name of a body that is not understood */
	struct slice operator_id;
	struct slice operator_name;
	struct slice currency;
	struct slice receipt_number;
	struct slice store_name;
	struct slice status;
	struct slice order_id;
	struct slice delivery_date;
	struct address delivery_address;
	struct slice remarks;
	struct slice approver_id;
	struct slice reason_code;
	struct moment begin;
	struct moment end;
	struct moment receipt;
	struct moment logged;
	struct moment sent;
	struct slice civil_date; /* of the first moment told, as written: "2026-03-02" */
	bool zone_assumed;       /* a moment had no zone, and none is configured */
	bool cancelled;
	bool training;
	bool suspended;
	bool post_void;
	bool store_sure; /* the unit named as the store was found */
	Carehub__V1__Answer offline;
	uint32_t item_count;
	int64_t ring_ms;
	uint32_t line_count;

	struct sale_line *sales;
	struct tender *tenders;
	struct tax *taxes;
	struct discount *discounts;
	struct reward *rewards;
	struct link *links;
	struct totals totals;
	struct party party;
	struct loyalty loyalty;
	struct slice control_name;
	Carehub__V1__ControlKind control;
	struct movement *movements;
	struct amount cash_total;

	/* Settled by sale_settle. */
	enum outcome outcome;
	Carehub__V1__Answer totals_differ;
};

/* Notes the first fault; later ones change nothing.  `reason` is copied. */
void transaction_fault(struct transaction *transaction, enum ch_status status, const char *field,
	const char *reason);

/* "9/34/2017-09-30/161": its parts as transaction_key_part writes them; unknown ones are empty.  Appends
 * to `out`. */
void transaction_key(const struct transaction_ref *ref, struct buffer *out);

/* One part of a business key, '/' and '%' in it escaped, so that a part never looks like two. */
void transaction_key_part(struct slice part, struct buffer *out);

#endif

/* The vocabulary of POSLog as one table: which element or attribute, inside which, fills which field.
 *
 * The versions 2.1, 2.2 and 6.x of the standard and the extensions of three makers differ in names and
 * places, hardly in meaning, so they live side by side as rows: a store is RetailStoreID in 2.x and
 * BusinessUnit/UnitID in 6.x, a loyalty card is LoyaltyCard/PrimaryAccountNumber, acs:LoyaltyID or
 * WN:LoyaltyCardID.  A file may mix them, and does.  What has no row is passed over with all it holds.
 * docs/channels/pos.md explains the table to people; a new dialect is a few new rows. */
#ifndef POS_DIALECT_H
#define POS_DIALECT_H

#include "channel/pos/transaction.h"

/* The places that rows hang from. */
enum node {
	NODE_NONE, /* an element whose children do not matter */
	NODE_DOCUMENT,
	NODE_POSLOG,
	NODE_TRANSACTION,
	NODE_UNIT,
	NODE_UNIT_ID,
	NODE_TIME,
	NODE_LOGGED,
	NODE_OPERATOR,
	NODE_RETAIL,
	NODE_METRICS,
	NODE_TOTAL,
	NODE_APPROVAL,
	NODE_LINE,
	NODE_LINE_APPROVAL,
	NODE_SALE,
	NODE_IDENTITY,
	NODE_HIERARCHY,
	NODE_QUANTITY,
	NODE_ITEM_LINK,
	NODE_MODIFIER,
	NODE_MODIFIER_AMOUNT,
	NODE_RULE,
	NODE_TAX,
	NODE_TENDER,
	NODE_CHANGE,
	NODE_CASHBACK,
	NODE_AUTHORIZATION,
	NODE_CARD,
	NODE_FOREIGN,
	NODE_REWARD,
	NODE_MEMBER,
	NODE_LOYALTY,
	NODE_LOYALTY_CARD,
	NODE_PROGRAM,
	NODE_POINTS,
	NODE_LINK,
	NODE_LINK_PART,
	NODE_CUSTOMER,
	NODE_NAME,
	NODE_NAME_PART,
	NODE_ADDRESS,
	NODE_COUNTRY,
	NODE_PHONE,
	NODE_EMAIL,
	NODE_DELIVERY,
	NODE_CONTROL,
	NODE_CONTROL_KIND,
	NODE_CASH,
	NODE_CASH_TOTAL,
	NODE_MOVEMENT,
	NODE_MOVEMENT_TENDER,
	NODE_COUNT
};

/* Whose word it is. */
enum space {
	SPACE_ARTS,   /* every namespace under http://www.nrf-arts.org/IXRetail/, and none at all */
	SPACE_NCR,    /* http://www.ncr.com/rsd/acs/tlog/markup/poslog/... */
	SPACE_WINCOR, /* http://www.wincor-nixdorf.com */
	SPACE_RETALIX, /* http://www.Retalix.com/Extensions */
	SPACE_FOREIGN, /* everybody else's */
	SPACE_COUNT
};

/* The struct that a row's offset counts in: the transaction, or the newest of its parts. */
enum object {
	OBJECT_TRANSACTION,
	OBJECT_LINE,
	OBJECT_SALE,
	OBJECT_DISCOUNT,
	OBJECT_TAX,
	OBJECT_TENDER,
	OBJECT_REWARD,
	OBJECT_LINK,
	OBJECT_PHONE,
	OBJECT_ADDRESS,
	OBJECT_MOVEMENT,
	OBJECT_SCRATCH, /* struct scratch: kept until the element ends */
	OBJECT_COUNT
};

/* How the text becomes a value.  The first one told wins. */
enum form {
	FORM_NONE,    /* the text is not wanted */
	FORM_TEXT,    /* struct slice, blanks at the ends cut off */
	FORM_ID,      /* the same; all noughts mean that there is none */
	FORM_NUMBER,  /* struct number */
	FORM_AMOUNT,  /* struct amount, with the currency that an attribute names */
	FORM_COUNT,   /* uint32_t */
	FORM_SECONDS, /* int64_t in milliseconds */
	FORM_TIME,    /* struct moment */
	FORM_DATE,    /* struct slice, "2026-03-02" */
	FORM_FLAG,    /* bool */
	FORM_ANSWER,  /* enum Answer */
	FORM_ENTRY,   /* enum EntryMethod */
	FORM_LIST,    /* struct text_item *, appended to */
};

struct row {
	enum node parent;
	enum space space;
	const char *name; /* "@" in front: an attribute */
	enum node node;   /* where its children's rows hang */
	enum form form;
	enum object object;
	uint32_t offset;
	int argument; /* for what happens on entering `node` */
};

extern const struct row dialect_rows[];
extern const size_t dialect_row_count;

/* What some elements hold until they have ended, when an attribute decides where the text goes. */
struct scratch {
	struct slice kind;   /* TotalType, TypeCode, Level, Type ... */
	struct slice offset; /* Offset of a Retalix time: "07:00:00", east of Greenwich */
	struct slice name;
	struct slice text;
};

/* The argument of the rows that lead to NODE_SALE; NODE_RETAIL has an enum body, NODE_CONTROL_KIND an
 * enum ControlKind, NODE_MOVEMENT an enum CashKind, NODE_PHONE an enum ContactKind. */
enum sale_form { SALE_FORM_SALE, SALE_FORM_RETURN, SALE_FORM_ORDER };

/* `uri` may be NULL: no namespace. */
enum space dialect_space(const char *uri);

/* A code without the prefix that marks it as a maker's own: "Auto" of "acs:Auto". */
struct slice dialect_bare(struct slice code);

/* EntryMethod's codes, and TelephoneNumber/@TypeCode's. */
Carehub__V1__EntryMethod dialect_entry(struct slice code);
Carehub__V1__ContactKind dialect_contact(struct slice code);

/* Where the text of an element goes by the code beside it: Total/@TotalType, Points/@Type,
 * Name/@TypeCode.  NULL: nowhere; a name without a code is the whole name. */
struct amount *dialect_total(struct totals *totals, struct slice type);
struct number *dialect_points(struct loyalty *loyalty, struct slice type);
struct slice *dialect_name_part(struct party *party, struct slice type);

#endif

/* Which member of transaction.h's structs is which field of the schema, as tables, and the writing of
 * whole structs by them. */
#ifndef POS_SLOT_H
#define POS_SLOT_H

#include "channel/pos/transaction.h"

enum slot_form {
	SLOT_TEXT,   /* struct slice            -> string             */
	SLOT_NUMBER, /* struct number           -> Decimal            */
	SLOT_AMOUNT, /* struct amount           -> Money              */
	SLOT_MOMENT, /* struct moment           -> int64              */
	SLOT_INT64,  /* int64_t                 -> int64              */
	SLOT_UINT,   /* uint32_t                -> uint32             */
	SLOT_ENUM,   /* a protobuf-c enum       -> enum               */
	SLOT_YES,    /* bool                    -> Answer, or nothing */
	SLOT_REF,    /* struct transaction_ref  -> TransactionRef     */
};

struct slot {
	const char *name; /* of the field in the schema */
	uint32_t number;
	enum slot_form form;
	uint32_t offset;
};

struct slot_table {
	const ProtobufCMessageDescriptor *message;
	const struct slot *slots;
	size_t count;
};

/* Named for the struct that they write; the message is in the table. */
enum slot_group {
	SLOTS_REF,
	SLOTS_SALE,
	SLOTS_SALE_LINE, /* what a SaleLine takes from the LineItem around it */
	SLOTS_TENDER,
	SLOTS_TENDER_LINE,
	SLOTS_TAX,
	SLOTS_DISCOUNT,
	SLOTS_REWARD,
	SLOTS_TOTALS,
	SLOTS_RETAIL,
	SLOTS_CONTROL,
	SLOTS_CASH,
	SLOTS_MOVEMENT,
	SLOTS_CASH_END,
	SLOTS_LOYALTY,
	SLOTS_COUNT
};

extern const struct slot_table slot_tables[SLOTS_COUNT];

/* Appends the told members of `object` as fields. */
void slot_put(struct buffer *out, const void *object, enum slot_group group);

/* The same as a nested message, field `number` of what is being written. */
void slot_put_message(
	struct buffer *out, uint32_t number, const void *object, enum slot_group group);

/* One amount as a Money. */
void slot_put_amount(struct buffer *out, uint32_t number, const struct amount *amount);

#endif

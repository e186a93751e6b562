#include "channel/pos/slot.h"

#include "wire/pb.h"

#define SLOT(number, name, form, type, member)                                                     \
	{                                                                                          \
		name, number, SLOT_##form, (uint32_t)offsetof(struct type, member)                 \
	}

static const struct slot ref_slots[] = {
	SLOT(1, "store_id", TEXT, transaction_ref, store_id),
	SLOT(2, "workstation_id", TEXT, transaction_ref, workstation_id),
	SLOT(3, "business_date", TEXT, transaction_ref, business_date),
	SLOT(4, "sequence_number", TEXT, transaction_ref, sequence_number),
	SLOT(5, "transaction_id", TEXT, transaction_ref, transaction_id),
};

static const struct slot sale_slots[] = {
	SLOT(2, "action", ENUM, sale_line, action),
	SLOT(3, "voided", YES, sale_line, voided),
	SLOT(4, "voids_line", UINT, sale_line, voids_line),
	SLOT(6, "kind", ENUM, sale_line, kind),
	SLOT(7, "item_id", TEXT, sale_line, item_id),
	SLOT(8, "pos_item_id", TEXT, sale_line, pos_item_id),
	SLOT(9, "pos_id_type", TEXT, sale_line, pos_id_type),
	SLOT(11, "department", TEXT, sale_line, department),
	SLOT(12, "description", TEXT, sale_line, description),
	SLOT(13, "quantity", NUMBER, sale_line, quantity),
	SLOT(14, "unit", TEXT, sale_line, unit),
	SLOT(15, "units", NUMBER, sale_line, units),
	SLOT(16, "regular_unit_price", NUMBER, sale_line, regular_unit_price),
	SLOT(17, "actual_unit_price", NUMBER, sale_line, actual_unit_price),
	SLOT(18, "extended_amount", AMOUNT, sale_line, extended_amount),
	SLOT(19, "discount_amount", AMOUNT, sale_line, discount_amount),
	SLOT(22, "serial_number", TEXT, sale_line, serial_number),
	SLOT(24, "reason_code", TEXT, sale_line, reason_code),
	SLOT(25, "brand", TEXT, sale_line, brand),
};

static const struct slot sale_line_slots[] = {
	SLOT(1, "sequence_number", UINT, line, number),
	SLOT(5, "entry", ENUM, line, entry),
	SLOT(26, "approver_id", TEXT, line, approver_id),
};

static const struct slot tender_line_slots[] = {
	SLOT(1, "sequence_number", UINT, line, number),
	SLOT(13, "entry", ENUM, line, entry),
};

static const struct slot tender_slots[] = {
	SLOT(2, "tender_type", TEXT, tender, tender_type),
	SLOT(3, "tender_id", TEXT, tender, tender_id),
	SLOT(4, "action", ENUM, tender, action),
	SLOT(5, "voided", YES, tender, voided),
	SLOT(6, "voids_line", UINT, tender, voids_line),
	SLOT(7, "amount", AMOUNT, tender, amount),
	SLOT(8, "change", AMOUNT, tender, change),
	SLOT(9, "cashback", AMOUNT, tender, cashback),
	SLOT(10, "card_brand", TEXT, tender, card_brand),
	SLOT(11, "authorization_code", TEXT, tender, authorization_code),
	SLOT(12, "reference_number", TEXT, tender, reference_number),
	SLOT(14, "foreign_amount", AMOUNT, tender, foreign),
};

static const struct slot tax_slots[] = {
	SLOT(2, "percent", NUMBER, tax, percent),
	SLOT(3, "taxable", AMOUNT, tax, taxable),
	SLOT(4, "amount", AMOUNT, tax, amount),
};

static const struct slot discount_slots[] = {
	SLOT(1, "code", TEXT, discount, code),
	SLOT(2, "promotion_id", TEXT, discount, promotion_id),
	SLOT(3, "description", TEXT, discount, description),
	SLOT(4, "amount", AMOUNT, discount, amount),
};

static const struct slot reward_slots[] = {
	SLOT(2, "promotion_id", TEXT, reward, promotion_id),
	SLOT(3, "reward_type", TEXT, reward, type),
	SLOT(4, "amount", AMOUNT, reward, amount),
	SLOT(5, "points", NUMBER, reward, points),
	SLOT(6, "item_line", UINT, reward, item_line),
	SLOT(7, "reason_code", TEXT, reward, reason_code),
	SLOT(8, "voided", YES, reward, voided),
};

static const struct slot totals_slots[] = {
	SLOT(1, "net", AMOUNT, totals, net),
	SLOT(2, "tax", AMOUNT, totals, tax),
	SLOT(3, "grand", AMOUNT, totals, grand),
	SLOT(4, "rounding", AMOUNT, totals, rounding),
	SLOT(5, "discount", AMOUNT, totals, discount),
	SLOT(6, "gross", AMOUNT, totals, gross),
};

static const struct slot retail_slots[] = {
	SLOT(1, "ref", REF, transaction, ref),
	SLOT(2, "operator_id", TEXT, transaction, operator_id),
	SLOT(3, "begin_time_us", MOMENT, transaction, begin),
	SLOT(4, "end_time_us", MOMENT, transaction, end),
	SLOT(5, "currency", TEXT, transaction, currency),
	SLOT(12, "offline", ENUM, transaction, offline),
	SLOT(13, "item_count", UINT, transaction, item_count),
	SLOT(14, "ring_ms", INT64, transaction, ring_ms),
	SLOT(15, "receipt_number", TEXT, transaction, receipt_number),
	SLOT(16, "store_name", TEXT, transaction, store_name),
	SLOT(18, "totals_differ", ENUM, transaction, totals_differ),
	SLOT(19, "time_zone_assumed", YES, transaction, zone_assumed),
};

static const struct slot control_slots[] = {
	SLOT(1, "ref", REF, transaction, ref),
	SLOT(2, "operator_id", TEXT, transaction, operator_id),
	SLOT(3, "kind", ENUM, transaction, control),
	SLOT(4, "name", TEXT, transaction, control_name),
	SLOT(5, "reason_code", TEXT, transaction, reason_code),
	SLOT(6, "begin_time_us", MOMENT, transaction, begin),
	SLOT(7, "end_time_us", MOMENT, transaction, end),
	SLOT(8, "training", YES, transaction, training),
	SLOT(9, "cancelled", YES, transaction, cancelled),
	SLOT(10, "time_zone_assumed", YES, transaction, zone_assumed),
};

static const struct slot cash_slots[] = {
	SLOT(1, "ref", REF, transaction, ref),
	SLOT(2, "operator_id", TEXT, transaction, operator_id),
};

static const struct slot cash_end_slots[] = {
	SLOT(8, "begin_time_us", MOMENT, transaction, begin),
	SLOT(9, "end_time_us", MOMENT, transaction, end),
	SLOT(10, "training", YES, transaction, training),
	SLOT(11, "cancelled", YES, transaction, cancelled),
	SLOT(12, "time_zone_assumed", YES, transaction, zone_assumed),
};

static const struct slot movement_slots[] = {
	SLOT(3, "kind", ENUM, movement, kind),
	SLOT(4, "tender_type", TEXT, movement, tender_type),
	SLOT(5, "amount", AMOUNT, movement, amount),
	SLOT(6, "expected_amount", AMOUNT, movement, expected),
	SLOT(7, "reason_code", TEXT, movement, reason_code),
};

static const struct slot loyalty_slots[] = {
	SLOT(2, "program", TEXT, loyalty, program),
	SLOT(3, "member_level", TEXT, loyalty, level),
	SLOT(4, "points_balance", NUMBER, loyalty, balance),
	SLOT(5, "points_change", NUMBER, loyalty, earned),
	SLOT(6, "entry", ENUM, loyalty, entry),
};

#define TABLE(group, message, slots)                                                               \
	[SLOTS_##group] = {                                                                        \
		&carehub__v1__##message##__descriptor, slots, sizeof(slots) / sizeof((slots)[0])}

const struct slot_table slot_tables[SLOTS_COUNT] = {
	TABLE(REF, transaction_ref, ref_slots),
	TABLE(SALE, sale_line, sale_slots),
	TABLE(SALE_LINE, sale_line, sale_line_slots),
	TABLE(TENDER, tender_line, tender_slots),
	TABLE(TENDER_LINE, tender_line, tender_line_slots),
	TABLE(TAX, tax, tax_slots),
	TABLE(DISCOUNT, discount, discount_slots),
	TABLE(REWARD, reward_line, reward_slots),
	TABLE(TOTALS, transaction_totals, totals_slots),
	TABLE(RETAIL, retail_transaction, retail_slots),
	TABLE(CONTROL, pos_control_recorded, control_slots),
	TABLE(CASH, pos_cash_moved, cash_slots),
	TABLE(MOVEMENT, pos_cash_moved, movement_slots),
	TABLE(CASH_END, pos_cash_moved, cash_end_slots),
	TABLE(LOYALTY, pos_loyalty_seen, loyalty_slots),
};

/* ---- Values into fields ---- */

static size_t signed_len(int64_t value)
{
	return value != 0 ? 1 + pb_varint_len((uint64_t)value) : 0;
}

/* Decimal{unscaled = 1, scale = 2} */
static void put_number(struct buffer *out, uint32_t number, const struct number *value)
{
	int64_t scale = value->value.scale;
	pb_put_varint(out, (uint64_t)number << 3 | PB_LEN);
	pb_put_varint(out, signed_len(value->value.unscaled) + signed_len(scale));
	pb_put_int(out, 1, value->value.unscaled);
	pb_put_int(out, 2, scale);
}

/* Money{minor_units = 1, currency = 2} */
void slot_put_amount(struct buffer *out, uint32_t number, const struct amount *amount)
{
	pb_put_varint(out, (uint64_t)number << 3 | PB_LEN);
	pb_put_varint(out, signed_len(amount->minor_units) + 2 + amount->currency.len);
	pb_put_int(out, 1, amount->minor_units);
	pb_put_bytes(out, 2, amount->currency);
}

static void put_slot(struct buffer *out, const struct slot *slot, const void *value)
{
	switch (slot->form) {
	case SLOT_TEXT:
		pb_put_bytes(out, slot->number, *(const struct slice *)value);
		break;
	case SLOT_NUMBER:
		if (((const struct number *)value)->told)
			put_number(out, slot->number, value);
		break;
	case SLOT_AMOUNT:
		if (((const struct amount *)value)->told)
			slot_put_amount(out, slot->number, value);
		break;
	case SLOT_MOMENT:
		pb_put_int(out, slot->number, ((const struct moment *)value)->time_us);
		break;
	case SLOT_INT64:
		pb_put_int(out, slot->number, *(const int64_t *)value);
		break;
	case SLOT_UINT:
		pb_put_uint(out, slot->number, *(const uint32_t *)value);
		break;
	case SLOT_ENUM:
		pb_put_int(out, slot->number, *(const int *)value);
		break;
	case SLOT_YES:
		if (*(const bool *)value)
			pb_put_int(out, slot->number, CAREHUB__V1__ANSWER__ANSWER_YES);
		break;
	case SLOT_REF:
		slot_put_message(out, slot->number, value, SLOTS_REF);
		break;
	}
}

void slot_put(struct buffer *out, const void *object, enum slot_group group)
{
	const struct slot_table *table = &slot_tables[group];
	for (size_t i = 0; i < table->count; i++)
		put_slot(out, &table->slots[i], (const char *)object + table->slots[i].offset);
}

void slot_put_message(
	struct buffer *out, uint32_t number, const void *object, enum slot_group group)
{
	size_t mark = pb_begin(out, number);
	slot_put(out, object, group);
	pb_end(out, mark);
}

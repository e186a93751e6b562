#include "channel/pos/dialect.h"

#include <string.h>

/* Rows by kind: an element to go into, a value, an attribute's value; IN and FIELD in one; and the
 * value of an element whose attributes or children have rows too. */
#define IN(parent, space, name, node, argument)                                                    \
	{                                                                                          \
		NODE_##parent, SPACE_##space, name, NODE_##node, FORM_NONE, OBJECT_TRANSACTION, 0, \
			argument                                                                   \
	}
#define PLACE(type, member) OBJECT_##type, (uint32_t)offsetof(OBJECT_STRUCT_##type, member)
#define FIELD(parent, space, name, form, type, member)                                             \
	{                                                                                          \
		NODE_##parent, SPACE_##space, name, NODE_NONE, FORM_##form, PLACE(type, member), 0 \
	}
#define NESTED(parent, space, name, node, argument, form, type, member)                            \
	{                                                                                          \
		NODE_##parent, SPACE_##space, name, NODE_##node, FORM_##form, PLACE(type, member), \
			argument                                                                   \
	}

#define OBJECT_STRUCT_TRANSACTION struct transaction
#define OBJECT_STRUCT_LINE        struct line
#define OBJECT_STRUCT_SALE        struct sale_line
#define OBJECT_STRUCT_DISCOUNT    struct discount
#define OBJECT_STRUCT_TAX         struct tax
#define OBJECT_STRUCT_TENDER      struct tender
#define OBJECT_STRUCT_REWARD      struct reward
#define OBJECT_STRUCT_LINK        struct link
#define OBJECT_STRUCT_PHONE       struct phone
#define OBJECT_STRUCT_ADDRESS     struct address
#define OBJECT_STRUCT_MOVEMENT    struct movement
#define OBJECT_STRUCT_SCRATCH     struct scratch

#define CONTROL(kind) CAREHUB__V1__CONTROL_KIND__CONTROL_KIND_##kind
#define CASH(kind)    CAREHUB__V1__CASH_KIND__CASH_KIND_##kind
#define CONTACT(kind) CAREHUB__V1__CONTACT_KIND__CONTACT_KIND_##kind
#define ENTRY(kind)   CAREHUB__V1__ENTRY_METHOD__ENTRY_METHOD_##kind

const struct row dialect_rows[] = {
	IN(DOCUMENT, ARTS, "POSLog", POSLOG, 0),
	IN(POSLOG, ARTS, "Transaction", TRANSACTION, 0),

	/* ---- Who, where, when ---- */
	FIELD(TRANSACTION, ARTS, "@CancelFlag", FLAG, TRANSACTION, cancelled),
	FIELD(TRANSACTION, ARTS, "@TrainingModeFlag", FLAG, TRANSACTION, training),
	FIELD(TRANSACTION, ARTS, "@SuspendedFlag", FLAG, TRANSACTION, suspended),
	FIELD(TRANSACTION, ARTS, "@VoidedFlag", FLAG, TRANSACTION, post_void),
	FIELD(TRANSACTION, ARTS, "@OfflineFlag", ANSWER, TRANSACTION, offline),
	FIELD(TRANSACTION, ARTS, "RetailStoreID", TEXT, TRANSACTION, ref.store_id), /* 2.x */
	IN(TRANSACTION, ARTS, "BusinessUnit", UNIT, 0),                             /* 6.x */
	NESTED(UNIT, ARTS, "UnitID", UNIT_ID, 0, TEXT, SCRATCH, text),
	FIELD(UNIT_ID, ARTS, "@TypeCode", TEXT, SCRATCH, kind),
	FIELD(UNIT_ID, ARTS, "@Name", TEXT, SCRATCH, name),
	FIELD(TRANSACTION, ARTS, "WorkstationID", TEXT, TRANSACTION, ref.workstation_id),
	FIELD(TRANSACTION, ARTS, "SequenceNumber", TEXT, TRANSACTION, ref.sequence_number),
	FIELD(TRANSACTION, ARTS, "TransactionID", TEXT, TRANSACTION, ref.transaction_id),
	FIELD(TRANSACTION, ARTS, "BusinessDayDate", DATE, TRANSACTION, ref.business_date),
	NESTED(TRANSACTION, ARTS, "BeginDateTime", TIME, 0, TIME, TRANSACTION, begin),
	NESTED(TRANSACTION, ARTS, "EndDateTime", TIME, 0, TIME, TRANSACTION, end),
	NESTED(TRANSACTION, ARTS, "ReceiptDateTime", TIME, 0, TIME, TRANSACTION, receipt),
	NESTED(TRANSACTION, ARTS, "POSLogDateTime", LOGGED, 0, TEXT, SCRATCH, text), /* 6.x */
	FIELD(LOGGED, ARTS, "@TypeCode", TEXT, SCRATCH, kind),
	FIELD(LOGGED, RETALIX, "@Offset", TEXT, SCRATCH, offset),
	FIELD(TIME, RETALIX, "@Offset", TEXT, SCRATCH, offset),
	NESTED(TRANSACTION, ARTS, "OperatorID", OPERATOR, 0, TEXT, TRANSACTION, operator_id),
	FIELD(OPERATOR, ARTS, "@OperatorName", TEXT, TRANSACTION, operator_name),
	FIELD(TRANSACTION, ARTS, "CurrencyCode", TEXT, TRANSACTION, currency),
	FIELD(TRANSACTION, ARTS, "ReceiptNumber", TEXT, TRANSACTION, receipt_number),
	FIELD(TRANSACTION, ARTS, "InvoiceNumber", TEXT, TRANSACTION, receipt_number),
	IN(TRANSACTION, ARTS, "OperatorBypassApproval", APPROVAL, 0),
	IN(TRANSACTION, ARTS, "RetailTransaction", RETAIL, BODY_RETAIL),
	IN(TRANSACTION, ARTS, "CustomerOrderTransaction", RETAIL, BODY_ORDER),
	IN(TRANSACTION, ARTS, "ControlTransaction", CONTROL, BODY_CONTROL),
	IN(TRANSACTION, ARTS, "TenderControlTransaction", CASH, BODY_CASH),

	/* ---- A sale and its like ---- */
	FIELD(RETAIL, ARTS, "@TransactionStatus", TEXT, TRANSACTION, status),
	IN(RETAIL, ARTS, "LineItem", LINE, 0),
	NESTED(RETAIL, ARTS, "Total", TOTAL, 0, TEXT, SCRATCH, text),
	FIELD(TOTAL, ARTS, "@TotalType", TEXT, SCRATCH, kind),
	FIELD(TOTAL, ARTS, "@CurrencyCode", TEXT, SCRATCH, name),
	IN(RETAIL, ARTS, "Customer", CUSTOMER, 0),
	IN(RETAIL, ARTS, "LoyaltyAccount", LOYALTY, 0),
	IN(RETAIL, ARTS, "TransactionLink", LINK, 0),
	NESTED(RETAIL, ARTS, "ReceiptDateTime", TIME, 0, TIME, TRANSACTION, receipt),
	FIELD(RETAIL, ARTS, "ReceiptNumber", TEXT, TRANSACTION, receipt_number),
	FIELD(RETAIL, ARTS, "ItemCount", COUNT, TRANSACTION, item_count),
	FIELD(RETAIL, NCR, "ItemCount", COUNT, TRANSACTION, item_count),
	IN(RETAIL, NCR, "PerformanceMetrics", METRICS, 0),
	FIELD(METRICS, NCR, "RingTime", SECONDS, TRANSACTION, ring_ms),
	FIELD(RETAIL, ARTS, "CustomerOrderID", TEXT, TRANSACTION, order_id),
	FIELD(RETAIL, ARTS, "SpecialOrderNumber", TEXT, TRANSACTION, order_id),
	FIELD(RETAIL, ARTS, "ReasonCode", TEXT, TRANSACTION, reason_code),
	FIELD(RETAIL, ARTS, "Notes", TEXT, TRANSACTION, remarks),
	IN(RETAIL, ARTS, "OperatorBypassApproval", APPROVAL, 0),
	IN(RETAIL, WINCOR, "OperatorBypassApproval", APPROVAL, 0),
	FIELD(APPROVAL, ARTS, "ApproverID", TEXT, TRANSACTION, approver_id),
	IN(RETAIL, ARTS, "Delivery", DELIVERY, 0),
	IN(SALE, ARTS, "Delivery", DELIVERY, 0),
	FIELD(DELIVERY, ARTS, "DueDate", TEXT, TRANSACTION, delivery_date),
	NESTED(DELIVERY, ARTS, "Address", ADDRESS, 1, TEXT, ADDRESS, full),

	FIELD(LINE, ARTS, "@EntryMethod", ENTRY, LINE, entry),
	FIELD(LINE, ARTS, "@VoidFlag", FLAG, LINE, void_flag),
	FIELD(LINE, ARTS, "@CancelFlag", FLAG, LINE, cancel_flag),
	FIELD(LINE, ARTS, "@DeleteFlag", FLAG, LINE, cancel_flag),
	FIELD(LINE, ARTS, "SequenceNumber", COUNT, LINE, number),
	FIELD(LINE, ARTS, "ReasonCode", TEXT, LINE, reason_code),
	NESTED(LINE, ARTS, "ItemLink", ITEM_LINK, 0, COUNT, LINE, item_link),
	IN(LINE, ARTS, "OperatorBypassApproval", LINE_APPROVAL, 0),
	FIELD(LINE_APPROVAL, ARTS, "ApproverID", TEXT, LINE, approver_id),
	IN(LINE, ARTS, "Sale", SALE, SALE_FORM_SALE),
	IN(LINE, ARTS, "SaleForDelivery", SALE, SALE_FORM_SALE),
	IN(LINE, ARTS, "SaleForPickup", SALE, SALE_FORM_SALE),
	IN(LINE, ARTS, "SaleForPickUp", SALE, SALE_FORM_SALE),
	IN(LINE, ARTS, "Return", SALE, SALE_FORM_RETURN),
	IN(LINE, ARTS, "CustomerOrderForDelivery", SALE, SALE_FORM_ORDER),
	IN(LINE, ARTS, "CustomerOrderForPickup", SALE, SALE_FORM_ORDER),
	IN(LINE, ARTS, "CustomerOrderForPickUp", SALE, SALE_FORM_ORDER),
	IN(LINE, ARTS, "Tender", TENDER, 0),
	IN(LINE, ARTS, "TenderChange", TENDER, 1), /* 6.x: a line of its own */
	IN(LINE, ARTS, "Tax", TAX, 1),
	IN(LINE, ARTS, "Discount", MODIFIER, 1),
	IN(LINE, ARTS, "LoyaltyReward", REWARD, 0),
	IN(LINE, ARTS, "LoyaltyAccount", LOYALTY, 1),
	IN(LINE, ARTS, "Customer", CUSTOMER, 0),
	IN(LINE, NCR, "LoyaltyMembership", MEMBER, 1),

	FIELD(SALE, ARTS, "@ItemType", TEXT, SALE, item_type),
	FIELD(SALE, ARTS, "ItemID", TEXT, SALE, item_id),
	IN(SALE, ARTS, "POSIdentity", IDENTITY, 0),
	FIELD(IDENTITY, ARTS, "@POSIDType", TEXT, SALE, pos_id_type),
	FIELD(IDENTITY, ARTS, "POSItemID", TEXT, SALE, pos_item_id),
	NESTED(SALE, ARTS, "MerchandiseHierarchy", HIERARCHY, 0, TEXT, SCRATCH, text),
	FIELD(HIERARCHY, ARTS, "@Level", TEXT, SCRATCH, kind),
	FIELD(HIERARCHY, ARTS, "@ID", TEXT, SCRATCH, name),
	FIELD(SALE, ARTS, "Description", TEXT, SALE, description),
	FIELD(SALE, ARTS, "RegularSalesUnitPrice", NUMBER, SALE, regular_unit_price),
	FIELD(SALE, ARTS, "ActualSalesUnitPrice", NUMBER, SALE, actual_unit_price),
	FIELD(SALE, ARTS, "ExtendedAmount", AMOUNT, SALE, extended_amount),
	FIELD(SALE, ARTS, "ExtendedDiscountAmount", AMOUNT, SALE, discount_amount),
	NESTED(SALE, ARTS, "Quantity", QUANTITY, 0, NUMBER, SALE, quantity),
	FIELD(QUANTITY, ARTS, "@Units", NUMBER, SALE, units),
	FIELD(QUANTITY, ARTS, "@UnitOfMeasureCode", TEXT, SALE, unit),
	FIELD(SALE, ARTS, "SerialNumber", TEXT, SALE, serial_number),
	FIELD(SALE, ARTS, "ReasonCode", TEXT, SALE, reason_code),
	FIELD(SALE, ARTS, "Reason", TEXT, SALE, reason_code),
	FIELD(SALE, WINCOR, "Brand", TEXT, SALE, brand),
	FIELD(SALE, NCR, "OperatorSequence", COUNT, SALE, operator_sequence),
	NESTED(SALE, ARTS, "ItemLink", ITEM_LINK, 0, COUNT, SALE, item_link),
	FIELD(ITEM_LINK, ARTS, "LineItemSequenceNumber", COUNT, LINE, item_link),
	FIELD(ITEM_LINK, ARTS, "SequenceNumber", COUNT, LINE, item_link),
	IN(SALE, ARTS, "Tax", TAX, 0),
	IN(SALE, ARTS, "RetailPriceModifier", MODIFIER, 0),
	IN(SALE, ARTS, "TransactionLink", LINK, 1),

	NESTED(MODIFIER, ARTS, "Amount", MODIFIER_AMOUNT, 0, AMOUNT, DISCOUNT, amount),
	FIELD(MODIFIER_AMOUNT, ARTS, "@Action", TEXT, DISCOUNT, action),
	FIELD(MODIFIER, ARTS, "PromotionID", TEXT, DISCOUNT, promotion_id),
	FIELD(MODIFIER, ARTS, "Description", TEXT, DISCOUNT, description),
	FIELD(MODIFIER, ARTS, "ReasonCode", TEXT, DISCOUNT, code),
	IN(MODIFIER, ARTS, "PriceDerivationRule", RULE, 0),
	FIELD(RULE, ARTS, "PriceDerivationRuleID", TEXT, DISCOUNT, promotion_id),
	FIELD(RULE, ARTS, "Description", TEXT, DISCOUNT, description),
	FIELD(RULE, ARTS, "ReasonCode", TEXT, DISCOUNT, code),

	FIELD(TAX, ARTS, "@TaxType", TEXT, TAX, type),
	FIELD(TAX, NCR, "@TaxDescription", TEXT, TAX, name),
	FIELD(TAX, NCR, "@TaxID", TEXT, TAX, code),
	FIELD(TAX, ARTS, "TaxAuthority", TEXT, TAX, authority),
	FIELD(TAX, ARTS, "TaxableAmount", AMOUNT, TAX, taxable),
	FIELD(TAX, ARTS, "Amount", AMOUNT, TAX, amount),
	FIELD(TAX, ARTS, "Percent", NUMBER, TAX, percent),
	FIELD(TAX, ARTS, "TaxRuleID", TEXT, TAX, rule),
	FIELD(TAX, ARTS, "TaxGroupID", TEXT, TAX, group),

	FIELD(TENDER, ARTS, "@TenderType", TEXT, TENDER, tender_type),
	FIELD(TENDER, ARTS, "@TypeCode", TEXT, TENDER, type_code),
	FIELD(TENDER, ARTS, "TenderID", TEXT, TENDER, tender_id),
	FIELD(TENDER, ARTS, "Amount", AMOUNT, TENDER, amount),
	NESTED(TENDER, ARTS, "TenderChange", CHANGE, 0, AMOUNT, TENDER, change),
	FIELD(CHANGE, ARTS, "Amount", AMOUNT, TENDER, change),
	FIELD(CHANGE, ARTS, "@TenderType", TEXT, TENDER, tender_type),
	NESTED(TENDER, ARTS, "Cashback", CASHBACK, 0, AMOUNT, TENDER, cashback),
	FIELD(CASHBACK, ARTS, "Amount", AMOUNT, TENDER, cashback),
	FIELD(TENDER, ARTS, "Rounding", AMOUNT, TENDER, rounding),
	NESTED(TENDER, ARTS, "ItemLink", ITEM_LINK, 0, COUNT, TENDER, item_link),
	IN(TENDER, ARTS, "Authorization", AUTHORIZATION, 0),
	FIELD(AUTHORIZATION, ARTS, "AuthorizationCode", TEXT, TENDER, authorization_code),
	FIELD(AUTHORIZATION, ARTS, "ReferenceNumber", TEXT, TENDER, reference_number),
	/* CreditDebit/PrimaryAccountNumber has no row and never will. */
	IN(TENDER, ARTS, "CreditDebit", CARD, 0),
	FIELD(CARD, ARTS, "@CardType", TEXT, TENDER, card_type),
	FIELD(CARD, ARTS, "@TypeCode", TEXT, TENDER, card_brand),
	FIELD(CARD, NCR, "@CreditDescription", TEXT, TENDER, card_brand),
	FIELD(CARD, ARTS, "CreditCardCompanyCode", TEXT, TENDER, card_brand),
	IN(TENDER, ARTS, "ForeignCurrency", FOREIGN, 0),
	FIELD(FOREIGN, ARTS, "CurrencyCode", TEXT, TENDER, foreign_currency),
	FIELD(FOREIGN, ARTS, "OriginalFaceAmount", AMOUNT, TENDER, foreign),
	FIELD(FOREIGN, ARTS, "Amount", AMOUNT, TENDER, foreign),

	FIELD(REWARD, NCR, "@detailedData", FLAG, REWARD, detailed),
	FIELD(REWARD, NCR, "@summarizedActivity", FLAG, REWARD, summary),
	FIELD(REWARD, ARTS, "PromotionID", TEXT, REWARD, promotion_id),
	FIELD(REWARD, ARTS, "ReasonCode", TEXT, REWARD, reason_code),
	FIELD(REWARD, ARTS, "Amount", AMOUNT, REWARD, amount),
	FIELD(REWARD, ARTS, "PointsAwarded", NUMBER, REWARD, points_awarded),
	FIELD(REWARD, ARTS, "PointsRedeemed", NUMBER, REWARD, points_redeemed),
	FIELD(REWARD, ARTS, "RewardType", TEXT, REWARD, type),
	FIELD(REWARD, NCR, "RewardType", TEXT, REWARD, type),
	FIELD(REWARD, NCR, "RewardCategory", TEXT, REWARD, category),
	FIELD(REWARD, NCR, "ExtendedRewardAmount", AMOUNT, REWARD, amount),
	FIELD(REWARD, NCR, "OperatorSequenceReference", COUNT, REWARD, operator_sequence),

	/* ---- Who bought ---- */
	FIELD(MEMBER, NCR, "LoyaltyID", ID, TRANSACTION, loyalty.card),
	FIELD(MEMBER, NCR, "MembershipID", ID, TRANSACTION, loyalty.card),
	FIELD(MEMBER, NCR, "HouseholdID", ID, TRANSACTION, loyalty.household),
	FIELD(MEMBER, NCR, "MembershipLevel", TEXT, TRANSACTION, loyalty.level),

	FIELD(LOYALTY, ARTS, "@EntryMethod", ENTRY, TRANSACTION, loyalty.entry),
	FIELD(LOYALTY, ARTS, "LoyaltyAccountID", ID, TRANSACTION, loyalty.account_id),
	FIELD(LOYALTY, ARTS, "LoyaltyProgramID", TEXT, TRANSACTION, loyalty.program),
	FIELD(LOYALTY, ARTS, "CustomerID", ID, TRANSACTION, loyalty.customer_id),
	FIELD(LOYALTY, ARTS, "MembershipLevel", TEXT, TRANSACTION, loyalty.level),
	FIELD(LOYALTY, ARTS, "PointsAwarded", NUMBER, TRANSACTION, loyalty.earned),
	FIELD(LOYALTY, ARTS, "PointsRedeemed", NUMBER, TRANSACTION, loyalty.redeemed),
	IN(LOYALTY, ARTS, "LoyaltyCard", LOYALTY_CARD, 0),
	FIELD(LOYALTY_CARD, ARTS, "PrimaryAccountNumber", ID, TRANSACTION, loyalty.card),
	IN(LOYALTY, ARTS, "LoyaltyProgram", PROGRAM, 0),
	FIELD(PROGRAM, ARTS, "LoyaltyAccountID", ID, TRANSACTION, loyalty.program_account),
	FIELD(PROGRAM, ARTS, "LoyaltyProgramID", TEXT, TRANSACTION, loyalty.program),
	NESTED(LOYALTY, ARTS, "Points", POINTS, 0, TEXT, SCRATCH, text),
	NESTED(PROGRAM, ARTS, "Points", POINTS, 0, TEXT, SCRATCH, text),
	FIELD(POINTS, ARTS, "@Type", TEXT, SCRATCH, kind),

	FIELD(CUSTOMER, ARTS, "@Gender", TEXT, TRANSACTION, party.gender),
	FIELD(CUSTOMER, RETALIX, "@EntryMethod", ENTRY, TRANSACTION, party.entry),
	FIELD(CUSTOMER, ARTS, "CustomerID", ID, TRANSACTION, party.customer_id),
	NESTED(CUSTOMER, ARTS, "Name", NAME, 0, TEXT, TRANSACTION, party.name_full),
	NESTED(CUSTOMER, ARTS, "CustomerName", NAME, 0, TEXT, TRANSACTION, party.name_full),
	FIELD(CUSTOMER, ARTS, "FirstName", TEXT, TRANSACTION, party.name_given),
	FIELD(CUSTOMER, ARTS, "LastName", TEXT, TRANSACTION, party.name_family),
	NESTED(NAME, ARTS, "Name", NAME_PART, 0, TEXT, SCRATCH, text),
	FIELD(NAME_PART, ARTS, "@TypeCode", TEXT, SCRATCH, kind),
	FIELD(NAME, ARTS, "FullName", TEXT, TRANSACTION, party.name_full),
	FIELD(NAME, ARTS, "OfficialName", TEXT, TRANSACTION, party.name_official),
	FIELD(NAME, ARTS, "GivenName", TEXT, TRANSACTION, party.name_given),
	FIELD(NAME, ARTS, "FirstName", TEXT, TRANSACTION, party.name_given),
	FIELD(NAME, ARTS, "FamilyName", TEXT, TRANSACTION, party.name_family),
	FIELD(NAME, ARTS, "LastName", TEXT, TRANSACTION, party.name_family),
	FIELD(NAME, ARTS, "Salutation", TEXT, TRANSACTION, party.form_of_address),
	NESTED(CUSTOMER, ARTS, "Address", ADDRESS, 0, TEXT, ADDRESS, full),
	FIELD(ADDRESS, ARTS, "AddressLine", LIST, ADDRESS, lines),
	FIELD(ADDRESS, ARTS, "City", TEXT, ADDRESS, city),
	FIELD(ADDRESS, ARTS, "PostalCode", TEXT, ADDRESS, postcode),
	FIELD(ADDRESS, ARTS, "Territory", TEXT, ADDRESS, region),
	FIELD(ADDRESS, ARTS, "State", TEXT, ADDRESS, region),
	FIELD(ADDRESS, ARTS, "District", TEXT, ADDRESS, district),
	FIELD(ADDRESS, ARTS, "County", TEXT, ADDRESS, district),
	NESTED(ADDRESS, ARTS, "Country", COUNTRY, 0, TEXT, ADDRESS, country),
	FIELD(COUNTRY, ARTS, "@Code", TEXT, ADDRESS, country_code),
	NESTED(CUSTOMER, ARTS, "TelephoneNumber", PHONE, 0, TEXT, PHONE, text),
	NESTED(CUSTOMER, ARTS, "Telephone", PHONE, 0, TEXT, PHONE, text),
	NESTED(CUSTOMER, ARTS, "PhoneNumber", PHONE, 0, TEXT, PHONE, text),
	FIELD(PHONE, ARTS, "@TypeCode", TEXT, PHONE, type_code),
	FIELD(PHONE, ARTS, "FullTelephoneNumber", TEXT, PHONE, full),
	FIELD(PHONE, ARTS, "ITUCountryCode", TEXT, PHONE, country_code),
	FIELD(PHONE, ARTS, "CountryCode", TEXT, PHONE, country_code),
	FIELD(PHONE, ARTS, "AreaCode", TEXT, PHONE, area_code),
	FIELD(PHONE, ARTS, "LocalNumber", TEXT, PHONE, local_number),
	FIELD(PHONE, ARTS, "ExtensionNumber", TEXT, PHONE, extension),
	FIELD(PHONE, ARTS, "Extension", TEXT, PHONE, extension),
	NESTED(CUSTOMER, ARTS, "EMail", EMAIL, 0, LIST, TRANSACTION, party.emails),
	NESTED(CUSTOMER, ARTS, "Email", EMAIL, 0, LIST, TRANSACTION, party.emails),
	FIELD(EMAIL, ARTS, "EMailAddress", LIST, TRANSACTION, party.emails),
	FIELD(CUSTOMER, ARTS, "EMailAddress", LIST, TRANSACTION, party.emails),
	FIELD(CUSTOMER, ARTS, "Birthdate", TEXT, TRANSACTION, party.birth_date),
	FIELD(CUSTOMER, ARTS, "BirthDate", TEXT, TRANSACTION, party.birth_date),
	FIELD(CUSTOMER, ARTS, "BirthDayMonth", TEXT, TRANSACTION, party.birth_day_month),
	FIELD(CUSTOMER, ARTS, "BirthYear", TEXT, TRANSACTION, party.birth_year),
	FIELD(CUSTOMER, ARTS, "Locale", TEXT, TRANSACTION, party.language),
	FIELD(CUSTOMER, WINCOR, "LoyaltyCardID", ID, TRANSACTION, loyalty.card),
	FIELD(CUSTOMER, WINCOR, "CustomerSegment", TEXT, TRANSACTION, party.customer_group),
	IN(RETAIL, WINCOR, "CUSTOMER", CUSTOMER, 0),
	FIELD(CUSTOMER, WINCOR, "CustomerId", ID, TRANSACTION, party.customer_id),
	FIELD(CUSTOMER, WINCOR, "Name", TEXT, TRANSACTION, party.name_full),
	NESTED(CUSTOMER, WINCOR, "MobilePhone", PHONE, CONTACT(MOBILE), TEXT, PHONE, text),

	/* ---- The sale that a return or void refers to ---- */
	FIELD(LINK, ARTS, "@ReasonCode", TEXT, LINK, reason_code),
	FIELD(LINK, ARTS, "RetailStoreID", TEXT, LINK, ref.store_id),
	NESTED(LINK, ARTS, "BusinessUnit", LINK_PART, 0, TEXT, LINK, ref.store_id),
	FIELD(LINK_PART, ARTS, "UnitID", TEXT, LINK, ref.store_id),
	FIELD(LINK, ARTS, "WorkstationID", TEXT, LINK, ref.workstation_id),
	FIELD(LINK, ARTS, "SequenceNumber", TEXT, LINK, ref.sequence_number),
	FIELD(LINK, ARTS, "TransactionID", TEXT, LINK, ref.transaction_id),
	NESTED(LINK, ARTS, "BusinessDayDate", LINK_PART, 0, DATE, LINK, ref.business_date),
	FIELD(LINK_PART, ARTS, "Date", DATE, LINK, ref.business_date),

	/* ---- No trade ---- */
	FIELD(CONTROL, ARTS, "ReasonCode", TEXT, TRANSACTION, reason_code),
	FIELD(CONTROL, ARTS, "TypeCode", TEXT, TRANSACTION, status),
	IN(CONTROL, ARTS, "OperatorBypassApproval", APPROVAL, 0),
	IN(CONTROL, ARTS, "OperatorSignOn", CONTROL_KIND, CONTROL(SIGN_ON)),
	IN(CONTROL, ARTS, "SignOn", CONTROL_KIND, CONTROL(SIGN_ON)),
	IN(CONTROL, ARTS, "OperatorSignOff", CONTROL_KIND, CONTROL(SIGN_OFF)),
	IN(CONTROL, ARTS, "SignOff", CONTROL_KIND, CONTROL(SIGN_OFF)),
	IN(CONTROL, ARTS, "NoSale", CONTROL_KIND, CONTROL(NO_SALE)),
	IN(CONTROL, ARTS, "BusinessSOD", CONTROL_KIND, CONTROL(DAY_START)),
	IN(CONTROL, ARTS, "BusinessEOD", CONTROL_KIND, CONTROL(DAY_END)),
	IN(CONTROL, ARTS, "SessionStart", CONTROL_KIND, CONTROL(SESSION_START)),
	IN(CONTROL, ARTS, "SessionSettle", CONTROL_KIND, CONTROL(SESSION_END)),
	IN(CONTROL, ARTS, "Reprint", CONTROL_KIND, CONTROL(REPRINT)),
	IN(CONTROL, ARTS, "ReceiptReprint", CONTROL_KIND, CONTROL(REPRINT)),

	IN(CASH, ARTS, "TenderPickup", MOVEMENT, CASH(PICKUP)),
	IN(CASH, ARTS, "TenderLoan", MOVEMENT, CASH(LOAN)),
	IN(CASH, ARTS, "PaidIn", MOVEMENT, CASH(PAID_IN)),
	IN(CASH, ARTS, "PaidOut", MOVEMENT, CASH(PAID_OUT)),
	IN(CASH, ARTS, "TenderCount", MOVEMENT, CASH(COUNT)),
	IN(CASH, ARTS, "TillSettle", MOVEMENT, CASH(COUNT)),
	IN(CASH, ARTS, "SafeSettle", MOVEMENT, CASH(COUNT)),
	IN(CASH, ARTS, "Deposit", MOVEMENT, CASH(DEPOSIT)),
	IN(CASH, ARTS, "TenderDeposit", MOVEMENT, CASH(DEPOSIT)),
	FIELD(CASH, ARTS, "ReasonCode", TEXT, TRANSACTION, reason_code),
	FIELD(CASH, ARTS, "TypeCode", TEXT, TRANSACTION, status),
	IN(CASH, ARTS, "OperatorBypassApproval", APPROVAL, 0),
	IN(CASH, ARTS, "Totals", CASH_TOTAL, 0),
	FIELD(CASH_TOTAL, ARTS, "Amount", AMOUNT, TRANSACTION, cash_total),
	FIELD(MOVEMENT, ARTS, "@TenderType", TEXT, MOVEMENT, tender_type),
	FIELD(MOVEMENT, ARTS, "TenderType", TEXT, MOVEMENT, tender_type),
	FIELD(MOVEMENT, ARTS, "Amount", AMOUNT, MOVEMENT, amount),
	FIELD(MOVEMENT, ARTS, "ReasonCode", TEXT, MOVEMENT, reason_code),
	FIELD(MOVEMENT, ARTS, "Reason", TEXT, MOVEMENT, reason_code),
	IN(MOVEMENT, ARTS, "Tender", MOVEMENT_TENDER, 0),
	IN(MOVEMENT, ARTS, "TenderTotal", MOVEMENT_TENDER, 0),
	IN(MOVEMENT, ARTS, "Totals", MOVEMENT_TENDER, 0),
	FIELD(MOVEMENT_TENDER, ARTS, "@TenderType", TEXT, MOVEMENT, tender_type),
	FIELD(MOVEMENT_TENDER, ARTS, "TenderType", TEXT, MOVEMENT, tender_type),
	FIELD(MOVEMENT_TENDER, ARTS, "Amount", AMOUNT, MOVEMENT, amount),
	FIELD(MOVEMENT_TENDER, ARTS, "ExpectedAmount", AMOUNT, MOVEMENT, expected),
};

const size_t dialect_row_count = sizeof(dialect_rows) / sizeof(dialect_rows[0]);

static const struct {
	const char *prefix;
	enum space space;
} spaces[] = {
	{"http://www.nrf-arts.org/IXRetail/", SPACE_ARTS},
	{"http://www.ncr.com/rsd/acs/", SPACE_NCR},
	{"http://www.wincor-nixdorf.com", SPACE_WINCOR},
	{"http://www.Retalix.com/Extensions", SPACE_RETALIX},
};

enum space dialect_space(const char *uri)
{
	if (uri == NULL)
		return SPACE_ARTS;
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		if (strncmp(uri, spaces[i].prefix, strlen(spaces[i].prefix)) == 0)
			return spaces[i].space;
	}
	return SPACE_FOREIGN;
}

struct slice dialect_bare(struct slice code)
{
	for (size_t i = 0; i < code.len; i++) {
		if (code.data[i] == ':')
			return slice_sub(code, i + 1, code.len);
	}
	return code;
}

struct word {
	const char *text;
	int value;
};

static const struct word entries[] = {
	{"Scanned", ENTRY(SCANNED)},
	{"Keyed", ENTRY(KEYED)},
	{"Tapped", ENTRY(KEYED)}, /* on the screen */
	{"MSR", ENTRY(CARD)},
	{"Swiped", ENTRY(CARD)},
	{"SmartCard", ENTRY(CARD)},
	{"ContactlessEMV", ENTRY(CARD)},
	{"RFID", ENTRY(CARD)},
	{"Automatic", ENTRY(AUTOMATIC)},
	{"Auto", ENTRY(AUTOMATIC)},
	{"Linked", ENTRY(AUTOMATIC)},
};

static const struct word contacts[] = {
	{"Mobile", CONTACT(MOBILE)},
	{"MobilePhone", CONTACT(MOBILE)},
	{"Cell", CONTACT(MOBILE)},
	{"Home", CONTACT(HOME)},
	{"Work", CONTACT(WORK)},
	{"Business", CONTACT(WORK)},
	{"Fax", CONTACT(FAX)},
};

static int word_find(const struct word *words, size_t count, struct slice code, int otherwise)
{
	code = dialect_bare(code);
	for (size_t i = 0; i < count; i++) {
		if (slice_equal(code, slice_text(words[i].text)))
			return words[i].value;
	}
	return otherwise;
}

Carehub__V1__EntryMethod dialect_entry(struct slice code)
{
	if (code.len == 0)
		return ENTRY(UNSPECIFIED);
	return (Carehub__V1__EntryMethod)word_find(
		entries, sizeof(entries) / sizeof(entries[0]), code, ENTRY(OTHER));
}

Carehub__V1__ContactKind dialect_contact(struct slice code)
{
	if (code.len == 0)
		return CONTACT(UNSPECIFIED);
	return (Carehub__V1__ContactKind)word_find(
		contacts, sizeof(contacts) / sizeof(contacts[0]), code, CONTACT(OTHER));
}

static const struct word total_types[] = {
	{"TransactionGrandAmount", offsetof(struct totals, grand)},
	{"TransactionNetAmount", offsetof(struct totals, net)},
	{"TransactionTaxAmount", offsetof(struct totals, tax)},
	{"TransactionGrossAmount", offsetof(struct totals, gross)},
	{"RoundingAmount", offsetof(struct totals, rounding)},
	{"TransactionRoundingAmount", offsetof(struct totals, rounding)},
	{"TransactionTotalSavings", offsetof(struct totals, discount)},
	{"TransactionDiscountAmount", offsetof(struct totals, discount)},
	{"DiscountAmount", offsetof(struct totals, discount)},
	{"DiscountTotal", offsetof(struct totals, discount)}, /* acs */
};

struct amount *dialect_total(struct totals *totals, struct slice type)
{
	int offset = word_find(total_types, sizeof(total_types) / sizeof(total_types[0]), type, -1);
	if (offset < 0)
		return NULL;
	return (struct amount *)(void *)((char *)totals + offset);
}

static const struct word point_types[] = {
	{"Balance", offsetof(struct loyalty, balance)},
	{"PointsEarned", offsetof(struct loyalty, earned)},
	{"Redeemed", offsetof(struct loyalty, redeemed)},
};

struct number *dialect_points(struct loyalty *loyalty, struct slice type)
{
	int offset = word_find(point_types, sizeof(point_types) / sizeof(point_types[0]), type, -1);
	return offset < 0 ? NULL : (struct number *)(void *)((char *)loyalty + offset);
}

static const struct word name_types[] = {
	{"GivenName", offsetof(struct party, name_given)},
	{"FirstName", offsetof(struct party, name_given)},
	{"FamilyName", offsetof(struct party, name_family)},
	{"LastName", offsetof(struct party, name_family)},
};

struct slice *dialect_name_part(struct party *party, struct slice type)
{
	int offset = word_find(name_types, sizeof(name_types) / sizeof(name_types[0]), type,
		offsetof(struct party, name_full));
	return (struct slice *)(void *)((char *)party + offset);
}

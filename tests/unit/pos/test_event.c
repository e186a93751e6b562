#include "unit/pos/till.h"

#include <stdio.h>

#include "base/limits.h"
#include "channel/pos/event.h"
#include "channel/pos/slot.h"
#include "wire/check.h"
#include "wire/reflect.h"
#include "wire/types.h"

struct written {
	struct till till;
	struct event_writer writer;
	struct envelope envelope;
	const struct event_type *type;
	ProtobufCMessage *message;
};

/* Event `index` of the text's one transaction, unpacked; checked against the schema on the way. */
static void write_event(struct written *w, const char *text, size_t index)
{
	char path[CHECK_PATH_BYTES];
	struct buffer both = {0};
	const char *lacking;
	struct buffer subject = {0};
	*w = (struct written){0};
	struct transaction *t = till_settled(&w->till, text);
	event_writer_init(&w->writer, (struct slice){NULL, 0});
	assert_true(index < event_count(t));
	assert_int_equal(event_write(&w->writer, t, index, &w->envelope), CH_OK);
	w->type = types_find(w->envelope.type);
	assert_non_null(w->type);
	assert_int_equal(check_message(w->type->message, w->envelope.data, path), CH_OK);
	assert_int_equal(check_message(w->type->message, w->envelope.personal, path), CH_OK);
	const struct message_parts parts = {w->envelope.data, w->envelope.personal};
	assert_int_equal(types_check_mandatory(w->type, &parts, &lacking), CH_OK);
	types_subject(w->type, &parts, &subject);
	assert_slice_text(w->envelope.subject, buffer_text(&subject));
	buffer_append_slice(&both, w->envelope.data);
	buffer_append_slice(&both, w->envelope.personal);
	w->message = protobuf_c_message_unpack(w->type->message, NULL, both.len, both.data);
	assert_non_null(w->message);
	buffer_fini(&both);
	buffer_fini(&subject);
}

static void written_close(struct written *w)
{
	protobuf_c_message_free_unpacked(w->message, NULL);
	event_writer_fini(&w->writer);
	till_close(&w->till);
}

static void test_usage(void **state)
{
	(void)state;
	struct written w;
	write_event(&w, LOG(PLAIN_SALE("161")), 0);
	assert_slice_text(w.envelope.id, "9/34/2026-03-02/161");
	assert_slice_text(w.envelope.source, "urn:pos:9");
	assert_slice_text(w.envelope.type, "pos.sale.completed");
	assert_slice_text(w.envelope.subject, "9/34/2026-03-02/161");
	assert_int_equal(w.envelope.digest.len, 32);
	assert_int_equal(w.envelope.personal.len, 0); /* it names nobody */
	const Carehub__V1__PosSaleCompleted *sale = (const void *)w.message;
	assert_string_equal(sale->transaction->ref->sequence_number, "161");
	assert_int_equal(sale->transaction->n_lines, 1);
	assert_int_equal(sale->transaction->lines[0]->extended_amount->minor_units, 1250);
	assert_string_equal(sale->transaction->lines[0]->extended_amount->currency, "CNY");
	assert_int_equal(sale->transaction->lines[0]->quantity->unscaled, 1);
	assert_string_equal(sale->transaction->tenders[0]->tender_type, "Cash");
	assert_int_equal(sale->transaction->totals->grand->minor_units, 1250);
	assert_int_equal(sale->transaction->time_zone_assumed, CAREHUB__V1__ANSWER__ANSWER_YES);
	assert_int_equal(sale->transaction->totals_differ, CAREHUB__V1__ANSWER__ANSWER_NO);
	assert_null(sale->customer);
	written_close(&w);
}

/* Numbers and forms in the tables are those of the schema. */
static void test_the_tables_follow_the_schema(void **state)
{
	(void)state;
	static const struct {
		ProtobufCType type;
		const char *message;
	} forms[] = {
		[SLOT_TEXT] = {PROTOBUF_C_TYPE_STRING, NULL},
		[SLOT_NUMBER] = {PROTOBUF_C_TYPE_MESSAGE, "carehub.v1.Decimal"},
		[SLOT_AMOUNT] = {PROTOBUF_C_TYPE_MESSAGE, "carehub.v1.Money"},
		[SLOT_MOMENT] = {PROTOBUF_C_TYPE_INT64, NULL},
		[SLOT_INT64] = {PROTOBUF_C_TYPE_INT64, NULL},
		[SLOT_UINT] = {PROTOBUF_C_TYPE_UINT32, NULL},
		[SLOT_ENUM] = {PROTOBUF_C_TYPE_ENUM, NULL},
		[SLOT_YES] = {PROTOBUF_C_TYPE_ENUM, NULL},
		[SLOT_REF] = {PROTOBUF_C_TYPE_MESSAGE, "carehub.v1.TransactionRef"},
	};
	for (size_t i = 0; i < SLOTS_COUNT; i++) {
		for (size_t j = 0; j < slot_tables[i].count; j++) {
			const struct slot *slot = &slot_tables[i].slots[j];
			const ProtobufCFieldDescriptor *field =
				reflect_field(slot_tables[i].message, slice_text(slot->name));
			assert_non_null(field);
			assert_int_equal(field->id, slot->number);
			assert_int_equal(field->type, forms[slot->form].type);
			assert_int_equal(field->label, PROTOBUF_C_LABEL_NONE);
			if (forms[slot->form].message != NULL)
				assert_string_equal(reflect_message_type(field)->name,
					forms[slot->form].message);
		}
	}
}

static void test_the_customer_as_the_till_saw_him(void **state)
{
	(void)state;
	struct written w;
	write_event(&w,
		"<POSLog xmlns='" ARTS
		"' xmlns:WN='http://www.wincor-nixdorf.com'><Transaction>" HEAD("1")
			RETAIL(LINE("1", SALE("A", "1", "5.00")) LINE("2", CASH("5.00")) GRAND(
				"5.00") "<Customer Gender='Female'><CustomerID>2209</CustomerID><CustomerName>"
					"<Salutation>女士</Salutation><Name TypeCode='GivenName'>芳</Name>"
					"<Name TypeCode='FamilyName'>王</Name><FullName>王芳</FullName>"
					"<OfficialName>远山贸易</OfficialName></CustomerName>"
					"<Address><AddressLine>人民路1号</AddressLine><AddressLine>2幢</AddressLine>"
					"<City>上海市</City><PostalCode>200030</PostalCode><Country Code='CN'/></Address>"
					"<TelephoneNumber TypeCode='Mobile'>139 0000 0001</TelephoneNumber>"
					"<TelephoneNumber TypeCode='Home'><ITUCountryCode>86</ITUCountryCode>"
					"<AreaCode>21</AreaCode><LocalNumber>64000001</LocalNumber>"
					"<ExtensionNumber>8</ExtensionNumber></TelephoneNumber>"
					"<EMail><EMailAddress>fang@example.com</EMailAddress></EMail>"
					"<BirthDayMonth>--08-12Z</BirthDayMonth><BirthYear>1964Z</BirthYear>"
					"<Locale>zh-CN</Locale><WN:LoyaltyCardID>6200007</WN:LoyaltyCardID>"
					"</Customer>") "</Transaction></POSLog>",
		0);
	const Carehub__V1__Party *party = ((Carehub__V1__PosSaleCompleted *)w.message)->customer;
	assert_non_null(party);
	assert_string_equal(party->local_id, "2209");
	assert_string_equal(party->member_card, "6200007");
	assert_string_equal(party->name->full, "王芳");
	assert_string_equal(party->name->family, "王");
	assert_string_equal(party->name->given, "芳");
	assert_string_equal(party->name->form_of_address, "女士");
	assert_string_equal(party->company, "远山贸易");
	assert_int_equal(party->address->n_lines, 2);
	assert_string_equal(party->address->lines[1], "2幢");
	assert_string_equal(party->address->country, "CN");
	assert_int_equal(party->n_phones, 2);
	assert_string_equal(party->phones[0]->value, "139 0000 0001");
	assert_int_equal(party->phones[0]->kind, CAREHUB__V1__CONTACT_KIND__CONTACT_KIND_MOBILE);
	assert_string_equal(party->phones[1]->value, "+86 21 64000001 ext. 8");
	assert_int_equal(party->phones[1]->kind, CAREHUB__V1__CONTACT_KIND__CONTACT_KIND_HOME);
	assert_string_equal(party->emails[0]->value, "fang@example.com");
	assert_string_equal(party->birth_date, "1964-08-12");
	assert_string_equal(party->language, "zh-CN");
	assert_string_equal(party->gender, "Female");
	/* Nothing of it stands in the open part. */
	assert_null(memmem(w.envelope.data.data, w.envelope.data.len, "芳", strlen("芳")));
	assert_null(memmem(w.envelope.data.data, w.envelope.data.len, "139", 3));
	written_close(&w);
}

#define MEMBER                                                                                     \
	"<LineItem EntryMethod='MSR'><SequenceNumber>9</SequenceNumber><LoyaltyAccount>"           \
	"<LoyaltyAccountID>620000077</LoyaltyAccountID><LoyaltyProgramID>GOLD</LoyaltyProgramID>"  \
	"<PointsAwarded>12</PointsAwarded><PointsRedeemed>2.5</PointsRedeemed></LoyaltyAccount>"   \
	"</LineItem>"

static void test_a_member_gives_an_event_of_its_own(void **state)
{
	(void)state;
	struct written w;
	const char *text = LOG(TRANSACTION("1", RETAIL(LINE("1", SALE("A", "1", "5.00")) LINE(
							"2", CASH("5.00")) MEMBER GRAND("5.00"))));
	write_event(&w, text, 1);
	assert_slice_text(w.envelope.id, "9/34/2026-03-02/1#loyalty");
	assert_slice_text(w.envelope.type, "pos.loyalty.seen");
	assert_slice_text(w.envelope.correlation_id, "9/34/2026-03-02/1");
	assert_slice_text(w.envelope.causation_id, "9/34/2026-03-02/1");
	const Carehub__V1__PosLoyaltySeen *seen = (const void *)w.message;
	assert_string_equal(seen->customer->member_card, "620000077");
	assert_int_equal(
		seen->customer->member_card_assurance, CAREHUB__V1__ASSURANCE__ASSURANCE_VERIFIED);
	assert_string_equal(seen->program, "GOLD");
	assert_int_equal(seen->points_change->unscaled, 95);
	assert_int_equal(seen->points_change->scale, 1);
	written_close(&w);
	write_event(&w, text, 0);
	assert_int_equal(event_count(w.till.transaction), 2);
	assert_slice_text(w.envelope.correlation_id, "9/34/2026-03-02/1");
	assert_int_equal(w.envelope.causation_id.len, 0);
	written_close(&w);
}

#define LINK                                                                                       \
	"<TransactionLink ReasonCode='Voided'><RetailStoreID>9</RetailStoreID>"                    \
	"<WorkstationID>34</WorkstationID><SequenceNumber>140</SequenceNumber>"                    \
	"<BusinessDayDate>2026-03-01</BusinessDayDate></TransactionLink>"

static void test_returns_and_post_voids_name_the_sale(void **state)
{
	(void)state;
	struct written w;
	write_event(&w,
		LOG(TRANSACTION("1",
			RETAIL(LINE("1",
				"<Return><ItemID>A</ItemID><ExtendedAmount>5.00</ExtendedAmount>"
				"<Quantity>1</Quantity><Reason>broken</Reason>" LINK
				"</Return>") LINE("2",
				"<Tender TypeCode='Refund'><Amount>5.00</Amount></Tender>")
					GRAND("-5.00")))),
		0);
	const Carehub__V1__PosReturnCompleted *back = (const void *)w.message;
	assert_string_equal(back->original->sequence_number, "140");
	assert_string_equal(back->transaction->lines[0]->original->business_date, "2026-03-01");
	assert_string_equal(back->transaction->lines[0]->reason_code, "broken");
	assert_int_equal(back->transaction->totals_differ, CAREHUB__V1__ANSWER__ANSWER_NO);
	written_close(&w);
	write_event(&w,
		LOG(TRANSACTION("1", "<RetailTransaction TransactionStatus='PostVoided'>" LINE(
					     "1", SALE("A", "1", "5.00")) LINE("2", CASH("5.00"))
					     GRAND("-5.00") LINK "</RetailTransaction>")),
		0);
	const Carehub__V1__PosSaleVoided *voided = (const void *)w.message;
	assert_string_equal(voided->original->sequence_number, "140");
	assert_string_equal(voided->reason_code, "Voided");
	assert_int_equal(voided->transaction->n_links, 1);
	assert_int_equal(voided->transaction->totals_differ, CAREHUB__V1__ANSWER__ANSWER_NO);
	written_close(&w);
}

static void test_cash_of_several_kinds_moves_in_several_events(void **state)
{
	(void)state;
	struct written w;
	const char *text = LOG(TRANSACTION("1",
		"<TenderControlTransaction><ReasonCode>late</ReasonCode><TenderPickup>"
		"<Tender TenderType='Cash'><Amount>1000.00</Amount></Tender>"
		"<Tender TenderType='Check'><Amount>20.00</Amount></Tender></TenderPickup>"
		"</TenderControlTransaction>"));
	write_event(&w, text, 0);
	assert_int_equal(event_count(w.till.transaction), 2);
	assert_slice_text(w.envelope.id, "9/34/2026-03-02/1");
	const Carehub__V1__PosCashMoved *moved = (const void *)w.message;
	assert_int_equal(moved->kind, CAREHUB__V1__CASH_KIND__CASH_KIND_PICKUP);
	assert_string_equal(moved->tender_type, "Cash");
	assert_int_equal(moved->amount->minor_units, 100000);
	assert_string_equal(moved->reason_code, "late");
	written_close(&w);
	write_event(&w, text, 1);
	assert_slice_text(w.envelope.id, "9/34/2026-03-02/1#2");
	moved = (const void *)w.message;
	assert_string_equal(moved->tender_type, "Check");
	assert_int_equal(moved->amount->minor_units, 2000);
	written_close(&w);
}

static void test_every_outcome_is_an_event_of_the_schema(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"<Transaction TrainingModeFlag='true'>" HEAD("1")
			RETAIL(LINE("1", SALE("A", "1", "5"))),
		"<Transaction CancelFlag='true'>" HEAD("1") RETAIL(LINE("1", SALE("A", "1", "5"))),
		"<Transaction>" HEAD(
			"1") "<RetailTransaction TransactionStatus='SuspendedRetrieved'>" LINE("1",
			SALE("A", "1", "5")) "</RetailTransaction>",
		"<Transaction>" HEAD(
			"1") "<CustomerOrderTransaction><SpecialOrderNumber>O/5"
			     "</SpecialOrderNumber>" LINE("1", SALE("A", "1", "5"))
				     LINE("2", CASH("2")) "</CustomerOrderTransaction>",
		"<Transaction>" HEAD("1") "<CustomerOrderTransaction>" LINE(
			"1", SALE("A", "1", "5")) "</CustomerOrderTransaction>",
		"<Transaction>" HEAD(
			"1") "<ControlTransaction><OperatorSignOff/></ControlTransaction>",
		"<Transaction>" HEAD("1") "<TenderControlTransaction/>",
	};
	static const char *const types[] = {"pos.training.completed", "pos.sale.cancelled",
		"pos.sale.suspended", "pos.order.placed", "pos.order.placed",
		"pos.control.recorded", "pos.cash.moved"};
	static const char *const subjects[] = {"9/34/2026-03-02/1", "9/34/2026-03-02/1",
		"9/34/2026-03-02/1", "O%2F5", "9%2F34%2F2026-03-02%2F1", "9/34/2026-03-02/1",
		"9/34/2026-03-02/1"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char text[2048];
		struct written w;
		int len = snprintf(text, sizeof(text),
			"<POSLog xmlns='" ARTS "'>%s</Transaction></POSLog>", texts[i]);
		assert_true(len > 0 && (size_t)len < sizeof(text));
		write_event(&w, text, 0);
		assert_slice_text(w.envelope.type, types[i]);
		assert_slice_text(w.envelope.subject, subjects[i]);
		written_close(&w);
	}
}

static void test_ids_and_sources_of_odd_numbers(void **state)
{
	(void)state;
	struct envelope envelope;
	struct event_writer writer;
	struct till till;
	struct transaction *t = till_settled(
		&till, LOG("<Transaction><RetailStoreID>上/海 1%</RetailStoreID><WorkstationID>2"
			   "</WorkstationID><SequenceNumber>3</SequenceNumber><TransactionID>50-1#x"
			   "</TransactionID><BusinessDayDate>2026-03-02Z</BusinessDayDate>" RETAIL(
				   "") "</Transaction>"));
	event_writer_init(&writer, slice_text("urn:shop:{store}:till"));
	assert_int_equal(event_write(&writer, t, 0, &envelope), CH_OK);
	assert_slice_text(envelope.id, "上%2F海 1%25/2/2026-03-02/3/50-1%23x");
	assert_slice_text(envelope.source, "urn:shop:%E4%B8%8A%2F%E6%B5%B7%201%25:till");
	event_writer_fini(&writer);
	event_writer_init(&writer, slice_text("urn:all-shops"));
	assert_int_equal(event_write(&writer, t, 0, &envelope), CH_OK);
	assert_slice_text(envelope.source, "urn:all-shops");
	event_writer_fini(&writer);
	till_close(&till);
}

static void test_an_event_too_large_for_the_bus(void **state)
{
	(void)state;
	struct envelope envelope;
	struct event_writer writer;
	struct till till;
	struct buffer text = {0};
	buffer_append_text(
		&text, "<POSLog xmlns='" ARTS "'><Transaction>" HEAD("1") "<RetailTransaction>");
	for (int i = 0; i < 1500; i++) {
		buffer_append_text(&text, "<LineItem><Sale><Description>");
		for (int j = 0; j < 20; j++)
			buffer_append_text(&text, "0123456789");
		buffer_append_text(&text, "</Description></Sale></LineItem>");
	}
	buffer_append_text(&text, "</RetailTransaction></Transaction></POSLog>");
	struct transaction *t = till_settled(&till, buffer_text(&text));
	event_writer_init(&writer, (struct slice){NULL, 0});
	assert_int_equal(event_write(&writer, t, 0, &envelope), CH_TOO_LARGE);
	event_writer_fini(&writer);
	till_close(&till);
	buffer_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_the_tables_follow_the_schema),
		cmocka_unit_test(test_the_customer_as_the_till_saw_him),
		cmocka_unit_test(test_a_member_gives_an_event_of_its_own),
		cmocka_unit_test(test_returns_and_post_voids_name_the_sale),
		cmocka_unit_test(test_cash_of_several_kinds_moves_in_several_events),
		cmocka_unit_test(test_every_outcome_is_an_event_of_the_schema),
		cmocka_unit_test(test_ids_and_sources_of_odd_numbers),
		cmocka_unit_test(test_an_event_too_large_for_the_bus),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

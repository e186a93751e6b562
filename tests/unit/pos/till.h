/* POSLog texts for the tests of the till adapter, and the short way through it. */
#ifndef TESTS_UNIT_POS_TILL_H
#define TESTS_UNIT_POS_TILL_H

#include "support/unit.h"

#include "channel/pos/poslog.h"
#include "channel/pos/sale.h"

#define ARTS      "http://www.nrf-arts.org/IXRetail/namespace/"
#define LOG(body) "<POSLog xmlns=\"" ARTS "\">" body "</POSLog>"

/* A transaction of 2.x by its number, with `inside` for what it is. */
#define HEAD(number)                                                                               \
	"<RetailStoreID>9</RetailStoreID><WorkstationID>34</WorkstationID><SequenceNumber>" number \
	"</SequenceNumber><BusinessDayDate>2026-03-02</BusinessDayDate>"                           \
	"<EndDateTime>2026-03-02T10:15:00</EndDateTime><CurrencyCode>CNY</CurrencyCode>"
#define TRANSACTION(number, inside) "<Transaction>" HEAD(number) inside "</Transaction>"
#define RETAIL(inside)              "<RetailTransaction>" inside "</RetailTransaction>"
#define LINE(number, inside)                                                                       \
	"<LineItem><SequenceNumber>" number "</SequenceNumber>" inside "</LineItem>"
#define VOID_LINE(number, inside)                                                                  \
	"<LineItem VoidFlag=\"true\"><SequenceNumber>" number "</SequenceNumber>" inside           \
	"</LineItem>"
#define SALE(item, quantity, amount)                                                               \
	"<Sale><ItemID>" item "</ItemID><ExtendedAmount>" amount                                   \
	"</ExtendedAmount><Quantity>" quantity "</Quantity></Sale>"
#define CASH(amount)  "<Tender TenderType=\"Cash\"><Amount>" amount "</Amount></Tender>"
#define GRAND(amount) "<Total TotalType=\"TransactionGrandAmount\">" amount "</Total>"
#define PLAIN_SALE(number)                                                                         \
	TRANSACTION(number, RETAIL(LINE("1", SALE("A1", "1", "12.50")) LINE("2", CASH("12.50"))    \
					    GRAND("12.50")))

struct till {
	struct poslog *poslog;
	struct transaction *transaction;
};

/* Feeds the text in pieces of `step` bytes; takes nothing out. */
static inline enum ch_status till_feed(struct till *till, const char *text, size_t len, size_t step)
{
	enum ch_status status = CH_OK;
	for (size_t at = 0; at < len && status == CH_OK; at += step)
		status = poslog_feed(
			till->poslog, slice_of(text + at, step < len - at ? step : len - at));
	return status == CH_OK ? poslog_end(till->poslog) : status;
}

static inline enum ch_status till_open(struct till *till, const char *text)
{
	*till = (struct till){0};
	assert_int_equal(poslog_create(NULL, &till->poslog), CH_OK);
	return till_feed(till, text, strlen(text), strlen(text));
}

static inline enum ch_status till_next(struct till *till)
{
	return poslog_next(till->poslog, &till->transaction);
}

static inline void till_close(struct till *till)
{
	poslog_free(till->poslog);
}

/* The one transaction of the text, settled and without a fault. */
static inline struct transaction *till_settled(struct till *till, const char *text)
{
	assert_int_equal(till_open(till, text), CH_OK);
	assert_int_equal(till_next(till), CH_OK);
	assert_string_equal(till->transaction->fault.reason, "");
	sale_settle(till->transaction, (struct slice){NULL, 0});
	assert_string_equal(till->transaction->fault.reason, "");
	return till->transaction;
}

#endif

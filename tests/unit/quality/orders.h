/* Repair orders, told step by step on the days of March 2026, for the tests of measures. */
#ifndef TEST_QUALITY_ORDERS_H
#define TEST_QUALITY_ORDERS_H

#include "teller.h"

#define BASE_US (INT64_C(1772294400) * 1000000) /* 2026-03-01 00:00 +08:00 */

static inline int64_t day(int64_t days)
{
	return BASE_US + days * DAY_US;
}

static inline const char *event_id(void)
{
	static char ids[4096][8];
	static unsigned next;
	char *id = ids[next++ % 4096];
	(void)snprintf(id, sizeof(ids[0]), "e%u", next);
	return id;
}

static inline void receive(struct teller *teller, const char *order, const char *station,
	const char *serial, int64_t time_us, uint64_t customer)
{
	Carehub__V1__RepairOrderReceived message = CAREHUB__V1__REPAIR_ORDER_RECEIVED__INIT;
	Carehub__V1__StationRef where = CAREHUB__V1__STATION_REF__INIT;
	Carehub__V1__ProductUnitRef unit = CAREHUB__V1__PRODUCT_UNIT_REF__INIT;
	message.repair_order_id = TEXT(order);
	where.station_id = TEXT(station);
	unit.model = TEXT("KDL");
	unit.serial_number = TEXT(serial);
	message.station = &where;
	message.unit = &unit;
	tell(teller, "repair.order.received", &message.base, time_us, event_id(), customer);
}

static inline void repair(struct teller *teller, const char *order, int64_t time_us)
{
	Carehub__V1__RepairOrderRepaired message = CAREHUB__V1__REPAIR_ORDER_REPAIRED__INIT;
	message.repair_order_id = TEXT(order);
	message.verdict = CAREHUB__V1__REPAIR_VERDICT__REPAIR_VERDICT_FIXED;
	tell(teller, "repair.order.repaired", &message.base, time_us, event_id(), 0);
}

static inline void give_back(struct teller *teller, const char *order, int64_t time_us)
{
	Carehub__V1__RepairOrderReturned message = CAREHUB__V1__REPAIR_ORDER_RETURNED__INIT;
	message.repair_order_id = TEXT(order);
	tell(teller, "repair.order.returned", &message.base, time_us, event_id(), 0);
}

static inline const struct repair_row *repair_row(
	const struct measures *m, enum cut cut, const char *name)
{
	for (size_t i = 0; i < m->repair[cut].count; i++) {
		if (slice_equal(m->repair[cut].rows[i].key.name, slice_text(name)))
			return &m->repair[cut].rows[i];
	}
	fail_msg("no row %s", name);
	return NULL;
}

static inline void callback_done(
	struct teller *teller, const char *id, int64_t time_us, uint64_t customer)
{
	Carehub__V1__CallcenterCallbackDone done = CAREHUB__V1__CALLCENTER_CALLBACK_DONE__INIT;
	done.callback_id = TEXT(id);
	done.reason = CAREHUB__V1__CALLBACK_REASON__CALLBACK_REASON_FOLLOW_UP;
	tell(teller, "callcenter.callback.done", &done.base, time_us, event_id(), customer);
}

/* What a complaint, a form or a visit is about. */
static inline Carehub__V1__Regarding regarding(const char *order)
{
	Carehub__V1__Regarding about = CAREHUB__V1__REGARDING__INIT;
	about.repair_order_id = TEXT(order);
	return about;
}

/* A part that the repair asks for: what is about the repair is of it. */
static inline void ask_part(
	struct teller *teller, const char *order, const char *number, int64_t time_us)
{
	Carehub__V1__RepairPart part = CAREHUB__V1__REPAIR_PART__INIT;
	Carehub__V1__RepairPart *list[] = {&part};
	Carehub__V1__RepairPartRequested message = CAREHUB__V1__REPAIR_PART_REQUESTED__INIT;
	part.part_number = TEXT(number);
	message.repair_order_id = TEXT(order);
	message.parts = list;
	message.n_parts = 1;
	tell(teller, "repair.part.requested", &message.base, time_us, event_id(), 0);
}

#endif

/* Repairs by the week, for control charts to be drawn of. */
#ifndef TEST_QUALITY_WEEKS_H
#define TEST_QUALITY_WEEKS_H

#include "teller.h"

#define WEEK_US (7 * DAY_US)

/* Monday 2026-03-30, 00:00 at +08:00: the week before it is 2026-W13. */
#define MONDAY_US (INT64_C(1774800000) * 1000000)

static uint64_t weeks_told;

/* One repair of the usual length, received at `at_us`. */
static inline void tell_repair(struct teller *teller, const char *station, const char *serial,
	int64_t at_us, int64_t took_us)
{
	char order[32];
	char ids[3][48];
	Carehub__V1__StationRef where = CAREHUB__V1__STATION_REF__INIT;
	Carehub__V1__ProductUnitRef unit = CAREHUB__V1__PRODUCT_UNIT_REF__INIT;
	Carehub__V1__RepairOrderReceived received = CAREHUB__V1__REPAIR_ORDER_RECEIVED__INIT;
	Carehub__V1__RepairOrderRepaired repaired = CAREHUB__V1__REPAIR_ORDER_REPAIRED__INIT;
	Carehub__V1__RepairOrderReturned returned = CAREHUB__V1__REPAIR_ORDER_RETURNED__INIT;
	(void)snprintf(order, sizeof(order), "R%05" PRIu64, ++weeks_told);
	for (int i = 0; i < 3; i++)
		(void)snprintf(ids[i], sizeof(ids[i]), "%s-%d", order, i);
	where.station_id = TEXT(station);
	unit.serial_number = TEXT(serial != NULL ? serial : order);
	unit.model = TEXT("NB-14");
	received.repair_order_id = repaired.repair_order_id = returned.repair_order_id = order;
	received.station = repaired.station = returned.station = &where;
	received.unit = &unit;
	repaired.verdict = CAREHUB__V1__REPAIR_VERDICT__REPAIR_VERDICT_FIXED;
	tell(teller, "repair.order.received", &received.base, at_us, ids[0], 1);
	tell(teller, "repair.order.repaired", &repaired.base, at_us + took_us, ids[1], 1);
	tell(teller, "repair.order.returned", &returned.base, at_us + took_us + HOUR_US, ids[2], 1);
}

/* Five repairs of two days, give or take some hours, in each of `weeks` weeks that end at MONDAY_US. */
static inline void tell_weeks(struct teller *teller, int weeks)
{
	for (int week = 1; week <= weeks; week++) {
		for (int i = 0; i < 5; i++)
			tell_repair(teller, "S1", NULL,
				MONDAY_US - week * WEEK_US + (i % 3) * DAY_US,
				2 * DAY_US + (i * 7 + week * 5) % 11 * HOUR_US);
	}
}

#endif

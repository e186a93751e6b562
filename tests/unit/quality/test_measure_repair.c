#include "module/quality/measure/measure.h"

#include "orders.h"

/* ---- Repairs ---- */

static void test_usage(void **state)
{
	struct teller teller;
	(void)state;
	teller_make(&teller);
	receive(&teller, "R1", "S1", "A-1", day(0), 10000001);
	repair(&teller, "R1", day(4)); /* exactly four days */
	give_back(&teller, "R1", day(5));
	receive(&teller, "R2", "S1", "A-2", day(1), 10000002);
	repair(&teller, "R2", day(5) + 1); /* and a microsecond more */
	give_back(&teller, "R2", day(20));
	receive(&teller, "R3", "S2", "a1", day(40), 10000001); /* R1's unit comes again */
	receive(&teller, "R4", "S2", "", day(2), 0);

	struct measures *m = report(&teller, day(0), day(31), day(160));
	const struct repair_row *all = repair_row(m, CUT_ALL, "");
	assert_int_equal(all->received, 3);
	assert_ratio(all->r14, 2, 3); /* R2 was open for 19 days, R4 is open */
	assert_ratio(all->r140, 1, 3);
	assert_ratio(all->four_day, 1, 2);
	assert_ratio(all->rr90, 1, 2);
	assert_int_equal(all->returned, 2);
	assert_int_equal(all->through.count, 2);
	assert_int_equal(all->through.sum_us, (5 + 19) * DAY_US);
	assert_int_equal(all->open, 2);
	assert_int_equal(all->open_by_age[AGE_BANDS - 1], 1);
	assert_int_equal(all->open_by_age[AGE_BANDS - 2], 1); /* 120 days */
	assert_int_equal(all->outcome[OUTCOME_FIXED], 2);
	assert_ratio(repair_row(m, CUT_STATION, "S1")->rr90, 1, 2);
	assert_int_equal(repair_row(m, CUT_STATION, "S2")->received, 1);
	assert_int_equal(repair_row(m, CUT_STATION, "S2")->open, 2);
	assert_int_equal(repair_row(m, CUT_MODEL, "KDL")->received, 3);
	assert_int_equal(repair_row(m, CUT_GROUP, "unknown")->received, 1);
	assert_int_equal(repair_row(m, CUT_GROUP, "new")->received, 2);
	assert_int_equal(m->repair[CUT_PERIOD].count, 1);
	assert_int_equal(m->repair[CUT_PERIOD].rows[0].key.period_us, day(0));
	assert_int_equal(m->open_repair_total, 2);
	assert_slice_text(m->open_repairs[0].repair_order_id, "R4");
	measures_free(m);
	teller_remove(&teller);
}

/* A report as of a day does not know what came after it. */
static void test_as_of(void **state)
{
	struct teller teller;
	(void)state;
	teller_make(&teller);
	receive(&teller, "R1", "S1", "A-1", day(0), 0);
	give_back(&teller, "R1", day(10));
	receive(&teller, "R2", "S1", "A-1", day(99), 0);
	struct measures *m = report(&teller, day(0), day(31), day(9));
	assert_int_equal(repair_row(m, CUT_ALL, "")->open, 1);
	assert_int_equal(repair_row(m, CUT_ALL, "")->returned, 0);
	measures_free(m);
	/* RR90 says nothing before the ninety days have passed. */
	m = report(&teller, day(0), day(31), day(100) - 1);
	assert_int_equal(repair_row(m, CUT_ALL, "")->returned, 1);
	assert_ratio(repair_row(m, CUT_ALL, "")->rr90, 0, 0);
	measures_free(m);
	m = report(&teller, day(0), day(31), day(100));
	assert_ratio(repair_row(m, CUT_ALL, "")->rr90, 1, 1);
	measures_free(m);
	teller_remove(&teller);
}

static void test_the_edge_of_ninety_days(void **state)
{
	struct teller teller;
	(void)state;
	teller_make(&teller);
	receive(&teller, "R1", "S1", "A1", day(0), 0);
	give_back(&teller, "R1", day(0) + HOUR_US);
	receive(&teller, "R2", "S1", "A1", day(90) + HOUR_US + 1, 0); /* a microsecond late */
	receive(&teller, "R3", "S1", "B1", day(0), 0);
	give_back(&teller, "R3", day(1));
	receive(&teller, "R4", "S9", "b 1", day(91), 0);
	receive(&teller, "R5", "S1", "C1", day(0), 0); /* the repair itself is no visit */
	give_back(&teller, "R5", day(0));
	struct measures *m = report(&teller, day(0), day(31), day(200));
	assert_ratio(repair_row(m, CUT_ALL, "")->rr90, 1, 3);
	assert_ratio(repair_row(m, CUT_STATION, "S1")->rr90, 1, 3);
	measures_free(m);
	teller_remove(&teller);
}

static void test_filters_cross_the_cuts(void **state)
{
	struct teller teller;
	struct measures *m = NULL;
	(void)state;
	teller_make(&teller);
	receive(&teller, "R1", "S1", "A1", day(0), 10000001);
	receive(&teller, "R2", "S2", "A2", day(0), 10000002);
	const struct measure_request request = {.settings = &teller.settings,
		.from_us = day(0),
		.until_us = day(31),
		.as_of_us = day(31),
		.unit = PERIOD_WEEK,
		.station = slice_text("S2"),
		.group = slice_text("new")};
	assert_int_equal(measures_make(teller.txn, &request, &m), CH_OK);
	assert_int_equal(repair_row(m, CUT_ALL, "")->received, 1);
	assert_int_equal(m->repair[CUT_STATION].count, 1);
	measures_free(m);
	teller_remove(&teller);
}

static void test_nothing_to_report(void **state)
{
	struct teller teller;
	(void)state;
	teller_make(&teller);
	struct measures *m = report(&teller, day(0), day(31), day(31));
	for (int cut = 0; cut < CUT_COUNT; cut++)
		assert_int_equal(m->repair[cut].count, 0);
	assert_int_equal(m->rank_count, 0);
	assert_int_equal(m->open_repair_total, 0);
	measures_free(m);
	teller_remove(&teller);
}

/* ---- In pieces, and with a history ---- */

static void tell_quarter(struct teller *teller)
{
	char order[16];
	for (int i = 0; i < 90; i++) {
		(void)snprintf(order, sizeof(order), "Q%d", i);
		receive(teller, order, i % 2 == 0 ? "S1" : "S2", i % 7 == 0 ? "SN" : order,
			day(i - 60), (uint64_t)i % 5);
		if (i % 3 == 0)
			ask_part(teller, order, "P1", day(i - 60));
		if (i % 4 != 0) {
			repair(teller, order, day(i - 57));
			give_back(teller, order, day(i - 56));
		}
	}
}

/* Piece by piece, the book's transaction ended between them, comes what comes at once. */
static void test_pieces(void **state)
{
	struct teller teller;
	struct measuring *measuring = NULL;
	struct measures *whole = NULL;
	struct measures *measures = NULL;
	struct buffer texts[2] = {{0}, {0}};
	enum ch_status status = CH_OK;
	int pieces = 0;
	(void)state;
	teller_make(&teller);
	tell_quarter(&teller);
	const struct measure_request request = {.settings = &teller.settings,
		.from_us = day(0),
		.until_us = day(31),
		.as_of_us = day(120),
		.unit = PERIOD_MONTH,
		.history_us = day(0) - day(-59)};
	assert_int_equal(measures_make(teller.txn, &request, &whole), CH_OK);
	assert_int_equal(measuring_create(&request, &measuring), CH_OK);
	for (; status == CH_OK; pieces++) {
		assert_int_equal(book_commit(teller.txn), CH_OK);
		teller.txn = shelf_begin(teller.book, true);
		status = measuring_go_on(measuring, teller.txn, 7);
	}
	assert_int_equal(status, CH_END);
	assert_true(pieces > 90 / 7);
	measures = measuring_take(measuring);
	dump(&texts[0], whole);
	dump(&texts[1], measures);
	assert_true(texts[0].len > 1000);
	assert_true(slice_equal(buffer_slice(&texts[0]), buffer_slice(&texts[1])));
	buffer_fini(&texts[0]);
	buffer_fini(&texts[1]);
	measuring_free(measuring);
	measures_free(whole);
	measures_free(measures);
	teller_remove(&teller);
}

/* The months before stand in CUT_PERIOD alone, as a report of them has them. */
static void test_history(void **state)
{
	struct teller teller;
	struct buffer texts[2] = {{0}, {0}};
	struct measures *m = NULL;
	(void)state;
	teller_make(&teller);
	tell_quarter(&teller);
	const struct measure_request request = {.settings = &teller.settings,
		.from_us = day(0),
		.until_us = day(31),
		.as_of_us = day(120),
		.unit = PERIOD_MONTH,
		.history_us = day(0) - day(-59)};
	assert_int_equal(measures_make(teller.txn, &request, &m), CH_OK);
	struct measures *march = report(&teller, day(0), day(31), day(120));
	struct measures *february = report(&teller, day(-28), day(0), day(120));
	const struct repair_table *periods = &m->repair[CUT_PERIOD];
	assert_int_equal(periods->count, 3);
	assert_int_equal(periods->rows[1].received, 28);
	dump_rows(&texts[0], "", &periods->rows[1], 2, sizeof(*periods->rows));
	dump_rows(&texts[1], "", february->repair[CUT_PERIOD].rows, 1, sizeof(*periods->rows));
	dump_rows(&texts[1], "", march->repair[CUT_PERIOD].rows, 1, sizeof(*periods->rows));
	assert_true(slice_equal(buffer_slice(&texts[0]), buffer_slice(&texts[1])));
	buffer_fini(&texts[0]);
	buffer_fini(&texts[1]);
	assert_int_equal(
		repair_row(m, CUT_ALL, "")->received, repair_row(march, CUT_ALL, "")->received);
	assert_int_equal(m->repair[CUT_STATION_PERIOD].count, 2);
	measures_free(m);
	measures_free(march);
	measures_free(february);
	teller_remove(&teller);
}

/* Cuts that nobody wants have no rows. */
static void test_cuts(void **state)
{
	struct teller teller;
	struct measures *m = NULL;
	(void)state;
	teller_make(&teller);
	tell_quarter(&teller);
	const struct measure_request request = {.settings = &teller.settings,
		.from_us = day(0),
		.until_us = day(31),
		.as_of_us = day(120),
		.unit = PERIOD_MONTH,
		.cuts = 1u << CUT_PERIOD};
	assert_int_equal(measures_make(teller.txn, &request, &m), CH_OK);
	assert_int_equal(m->repair[CUT_PERIOD].count, 1);
	for (int cut = 0; cut < CUT_COUNT; cut++) {
		if (cut != CUT_PERIOD)
			assert_int_equal(m->repair[cut].count, 0);
	}
	measures_free(m);
	teller_remove(&teller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_as_of),
		cmocka_unit_test(test_the_edge_of_ninety_days),
		cmocka_unit_test(test_filters_cross_the_cuts),
		cmocka_unit_test(test_nothing_to_report),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_cuts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

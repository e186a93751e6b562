/* Charges against the published prices.
 *
 * A price is that of a list and an item code, in force from its first day (or its publication, where no day is
 * told) to its last.  Of several in force at a time the one published last counts; one that takes the key out
 * leaves none.  A list that is published late, for days that are over, judges the charges of those days anew.
 *
 * What is off the list is said once, as quality.charge.flagged, so long after it became known as
 * charge_grace says; a report judges by what is known when it is made. */
#ifndef QUALITY_CHARGE_FACT_H
#define QUALITY_CHARGE_FACT_H

#include "carehub/v1/common.pb-c.h"
#include "module/quality/fact/facts.h"
#include "module/quality/measure/measure.h"

struct quality_settings;

/* Folds prices, and says what is off the list.  Its configuration is struct quality_settings, which the reports use
 * as well. */
extern const struct module_part charge_part;

/* A mark REPAIR_CHARGED of FACT_REPAIRS. */
enum charge_text { CHARGE_ITEM, CHARGE_CURRENCY };
enum charge_number {
	CHARGE_KIND,     /* ItemKind */
	CHARGE_QUANTITY, /* millionths; 0: one */
	CHARGE_UNIT,     /* minor units, before discount and tax */
	CHARGE_AMOUNT,   /* of the line */
	CHARGE_TOLD,     /* bits: CHARGE_HAS_UNIT, CHARGE_HAS_AMOUNT */
	CHARGE_COVERAGE,
};
#define CHARGE_HAS_UNIT   1
#define CHARGE_HAS_AMOUNT 2

/* Marks of FACT_PRICES. */
enum price_mark { PRICE_PUBLISHED = 1 };
enum price_text { PRICE_LIST, PRICE_CURRENCY, PRICE_FROM, PRICE_UNTIL };
enum price_number { PRICE_MINOR, PRICE_BASIS, PRICE_RETIRED, PRICE_TAXED };

/* For the fold of a return: what was charged. */
void charge_mark_fill(struct mark *mark, const Carehub__V1__Charge *charge);

/* For the same: that these charges are to be judged, now and when a price comes late. */
enum ch_status charge_note(struct book_txn *txn, struct slice order, int64_t arrival_us,
	const struct mark *marks, size_t count);

struct charge_judgement {
	enum charge_verdict verdict;
	struct slice list;
	int64_t charged_minor; /* of one, where the price of one was told; else of the line */
	int64_t listed_minor;
	int64_t difference_minor; /* of the whole line */
};

/* Judges one charge by the prices of its item.  `offset_us` is quality_offset_us of the settings. */
void charge_judge(const struct mark *charge, const struct mark *prices, size_t price_count,
	const struct quality_settings *settings, int64_t offset_us,
	struct charge_judgement *out_judgement);

#endif

/* Texts of a POSLog as values.  CH_FORMAT, or CH_TOO_LARGE where a number has more digits than can be
 * kept; value_reason says either in half a sentence. */
#ifndef POS_VALUE_H
#define POS_VALUE_H

#include "base/zone.h"
#include "channel/pos/dialect.h"

enum ch_status value_number(struct slice text, struct number *out_number);

/* Leaves the amount's currency as it is. */
enum ch_status value_amount(struct slice text, struct amount *out_amount);

/* "true", "false", "1", "0", in any case. */
enum ch_status value_flag(struct slice text, bool *out_flag);

/* Seconds with up to three decimals, as milliseconds. */
enum ch_status value_seconds(struct slice text, int64_t *out_ms);

/* xs:date: its first ten bytes.  Some tills put a time or a zone behind it. */
enum ch_status value_date(struct slice text, struct slice *out_date);

/* xs:dateTime: with an offset of its own, or with the one beside it (Retalix writes "07:00:00"; may be
 * empty), or by the clock of the zone.  Without any it is taken for UTC, and *out_assumed is set; else
 * that is left alone. */
enum ch_status value_time(struct slice text, struct slice offset, const struct zone *zone,
	int64_t *out_time_us, bool *out_assumed);

/* "000000": how some tills write that there is no number. */
bool value_all_noughts(struct slice text);

/* Constant text. */
const char *value_reason(enum form form, enum ch_status status);

#endif

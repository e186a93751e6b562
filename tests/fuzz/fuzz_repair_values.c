/* The values of a station's records: every kind of field, and every way to read a text, that a mapping knows.
 * The input is JSON lines. */
#include "repair_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define DEMANDED "id = {id}\nrepair_order_id = {id}\nstation.station_id = S\n"

static const char values[] =
	"[file]\nformat = jsonl\nlast_line = whole\n"
	"[station]\nsource = /s\nzone = Europe/Berlin\n"
	"[event repair.order.returned]\nwhen = {?t} is filled\n" DEMANDED
	"source = /s/{?s}\nsubject = {?s} -> map words\ntime = {?t}\nsent = {?sent} -> date %s\n"
	"returned_date = {?day}\nwarranty_end_date = {?day2} -> date %d.%m.%y\n"
	"total = {?money} -> money CNY\ncharges[0].amount = {?kwd} -> money KWD\n"
	"charges[0].quantity = {?n}\ncharges[1].amount = {?jpy} -> money JPY\n"
	"verdict = {?v} -> map verdicts\ntracking_numbers = {?list} -> list\n"
	"customer.phones = {?phone}\ncustomer.emails[work] = {?mail}\n"
	"customer.identifiers[wechat] = {?s}\nremarks = {?s}\n"
	"[event repair.order.received]\nwhen = {?r} is filled\n" DEMANDED
	"unit.model = {r}\nattributes[x] = {?s}\naccessories = {?list} -> list \"/、\"\n"
	"promised_time_us = {?t}\nestimate = {?money} -> money CNY\nintake = {?v}\n"
	"required = unit.model, estimate\n"
	"[event repair.order.repaired]\nwhen = {?w} is filled\n" DEMANDED
	"time = {?at} -> date %Y-%m-%d %I:%M:%S%f%p %z\nlabour_ms = {?w} -> minutes\nattempt = {?n}\n"
	"repaired_date = {?q} -> date %Q\ndigest = fields\n"
	"[event repair.order.checked]\nwhen = {?passed} is not empty\n" DEMANDED
	"passed = {passed}\nmeasurements[0].value = {?n}\ntime = {?half} -> date %Y年%m月%d日%p%I时%%\n"
	"[values words]\na = b\n* = *\n[values verdicts]\n好 = fixed\nnone =\n";

static const char strict[] =
	"[file]\nformat = jsonl\nlast_line = whole\nextra_columns = reject\n"
	"unmatched_rows = ignore\n[station]\nsource = /s\n"
	"[event repair.order.closed]\nwhen = {?x} is 1\n" DEMANDED "attempts = {?n}\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct mapping *own;
	static struct mapping *closed;
	static struct mapping *native;
	if (native == NULL) {
		native = repair_file_mapping("[file]\nformat = cloudevents\nlast_line = whole\n");
		own = repair_file_mapping(values);
		closed = repair_file_mapping(strict);
	}
	repair_file_check(own, native, slice_of(data, len));
	if (len % 4 == 0) /* there is less to it */
		repair_file_check(closed, native, slice_of(data, len));
	return 0;
}

/* A station's CSV file.  Its first byte chooses charset, delimiter, header and quotes. */
#include "repair_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define EVENTS                                                                                     \
	"[station]\nsource = /s\nid = S\nzone = Europe/Berlin\n"                                   \
	"[all]\nrepair_order_id = {#1}\ntime = {?#2}\ncustomer.phones = {?#3}\n"                   \
	"customer.emails = {?#3}\n"                                                                \
	"[event repair.order.received]\nwhen = {?#4} is filled\nid = {#1}/in\n"                    \
	"unit.model = {?#4}\naccessories = {?#4} -> list\nestimate = {?#5} -> money JPY\n"         \
	"[event repair.order.repaired]\nwhen = {?#4} is empty\nverdict = {?#5}\n"                  \
	"labour_ms = {?#5} -> hours\nrepaired_date = {?#2}\nattempt = {?#5}\ndigest = fields\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct mapping *mappings[4];
	static struct mapping *native;
	if (native == NULL) {
		native = repair_file_mapping("[file]\nformat = cloudevents\n");
		mappings[0] = repair_file_mapping("[file]\nheader = no\n" EVENTS);
		mappings[1] =
			repair_file_mapping("[file]\nheader = no\ncharset = GB18030\n"
					    "delimiter = semicolon\nlast_line = whole\n" EVENTS);
		mappings[2] = repair_file_mapping(
			"[file]\nheader = no\nquotes = lenient\ndelimiter = tab\n" EVENTS);
		mappings[3] = repair_file_mapping("[file]\nheader = yes\ncharset = GBK\n" EVENTS);
	}
#ifdef CH_FUZZ
	/* What unpacks is fuzz_repair_xes's: half a kilobyte becomes a megabyte of rows.  Here the corpus has some. */
	if (len > 2 && data[1] == 0x1f && data[2] == 0x8b)
		return 0;
#endif
	if (len > 0)
		repair_file_check(mappings[data[0] % 4], native, slice_of(data + 1, len - 1));
	return 0;
}

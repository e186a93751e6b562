/* A station's JSON lines: as CloudEvents, and as objects of its own that a mapping reads. */
#include "repair_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct mapping *own;
	static struct mapping *native;
	if (native == NULL) {
		native = repair_file_mapping("[file]\nformat = cloudevents\nlast_line = whole\n");
		own = repair_file_mapping("[file]\nformat = jsonl\n[station]\nsource = /s\nid = S\n"
					  "[event repair.order.repaired]\nid = {id}\ntime = {?at}\n"
					  "repair_order_id = {order.number}\n"
					  "parts[0].part_number = {?parts[0].no}\n"
					  "parts[0].quantity = {?parts[0].n}\n");
	}
	repair_file_check(native, native, slice_of(data, len));
	repair_file_check(own, native, slice_of(data, len));
	return 0;
}

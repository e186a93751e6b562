/* A station's XES log, plain or gzip'ed, by the built-in mapping. */
#include "repair_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct mapping *mapping;
	static struct mapping *native;
	if (native == NULL) {
		struct buffer text = {0};
		buffer_append_slice(&text, mapping_builtin("xes"));
		native = repair_file_mapping("[file]\nformat = cloudevents\n");
		mapping = repair_file_mapping(buffer_text(&text));
		buffer_fini(&text);
	}
	repair_file_check(mapping, native, slice_of(data, len));
	return 0;
}

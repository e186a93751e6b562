/* A stored golden record that was damaged; setting and dropping a value leave one that can be read. */
#include "base/invariant.h"
#include "wire/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void read_all(struct slice bytes)
{
	struct record_reader reader = record_read(bytes);
	struct record_value value;
	struct buffer text = {0};
	bool proven = false;
	while (record_next(&reader, &value)) {
		invariant(value.sub.len + value.value.len < bytes.len);
		proven = proven || (value.flags & RECORD_VERIFIED) != 0;
		buffer_clear(&text);
		record_text(&value, &text);
		invariant(text.len <= 2 * (value.sub.len + value.value.len) + 2);
	}
	invariant(record_is_proven(bytes) == proven);
	buffer_fini(&text);
	invariant(reader.status != CH_OK || reader.at == bytes.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice record = slice_of(data, len);
	struct record_value value = {.sequence = 7, .value = SLICE_LITERAL("value")};
	struct record_value found;
	struct buffer out = {0};
	read_all(record);
	for (uint16_t field = 0; field < 4; field++) {
		value.field = field;
		buffer_clear(&out);
		if (record_set(record, &value, &out) == CH_OK)
			invariant(record_read(buffer_slice(&out)).status == CH_OK);
		read_all(buffer_slice(&out));
		(void)record_find(record, field, value.sub, &found);
		buffer_clear(&out);
		if (record_drop(record, field, value.sub, &out) == CH_OK)
			read_all(buffer_slice(&out));
	}
	buffer_fini(&out);
	return 0;
}

/* Two messages, cut where the first byte says, read, written, merged and added to each other. */
#include "base/invariant.h"
#include "wire/pb.h"
#include "wire/pbedit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Written as the hub writes, whatever the form was in which a number came. */
static void fuzz_write(const struct pb_field *field, struct buffer *out)
{
	switch (field->wire) {
	case PB_LEN:
		if (field->number % 2 == 0) {
			pb_put_element(out, field->number, field->bytes);
			break;
		}
		size_t mark = pb_begin(out, field->number);
		buffer_append_slice(out, field->bytes);
		pb_end(out, mark);
		break;
	case PB_I64:
		pb_put_fixed64(out, field->number, field->integer);
		break;
	default:
		pb_put_int(out, field->number, (int64_t)field->integer);
		break;
	}
}

/* What is written of the fields is read as the same ones, but for zeros, which are not written. */
static void fuzz_again(struct slice message)
{
	struct pb_reader first = pb_read(message);
	struct pb_reader second;
	struct buffer out = {0};
	struct pb_field a;
	struct pb_field b;
	while (pb_next(&first, &a))
		fuzz_write(&a, &out);
	first = pb_read(message);
	second = pb_read(buffer_slice(&out));
	while (pb_next(&first, &a)) {
		if (a.wire != PB_LEN && a.integer == 0)
			continue;
		invariant(pb_next(&second, &b) && a.number == b.number);
		invariant(
			a.wire == PB_LEN ? slice_equal(a.bytes, b.bytes) : a.integer == b.integer);
	}
	invariant(second.status == CH_OK && !pb_next(&second, &b));
	buffer_fini(&out);
}

/* All of it as packed numbers. */
static void fuzz_packed(struct slice packed)
{
	struct pb_reader first = pb_read(packed);
	struct pb_reader second;
	struct buffer out = {0};
	uint64_t a;
	uint64_t b;
	size_t len = 0;
	while (pb_next_varint(&first, &a)) {
		pb_put_varint(&out, a);
		len += pb_varint_len(a);
	}
	invariant(out.len == len && len <= packed.len);
	first = pb_read(packed);
	second = pb_read(buffer_slice(&out));
	while (pb_next_varint(&first, &a))
		invariant(pb_next_varint(&second, &b) && a == b);
	invariant(!pb_next_varint(&second, &b) && second.status == CH_OK);
	buffer_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	struct slice all = slice_of(data + 1, len - 1);
	struct slice message = slice_sub(all, 0, data[0]);
	struct slice partial = slice_sub(all, data[0], all.len);
	struct buffer out = {0};
	struct pb_field field;
	struct slice bytes;
	uint64_t number;
	fuzz_again(message);
	fuzz_packed(partial);
	if (pbedit_merge(message, partial, &out) == CH_OK) {
		struct pb_reader reader = pb_read(buffer_slice(&out));
		invariant(out.len <= all.len);
		while (pb_next(&reader, &field))
			continue;
		invariant(reader.status == CH_OK);
	}
	buffer_clear(&out);
	if (pbedit_add(message, data[0], partial, &out) == CH_OK)
		invariant(out.len == message.len + partial.len);
	buffer_clear(&out);
	if (pbedit_drop(message, data[0], &out) == CH_OK)
		invariant(!pbedit_get_bytes(buffer_slice(&out), data[0], &bytes));
	(void)pbedit_get_uint(message, 1, &number);
	(void)pbedit_get_bytes(message, 2, &bytes);
	(void)pbedit_same(message, 1, partial);
	buffer_fini(&out);
	return 0;
}

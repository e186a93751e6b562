#include "unit/draw.h"
#include "wire/pb.h"

static void writes_what_it_reads(void **state)
{
	(void)state;
	struct buffer out = {0};
	struct pb_field field;
	pb_put_uint(&out, 1, 300);
	pb_put_int(&out, 2, -1);
	pb_put_bool(&out, 3, true);
	pb_put_fixed64(&out, 4, UINT64_MAX);
	pb_put_text(&out, 5, "text");
	pb_put_element(&out, 6, slice_of(NULL, 0));
	size_t outer = pb_begin(&out, 7);
	size_t inner = pb_begin(&out, 1);
	pb_put_uint(&out, 1, 9);
	pb_end(&out, inner);
	pb_end(&out, outer);
	struct pb_reader reader = pb_read(buffer_slice(&out));
	assert_true(pb_next(&reader, &field) && field.number == 1 && field.integer == 300);
	assert_true(pb_next(&reader, &field) && (int64_t)field.integer == -1);
	assert_true(pb_next(&reader, &field) && field.wire == PB_VARINT && field.integer == 1);
	assert_true(pb_next(&reader, &field) && field.wire == PB_I64);
	assert_true(field.integer == UINT64_MAX);
	assert_true(pb_next(&reader, &field));
	assert_slice_text(pb_text_or_empty(&field), "text");
	assert_true(pb_next(&reader, &field) && field.number == 6 && field.bytes.len == 0);
	assert_true(pb_next(&reader, &field) && field.number == 7);
	struct pb_reader nested = pb_read(field.bytes);
	assert_true(pb_next(&nested, &field) && field.number == 1);
	nested = pb_read(field.bytes);
	assert_true(pb_next(&nested, &field) && field.integer == 9);
	assert_false(pb_next(&nested, &field));
	assert_false(pb_next(&reader, &field));
	assert_int_equal(reader.status, CH_OK);
	buffer_fini(&out);
}

static void leaves_out_what_is_zero(void **state)
{
	(void)state;
	struct buffer out = {0};
	pb_put_uint(&out, 1, 0);
	pb_put_int(&out, 2, 0);
	pb_put_bool(&out, 3, false);
	pb_put_fixed64(&out, 4, 0);
	pb_put_text(&out, 5, "");
	pb_put_text(&out, 5, NULL);
	assert_int_equal(out.len, 0);
	buffer_fini(&out);
}

static void varints_keep_every_bit(void **state)
{
	(void)state;
	uint64_t seed = 1;
	for (int i = 0; i < 20000; i++) {
		struct buffer out = {0};
		uint64_t value = draw(&seed, UINT64_MAX) >> draw(&seed, 64);
		uint64_t back;
		pb_put_varint(&out, value);
		assert_int_equal(out.len, pb_varint_len(value));
		struct pb_reader reader = pb_read(buffer_slice(&out));
		assert_true(pb_next_varint(&reader, &back) && back == value);
		assert_false(pb_next_varint(&reader, &back));
		assert_int_equal(reader.status, CH_OK);
		buffer_fini(&out);
	}
}

/* A cut is seen, or it falls between two fields; nothing behind it is ever read. */
static void no_cut_is_read_beyond(void **state)
{
	(void)state;
	struct buffer out = {0};
	pb_put_uint(&out, 1, 300);
	pb_put_fixed64(&out, 400, 7);
	pb_put_text(&out, 5, "text");
	const size_t ends[] = {0, 3, 13, out.len};
	for (size_t cut = 0; cut <= out.len; cut++) {
		uint8_t *exact = malloc(cut + (cut == 0)); /* the sanitizer sees its end */
		assert_non_null(exact);
		memcpy(exact, out.data, cut);
		struct pb_reader reader = pb_read(slice_of(exact, cut));
		struct pb_field field;
		bool between = false;
		for (size_t i = 0; i < 4; i++)
			between = between || cut == ends[i];
		while (pb_next(&reader, &field))
			continue;
		assert_int_equal(reader.status, between ? CH_OK : CH_FORMAT);
		free(exact);
	}
	buffer_fini(&out);
}

static void refuses_what_proto3_has_not(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{"\x00\x01", 2},                                      /* field 0 */
		{"\x0b\x0c", 2},                                      /* a group */
		{"\x0e", 1},                                          /* wire type 6 */
		{"\x80\x80\x80\x80\x10\x01", 6},                      /* a number above 2^29 - 1 */
		{"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11}, /* 65 bits */
		{"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x80\x00", 12},
		{"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11}, /* a length of 2^64 - 1 */
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct pb_reader reader = pb_read(slice_of(bad[i].bytes, bad[i].len));
		struct pb_field field;
		assert_false(pb_next(&reader, &field));
		assert_int_equal(reader.status, CH_FORMAT);
		assert_false(pb_next(&reader, &field));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_it_reads),
		cmocka_unit_test(leaves_out_what_is_zero),
		cmocka_unit_test(varints_keep_every_bit),
		cmocka_unit_test(no_cut_is_read_beyond),
		cmocka_unit_test(refuses_what_proto3_has_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

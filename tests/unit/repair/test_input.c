#include "channel/repair/input.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <zlib.h>

#include "base/file.h"
#include "base/limits.h"
#include "support/unit.h"

/* All that can be read, and how it ended. */
static enum ch_status read_all(struct input *input, struct buffer *out)
{
	enum ch_status status;
	do {
		status = input_fill(input);
		struct slice window = input_window(input);
		assert_int_equal(input_offset(input), out->len);
		/* In odd pieces, so that the window is often half used. */
		size_t len = window.len > 1000 ? window.len - 333 : window.len;
		buffer_append(out, window.data, len);
		input_consume(input, len);
	} while (status == CH_OK);
	struct slice rest = input_window(input);
	buffer_append_slice(out, rest);
	assert_int_equal(input_fill(input), status);
	return status;
}

static enum ch_status read_bytes(struct slice bytes, struct buffer *out)
{
	struct input *input;
	buffer_clear(out);
	assert_int_equal(input_open_bytes(bytes, &input), CH_OK);
	enum ch_status status = read_all(input, out);
	input_close(input);
	return status;
}

static void gzip(struct slice bytes, struct buffer *out)
{
	z_stream stream = {0};
	assert_int_equal(
		deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	size_t room = deflateBound(&stream, bytes.len) + 64;
	uint8_t *at = buffer_reserve(out, room);
	stream.next_in = (uint8_t *)(uintptr_t)bytes.data;
	stream.avail_in = (uInt)bytes.len;
	stream.next_out = at;
	stream.avail_out = (uInt)room;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	out->len -= stream.avail_out;
	assert_int_equal(deflateEnd(&stream), Z_OK);
}

static struct buffer sample(void)
{
	struct buffer text = {0};
	for (int i = 0; i < 50000; i++)
		buffer_printf(&text, "%d,%d\n", i, i * 31 % 7919);
	return text;
}

static void test_usage(void **state)
{
	struct buffer out = {0};
	(void)state;
	assert_int_equal(read_bytes(SLICE_LITERAL("id,name\n"), &out), CH_END);
	assert_slice_text(buffer_slice(&out), "id,name\n");
	assert_int_equal(read_bytes(SLICE_LITERAL("x"), &out), CH_END);
	assert_slice_text(buffer_slice(&out), "x");
	assert_int_equal(read_bytes((struct slice){NULL, 0}, &out), CH_END);
	assert_int_equal(out.len, 0);
	buffer_fini(&out);
}

static void test_gzip(void **state)
{
	struct buffer text = sample();
	struct buffer packed = {0};
	struct buffer out = {0};
	(void)state;
	gzip(buffer_slice(&text), &packed);
	assert_int_equal(read_bytes(buffer_slice(&packed), &out), CH_END);
	assert_true(slice_equal(buffer_slice(&out), buffer_slice(&text)));
	/* Members one behind the other are one file. */
	gzip(SLICE_LITERAL("more\n"), &packed);
	buffer_append_text(&text, "more\n");
	assert_int_equal(read_bytes(buffer_slice(&packed), &out), CH_END);
	assert_true(slice_equal(buffer_slice(&out), buffer_slice(&text)));
	buffer_fini(&text);
	buffer_fini(&packed);
	buffer_fini(&out);
}

static void test_damaged_gzip(void **state)
{
	struct buffer text = sample();
	struct buffer packed = {0};
	struct buffer out = {0};
	(void)state;
	gzip(buffer_slice(&text), &packed);
	for (size_t len = 2; len < packed.len; len += packed.len / 97 + 1) {
		assert_int_equal(read_bytes(slice_of(packed.data, len), &out), CH_CORRUPT);
		assert_true(out.len <= text.len);
		assert_memory_equal(out.data != NULL ? out.data : text.data, text.data, out.len);
	}
	/* The sum at its end is wrong: all is given, and then the truth. */
	packed.data[packed.len - 5] ^= 1;
	assert_int_equal(read_bytes(buffer_slice(&packed), &out), CH_CORRUPT);
	buffer_append_text(&packed, "trailing rubbish");
	assert_int_equal(read_bytes(buffer_slice(&packed), &out), CH_CORRUPT);
	buffer_fini(&text);
	buffer_fini(&packed);
	buffer_fini(&out);
}

static void test_files(void **state)
{
	struct input *input;
	struct buffer out = {0};
	char path[] = "/tmp/carehub-input-XXXXXX";
	(void)state;
	int folder = open("/tmp", O_RDONLY);
	assert_int_equal(input_open(folder, &input), CH_INVALID);
	assert_int_equal(close(folder), 0);
	assert_int_equal(input_open(folder, &input), CH_IO); /* nothing is open there */
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(file_write_at(fd, "abc", 3, 0), CH_OK);
	assert_int_equal(input_open(fd, &input), CH_OK);
	assert_int_equal(read_all(input, &out), CH_END);
	assert_slice_text(buffer_slice(&out), "abc");
	input_close(input);
	input_close(NULL);
	assert_int_equal(close(fd), 0); /* ours all the time */
	assert_int_equal(unlink(path), 0);
	buffer_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_gzip),
		cmocka_unit_test(test_damaged_gzip),
		cmocka_unit_test(test_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

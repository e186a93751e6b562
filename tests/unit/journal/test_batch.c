/* The bytes of a batch: the worked example of docs/formats.md, and every way to break it. */
#include "support/unit.h"

#include <stdlib.h>

#include "journal/batch.h"

#define EPOCH 9u
#define SALT  UINT64_C(0x1122334455667788)
#define FIRST 431559u
#define AT_US INT64_C(1772323200000113)

/* Made by a program in another language, after docs/formats.md. */
static const uint8_t example[256] = {
	0x43,
	0x48,
	0x62,
	0x61,
	0xfb,
	0xbe,
	0xa8,
	0xf9,
	0x09,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0xc7,
	0x95,
	0x06,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x71,
	0x60,
	0xc3,
	0x26,
	0xeb,
	0x4b,
	0x06,
	0x00,
	0x71,
	0x60,
	0xc3,
	0x26,
	0xeb,
	0x4b,
	0x06,
	0x00,
	0x00,
	0x01,
	0x00,
	0x00,
	0x46,
	0x00,
	0x00,
	0x00,
	0x02,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x01,
	0x02,
	0x03,
	0x04,
	0x05,
	0x06,
	0x07,
	0x08,
	0x09,
	0x0a,
	0x0b,
	0x0c,
	0x0d,
	0x0e,
	0x0f,
	0x10,
	0x11,
	0x12,
	0x13,
	0x14,
	0x15,
	0x16,
	0x17,
	0x18,
	0x19,
	0x1a,
	0x1b,
	0x1c,
	0x1d,
	0x1e,
	0x1f,
	0x80,
	0x00,
	0x0e,
	0x7f,
	0x09,
	0x79,
	0x9d,
	0xd9,
	0xce,
	0x35,
	0xb4,
	0x83,
	0xa6,
	0x59,
	0x45,
	0xea,
	0x05,
	0x53,
	0x13,
	0x6d,
	0xf4,
	0xf1,
	0x40,
	0xbd,
	0x77,
	0x5a,
	0x02,
	0xe9,
	0x92,
	0xd6,
	0x52,
	0x36,
	0xf7,
	0x58,
	0xed,
	0x03,
	0x16,
	0x00,
	0x00,
	0x00,
	0xc7,
	0x95,
	0x06,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x71,
	0x60,
	0xc3,
	0x26,
	0xeb,
	0x4b,
	0x06,
	0x00,
	0x72,
	0x65,
	0x70,
	0x61,
	0x69,
	0x72,
	0x2e,
	0x72,
	0x65,
	0x63,
	0x65,
	0x69,
	0x76,
	0x65,
	0x64,
	0x20,
	0x52,
	0x2d,
	0x31,
	0x30,
	0x30,
	0x39,
	0x6f,
	0xce,
	0xe3,
	0x65,
	0x00,
	0x00,
	0x00,
	0x00,
	0xc8,
	0x95,
	0x06,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x71,
	0x60,
	0xc3,
	0x26,
	0xeb,
	0x4b,
	0x06,
};

/* The same, written by us. */
static void write_example(struct buffer *out, struct chain *chain)
{
	struct slice parts[] = {
		SLICE_LITERAL("repair.received "), {NULL, 0}, SLICE_LITERAL("R-1009")};
	struct batch_head head = {
		.epoch = EPOCH,
		.first = FIRST,
		.first_arrival_us = AT_US,
		.last_arrival_us = AT_US,
		.count = 2,
	};
	assert_non_null(buffer_reserve(out, BATCH_HEAD_BYTES));
	batch_put_entry(out, FIRST, AT_US, parts, 3);
	batch_put_entry(out, FIRST + 1, AT_US, NULL, 0);
	for (uint8_t i = 0; i < sizeof(head.before); i++)
		head.before[i] = i;
	memcpy(head.after, head.before, sizeof(head.after));
	head.entries_bytes = (uint32_t)(out->len - BATCH_HEAD_BYTES);
	head.length = (uint32_t)batch_length(head.entries_bytes);
	struct slice entries = slice_sub(buffer_slice(out), BATCH_HEAD_BYTES, SIZE_MAX);
	assert_int_equal(chain_link(chain, head.after, entries), CH_OK);
	while (out->len < head.length)
		buffer_append_byte(out, 0);
	batch_put_head(out->data, &head, batch_key(EPOCH, SALT));
}

static enum ch_status check(struct slice bytes, struct chain *chain)
{
	struct batch_head head;
	enum ch_status status = batch_get_head(bytes.data, EPOCH, batch_key(EPOCH, SALT), &head);
	return status == CH_OK ? batch_check(&head, bytes, chain) : status;
}

static void is_what_the_document_says(void **state)
{
	struct buffer bytes = {0};
	struct chain *chain;
	struct batch_head head;
	struct journal_entry entry;
	size_t len;
	(void)state;
	assert_int_equal(chain_create(&chain), CH_OK);
	write_example(&bytes, chain);
	assert_int_equal(bytes.len, sizeof(example));
	assert_memory_equal(bytes.data, example, sizeof(example));
	assert_int_equal(check(buffer_slice(&bytes), chain), CH_OK);

	assert_int_equal(batch_get_head(bytes.data, EPOCH, batch_key(EPOCH, SALT), &head), CH_OK);
	assert_int_equal(head.first, FIRST);
	assert_int_equal(batch_last(&head), FIRST + 1);
	struct slice rest = slice_sub(buffer_slice(&bytes), BATCH_HEAD_BYTES, head.entries_bytes);
	assert_int_equal(batch_get_entry(rest, FIRST, &entry, &len), CH_OK);
	assert_slice_text(entry.body, "repair.received R-1009");
	assert_true(entry.arrival_us == AT_US);
	rest = slice_sub(rest, len, rest.len);
	assert_int_equal(batch_get_entry(rest, FIRST + 1, &entry, &len), CH_OK);
	assert_int_equal(entry.body.len, 0);
	assert_int_equal(len, rest.len);
	buffer_fini(&bytes);
	chain_free(chain);
}

static void any_changed_bit_is_seen(void **state)
{
	struct buffer bytes = {0};
	struct chain *chain;
	(void)state;
	assert_int_equal(chain_create(&chain), CH_OK);
	write_example(&bytes, chain);
	for (size_t bit = 0; bit < bytes.len * 8; bit++) {
		bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(check(buffer_slice(&bytes), chain), CH_CORRUPT);
		bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(check(buffer_slice(&bytes), chain), CH_OK);
	buffer_fini(&bytes);
	chain_free(chain);
}

static void belongs_to_one_use_of_one_file(void **state)
{
	struct buffer bytes = {0};
	struct chain *chain;
	struct batch_head head;
	(void)state;
	assert_int_equal(chain_create(&chain), CH_OK);
	write_example(&bytes, chain);
	assert_true(batch_claims(bytes.data, EPOCH));
	assert_false(batch_claims(bytes.data, EPOCH + 1));
	assert_int_equal(batch_get_head(bytes.data, EPOCH + 1, batch_key(EPOCH + 1, SALT), &head),
		CH_CORRUPT);
	/* The same epoch with another salt: what somebody who does not know it could write. */
	assert_int_equal(
		batch_get_head(bytes.data, EPOCH, batch_key(EPOCH, SALT + 1), &head), CH_CORRUPT);
	buffer_fini(&bytes);
	chain_free(chain);
}

/* A head with a good CRC whose figures disagree: written by nobody, and refused all the same. */
static void figures_must_agree(void **state)
{
	struct buffer bytes = {0};
	struct chain *chain;
	struct batch_head good;
	struct batch_head out;
	uint8_t head[BATCH_HEAD_BYTES];
	uint32_t key = batch_key(EPOCH, SALT);
	(void)state;
	assert_int_equal(chain_create(&chain), CH_OK);
	write_example(&bytes, chain);
	assert_int_equal(batch_get_head(bytes.data, EPOCH, key, &good), CH_OK);
	for (int i = 0; i < 8; i++) {
		struct batch_head bad = good;
		switch (i) {
		case 0:
			bad.first = 0;
			break;
		case 1:
			bad.count = 0;
			break;
		case 2:
			bad.count = UINT32_MAX;
			break;
		case 3:
			bad.first = UINT64_MAX;
			break;
		case 4:
			bad.length += BATCH_ALIGN_BYTES;
			break;
		case 5:
			bad.length = LIMIT_BATCH_BYTES + BATCH_ALIGN_BYTES;
			bad.entries_bytes = bad.length - 128;
			break;
		case 6:
			bad.entries_bytes = UINT32_MAX;
			break;
		default:
			bad.last_arrival_us = bad.first_arrival_us - 1;
			break;
		}
		batch_put_head(head, &bad, key);
		assert_int_equal(batch_get_head(head, EPOCH, key, &out), CH_CORRUPT);
	}
	buffer_fini(&bytes);
	chain_free(chain);
}

static void an_entry_tells_how_far_it_goes(void **state)
{
	struct buffer bytes = {0};
	struct journal_entry entry;
	struct slice part = SLICE_LITERAL("body");
	size_t len;
	(void)state;
	batch_put_entry(&bytes, 5, AT_US, &part, 1);
	struct slice whole = buffer_slice(&bytes);
	assert_int_equal(batch_get_entry(whole, 6, &entry, &len), CH_CORRUPT);
	assert_int_equal(len, whole.len);
	bytes.data[BATCH_ENTRY_BYTES] ^= 1;
	assert_int_equal(batch_get_entry(whole, 5, &entry, &len), CH_CORRUPT);
	assert_int_equal(len, whole.len);
	/* A length that cannot be true leads nowhere. */
	bytes.data[7] = 0xff;
	assert_int_equal(batch_get_entry(whole, 5, &entry, &len), CH_CORRUPT);
	assert_int_equal(len, 0);
	assert_int_equal(batch_get_entry(slice_sub(whole, 0, 23), 5, &entry, &len), CH_CORRUPT);
	assert_int_equal(len, 0);
	buffer_fini(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_what_the_document_says),
		cmocka_unit_test(any_changed_bit_is_seen),
		cmocka_unit_test(belongs_to_one_use_of_one_file),
		cmocka_unit_test(figures_must_agree),
		cmocka_unit_test(an_entry_tells_how_far_it_goes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

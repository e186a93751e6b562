#include "client/ledger.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/unit.h"
#include "wire/frame.h"

/* What one ACK frame says, as text: "up_to=5 1-3 7-7 nack:9". */
static const char *emitted(struct ledger *ledger)
{
	static char text[4096];
	struct buffer frame = {0};
	struct ack_range range;
	struct ack_range ranges[64];
	size_t count = 0;
	struct nack nack;
	struct ack ack;
	size_t len = 0;
	text[0] = 0;
	if (ledger_emit(ledger, 1, (struct slice){NULL, 0}, &frame)) {
		assert_int_equal(
			ack_parse(slice_sub(buffer_slice(&frame), FRAME_HEADER_BYTES, frame.len),
				&ack),
			CH_OK);
		if (ack.up_to != 0)
			len += (size_t)sprintf(text, "up_to=%d ", (int)ack.up_to);
		while (ack_next_range(&ack, &range) && count < 64)
			ranges[count++] = range;
		for (; count > 0; count--) /* they are written last first */
			len += (size_t)sprintf(text + len, "%d-%d ", (int)ranges[count - 1].first,
				(int)ranges[count - 1].last);
		while (ack_next_nack(&ack, &nack))
			len += (size_t)sprintf(text + len, "nack:%d ", (int)nack.sequence);
	}
	buffer_fini(&frame);
	return text;
}

static void test_acks_travel_as_ranges(void **state)
{
	(void)state;
	struct ledger ledger;
	uint64_t index[5];
	const uint64_t sequences[5] = {10, 11, 12, 25, 26};
	assert_int_equal(ledger_init(&ledger, 16, 9), CH_OK);
	for (int i = 0; i < 5; i++)
		index[i] = ledger_take(&ledger, sequences[i]);
	assert_int_equal(ledger.open, 5);
	assert_int_equal(ledger_position(&ledger), 9);
	for (int i = 0; i < 5; i++)
		assert_int_equal(ledger_ack(&ledger, index[i], sequences[i]), CH_OK);
	assert_int_equal(ledger.open, 0);
	assert_int_equal(ledger_position(&ledger), 26);
	assert_string_equal(emitted(&ledger), "10-12 25-26 ");
	assert_string_equal(emitted(&ledger), "");
	ledger_fini(&ledger);
}

static void test_acks_of_workers_join_whatever_their_order(void **state)
{
	(void)state;
	struct ledger ledger;
	const uint64_t order[8] = {3, 1, 0, 2, 7, 5, 4, 6};
	assert_int_equal(ledger_init(&ledger, 16, 0), CH_OK);
	for (uint64_t i = 0; i < 9; i++)
		assert_int_equal(ledger_take(&ledger, i + 1), i);
	for (int i = 0; i < 8; i++)
		assert_int_equal(ledger_ack(&ledger, order[i], order[i] + 1), CH_OK);
	assert_string_equal(emitted(&ledger), "1-8 ");
	assert_int_equal(ledger_position(&ledger), 8);
	ledger_fini(&ledger);
}

static void test_a_hole_is_never_acknowledged(void **state)
{
	(void)state;
	struct ledger ledger;
	assert_int_equal(ledger_init(&ledger, 16, 0), CH_OK);
	for (uint64_t sequence = 1; sequence <= 5; sequence++)
		(void)ledger_take(&ledger, sequence);
	for (uint64_t sequence = 1; sequence <= 5; sequence++) {
		if (sequence != 3)
			assert_int_equal(ledger_ack(&ledger, sequence - 1, sequence), CH_OK);
	}
	assert_string_equal(emitted(&ledger), "1-2 4-5 ");
	assert_int_equal(ledger_position(&ledger), 2);
	ledger_fini(&ledger);
}

static void test_a_refused_one_comes_again(void **state)
{
	(void)state;
	struct ledger ledger;
	struct nack nack = {.sequence = 2, .delay_ms = 10, .reason = SLICE_LITERAL("no stock")};
	assert_int_equal(ledger_init(&ledger, 16, 0), CH_OK);
	for (uint64_t sequence = 1; sequence <= 3; sequence++)
		(void)ledger_take(&ledger, sequence);
	assert_int_equal(ledger_nack(&ledger, 1, &nack), CH_OK);
	assert_int_equal(ledger_ack(&ledger, 0, 1), CH_OK);
	assert_string_equal(emitted(&ledger), "1-1 nack:2 ");
	assert_int_equal(ledger_position(&ledger), 1);
	assert_int_equal(ledger_take(&ledger, 2), 1);
	assert_int_equal(ledger_ack(&ledger, 1, 2), CH_OK);
	assert_string_equal(emitted(&ledger), "2-2 ");
	assert_int_equal(ledger_position(&ledger), 2);
	assert_int_equal(ledger.open, 1);
	ledger_fini(&ledger);
}

static void test_a_second_answer_does_nothing(void **state)
{
	(void)state;
	struct ledger ledger;
	assert_int_equal(ledger_init(&ledger, 16, 0), CH_OK);
	(void)ledger_take(&ledger, 1);
	assert_int_equal(ledger_ack(&ledger, 0, 1), CH_OK);
	assert_int_equal(ledger_ack(&ledger, 0, 1), CH_OK);
	assert_int_equal(ledger_nack(&ledger, 0, &(struct nack){.sequence = 1}), CH_OK);
	assert_string_equal(emitted(&ledger), "1-1 ");
	ledger_fini(&ledger);
}

static void test_everything_up_to(void **state)
{
	(void)state;
	struct ledger ledger;
	assert_int_equal(ledger_init(&ledger, 16, 0), CH_OK);
	for (uint64_t sequence = 1; sequence <= 5; sequence++)
		(void)ledger_take(&ledger, sequence);
	ledger_ack_up_to(&ledger, 3);
	assert_int_equal(ledger.open, 2);
	assert_int_equal(ledger_position(&ledger), 3);
	assert_string_equal(emitted(&ledger), "up_to=3 ");
	ledger_fini(&ledger);
}

static void test_after_a_lost_connection_nothing_is_taken_twice(void **state)
{
	(void)state;
	struct ledger ledger;
	assert_int_equal(ledger_init(&ledger, 16, 0), CH_OK);
	for (uint64_t sequence = 1; sequence <= 4; sequence++)
		(void)ledger_take(&ledger, sequence);
	assert_int_equal(ledger_ack(&ledger, 0, 1), CH_OK);
	assert_int_equal(ledger_nack(&ledger, 1, &(struct nack){.sequence = 2}), CH_OK);
	/* Lost, with the ack of 1 and the nack of 2 unsent.  The hub delivers all four again. */
	assert_int_equal(ledger_reattach(&ledger), CH_OK);
	assert_string_equal(emitted(&ledger), "");
	assert_true(ledger_knows(&ledger, 1));
	assert_false(ledger_knows(&ledger, 2)); /* was refused: is to come again */
	assert_true(ledger_knows(&ledger, 3));
	assert_false(ledger_knows(&ledger, 5));
	assert_int_equal(ledger_again(&ledger, 1), CH_OK);
	assert_string_equal(emitted(&ledger), "1-1 ");
	assert_int_equal(ledger_again(&ledger, 3), CH_OK);
	assert_string_equal(emitted(&ledger), ""); /* still in hand */
	assert_int_equal(ledger_ack(&ledger, 2, 3), CH_OK);
	assert_string_equal(emitted(&ledger), "3-3 ");
	/* 4 was answered before it came again: told when it does. */
	assert_int_equal(ledger_ack(&ledger, 3, 4), CH_OK);
	assert_string_equal(emitted(&ledger), "");
	assert_int_equal(ledger_again(&ledger, 4), CH_OK);
	assert_string_equal(emitted(&ledger), "4-4 ");
	ledger_fini(&ledger);
}

/* One delivery is never answered, a million others are. */
static void test_what_must_be_forgotten_holds_the_position(void **state)
{
	(void)state;
	struct ledger ledger;
	struct buffer frame = {0};
	assert_int_equal(ledger_init(&ledger, 16, 0), CH_OK);
	(void)ledger_take(&ledger, 1);
	for (uint64_t sequence = 2; sequence <= 1000000; sequence++) {
		uint64_t index = ledger_take(&ledger, sequence);
		assert_int_equal(ledger_ack(&ledger, index, sequence), CH_OK);
	}
	assert_true(ledger.capacity <= 512);
	assert_int_equal(ledger_position(&ledger), 0);
	assert_int_equal(ledger_ack(&ledger, 0, 1), CH_OK);
	assert_true(ledger_emit(&ledger, 1, (struct slice){NULL, 0}, &frame));
	buffer_fini(&frame);
	ledger_fini(&ledger);
}

/* Against a model that remembers everything: random takes, answers and lost connections.  Never may a
 * range cover what is out and was not acknowledged. */
static void test_no_ack_covers_a_stranger(void **state)
{
	(void)state;
	enum { SEQUENCES = 400 };
	srand(7);
	for (int round = 0; round < 200; round++) {
		struct ledger ledger;
		bool out[SEQUENCES + 1] = {0};    /* delivered on this attachment, not answered */
		bool wanted[SEQUENCES + 1] = {0}; /* acknowledged by the application, ever */
		bool done[SEQUENCES + 1] = {0};   /* as the hub knows */
		uint64_t index[SEQUENCES + 1];
		memset(index, 0xff, sizeof(index));
		assert_int_equal(ledger_init(&ledger, 32, 0), CH_OK);
		for (int step = 0; step < 2000; step++) {
			uint64_t s = 1 + (uint64_t)rand() % SEQUENCES;
			switch (rand() % 16) {
			case 0: {
				struct buffer frame = {0};
				struct ack ack;
				struct ack_range range;
				struct nack nack;
				if (!ledger_emit(&ledger, 1, (struct slice){NULL, 0}, &frame))
					break;
				assert_int_equal(ack_parse(slice_sub(buffer_slice(&frame),
								   FRAME_HEADER_BYTES, frame.len),
							 &ack),
					CH_OK);
				while (ack_next_range(&ack, &range)) {
					for (uint64_t i = range.first; i <= range.last; i++) {
						if (out[i]) {
							assert_true(wanted[i]);
							out[i] = false;
							done[i] = true;
						}
					}
				}
				while (ack_next_nack(&ack, &nack))
					out[nack.sequence] = false;
				buffer_fini(&frame);
				break;
			}
			case 1:
				if (rand() % 20 != 0)
					break;
				assert_int_equal(ledger_reattach(&ledger), CH_OK);
				memset(out, 0, sizeof(out));
				break;
			case 2:
			case 3:
			case 4:
			case 5:
				if (out[s] && !done[s] && !wanted[s] && index[s] != UINT64_MAX) {
					assert_int_equal(ledger_ack(&ledger, index[s], s), CH_OK);
					wanted[s] = true;
				}
				break;
			case 6:
				if (out[s] && !wanted[s] && index[s] != UINT64_MAX)
					assert_int_equal(ledger_nack(&ledger, index[s],
								 &(struct nack){.sequence = s}),
						CH_OK);
				break;
			default: /* the hub delivers what is not out, sometimes out of order */
				if (out[s] || done[s])
					break;
				for (uint64_t i = 1; i < s && rand() % 8 != 0; i++) {
					if (!out[i] && !done[i] && rand() % 4 == 0) {
						s = i;
						break;
					}
				}
				out[s] = true;
				if (ledger_knows(&ledger, s)) {
					assert_int_equal(ledger_again(&ledger, s), CH_OK);
				} else {
					index[s] = ledger_take(&ledger, s);
					wanted[s] = false;
				}
				break;
			}
		}
		ledger_fini(&ledger);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_acks_travel_as_ranges),
		cmocka_unit_test(test_acks_of_workers_join_whatever_their_order),
		cmocka_unit_test(test_a_hole_is_never_acknowledged),
		cmocka_unit_test(test_a_refused_one_comes_again),
		cmocka_unit_test(test_a_second_answer_does_nothing),
		cmocka_unit_test(test_everything_up_to),
		cmocka_unit_test(test_after_a_lost_connection_nothing_is_taken_twice),
		cmocka_unit_test(test_what_must_be_forgotten_holds_the_position),
		cmocka_unit_test(test_no_ack_covers_a_stranger),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "fanout/cursor.h"

#include <stdlib.h>

#include "support/unit.h"

#define SECOND INT64_C(1000000)

static const struct cursor_settings settings = {.ack_wait_us = 30 * SECOND, .max_attempts = 3};

/* What an owner would have on disk, and where its dead went. */
struct shelf {
	uint64_t kept[64];
	size_t kept_count;
	uint64_t buried[64];
	size_t buried_count;
	bool full;
};

static void shelf_forget(void *context, const struct pending *pending)
{
	struct shelf *shelf = context;
	for (size_t i = 0; i < shelf->kept_count; i++) {
		if (shelf->kept[i] == pending->sequence)
			shelf->kept[i--] = shelf->kept[--shelf->kept_count];
	}
}

static void shelf_keep(void *context, const struct pending *pending)
{
	struct shelf *shelf = context;
	shelf_forget(context, pending);
	shelf->kept[shelf->kept_count++] = pending->sequence;
}

static bool shelf_bury(void *context, const struct pending *pending)
{
	struct shelf *shelf = context;
	if (shelf->full)
		return false;
	shelf->buried[shelf->buried_count++] = pending->sequence;
	return true;
}

static const struct cursor_events shelf_events = {shelf_keep, shelf_forget, shelf_bury};

struct fixture {
	struct cursor cursor;
	struct heap timers;
	struct shelf shelf;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	heap_init(&f->timers);
	cursor_init(&f->cursor, &shelf_events, &f->shelf);
	cursor_attach(&f->cursor, &settings, &f->timers, 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	cursor_rest(&f->cursor);
	cursor_fini(&f->cursor);
	heap_fini(&f->timers);
	free(f);
	return 0;
}

/* Sends every sequence up to `last` that is new, one part each. */
static void send_to(struct fixture *f, uint64_t last)
{
	uint64_t skip;
	while (f->cursor.next <= last) {
		assert_true(cursor_make_room(&f->cursor));
		if (cursor_look(&f->cursor, &skip) == CURSOR_SKIP)
			cursor_skip(&f->cursor, skip);
		else
			cursor_send(&f->cursor, f->cursor.next, (int64_t)f->cursor.next, 1);
	}
}

/* Sends again all that is ready; returns how many. */
static int resend(struct fixture *f)
{
	struct pending *pending;
	int count = 0;
	while ((pending = cursor_ready(&f->cursor)) != NULL) {
		cursor_resend(&f->cursor, pending, 1);
		count++;
	}
	return count;
}

static void refuse(struct fixture *f, uint64_t sequence, int64_t now_us)
{
	cursor_nack(&f->cursor,
		&(struct nack){.sequence = sequence, .reason = SLICE_LITERAL("busy")}, now_us);
}

static void fire_all(struct fixture *f)
{
	struct heap_item *item;
	while ((item = heap_pop(&f->timers)) != NULL) {
		struct pending *pending = (struct pending *)(void *)item;
		cursor_fire(pending->cursor, pending);
	}
}

static void test_acks_move_the_base_over_what_is_settled(void **state)
{
	struct fixture *f = *state;
	send_to(f, 10);
	assert_int_equal(f->cursor.out_parts, 10);
	cursor_ack(&f->cursor, 2, 4);
	assert_int_equal(cursor_floor(&f->cursor), 0);
	assert_int_equal(f->cursor.out_parts, 7);
	cursor_ack(&f->cursor, 1, 1);
	assert_int_equal(cursor_floor(&f->cursor), 4);
	assert_int_equal(f->cursor.base_arrival_us, 4);
	cursor_pass(&f->cursor, 11, 11);
	cursor_ack_up_to(&f->cursor, 10);
	assert_int_equal(cursor_floor(&f->cursor), 11);
	assert_int_equal(f->cursor.out_parts, 0);
	assert_int_equal(f->cursor.counters.acked, 10);
	cursor_ack(&f->cursor, 1, UINT64_MAX); /* again, and of what was never sent */
	cursor_ack_up_to(&f->cursor, UINT64_MAX);
	assert_int_equal(cursor_floor(&f->cursor), 11);
	assert_int_equal(f->cursor.counters.acked, 10);
}

static void test_a_refused_one_comes_again_while_the_rest_flows(void **state)
{
	struct fixture *f = *state;
	send_to(f, 3);
	refuse(f, 1, 0);
	assert_int_equal(f->shelf.kept_count, 1);
	cursor_ack(&f->cursor, 1, 3); /* what waits is not out */
	assert_int_equal(cursor_floor(&f->cursor), 0);
	assert_int_equal(f->cursor.base, 3);
	assert_int_equal(resend(f), 0);
	assert_int_equal(heap_top(&f->timers)->due_us, SECOND);
	fire_all(f);
	assert_int_equal(pending_attempt(cursor_ready(&f->cursor)), 2);
	assert_int_equal(resend(f), 1);
	refuse(f, 1, 0);
	assert_int_equal(heap_top(&f->timers)->due_us, 2 * SECOND);
	fire_all(f);
	assert_int_equal(resend(f), 1);
	refuse(f, 1, 0);
	assert_int_equal(f->shelf.buried_count, 1);
	assert_int_equal(f->shelf.kept_count, 0);
	assert_int_equal(cursor_floor(&f->cursor), 3);
}

static void test_back_off_doubles_up_to_five_minutes(void **state)
{
	(void)state;
	assert_int_equal(cursor_backoff_us(1), SECOND);
	assert_int_equal(cursor_backoff_us(2), 2 * SECOND);
	assert_int_equal(cursor_backoff_us(9), 256 * SECOND);
	assert_int_equal(cursor_backoff_us(10), 300 * SECOND);
	assert_int_equal(cursor_backoff_us(UINT32_MAX), 300 * SECOND);
}

static void test_parking_buries_at_once(void **state)
{
	struct fixture *f = *state;
	send_to(f, 2);
	cursor_nack(&f->cursor, &(struct nack){.sequence = 2, .park = true}, 0);
	assert_int_equal(f->shelf.buried_count, 1);
	assert_int_equal(f->shelf.buried[0], 2);
	cursor_ack(&f->cursor, 1, 1);
	assert_int_equal(cursor_floor(&f->cursor), 2);
}

static void test_without_room_for_the_dead_it_is_tried_on(void **state)
{
	struct fixture *f = *state;
	f->shelf.full = true;
	send_to(f, 1);
	cursor_nack(&f->cursor, &(struct nack){.sequence = 1, .park = true}, 0);
	assert_int_equal(f->shelf.kept_count, 1);
	assert_int_equal(heap_top(&f->timers)->due_us, 300 * SECOND);
	fire_all(f);
	assert_int_equal(resend(f), 1);
	cursor_ack(&f->cursor, 1, 1);
	assert_int_equal(cursor_floor(&f->cursor), 1);
}

/* Who is hung gets one at a time again, and the others do not suffer for it. */
static void test_a_silent_subscriber_is_asked_about_the_oldest(void **state)
{
	struct fixture *f = *state;
	send_to(f, 5);
	for (int64_t s = 0; s <= 29; s++)
		cursor_tick(&f->cursor, s * SECOND);
	assert_null(cursor_ready(&f->cursor));
	cursor_tick(&f->cursor, 31 * SECOND);
	assert_int_equal(cursor_ready(&f->cursor)->sequence, 1);
	assert_int_equal(cursor_ready(&f->cursor)->attempts, 1);
	assert_int_equal(resend(f), 1);
	for (int64_t s = 32; s <= 61; s++)
		cursor_tick(&f->cursor, s * SECOND);
	assert_null(cursor_ready(&f->cursor));
	cursor_tick(&f->cursor, 63 * SECOND);
	assert_int_equal(cursor_ready(&f->cursor)->sequence, 2);
}

static void test_one_after_the_other_has_its_time(void **state)
{
	struct fixture *f = *state;
	send_to(f, 20);
	/* Each takes twenty seconds: the last is answered after 400. */
	for (uint64_t i = 1; i <= 20; i++) {
		for (int64_t s = 0; s < 20; s++)
			cursor_tick(&f->cursor, ((int64_t)i * 20 + s) * SECOND);
		cursor_ack(&f->cursor, i, i);
	}
	assert_int_equal(f->cursor.counters.failed, 0);
	assert_int_equal(cursor_floor(&f->cursor), 20);
}

static void test_what_was_overtaken_comes_again(void **state)
{
	struct fixture *f = *state;
	int64_t s = 0;
	send_to(f, 5);
	for (; s < 10; s++)
		cursor_tick(&f->cursor, s * SECOND);
	cursor_ack(&f->cursor, 4, 4);
	for (; s < 30; s++)
		cursor_tick(&f->cursor, s * SECOND);
	assert_null(cursor_ready(&f->cursor));
	for (; s < 60; s++)
		cursor_tick(&f->cursor, s * SECOND);
	assert_int_equal(resend(f), 3); /* 1, 2, 3; nothing has overtaken 5 */
	cursor_ack(&f->cursor, 1, 5);
	assert_int_equal(cursor_floor(&f->cursor), 5);
	assert_int_equal(f->shelf.kept_count, 0);
}

static void test_a_late_answer_counts(void **state)
{
	struct fixture *f = *state;
	send_to(f, 1);
	cursor_tick(&f->cursor, 0);
	cursor_tick(&f->cursor, 31 * SECOND);
	assert_non_null(cursor_ready(&f->cursor));
	cursor_ack(&f->cursor, 1, 1);
	assert_null(cursor_ready(&f->cursor));
	assert_int_equal(cursor_floor(&f->cursor), 1);
}

static void test_a_poison_that_kills_dies_alone(void **state)
{
	struct fixture *f = *state;
	for (int life = 1; life <= 3; life++) {
		(void)resend(f);
		send_to(f, 100);
		assert_int_equal(f->shelf.buried_count, 0);
		cursor_lost(&f->cursor, 0);
		cursor_rest(&f->cursor);
		cursor_attach(&f->cursor, &settings, &f->timers, 0);
	}
	assert_int_equal(f->shelf.buried_count, 1);
	assert_int_equal(f->shelf.buried[0], 1);
	assert_int_equal(cursor_attempt(&f->cursor, 2), 2);
	assert_int_equal(cursor_attempt(&f->cursor, 101), 1);
	send_to(f, 100);
	assert_int_equal(f->cursor.out_parts, 99);
}

static void test_what_was_settled_out_of_turn_stays_settled(void **state)
{
	struct fixture *f = *state;
	for (int life = 0; life < 3; life++) {
		send_to(f, 10);
		assert_int_equal(f->cursor.out_parts, life == 0 ? 10 : 6);
		cursor_ack(&f->cursor, 3, 4);
		cursor_ack(&f->cursor, 8, 9);
		cursor_rest(&f->cursor);
		cursor_attach(&f->cursor, &settings, &f->timers, 0);
	}
	send_to(f, 10);
	cursor_ack(&f->cursor, 1, 10);
	assert_int_equal(cursor_floor(&f->cursor), 10);
}

static void test_one_that_is_stuck_does_not_stop_the_flow(void **state)
{
	struct fixture *f = *state;
	send_to(f, 1);
	for (uint64_t i = 0; i < 5; i++) {
		uint64_t next = f->cursor.next;
		send_to(f, next + LIMIT_INFLIGHT_PER_SUB / 2);
		cursor_ack(&f->cursor, next, next + LIMIT_INFLIGHT_PER_SUB / 2);
	}
	assert_int_equal(cursor_floor(&f->cursor), 0);
	assert_int_equal(f->cursor.out_parts, 1);
	assert_int_equal(f->cursor.pendings.count, 1);
	assert_int_equal(f->shelf.kept_count, 1);
	cursor_ack(&f->cursor, 1, 1);
	assert_int_equal(cursor_floor(&f->cursor), f->cursor.next - 1);
	assert_int_equal(f->shelf.kept_count, 0);
}

static void test_too_much_pending_stops_what_is_new(void **state)
{
	struct fixture *f = *state;
	f->cursor.events = &(struct cursor_events){NULL, NULL, NULL};
	send_to(f, LIMIT_PENDING_PER_SUB + 10);
	for (uint64_t i = 1; i <= LIMIT_PENDING_PER_SUB + 10; i++)
		refuse(f, i, 0);
	assert_false(cursor_make_room(&f->cursor));
	assert_int_equal(f->cursor.pendings.count, LIMIT_PENDING_PER_SUB);
	assert_int_equal(f->cursor.out_parts, 10); /* refused in vain */
	cursor_ack_up_to(&f->cursor, 1);
	assert_true(cursor_make_room(&f->cursor));
	f->cursor.events = &shelf_events;
}

static void test_a_revived_letter_does_not_hold_the_floor(void **state)
{
	struct fixture *f = *state;
	send_to(f, 10);
	cursor_ack(&f->cursor, 1, 10);
	assert_int_equal(cursor_revive(&f->cursor, 4, 4), CH_OK);
	assert_int_equal(cursor_revive(&f->cursor, 4, 4), CH_EXISTS);
	assert_int_equal(cursor_floor(&f->cursor), 10);
	cursor_ack_up_to(&f->cursor, 10); /* it was not sent yet */
	assert_int_equal(resend(f), 1);
	cursor_ack_up_to(&f->cursor, 10);
	assert_int_equal(f->cursor.pendings.count, 0);
}

static void test_a_seek_makes_void_what_was_out(void **state)
{
	struct fixture *f = *state;
	send_to(f, 10);
	refuse(f, 3, 0);
	cursor_ack(&f->cursor, 5, 6);
	cursor_place(&f->cursor, 2, 0);
	assert_int_equal(f->cursor.out_parts, 0);
	assert_int_equal(f->shelf.kept_count, 0);
	assert_int_equal(cursor_floor(&f->cursor), 2);
	assert_null(heap_top(&f->timers));
	send_to(f, 10);
	assert_int_equal(f->cursor.out_parts, 8);
}

/* ---- At random, against a model with one record for each sequence ---- */

#define NUMBERS 400u

struct model {
	struct fixture *f;
	bool wanted[NUMBERS + 1];  /* the filter */
	bool settled[NUMBERS + 1]; /* acknowledged or buried */
	bool out[NUMBERS + 1];
	int sent[NUMBERS + 1];
	int64_t now_us;
	/* What was written down last: a crash goes back to it. */
	uint64_t base;
	uint64_t reached;
	struct ranges done;
	struct {
		bool kept;
		uint32_t attempts;
		int64_t due_us;
	} pending[NUMBERS + 1];
	bool persisted[NUMBERS + 1]; /* settled, as of then */
};

static void model_note_sent(struct model *model, uint64_t sequence)
{
	assert_true(model->wanted[sequence]);
	assert_false(model->settled[sequence]); /* none after its ack */
	assert_false(model->out[sequence]);
	model->out[sequence] = true;
	model->sent[sequence]++;
}

static void model_send(struct model *model)
{
	struct cursor *cursor = &model->f->cursor;
	struct pending *pending = cursor_ready(cursor);
	uint64_t skip;
	if (pending != NULL && rand() % 2 == 0) {
		model->out[pending->sequence] = false; /* it may have failed by time */
		model_note_sent(model, pending->sequence);
		cursor_resend(cursor, pending, 1);
		return;
	}
	if (cursor->next > NUMBERS || cursor->out_parts > 40 || !cursor_make_room(cursor))
		return;
	if (cursor_look(cursor, &skip) == CURSOR_SKIP) {
		cursor_skip(cursor, skip);
	} else if (!model->wanted[cursor->next]) {
		cursor_pass(cursor, cursor->next, 1);
	} else {
		assert_int_equal(cursor_attempt(cursor, cursor->next) > 1,
			model->sent[cursor->next] > 0 && cursor->next <= cursor->reached);
		model_note_sent(model, cursor->next);
		cursor_send(cursor, cursor->next, 1, 1);
	}
}

/* Any that is out, each as likely; 0: none is. */
static uint64_t model_pick(const struct model *model)
{
	unsigned count = 0;
	for (uint64_t sequence = 1; sequence <= NUMBERS; sequence++)
		count += model->out[sequence];
	unsigned skip = count > 0 ? (unsigned)rand() % count : 0;
	for (uint64_t sequence = 1; sequence <= NUMBERS; sequence++) {
		if (model->out[sequence] && skip-- == 0)
			return sequence;
	}
	return 0;
}

static void model_answer(struct model *model)
{
	struct cursor *cursor = &model->f->cursor;
	uint64_t first = model_pick(model);
	uint64_t last = first + (uint64_t)rand() % 5;
	size_t buried = model->f->shelf.buried_count;
	if (first == 0)
		return;
	if (rand() % 4 == 0) {
		refuse(model->f, first, model->now_us);
		model->out[first] = false;
		if (model->f->shelf.buried_count > buried)
			model->settled[first] = true;
		return;
	}
	cursor_ack(cursor, first, last);
	for (uint64_t i = first; i <= last && i <= NUMBERS; i++) {
		if (model->out[i])
			model->settled[i] = true;
		model->out[i] = false;
	}
}

static void model_time(struct model *model)
{
	struct heap *timers = &model->f->timers;
	size_t buried = model->f->shelf.buried_count;
	model->now_us += (rand() % 8) * SECOND;
	cursor_tick(&model->f->cursor, model->now_us);
	for (size_t i = buried; i < model->f->shelf.buried_count; i++)
		model->settled[model->f->shelf.buried[i]] = true;
	while (heap_top(timers) != NULL && heap_top(timers)->due_us <= model->now_us) {
		struct pending *pending = (struct pending *)(void *)heap_pop(timers);
		cursor_fire(&model->f->cursor, pending);
	}
}

static void model_persist(struct model *model)
{
	struct cursor *cursor = &model->f->cursor;
	model->base = cursor->base;
	model->reached = cursor->reached;
	ranges_clear(&model->done);
	assert_int_equal(cursor_done(cursor, &model->done), CH_OK);
	memset(model->pending, 0, sizeof(model->pending));
	for (size_t i = 0; i < cursor->pendings.count; i++) {
		const struct pending *pending = cursor->pendings.items[i];
		model->pending[pending->sequence].kept = true;
		model->pending[pending->sequence].attempts = pending->attempts;
		model->pending[pending->sequence].due_us = pending->timer.due_us;
	}
	memcpy(model->persisted, model->settled, sizeof(model->settled));
}

static void model_crash(struct model *model)
{
	struct cursor *cursor = &model->f->cursor;
	cursor_rest(cursor);
	cursor_fini(cursor);
	cursor_init(cursor, &shelf_events, &model->f->shelf);
	cursor->base = model->base;
	cursor->reached = model->reached;
	for (size_t i = 0; i < model->done.count; i++)
		assert_int_equal(ranges_add(&cursor->done, model->done.spans[i].first,
					 model->done.spans[i].last),
			CH_OK);
	for (uint64_t i = 1; i <= NUMBERS; i++) {
		struct pending *pending;
		if (!model->pending[i].kept)
			continue;
		assert_int_equal(cursor_restore(cursor, i, &pending), CH_OK);
		pending->attempts = model->pending[i].attempts;
		pending->timer.due_us = model->pending[i].due_us;
	}
	cursor_attach(cursor, &settings, &model->f->timers, model->now_us);
	/* Answers that were not written down are void. */
	memcpy(model->settled, model->persisted, sizeof(model->settled));
	memset(model->out, 0, sizeof(model->out));
}

static void model_reattach(struct model *model)
{
	struct cursor *cursor = &model->f->cursor;
	size_t buried = model->f->shelf.buried_count;
	if (rand() % 2 == 0)
		cursor_lost(cursor, model->now_us);
	if (model->f->shelf.buried_count > buried)
		model->settled[model->f->shelf.buried[buried]] = true;
	cursor_rest(cursor);
	cursor_attach(cursor, &settings, &model->f->timers, model->now_us);
	memset(model->out, 0, sizeof(model->out));
}

/* The floor promises: everything up to it is settled, or was never wanted. */
static void model_check(const struct model *model)
{
	uint64_t floor = cursor_floor(&model->f->cursor);
	for (uint64_t i = 1; i <= floor; i++)
		assert_true(model->settled[i] || !model->wanted[i]);
}

static void model_run(struct fixture *f, unsigned seed)
{
	struct model model = {.f = f};
	srand(seed);
	ranges_init(&model.done);
	for (uint64_t i = 1; i <= NUMBERS; i++)
		model.wanted[i] = rand() % 3 != 0;
	for (int step = 0; cursor_floor(&f->cursor) < NUMBERS; step++) {
		assert_true(step < 200000);
		int what = rand() % 100;
		if (what < 55)
			model_send(&model);
		else if (what < 85)
			model_answer(&model);
		else if (what < 96)
			model_time(&model);
		else if (what < 98)
			model_persist(&model);
		else if (step < 3000 && what == 98)
			model_crash(&model);
		else
			model_reattach(&model);
		if (f->shelf.buried_count > 32)
			f->shelf.buried_count = 0;
		model_check(&model);
	}
	for (uint64_t i = 1; i <= NUMBERS; i++) {
		assert_int_equal(model.sent[i] > 0, model.wanted[i]); /* none skipped */
		assert_true(model.settled[i] || !model.wanted[i]);
	}
	assert_int_equal(f->cursor.out_parts, 0);
	ranges_fini(&model.done);
}

static void test_at_random_nothing_is_skipped(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 60; seed++) {
		void *own = NULL;
		assert_int_equal(setup(&own), 0);
		model_run(own, seed);
		(void)teardown(&own);
	}
}

#define WITH_CURSOR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CURSOR(test_acks_move_the_base_over_what_is_settled),
		WITH_CURSOR(test_a_refused_one_comes_again_while_the_rest_flows),
		cmocka_unit_test(test_back_off_doubles_up_to_five_minutes),
		WITH_CURSOR(test_parking_buries_at_once),
		WITH_CURSOR(test_without_room_for_the_dead_it_is_tried_on),
		WITH_CURSOR(test_a_silent_subscriber_is_asked_about_the_oldest),
		WITH_CURSOR(test_one_after_the_other_has_its_time),
		WITH_CURSOR(test_what_was_overtaken_comes_again),
		WITH_CURSOR(test_a_late_answer_counts),
		WITH_CURSOR(test_a_poison_that_kills_dies_alone),
		WITH_CURSOR(test_what_was_settled_out_of_turn_stays_settled),
		WITH_CURSOR(test_one_that_is_stuck_does_not_stop_the_flow),
		WITH_CURSOR(test_too_much_pending_stops_what_is_new),
		WITH_CURSOR(test_a_revived_letter_does_not_hold_the_floor),
		WITH_CURSOR(test_a_seek_makes_void_what_was_out),
		cmocka_unit_test(test_at_random_nothing_is_skipped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

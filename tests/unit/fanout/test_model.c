/* At random, against a model: one durable subscription on a real journal and a real desk, whose
 * subscriber acknowledges, refuses, leaves, is cut off, whose hub is stopped and killed.
 *
 *     every wanted entry is delivered; first deliveries of an attachment come in order
 *     none comes after its ack, but for acks that a killed hub had not written down
 *     dead are those, and only those, that have used up their attempts */
#include <stdlib.h>

#include "base/clock.h"
#include "session.h"
#include "stage_operations.h"

#define NUMBERS      400u
#define CREDIT       24u
#define MAX_ATTEMPTS 3u

struct number {
	bool wanted;
	bool delivered;
	bool out;
	bool acked;
	bool dead;
	bool fuzzy; /* the hub was killed while what became of it may not have been written down */
	bool dirty; /* something became of it since all was written down last */
	uint32_t failed;
	uint64_t order; /* of its last sending, while it is out */
};

struct model {
	struct stage *stage;
	struct session session;
	struct number numbers[NUMBERS + 1];
	uint64_t appended;
	uint64_t orders;
	uint64_t last_first; /* the last first delivery of this attachment */
	unsigned out;
	bool attached;
	bool killed;
};

static void model_attach(struct model *model)
{
	struct subscribe wish = {
		.handle = 1,
		.name = SLICE_LITERAL("model"),
		.start.from = FROM_EARLIEST,
		.credit = CREDIT,
		.max_attempts = MAX_ATTEMPTS,
		.ack_wait_ms = LIMIT_ACK_WAIT_MS,
	};
	wish.filter.types[wish.filter.type_count++] = SLICE_LITERAL("pos.>");
	session_open(&model->session, model->stage, "p", false);
	assert_int_equal(session_subscribe(&model->session, &wish), CH_OK);
	model->attached = true;
	model->last_first = 0;
}

static void model_take(struct model *model)
{
	struct session *session = &model->session;
	for (; session->seen < session->count; session->seen++) {
		const struct got *got = &session->got[session->seen];
		if (got->is_mark) {
			assert_int_not_equal(got->mark.what, MARK_GAP);
			continue;
		}
		assert_in_range(got->sequence, 1, model->appended);
		struct number *number = &model->numbers[got->sequence];
		assert_true(number->wanted);
		assert_false(number->out);
		if (!number->fuzzy) {
			assert_false(number->acked);
			assert_false(number->dead);
		}
		/* A killed hub may not know any more what it has sent; it never claims what it has not. */
		if (got->attempt > 1)
			assert_true(number->delivered);
		else
			assert_true(!number->delivered || model->killed);
		if (got->attempt == 1) {
			assert_true(got->sequence > model->last_first);
			model->last_first = got->sequence;
		}
		number->acked = false;
		number->delivered = true;
		number->out = true;
		number->order = ++model->orders;
		model->out++;
	}
}

/* Until the hub has nothing out that has not arrived here. */
static void model_settle(struct model *model)
{
	for (int i = 0;; i++) {
		stage_pump(model->stage);
		model_take(model);
		struct seen_consumer seen = stage_consumer(model->stage, "model");
		model_take(model);
		if (seen.info.in_flight == model->out)
			return;
		assert_true(i < 100000);
	}
}

/* Any that is out, each as likely; 0: none is. */
static uint64_t model_pick(const struct model *model)
{
	unsigned skip = model->out > 0 ? (unsigned)rand() % model->out : 0;
	for (uint64_t sequence = 1; sequence <= NUMBERS; sequence++) {
		if (model->numbers[sequence].out && skip-- == 0)
			return sequence;
	}
	return 0;
}

static void model_fail(struct model *model, struct number *number)
{
	number->dirty = true;
	number->out = false;
	model->out--;
	if (++number->failed == MAX_ATTEMPTS)
		number->dead = true;
}

static void model_answer(struct model *model)
{
	uint64_t first = model_pick(model);
	uint64_t last = first;
	if (first == 0 || !model->attached)
		return;
	if (rand() % 4 == 0) {
		session_nack(&model->session, 1,
			&(struct nack){.sequence = first, .delay_ms = 1 + (uint32_t)rand() % 5});
		model_fail(model, &model->numbers[first]);
		return;
	}
	/* What is sent meanwhile in that range would be acknowledged unseen: so only what is here. */
	for (int more = rand() % 6; more > 0 && last < NUMBERS && model->numbers[last + 1].out;
		more--)
		last++;
	session_ack(&model->session, 1, first, last);
	for (uint64_t i = first; i <= last; i++) {
		struct number *number = &model->numbers[i];
		number->out = false;
		number->acked = true;
		number->dirty = true;
		model->out--;
	}
	(void)stage_consumer(model->stage, "model"); /* it is heard before anything else is said */
}

static void model_all_back(struct model *model)
{
	for (uint64_t i = 1; i <= NUMBERS; i++)
		model->numbers[i].out = false;
	model->out = 0;
	model->attached = false;
}

static void model_written(struct model *model)
{
	for (uint64_t i = 1; i <= NUMBERS; i++)
		model->numbers[i].dirty = false;
}

/* The hub holds the one that is out longest against it. */
static void model_cut_off(struct model *model)
{
	struct number *oldest = NULL;
	model_settle(model);
	for (uint64_t i = 1; i <= NUMBERS; i++) {
		struct number *number = &model->numbers[i];
		if (number->out && (oldest == NULL || number->order < oldest->order))
			oldest = number;
	}
	if (oldest != NULL)
		model_fail(model, oldest);
	session_close(&model->session);
	model_all_back(model);
}

static void model_leave(struct model *model)
{
	model_settle(model);
	session_detach(&model->session, &(struct detach){.handle = 1});
	const struct got *got = session_next(&model->session);
	while (!got->is_mark || got->mark.what != MARK_DETACHED) {
		if (!got->is_mark)
			model->numbers[got->sequence].delivered = true;
		got = session_next(&model->session);
	}
	session_close(&model->session);
	model_all_back(model);
	model_written(model);
}

static void model_restart(struct model *model)
{
	model_cut_off(model);
	stage_restart(model->stage);
	model_written(model);
}

static void model_kill(struct model *model)
{
	model_cut_off(model);
	stage_crash(model->stage);
	model->killed = true;
	for (uint64_t i = 1; i <= NUMBERS; i++) {
		struct number *number = &model->numbers[i];
		number->fuzzy |= number->dirty;
		number->dirty = false;
	}
}

static void model_append(struct model *model)
{
	uint64_t count = 1 + (uint64_t)rand() % 8;
	if (model->appended + count > NUMBERS)
		count = NUMBERS - model->appended;
	for (uint64_t i = 0; i < count; i++) {
		bool wanted = rand() % 3 != 0;
		model->numbers[++model->appended].wanted = wanted;
		stage_append(model->stage,
			&(struct event){
				.type = wanted ? "pos.sale.completed" : "repair.order.received"},
			1);
	}
}

static bool model_is_done(struct model *model)
{
	return model->appended == NUMBERS && model->attached &&
	       stage_consumer(model->stage, "model").info.cursor == NUMBERS;
}

static void model_check_letters(struct model *model)
{
	struct seen_letters letters = stage_letters(model->stage, "model");
	bool dead[NUMBERS + 1] = {false};
	assert_true(letters.count <= 64);
	for (size_t i = 0; i < letters.count; i++) {
		dead[letters.sequences[i]] = true;
		if (!model->numbers[letters.sequences[i]].fuzzy)
			assert_int_equal(letters.attempts[i], MAX_ATTEMPTS);
	}
	for (uint64_t i = 1; i <= NUMBERS; i++) {
		if (!model->numbers[i].fuzzy)
			assert_int_equal(dead[i], model->numbers[i].dead);
	}
}

static void model_run(struct stage *stage, unsigned seed)
{
	struct model *model = calloc(1, sizeof(*model));
	srand(seed);
	model->stage = stage;
	for (int step = 0; !model_is_done(model); step++) {
		assert_true(step < 20000);
		int what = rand() % 1000;
		bool wild = step < 600;
		if (!model->attached)
			model_attach(model);
		else if (what < 150)
			model_append(model);
		else if (what < 900 || !wild)
			model_answer(model);
		else if (what < 940)
			model_settle(model);
		else if (what < 965)
			model_leave(model);
		else if (what < 985)
			model_cut_off(model);
		else if (what < 993)
			model_restart(model);
		else
			model_kill(model);
		if (model->attached) {
			stage_pump(stage);
			model_take(model);
		}
	}
	for (uint64_t i = 1; i <= NUMBERS; i++) {
		const struct number *number = &model->numbers[i];
		assert_int_equal(number->delivered, number->wanted);
		if (number->wanted && !number->fuzzy)
			assert_true(number->acked != number->dead);
	}
	model_check_letters(model);
	session_close(&model->session);
	free(model);
}

static void test_at_random_every_promise_holds(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 6; seed++) {
		struct stage *stage = calloc(1, sizeof(*stage));
		stage_open(stage);
		model_run(stage, seed);
		stage_close(stage);
		free(stage);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at_random_every_promise_holds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

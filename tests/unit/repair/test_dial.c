#include "channel/repair/dial.h"

#include "support/unit.h"

#include <poll.h>
#include <semaphore.h>

struct work {
	sem_t go;
	sem_t dropped;
	int done;
};

static void work_run(void *context)
{
	struct work *work = context;
	(void)sem_wait(&work->go);
	work->done = 1;
}

static void work_drop(void *context)
{
	struct work *work = context;
	(void)sem_post(&work->dropped);
}

static void work_init(struct work *work)
{
	*work = (struct work){.done = 0};
	assert_int_equal(sem_init(&work->go, 0, 0), 0);
	assert_int_equal(sem_init(&work->dropped, 0, 0), 0);
}

static void test_usage(void **state)
{
	struct work work;
	struct dial *dial;
	(void)state;
	work_init(&work);
	assert_int_equal(dial_start(work_run, &work, work_drop, &dial), CH_OK);
	struct pollfd done = {dial_fd(dial), POLLIN, 0};
	assert_int_equal(poll(&done, 1, 0), 0);
	assert_false(dial_is_done(dial));
	(void)sem_post(&work.go);
	assert_int_equal(poll(&done, 1, 30000), 1);
	assert_true(dial_is_done(dial));
	assert_int_equal(work.done, 1);
	assert_true(dial_free(dial));
	assert_int_equal(sem_trywait(&work.dropped), -1); /* it was ours */
}

/* Nobody waits for it any more: it ends by itself, and drops what it had. */
static void test_abandoned(void **state)
{
	struct work work;
	struct dial *dial;
	(void)state;
	work_init(&work);
	assert_int_equal(dial_start(work_run, &work, work_drop, &dial), CH_OK);
	assert_false(dial_free(dial));
	(void)sem_post(&work.go);
	assert_int_equal(sem_wait(&work.dropped), 0);
	assert_int_equal(work.done, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage), cmocka_unit_test(test_abandoned)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

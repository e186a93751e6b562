#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/loop.h"

#define THREADS        4
#define TASKS_A_THREAD 5000

struct count {
	struct loop *loop;
	int fired;
	int stop_at;
};

static void count_up(void *context)
{
	struct count *count = context;
	if (++count->fired == count->stop_at)
		loop_stop(count->loop);
}

static bool count_reached(void *context)
{
	const struct count *count = context;
	return count->fired >= count->stop_at;
}

static void test_timers_fire_and_stop(void **state)
{
	struct count every = {.stop_at = 3};
	struct count once = {.stop_at = -1};
	struct loop_timer *a = NULL;
	struct loop_timer *b = NULL;
	(void)state;
	assert_int_equal(loop_create(&every.loop), CH_OK);
	assert_int_equal(loop_timer_create(every.loop, count_up, &every, &a), CH_OK);
	assert_int_equal(loop_timer_create(every.loop, count_up, &once, &b), CH_OK);
	loop_timer_start(a, 1, 1);
	loop_timer_start(b, 0, 0);
	loop_run(every.loop); /* until the third */
	assert_int_equal(every.fired, 3);
	assert_int_equal(once.fired, 1);
	loop_timer_stop(a);
	once.stop_at = 2;
	assert_false(loop_until(every.loop, count_reached, &once, 20));
	assert_int_equal(every.fired, 3);
	loop_timer_free(a);
	loop_timer_free(b);
	loop_timer_free(NULL);
	loop_free(every.loop);
}

struct poster {
	struct loop *loop;
	pthread_t thread;
	struct loop_task tasks[TASKS_A_THREAD];
};

static atomic_int ran;
static struct loop *stopped_by_tasks;

static void task_ran(struct loop_task *task)
{
	(void)task;
	if (atomic_fetch_add(&ran, 1) + 1 == THREADS * TASKS_A_THREAD)
		loop_stop(stopped_by_tasks);
}

static void *post_all(void *context)
{
	struct poster *poster = context;
	for (int i = 0; i < TASKS_A_THREAD; i++) {
		poster->tasks[i].run = task_ran;
		(void)loop_post(poster->loop, &poster->tasks[i]);
	}
	return NULL;
}

static void test_tasks_come_from_any_thread(void **state)
{
	struct loop *loop = NULL;
	struct poster *posters = calloc(THREADS, sizeof(*posters));
	(void)state;
	assert_int_equal(loop_create(&loop), CH_OK);
	stopped_by_tasks = loop;
	for (int i = 0; i < THREADS; i++) {
		posters[i].loop = loop;
		assert_int_equal(
			pthread_create(&posters[i].thread, NULL, post_all, &posters[i]), 0);
	}
	loop_run(loop);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(posters[i].thread, NULL), 0);
	assert_int_equal(atomic_load(&ran), THREADS * TASKS_A_THREAD);
	loop_free(loop);
	free(posters);
}

static void *stop_soon(void *context)
{
	(void)usleep(10000);
	loop_stop(context);
	return NULL;
}

static void test_stop_from_another_thread_and_before_the_run(void **state)
{
	struct loop *loop = NULL;
	pthread_t thread;
	(void)state;
	assert_int_equal(loop_create(&loop), CH_OK);
	assert_int_equal(pthread_create(&thread, NULL, stop_soon, loop), 0);
	loop_run(loop);
	assert_int_equal(pthread_join(thread, NULL), 0);
	loop_stop(loop);
	loop_run(loop); /* returns at once */
	loop_free(loop);
}

static void never_run(struct loop_task *task)
{
	(void)task;
	atomic_fetch_add(&ran, 1);
}

static void test_tasks_left_at_the_end_are_run(void **state)
{
	struct loop *loop = NULL;
	struct loop_task task = {.run = never_run};
	(void)state;
	atomic_store(&ran, 0);
	assert_int_equal(loop_create(&loop), CH_OK);
	assert_true(loop_post(loop, &task));
	loop_free(loop);
	assert_int_equal(atomic_load(&ran), 1);
	loop_free(NULL);
}

static void test_signals_arrive_on_the_loop(void **state)
{
	struct count reload = {.stop_at = 1};
	(void)state;
	assert_int_equal(loop_create(&reload.loop), CH_OK);
	assert_int_equal(loop_on_signal(reload.loop, SIGHUP, count_up, &reload), CH_OK);
	assert_int_equal(kill(getpid(), SIGHUP), 0);
	loop_run(reload.loop);
	assert_int_equal(reload.fired, 1);
	loop_free(reload.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timers_fire_and_stop),
		cmocka_unit_test(test_tasks_come_from_any_thread),
		cmocka_unit_test(test_stop_from_another_thread_and_before_the_run),
		cmocka_unit_test(test_tasks_left_at_the_end_are_run),
		cmocka_unit_test(test_signals_arrive_on_the_loop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "net/loop.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/invariant.h"

#define LOOP_SIGNALS_MAX 8

struct loop_signal {
	uv_signal_t handle;
	void (*arrived)(void *context);
	void *context;
};

/* An eventfd of our own, and no uv_async_t: where the thread that wakes is preempted by the one that it
 * has just woken, which on few cores is the rule, libuv 1.44 makes the latter spin and yield until the
 * former has run again. */
struct loop {
	uv_loop_t uv;
	int wake_fd; /* wakes the loop for tasks and for a stop */
	uv_poll_t woken;
	uv_timer_t limit; /* of loop_until */
	struct mailbox tasks;
	atomic_bool stopping;
	struct loop_signal signals[LOOP_SIGNALS_MAX];
	size_t signal_count;
};

struct loop_timer {
	uv_timer_t handle;
	void (*fire)(void *context);
	void *context;
};

/* ---- Tasks ---- */

static void loop_run_tasks(struct loop *loop)
{
	struct mailbox_node *node = mailbox_take(&loop->tasks);
	while (node != NULL) {
		/* The task may free itself, or be posted again, as it runs. */
		struct mailbox_node *next = node->next;
		struct loop_task *task =
			(struct loop_task *)(void *)((char *)node -
						     offsetof(struct loop_task, node));
		task->run(task);
		node = next;
	}
}

static void loop_woken(uv_poll_t *handle, int status, int events)
{
	struct loop *loop = handle->data;
	uint64_t count;
	(void)status; /* an eventfd has no errors */
	(void)events;
	/* Before the tasks are taken, so that one that comes meanwhile wakes again. */
	(void)!read(
		loop->wake_fd, &count, sizeof(count)); /* nothing there: woken by the one before */
	loop_run_tasks(loop);
	if (atomic_load(&loop->stopping))
		uv_stop(&loop->uv);
}

static void loop_wake(void *context)
{
	const struct loop *loop = context;
	const uint64_t one = 1;
	(void)!write(loop->wake_fd, &one, sizeof(one)); /* full after 2^64 - 1 of them */
}

bool loop_post(struct loop *loop, struct loop_task *task)
{
	return mailbox_post(&loop->tasks, &task->node);
}

/* ---- Life ---- */

static enum ch_status loop_open_wake(struct loop *loop)
{
	loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->wake_fd < 0)
		return CH_IO;
	if (uv_poll_init(&loop->uv, &loop->woken, loop->wake_fd) != 0) {
		(void)close(loop->wake_fd); /* nothing was written */
		return CH_IO;
	}
	loop->woken.data = loop;
	(void)uv_poll_start(&loop->woken, UV_READABLE, loop_woken); /* an open descriptor */
	return CH_OK;
}

enum ch_status loop_create(struct loop **out_loop)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	if (loop == NULL)
		return CH_NOMEM;
	if (uv_loop_init(&loop->uv) != 0) {
		free(loop);
		return CH_IO;
	}
	if (loop_open_wake(loop) != CH_OK) {
		(void)uv_loop_close(&loop->uv); /* it has no handle that could keep it open */
		free(loop);
		return CH_IO;
	}
	(void)uv_timer_init(&loop->uv, &loop->limit); /* never fails */
	mailbox_init(&loop->tasks, loop_wake, loop);
	*out_loop = loop;
	return CH_OK;
}

static void loop_close_own(struct loop *loop)
{
	uv_close((uv_handle_t *)&loop->woken, NULL);
	uv_close((uv_handle_t *)&loop->limit, NULL);
	for (size_t i = 0; i < loop->signal_count; i++)
		uv_close((uv_handle_t *)&loop->signals[i].handle, NULL);
}

void loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	mailbox_close(&loop->tasks);
	loop_run_tasks(loop);
	loop_close_own(loop);
	while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0) {
		/* until the last close callback has run */
	}
	invariant(uv_loop_close(&loop->uv) == 0);
	(void)close(loop->wake_fd); /* nothing was written */
	mailbox_fini(&loop->tasks);
	free(loop);
}

void loop_run(struct loop *loop)
{
	while (!atomic_load(&loop->stopping))
		(void)uv_run(&loop->uv, UV_RUN_DEFAULT); /* what is still open is no error */
	atomic_store(&loop->stopping, false);
}

void loop_stop(struct loop *loop)
{
	atomic_store(&loop->stopping, true);
	loop_wake(loop);
}

static void loop_limit_fired(uv_timer_t *handle)
{
	(void)handle; /* all it does is end the wait */
}

bool loop_until(struct loop *loop, bool (*done)(void *context), void *context, int64_t timeout_ms)
{
	int64_t end_us = clock_steady_us() + timeout_ms * 1000;
	while (!done(context)) {
		int64_t left_us = end_us - clock_steady_us();
		if (left_us <= 0)
			return false;
		uv_update_time(&loop->uv);
		(void)uv_timer_start(
			&loop->limit, loop_limit_fired, (uint64_t)(left_us / 1000 + 1), 0);
		(void)uv_run(&loop->uv, UV_RUN_ONCE);
		(void)uv_timer_stop(&loop->limit);
	}
	return true;
}

struct uv_loop_s *loop_uv(struct loop *loop)
{
	return &loop->uv;
}

int64_t loop_now_us(const struct loop *loop)
{
	return (int64_t)uv_now(&loop->uv) * 1000; /* libuv's clock is CLOCK_MONOTONIC */
}

/* ---- Timers ---- */

static void loop_timer_fired(uv_timer_t *handle)
{
	struct loop_timer *timer = handle->data;
	timer->fire(timer->context);
}

static void loop_timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

enum ch_status loop_timer_create(struct loop *loop, void (*fire)(void *context), void *context,
	struct loop_timer **out_timer)
{
	struct loop_timer *timer = calloc(1, sizeof(*timer));
	if (timer == NULL)
		return CH_NOMEM;
	(void)uv_timer_init(&loop->uv, &timer->handle); /* never fails */
	timer->handle.data = timer;
	timer->fire = fire;
	timer->context = context;
	*out_timer = timer;
	return CH_OK;
}

void loop_timer_free(struct loop_timer *timer)
{
	if (timer != NULL)
		uv_close((uv_handle_t *)&timer->handle, loop_timer_closed);
}

void loop_timer_start(struct loop_timer *timer, int64_t first_ms, int64_t every_ms)
{
	invariant(first_ms >= 0 && every_ms >= 0);
	/* The loop's idea of now is as old as the turn; a first_ms counts from the call. */
	uv_update_time(timer->handle.loop);
	(void)uv_timer_start(
		&timer->handle, loop_timer_fired, (uint64_t)first_ms, (uint64_t)every_ms);
}

void loop_timer_stop(struct loop_timer *timer)
{
	(void)uv_timer_stop(&timer->handle); /* never fails */
}

/* ---- Signals ---- */

static void loop_signal_arrived(uv_signal_t *handle, int number)
{
	struct loop_signal *signal = handle->data;
	(void)number; /* each handle has one */
	signal->arrived(signal->context);
}

enum ch_status loop_on_signal(
	struct loop *loop, int number, void (*arrived)(void *context), void *context)
{
	invariant(loop->signal_count < LOOP_SIGNALS_MAX);
	struct loop_signal *signal = &loop->signals[loop->signal_count];
	if (uv_signal_init(&loop->uv, &signal->handle) != 0)
		return CH_IO;
	loop->signal_count++; /* from here on it is closed by loop_free */
	signal->handle.data = signal;
	signal->arrived = arrived;
	signal->context = context;
	return uv_signal_start(&signal->handle, loop_signal_arrived, number) == 0 ? CH_OK : CH_IO;
}

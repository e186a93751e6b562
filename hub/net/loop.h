/* The loop thread: everything that waits for the world waits here.
 *
 * One libuv loop, owned by the thread that runs it.  Sockets, timers and signals call back on that
 * thread, one at a time, so what they touch needs no lock.  Other threads reach it in one way, by
 * posting a task.  A function that takes a `struct loop *` runs on the loop thread unless it says
 * otherwise; before loop_run that is whoever made the loop. */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mailbox.h"
#include "base/status.h"

struct loop;
struct loop_timer;
struct uv_loop_s;

/* ---- Life ---- */

enum ch_status loop_create(struct loop **out_loop); /* CH_NOMEM, CH_IO */

/* Runs the tasks that were posted and closes what is left of timers and signals.  Sockets on the
 * loop must be closed before; their memory goes here. */
void loop_free(struct loop *loop);

/* Runs until loop_stop; a stop that came before counts. */
void loop_run(struct loop *loop);

/* Any thread.  The loop ends the turn that it is in. */
void loop_stop(struct loop *loop);

/* Turns the loop until `done` says so, at most `timeout_ms`: for starts, stops and tests.  Not from
 * within a callback.  What `done` said last. */
bool loop_until(struct loop *loop, bool (*done)(void *context), void *context, int64_t timeout_ms);

/* When the loop last looked at the clock, in the time of clock_steady_us, to a millisecond: for marks that
 * are set for every message. */
int64_t loop_now_us(const struct loop *loop);

/* ---- Tasks from other threads ---- */

/* Lives in whatever the poster wants to hand over; a task is posted once at a time. */
struct loop_task {
	struct mailbox_node node;
	void (*run)(struct loop_task *task);
};

/* Any thread.  Tasks run in the order posted.  False after loop_free has begun: it will not run. */
bool loop_post(struct loop *loop, struct loop_task *task);

/* ---- Timers ---- */

enum ch_status loop_timer_create(struct loop *loop, void (*fire)(void *context), void *context,
	struct loop_timer **out_timer); /* CH_NOMEM */
void loop_timer_free(struct loop_timer *timer);

/* Fires after `first_ms`, then every `every_ms` (0: once); starting again replaces what was set. */
void loop_timer_start(struct loop_timer *timer, int64_t first_ms, int64_t every_ms);
void loop_timer_stop(struct loop_timer *timer);

/* ---- Signals ---- */

/* `arrived` runs on the loop thread, not in the signal handler.  One call for each signal number;
 * at most 8.  CH_IO. */
enum ch_status loop_on_signal(
	struct loop *loop, int number, void (*arrived)(void *context), void *context);

/* ---- For this folder ---- */

struct uv_loop_s *loop_uv(struct loop *loop);

#endif

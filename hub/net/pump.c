#include "net/pump.h"

#include <stdlib.h>
#include <uv.h>
#include <zmq.h>

struct pump {
	uv_poll_t poll;
	uv_check_t check;
	uv_prepare_t prepare;
	uv_idle_t idle; /* running, it keeps the loop from waiting */
	void *socket;
	bool (*turn)(void *context);
	void *context;
	bool ready; /* a turn is due */
	bool closed;
	int open_handles;
};

static void pump_polled(uv_poll_t *handle, int status, int events)
{
	struct pump *pump = handle->data;
	(void)status; /* an error is found by the turn as well */
	(void)events;
	pump->ready = true;
}

static void pump_checked(uv_check_t *handle)
{
	struct pump *pump = handle->data;
	if (!pump->ready)
		return;
	pump->ready = false;
	/* Mostly the second finds nothing, and a round of the loop for that would cost an answer some
	 * microseconds.  A turn may free the pump; its memory stays until the loop has closed the handles. */
	if (pump->turn(pump->context) && !pump->closed && pump->turn(pump->context))
		pump->ready = true;
}

static void pump_idled(uv_idle_t *handle)
{
	(void)handle;
}

/* The last thing before the loop waits. */
static void pump_prepared(uv_prepare_t *handle)
{
	struct pump *pump = handle->data;
	if (pump->ready)
		(void)uv_idle_start(&pump->idle, pump_idled); /* cannot fail: it has a callback */
	else
		(void)uv_idle_stop(&pump->idle);
}

static void pump_handle_closed(uv_handle_t *handle)
{
	struct pump *pump = handle->data;
	if (--pump->open_handles == 0)
		free(pump);
}

enum ch_status pump_create(struct loop *loop, void *socket, bool (*turn)(void *context),
	void *context, struct pump **out_pump)
{
	uv_loop_t *uv = loop_uv(loop);
	int fd;
	size_t size = sizeof(fd);
	if (zmq_getsockopt(socket, ZMQ_FD, &fd, &size) != 0)
		return CH_IO;
	struct pump *pump = calloc(1, sizeof(*pump));
	if (pump == NULL)
		return CH_NOMEM;
	if (uv_poll_init(uv, &pump->poll, fd) != 0) {
		free(pump);
		return CH_IO;
	}
	/* None of these three can fail. */
	(void)uv_check_init(uv, &pump->check);
	(void)uv_prepare_init(uv, &pump->prepare);
	(void)uv_idle_init(uv, &pump->idle);
	pump->poll.data = pump->check.data = pump->prepare.data = pump->idle.data = pump;
	pump->open_handles = 4;
	pump->socket = socket;
	pump->turn = turn;
	pump->context = context;
	pump->ready = true; /* for what came before the pump */
	if (uv_poll_start(&pump->poll, UV_READABLE, pump_polled) != 0) {
		pump_free(pump);
		return CH_IO;
	}
	(void)uv_check_start(&pump->check, pump_checked);
	(void)uv_prepare_start(&pump->prepare, pump_prepared);
	*out_pump = pump;
	return CH_OK;
}

void pump_free(struct pump *pump)
{
	if (pump == NULL || pump->closed)
		return;
	pump->closed = true;
	uv_close((uv_handle_t *)&pump->poll, pump_handle_closed);
	uv_close((uv_handle_t *)&pump->check, pump_handle_closed);
	uv_close((uv_handle_t *)&pump->prepare, pump_handle_closed);
	uv_close((uv_handle_t *)&pump->idle, pump_handle_closed);
}

void pump_wake(struct pump *pump)
{
	pump->ready = true;
}

#include "control/control.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/invariant.h"
#include "base/log.h"
#include "control/call.h"
#include "wire/check.h"
#include "wire/frame.h"
#include "wire/request.h"

struct lane {
	struct control *control;
	pthread_t thread;
	bool started;
	struct mailbox calls;
};

struct control {
	struct control_options options;
	struct lane lanes[LANES]; /* the loop's is not used */
	struct mailbox done;      /* steps that have run, back to the loop thread */
	struct loop_task arrived;
	atomic_bool posted;
	struct call *calls; /* all; the loop thread's */
	uint32_t count;
};

/* ---- A call's life, on the loop thread ---- */

static void control_free(struct call *call)
{
	if (call->work != NULL && call->work_free != NULL)
		call->work_free(call->work);
	free(call->work);
	if (call->ask != NULL)
		protobuf_c_message_free_unpacked(call->ask, NULL);
	buffer_fini(&call->reply);
	buffer_fini(&call->frame);
	peer_unref(call->peer);
	free(call);
}

static void control_unlink(struct call *call)
{
	struct call **link = &call->control->calls;
	while (*link != call)
		link = &(*link)->next;
	*link = call->next;
	call->control->count--;
}

static void control_drop(struct call *call)
{
	control_unlink(call);
	control_free(call);
}

static void control_step(struct call *call)
{
	call->turn = call->operation->step(call);
	call->steps++;
}

/* Hands the call to its lane; false: it has run here, on the loop thread. */
static bool control_hand_over(struct call *call)
{
	if (call->lane == LANE_LOOP) {
		control_step(call);
		return false;
	}
	call->place = PLACE_LANE;
	/* The lanes are open as long as the loop runs. */
	invariant(mailbox_post(&call->control->lanes[call->lane].calls, &call->node));
	return true;
}

static void control_encode(struct call *call)
{
	struct reply reply = {
		.request = call->request,
		.status = call->status,
		.detail = slice_text(call->detail),
		.body = buffer_slice(&call->reply),
		.more = call->turn == CALL_MORE,
	};
	if (call->reply.status != CH_OK) {
		reply.status = CH_NOMEM;
		reply.body = (struct slice){NULL, 0};
		reply.more = false;
		call->turn = CALL_DONE;
	}
	buffer_clear(&call->frame);
	reply_encode(&reply, &call->frame);
	buffer_clear(&call->reply);
}

/* False: the socket is full. */
static bool control_send(struct call *call)
{
	const struct control_hooks *hooks = &call->hub->hooks;
	if (call->frame.len == 0)
		return true;
	enum ch_status status = hooks->send(hooks->context, call->session, &call->frame);
	if (status == CH_FULL)
		return false;
	if (status != CH_OK)
		call->abandoned = true; /* the session is going, or memory ran out: he asks again */
	buffer_clear(&call->frame);
	return true;
}

/* A step has run here or has come back, or the socket takes messages again: as far as it goes
 * now. */
static void control_go_on(struct call *call)
{
	for (;;) {
		call->place = PLACE_LOOP;
		if (call->turn == CALL_WAIT) {
			call->place = PLACE_WAITING;
			return;
		}
		if (call->frame.len == 0 && (call->turn == CALL_DONE || call->reply.len > 0))
			control_encode(call);
		if (!call->abandoned && !control_send(call)) {
			call->place = PLACE_BLOCKED;
			return;
		}
		if (call->abandoned || call->turn == CALL_DONE) {
			control_drop(call);
			return;
		}
		if (control_hand_over(call))
			return;
	}
}

void call_resume(struct call *call)
{
	call->owed = false;
	if (call->control == NULL)
		control_free(call); /* control has stopped: this was what it waited for */
	else
		(void)mailbox_post(&call->control->done, &call->node); /* never closed */
}

static void control_arrived(struct loop_task *task)
{
	struct control *control =
		(struct control *)(void *)((char *)task - offsetof(struct control, arrived));
	/* Before looking, so that what comes while we look posts again. */
	atomic_store(&control->posted, false);
	struct mailbox_node *node = mailbox_take(&control->done);
	while (node != NULL) {
		struct mailbox_node *next = node->next;
		struct call *call = (struct call *)(void *)node;
		if (call->place == PLACE_WAITING)
			call->turn = CALL_MORE;
		control_go_on(call);
		node = next;
	}
}

/* ---- The lanes ---- */

static void control_wake(void *context)
{
	struct control *control = context;
	if (!atomic_exchange(&control->posted, true) &&
		!loop_post(control->options.loop, &control->arrived))
		atomic_store(&control->posted, false);
}

static void *control_lane(void *context)
{
	struct lane *lane = context;
	struct mailbox_node *node;
	(void)pthread_setname_np(pthread_self(), "control"); /* for whoever looks at the threads */
	while ((node = mailbox_wait(&lane->calls, -1)) != NULL) {
		while (node != NULL) {
			struct mailbox_node *next = node->next;
			node->next = NULL;
			control_step((struct call *)(void *)node);
			(void)mailbox_post(&lane->control->done, node); /* never closed */
			node = next;
		}
	}
	return NULL;
}

/* ---- Taking a request ---- */

static const struct operation *control_find(struct slice name)
{
	for (size_t i = 0; i < operation_count; i++) {
		if (slice_equal(name, slice_text(operations[i].name)))
			return &operations[i];
	}
	return NULL;
}

static uint32_t control_count(const struct control *control, uint64_t session)
{
	uint32_t count = 0;
	for (const struct call *call = control->calls; call != NULL; call = call->next)
		count += call->session == session;
	return count;
}

/* Reads the body; the call answers with what is wrong with it. */
static enum call_turn control_read(struct call *call, struct slice body)
{
	char path[CHECK_PATH_BYTES];
	if (check_message(call->operation->ask, body, path) != CH_OK)
		return call_fail(call, CH_FORMAT, "the request cannot be read: %s", path);
	call->ask = protobuf_c_message_unpack(call->operation->ask, NULL, body.len,
		body.len > 0 ? body.data : (const uint8_t *)"");
	return call->ask != NULL ? CALL_MORE : call_fail(call, CH_NOMEM, "memory ran out");
}

static enum call_turn control_admit(struct call *call, const struct request *request)
{
	struct control *control = call->control;
	call->operation = control_find(request->operation);
	if (call->operation == NULL)
		return call_fail(call, CH_UNSUPPORTED, "no such operation");
	if (call->operation->roles != 0 && (call->peer->roles & call->operation->roles) == 0)
		return call_fail(call, CH_DENIED,
			"%s needs another role: see `roles` in the peer's file",
			call->operation->name);
	if (control->count > LIMIT_REQUESTS ||
		control_count(control, call->session) > LIMIT_REQUESTS_PER_SESSION)
		return call_fail(call, CH_BUSY, "too many requests at once");
	call->lane = call->operation->lane;
	return control_read(call, request->body);
}

void control_request(struct control *control, uint64_t session, struct peer *peer,
	struct message *message, struct slice body)
{
	struct request request;
	enum ch_status status = request_parse(body, &request);
	struct call *call = status == CH_OK ? calloc(1, sizeof(*call)) : NULL;
	if (call == NULL) {
		message_free(message);
		control->options.hooks.refuse(control->options.hooks.context, session,
			status != CH_OK ? status : CH_NOMEM, "the request cannot be taken");
		return;
	}
	call->control = control;
	call->hub = &control->options;
	call->peer = peer_ref(peer);
	call->session = session;
	call->request = request.request;
	call->next = control->calls;
	control->calls = call;
	control->count++;
	call->turn = control_admit(call, &request);
	message_free(message);
	control_go_on(call);
}

void control_writable(struct control *control, uint64_t session)
{
	struct call *call = control->calls;
	while (call != NULL) {
		struct call *next = call->next;
		if (call->session == session && call->place == PLACE_BLOCKED)
			control_go_on(call);
		call = next;
	}
}

void control_closed(struct control *control, uint64_t session)
{
	struct call *call = control->calls;
	while (call != NULL) {
		struct call *next = call->next;
		if (call->session == session) {
			call->abandoned = true;
			if (call->place == PLACE_BLOCKED)
				control_drop(call);
		}
		call = next;
	}
}

/* ---- Life ---- */

static enum ch_status control_start_lane(struct control *control, enum call_lane number)
{
	struct lane *lane = &control->lanes[number];
	if (pthread_create(&lane->thread, NULL, control_lane, lane) != 0)
		return CH_NOMEM;
	lane->started = true;
	return CH_OK;
}

enum ch_status control_start(const struct control_options *options, struct control **out_control)
{
	struct control *control = calloc(1, sizeof(*control));
	if (control == NULL)
		return CH_NOMEM;
	control->options = *options;
	control->arrived.run = control_arrived;
	mailbox_init(&control->done, control_wake, control);
	for (int i = 0; i < LANES; i++) {
		control->lanes[i].control = control;
		mailbox_init(&control->lanes[i].calls, NULL, NULL);
	}
	enum ch_status status = control_start_lane(control, LANE_QUICK);
	if (status == CH_OK)
		status = control_start_lane(control, LANE_LONG);
	if (status == CH_OK) {
		*out_control = control;
		control = NULL;
	}
	control_stop(control);
	return status;
}

static bool control_quiet(void *context)
{
	struct control *control = context;
	return !atomic_load(&control->posted);
}

void control_stop(struct control *control)
{
	if (control == NULL)
		return;
	for (int i = 0; i < LANES; i++) {
		mailbox_close(&control->lanes[i].calls);
		if (control->lanes[i].started)
			(void)pthread_join(control->lanes[i].thread, NULL);
		(void)mailbox_take(&control->lanes[i].calls); /* they are among `calls` */
		mailbox_fini(&control->lanes[i].calls);
	}
	(void)mailbox_take(&control->done);
	/* A task that is still posted must not find us gone. */
	(void)loop_until(control->options.loop, control_quiet, control, 1000);
	while (control->calls != NULL) {
		struct call *call = control->calls;
		control_unlink(call);
		call->control = NULL;
		if (!call->owed)
			control_free(call);
	}
	mailbox_fini(&control->done);
	free(control);
}

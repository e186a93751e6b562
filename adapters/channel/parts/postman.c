#include "channel/parts/postman.h"

#include <carehub/carehub.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "wire/types.h"

#define ATTACH_MS    1000
#define LOOK_MS      200
#define RETRY_MS     5000
#define FULL_MS      30000u
#define QUIET_US     500000 /* so long without anything, and it is idle */
#define TYPES_MAX    16u
#define ACK_WAIT_MS  600000u
#define MAX_ATTEMPTS 1000u /* a full disk may last */
#define CREDIT       256u

struct postman {
	struct postman_options options;
	pthread_t thread;
	struct ch_subscription *subscription;
	struct ch_event *event;
	enum ch_status refused; /* as the hub said last, so that it is logged once */
	int64_t looked_us;
	int64_t busy_us; /* when something was done last */
	bool caught_up;
	bool full;
	_Atomic int verdict;
	_Atomic bool idle;
	_Atomic bool stop;
	_Atomic int64_t expected_us;
	pthread_mutex_t lock; /* of the counts */
	struct mailroom_counts counts;
};

/* ---- One event ---- */

static struct slice slice_from(struct ch_bytes bytes)
{
	return slice_of(bytes.data, bytes.len);
}

/* CH_FORMAT and the like: it cannot be read as its type, and never will. */
static enum ch_status postman_take(
	struct postman *postman, const struct ch_delivery *delivery, struct obstacle *out_obstacle)
{
	struct ch_event *event = postman->event;
	ProtobufCMessage *message = NULL;
	out_obstacle->words[0] = 0;
	enum ch_status status = ch_event_read(event, delivery->event, delivery->personal);
	if (status != CH_OK)
		return status;
	const struct event_type *type = types_find(slice_from(ch_event_get(event, CH_TYPE)));
	if (type == NULL)
		return CH_UNKNOWN_TYPE;
	status = ch_event_get_message(event, type->message, &message);
	if (status != CH_OK)
		return status;
	const struct mailroom_event document = {
		.source = slice_from(ch_event_get(event, CH_SOURCE)),
		.id = slice_from(ch_event_get(event, CH_ID)),
		.type = slice_text(type->name),
		.message = message,
		.time_us = ch_event_time(event),
		.arrival_us = delivery->arrival_us,
	};
	status = mailroom_take(postman->options.mailroom, &document, clock_wall_us(), out_obstacle);
	protobuf_c_message_free_unpacked(message, NULL);
	return status;
}

/* Tells the hub.  CH_OK: on with the next; others: the end. */
static enum ch_status postman_answer(struct postman *postman, const struct ch_delivery *delivery,
	enum ch_status status, const struct obstacle *obstacle)
{
	/* What the hub is not told it asks for again. */
	switch (status) {
	case CH_OK:
		postman->full = false;
		(void)ch_ack(postman->subscription, delivery);
		return CH_OK;
	case CH_FULL:
		if (!postman->full)
			log_error("outgoing.disk_full", "sequence=%" PRIu64, delivery->sequence);
		postman->full = true;
		(void)ch_nack(postman->subscription, delivery, FULL_MS, "the disk is full");
		return CH_OK;
	case CH_NOMEM:
	case CH_IO:
	case CH_CORRUPT:
		return status;
	default:
		(void)ch_park(postman->subscription, delivery,
			obstacle->words[0] != 0 ? obstacle->words : ch_status_text(status));
		return CH_OK;
	}
}

/* ---- The subscription ---- */

static enum ch_status postman_subscribe(struct postman *postman)
{
	const char *types[TYPES_MAX];
	size_t count = partners_types(postman->options.partners, types);
	types[count++] = "parts.interchange.acknowledged";
	const struct ch_subscribe_options wish = {
		.size = CH_SUBSCRIBE_SIZE,
		.name = postman->options.subscription,
		.types = types,
		.type_count = count,
		.from = postman->options.earliest ? CH_FROM_EARLIEST : CH_FROM_NEW,
		.update = true,
		.credit = CREDIT,
		.ack_wait_ms = ACK_WAIT_MS,
		.max_attempts = MAX_ATTEMPTS,
	};
	return ch_subscribe(postman->options.connection, &wish, ATTACH_MS, &postman->subscription);
}

static void postman_pause(int64_t ms)
{
	const struct timespec time = {ms / 1000, ms % 1000 * 1000000};
	(void)nanosleep(&time, NULL); /* however long it was */
}

static void postman_detach(struct postman *postman)
{
	/* Whatever comes back: the hub detaches by itself when the session ends. */
	(void)ch_subscription_close(postman->subscription, 1000);
	postman->subscription = NULL;
	postman->caught_up = false;
}

/* CH_OK: attached; CH_RETRY: not now; CH_CLOSED: never. */
static enum ch_status postman_attach(struct postman *postman)
{
	enum ch_status status = postman_subscribe(postman);
	if (status == CH_OK) {
		log_info("outgoing.attached", "subscription=%s", postman->options.subscription);
		postman->refused = CH_OK;
		postman->busy_us = clock_steady_us();
		return CH_OK;
	}
	if (status == CH_CLOSED || status == CH_NOMEM)
		return status;
	if (status != CH_TIMEOUT && status != postman->refused)
		log_error("outgoing.refused", "subscription=%s status=%s detail=\"%s\"",
			postman->options.subscription, ch_status_name(status), ch_error_detail());
	postman->refused = status;
	for (int64_t ms = 0; status != CH_TIMEOUT && ms < RETRY_MS && !postman->stop; ms += LOOK_MS)
		postman_pause(LOOK_MS);
	return CH_RETRY;
}

static void postman_take_mark(struct postman *postman, const struct ch_mark *mark)
{
	if (mark->job[0] != 0)
		return;
	if (mark->what == CH_MARK_CAUGHT_UP)
		postman->caught_up = true;
	else if (mark->what == CH_MARK_FELL_BEHIND)
		postman->caught_up = false;
	else if (mark->what == CH_MARK_GAP)
		log_error(
			"outgoing.gap", "first=%" PRIu64 " last=%" PRIu64, mark->first, mark->last);
	else if (mark->what == CH_MARK_SUSPENDED)
		log_error("outgoing.suspended", "subscription=%s detail=\"%s\"",
			postman->options.subscription, mark->detail);
}

static void postman_tell(struct postman *postman)
{
	(void)pthread_mutex_lock(&postman->lock); /* cannot fail */
	mailroom_count(postman->options.mailroom, &postman->counts);
	(void)pthread_mutex_unlock(&postman->lock);
}

/* The next delivery or mark. */
static enum ch_status postman_step(struct postman *postman)
{
	const struct ch_delivery *delivery;
	struct ch_mark mark;
	struct obstacle obstacle;
	enum ch_status status =
		ch_subscription_next(postman->subscription, LOOK_MS, &delivery, &mark);
	if (status == CH_TIMEOUT || (status == CH_OK && delivery == NULL)) {
		if (status == CH_OK)
			postman_take_mark(postman, &mark);
		return CH_OK;
	}
	if (status == CH_OK) {
		postman->busy_us = clock_steady_us();
		status = postman_take(postman, delivery, &obstacle);
		postman_tell(postman);
		return postman_answer(postman, delivery, status, &obstacle);
	}
	if (status == CH_FENCED || status == CH_CLOSED || status == CH_NOMEM)
		return status;
	log_warning("outgoing.detached", "subscription=%s status=%s", postman->options.subscription,
		ch_status_name(status));
	postman_detach(postman); /* it goes on at its cursor, with whoever attaches next */
	postman_pause(RETRY_MS / 5);
	return CH_OK;
}

/* ---- The thread ---- */

static enum ch_status postman_tend(struct postman *postman)
{
	int64_t now_us = clock_steady_us();
	enum ch_status status = CH_OK;
	postman->idle = postman->caught_up && now_us - postman->busy_us >= QUIET_US;
	if (now_us - postman->looked_us < INT64_C(1000000))
		return CH_OK;
	postman->looked_us = now_us;
	status = mailroom_look(postman->options.mailroom, clock_wall_us());
	postman_tell(postman);
	return status == CH_FULL ? CH_OK : status; /* it is told in a second */
}

static void *postman_run(void *context)
{
	struct postman *postman = context;
	enum ch_status status = CH_OK;
	while (status == CH_OK && !postman->stop) {
		if (postman->subscription == NULL)
			status = postman_attach(postman);
		else
			status = postman_step(postman);
		if (status == CH_RETRY)
			status = CH_OK;
		if (status == CH_OK)
			status = postman_tend(postman);
	}
	postman_detach(postman);
	if (status != CH_OK && status != CH_CLOSED) {
		log_error("outgoing.ended", "subscription=%s status=%s",
			postman->options.subscription, ch_status_name(status));
		postman->verdict = (int)status;
	}
	return NULL;
}

enum ch_status postman_start(const struct postman_options *options, struct postman **out_postman)
{
	struct postman *postman = calloc(1, sizeof(*postman));
	if (postman == NULL)
		return CH_NOMEM;
	postman->options = *options;
	postman->event = ch_event_create();
	if (postman->event == NULL || pthread_mutex_init(&postman->lock, NULL) != 0) {
		ch_event_free(postman->event);
		free(postman);
		return CH_NOMEM;
	}
	if (pthread_create(&postman->thread, NULL, postman_run, postman) != 0) {
		(void)pthread_mutex_destroy(&postman->lock); /* nobody holds it */
		ch_event_free(postman->event);
		free(postman);
		return CH_NOMEM;
	}
	*out_postman = postman;
	return CH_OK;
}

void postman_stop(struct postman *postman)
{
	if (postman == NULL)
		return;
	postman->stop = true;
	(void)pthread_join(postman->thread, NULL);   /* it is ours, and ends */
	(void)pthread_mutex_destroy(&postman->lock); /* nobody holds it */
	ch_event_free(postman->event);
	free(postman);
}

void postman_expect(struct postman *postman)
{
	postman->expected_us = clock_steady_us();
}

enum ch_status postman_look(struct postman *postman, bool *out_idle)
{
	*out_idle = postman->idle && clock_steady_us() - postman->expected_us >= QUIET_US;
	return (enum ch_status)postman->verdict;
}

void postman_count(struct postman *postman, struct mailroom_counts *out_counts)
{
	(void)pthread_mutex_lock(&postman->lock); /* cannot fail */
	*out_counts = postman->counts;
	(void)pthread_mutex_unlock(&postman->lock);
}

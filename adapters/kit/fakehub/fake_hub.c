/* One thread has the sockets and everything that is remembered; callers leave wishes under the lock, ring,
 * and where the wish needs the sockets wait until it has been done. */
#include "kit/fakehub/fake_hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "base/clock.h"
#include "kit/fakehub/fake_inside.h"

#define LOOK_UP_MS       20 /* by its clock, something may be due */
#define MESSAGES_AT_ONCE 64

/* TSan sees neither how ZeroMQ's threads hand messages to each other nor what decrypts them. */
__attribute__((visibility("default"))) const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "called_from_lib:libzmq.so.5\ncalled_from_lib:libsodium.so.23\n";
}

void fake_bump(struct fake_hub *hub, enum fake_counter counter, uint64_t more)
{
	hub->counters[counter] += more;
	(void)pthread_cond_broadcast(&hub->changed); /* cannot fail */
}

void fake_most(struct fake_hub *hub, enum fake_counter counter, uint64_t value)
{
	if (value > hub->counters[counter])
		hub->counters[counter] = value;
}

void fake_violate(struct fake_hub *hub, const char *what)
{
	(void)snprintf(hub->violation, sizeof(hub->violation), "%s", what);
	fake_bump(hub, FAKE_VIOLATIONS, 1);
}

int64_t fake_now_us(const struct fake_hub *hub)
{
	return hub->clock_stands ? hub->clock_us : clock_steady_us() + hub->clock_ahead_us;
}

/* ---- The thread ---- */

static void fake_receive(struct fake_hub *hub)
{
	zmq_msg_t id;
	zmq_msg_t message;
	for (int i = 0; i < MESSAGES_AT_ONCE && hub->router != NULL && !hub->drop; i++) {
		(void)zmq_msg_init(&id);
		(void)zmq_msg_init(&message);
		bool got = fake_line_receive(hub, &id, &message);
		if (got && zmq_msg_more(&message))
			fake_violate(hub, "several parts");
		if (got)
			fake_session_take(hub, slice_of(zmq_msg_data(&id), zmq_msg_size(&id)),
				slice_of(zmq_msg_data(&message), zmq_msg_size(&message)));
		(void)zmq_msg_close(&message);
		(void)zmq_msg_close(&id);
		if (!got)
			break;
	}
}

static void fake_connect(struct fake_hub *hub)
{
	if (hub->drop || (hub->away && hub->router != NULL))
		fake_line_hang_up(hub);
	if (hub->drop || (!hub->away && hub->router == NULL)) {
		hub->drop = false;
		if (!hub->away && !fake_line_listen(hub))
			fake_violate(hub, "cannot listen again");
	}
}

static bool fake_work(struct fake_hub *hub)
{
	bool more = false;
	fake_connect(hub);
	if (hub->action != NULL)
		hub->action(hub, hub->argument);
	hub->action = NULL;
	(void)pthread_cond_broadcast(&hub->changed);
	if (hub->silent)
		return false;
	fake_receive(hub);
	if (hub->drop) {
		fake_connect(hub);
		return true;
	}
	fake_intake_release(hub);
	fake_session_tend(hub);
	for (int i = 0; i < FAKE_SUBSCRIPTIONS; i++) {
		if (hub->subscriptions[i].used)
			more |= fake_delivery_run(hub, &hub->subscriptions[i]);
	}
	return more;
}

/* Slow receipts want to be in time to a millisecond; else there is nothing to be late for. */
static long fake_patience_ms(const struct fake_hub *hub)
{
	return hub->pace.delay_us > 0 || hub->pace.beat_us > 0 ? 1 : LOOK_UP_MS;
}

static void *fake_run(void *context)
{
	struct fake_hub *hub = context;
	uint64_t rung;
	bool more = false;
	bool stop = false;
	long patience_ms = LOOK_UP_MS;
	void *router = hub->router;
	while (!stop) {
		zmq_pollitem_t items[3] = {{hub->zap, 0, ZMQ_POLLIN, 0},
			{NULL, hub->bell, ZMQ_POLLIN, 0}, {router, 0, ZMQ_POLLIN, 0}};
		(void)zmq_poll(items, router != NULL ? 3 : 2, more ? 0 : patience_ms);
		if (items[0].revents != 0)
			fake_line_serve_zap(hub);
		if (items[1].revents != 0 && read(hub->bell, &rung, sizeof(rung)) < 0)
			continue;
		(void)pthread_mutex_lock(&hub->lock);
		stop = hub->stop;
		more = !stop && fake_work(hub);
		router = hub->silent ? NULL : hub->router;
		patience_ms = fake_patience_ms(hub);
		(void)pthread_mutex_unlock(&hub->lock);
	}
	return NULL;
}

/* ---- Starting and stopping ---- */

static void fake_lock_init(struct fake_hub *hub)
{
	pthread_condattr_t attr;
	(void)pthread_mutex_init(&hub->lock, NULL); /* these cannot fail on Linux */
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&hub->changed, &attr);
	(void)pthread_condattr_destroy(&attr);
}

static void fake_free(struct fake_hub *hub)
{
	fake_line_close(hub);
	fake_memory_forget(hub);
	table_fini(&hub->known);
	while (hub->cursors != NULL)
		fake_cursor_free(hub, hub->cursors);
	free(hub->log);
	buffer_fini(&hub->out);
	if (hub->bell >= 0)
		(void)close(hub->bell);
	(void)pthread_cond_destroy(&hub->changed);
	(void)pthread_mutex_destroy(&hub->lock);
	free(hub);
}

struct fake_hub *fake_hub_start(const struct fake_hub_options *options)
{
	static const struct fake_hub_options usual;
	struct fake_hub *hub = calloc(1, sizeof(*hub));
	if (hub == NULL)
		return NULL;
	if (options == NULL)
		options = &usual;
	hub->credit = options->credit > 0 ? options->credit : 1024;
	hub->heartbeat_ms = options->heartbeat_ms > 0 ? options->heartbeat_ms : 10000;
	hub->events_per_frame = options->events_per_frame > 0 ? options->events_per_frame : 256;
	hub->parts = options->parts > 0 ? options->parts : 1;
	hub->incarnation = 7;
	table_init(&hub->known);
	fake_lock_init(hub);
	hub->bell = eventfd(0, EFD_CLOEXEC);
	if (hub->bell < 0 || !fake_line_open(hub, options->endpoint) ||
		pthread_create(&hub->thread, NULL, fake_run, hub) != 0) {
		fake_free(hub);
		return NULL;
	}
	return hub;
}

void fake_ring(struct fake_hub *hub)
{
	const uint64_t one = 1;
	(void)!write(hub->bell, &one, sizeof(one)); /* full: it rings anyway */
}

void fake_hub_stop(struct fake_hub *hub)
{
	if (hub == NULL)
		return;
	(void)pthread_mutex_lock(&hub->lock);
	hub->stop = true;
	(void)pthread_mutex_unlock(&hub->lock);
	fake_ring(hub);
	(void)pthread_join(hub->thread, NULL);
	fake_free(hub);
}

const char *fake_hub_endpoint(const struct fake_hub *hub)
{
	return hub->endpoint;
}

const char *fake_hub_server_key(const struct fake_hub *hub)
{
	return hub->server_public;
}

const char *fake_hub_secret_key(const struct fake_hub *hub)
{
	return hub->client_secret;
}

/* ---- What it has seen ---- */

uint64_t fake_hub_count(struct fake_hub *hub, enum fake_counter counter)
{
	(void)pthread_mutex_lock(&hub->lock);
	uint64_t count = hub->counters[counter];
	(void)pthread_mutex_unlock(&hub->lock);
	return count;
}

bool fake_hub_wait(
	struct fake_hub *hub, enum fake_counter counter, uint64_t at_least, int64_t timeout_ms)
{
	struct timespec until;
	int error = 0;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(timeout_ms / 1000);
	until.tv_nsec += (long)(timeout_ms % 1000 * 1000000);
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	(void)pthread_mutex_lock(&hub->lock);
	while (hub->counters[counter] < at_least && error == 0)
		error = pthread_cond_timedwait(&hub->changed, &hub->lock, &until);
	bool there = hub->counters[counter] >= at_least;
	(void)pthread_mutex_unlock(&hub->lock);
	return there;
}

const char *fake_hub_violation(struct fake_hub *hub)
{
	return hub->violation;
}

static bool fake_text_at(struct fake_hub *hub, uint64_t sequence, bool id, char *out, size_t size)
{
	bool there = false;
	(void)pthread_mutex_lock(&hub->lock);
	if (sequence > 0 && sequence <= hub->head) {
		const struct envelope *envelope = &hub->log[sequence - 1].envelope;
		struct slice text = id ? envelope->id : envelope->source;
		(void)snprintf(out, size, "%.*s", (int)text.len, (const char *)text.data);
		there = true;
	}
	(void)pthread_mutex_unlock(&hub->lock);
	return there;
}

bool fake_hub_id_at(struct fake_hub *hub, uint64_t sequence, char *out, size_t size)
{
	return fake_text_at(hub, sequence, true, out, size);
}

bool fake_hub_source_at(struct fake_hub *hub, uint64_t sequence, char *out, size_t size)
{
	return fake_text_at(hub, sequence, false, out, size);
}

uint64_t fake_hub_cursor(struct fake_hub *hub, const char *name)
{
	(void)pthread_mutex_lock(&hub->lock);
	const struct fake_cursor *cursor = fake_cursor_find(hub, slice_text(name));
	uint64_t at = cursor != NULL ? fake_cursor_at(hub, cursor) : UINT64_MAX;
	(void)pthread_mutex_unlock(&hub->lock);
	return at;
}

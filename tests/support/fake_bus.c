#include "support/fake_bus.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "base/clock.h"
#include "base/pattern.h"
#include "wire/ack.h"
#include "wire/deliver.h"
#include "wire/envelope.h"
#include "wire/frame.h"
#include "wire/request.h"
#include "wire/session.h"

/* TSan sees neither how ZeroMQ's threads hand messages to each other nor what decrypts them. */
__attribute__((visibility("default"))) const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "called_from_lib:libzmq.so.5\ncalled_from_lib:libsodium.so.23\n";
}

#define Z85_BYTES       41
#define CONNECTIONS     16
#define SUBSCRIPTIONS   32
#define DURABLES        16
#define DELIVER_AT_ONCE 64
#define CHECKPOINTS     8
#define GONE            64

/* One event of the log. */
struct fake_event {
	uint8_t *bytes; /* the encoded Event */
	size_t len;
	struct envelope envelope; /* looks into bytes */
};

/* What is known of one sequence to one subscription. */
enum fake_mark { FAKE_WAITING, FAKE_OUT, FAKE_DONE, FAKE_DELAYED };

struct fake_progress {
	uint8_t state;
	uint8_t attempts;
	int64_t due_us; /* of a delayed one */
};

struct fake_durable {
	char name[LIMIT_NAME_BYTES + 1]; /* "": not used */
	uint64_t generation;
	uint64_t moves;
	uint64_t base;                  /* the sequence before the first */
	struct fake_progress *progress; /* by sequence - 1 */
	bool snapshot_done;
};

struct fake_subscription {
	bool used;
	int connection;
	struct fake_durable *durable; /* the named one, or a private one */
	bool is_durable;
	uint32_t handle;
	char patterns[LIMIT_FILTER_PATTERNS][LIMIT_PATTERN_BYTES + 1];
	uint32_t pattern_count;
	uint64_t next; /* sequence looked at next */
	int64_t available;
	bool no_ack;
	bool draining;
	bool caught_up;
	bool ended;
	uint64_t stop;
	uint32_t snapshot_left;
	uint32_t snapshot_at;
	char job[LIMIT_NAME_BYTES + 1];
	uint64_t job_next;
	uint64_t job_last;
};

struct fake_connection {
	bool used;
	uint8_t id[256];
	size_t id_len;
	bool greeted;
	uint8_t token[SESSION_TOKEN_BYTES];
	uint32_t in_flight;
	uint64_t last_frame;
	struct buffer held; /* receipts on hold: an array of struct receipt */
	uint32_t held_events;
};

struct fake_checkpoint {
	char source[LIMIT_SOURCE_BYTES + 1];
	char checkpoint[64];
	uint64_t sequence;
};

struct fake_bus {
	void *context;
	void *router;
	void *zap;
	int bell;
	pthread_t thread;
	char endpoint[128];
	char server_public[Z85_BYTES];
	char server_secret[Z85_BYTES];
	char client_public[Z85_BYTES];
	char client_secret[Z85_BYTES];
	uint8_t client_key[32];

	/* Guarded by lock: wishes and counters; the thread holds it while it works, not while it waits. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	void (*action)(struct fake_bus *bus, const void *argument);
	const void *argument;
	bool stop;
	bool away;
	bool drop;
	bool silent;
	bool hold;
	bool keep_detaches;
	uint32_t lose_publishes;
	uint32_t credit;
	uint32_t heartbeat_ms;
	uint32_t events_per_frame;
	uint32_t parts;
	uint32_t snapshot;
	uint32_t answers;
	struct receipt answer;
	char answer_field[64];
	char answer_detail[64];
	int refuse_kind;
	enum ch_status refuse_reason;
	bool refuse_fatal;
	uint64_t incarnation;
	struct fake_checkpoint checkpoints[CHECKPOINTS];
	uint32_t checkpoint_count;
	uint64_t counters[FAKE_COUNTERS];
	char violation[256];

	struct fake_event *log;
	uint64_t head;
	uint64_t capacity;
	uint8_t tokens[CONNECTIONS * 4][SESSION_TOKEN_BYTES];
	uint32_t token_count;
	struct fake_connection connections[CONNECTIONS];
	struct {
		uint8_t id[256];
		size_t id_len;
	} gone[GONE]; /* closed from here; what they had sent may still come */
	uint32_t gone_count;
	struct fake_subscription subscriptions[SUBSCRIPTIONS];
	struct fake_durable durables[DURABLES];
	struct buffer out;
	struct welcome welcome;
	struct publish publish;
};

static void fake_bump(struct fake_bus *bus, enum fake_counter counter, uint64_t more)
{
	bus->counters[counter] += more;
	(void)pthread_cond_broadcast(&bus->changed);
}

static void fake_violation(struct fake_bus *bus, const char *what)
{
	(void)snprintf(bus->violation, sizeof(bus->violation), "%s", what);
	fake_bump(bus, FAKE_VIOLATIONS, 1);
}

/* ---- Sending ---- */

static void fake_send(struct fake_bus *bus, const struct fake_connection *to)
{
	if (bus->router != NULL && to->used) {
		(void)zmq_send(bus->router, to->id, to->id_len, ZMQ_SNDMORE);
		(void)zmq_send(bus->router, bus->out.data, bus->out.len, 0);
	}
	buffer_clear(&bus->out);
}

static void fake_refuse(struct fake_bus *bus, struct fake_connection *to, enum frame_kind kind,
	enum ch_status reason, const char *detail, bool fatal, uint64_t about)
{
	refused_encode(
		&(struct refused){reason, slice_text(detail), kind, fatal, about}, &bus->out);
	fake_send(bus, to);
}

/* ---- The log ---- */

static bool fake_append(struct fake_bus *bus, struct slice event)
{
	const char *field;
	if (bus->head == bus->capacity) {
		bus->capacity = bus->capacity == 0 ? 1024 : 2 * bus->capacity;
		bus->log = realloc(bus->log, bus->capacity * sizeof(*bus->log));
		for (int i = 0; i < DURABLES; i++) {
			struct fake_durable *durable = &bus->durables[i];
			if (durable->progress == NULL)
				continue;
			durable->progress = realloc(
				durable->progress, bus->capacity * sizeof(*durable->progress));
			memset(durable->progress + bus->head, 0,
				(bus->capacity - bus->head) * sizeof(*durable->progress));
		}
		for (int i = 0; i < SUBSCRIPTIONS; i++) {
			struct fake_subscription *subscription = &bus->subscriptions[i];
			if (!subscription->used || subscription->is_durable)
				continue;
			struct fake_durable *own = subscription->durable;
			own->progress =
				realloc(own->progress, bus->capacity * sizeof(*own->progress));
			memset(own->progress + bus->head, 0,
				(bus->capacity - bus->head) * sizeof(*own->progress));
		}
	}
	struct fake_event *entry = &bus->log[bus->head];
	entry->bytes = malloc(event.len);
	entry->len = event.len;
	memcpy(entry->bytes, event.data, event.len);
	if (envelope_parse(slice_of(entry->bytes, entry->len), &entry->envelope, &field) != CH_OK) {
		free(entry->bytes);
		return false;
	}
	bus->head++;
	bus->counters[FAKE_STORED] = bus->head;
	return true;
}

static uint64_t fake_find(const struct fake_bus *bus, const struct envelope *envelope)
{
	for (uint64_t i = bus->head; i > 0; i--) {
		const struct envelope *known = &bus->log[i - 1].envelope;
		if (slice_equal(known->id, envelope->id) &&
			slice_equal(known->source, envelope->source))
			return i;
	}
	return 0;
}

static struct receipt fake_decide(struct fake_bus *bus, struct slice event)
{
	struct envelope envelope;
	const char *field = "event";
	if (bus->answers > 0) {
		bus->answers--;
		return bus->answer;
	}
	enum ch_status status = envelope_parse(event, &envelope, &field);
	if (status != CH_OK)
		return (struct receipt){
			.outcome = OUTCOME_REFUSED, .reason = status, .field = slice_text(field)};
	uint64_t first = bus->head < 100000 ? fake_find(bus, &envelope) : 0;
	if (first != 0) {
		const struct envelope *known = &bus->log[first - 1].envelope;
		bool same = slice_equal(known->data, envelope.data) &&
			    slice_equal(known->personal, envelope.personal);
		if (!same)
			fake_bump(bus, FAKE_CONFLICTS, 1);
		return (struct receipt){
			.outcome = same ? OUTCOME_DUPLICATE : OUTCOME_CONFLICT, .sequence = first};
	}
	if (!fake_append(bus, event))
		return (struct receipt){.outcome = OUTCOME_REFUSED, .reason = CH_FORMAT};
	return (struct receipt){.outcome = OUTCOME_ACCEPTED,
		.sequence = bus->head,
		.customer = UINT64_C(100000000000) + bus->head};
}

/* ---- Receiving ---- */

/* As many in a message as may be, whatever frames they are for. */
static void fake_release(struct fake_bus *bus, struct fake_connection *from)
{
	for (uint32_t at = 0; at < from->held_events; at += LIMIT_EVENTS_PER_FRAME) {
		struct receipts_writer writer;
		receipts_begin(&writer, &bus->out);
		for (uint32_t i = at; i < from->held_events && i < at + LIMIT_EVENTS_PER_FRAME;
			i++) {
			struct receipt receipt;
			memcpy(&receipt, from->held.data + i * sizeof(receipt), sizeof(receipt));
			receipts_add(&writer, &receipt);
		}
		receipts_end(&writer, DURABILITY_SYNCED);
		fake_send(bus, from);
	}
	buffer_clear(&from->held);
	from->in_flight -= from->held_events;
	from->held_events = 0;
}

static void fake_take_publish(struct fake_bus *bus, struct fake_connection *from, struct slice body)
{
	struct publish *publish = &bus->publish;
	enum ch_status status = publish_parse(body, publish);
	if (status != CH_OK) {
		fake_refuse(
			bus, from, FRAME_PUBLISH, status, "cannot be read", false, publish->frame);
		return;
	}
	if (bus->lose_publishes > 0) {
		bus->lose_publishes--;
		return;
	}
	if (publish->frame <= from->last_frame)
		fake_violation(bus, "frame numbers do not rise");
	from->last_frame = publish->frame;
	from->in_flight += publish->count;
	if (from->in_flight > bus->counters[FAKE_MOST_IN_FLIGHT])
		bus->counters[FAKE_MOST_IN_FLIGHT] = from->in_flight;
	if (publish->count > bus->counters[FAKE_MOST_IN_A_FRAME])
		bus->counters[FAKE_MOST_IN_A_FRAME] = publish->count;
	if (publish->count > bus->events_per_frame)
		fake_violation(bus, "more events in a frame than the welcome allows");
	for (uint32_t i = 0; i < publish->count; i++) {
		struct receipt receipt = fake_decide(bus, publish->events[i]);
		receipt.frame = publish->frame;
		receipt.index = i;
		buffer_append(&from->held, &receipt, sizeof(receipt));
	}
	from->held_events += publish->count;
	if (!bus->hold)
		fake_release(bus, from);
	fake_bump(bus, FAKE_EVENTS, publish->count);
	fake_bump(bus, FAKE_PUBLISHES, 1);
}

static void fake_unsubscribe(struct fake_bus *bus, struct fake_subscription *subscription)
{
	if (!subscription->used)
		return;
	for (uint64_t i = 0; subscription->is_durable && i < bus->head; i++) {
		struct fake_progress *progress = &subscription->durable->progress[i];
		if (progress->state == FAKE_OUT)
			progress->state = FAKE_WAITING;
	}
	if (!subscription->is_durable) {
		free(subscription->durable->progress);
		free(subscription->durable);
	}
	*subscription = (struct fake_subscription){0};
}

static void fake_disconnect(struct fake_bus *bus, struct fake_connection *connection)
{
	for (int i = 0; i < SUBSCRIPTIONS; i++) {
		if (bus->subscriptions[i].used &&
			&bus->connections[bus->subscriptions[i].connection] == connection)
			fake_unsubscribe(bus, &bus->subscriptions[i]);
	}
	buffer_fini(&connection->held);
	uint32_t place = bus->gone_count++ % GONE;
	memcpy(bus->gone[place].id, connection->id, connection->id_len);
	bus->gone[place].id_len = connection->id_len;
	*connection = (struct fake_connection){0};
}

static bool fake_knows_token(const struct fake_bus *bus, struct slice token)
{
	uint32_t known = sizeof(bus->tokens) / sizeof(bus->tokens[0]);
	for (uint32_t i = 0; i < bus->token_count && i < known; i++) {
		if (slice_equal(slice_of(bus->tokens[i], SESSION_TOKEN_BYTES), token))
			return true;
	}
	return false;
}

static void fake_close_older(
	struct fake_bus *bus, const struct fake_connection *from, struct slice token)
{
	for (int i = 0; i < CONNECTIONS; i++) {
		struct fake_connection *older = &bus->connections[i];
		if (older->used && older != from &&
			slice_equal(slice_of(older->token, SESSION_TOKEN_BYTES), token))
			fake_disconnect(bus, older);
	}
}

static void fake_take_hello(struct fake_bus *bus, struct fake_connection *from, struct slice body)
{
	struct hello hello;
	const char *field;
	fake_bump(bus, FAKE_HELLOS, 1);
	if (hello_parse(body, &hello, &field) != CH_OK || from->greeted) {
		fake_violation(bus, "a bad hello");
		return;
	}
	struct welcome *welcome = &bus->welcome;
	*welcome = (struct welcome){.version = 1,
		.incarnation = bus->incarnation,
		.head = bus->head,
		.credit = bus->credit,
		.heartbeat_ms = bus->heartbeat_ms,
		.limits = {LIMIT_EVENT_BYTES, LIMIT_FRAME_BYTES, bus->events_per_frame,
			LIMIT_ID_BYTES},
		.peer = SLICE_LITERAL("tester"),
		.time_us = clock_wall_us()};
	welcome->resumed = hello.session.len > 0 && fake_knows_token(bus, hello.session);
	if (welcome->resumed) {
		fake_bump(bus, FAKE_RESUMES, 1);
		fake_close_older(bus, from, hello.session);
		memcpy(from->token, hello.session.data, SESSION_TOKEN_BYTES);
	} else {
		uint32_t number = bus->token_count++ % (CONNECTIONS * 4);
		(void)snprintf(
			(char *)from->token, SESSION_TOKEN_BYTES, "token%u", bus->token_count);
		memcpy(bus->tokens[number], from->token, SESSION_TOKEN_BYTES);
	}
	welcome->session = slice_of(from->token, SESSION_TOKEN_BYTES);
	for (uint32_t i = 0; i < hello.source_count; i++) {
		for (uint32_t k = 0; k < bus->checkpoint_count; k++) {
			const struct fake_checkpoint *kept = &bus->checkpoints[k];
			if (slice_equal(slice_text(kept->source), hello.sources[i]))
				welcome->checkpoints[welcome->checkpoint_count++] =
					(struct checkpoint){hello.sources[i],
						slice_text(kept->checkpoint), kept->sequence};
		}
	}
	from->greeted = true;
	welcome_encode(welcome, &bus->out);
	fake_send(bus, from);
}

/* ---- Subscriptions ---- */

static struct fake_durable *fake_find_durable(struct fake_bus *bus, struct slice name)
{
	for (int i = 0; i < DURABLES; i++) {
		if (bus->durables[i].name[0] != 0 &&
			slice_equal(slice_text(bus->durables[i].name), name))
			return &bus->durables[i];
	}
	return NULL;
}

static void fake_send_mark(
	struct fake_bus *bus, struct fake_subscription *subscription, struct mark mark)
{
	mark.handle = subscription->handle;
	mark_encode(&mark, &bus->out);
	fake_send(bus, &bus->connections[subscription->connection]);
}

static uint64_t fake_start(const struct fake_bus *bus, const struct subscribe *wish)
{
	switch (wish->start.from) {
	case FROM_EARLIEST:
		return 0;
	case FROM_SEQUENCE:
		return wish->start.sequence > 0 ? wish->start.sequence - 1 : 0;
	default:
		return bus->head;
	}
}

static uint64_t fake_durable_cursor(const struct fake_bus *bus, const struct fake_durable *durable)
{
	uint64_t cursor = durable->base;
	while (cursor < bus->head && durable->progress[cursor].state == FAKE_DONE)
		cursor++;
	return cursor;
}

static struct fake_durable *fake_new_durable(
	struct fake_bus *bus, const struct subscribe *wish, struct fake_durable *durable)
{
	if (bus->capacity == 0)
		bus->capacity = 1024, bus->log = calloc(bus->capacity, sizeof(*bus->log));
	durable->progress = calloc(bus->capacity, sizeof(*durable->progress));
	durable->base = fake_start(bus, wish);
	if (wish->name.len > 0)
		memcpy(durable->name, wish->name.data, wish->name.len);
	return durable;
}

static struct fake_durable *fake_make_durable(struct fake_bus *bus, const struct subscribe *wish)
{
	if (wish->name.len == 0)
		return fake_new_durable(bus, wish, calloc(1, sizeof(struct fake_durable)));
	for (int i = 0; i < DURABLES; i++) {
		if (bus->durables[i].name[0] == 0)
			return fake_new_durable(bus, wish, &bus->durables[i]);
	}
	return NULL;
}

static void fake_take_subscribe(
	struct fake_bus *bus, struct fake_connection *from, struct slice body)
{
	struct subscribe wish;
	const char *field = "";
	struct fake_durable *durable = NULL;
	fake_bump(bus, FAKE_SUBSCRIBES, 1);
	if (subscribe_parse(body, &wish, &field) != CH_OK) {
		fake_violation(bus, "a bad subscribe");
		return;
	}
	if (wish.name.len > 0)
		durable = fake_find_durable(bus, wish.name);
	if (durable == NULL && wish.must_exist) {
		fake_refuse(bus, from, FRAME_SUBSCRIBE, CH_NOT_FOUND, "no such subscription", false,
			wish.handle);
		return;
	}
	if (wish.position_incarnation != 0 && wish.position_incarnation != bus->incarnation) {
		fake_refuse(bus, from, FRAME_SUBSCRIBE, CH_RESET, "another incarnation", false,
			wish.handle);
		return;
	}
	for (int i = 0; durable != NULL && i < SUBSCRIPTIONS; i++) {
		struct fake_subscription *older = &bus->subscriptions[i];
		if (older->used && older->durable == durable) {
			fake_send_mark(bus, older, (struct mark){.what = MARK_FENCED});
			fake_unsubscribe(bus, older);
		}
	}
	bool known = durable != NULL;
	if (!known)
		durable = fake_make_durable(bus, &wish);
	struct fake_subscription *subscription = bus->subscriptions;
	while (subscription < bus->subscriptions + SUBSCRIPTIONS && subscription->used)
		subscription++;
	if (durable == NULL || subscription == bus->subscriptions + SUBSCRIPTIONS) {
		fake_refuse(bus, from, FRAME_SUBSCRIBE, CH_FULL, "too many", false, wish.handle);
		return;
	}
	durable->generation++;
	uint64_t cursor = fake_durable_cursor(bus, durable);
	if (wish.position != 0)
		cursor = wish.position;
	*subscription = (struct fake_subscription){.used = true,
		.connection = (int)(from - bus->connections),
		.durable = durable,
		.is_durable = wish.name.len > 0,
		.handle = wish.handle,
		.next = cursor + 1,
		.available = wish.credit,
		.no_ack = wish.no_ack,
		.stop = wish.stop_at_head ? bus->head : wish.stop_sequence};
	subscription->pattern_count = wish.filter.type_count;
	for (uint32_t i = 0; i < wish.filter.type_count; i++)
		memcpy(subscription->patterns[i], wish.filter.types[i].data,
			wish.filter.types[i].len);
	if (wish.start.from == FROM_SNAPSHOT && !durable->snapshot_done && bus->snapshot > 0)
		subscription->snapshot_left = bus->snapshot;
	subscribed_encode(&(struct subscribed){wish.handle, durable->generation, cursor, bus->head,
				  durable->moves},
		&bus->out);
	fake_send(bus, from);
}

static struct fake_subscription *fake_find_subscription(
	struct fake_bus *bus, const struct fake_connection *from, uint32_t handle)
{
	for (int i = 0; i < SUBSCRIPTIONS; i++) {
		struct fake_subscription *subscription = &bus->subscriptions[i];
		if (subscription->used && subscription->handle == handle &&
			&bus->connections[subscription->connection] == from)
			return subscription;
	}
	return NULL;
}

static void fake_settle(struct fake_bus *bus, struct fake_subscription *subscription,
	uint64_t sequence, enum fake_mark state)
{
	struct fake_progress *progress = &subscription->durable->progress[sequence - 1];
	if (progress->state != FAKE_OUT)
		return;
	progress->state = (uint8_t)state;
	subscription->available += bus->parts;
	if (state == FAKE_DONE)
		fake_bump(bus, FAKE_ACKED, 1);
}

static void fake_take_ack(struct fake_bus *bus, struct fake_connection *from, struct slice body)
{
	struct ack ack;
	struct ack_range range;
	struct nack nack;
	if (ack_parse(body, &ack) != CH_OK) {
		fake_violation(bus, "a bad ack");
		return;
	}
	struct fake_subscription *subscription = fake_find_subscription(bus, from, ack.handle);
	fake_bump(bus, FAKE_ACKS, 1);
	if (subscription == NULL)
		return;
	if (subscription->no_ack)
		fake_violation(bus, "an ack where none was promised");
	for (uint64_t s = 1; s <= ack.up_to && s <= bus->head; s++)
		fake_settle(bus, subscription, s, FAKE_DONE);
	if (ack.up_to >= subscription->durable->base && subscription->snapshot_left == 0)
		subscription->durable->snapshot_done = true;
	while (ack_next_range(&ack, &range)) {
		fake_bump(bus, FAKE_RANGES, 1);
		if (ack.job.len > 0) {
			fake_bump(bus, FAKE_JOB_ACKED, range.last - range.first + 1);
			subscription->available +=
				(int64_t)(range.last - range.first + 1) * bus->parts;
			continue;
		}
		for (uint64_t s = range.first; s <= range.last && s <= bus->head; s++)
			fake_settle(bus, subscription, s, FAKE_DONE);
	}
	while (ack_next_nack(&ack, &nack)) {
		if (nack.sequence == 0 || nack.sequence > bus->head)
			continue;
		struct fake_progress *progress =
			&subscription->durable->progress[nack.sequence - 1];
		fake_bump(bus, nack.park ? FAKE_PARKED : FAKE_NACKS, 1);
		fake_settle(bus, subscription, nack.sequence, nack.park ? FAKE_DONE : FAKE_DELAYED);
		progress->due_us = clock_steady_us() + (int64_t)nack.delay_ms * 1000;
	}
}

static void fake_take_detach(struct fake_bus *bus, struct fake_connection *from, struct slice body)
{
	struct detach detach;
	if (detach_parse(body, &detach) != CH_OK) {
		fake_violation(bus, "a bad detach");
		return;
	}
	struct fake_subscription *subscription = fake_find_subscription(bus, from, detach.handle);
	if (subscription == NULL) {
		fake_refuse(bus, from, FRAME_DETACH, CH_NOT_FOUND, "no such handle", false,
			detach.handle);
		return;
	}
	if (detach.drain) {
		subscription->draining = true;
		fake_send_mark(bus, subscription, (struct mark){.what = MARK_DRAINED});
		return;
	}
	fake_bump(bus, FAKE_DETACHES, 1);
	if (bus->keep_detaches)
		return;
	struct fake_durable *durable = subscription->durable;
	bool is_durable = subscription->is_durable;
	fake_send_mark(bus, subscription,
		(struct mark){.what = MARK_DETACHED,
			.first = detach.delete ? 0 : fake_durable_cursor(bus, durable)});
	fake_unsubscribe(bus, subscription);
	if (detach.delete &&is_durable) {
		free(durable->progress);
		*durable = (struct fake_durable){0};
		fake_bump(bus, FAKE_DELETES, 1);
	}
}

static void fake_take_grant(struct fake_bus *bus, struct fake_connection *from, struct slice body)
{
	struct grant grant;
	if (grant_parse(body, &grant) != CH_OK) {
		fake_violation(bus, "a bad grant");
		return;
	}
	struct fake_subscription *subscription = fake_find_subscription(bus, from, grant.handle);
	if (subscription != NULL)
		subscription->available += grant.deliveries;
	fake_bump(bus, FAKE_GRANTS, 1);
}

/* "echo" gives the body back, "echo.N" gives it N times, "fail" a status, anything else nothing. */
static void fake_take_request(struct fake_bus *bus, struct fake_connection *from, struct slice body)
{
	struct request request;
	if (request_parse(body, &request) != CH_OK) {
		fake_violation(bus, "a bad request");
		return;
	}
	if (slice_equal(request.operation, SLICE_LITERAL("fail"))) {
		reply_encode(&(struct reply){.request = request.request,
				     .status = CH_NOT_FOUND,
				     .detail = SLICE_LITERAL("no such customer")},
			&bus->out);
		fake_send(bus, from);
	} else if (slice_starts(request.operation, SLICE_LITERAL("echo"))) {
		unsigned times = request.operation.len > 5
					 ? (unsigned)(request.operation.data[5] - '0')
					 : 1u;
		for (unsigned i = 0; i < times; i++) {
			reply_encode(&(struct reply){.request = request.request,
					     .body = request.body,
					     .more = i + 1 < times},
				&bus->out);
			fake_send(bus, from);
		}
	}
	fake_bump(bus, FAKE_REQUESTS, 1);
}

static void fake_take_ping(struct fake_bus *bus, struct fake_connection *from, struct slice body)
{
	struct pong pong = {.head = bus->head};
	if (ping_parse(body, &pong.token) != CH_OK)
		fake_violation(bus, "a bad ping");
	pong_encode(&pong, &bus->out);
	fake_send(bus, from);
	fake_bump(bus, FAKE_PINGS, 1);
}

static bool fake_is_gone(const struct fake_bus *bus, struct slice id)
{
	for (uint32_t i = 0; i < GONE && i < bus->gone_count; i++) {
		if (slice_equal(slice_of(bus->gone[i].id, bus->gone[i].id_len), id))
			return true;
	}
	return false;
}

static struct fake_connection *fake_connection_of(struct fake_bus *bus, struct slice id)
{
	struct fake_connection *free_one = NULL;
	for (int i = 0; i < CONNECTIONS; i++) {
		struct fake_connection *connection = &bus->connections[i];
		if (connection->used &&
			slice_equal(slice_of(connection->id, connection->id_len), id))
			return connection;
		if (!connection->used && free_one == NULL)
			free_one = connection;
	}
	if (free_one == NULL) {
		free_one = &bus->connections[0];
		fake_disconnect(bus, free_one);
	}
	free_one->used = true;
	memcpy(free_one->id, id.data, id.len);
	free_one->id_len = id.len;
	return free_one;
}

static void fake_take(struct fake_bus *bus, struct slice id, struct slice message)
{
	enum frame_kind kind;
	struct slice body;
	if (fake_is_gone(bus, id))
		return;
	struct fake_connection *from = fake_connection_of(bus, id);
	if (frame_parse(message, &kind, &body) != CH_OK) {
		fake_violation(bus, "no frame");
		return;
	}
	if (bus->refuse_kind == (int)kind) {
		bus->refuse_kind = 0;
		struct subscribe wish;
		const char *field;
		uint64_t about = 0;
		if (kind == FRAME_SUBSCRIBE && subscribe_parse(body, &wish, &field) == CH_OK)
			about = wish.handle;
		if (kind == FRAME_PUBLISH && publish_parse(body, &bus->publish) == CH_OK)
			about = bus->publish.frame;
		struct request request;
		if (kind == FRAME_REQUEST && request_parse(body, &request) == CH_OK)
			about = request.request;
		if (kind == FRAME_HELLO)
			fake_bump(bus, FAKE_HELLOS, 1);
		fake_refuse(bus, from, kind, bus->refuse_reason, "as the test wished",
			bus->refuse_fatal, about);
		return;
	}
	if (!from->greeted && kind != FRAME_HELLO)
		fake_violation(bus, "something before hello");
	switch (kind) {
	case FRAME_HELLO:
		fake_take_hello(bus, from, body);
		break;
	case FRAME_PUBLISH:
		fake_take_publish(bus, from, body);
		break;
	case FRAME_SUBSCRIBE:
		fake_take_subscribe(bus, from, body);
		break;
	case FRAME_ACK:
		fake_take_ack(bus, from, body);
		break;
	case FRAME_GRANT:
		fake_take_grant(bus, from, body);
		break;
	case FRAME_DETACH:
		fake_take_detach(bus, from, body);
		break;
	case FRAME_REQUEST:
		fake_take_request(bus, from, body);
		break;
	case FRAME_PING:
		fake_take_ping(bus, from, body);
		break;
	case FRAME_PONG:
		fake_bump(bus, FAKE_PONGS, 1);
		break;
	case FRAME_BYE:
		fake_bump(bus, FAKE_BYES, 1);
		fake_disconnect(bus, from);
		break;
	default:
		fake_violation(bus, "a kind that no client sends");
		break;
	}
}

/* ---- Delivering ---- */

static bool fake_wants(const struct fake_subscription *subscription, struct slice type)
{
	bool wanted = subscription->pattern_count == 0;
	for (uint32_t i = 0; i < subscription->pattern_count && !wanted; i++)
		wanted = pattern_covers(slice_text(subscription->patterns[i]), type);
	return wanted;
}

static void fake_add_group(struct fake_bus *bus, const struct fake_subscription *subscription,
	uint64_t sequence, uint32_t attempt, enum delivery_mode mode)
{
	const struct envelope *envelope = &bus->log[sequence - 1].envelope;
	for (uint32_t part = 0; part < bus->parts; part++) {
		/* The personal part is encoded last: what is before it is the open part. */
		deliver_add(&bus->out, &(struct delivery){.sequence = sequence,
					       .part = part,
					       .attempt = attempt,
					       .mode = mode,
					       .last = part + 1 == bus->parts,
					       .arrival_us = 1000000 + (int64_t)sequence,
					       .customer = 100 + sequence,
					       .event = envelope->before,
					       .personal = envelope->personal,
					       .job = slice_text(subscription->job),
					       .peer = SLICE_LITERAL("tester")});
	}
	fake_bump(bus, FAKE_DELIVERIES, bus->parts);
}

/* The next sequence that is to go out, 0: none. */
static uint64_t fake_next_sequence(struct fake_bus *bus, struct fake_subscription *subscription)
{
	int64_t now_us = clock_steady_us();
	uint64_t end = bus->head;
	if (subscription->stop != 0 && subscription->stop < end)
		end = subscription->stop;
	for (uint64_t s = 1; s < subscription->next && s <= end && !subscription->no_ack; s++) {
		const struct fake_progress *progress = &subscription->durable->progress[s - 1];
		if (progress->state == FAKE_DELAYED && now_us >= progress->due_us)
			return s;
	}
	for (; subscription->next <= end; subscription->next++) {
		struct fake_progress *progress =
			&subscription->durable->progress[subscription->next - 1];
		if (progress->state == FAKE_DONE || progress->state == FAKE_DELAYED)
			continue;
		if (!fake_wants(subscription, bus->log[subscription->next - 1].envelope.type)) {
			progress->state = FAKE_DONE;
			continue;
		}
		return subscription->next;
	}
	return 0;
}

static bool fake_deliver_snapshot(struct fake_bus *bus, struct fake_subscription *subscription)
{
	uint64_t base = subscription->durable->base;
	if (subscription->snapshot_left == 0 || subscription->available <= 0)
		return subscription->snapshot_left != 0;
	deliver_begin(&bus->out, subscription->handle);
	while (subscription->snapshot_left > 0 && subscription->available > 0) {
		deliver_add(&bus->out, &(struct delivery){.sequence = base > 0 ? base : 1,
					       .part = subscription->snapshot_at++,
					       .attempt = 1,
					       .mode = DELIVERY_SNAPSHOT,
					       .table = SLICE_LITERAL("customers"),
					       .record = SLICE_LITERAL("\x08\x01")});
		subscription->snapshot_left--;
		subscription->available--;
	}
	fake_send(bus, &bus->connections[subscription->connection]);
	if (subscription->snapshot_left == 0)
		fake_send_mark(bus, subscription,
			(struct mark){.what = MARK_SNAPSHOT_END, .first = base > 0 ? base : 1});
	return true;
}

static void fake_deliver_job(struct fake_bus *bus, struct fake_subscription *subscription)
{
	if (subscription->job[0] == 0 || subscription->available <= 0)
		return;
	deliver_begin(&bus->out, subscription->handle);
	uint32_t count = 0;
	while (subscription->job_next <= subscription->job_last && subscription->available > 0 &&
		count++ < DELIVER_AT_ONCE) {
		fake_add_group(bus, subscription, subscription->job_next++, 1, DELIVERY_REPLAY);
		subscription->available -= bus->parts;
	}
	fake_send(bus, &bus->connections[subscription->connection]);
	if (subscription->job_next > subscription->job_last) {
		fake_send_mark(bus, subscription,
			(struct mark){.what = MARK_END, .job = slice_text(subscription->job)});
		subscription->job[0] = 0;
	}
}

static bool fake_deliver(struct fake_bus *bus, struct fake_subscription *subscription)
{
	uint32_t count = 0;
	uint64_t sequence;
	if (subscription->draining || subscription->ended)
		return false;
	if (fake_deliver_snapshot(bus, subscription))
		return false;
	fake_deliver_job(bus, subscription);
	char job[sizeof(subscription->job)];
	memcpy(job, subscription->job, sizeof(job));
	subscription->job[0] = 0;
	deliver_begin(&bus->out, subscription->handle);
	while (count < DELIVER_AT_ONCE && subscription->available > 0 &&
		bus->out.len < LIMIT_FRAME_BYTES / 2 &&
		(sequence = fake_next_sequence(bus, subscription)) != 0) {
		struct fake_progress *progress = &subscription->durable->progress[sequence - 1];
		if (subscription->no_ack)
			progress->state = FAKE_DONE;
		else
			progress->state = FAKE_OUT;
		fake_add_group(bus, subscription, sequence, ++progress->attempts,
			subscription->caught_up ? DELIVERY_LIVE : DELIVERY_CATCH_UP);
		subscription->available -= bus->parts;
		if (sequence == subscription->next)
			subscription->next++;
		count++;
	}
	memcpy(subscription->job, job, sizeof(job));
	if (count > 0)
		fake_send(bus, &bus->connections[subscription->connection]);
	buffer_clear(&bus->out);
	bool at_stop = subscription->stop != 0 && subscription->next > subscription->stop;
	if (at_stop) {
		subscription->ended = true;
		fake_send_mark(bus, subscription, (struct mark){.what = MARK_END});
	} else if (!subscription->caught_up && subscription->next > bus->head) {
		subscription->caught_up = true;
		fake_send_mark(bus, subscription, (struct mark){.what = MARK_CAUGHT_UP});
	}
	return count == DELIVER_AT_ONCE;
}

/* ---- The thread ---- */

static void fake_serve_zap(struct fake_bus *bus)
{
	uint8_t parts[8][256];
	int lens[8] = {0};
	int count = 0;
	int more = 1;
	size_t size = sizeof(more);
	while (more && count < 8) {
		lens[count] = zmq_recv(bus->zap, parts[count], sizeof(parts[0]), 0);
		count++;
		(void)zmq_getsockopt(bus->zap, ZMQ_RCVMORE, &more, &size);
	}
	bool known = count == 7 && lens[6] == 32 && memcmp(parts[6], bus->client_key, 32) == 0;
	(void)zmq_send(bus->zap, "1.0", 3, ZMQ_SNDMORE);
	(void)zmq_send(bus->zap, parts[1], (size_t)lens[1], ZMQ_SNDMORE);
	(void)zmq_send(bus->zap, known ? "200" : "400", 3, ZMQ_SNDMORE);
	(void)zmq_send(bus->zap, known ? "OK" : "no", 2, ZMQ_SNDMORE);
	(void)zmq_send(bus->zap, known ? "tester" : "", known ? 6 : 0, ZMQ_SNDMORE);
	(void)zmq_send(bus->zap, "", 0, 0);
}

static bool fake_listen(struct fake_bus *bus)
{
	int one = 1;
	int zero = 0;
	bus->router = zmq_socket(bus->context, ZMQ_ROUTER);
	(void)zmq_setsockopt(bus->router, ZMQ_CURVE_SERVER, &one, sizeof(one));
	(void)zmq_setsockopt(bus->router, ZMQ_CURVE_SECRETKEY, bus->server_secret, Z85_BYTES);
	(void)zmq_setsockopt(bus->router, ZMQ_ZAP_DOMAIN, "carehub", 7);
	(void)zmq_setsockopt(bus->router, ZMQ_LINGER, &zero, sizeof(zero));
	(void)zmq_setsockopt(bus->router, ZMQ_SNDHWM, &zero, sizeof(zero));
	/* The port of a socket that was just closed may be busy for an instant. */
	for (int i = 0; i < 500; i++) {
		if (zmq_bind(bus->router, bus->endpoint) == 0)
			return true;
		(void)usleep(2000);
	}
	return false;
}

static void fake_hang_up(struct fake_bus *bus)
{
	if (bus->router != NULL)
		(void)zmq_close(bus->router);
	bus->router = NULL;
	for (int i = 0; i < CONNECTIONS; i++) {
		if (bus->connections[i].used)
			fake_disconnect(bus, &bus->connections[i]);
	}
	bus->gone_count = 0; /* another socket gives its own names */
}

static void fake_receive(struct fake_bus *bus)
{
	zmq_msg_t id;
	zmq_msg_t message;
	for (int i = 0; i < 64 && bus->router != NULL; i++) {
		(void)zmq_msg_init(&id);
		(void)zmq_msg_init(&message);
		bool got = zmq_msg_recv(&id, bus->router, ZMQ_DONTWAIT) >= 0 &&
			   zmq_msg_recv(&message, bus->router, ZMQ_DONTWAIT) >= 0;
		if (got && zmq_msg_more(&message))
			fake_violation(bus, "several parts");
		if (got)
			fake_take(bus, slice_of(zmq_msg_data(&id), zmq_msg_size(&id)),
				slice_of(zmq_msg_data(&message), zmq_msg_size(&message)));
		(void)zmq_msg_close(&message);
		(void)zmq_msg_close(&id);
		if (!got)
			break;
	}
}

static bool fake_work(struct fake_bus *bus)
{
	bool more = false;
	if (bus->drop || (bus->away && bus->router != NULL))
		fake_hang_up(bus);
	if (bus->drop || (!bus->away && bus->router == NULL)) {
		bus->drop = false;
		if (!bus->away && !fake_listen(bus))
			fake_violation(bus, "cannot listen again");
	}
	if (bus->action != NULL)
		bus->action(bus, bus->argument);
	bus->action = NULL;
	(void)pthread_cond_broadcast(&bus->changed);
	if (bus->silent)
		return false;
	fake_receive(bus);
	for (int i = 0; i < CONNECTIONS; i++) {
		if (bus->connections[i].used && !bus->hold)
			fake_release(bus, &bus->connections[i]);
	}
	for (int i = 0; i < SUBSCRIPTIONS; i++) {
		if (bus->subscriptions[i].used)
			more |= fake_deliver(bus, &bus->subscriptions[i]);
	}
	return more;
}

static void *fake_run(void *context)
{
	struct fake_bus *bus = context;
	uint64_t rung;
	bool more = false;
	void *router = bus->router;
	for (;;) {
		zmq_pollitem_t items[3] = {{bus->zap, 0, ZMQ_POLLIN, 0},
			{NULL, bus->bell, ZMQ_POLLIN, 0}, {router, 0, ZMQ_POLLIN, 0}};
		(void)zmq_poll(items, router != NULL ? 3 : 2, more ? 0 : 20);
		if (items[0].revents != 0)
			fake_serve_zap(bus);
		if (items[1].revents != 0 && read(bus->bell, &rung, sizeof(rung)) < 0)
			continue;
		(void)pthread_mutex_lock(&bus->lock);
		bool stop = bus->stop;
		more = !stop && fake_work(bus);
		router = bus->silent ? NULL : bus->router;
		(void)pthread_mutex_unlock(&bus->lock);
		if (stop)
			break;
	}
	return NULL;
}

/* ---- The test's side ---- */

static void fake_ring(struct fake_bus *bus)
{
	const uint64_t one = 1;
	ssize_t written = write(bus->bell, &one, sizeof(one));
	(void)written;
}

struct fake_bus *fake_bus_start(const struct fake_bus_options *options)
{
	static const struct fake_bus_options usual;
	pthread_condattr_t attr;
	struct fake_bus *bus = calloc(1, sizeof(*bus));
	size_t size = sizeof(bus->endpoint);
	if (bus == NULL)
		return NULL;
	if (options == NULL)
		options = &usual;
	bus->credit = options->credit > 0 ? options->credit : 1024;
	bus->heartbeat_ms = options->heartbeat_ms > 0 ? options->heartbeat_ms : 10000;
	bus->events_per_frame = options->events_per_frame > 0 ? options->events_per_frame : 256;
	bus->parts = options->parts > 0 ? options->parts : 1;
	bus->incarnation = 7;
	(void)pthread_mutex_init(&bus->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&bus->changed, &attr);
	(void)pthread_condattr_destroy(&attr);
	(void)zmq_curve_keypair(bus->server_public, bus->server_secret);
	(void)zmq_curve_keypair(bus->client_public, bus->client_secret);
	(void)zmq_z85_decode(bus->client_key, bus->client_public);
	bus->bell = eventfd(0, EFD_CLOEXEC);
	bus->context = zmq_ctx_new();
	bus->zap = zmq_socket(bus->context, ZMQ_REP);
	if (zmq_bind(bus->zap, "inproc://zeromq.zap.01") != 0)
		return NULL;
	(void)snprintf(bus->endpoint, sizeof(bus->endpoint), "%s",
		options->endpoint != NULL ? options->endpoint : "tcp://127.0.0.1:*");
	if (!fake_listen(bus))
		return NULL;
	(void)zmq_getsockopt(bus->router, ZMQ_LAST_ENDPOINT, bus->endpoint, &size);
	(void)pthread_create(&bus->thread, NULL, fake_run, bus);
	return bus;
}

void fake_bus_stop(struct fake_bus *bus)
{
	if (bus == NULL)
		return;
	(void)pthread_mutex_lock(&bus->lock);
	bus->stop = true;
	(void)pthread_mutex_unlock(&bus->lock);
	fake_ring(bus);
	(void)pthread_join(bus->thread, NULL);
	fake_hang_up(bus);
	(void)zmq_close(bus->zap);
	(void)zmq_ctx_term(bus->context);
	for (uint64_t i = 0; i < bus->head; i++)
		free(bus->log[i].bytes);
	for (int i = 0; i < DURABLES; i++)
		free(bus->durables[i].progress);
	free(bus->log);
	buffer_fini(&bus->out);
	(void)close(bus->bell);
	(void)pthread_cond_destroy(&bus->changed);
	(void)pthread_mutex_destroy(&bus->lock);
	free(bus);
}

const char *fake_bus_endpoint(const struct fake_bus *bus)
{
	return bus->endpoint;
}

const char *fake_bus_server_key(const struct fake_bus *bus)
{
	return bus->server_public;
}

const char *fake_bus_secret_key(const struct fake_bus *bus)
{
	return bus->client_secret;
}

/* A change of wishes, under the lock and heard of at once. */
#define FAKE_CHANGE(bus, statement)                                                                \
	do {                                                                                       \
		(void)pthread_mutex_lock(&(bus)->lock);                                            \
		statement;                                                                         \
		(void)pthread_mutex_unlock(&(bus)->lock);                                          \
		fake_ring(bus);                                                                    \
	} while (0)

/* What needs the sockets is done by the thread that owns them; it is done when this returns. */
static void fake_do(struct fake_bus *bus,
	void (*action)(struct fake_bus *bus, const void *argument), const void *argument)
{
	(void)pthread_mutex_lock(&bus->lock);
	while (bus->action != NULL)
		(void)pthread_cond_wait(&bus->changed, &bus->lock);
	bus->action = action;
	bus->argument = argument;
	fake_ring(bus);
	while (bus->action != NULL)
		(void)pthread_cond_wait(&bus->changed, &bus->lock);
	(void)pthread_mutex_unlock(&bus->lock);
}

/* Waits until the thread has seen the wish: the old connections are gone when this returns. */
static void fake_wait_until_done(struct fake_bus *bus, const bool *flag, bool want)
{
	(void)pthread_mutex_lock(&bus->lock);
	while (*flag != want || (bus->away && bus->router != NULL))
		(void)pthread_cond_wait(&bus->changed, &bus->lock);
	(void)pthread_mutex_unlock(&bus->lock);
}

void fake_bus_drop(struct fake_bus *bus)
{
	FAKE_CHANGE(bus, bus->drop = true);
	fake_wait_until_done(bus, &bus->drop, false);
}

void fake_bus_go_away(struct fake_bus *bus)
{
	FAKE_CHANGE(bus, bus->away = true);
	fake_wait_until_done(bus, &bus->away, true);
}

void fake_bus_come_back(struct fake_bus *bus)
{
	FAKE_CHANGE(bus, bus->away = false);
}

void fake_bus_fall_silent(struct fake_bus *bus, bool silent)
{
	FAKE_CHANGE(bus, bus->silent = silent);
}

void fake_bus_hold_receipts(struct fake_bus *bus, bool hold)
{
	FAKE_CHANGE(bus, bus->hold = hold);
}

void fake_bus_lose_publishes(struct fake_bus *bus, uint32_t frames)
{
	FAKE_CHANGE(bus, bus->lose_publishes = frames);
}

void fake_bus_keep_detaches(struct fake_bus *bus, bool keep)
{
	FAKE_CHANGE(bus, bus->keep_detaches = keep);
}

void fake_bus_set_snapshot(struct fake_bus *bus, uint32_t records)
{
	FAKE_CHANGE(bus, bus->snapshot = records);
}

static void fake_tell_credit(struct fake_bus *bus, const void *argument)
{
	uint32_t credit = *(const uint32_t *)argument;
	bus->credit = credit;
	for (int i = 0; i < CONNECTIONS; i++) {
		if (!bus->connections[i].used)
			continue;
		credit_encode(credit, &bus->out);
		fake_send(bus, &bus->connections[i]);
	}
}

void fake_bus_set_credit(struct fake_bus *bus, uint32_t credit)
{
	fake_do(bus, fake_tell_credit, &credit);
}

static void fake_set_answer(struct fake_bus *bus, uint32_t events, const struct receipt *receipt)
{
	bus->answers = events;
	bus->answer = *receipt;
	(void)snprintf(bus->answer_field, sizeof(bus->answer_field), "%.*s",
		(int)receipt->field.len, (const char *)receipt->field.data);
	(void)snprintf(bus->answer_detail, sizeof(bus->answer_detail), "%.*s",
		(int)receipt->detail.len, (const char *)receipt->detail.data);
	bus->answer.field = slice_text(bus->answer_field);
	bus->answer.detail = slice_text(bus->answer_detail);
}

void fake_bus_answer_next(struct fake_bus *bus, uint32_t events, const struct receipt *receipt)
{
	FAKE_CHANGE(bus, fake_set_answer(bus, events, receipt));
}

void fake_bus_refuse_next(struct fake_bus *bus, int kind, enum ch_status reason, bool fatal)
{
	FAKE_CHANGE(bus,
		(bus->refuse_kind = kind, bus->refuse_reason = reason, bus->refuse_fatal = fatal));
}

static void fake_mark_all(struct fake_bus *bus, const void *argument)
{
	const struct mark *mark = argument;
	for (int i = 0; i < SUBSCRIPTIONS; i++) {
		if (bus->subscriptions[i].used)
			fake_send_mark(bus, &bus->subscriptions[i], *mark);
	}
}

void fake_bus_mark(struct fake_bus *bus, const struct mark *mark)
{
	fake_do(bus, fake_mark_all, mark);
}

static void fake_fence_all(struct fake_bus *bus, const void *argument)
{
	(void)argument;
	fake_mark_all(bus, &(struct mark){.what = MARK_FENCED});
	for (int i = 0; i < SUBSCRIPTIONS; i++)
		fake_unsubscribe(bus, &bus->subscriptions[i]);
}

void fake_bus_fence(struct fake_bus *bus)
{
	fake_do(bus, fake_fence_all, NULL);
}

struct fake_seek {
	const char *name;
	uint64_t cursor;
};

static void fake_seek(struct fake_bus *bus, const void *argument)
{
	const struct fake_seek *seek = argument;
	struct fake_durable *durable = fake_find_durable(bus, slice_text(seek->name));
	for (int i = 0; i < SUBSCRIPTIONS; i++) {
		struct fake_subscription *subscription = &bus->subscriptions[i];
		if (!subscription->used || subscription->durable != durable)
			continue;
		fake_send_mark(bus, subscription,
			(struct mark){.what = MARK_MOVED, .first = seek->cursor});
		fake_unsubscribe(bus, subscription);
	}
	if (durable == NULL)
		return;
	durable->moves++;
	durable->base = seek->cursor;
	for (uint64_t s = seek->cursor; s < bus->head; s++)
		durable->progress[s] = (struct fake_progress){0};
}

void fake_bus_seek(struct fake_bus *bus, const char *name, uint64_t cursor)
{
	fake_do(bus, fake_seek, &(struct fake_seek){name, cursor});
}

static void fake_restore(struct fake_bus *bus, const void *argument)
{
	bus->incarnation = *(const uint64_t *)argument;
	for (uint64_t i = 0; i < bus->head; i++)
		free(bus->log[i].bytes);
	for (int i = 0; i < DURABLES; i++) {
		struct fake_durable *durable = &bus->durables[i];
		if (durable->progress != NULL)
			memset(durable->progress, 0, bus->head * sizeof(*durable->progress));
		durable->base = 0;
	}
	bus->head = 0;
	bus->drop = true;
}

void fake_bus_restore(struct fake_bus *bus, uint64_t incarnation)
{
	fake_do(bus, fake_restore, &incarnation);
	fake_wait_until_done(bus, &bus->drop, false);
}

static void fake_send_all(struct fake_bus *bus, const void *argument)
{
	for (int i = 0; i < CONNECTIONS; i++) {
		if (!bus->connections[i].used)
			continue;
		buffer_append_slice(&bus->out, *(const struct slice *)argument);
		fake_send(bus, &bus->connections[i]);
	}
}

void fake_bus_send_raw(struct fake_bus *bus, const void *bytes, size_t len)
{
	struct slice raw = slice_of(bytes, len);
	fake_do(bus, fake_send_all, &raw);
}

static void fake_add_checkpoint(
	struct fake_bus *bus, const char *source, const char *checkpoint, uint64_t sequence)
{
	struct fake_checkpoint *place = &bus->checkpoints[bus->checkpoint_count++ % CHECKPOINTS];
	(void)snprintf(place->source, sizeof(place->source), "%s", source);
	(void)snprintf(place->checkpoint, sizeof(place->checkpoint), "%s", checkpoint);
	place->sequence = sequence;
}

void fake_bus_set_checkpoint(
	struct fake_bus *bus, const char *source, const char *checkpoint, uint64_t sequence)
{
	FAKE_CHANGE(bus, fake_add_checkpoint(bus, source, checkpoint, sequence));
}

static void fake_fill(struct fake_bus *bus, const char *prefix, uint32_t events)
{
	struct buffer event = {0};
	char id[64];
	for (uint32_t i = 1; i <= events; i++) {
		(void)snprintf(id, sizeof(id), "%s%u", prefix, i);
		envelope_encode(&(struct envelope){.id = slice_text(id),
					.source = SLICE_LITERAL("/fake"),
					.type = SLICE_LITERAL("pos.sale.completed"),
					.data = SLICE_LITERAL("\x08\x01"),
					.personal = SLICE_LITERAL("\xa0\x06\x01")},
			&event);
		(void)fake_append(bus, buffer_slice(&event)); /* well-formed, by us */
		buffer_clear(&event);
	}
	buffer_fini(&event);
}

void fake_bus_fill(struct fake_bus *bus, const char *prefix, uint32_t events)
{
	FAKE_CHANGE(bus, fake_fill(bus, prefix, events));
}

struct fake_job {
	const char *name;
	uint64_t first;
	uint64_t last;
};

static void fake_start_job(struct fake_bus *bus, const void *argument)
{
	const struct fake_job *job = argument;
	for (int i = 0; i < SUBSCRIPTIONS; i++) {
		struct fake_subscription *subscription = &bus->subscriptions[i];
		if (!subscription->used)
			continue;
		(void)snprintf(subscription->job, sizeof(subscription->job), "%s", job->name);
		subscription->job_next = job->first;
		subscription->job_last = job->last;
	}
}

void fake_bus_replay(struct fake_bus *bus, const char *job, uint64_t first, uint64_t last)
{
	fake_do(bus, fake_start_job, &(struct fake_job){job, first, last});
}

uint64_t fake_bus_count(struct fake_bus *bus, enum fake_counter counter)
{
	(void)pthread_mutex_lock(&bus->lock);
	uint64_t count = bus->counters[counter];
	(void)pthread_mutex_unlock(&bus->lock);
	return count;
}

bool fake_bus_wait(
	struct fake_bus *bus, enum fake_counter counter, uint64_t at_least, int64_t timeout_ms)
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
	(void)pthread_mutex_lock(&bus->lock);
	while (bus->counters[counter] < at_least && error == 0)
		error = pthread_cond_timedwait(&bus->changed, &bus->lock, &until);
	bool there = bus->counters[counter] >= at_least;
	(void)pthread_mutex_unlock(&bus->lock);
	return there;
}

const char *fake_bus_violation(struct fake_bus *bus)
{
	return bus->violation;
}

bool fake_bus_id_at(struct fake_bus *bus, uint64_t sequence, char *out, size_t size)
{
	bool there = false;
	(void)pthread_mutex_lock(&bus->lock);
	if (sequence > 0 && sequence <= bus->head) {
		struct slice id = bus->log[sequence - 1].envelope.id;
		(void)snprintf(out, size, "%.*s", (int)id.len, (const char *)id.data);
		there = true;
	}
	(void)pthread_mutex_unlock(&bus->lock);
	return there;
}

uint64_t fake_bus_cursor(struct fake_bus *bus, const char *name)
{
	(void)pthread_mutex_lock(&bus->lock);
	const struct fake_durable *durable = fake_find_durable(bus, slice_text(name));
	uint64_t cursor = durable != NULL ? fake_durable_cursor(bus, durable) : UINT64_MAX;
	(void)pthread_mutex_unlock(&bus->lock);
	return cursor;
}

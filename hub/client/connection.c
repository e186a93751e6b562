#include "client/connection.h"

#include <carehub/carehub.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/invariant.h"
#include "client/drain.h"
#include "client/wait.h"

static void connection_wake(void *context)
{
	bell_ring(context);
}

struct ch_connection *connection_ref(struct ch_connection *connection)
{
	(void)atomic_fetch_add(&connection->references, 1);
	return connection;
}

void connection_unref(struct ch_connection *connection)
{
	if (connection == NULL || atomic_fetch_sub(&connection->references, 1) > 1)
		return;
	session_fini(&connection->session);
	outbox_fini(&connection->outbox);
	mailbox_fini(&connection->answers);
	mailbox_fini(&connection->commands);
	bell_fini(&connection->bell);
	(void)pthread_cond_destroy(&connection->changed);
	(void)pthread_mutex_destroy(&connection->lock);
	ch_options_free(connection->options);
	free(connection->checkpoints);
	free(connection);
}

bool connection_post(struct ch_connection *connection, struct command *command)
{
	return mailbox_post(&connection->commands, &command->node);
}

void connection_note(struct ch_connection *connection)
{
	(void)pthread_mutex_lock(&connection->lock);
	if (connection->draining)
		(void)pthread_cond_broadcast(&connection->changed);
	(void)pthread_mutex_unlock(&connection->lock);
}

bool connection_is_inside(const struct ch_connection *connection)
{
	return pthread_equal(pthread_self(), connection->thread) != 0;
}

/* ---- Connecting ---- */

/* Everything but the thread.  What is half-built can be let go of. */
static enum ch_status connection_create(
	const struct ch_options *options, struct ch_connection **out_connection)
{
	enum ch_status status = CH_NOMEM;
	struct ch_connection *connection = calloc(1, sizeof(*connection));
	if (connection == NULL)
		return CH_NOMEM;
	atomic_init(&connection->references, 1);
	connection->bell.fd = -1;
	connection->state = CH_CONNECTING;
	invariant(pthread_mutex_init(&connection->lock, NULL) == 0);
	wait_init(&connection->changed);
	mailbox_init(&connection->commands, connection_wake, &connection->bell);
	mailbox_init(&connection->answers, connection_wake, &connection->bell);
	outbox_init(&connection->outbox, options->window_events, options->window_bytes,
		options->batch, &connection->bell);
	window_init(&connection->window, &connection->outbox, options->retry);
	status = session_init(&connection->session);
	if (status != CH_OK)
		goto out;
	status = options_copy(options, &connection->options);
	if (status != CH_OK)
		goto out;
	status = bell_init(&connection->bell);
	if (status != CH_OK)
		goto out;
	*out_connection = connection;
	connection = NULL;
out:
	connection_unref(connection);
	return status;
}

static void *connection_thread(void *context)
{
	session_run(context);
	return NULL;
}

/* Signals are the application's business: no thread of ours takes any. */
static enum ch_status connection_start(struct ch_connection *connection)
{
	sigset_t all;
	sigset_t before;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	/* The thread must not look at connection->thread before it is set: it waits for the lock. */
	(void)pthread_mutex_lock(&connection->lock);
	int error = pthread_create(&connection->thread, NULL, connection_thread, connection);
	(void)pthread_mutex_unlock(&connection->lock);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error == 0 ? CH_OK : CH_NOMEM;
}

static enum ch_status connection_wait_for_welcome(struct ch_connection *connection)
{
	(void)pthread_mutex_lock(&connection->lock);
	while (!connection->welcomed && connection->state != CH_FINISHED)
		(void)wait_for(&connection->changed, &connection->lock, INT64_MAX);
	enum ch_status status = CH_OK;
	if (!connection->welcomed)
		status = error_set(connection->why, "%s: %s", connection->options->endpoint,
			connection->detail);
	(void)pthread_mutex_unlock(&connection->lock);
	return status;
}

enum ch_status ch_connect(const struct ch_options *options, struct ch_connection **out_connection)
{
	struct ch_connection *connection = NULL;
	error_clear();
	if (options->endpoint == NULL)
		return error_set(CH_INVALID, "no endpoint is set");
	if (!options->has_server_key)
		return error_set(CH_INVALID, "the hub's public key is not set");
	if (!options->has_key)
		return error_set(CH_INVALID, "our own key is not set");
	enum ch_status status = connection_create(options, &connection);
	if (status != CH_OK)
		return status;
	status = connection_start(connection);
	if (status != CH_OK) {
		connection_unref(connection);
		return status;
	}
	if (!options->lazy)
		status = connection_wait_for_welcome(connection);
	if (status == CH_OK)
		*out_connection = connection;
	else
		ch_close(connection);
	return status;
}

struct stop_command {
	struct command command; /* first */
};

static void connection_stop(struct ch_connection *connection, struct command *command)
{
	(void)command;
	connection->session.stop = true;
}

void ch_close(struct ch_connection *connection)
{
	struct stop_command stop = {.command.run = connection_stop};
	if (connection == NULL)
		return;
	invariant(!connection_is_inside(connection));
	/* False: it is over already. */
	(void)connection_post(connection, &stop.command);
	(void)pthread_join(connection->thread, NULL);
	connection_unref(connection);
}

enum ch_status ch_drain(struct ch_connection *connection, int64_t timeout_ms)
{
	int64_t until_us = wait_until(timeout_ms);
	error_clear();
	if (connection_is_inside(connection))
		return error_set(CH_INVALID, "a callback must not wait");
	(void)pthread_mutex_lock(&connection->lock);
	connection->draining = true;
	(void)pthread_mutex_unlock(&connection->lock);
	outbox_shut(&connection->outbox);
	enum ch_status drained = drain_all(connection, until_us);
	enum ch_status flushed = outbox_flush(&connection->outbox, wait_left(until_us));
	if (flushed != CH_OK)
		return error_set(flushed, "not everything was answered");
	if (drained != CH_OK)
		return drained;
	return CH_OK;
}

/* ---- The I/O thread ---- */

void connection_enter(struct ch_connection *connection, enum ch_state state, enum ch_status why,
	const char *detail)
{
	const struct ch_options *options = connection->options;
	(void)pthread_mutex_lock(&connection->lock);
	connection->state = state;
	connection->info.state = state;
	connection->why = why;
	(void)snprintf(connection->detail, sizeof(connection->detail), "%s", detail);
	if (state == CH_CONNECTED)
		connection->welcomed = true;
	(void)pthread_cond_broadcast(&connection->changed);
	(void)pthread_mutex_unlock(&connection->lock);
	if (options->state_callback != NULL)
		options->state_callback(options->state_context, connection, state, why, detail);
}

/* 0 is "not told"; bounds that no event would fit into are not taken for true. */
static uint32_t connection_bound(uint32_t told, uint32_t least, uint32_t ours)
{
	return told < least || told > ours ? ours : told;
}

static void connection_copy_text(char *to, size_t size, struct slice text)
{
	size_t len = text.len < size - 1 ? text.len : size - 1;
	if (len > 0)
		memcpy(to, text.data, len);
	to[len] = 0;
}

static void connection_keep_checkpoints(
	struct ch_connection *connection, const struct welcome *welcome)
{
	struct kept_checkpoint *kept = NULL;
	if (welcome->checkpoint_count > 0) {
		kept = calloc(welcome->checkpoint_count, sizeof(*kept));
		if (kept == NULL)
			return; /* the older ones stay: they are safe, only further back */
	}
	for (uint32_t i = 0; i < welcome->checkpoint_count; i++) {
		const struct checkpoint *checkpoint = &welcome->checkpoints[i];
		connection_copy_text(kept[i].source, sizeof(kept[i].source), checkpoint->source);
		if (checkpoint->checkpoint.len > 0)
			memcpy(kept[i].bytes, checkpoint->checkpoint.data,
				checkpoint->checkpoint.len);
		kept[i].len = checkpoint->checkpoint.len;
		kept[i].sequence = checkpoint->sequence;
	}
	free(connection->checkpoints);
	connection->checkpoints = kept;
	connection->checkpoint_count = welcome->checkpoint_count;
}

void connection_welcome(struct ch_connection *connection, const struct welcome *welcome)
{
	(void)pthread_mutex_lock(&connection->lock);
	struct ch_info *info = &connection->info;
	connection_copy_text(info->peer, sizeof(info->peer), welcome->peer);
	info->incarnation = welcome->incarnation;
	info->head = welcome->head;
	info->clock_offset_us = welcome->time_us != 0 ? welcome->time_us - clock_wall_us() : 0;
	info->event_bytes = connection_bound(welcome->limits.event_bytes, 1024, LIMIT_EVENT_BYTES);
	info->frame_bytes = connection_bound(welcome->limits.frame_bytes, 2048, LIMIT_FRAME_BYTES);
	info->events_per_frame =
		connection_bound(welcome->limits.events_per_frame, 1, LIMIT_EVENTS_PER_FRAME);
	info->resumed = welcome->resumed;
	connection_keep_checkpoints(connection, welcome);
	(void)pthread_mutex_unlock(&connection->lock);
}

void connection_set_head(struct ch_connection *connection, uint64_t head)
{
	(void)pthread_mutex_lock(&connection->lock);
	if (head > connection->info.head)
		connection->info.head = head;
	(void)pthread_mutex_unlock(&connection->lock);
}

/* ---- Looking ---- */

enum ch_status ch_connection_info(struct ch_connection *connection, struct ch_info *out_info)
{
	enum ch_status status = CH_CLOSED;
	error_clear();
	(void)pthread_mutex_lock(&connection->lock);
	if (connection->info.event_bytes != 0) {
		*out_info = connection->info;
		status = CH_OK;
	}
	(void)pthread_mutex_unlock(&connection->lock);
	return status;
}

static enum ch_status connection_find_checkpoint(const struct ch_connection *connection,
	const char *source, const struct kept_checkpoint **out_kept)
{
	if (connection->info.event_bytes == 0)
		return CH_CLOSED;
	for (uint32_t i = 0; i < connection->checkpoint_count; i++) {
		const struct kept_checkpoint *kept = &connection->checkpoints[i];
		if (strcmp(kept->source, source) != 0)
			continue;
		if (kept->len == 0)
			break;
		*out_kept = kept;
		return CH_OK;
	}
	return CH_NOT_FOUND;
}

enum ch_status ch_connection_checkpoint(struct ch_connection *connection, const char *source,
	void *out, size_t capacity, size_t *out_len, uint64_t *out_sequence)
{
	const struct kept_checkpoint *kept;
	error_clear();
	(void)pthread_mutex_lock(&connection->lock);
	enum ch_status status = connection_find_checkpoint(connection, source, &kept);
	if (status == CH_OK && kept->len > capacity)
		status = CH_TOO_LARGE;
	if (status == CH_OK) {
		memcpy(out, kept->bytes, kept->len);
		*out_len = kept->len;
		if (out_sequence != NULL)
			*out_sequence = kept->sequence;
	}
	(void)pthread_mutex_unlock(&connection->lock);
	return status;
}

void ch_connection_stats(struct ch_connection *connection, struct ch_stats *out_stats)
{
	*out_stats = (struct ch_stats){
		.frames_sent = connection->frames_sent,
		.frames_received = connection->frames_received,
		.bytes_sent = connection->bytes_sent,
		.bytes_received = connection->bytes_received,
		.delivered = connection->delivered,
		.suppressed = connection->suppressed,
		.acknowledged = connection->acknowledged,
		.connects = connection->connects,
		.unreadable = connection->unreadable,
		.round_trip_us = connection->round_trip_us,
	};
	outbox_count(&connection->outbox, &out_stats->published, &out_stats->waiting);
	window_count(&connection->window, out_stats);
}

const char *ch_version(void)
{
	return CAREHUB_VERSION;
}

#include "fanout/consumer.h"

#include <stdio.h>
#include <stdlib.h>

#include "fanout/attachment.h"
#include "fanout/news.h"
#include "fanout/sending.h"

/* A subscriber's message on its way to the fan-out thread. */
struct command {
	struct task task; /* first */
	struct consumer *consumer;
	enum frame_kind kind;
	size_t len;
	uint8_t body[];
};

/* New rights on their way. */
struct rights {
	struct task task; /* first */
	struct consumer *consumer;
	struct type_set allowed;
	uint32_t snapshots;
	uint32_t values;
};

/* ---- The fan-out thread ---- */

void consumer_hold(struct consumer *consumer)
{
	consumer->references++;
}

static void consumer_free(struct task *task)
{
	struct consumer *consumer =
		(struct consumer *)(void *)((char *)task - offsetof(struct consumer, close));
	sending_drop(consumer);
	table_fini(&consumer->attached);
	free(consumer);
}

/* Its last frames are before it in the outbox. */
void consumer_release(struct consumer *consumer)
{
	if (--consumer->references > 0)
		return;
	consumer->close.run = consumer_free;
	fanout_post(consumer->fanout, &consumer->close);
}

static void consumer_run_close(struct task *task)
{
	struct consumer *consumer =
		(struct consumer *)(void *)((char *)task - offsetof(struct consumer, close));
	consumer->gone = true;
	attachment_lost_all(consumer);
	consumer_release(consumer);
}

static void consumer_run_room(struct task *task)
{
	struct consumer *consumer =
		(struct consumer *)(void *)((char *)task - offsetof(struct consumer, room));
	size_t at = 0;
	struct subscription *subscription;
	atomic_store(&consumer->told, false);
	while ((subscription = table_next(&consumer->attached, &at)) != NULL)
		fanout_schedule(subscription);
}

static void consumer_run_rights(struct task *task)
{
	struct rights *rights = (struct rights *)(void *)task;
	struct consumer *consumer = rights->consumer;
	consumer->allowed = rights->allowed;
	consumer->snapshots = rights->snapshots;
	consumer->values = rights->values;
	attachment_recheck_all(consumer); /* it is not closed: that would be said after this */
	free(rights);
}

/* It was read once already, on the loop thread: it can be read. */
static void consumer_run_command(struct task *task)
{
	struct command *command = (struct command *)(void *)task;
	struct consumer *consumer = command->consumer;
	struct slice body = slice_of(command->body, command->len);
	struct subscribe *wish = &consumer->fanout->subscribe;
	struct grant grant;
	struct detach detach;
	struct ack ack;
	const char *field;
	atomic_fetch_sub(&consumer->asked, 1);
	if (command->kind == FRAME_ACK && ack_parse(body, &ack) == CH_OK)
		attachment_ack(consumer, &ack);
	else if (command->kind == FRAME_GRANT && grant_parse(body, &grant) == CH_OK)
		attachment_grant(consumer, &grant);
	else if (command->kind == FRAME_DETACH && detach_parse(body, &detach) == CH_OK)
		attachment_detach(consumer, &detach);
	else if (command->kind == FRAME_SUBSCRIBE && subscribe_parse(body, wish, &field) == CH_OK)
		attachment_subscribe(consumer, wish);
	free(command);
}

/* ---- The loop thread ---- */

static uint32_t consumer_snapshot_rights(const struct consumer_options *options)
{
	uint32_t snapshots = 0;
	for (uint32_t i = 0; i < WALK_TABLES; i++) {
		char topic[LIMIT_NAME_BYTES];
		(void)snprintf(topic, sizeof(topic), "snapshot.%s", walk_tables[i].name);
		if (options->may_subscribe(options->context, slice_text(topic)))
			snapshots |= 1u << i;
	}
	return snapshots;
}

enum ch_status consumer_open(struct fanout *fanout, const struct consumer_options *options,
	struct consumer **out_consumer)
{
	struct consumer *consumer = calloc(1, sizeof(*consumer));
	if (consumer == NULL)
		return CH_NOMEM;
	consumer->fanout = fanout;
	consumer->options = *options;
	consumer->options.peer = (struct slice){NULL, 0}; /* a copy is kept */
	(void)snprintf(consumer->peer, sizeof(consumer->peer), "%.*s", (int)options->peer.len,
		(const char *)options->peer.data);
	consumer->unsent_last = &consumer->unsent;
	consumer->room.run = consumer_run_room;
	consumer->close.run = consumer_run_close;
	consumer->references = 1;
	table_init(&consumer->attached);
	type_set_allowed(&consumer->allowed, options->may_subscribe, options->context);
	consumer->snapshots = consumer_snapshot_rights(options);
	consumer->values = news_rights(options->may_subscribe, options->context);
	*out_consumer = consumer;
	return CH_OK;
}

void consumer_close(struct consumer *consumer)
{
	if (consumer == NULL)
		return;
	consumer->closed = true;
	sending_drop(consumer);
	(void)mailbox_post(&consumer->fanout->inbox, &consumer->close.node); /* open until stop */
}

static enum ch_status consumer_read(enum frame_kind kind, struct slice body, const char **out_field)
{
	static struct subscribe wish; /* the loop thread's alone */
	struct grant grant;
	struct detach detach;
	struct ack ack;
	*out_field = "";
	switch (kind) {
	case FRAME_SUBSCRIBE:
		return subscribe_parse(body, &wish, out_field);
	case FRAME_GRANT:
		return grant_parse(body, &grant);
	case FRAME_ACK:
		return ack_parse(body, &ack);
	case FRAME_DETACH:
		return detach_parse(body, &detach);
	default:
		return CH_INVALID;
	}
}

enum ch_status consumer_message(
	struct consumer *consumer, enum frame_kind kind, struct slice body, const char **out_field)
{
	enum ch_status status = consumer_read(kind, body, out_field);
	if (status != CH_OK)
		return status;
	if (atomic_load(&consumer->outstanding) >= LIMIT_UNSENT_FRAMES ||
		atomic_load(&consumer->asked) >= LIMIT_UNREAD_COMMANDS)
		return CH_FULL;
	struct command *command = malloc(sizeof(*command) + body.len);
	if (command == NULL)
		return CH_NOMEM;
	command->task.run = consumer_run_command;
	command->consumer = consumer;
	command->kind = kind;
	command->len = body.len;
	if (body.len > 0)
		memcpy(command->body, body.data, body.len);
	atomic_fetch_add(&consumer->asked, 1);
	(void)mailbox_post(&consumer->fanout->inbox, &command->task.node);
	return CH_OK;
}

void consumer_writable(struct consumer *consumer)
{
	sending_flush(consumer);
}

enum ch_status consumer_recheck(struct consumer *consumer)
{
	struct rights *rights = calloc(1, sizeof(*rights));
	if (rights == NULL)
		return CH_NOMEM;
	rights->task.run = consumer_run_rights;
	rights->consumer = consumer;
	type_set_allowed(
		&rights->allowed, consumer->options.may_subscribe, consumer->options.context);
	rights->snapshots = consumer_snapshot_rights(&consumer->options);
	rights->values = news_rights(consumer->options.may_subscribe, consumer->options.context);
	(void)mailbox_post(&consumer->fanout->inbox, &rights->task.node);
	return CH_OK;
}

#include "channel/callcenter/ami_client.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "channel/callcenter/ami_dialog.h"

enum state {
	GREETED,    /* waits for the banner */
	CHALLENGED, /* asked for one */
	LOGGING_IN,
	LOOKING, /* logged in; QueueStatus, CoreShowChannels */
	UP,
};

enum what { WHAT_CHALLENGE, WHAT_LOGIN, WHAT_QUEUES, WHAT_CHANNELS, WHAT_PING };

struct ami_client {
	struct ami_client_options options;
	struct ears ears;
	struct uplink *uplink;
	enum state state;
	struct ami_reader *reader; /* while the uplink is open */
	struct ami_dialog dialog;
	int64_t heard_us; /* the last byte, or the begin of this state */
	int64_t asked_us; /* the last ping */
};

static void client_enter(struct ami_client *client, enum state state)
{
	client->state = state;
	client->heard_us = clock_steady_us();
}

static void client_lose(struct ami_client *client, const char *why)
{
	uplink_lose(client->uplink, false, why);
}

static void client_ask(struct ami_client *client, const char *action, const struct ami_pair *pairs,
	size_t count, int what)
{
	struct buffer text = {0};
	bool lists = what == WHAT_QUEUES || what == WHAT_CHANNELS;
	enum ch_status status = ami_dialog_ask(
		&client->dialog, action, pairs, count, what, lists, clock_steady_us(), &text);
	if (status == CH_OK)
		uplink_send(client->uplink, buffer_slice(&text));
	else
		client_lose(client, "an action cannot be written");
	if (text.data != NULL)
		sodium_memzero(text.data, text.len); /* the secret may be in it */
	buffer_fini(&text);
}

/* ---- The story of a connection ---- */

static void client_login(struct ami_client *client, struct slice challenge)
{
	char key[AMI_KEY_BYTES];
	struct ami_pair pairs[4] = {{"Username", slice_text(client->options.username)}};
	size_t count = 1;
	if (client->options.md5) {
		if (ami_login_key(challenge, client->options.secret, key) != CH_OK) {
			client_lose(client, "MD5 cannot be reckoned here");
			return;
		}
		pairs[count++] = (struct ami_pair){"AuthType", SLICE_LITERAL("MD5")};
		pairs[count++] = (struct ami_pair){"Key", slice_text(key)};
	} else {
		pairs[count++] = (struct ami_pair){"Secret", client->options.secret};
	}
	pairs[count++] = (struct ami_pair){"Events", slice_text(client->options.events)};
	client_enter(client, LOGGING_IN);
	client_ask(client, "Login", pairs, count, WHAT_LOGIN);
}

static void on_banner(struct ami_client *client)
{
	const struct ami_pair md5 = {"AuthType", SLICE_LITERAL("MD5")};
	if (!client->options.md5) {
		client_login(client, (struct slice){NULL, 0});
		return;
	}
	client_enter(client, CHALLENGED);
	client_ask(client, "Challenge", &md5, 1, WHAT_CHALLENGE);
}

static void client_rise(struct ami_client *client)
{
	client_enter(client, UP);
	uplink_settle(client->uplink);
	client->asked_us = clock_steady_us();
	log_info("exchange.up", "host=%s", client->options.uplink.host);
	client->ears.up(client->ears.context);
}

static void on_challenge_answer(struct ami_client *client, const struct ami_answer *answer,
	const struct ami_message *message)
{
	if (!answer->good)
		client_lose(client, "it gives no challenge");
	else
		client_login(client, ami_get(message, "Challenge"));
}

static void on_login_answer(struct ami_client *client, const struct ami_answer *answer,
	const struct ami_message *message)
{
	(void)message;
	if (!answer->good) {
		/* Exchanges ban who knocks too often. */
		uplink_lose(client->uplink, true, "it refuses the login");
		return;
	}
	client_enter(client, LOOKING);
	client_ask(client, "QueueStatus", NULL, 0, WHAT_QUEUES);
}

static void on_queues_answer(struct ami_client *client, const struct ami_answer *answer,
	const struct ami_message *message)
{
	if (answer->kind == AMI_ITEM)
		client->ears.queue_item(client->ears.context, message);
	/* Without the right to look at queues, or without queues, the channels are enough. */
	if (answer->kind == AMI_LIST_END || answer->kind == AMI_ANSWER)
		client_ask(client, "CoreShowChannels", NULL, 0, WHAT_CHANNELS);
}

static void on_channels_answer(struct ami_client *client, const struct ami_answer *answer,
	const struct ami_message *message)
{
	const struct ears *ears = &client->ears;
	switch (answer->kind) {
	case AMI_LIST:
		ears->list_begin(ears->context);
		break;
	case AMI_ITEM:
		ears->list_channel(ears->context, message);
		break;
	case AMI_LIST_END:
		if (!answer->good)
			log_warning("exchange.list", "items=%u detail=\"%s\"", answer->items,
				"the list of channels is not whole: calls under way are kept");
		ears->list_end(ears->context, answer->good);
		client_rise(client);
		break;
	default: /* no right to look: calls under way are kept until they are too old */
		client_rise(client);
	}
}

static void on_ping_answer(struct ami_client *client, const struct ami_answer *answer,
	const struct ami_message *message)
{
	(void)client; /* that it came is all */
	(void)answer;
	(void)message;
}

static void client_take(struct ami_client *client, const struct ami_message *message)
{
	static void (*const answers[])(struct ami_client * client, const struct ami_answer *answer,
		const struct ami_message *message) = {
		[WHAT_CHALLENGE] = on_challenge_answer,
		[WHAT_LOGIN] = on_login_answer,
		[WHAT_QUEUES] = on_queues_answer,
		[WHAT_CHANNELS] = on_channels_answer,
		[WHAT_PING] = on_ping_answer,
	};
	if (message->kind == AMI_BANNER) {
		if (client->state == GREETED)
			on_banner(client);
		return;
	}
	struct ami_answer answer = ami_dialog_take(&client->dialog, message);
	if (answer.kind != AMI_NO_ANSWER)
		answers[answer.what](client, &answer, message);
	else if (message->kind == AMI_EVENT && client->state >= LOOKING)
		client->ears.event(client->ears.context, message);
}

/* ---- What the uplink calls ---- */

static void on_opened(void *context)
{
	struct ami_client *client = context;
	client->dialog = (struct ami_dialog){.last_id = client->dialog.last_id};
	client_enter(client, GREETED);
	if (ami_reader_create(&client->reader) != CH_OK)
		client_lose(client, "memory runs out");
}

static void on_came(void *context, struct slice bytes)
{
	struct ami_client *client = context;
	struct ami_message message;
	client->heard_us = clock_steady_us();
	enum ch_status status = ami_reader_feed(client->reader, bytes);
	/* A message may end the connection, and the reader with it. */
	while (status == CH_OK && client->reader != NULL) {
		status = ami_reader_next(client->reader, &message);
		if (status == CH_OK)
			client_take(client, &message);
		else if (status == CH_TOO_LARGE) {
			log_warning(
				"exchange.message", "detail=\"%s\"", "over a bound, passed over");
			status = CH_OK;
		}
	}
	if (status == CH_NOMEM)
		client_lose(client, "memory runs out");
}

/* Silence: before it is up that is a failed try; later it is asked for a sign of life, and lost when none
 * comes.  An answer that never comes is silence, too. */
static void on_tend(void *context)
{
	struct ami_client *client = context;
	int64_t now_us = clock_steady_us();
	int64_t timeout_us = client->options.uplink.timeout_ms * 1000;
	int64_t oldest_us = ami_dialog_oldest_us(&client->dialog);
	if ((client->state != UP && now_us - client->heard_us > timeout_us) ||
		(oldest_us > 0 && now_us - oldest_us > timeout_us)) {
		client_lose(client, "it does not answer");
		return;
	}
	if (client->state == UP &&
		now_us - client->asked_us >= client->options.uplink.keepalive_ms * 1000) {
		client->asked_us = now_us;
		client_ask(client, "Ping", NULL, 0, WHAT_PING);
	}
}

static void on_lost(void *context)
{
	struct ami_client *client = context;
	bool was_up = client->state == UP;
	ami_reader_free(client->reader);
	client->reader = NULL;
	client->state = GREETED;
	if (was_up)
		client->ears.down(client->ears.context);
}

/* ---- Life ---- */

enum ch_status ami_client_open(uv_loop_t *loop, const struct ami_client_options *options,
	const struct ears *ears, struct ami_client **out_client)
{
	struct ami_client *client = calloc(1, sizeof(*client));
	if (client == NULL)
		return CH_NOMEM;
	const struct uplink_listener listener = {
		.opened = on_opened,
		.came = on_came,
		.tend = on_tend,
		.lost = on_lost,
		.context = client,
	};
	client->options = *options;
	client->ears = *ears;
	enum ch_status status = uplink_open(loop, &options->uplink, &listener, &client->uplink);
	if (status != CH_OK) {
		free(client);
		return status;
	}
	*out_client = client;
	return CH_OK;
}

void ami_client_close(struct ami_client *client)
{
	if (client != NULL)
		uplink_close(client->uplink);
}

void ami_client_free(struct ami_client *client)
{
	if (client == NULL)
		return;
	uplink_free(client->uplink);
	ami_reader_free(client->reader);
	free(client);
}

bool ami_client_is_up(const struct ami_client *client)
{
	return uplink_is_open(client->uplink) && client->state == UP;
}

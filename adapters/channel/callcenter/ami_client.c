#include "channel/callcenter/ami_client.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/invariant.h"
#include "base/log.h"
#include "channel/callcenter/ami_dialog.h"

#define READ_BYTES   65536u
#define UNSENT_BYTES 65536u /* the exchange does not read: it is gone */

enum state {
	DOWN,       /* until the timer */
	CONNECTING, /* a name, a socket */
	GREETED,    /* waits for the banner */
	CHALLENGED, /* asked for one */
	LOGGING_IN,
	LOOKING, /* logged in; QueueStatus, CoreShowChannels */
	UP,
};

enum what { WHAT_CHALLENGE, WHAT_LOGIN, WHAT_QUEUES, WHAT_CHANNELS, WHAT_PING };

struct ami_client {
	uv_loop_t *loop;
	struct ami_client_options options;
	struct ami_client_listener listener;
	enum state state;
	bool closing;
	bool was_up; /* told so */
	bool denied; /* the last login was */
	uv_timer_t timer;
	uv_getaddrinfo_t resolver;
	bool resolving;
	uv_connect_t connecting;
	uv_tcp_t *tcp; /* of this connection; freed when it is closed */
	struct ami_reader *reader;
	struct ami_dialog dialog;
	int64_t pause_ms;
	int64_t heard_us; /* the last byte, or the begin of this state */
	int64_t asked_us; /* the last ping */
	char bytes[READ_BYTES];
};

static void client_lose(struct ami_client *client, const char *why);

static void client_enter(struct ami_client *client, enum state state)
{
	client->state = state;
	client->heard_us = clock_steady_us();
}

/* ---- Writing ---- */

struct letter {
	uv_write_t request;
	char bytes[];
};

static void on_written(uv_write_t *request, int status)
{
	(void)status; /* reading tells that the line is gone */
	free(request);
}

static void client_ask(struct ami_client *client, const char *action, const struct ami_pair *pairs,
	size_t count, int what)
{
	struct buffer text = {0};
	bool lists = what == WHAT_QUEUES || what == WHAT_CHANNELS;
	enum ch_status status = ami_dialog_ask(
		&client->dialog, action, pairs, count, what, lists, clock_steady_us(), &text);
	struct letter *letter = status == CH_OK ? malloc(sizeof(*letter) + text.len) : NULL;
	if (letter != NULL) {
		memcpy(letter->bytes, text.data, text.len);
		uv_buf_t piece = uv_buf_init(letter->bytes, (unsigned)text.len);
		if (uv_write(&letter->request, (uv_stream_t *)client->tcp, &piece, 1, on_written) !=
			0) {
			free(letter);
			letter = NULL;
		}
	}
	if (text.data != NULL)
		sodium_memzero(text.data, text.len); /* the secret may be in it */
	buffer_fini(&text);
	if (letter == NULL)
		client_lose(client, "an action cannot be written");
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
	client->pause_ms = client->options.first_ms;
	client->denied = false;
	client->was_up = true;
	client->asked_us = clock_steady_us();
	log_info("exchange.up", "host=%s", client->options.host);
	client->listener.up(client->listener.context);
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
		client->denied = true;
		client_lose(client, "it refuses the login");
		return;
	}
	client_enter(client, LOOKING);
	client_ask(client, "QueueStatus", NULL, 0, WHAT_QUEUES);
}

static void on_queues_answer(struct ami_client *client, const struct ami_answer *answer,
	const struct ami_message *message)
{
	if (answer->kind == AMI_ITEM)
		client->listener.queue_item(client->listener.context, message);
	/* Without the right to look at queues, or without queues, the channels are enough. */
	if (answer->kind == AMI_LIST_END || answer->kind == AMI_ANSWER)
		client_ask(client, "CoreShowChannels", NULL, 0, WHAT_CHANNELS);
}

static void on_channels_answer(struct ami_client *client, const struct ami_answer *answer,
	const struct ami_message *message)
{
	const struct ami_client_listener *listener = &client->listener;
	switch (answer->kind) {
	case AMI_LIST:
		listener->list_begin(listener->context);
		break;
	case AMI_ITEM:
		listener->list_channel(listener->context, message);
		break;
	case AMI_LIST_END:
		if (!answer->good)
			log_warning("exchange.list", "items=%u detail=\"%s\"", answer->items,
				"the list of channels is not whole: calls under way are kept");
		listener->list_end(listener->context, answer->good);
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
		client->listener.event(client->listener.context, message);
}

/* ---- Sockets ---- */

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

static void client_hang_up(struct ami_client *client)
{
	if (client->tcp != NULL)
		uv_close((uv_handle_t *)client->tcp, on_closed);
	client->tcp = NULL; /* freed when closed */
	ami_reader_free(client->reader);
	client->reader = NULL;
	client->dialog = (struct ami_dialog){.last_id = client->dialog.last_id};
}

static void on_timer(uv_timer_t *timer);

/* From the upper half of the pause, so that many clients do not come back in the same moment. */
static void client_lose(struct ami_client *client, const char *why)
{
	int64_t pause_ms = client->pause_ms;
	if (client->state == DOWN || client->closing)
		return;
	client_hang_up(client);
	client->state = DOWN;
	if (client->denied && pause_ms < client->options.longest_ms)
		pause_ms = client->options.longest_ms; /* exchanges ban who knocks too often */
	log_warning("exchange.down", "host=%s next_ms=%lld detail=\"%s\"", client->options.host,
		(long long)pause_ms, why);
	uint32_t half = (uint32_t)(pause_ms / 2);
	uint64_t wait_ms = (uint64_t)pause_ms - half + randombytes_uniform(half + 1);
	client->pause_ms = client->pause_ms * 2 < client->options.longest_ms
				   ? client->pause_ms * 2
				   : client->options.longest_ms;
	(void)uv_timer_start(
		&client->timer, on_timer, wait_ms, 0); /* fails without callback only */
	if (client->was_up) {
		client->was_up = false;
		client->listener.down(client->listener.context);
	}
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out_room)
{
	struct ami_client *client = handle->data;
	(void)suggested;
	*out_room = uv_buf_init(client->bytes, sizeof(client->bytes));
}

static void on_bytes(uv_stream_t *stream, ssize_t len, const uv_buf_t *room)
{
	struct ami_client *client = stream->data;
	struct ami_message message;
	if (len < 0) {
		client_lose(
			client, len == UV_EOF ? "it has closed the line" : uv_strerror((int)len));
		return;
	}
	client->heard_us = clock_steady_us();
	enum ch_status status = ami_reader_feed(client->reader, slice_of(room->base, (size_t)len));
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

static void on_connected(uv_connect_t *request, int status)
{
	struct ami_client *client = request->data;
	if (status == UV_ECANCELED || client->tcp == NULL ||
		request->handle != (uv_stream_t *)client->tcp)
		return; /* given up meanwhile */
	if (status == 0)
		status = uv_read_start((uv_stream_t *)client->tcp, on_room, on_bytes);
	if (status != 0) {
		client_lose(client, uv_strerror(status));
		return;
	}
	client_enter(client, GREETED);
}

static void on_resolved(uv_getaddrinfo_t *resolver, int status, struct addrinfo *found)
{
	struct ami_client *client = resolver->data;
	client->resolving = false;
	if (!client->closing && client->state == CONNECTING) {
		if (status == 0 && found != NULL) {
			client->connecting.data = client;
			status = uv_tcp_connect(
				&client->connecting, client->tcp, found->ai_addr, on_connected);
		}
		if (status != 0)
			client_lose(client, uv_strerror(status));
	}
	uv_freeaddrinfo(found);
}

static void client_connect(struct ami_client *client)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
	client_enter(client, CONNECTING);
	client->tcp = calloc(1, sizeof(*client->tcp));
	if (client->tcp == NULL || uv_tcp_init(client->loop, client->tcp) != 0) {
		free(client->tcp);
		client->tcp = NULL;
		client_lose(client, "no socket is to be had");
		return;
	}
	client->tcp->data = client;
	(void)uv_tcp_nodelay(client->tcp, 1); /* slower without */
	if (ami_reader_create(&client->reader) != CH_OK) {
		client_lose(client, "memory runs out");
		return;
	}
	if (client->resolving)
		return; /* the last try's answer is still to come, and will do; the watch bounds it */
	client->resolver.data = client;
	int status = uv_getaddrinfo(client->loop, &client->resolver, on_resolved,
		client->options.host, client->options.port, &hints);
	client->resolving = status == 0;
	if (status != 0)
		client_lose(client, uv_strerror(status));
}

/* ---- The watch ---- */

/* Silence: before it is up that is a failed try; later it is asked for a sign of life, and lost when none
 * comes.  An answer that never comes is silence, too. */
static void client_watch(struct ami_client *client)
{
	int64_t now_us = clock_steady_us();
	int64_t timeout_us = client->options.timeout_ms * 1000;
	int64_t oldest_us = ami_dialog_oldest_us(&client->dialog);
	if (client->state != UP && now_us - client->heard_us > timeout_us) {
		client_lose(client, client->state == CONNECTING ? "it cannot be reached"
								: "it does not answer");
		return;
	}
	if (oldest_us > 0 && now_us - oldest_us > timeout_us) {
		client_lose(client, "it does not answer");
		return;
	}
	if (client->tcp != NULL && client->tcp->write_queue_size > UNSENT_BYTES) {
		client_lose(client, "it does not read");
		return;
	}
	if (client->state == UP &&
		now_us - client->asked_us >= client->options.keepalive_ms * 1000) {
		client->asked_us = now_us;
		client_ask(client, "Ping", NULL, 0, WHAT_PING);
	}
}

static void on_timer(uv_timer_t *timer)
{
	struct ami_client *client = timer->data;
	if (client->closing)
		return;
	if (client->state == DOWN)
		client_connect(client);
	else
		client_watch(client);
	if (client->state == DOWN)
		return; /* the timer has been set */
	int64_t beat_ms = client->options.timeout_ms < client->options.keepalive_ms
				  ? client->options.timeout_ms
				  : client->options.keepalive_ms;
	beat_ms = beat_ms / 4 > 10 ? beat_ms / 4 : 10;
	(void)uv_timer_start(timer, on_timer, (uint64_t)beat_ms, 0); /* as above */
}

/* ---- Life ---- */

enum ch_status ami_client_open(uv_loop_t *loop, const struct ami_client_options *options,
	const struct ami_client_listener *listener, struct ami_client **out_client)
{
	struct ami_client *client = calloc(1, sizeof(*client));
	if (client == NULL)
		return CH_NOMEM;
	client->loop = loop;
	client->options = *options;
	client->listener = *listener;
	client->pause_ms = options->first_ms;
	if (uv_timer_init(loop, &client->timer) != 0) {
		free(client);
		return CH_IO;
	}
	client->timer.data = client;
	(void)uv_timer_start(&client->timer, on_timer, 0, 0); /* as above */
	*out_client = client;
	return CH_OK;
}

void ami_client_close(struct ami_client *client)
{
	if (client == NULL || client->closing)
		return;
	client->closing = true;
	client_hang_up(client);
	if (client->resolving)
		(void)uv_cancel((uv_req_t *)&client->resolver); /* else it ends by itself */
	uv_close((uv_handle_t *)&client->timer, NULL);
}

void ami_client_free(struct ami_client *client)
{
	if (client == NULL)
		return;
	invariant(client->closing);
	free(client);
}

bool ami_client_is_up(const struct ami_client *client)
{
	return client->state == UP;
}

#include "channel/callcenter/esl_client.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "channel/callcenter/esl.h"
#include "channel/callcenter/esl_list.h"
#include "channel/callcenter/esl_words.h"

#define EVENTS                                                                                     \
	"event plain CHANNEL_CREATE CHANNEL_ANSWER CHANNEL_HOLD CHANNEL_UNHOLD "                   \
	"CHANNEL_HANGUP_COMPLETE CUSTOM callcenter::info"

/* What is waited for: one answer at a time. */
enum what { NOTHING, A_GREETING, LOGIN, SUBSCRIPTION, AGENTS, QUEUES, MEMBERS, CHANNELS, PING };

struct esl_client {
	struct esl_client_options options;
	struct ears ears;
	struct uplink *uplink;
	bool up;
	enum what asked;
	struct esl_reader *reader; /* while the uplink is open */
	struct esl_words words;
	struct buffer queues; /* names that are still to be looked into, each with a line end */
	size_t queue_at;
	int64_t heard_us; /* the last byte, or the begin */
	int64_t asked_us;
};

static void client_lose(struct esl_client *client, const char *why)
{
	uplink_lose(client->uplink, false, why);
}

/* ---- Asking ---- */

static void client_ask(
	struct esl_client *client, enum what what, const char *command, struct slice argument)
{
	struct buffer text = {0};
	buffer_append_text(&text, command);
	buffer_append_slice(&text, argument);
	buffer_append_text(&text, "\n\n");
	client->asked = what;
	client->asked_us = clock_steady_us();
	if (text.status == CH_OK)
		uplink_send(client->uplink, buffer_slice(&text));
	else
		client_lose(client, "memory runs out");
	if (text.data != NULL)
		sodium_memzero(text.data, text.len); /* the password may be in it */
	buffer_fini(&text);
}

#define NO_MORE ((struct slice){NULL, 0})

/* Channels that come while the list is under way are no strangers to it. */
static void ask_channels(struct esl_client *client)
{
	client->ears.list_begin(client->ears.context);
	client_ask(client, CHANNELS, "api show channels as json", NO_MORE);
}

static void ask_members(struct esl_client *client)
{
	struct slice rest = slice_sub(buffer_slice(&client->queues), client->queue_at, SIZE_MAX);
	struct slice name;
	if (rest.len == 0 || !text_split(&rest, '\n', &name)) {
		ask_channels(client);
		return;
	}
	client->queue_at += name.len + 1;
	client_ask(client, MEMBERS, "api callcenter_config queue list members ", name);
}

/* ---- Answers ---- */

static void on_login(struct esl_client *client, const struct esl_message *message)
{
	if (!slice_starts(message->name, SLICE_LITERAL("+OK"))) {
		/* Who knocks too often may be banned. */
		uplink_lose(client->uplink, true, "it refuses the login");
		return;
	}
	struct slice custom = slice_text(client->options.custom);
	client_ask(client, SUBSCRIPTION, custom.len > 0 ? EVENTS " " : EVENTS, custom);
}

static void on_subscription(struct esl_client *client, const struct esl_message *message)
{
	if (slice_starts(message->name, SLICE_LITERAL("+OK")))
		client_ask(client, AGENTS, "api callcenter_config agent list", NO_MORE);
	else
		uplink_lose(client->uplink, true, "it does not tell events");
}

/* The words of a list's row, told like an event's. */
static void tell_item(
	struct esl_client *client, void (*tell)(void *context, const struct ami_message *message))
{
	tell(client->ears.context, &client->words.messages[0]);
}

static void words_begin(struct esl_client *client, const char *event)
{
	client->words.count = client->words.field_count = 0;
	esl_words_begin(&client->words, event);
}

static void on_agents(struct esl_client *client, const struct esl_message *message)
{
	struct esl_table table;
	esl_table_open(message->body, &table);
	while (esl_table_next(&table)) {
		words_begin(client, "QueueMember");
		esl_words_put(&client->words, "Name", esl_table_cell(&table, "name"));
		esl_words_put(&client->words, "Location",
			esl_contact_user(esl_table_cell(&table, "contact")));
		tell_item(client, client->ears.queue_item);
	}
	client_ask(client, QUEUES, "api callcenter_config queue list", NO_MORE);
}

static void on_queues(struct esl_client *client, const struct esl_message *message)
{
	struct esl_table table;
	size_t passed = 0;
	buffer_clear(&client->queues);
	client->queue_at = 0;
	esl_table_open(message->body, &table);
	for (size_t i = 0; esl_table_next(&table); i++) {
		passed += i >= LIMIT_ESL_QUEUES;
		if (i >= LIMIT_ESL_QUEUES)
			continue;
		buffer_append_slice(&client->queues, esl_table_cell(&table, "name"));
		buffer_append_byte(&client->queues, '\n');
	}
	if (passed > 0)
		log_warning("exchange.list", "queues=%zu detail=\"%s\"", passed,
			"too many queues: who waits in these is not known");
	ask_members(client);
}

static void on_members(struct esl_client *client, const struct esl_message *message)
{
	struct esl_table table;
	char waited[24];
	esl_table_open(message->body, &table);
	while (esl_table_next(&table)) {
		struct slice state = esl_table_cell(&table, "state");
		struct slice uuid = esl_table_cell(&table, "session_uuid");
		uint64_t joined_s = 0;
		int64_t now_s = clock_wall_us() / 1000000;
		if (!ami_is(state, "Waiting") && !ami_is(state, "Trying"))
			continue;
		if (text_parse_u64(esl_table_cell(&table, "joined_epoch"), UINT32_MAX, &joined_s) !=
				CH_OK ||
			(int64_t)joined_s > now_s)
			joined_s = (uint64_t)now_s;
		(void)snprintf(waited, sizeof(waited), "%lld",
			(long long)(now_s - (int64_t)joined_s)); /* fits */
		words_begin(client, "QueueEntry");
		esl_words_put(&client->words, "Uniqueid", uuid);
		esl_words_put(&client->words, "Linkedid", uuid);
		esl_words_put(&client->words, "Queue", esl_table_cell(&table, "queue"));
		esl_words_put(&client->words, "CallerIDNum", esl_table_cell(&table, "cid_number"));
		esl_words_put(&client->words, "CallerIDName", esl_table_cell(&table, "cid_name"));
		esl_words_put(&client->words, "Wait", slice_text(waited));
		tell_item(client, client->ears.queue_item);
	}
	ask_members(client);
}

static void on_listed(void *context, struct slice uuid)
{
	struct esl_client *client = context;
	words_begin(client, "CoreShowChannel");
	esl_words_put(&client->words, "Uniqueid", uuid);
	tell_item(client, client->ears.list_channel);
}

static void on_channels(struct esl_client *client, const struct esl_message *message)
{
	bool whole = esl_channels(message->body, on_listed, client);
	if (!whole)
		log_warning("exchange.list", "detail=\"%s\"",
			"the list of channels is not whole: calls under way are kept");
	client->ears.list_end(client->ears.context, whole);
	client->up = true;
	client->asked_us = clock_steady_us();
	uplink_settle(client->uplink);
	log_info("exchange.up", "host=%s", client->options.uplink.host);
	client->ears.up(client->ears.context);
}

static void on_pong(struct esl_client *client, const struct esl_message *message)
{
	(void)client; /* that it came is all */
	(void)message;
}

static void client_take_answer(struct esl_client *client, const struct esl_message *message)
{
	static const struct {
		enum esl_kind kind;
		void (*take)(struct esl_client *client, const struct esl_message *message);
	} answers[] = {
		[LOGIN] = {ESL_REPLY, on_login},
		[SUBSCRIPTION] = {ESL_REPLY, on_subscription},
		[AGENTS] = {ESL_ANSWER, on_agents},
		[QUEUES] = {ESL_ANSWER, on_queues},
		[MEMBERS] = {ESL_ANSWER, on_members},
		[CHANNELS] = {ESL_ANSWER, on_channels},
		[PING] = {ESL_ANSWER, on_pong},
	};
	enum what asked = client->asked;
	if (answers[asked].take == NULL || answers[asked].kind != message->kind)
		return; /* nobody asked */
	client->asked = NOTHING;
	answers[asked].take(client, message);
}

/* ---- Messages ---- */

static void client_take_event(struct esl_client *client, const struct esl_message *message)
{
	esl_words_of(message, &client->words);
	for (size_t i = 0; i < client->words.count; i++)
		client->ears.event(client->ears.context, &client->words.messages[i]);
}

static void client_take(struct esl_client *client, const struct esl_message *message)
{
	switch (message->kind) {
	case ESL_AUTH:
		if (client->asked == A_GREETING)
			client_ask(client, LOGIN, "auth ", client->options.password);
		break;
	case ESL_REPLY:
	case ESL_ANSWER:
		client_take_answer(client, message);
		break;
	case ESL_EVENT:
		client_take_event(client, message);
		break;
	case ESL_BYE:
		client_lose(client, "it ends the connection");
		break;
	case ESL_DENIED:
		uplink_lose(client->uplink, true,
			"it refuses this address: look at its apply-inbound-acl");
		break;
	case ESL_OTHER:
		break;
	}
}

/* An answer that is passed over is an empty one: whoever waits for it goes on. */
static void client_pass_over(struct esl_client *client)
{
	const struct esl_message nothing = {.kind = ESL_ANSWER};
	log_warning("exchange.message", "detail=\"%s\"", "over a bound, passed over");
	client_take_answer(client, &nothing);
}

/* ---- What the uplink calls ---- */

static void on_opened(void *context)
{
	struct esl_client *client = context;
	client->up = false;
	client->asked = A_GREETING;
	client->heard_us = client->asked_us = clock_steady_us();
	if (esl_reader_create(&client->reader) != CH_OK)
		client_lose(client, "memory runs out");
}

static void on_came(void *context, struct slice bytes)
{
	struct esl_client *client = context;
	struct esl_message message;
	client->heard_us = clock_steady_us();
	enum ch_status status = esl_reader_feed(client->reader, bytes);
	/* A message may end the connection, and the reader with it. */
	while (status == CH_OK && client->reader != NULL) {
		status = esl_reader_next(client->reader, &message);
		if (status == CH_OK)
			client_take(client, &message);
		else if (status == CH_TOO_LARGE) {
			client_pass_over(client);
			status = CH_OK;
		}
	}
	if (status == CH_NOMEM)
		client_lose(client, "memory runs out");
	if (status == CH_FORMAT)
		uplink_lose(client->uplink, true,
			"what it says is no event socket's: is exchange.port that of mod_event_socket?");
}

static void on_tend(void *context)
{
	struct esl_client *client = context;
	int64_t now_us = clock_steady_us();
	int64_t timeout_us = client->options.uplink.timeout_ms * 1000;
	if (client->asked != NOTHING && now_us - client->asked_us > timeout_us &&
		(client->up || now_us - client->heard_us > timeout_us))
		client_lose(client, "it does not answer");
	else if (client->up && client->asked == NOTHING &&
		 now_us - client->asked_us >= client->options.uplink.keepalive_ms * 1000)
		client_ask(client, PING, "api uptime", NO_MORE);
}

static void on_lost(void *context)
{
	struct esl_client *client = context;
	bool was_up = client->up;
	esl_reader_free(client->reader);
	client->reader = NULL;
	client->up = false;
	client->asked = NOTHING;
	if (was_up)
		client->ears.down(client->ears.context);
}

/* ---- Life ---- */

enum ch_status esl_client_open(uv_loop_t *loop, const struct esl_client_options *options,
	const struct ears *ears, struct esl_client **out_client)
{
	struct esl_client *client = calloc(1, sizeof(*client));
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

void esl_client_close(struct esl_client *client)
{
	if (client != NULL)
		uplink_close(client->uplink);
}

void esl_client_free(struct esl_client *client)
{
	if (client == NULL)
		return;
	uplink_free(client->uplink);
	esl_reader_free(client->reader);
	buffer_fini(&client->queues);
	free(client);
}

bool esl_client_is_up(const struct esl_client *client)
{
	return uplink_is_open(client->uplink) && client->up;
}

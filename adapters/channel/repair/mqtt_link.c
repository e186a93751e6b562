#include "channel/repair/mqtt_link.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/invariant.h"
#include "base/limits.h"
#include "base/log.h"
#include "channel/repair/dial.h"
#include "channel/repair/retry.h"
#include "kit/secret.h"

#define GREETING_US 10000000 /* from CONNECT to the end of SUBSCRIBE */
#define GATHER_US   200000   /* so long letters are gathered before their acknowledgements go */
#define QUIET_US    1000000

enum link_state { LINK_DOWN, LINK_DIALING, LINK_GREETING, LINK_SUBSCRIBING, LINK_OPEN };

struct mqtt_link {
	const struct mqtt_settings *settings;
	char *topics[MQTT_TOPICS_MAX + 1]; /* the settings', and that of the questions */
	size_t topic_count;
	enum link_state state;
	struct retry retry;
	struct dial *dial;
	struct call *call;
	struct mosquitto *mosq;
	int64_t due_us; /* by when it must be open */
	bool told_away;
	const char *failed; /* by a callback; NULL: nothing.  Constant text */
	bool out_of_memory;
	bool session_kept;
	bool owed; /* an acknowledgement waits to be written */

	struct letter *first; /* not taken yet */
	struct letter **last;
	size_t out;          /* not done yet, taken or not */
	int64_t gathered_us; /* when the first of these came */
	int64_t came_us;     /* when the last one did, or it opened */
};

/* ---- Settings ---- */

static void link_check_file(const char *name, const char *path, struct problems *problems)
{
	if (path != NULL && access(path, R_OK) != 0)
		problems_add(problems, NULL, 0, name, "%s: cannot be read", path);
}

enum ch_status mqtt_link_check(const struct mqtt_settings *settings, struct problems *problems)
{
	size_t before = problems->count + problems->dropped;
	const struct {
		const char *name;
		bool missing;
		const char *reason;
	} needed[] = {
		{"mqtt.host", settings->host == NULL, "is missing: where is the broker?"},
		{"mqtt.client_id", settings->client_id == NULL,
			"is missing: the broker keeps the session under it"},
		{"mqtt.topics", settings->topics.count == 0, "is missing: what is read?"},
		{"mqtt.rejects", settings->rejects == NULL,
			"is missing: where is what is no event kept?"},
		{"mqtt.user", settings->user == NULL && settings->password_file != NULL,
			"is missing: a password alone is not sent"},
		{"mqtt.cert_file", (settings->cert_file == NULL) != (settings->key_file == NULL),
			"and mqtt.key_file go together"},
		{"mqtt.answers", (settings->questions == NULL) != (settings->answers == NULL),
			"and mqtt.questions go together"},
		{"mqtt.tls",
			!settings->tls &&
				(settings->ca_file != NULL || settings->cert_file != NULL),
			"is off, and there are certificates"},
	};
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (needed[i].missing && !problems_about(problems, needed[i].name))
			problems_add(problems, NULL, 0, needed[i].name, "%s", needed[i].reason);
	}
	const char *rejects_fault =
		settings->rejects != NULL ? file_write_fault(settings->rejects) : NULL;
	if (rejects_fault != NULL)
		problems_add(problems, NULL, 0, "mqtt.rejects", "%s: %s", settings->rejects,
			rejects_fault);
	for (size_t i = 0; i < settings->topics.count; i++) {
		if (mosquitto_sub_topic_check(settings->topics.items[i]) != MOSQ_ERR_SUCCESS)
			problems_add(problems, NULL, 0, "mqtt.topics",
				"\"%s\" is no topic, nor a pattern of topics",
				settings->topics.items[i]);
	}
	if (settings->password_file != NULL)
		(void)secret_read(settings->password_file, "mqtt.password_file", problems,
			NULL); /* counted below */
	link_check_file("mqtt.ca_file", settings->ca_file, problems);
	link_check_file("mqtt.cert_file", settings->cert_file, problems);
	if (settings->key_file != NULL)
		(void)secret_open(settings->key_file, "mqtt.key_file", problems, NULL); /* too */
	return problems->count + problems->dropped > before ? CH_INVALID : CH_OK;
}

/* 2.0 has no words for this one. */
static const char *link_words(int result)
{
	return result == MOSQ_ERR_KEEPALIVE ? "no sign of life for mqtt.keepalive"
					    : mosquitto_strerror(result);
}

/* ---- Letters ---- */

void letter_free(struct letter *letter)
{
	free(letter);
}

/* Copies bytes to where there is room for them. */
static struct slice letter_keep(char **room, const void *bytes, size_t len)
{
	char *place = *room;
	if (len > 0)
		memcpy(place, bytes, len);
	*room += len;
	return slice_of(place, len);
}

/* One property that matters; all are text but the correlation, which is any bytes.  Gives back how many
 * bytes it has; with a letter, copies them behind it. */
static size_t letter_take(const mosquitto_property *property, struct letter *letter, char **room)
{
	int kind = mosquitto_property_identifier(property);
	char *name = NULL;
	void *value = NULL;
	uint16_t value_len = 0;
	char *text = NULL;
	if (kind == MQTT_PROP_CONTENT_TYPE || kind == MQTT_PROP_RESPONSE_TOPIC)
		(void)mosquitto_property_read_string(property, kind, &text, false);
	else if (kind == MQTT_PROP_USER_PROPERTY)
		(void)mosquitto_property_read_string_pair(property, kind, &name, &text, false);
	else if (kind == MQTT_PROP_CORRELATION_DATA)
		(void)mosquitto_property_read_binary(property, kind, &value, &value_len, false);
	size_t name_len = name != NULL ? strlen(name) : 0;
	size_t text_len = text != NULL ? strlen(text) : 0;
	if (letter != NULL) {
		struct slice name_kept = letter_keep(room, name, name_len);
		struct slice text_kept = letter_keep(room, text, text_len);
		struct mqtt_message *message = &letter->message;
		if (kind == MQTT_PROP_CONTENT_TYPE)
			message->content_type = text_kept;
		else if (kind == MQTT_PROP_RESPONSE_TOPIC)
			letter->response_topic = text_kept;
		else if (kind == MQTT_PROP_CORRELATION_DATA)
			letter->correlation = letter_keep(room, value, value_len);
		else if (kind == MQTT_PROP_USER_PROPERTY &&
			 message->property_count == MESSAGE_ATTRIBUTES_MAX)
			message->properties_cut = true;
		else if (kind == MQTT_PROP_USER_PROPERTY)
			message->properties[message->property_count++] =
				(struct message_attribute){name_kept, text_kept};
	}
	free(name);
	free(text);
	free(value);
	return name_len + text_len + value_len;
}

/* All of it in one piece.  NULL: out of memory. */
static struct letter *letter_create(
	const struct mosquitto_message *message, const mosquitto_property *properties)
{
	const size_t table = MESSAGE_ATTRIBUTES_MAX * sizeof(struct message_attribute);
	size_t topic_len = strlen(message->topic);
	size_t whole = message->payloadlen > 0 ? (size_t)message->payloadlen : 0;
	/* One byte more than is read, so that it is seen to be too large. */
	size_t payload_len = whole <= LIMIT_ROW_BYTES ? whole : LIMIT_ROW_BYTES + 1;
	size_t bytes = topic_len + payload_len;
	for (const mosquitto_property *p = properties; p != NULL; p = mosquitto_property_next(p))
		bytes += letter_take(p, NULL, NULL);
	struct letter *letter = calloc(1, sizeof(*letter) + table + bytes);
	if (letter == NULL)
		return NULL;
	letter->message.properties = (struct message_attribute *)(void *)(letter + 1);
	char *room = (char *)(letter + 1) + table;
	for (const mosquitto_property *p = properties; p != NULL; p = mosquitto_property_next(p))
		(void)letter_take(p, letter, &room);
	letter->message.topic = letter_keep(&room, message->topic, topic_len);
	letter->message.payload = letter_keep(&room, message->payload, payload_len);
	letter->payload_bytes = whole;
	return letter;
}

/* ---- What libmosquitto tells, on our thread, from mosquitto_loop_read ---- */

static void link_on_connect(struct mosquitto *mosq, void *context, int reason, int flags,
	const mosquitto_property *properties)
{
	struct mqtt_link *link = context;
	bool five = link->settings->version == MQTT_PROTOCOL_V5;
	(void)properties;
	if (reason != 0) {
		link->failed =
			five ? mosquitto_reason_string(reason) : mosquitto_connack_string(reason);
		return;
	}
	link->session_kept = (flags & 1) != 0;
	if (mosquitto_subscribe_multiple(mosq, NULL, (int)link->topic_count, link->topics, 1,
		    five ? MQTT_SUB_OPT_SEND_RETAIN_NEW : 0, NULL) != MOSQ_ERR_SUCCESS)
		link->failed = "the subscription cannot be sent";
	link->state = LINK_SUBSCRIBING;
}

static void link_on_subscribe(struct mosquitto *mosq, void *context, int mid, int count,
	const int *granted, const mosquitto_property *properties)
{
	struct mqtt_link *link = context;
	(void)mosq;
	(void)mid; /* there is one subscription */
	(void)properties;
	for (int i = 0; i < count; i++) {
		if (granted[i] == 1)
			continue;
		log_error("mqtt.subscription", "adapter=carehub-repair topic=\"%s\" answer=%d",
			(size_t)i < link->topic_count ? link->topics[i] : "", granted[i]);
		link->failed = "a topic was refused";
	}
	link->state = LINK_OPEN;
	link->came_us = clock_steady_us();
	if (link->failed != NULL)
		return;
	link->told_away = false;
	retry_worked(&link->retry);
	log_info("mqtt.connected", "adapter=carehub-repair session=%s",
		link->session_kept ? "kept" : "new");
}

static void link_on_message(struct mosquitto *mosq, void *context,
	const struct mosquitto_message *message, const mosquitto_property *properties)
{
	struct mqtt_link *link = context;
	struct letter *letter = letter_create(message, properties);
	(void)mosq;
	if (letter == NULL) {
		link->out_of_memory = true;
		return;
	}
	link->owed = link->owed || message->qos > 0;
	link->came_us = clock_steady_us();
	if (link->out++ == 0)
		link->gathered_us = link->came_us;
	*link->last = letter;
	link->last = &letter->next;
}

static void link_on_disconnect(
	struct mosquitto *mosq, void *context, int reason, const mosquitto_property *properties)
{
	struct mqtt_link *link = context;
	(void)mosq;
	(void)properties;
	if (link->failed == NULL)
		link->failed =
			reason > 127 ? mosquitto_reason_string(reason) : mosquitto_strerror(reason);
}

/* ---- Connecting ---- */

/* A connection being made, on a thread of its own. */
struct call {
	char *host;
	int port;
	int keepalive_s;
	mosquitto_property *properties;
	struct mosquitto *mosq;
	int result;
};

static void call_drop(void *context)
{
	struct call *call = context;
	if (call == NULL)
		return;
	if (call->mosq != NULL)
		mosquitto_destroy(call->mosq);
	mosquitto_property_free_all(&call->properties);
	free(call->host);
	free(call);
}

static void call_work(void *context)
{
	struct call *call = context;
	call->result = mosquitto_connect_bind_v5(
		call->mosq, call->host, call->port, call->keepalive_s, NULL, call->properties);
}

/* What goes into CONNECT; false: out of memory. */
static bool call_fill(struct call *call, const struct mqtt_settings *settings)
{
	call->host = strdup(settings->host);
	call->port = (int)settings->port;
	call->keepalive_s = (int)(settings->keepalive_ms / 1000);
	if (settings->version != MQTT_PROTOCOL_V5)
		return call->host != NULL;
	return call->host != NULL &&
	       mosquitto_property_add_int32(&call->properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL,
		       (uint32_t)(settings->session_ms / 1000)) == MOSQ_ERR_SUCCESS &&
	       mosquitto_property_add_int16(&call->properties, MQTT_PROP_RECEIVE_MAXIMUM,
		       (uint16_t)settings->window) == MOSQ_ERR_SUCCESS &&
	       mosquitto_property_add_int32(&call->properties, MQTT_PROP_MAXIMUM_PACKET_SIZE,
		       MQTT_MESSAGE_BYTES) == MOSQ_ERR_SUCCESS;
}

int mqtt_link_secure(const struct mqtt_settings *settings, struct mosquitto *mosq)
{
	int result = MOSQ_ERR_SUCCESS;
	struct secret password = {0};
	/* Read anew each time.  One that cannot be is told by the broker's refusal, and by `check`. */
	if (settings->password_file != NULL)
		(void)secret_read(settings->password_file, "mqtt.password_file", NULL, &password);
	if (settings->user != NULL)
		result = mosquitto_username_pw_set(mosq, settings->user, password.bytes);
	secret_wipe(&password);
	if (result == MOSQ_ERR_SUCCESS && settings->tls)
		result = mosquitto_tls_set(mosq, settings->ca_file,
			settings->ca_file == NULL ? "/etc/ssl/certs" : NULL, settings->cert_file,
			settings->key_file, NULL);
	return result;
}

static void link_lose(struct mqtt_link *link, const char *why)
{
	if (!link->told_away)
		log_warning("mqtt.lost", "adapter=carehub-repair under_way=%zu detail=\"%s\"",
			link->out, why);
	link->told_away = true;
	if (link->mosq != NULL)
		mosquitto_destroy(link->mosq);
	link->mosq = NULL;
	link->failed = NULL;
	link->owed = false;
	link->state = LINK_DOWN;
	retry_failed(&link->retry);
}

static enum ch_status link_dial(struct mqtt_link *link)
{
	const struct mqtt_settings *settings = link->settings;
	enum ch_status status = CH_NOMEM;
	struct call *call = calloc(1, sizeof(*call));
	if (call == NULL || !call_fill(call, settings))
		goto out;
	call->mosq = mosquitto_new(settings->client_id, false, link);
	if (call->mosq == NULL || mosquitto_threaded_set(call->mosq, true) != MOSQ_ERR_SUCCESS ||
		mosquitto_int_option(call->mosq, MOSQ_OPT_PROTOCOL_VERSION, settings->version) !=
			MOSQ_ERR_SUCCESS)
		goto out;
	mosquitto_connect_v5_callback_set(call->mosq, link_on_connect);
	mosquitto_subscribe_v5_callback_set(call->mosq, link_on_subscribe);
	mosquitto_message_v5_callback_set(call->mosq, link_on_message);
	mosquitto_disconnect_v5_callback_set(call->mosq, link_on_disconnect);
	int result = mqtt_link_secure(settings, call->mosq);
	if (result != MOSQ_ERR_SUCCESS) {
		link_lose(link, mosquitto_strerror(result));
		status = CH_OK;
		goto out;
	}
	status = dial_start(call_work, call, call_drop, &link->dial);
	if (status != CH_OK)
		goto out;
	link->call = call;
	link->state = LINK_DIALING;
	call = NULL;
out:
	call_drop(call);
	return status;
}

static void link_answered(struct mqtt_link *link)
{
	struct call *call = link->call;
	int result = call->result;
	(void)dial_free(link->dial); /* it is done */
	link->dial = NULL;
	link->call = NULL;
	link->mosq = call->mosq;
	call->mosq = NULL;
	call_drop(call);
	link->failed = NULL;
	link->state = LINK_GREETING;
	link->due_us = clock_steady_us() + GREETING_US;
	if (result != MOSQ_ERR_SUCCESS)
		link_lose(link, mosquitto_strerror(result));
}

/* ---- Reading and acknowledging ---- */

/* Gathering goes on for a moment only, or a steady trickle would never let an acknowledgement go. */
static bool link_may_read(const struct mqtt_link *link)
{
	return link->out == 0 || (link->out < (size_t)link->settings->window &&
					 clock_steady_us() - link->gathered_us < GATHER_US);
}

static enum ch_status link_read(struct mqtt_link *link)
{
	struct pollfd socket = {mosquitto_socket(link->mosq), POLLIN, 0};
	int result = MOSQ_ERR_SUCCESS;
	while (result == MOSQ_ERR_SUCCESS && link->failed == NULL && !link->out_of_memory &&
		link_may_read(link) && poll(&socket, 1, 0) == 1) {
		result = mosquitto_loop_read(link->mosq, 1);
		socket.fd = mosquitto_socket(link->mosq);
	}
	if (link->out_of_memory)
		return CH_NOMEM; /* not acknowledged: it comes again */
	if (result != MOSQ_ERR_SUCCESS && link->failed == NULL)
		link->failed = link_words(result);
	return CH_OK;
}

/* Only while no letter is out: what waits to be written may be its acknowledgement. */
static void link_write(struct mqtt_link *link)
{
	if (link->out > 0 || link->failed != NULL || !mosquitto_want_write(link->mosq))
		return;
	int result = mosquitto_loop_write(link->mosq, 1);
	if (result != MOSQ_ERR_SUCCESS && link->failed == NULL)
		link->failed = link_words(result);
	link->owed = link->owed && mosquitto_want_write(link->mosq);
}

static enum ch_status link_tend_connection(struct mqtt_link *link)
{
	link_write(link);
	enum ch_status status = link_read(link);
	if (status != CH_OK)
		return status;
	if (link->owed && link->failed == NULL && !mosquitto_want_write(link->mosq)) {
		log_error("mqtt.unsafe",
			"adapter=carehub-repair detail=\"this libmosquitto acknowledges messages "
			"before they are stored\"");
		return CH_VERSION;
	}
	link_write(link);
	if (link->failed == NULL) {
		int result = mosquitto_loop_misc(link->mosq);
		if (result != MOSQ_ERR_SUCCESS && link->failed == NULL)
			link->failed = link_words(result);
	}
	if (link->failed == NULL && link->state != LINK_OPEN && clock_steady_us() > link->due_us)
		link->failed = "the broker does not answer";
	if (link->failed != NULL)
		link_lose(link, link->failed);
	return CH_OK;
}

static void link_say_wait(const struct mqtt_link *link, struct kit_wait *out_wait)
{
	switch (link->state) {
	case LINK_DOWN:
		if (link->out == 0)
			out_wait->timeout_ms = retry_wait_ms(&link->retry);
		break;
	case LINK_DIALING:
		out_wait->fd = dial_fd(link->dial);
		out_wait->events = POLLIN;
		break;
	default:
		out_wait->fd = mosquitto_socket(link->mosq);
		out_wait->timeout_ms = 1000; /* for loop_misc */
		if (link_may_read(link))
			out_wait->events |= POLLIN;
		if (link->out == 0 && mosquitto_want_write(link->mosq))
			out_wait->events |= POLLOUT;
	}
}

enum ch_status mqtt_link_tend(struct mqtt_link *link, struct kit_wait *out_wait)
{
	enum ch_status status = CH_OK;
	if (link->state == LINK_DOWN && link->out == 0 && retry_wait_ms(&link->retry) == 0)
		status = link_dial(link);
	else if (link->state == LINK_DIALING && dial_is_done(link->dial))
		link_answered(link);
	if (status == CH_OK && link->mosq != NULL)
		status = link_tend_connection(link);
	if (status == CH_OK)
		link_say_wait(link, out_wait);
	return status;
}

struct letter *mqtt_link_take(struct mqtt_link *link)
{
	struct letter *letter = link->first;
	if (letter == NULL)
		return NULL;
	link->first = letter->next;
	if (link->first == NULL)
		link->last = &link->first;
	letter->next = NULL;
	return letter;
}

void mqtt_link_done(struct mqtt_link *link, struct letter *letter)
{
	invariant(link->out > 0);
	link->out--;
	letter_free(letter);
}

void mqtt_link_publish(
	struct mqtt_link *link, struct slice topic, struct slice payload, struct slice correlation)
{
	mosquitto_property *properties = NULL;
	struct buffer name = {0};
	int result = MOSQ_ERR_NO_CONN;
	buffer_append_slice(&name, topic);
	if (link->state == LINK_OPEN && link->settings->version == MQTT_PROTOCOL_V5 &&
		correlation.len > 0)
		(void)mosquitto_property_add_binary(&properties, MQTT_PROP_CORRELATION_DATA,
			correlation.data, (uint16_t)correlation.len); /* without it, then */
	if (link->state == LINK_OPEN)
		result = mosquitto_publish_v5(link->mosq, NULL, buffer_text(&name),
			(int)payload.len, payload.data, 1, false, properties);
	if (result != MOSQ_ERR_SUCCESS)
		log_warning(
			"mqtt.answer", "adapter=carehub-repair detail=\"%s\"", link_words(result));
	mosquitto_property_free_all(&properties);
	buffer_fini(&name);
}

bool mqtt_link_is_quiet(const struct mqtt_link *link)
{
	return link->state == LINK_OPEN && link->out == 0 &&
	       clock_steady_us() - link->came_us > QUIET_US;
}

/* ---- Opening and closing ---- */

enum ch_status mqtt_link_create(const struct mqtt_settings *settings, struct mqtt_link **out_link)
{
	struct mqtt_link *link = calloc(1, sizeof(*link));
	if (link == NULL)
		return CH_NOMEM;
	if (mosquitto_lib_init() != MOSQ_ERR_SUCCESS) {
		free(link);
		return CH_INTERNAL;
	}
	link->settings = settings;
	link->last = &link->first;
	for (size_t i = 0; i < settings->topics.count && i < MQTT_TOPICS_MAX; i++)
		link->topics[link->topic_count++] = settings->topics.items[i];
	if (settings->questions != NULL)
		link->topics[link->topic_count++] = settings->questions;
	*out_link = link;
	return CH_OK;
}

/* A farewell, so that the broker need not wait for the silence.  What it costs when it cannot be sent is
 * that silence. */
static void link_say_goodbye(struct mqtt_link *link)
{
	struct pollfd socket = {mosquitto_socket(link->mosq), POLLOUT, 0};
	if (mosquitto_disconnect_v5(link->mosq, 0, NULL) != MOSQ_ERR_SUCCESS)
		return;
	for (int i = 0; i < 10 && mosquitto_want_write(link->mosq); i++) {
		if (poll(&socket, 1, 100) != 1 ||
			mosquitto_loop_write(link->mosq, 1) != MOSQ_ERR_SUCCESS)
			return;
	}
}

void mqtt_link_free(struct mqtt_link *link)
{
	struct letter *letter;
	if (link == NULL)
		return;
	if (link->dial != NULL && dial_free(link->dial))
		call_drop(link->call);
	if (link->state == LINK_OPEN && link->out == 0)
		link_say_goodbye(link);
	if (link->mosq != NULL)
		mosquitto_destroy(link->mosq);
	while ((letter = mqtt_link_take(link)) != NULL)
		letter_free(letter);
	free(link);
	(void)mosquitto_lib_cleanup(); /* counts, and always works */
}

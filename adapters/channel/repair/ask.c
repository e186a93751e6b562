#include "channel/repair/ask.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/clock.h"

#define TOPIC_BYTES  256
#define RANDOM_BYTES 16
#define ROUND_MS     200

struct ask {
	const struct mqtt_settings *settings;
	struct slice question;
	struct buffer *answer;
	char topic[TOPIC_BYTES];                /* of the answer */
	char correlation[RANDOM_BYTES * 2 + 1]; /* text, so that a script can give it back */
	enum ch_status status;                  /* CH_RETRY: still waiting */
};

static void ask_on_connect(struct mosquitto *mosq, void *context, int reason, int flags,
	const mosquitto_property *properties)
{
	struct ask *ask = context;
	(void)flags;
	(void)properties;
	if (reason != 0)
		ask->status = CH_DENIED;
	else if (mosquitto_subscribe_v5(mosq, NULL, ask->topic, 1, 0, NULL) != MOSQ_ERR_SUCCESS)
		ask->status = CH_CLOSED;
}

/* Only now: an answer must find us listening. */
static void ask_on_subscribe(struct mosquitto *mosq, void *context, int mid, int count,
	const int *granted, const mosquitto_property *properties)
{
	struct ask *ask = context;
	mosquitto_property *with = NULL;
	(void)mid;
	(void)properties;
	if (count != 1 || granted[0] > 2) {
		ask->status = CH_DENIED;
		return;
	}
	int result = mosquitto_property_add_string(&with, MQTT_PROP_RESPONSE_TOPIC, ask->topic);
	if (result == MOSQ_ERR_SUCCESS)
		result = mosquitto_property_add_binary(&with, MQTT_PROP_CORRELATION_DATA,
			ask->correlation, (uint16_t)strlen(ask->correlation));
	if (result == MOSQ_ERR_SUCCESS)
		result = mosquitto_publish_v5(mosq, NULL, ask->settings->station_questions,
			(int)ask->question.len, ask->question.data, 1, false, with);
	mosquitto_property_free_all(&with);
	if (result != MOSQ_ERR_SUCCESS)
		ask->status = result == MOSQ_ERR_NOMEM ? CH_NOMEM : CH_CLOSED;
}

static void ask_on_message(struct mosquitto *mosq, void *context,
	const struct mosquitto_message *message, const mosquitto_property *properties)
{
	struct ask *ask = context;
	void *data = NULL;
	uint16_t len = 0;
	(void)mosq;
	(void)mosquitto_property_read_binary(
		properties, MQTT_PROP_CORRELATION_DATA, &data, &len, false);
	/* Whoever else writes there answers another question. */
	bool ours = data != NULL && len == strlen(ask->correlation) &&
		    memcmp(data, ask->correlation, len) == 0;
	free(data);
	if (!ours || ask->status != CH_RETRY)
		return;
	if (message->payloadlen > 0)
		buffer_append(ask->answer, message->payload, (size_t)message->payloadlen);
	ask->status = ask->answer->status;
}

static enum ch_status ask_wait(struct ask *ask, struct mosquitto *mosq, int64_t patience_ms)
{
	int64_t until_us = clock_steady_us() + patience_ms * 1000;
	while (ask->status == CH_RETRY) {
		if (clock_steady_us() >= until_us)
			return CH_TIMEOUT;
		if (mosquitto_loop(mosq, ROUND_MS, 1) != MOSQ_ERR_SUCCESS &&
			ask->status == CH_RETRY)
			return CH_CLOSED;
	}
	return ask->status;
}

enum ch_status ask_station(const struct mqtt_settings *settings, struct slice question,
	int64_t patience_ms, struct buffer *out_answer)
{
	struct ask ask = {.settings = settings,
		.question = question,
		.answer = out_answer,
		.status = CH_RETRY};
	struct mosquitto *mosq = NULL;
	uint8_t random[RANDOM_BYTES];
	enum ch_status status = CH_UNSUPPORTED;
	if (settings->station_questions == NULL || settings->version != MQTT_PROTOCOL_V5)
		return status;
	randombytes_buf(random, sizeof(random));
	(void)sodium_bin2hex(ask.correlation, sizeof(ask.correlation), random, sizeof(random));
	int len = snprintf(ask.topic, sizeof(ask.topic), "%s/answers/%s",
		settings->station_questions, ask.correlation);
	if (len <= 0 || (size_t)len >= sizeof(ask.topic))
		return CH_TOO_LARGE;
	if (mosquitto_lib_init() != MOSQ_ERR_SUCCESS)
		return CH_INTERNAL;
	status = CH_NOMEM;
	mosq = mosquitto_new(NULL, true, &ask);
	if (mosq == NULL || mosquitto_int_option(mosq, MOSQ_OPT_PROTOCOL_VERSION,
				    settings->version) != MOSQ_ERR_SUCCESS)
		goto out;
	mosquitto_connect_v5_callback_set(mosq, ask_on_connect);
	mosquitto_subscribe_v5_callback_set(mosq, ask_on_subscribe);
	mosquitto_message_v5_callback_set(mosq, ask_on_message);
	status = CH_CLOSED;
	if (mqtt_link_secure(settings, mosq) != MOSQ_ERR_SUCCESS ||
		mosquitto_connect(mosq, settings->host, (int)settings->port,
			(int)(settings->keepalive_ms / 1000)) != MOSQ_ERR_SUCCESS)
		goto out;
	status = ask_wait(&ask, mosq, patience_ms);
	(void)mosquitto_disconnect(mosq); /* the session is none to be kept */
out:
	if (mosq != NULL)
		mosquitto_destroy(mosq);
	(void)mosquitto_lib_cleanup(); /* counts, and always works */
	return status;
}

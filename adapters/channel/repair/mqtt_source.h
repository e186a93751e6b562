/* The messages of an MQTT broker as a source for the kit.  What is no event, and what the hub refuses for
 * good, is written to a file of rejects before it is acknowledged, so that it does not come for ever:
 *
 *     {"time":"2026-03-02T08:00:00.000000Z","topic":"stations/sh12","reason":"byte 4: ...",
 *      "bytes":812,"payload":"..."}
 *
 * one a line; `payloadBase64` when it is no text, and only its first 16 KiB. */
#ifndef REPAIR_MQTT_SOURCE_H
#define REPAIR_MQTT_SOURCE_H

#include "channel/repair/inquiry.h"
#include "channel/repair/mqtt_link.h"

/* Rows of the settings, `member` being a struct mqtt_settings of `config`. */
#define MQTT_OPTIONS(config, member)                                                                      \
	{.name = "mqtt.host",                                                                             \
		.type = OPTION_TEXT,                                                                      \
		.at = offsetof(config, member.host),                                                      \
		.help = "The broker."},                                                                   \
		{.name = "mqtt.port",                                                                     \
			.type = OPTION_NUMBER,                                                            \
			.at = offsetof(config, member.port),                                              \
			.min = 1,                                                                         \
			.max = 65535,                                                                     \
			.initial = "1883",                                                                \
			.help = "Its port; usually 8883 with TLS."},                                      \
		{.name = "mqtt.client_id",                                                                \
			.type = OPTION_TEXT,                                                              \
			.at = offsetof(config, member.client_id),                                         \
			.max = 200,                                                                       \
			.help = "The name under which the broker keeps the session, and what came\n"      \
				"while nobody was there: never another one, and never used twice."},      \
		{.name = "mqtt.topics",                                                                   \
			.type = OPTION_LIST,                                                              \
			.at = offsetof(config, member.topics),                                            \
			.max = MQTT_TOPICS_MAX,                                                           \
			.help = "What is read, at QoS 1: topics, with + and # as usual."},                \
		{.name = "mqtt.version",                                                                  \
			.type = OPTION_CHOICE,                                                            \
			.at = offsetof(config, member.version),                                           \
			.words = mqtt_version_words,                                                      \
			.initial = "5",                                                                   \
			.help = "3.1.1 for a broker that knows no other; it has structured events\n"      \
				"alone."},                                                                \
		{.name = "mqtt.user",                                                                     \
			.type = OPTION_TEXT,                                                              \
			.at = offsetof(config, member.user),                                              \
			.help = "As whom; without it nobody in particular."},                             \
		{.name = "mqtt.password_file",                                                            \
			.type = OPTION_TEXT,                                                              \
			.at = offsetof(config, member.password_file),                                     \
			.help = "A file with his password as its first line, readable by its owner\n"     \
				"alone."},                                                                \
		{.name = "mqtt.tls",                                                                      \
			.type = OPTION_BOOL,                                                              \
			.at = offsetof(config, member.tls),                                               \
			.initial = "no",                                                                  \
			.help = "Encrypted, with the broker's certificate checked.  Without it whoever\n" \
				"is on the way reads customers' names: only on this machine."},           \
		{.name = "mqtt.ca_file",                                                                  \
			.type = OPTION_TEXT,                                                              \
			.at = offsetof(config, member.ca_file),                                           \
			.help = "Who vouches for it; without it, whoever this system trusts."},           \
		{.name = "mqtt.cert_file",                                                                \
			.type = OPTION_TEXT,                                                              \
			.at = offsetof(config, member.cert_file),                                         \
			.help = "Our certificate, where the broker wants one, with"},                     \
		{.name = "mqtt.key_file",                                                                 \
			.type = OPTION_TEXT,                                                              \
			.at = offsetof(config, member.key_file),                                          \
			.help = "its key."},                                                              \
		{.name = "mqtt.keepalive",                                                                \
			.type = OPTION_MS,                                                                \
			.at = offsetof(config, member.keepalive_ms),                                      \
			.min = 5000,                                                                      \
			.max = 3600000,                                                                   \
			.initial = "1m",                                                                  \
			.help = "A silent broker is left after so long, and so does the broker with us\n" \
				"when the hub has not answered for so long; it keeps the messages."},     \
		{.name = "mqtt.session",                                                                  \
			.type = OPTION_MS,                                                                \
			.at = offsetof(config, member.session_ms),                                        \
			.min = 60000,                                                                     \
			.max = INT64_C(365) * 86400000,                                                   \
			.initial = "7d",                                                                  \
			.help = "For how long a broker of 5.0 is asked to keep the session."},            \
		{.name = "mqtt.window",                                                                   \
			.type = OPTION_NUMBER,                                                            \
			.at = offsetof(config, member.window),                                            \
			.min = 1,                                                                         \
			.max = MQTT_WINDOW_MAX,                                                           \
			.initial = "200",                                                                 \
			.help = "Messages that may be here without an acknowledgement."},                 \
		{.name = "mqtt.questions",                                                                \
			.type = OPTION_TEXT,                                                              \
			.at = offsetof(config, member.questions),                                         \
			.help = "The topic in which the station asks how a record of its own stands."},   \
		{.name = "mqtt.answers",                                                                  \
			.type = OPTION_TEXT,                                                              \
			.at = offsetof(config, member.answers),                                           \
			.help = "The topic of the answers; a Response Topic must begin with it."},        \
		{.name = "mqtt.station_questions",                                                        \
			.type = OPTION_TEXT,                                                              \
			.at = offsetof(config, member.station_questions),                                 \
			.max = 200,                                                                       \
			.help = "Where the station's own program listens for `carehub-repair ask`; its\n" \
				"answer goes to the Response Topic, below this one."},                    \
	{                                                                                                 \
		.name = "mqtt.rejects", .type = OPTION_TEXT,                                              \
		.at = offsetof(config, member.rejects),                                                   \
		.help = "The file that keeps what is no event, or what the hub refused, as a whole:\n"    \
			"people's data, so in a folder that is closed to others."                         \
	}

extern const struct option_word mqtt_version_words[];

/* All must outlive it.  CH_NOMEM, CH_INTERNAL. */
enum ch_status mqtt_source_open(const struct mqtt_settings *settings, const struct mapping *mapping,
	struct inquiry *inquiry, void **out_source);

/* The callbacks of a kit_adapter. */
enum ch_status mqtt_source_tend(void *source, struct kit_wait *out_wait);
void mqtt_source_count(void *source, struct metrics *metrics);
enum ch_status mqtt_source_next(void *source, struct kit_item *out_item);
void mqtt_source_settle(void *source, const struct kit_settled *settled);
void mqtt_source_close(void *source);

#endif

/* The connection to an MQTT broker: messages come as letters, and a letter is acknowledged to the broker
 * only when its taker is done with it.
 *
 *     down -> dialing -> greeting (CONNECT) -> subscribing -> open
 *      ^                                                       |
 *      '------------------- lost, from anywhere ---------------'
 *
 * How the acknowledgement is held back.  libmosquitto (2.0) makes the PUBACK of a message as soon as it
 * has read it, before the callback is called, and has no way to leave it out.  But in its threaded mode it
 * only puts packets into its queue, and writes that queue when mosquitto_loop_write is called.  Nobody but
 * this file calls that, and only while no letter is out.  So reading stops after a while, or when the
 * broker's own window is full; all letters get done; then all their PUBACKs go together.
 *
 * Whether the library still does so is looked at after each reading: an acknowledgement must be waiting
 * to be written.  If it is not, the adapter stops rather than promise what it cannot keep.
 *
 * What follows from that:
 *   - Each connection has a new struct mosquitto, so that no PUBACK of an old one is ever sent: packet ids
 *     mean something else then.
 *   - A new connection is made when all letters of the old one are done.  The session is kept by the broker:
 *     what was not acknowledged comes again, under the ids that the hub knows.
 *   - While a letter is out no PINGREQ goes either.  A hub that does not answer for longer than
 *     mqtt.keepalive lets the broker close the connection, and keep the messages. */
#ifndef REPAIR_MQTT_LINK_H
#define REPAIR_MQTT_LINK_H

#include "base/option.h"
#include "channel/repair/mqtt_message.h"
#include "kit/adapter.h"

#define MQTT_WINDOW_MAX    1000u
#define MQTT_TOPICS_MAX    64u
#define MQTT_MESSAGE_BYTES (4u * 1024u * 1024u) /* what a broker of 5.0 is asked to keep to */

struct mqtt_settings {
	char *host;
	int64_t port;
	char *client_id;
	struct option_list topics;
	int version; /* 4: 3.1.1, 5 */
	char *user;
	char *password_file;
	bool tls;
	char *ca_file;
	char *cert_file;
	char *key_file;
	int64_t keepalive_ms;
	int64_t session_ms;
	int64_t window;
	char *rejects;
	char *questions;         /* a topic; NULL: nobody asks */
	char *answers;           /* a topic, and what every Response Topic begins with */
	char *station_questions; /* where the station's own program listens; NULL: it does not */
};

/* One message; the taker's from mqtt_link_take to mqtt_link_done. */
struct letter {
	struct letter *next;
	struct mqtt_message message;
	struct slice response_topic; /* of a question; empty: none was given */
	struct slice correlation;
	uint64_t payload_bytes; /* of what came; more than is here when it was too large */
	/* What the taker needs. */
	uint32_t open;
	bool given;
};

struct mqtt_link;

/* What is wrong with the settings beyond what their rows can tell.  CH_INVALID when it added. */
enum ch_status mqtt_link_check(const struct mqtt_settings *settings, struct problems *problems);

/* `settings` must outlive it.  Connects in the background, for ever.  CH_NOMEM, CH_INTERNAL. */
enum ch_status mqtt_link_create(const struct mqtt_settings *settings, struct mqtt_link **out_link);

/* User, password and certificates for a struct mosquitto of one's own; an enum mosq_err_t. */
struct mosquitto;
int mqtt_link_secure(const struct mqtt_settings *settings, struct mosquitto *mosq);

/* Acknowledges what is done, if all is; the rest comes again.  Letters that are out are the taker's to
 * free. */
void mqtt_link_free(struct mqtt_link *link);
void letter_free(struct letter *letter); /* NULL is fine */

/* A kit_adapter's tend.  CH_VERSION: this libmosquitto acknowledges by itself; it has been logged. */
enum ch_status mqtt_link_tend(struct mqtt_link *link, struct kit_wait *out_wait);

/* The next letter; NULL: none now. */
struct letter *mqtt_link_take(struct mqtt_link *link);

/* It is stored, or set aside; frees it. */
void mqtt_link_done(struct mqtt_link *link, struct letter *letter);

/* Publishes to a topic, at QoS 1.  What cannot be sent is lost with the connection. */
void mqtt_link_publish(
	struct mqtt_link *link, struct slice topic, struct slice payload, struct slice correlation);

/* Subscribed, and nothing has come for a second. */
bool mqtt_link_is_quiet(const struct mqtt_link *link);

#endif

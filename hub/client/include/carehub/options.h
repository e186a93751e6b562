/* How to connect.  Setters copy what they are given; an object can serve many connections and may be
 * freed as soon as ch_connect has returned.  One thread at a time. */
#ifndef CAREHUB_OPTIONS_H
#define CAREHUB_OPTIONS_H

#include <carehub/bytes.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ch_options;
struct ch_connection;

/* NULL when memory runs out. */
CH_PUBLIC struct ch_options *ch_options_create(void);
CH_PUBLIC void ch_options_free(struct ch_options *options);

/* A ZeroMQ endpoint of the hub, "tcp://host:7710".  Mandatory.  CH_INVALID, CH_NOMEM. */
CH_PUBLIC enum ch_status ch_options_set_endpoint(struct ch_options *options, const char *endpoint);

/* The hub's public key, 40 characters of Z85 (ZeroMQ RFC 32) or 64 hex digits.  Mandatory: without it
 * anybody could play the hub.  CH_FORMAT. */
CH_PUBLIC enum ch_status ch_options_set_server_key(struct ch_options *options, const char *key);

/* This peer's own secret key, written alike; the public one follows from it.  Mandatory.
 * CH_FORMAT. */
CH_PUBLIC enum ch_status ch_options_set_key(struct ch_options *options, const char *secret_key);

/* The same from a file that holds the key on a line of its own; empty lines and those that begin with
 * "# " are comments.  CH_NOT_FOUND, CH_IO, CH_NOMEM, CH_FORMAT; CH_DENIED: others than its owner have
 * a right to the file, so the key is no secret. */
CH_PUBLIC enum ch_status ch_options_set_key_file(struct ch_options *options, const char *path);

/* What the hub's operator sees of this program: "carehub-pos 0.1.0".  CH_TOO_LARGE over 64 bytes,
 * CH_FORMAT when not UTF-8. */
CH_PUBLIC enum ch_status ch_options_set_agent(struct ch_options *options, const char *agent);

/* Asks for the checkpoint that came with the newest stored event of this source; may be called for up
 * to 64 sources, CH_FULL beyond.  See ch_connection_checkpoint. */
CH_PUBLIC enum ch_status ch_options_add_checkpoint_source(
	struct ch_options *options, const char *source);

/* How long a try to connect may take, from the TCP handshake to the hub's welcome; 10 000 ms. */
CH_PUBLIC void ch_options_set_connect_timeout(struct ch_options *options, int64_t timeout_ms);

/* ch_connect returns at once and the connection is made in the background, tried again for ever: for
 * those who keep events of their own until the hub is there. */
CH_PUBLIC void ch_options_set_lazy(struct ch_options *options, bool lazy);

/* Between two tries the wait doubles from first to longest, and each is drawn from its upper half, so
 * that a thousand clients do not come back in the same millisecond; 100 ms, 10 000 ms. */
CH_PUBLIC void ch_options_set_reconnect(
	struct ch_options *options, int64_t first_ms, int64_t longest_ms);

/* Silence after which the hub is asked for a sign of life; after three times as long the connection
 * counts as lost.  0 (the beginning): as the hub wishes. */
CH_PUBLIC void ch_options_set_heartbeat(struct ch_options *options, int64_t heartbeat_ms);

/* What may be published and not yet answered before publishing waits: 16 384 events, 64 MiB.  The
 * hub's own window is smaller and holds beside it. */
CH_PUBLIC void ch_options_set_window(struct ch_options *options, uint32_t events, size_t bytes);

/* Events in a frame, 1 to 256; 64.  A frame is sent as soon as the hub takes one, however few are in
 * it: there is no timer to wait for.  It fills while others are under way. */
CH_PUBLIC void ch_options_set_batch(struct ch_options *options, uint32_t events);

/* What to do when the hub refuses an event for now (its disk is full, it is too busy): send it again
 * after the time that the hub gives and up to a quarter more, so that those that it put off together
 * do not come back together (true, the beginning), or hand CH_RETRY to the publisher. */
CH_PUBLIC void ch_options_set_retry(struct ch_options *options, bool retry);

/* The states of a connection, as they are told to the callback below. */
enum ch_state {
	CH_CONNECTING = 1, /* a try has begun */
	CH_CONNECTED = 2,  /* the hub has said welcome */
	CH_LOST = 3,       /* the try failed or the connection broke: `why`; the next try follows */
	CH_FINISHED = 4,   /* closed for good: `why` is CH_OK when we wanted it */
};

/* Called on the library's thread; `detail` is for people and lives as long as the call. */
typedef void ch_state_callback(void *context, struct ch_connection *connection, enum ch_state state,
	enum ch_status why, const char *detail);

/* `callback` may be NULL. */
CH_PUBLIC void ch_options_set_state_callback(
	struct ch_options *options, ch_state_callback *callback, void *context);

#ifdef __cplusplus
}
#endif
#endif

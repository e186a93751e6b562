/* A connection to the hub: one session, one thread of the library. */
#ifndef CAREHUB_CONNECTION_H
#define CAREHUB_CONNECTION_H

#include <carehub/options.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Connects and waits for the hub's welcome (not when lazy).
 * CH_INVALID: endpoint or a key is missing; CH_CLOSED: nobody listens there; CH_DENIED: the hub does
 * not know our key, or its own is not the one we were given; CH_VERSION: it speaks no version of ours;
 * CH_TIMEOUT, CH_NOMEM.  On failure nothing goes on in the background. */
CH_PUBLIC enum ch_status ch_connect(
	const struct ch_options *options, struct ch_connection **out_connection);

/* Publishing ends (CH_CLOSED) and what was published is waited for; no new deliveries come, and those
 * that are here are waited for until they are taken and answered, by threads that go on calling
 * ch_subscription_next until it says CH_END.  The connection must still be closed.
 * CH_TIMEOUT: something was left when time was up; CH_CLOSED: it was closed meanwhile;
 * CH_INVALID: called from a callback. */
CH_PUBLIC enum ch_status ch_drain(struct ch_connection *connection, int64_t timeout_ms);

/* Ends the connection at once and lets go of it; NULL is fine.  Publishes without an answer end with
 * CH_CLOSED (the hub may have stored them: publishing them again under the same ids does no harm),
 * their callbacks have run when this returns.  Threads that wait in other calls come back with
 * CH_CLOSED.  Subscriptions stay valid until they are closed, and only say CH_CLOSED.
 * Durable cursors stay where their acks have brought them.  Not from a callback. */
CH_PUBLIC void ch_close(struct ch_connection *connection);

#define CH_NAME_BYTES 65 /* with the NUL */

/* As of the last welcome. */
struct ch_info {
	enum ch_state state;
	char peer[CH_NAME_BYTES]; /* our name, as the hub knows it by our key */
	uint64_t incarnation;     /* of the journal; positions of another one are void */
	uint64_t head;            /* newest synced sequence; later ones as the hub tells them */
	int64_t clock_offset_us;  /* the hub's clock minus ours, as well as one message can tell */
	uint32_t event_bytes;     /* bounds of the hub */
	uint32_t frame_bytes;
	uint32_t events_per_frame;
	bool resumed; /* the session was known */
};

/* CH_CLOSED: there was no welcome yet. */
CH_PUBLIC enum ch_status ch_connection_info(
	struct ch_connection *connection, struct ch_info *out_info);

/* The checkpoint that the last welcome brought for a source asked for with
 * ch_options_add_checkpoint_source: copied to `out`, at most `capacity` bytes (1024 are always
 * enough).  CH_NOT_FOUND: the hub has none; CH_TOO_LARGE; CH_CLOSED: no welcome yet.
 * `out_sequence` may be NULL. */
CH_PUBLIC enum ch_status ch_connection_checkpoint(struct ch_connection *connection,
	const char *source, void *out, size_t capacity, size_t *out_len, uint64_t *out_sequence);

/* Counters since ch_connect. */
struct ch_stats {
	uint64_t published; /* events handed to the library */
	uint64_t accepted;
	uint64_t duplicates;
	uint64_t conflicts;
	uint64_t refused;
	uint64_t retried; /* refused for now and sent again */
	uint64_t resent;  /* sent again after a lost connection */
	uint64_t frames_sent;
	uint64_t frames_received;
	uint64_t bytes_sent;
	uint64_t bytes_received;
	uint64_t delivered;  /* taken by subscribers */
	uint64_t suppressed; /* came again after a lost connection, the subscriber had them */
	uint64_t acknowledged;
	uint64_t connects;     /* welcomes */
	uint64_t unreadable;   /* messages of the hub that could not be read */
	uint64_t waiting;      /* events published and not answered, now */
	uint64_t in_flight;    /* those of them that are under way, now */
	uint32_t credit;       /* the hub's window, now */
	int64_t round_trip_us; /* of the last heartbeat; 0: none yet */
};

CH_PUBLIC void ch_connection_stats(struct ch_connection *connection, struct ch_stats *out_stats);

#ifdef __cplusplus
}
#endif
#endif

/* The inside of the fake hub, for its own files.  One thread owns all of it but the wishes, and holds the
 * lock while it works; callers set wishes under the lock and ring. */
#ifndef KIT_FAKE_INSIDE_H
#define KIT_FAKE_INSIDE_H

#include <pthread.h>

#include "base/table.h"
#include "kit/fakehub/fake_hub.h"
#include "wire/envelope.h"
#include "wire/frame.h"
#include "wire/session.h"

#define FAKE_KEY_BYTES     41 /* Z85 and a NUL */
#define FAKE_CONNECTIONS   16
#define FAKE_SUBSCRIPTIONS 32
#define FAKE_TOKENS        64
#define FAKE_ANSWERS       16
#define FAKE_CHECKPOINTS   8
#define FAKE_GONE          64
#define FAKE_PUT_OFF       4096

/* ---- The log: fake_memory.c ---- */

struct fake_event {
	uint8_t *bytes;           /* the encoded Event */
	struct envelope envelope; /* looks into bytes */
	struct slice key;         /* source and id, as the table of the known has them; owned */
};

/* ---- Who reads it: fake_reader.c ---- */

enum fake_mark { FAKE_WAITING, FAKE_OUT, FAKE_DONE, FAKE_DELAYED };

/* What is known of one sequence to one cursor. */
struct fake_progress {
	uint8_t state;
	uint8_t attempts;
	int64_t due_us; /* of a delayed one */
};

struct fake_cursor {
	struct fake_cursor *next;
	char name[LIMIT_NAME_BYTES + 1]; /* "": of a subscription without one, and gone with it */
	uint64_t generation;
	uint64_t moves;
	uint64_t base;                  /* the sequence before the first */
	struct fake_progress *progress; /* by sequence - 1 */
	uint64_t capacity;
	bool snapshot_done;
};

struct fake_subscription {
	bool used;
	int connection;
	struct fake_cursor *cursor;
	uint32_t handle;
	char patterns[LIMIT_FILTER_PATTERNS][LIMIT_PATTERN_BYTES + 1];
	uint32_t pattern_count;
	uint64_t next; /* sequence looked at next */
	int64_t available;
	bool no_ack;
	bool draining;
	bool caught_up;
	bool ended;
	uint64_t stop;
	uint32_t snapshot_left;
	uint32_t snapshot_at;
	char job[LIMIT_NAME_BYTES + 1];
	uint64_t job_next;
	uint64_t job_last;
};

/* ---- Who is connected ---- */

struct fake_pending {
	struct receipt receipt;
	int64_t due_us;
};

struct fake_connection {
	bool used;
	uint8_t id[256];
	size_t id_len;
	bool greeted;
	uint8_t token[SESSION_TOKEN_BYTES];
	uint32_t in_flight;
	uint64_t last_frame;
	struct buffer pending; /* receipts that wait: an array of struct fake_pending */
	size_t pending_at;     /* the first that waits, in bytes */
	int64_t heard_us;
	int64_t pinged_us; /* 0: not since it was heard */
};

struct fake_kept_answer {
	struct fake_answer answer;
	char field[64];
	char detail[128];
	uint32_t seen; /* events beyond the skipped ones */
};

struct fake_kept_checkpoint {
	char source[LIMIT_SOURCE_BYTES + 1];
	char checkpoint[64];
	uint64_t sequence;
};

struct fake_hub {
	/* The sockets: fake_line.c. */
	void *context;
	void *router; /* NULL: away */
	void *zap;
	int bell;
	pthread_t thread;
	char endpoint[128];
	char server_public[FAKE_KEY_BYTES];
	char server_secret[FAKE_KEY_BYTES];
	char client_public[FAKE_KEY_BYTES];
	char client_secret[FAKE_KEY_BYTES];
	uint8_t client_key[32];
	struct buffer out;

	/* Guarded by the lock: wishes, clock, counters. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	void (*action)(struct fake_hub *hub, const void *argument);
	const void *argument;
	bool stop;
	bool away;
	bool drop;
	bool silent;
	bool hold;
	bool keep_detaches;
	uint32_t lose_publishes;
	uint32_t drop_after; /* events; 0: no */
	uint32_t hold_after; /* events; 0: no */
	uint32_t credit;
	uint32_t heartbeat_ms;
	uint32_t events_per_frame;
	uint32_t parts;
	uint32_t snapshot;
	struct fake_pace pace;
	int64_t beat_due_us;
	struct fake_kept_answer answers[FAKE_ANSWERS];
	uint32_t answer_count; /* ever given; a place is used again when its answer is used up */
	int refuse_kind;
	enum ch_status refuse_reason;
	bool refuse_fatal;
	uint64_t incarnation;
	struct fake_kept_checkpoint checkpoints[FAKE_CHECKPOINTS];
	uint32_t checkpoint_count;
	bool clock_stands;
	int64_t clock_us;       /* where it stands */
	int64_t clock_ahead_us; /* of the machine's, while it runs */
	uint64_t counters[FAKE_COUNTERS];
	char violation[256];

	/* The thread's own. */
	struct fake_event *log;
	uint64_t head;
	uint64_t capacity;
	struct table known; /* events by source and id: of the log, by their place + 1 */
	struct {
		uint64_t hash;
		int64_t due_us;
	} put_off
		[FAKE_PUT_OFF]; /* events that were answered RETRY_AFTER, by the hash of their key */
	uint8_t tokens[FAKE_TOKENS][SESSION_TOKEN_BYTES];
	uint32_t token_count;
	struct fake_connection connections[FAKE_CONNECTIONS];
	struct {
		uint8_t id[256];
		size_t id_len;
	} gone[FAKE_GONE]; /* closed from here; what they had sent may still come */
	uint32_t gone_count;
	struct fake_subscription subscriptions[FAKE_SUBSCRIPTIONS];
	struct fake_cursor *cursors;
	struct welcome welcome;
	struct publish publish;
};

/* ---- fake_hub.c ---- */

void fake_bump(struct fake_hub *hub, enum fake_counter counter, uint64_t more);
void fake_most(struct fake_hub *hub, enum fake_counter counter, uint64_t value);
void fake_violate(struct fake_hub *hub, const char *what);
int64_t fake_now_us(const struct fake_hub *hub);
void fake_ring(struct fake_hub *hub); /* a wish has changed */

/* ---- fake_line.c: sockets and keys, and nothing of what is said ---- */

bool fake_line_open(struct fake_hub *hub, const char *endpoint);
void fake_line_close(struct fake_hub *hub);
bool fake_line_listen(struct fake_hub *hub);
void fake_line_hang_up(struct fake_hub *hub); /* all connections end */
void fake_line_serve_zap(struct fake_hub *hub);

/* What is in hub->out goes to that connection; then it is empty. */
void fake_line_send(struct fake_hub *hub, const struct fake_connection *to);

/* One message: false when there is none.  Both are the caller's to close. */
bool fake_line_receive(struct fake_hub *hub, void *id_msg, void *body_msg);

/* ---- fake_memory.c: what is known for ever ---- */

/* False: the bytes are no event. */
bool fake_memory_append(struct fake_hub *hub, struct slice event);

/* The sequence under which this source and id are known; 0: they are not. */
uint64_t fake_memory_find(const struct fake_hub *hub, const struct envelope *envelope);

/* As docs/protocol.md: the digest where one is set, else type, subject, time and both parts. */
bool fake_memory_same(const struct envelope *a, const struct envelope *b);

/* The newest checkpoint of a source; false: it has none. */
bool fake_memory_checkpoint(
	const struct fake_hub *hub, struct slice source, struct checkpoint *out_checkpoint);

void fake_memory_forget(struct fake_hub *hub); /* all of it */

/* ---- fake_session.c: connections, from hello to bye ---- */

void fake_session_take(struct fake_hub *hub, struct slice id, struct slice message);
void fake_session_disconnect(struct fake_hub *hub, struct fake_connection *connection);
void fake_session_tend(struct fake_hub *hub); /* signs of life */
void fake_session_refuse(struct fake_hub *hub, struct fake_connection *to, enum frame_kind kind,
	enum ch_status reason, const char *detail, bool fatal, uint64_t about);

/* ---- fake_intake.c: PUBLISH, and the receipts for it ---- */

void fake_intake_take(struct fake_hub *hub, struct fake_connection *from, struct slice body);
void fake_intake_release(struct fake_hub *hub); /* receipts that are due */

/* ---- fake_reader.c: subscriptions and cursors ---- */

void fake_reader_subscribe(struct fake_hub *hub, struct fake_connection *from, struct slice body);
void fake_reader_ack(struct fake_hub *hub, struct fake_connection *from, struct slice body);
void fake_reader_grant(struct fake_hub *hub, struct fake_connection *from, struct slice body);
void fake_reader_detach(struct fake_hub *hub, struct fake_connection *from, struct slice body);
void fake_reader_leave(struct fake_hub *hub, struct fake_subscription *subscription);
void fake_reader_mark(
	struct fake_hub *hub, struct fake_subscription *subscription, struct mark mark);

struct fake_cursor *fake_cursor_find(const struct fake_hub *hub, struct slice name);
uint64_t fake_cursor_at(const struct fake_hub *hub, const struct fake_cursor *cursor);
/* What this cursor knows of a sequence, 1 to head. */
struct fake_progress *fake_cursor_progress(
	const struct fake_hub *hub, struct fake_cursor *cursor, uint64_t sequence);
void fake_cursor_rewind(struct fake_cursor *cursor, uint64_t base); /* nothing behind it is done */
void fake_cursor_free(struct fake_hub *hub, struct fake_cursor *cursor);

/* ---- fake_delivery.c ---- */

/* What is due to one subscription, as far as its credit goes; true: there is more. */
bool fake_delivery_run(struct fake_hub *hub, struct fake_subscription *subscription);

#endif

/* What the files of this folder see of each other.  Unless it says otherwise, all of it is the fan-out
 * thread's. */
#ifndef FANOUT_INSIDE_H
#define FANOUT_INSIDE_H

#include <stdatomic.h>

#include "base/heap.h"
#include "base/table.h"
#include "fanout/clerk.h"
#include "fanout/consumer.h"
#include "fanout/cursor.h"
#include "fanout/fanout.h"
#include "fanout/operation.h"
#include "fanout/recent.h"
#include "fanout/rows.h"
#include "fanout/tap.h"
#include "fanout/tempo.h"
#include "fanout/walk.h"

/* ---- Things that happen later ---- */

/* At a time. */
struct alarm {
	struct heap_item item; /* first: an item of the heap is its alarm */
	void (*ring)(struct alarm *alarm);
};

/* When what was put into the clerk's folio is durable. */
struct later {
	struct later *next;
	uint64_t folio;
	void (*run)(struct later *later);
};

/* ---- A session ---- */

struct sending {
	struct task task; /* first */
	struct sending *next;
	struct consumer *consumer;
	struct buffer bytes;
};

struct consumer {
	/* Fixed. */
	struct fanout *fanout;
	struct consumer_options options;
	char peer[LIMIT_NAME_BYTES + 1];

	/* The loop thread's. */
	bool closed;
	struct sending *unsent;
	struct sending **unsent_last;

	/* Between the threads. */
	atomic_uint outstanding; /* frames that were posted and not yet sent */
	atomic_uint asked;       /* commands that were posted and not yet done */
	atomic_bool starved;     /* the fan-out waits for room */
	atomic_bool told;        /* `room` is on its way */
	struct task room;
	struct task close;

	/* The fan-out thread's. */
	struct table attached; /* handle -> struct subscription */
	struct type_set allowed;
	uint32_t snapshots; /* tables that it may have, a bit each */
	uint32_t values;    /* fields of records: news.h */
	uint32_t references;
	bool gone;
};

/* ---- A subscription ---- */

enum phase {
	PHASE_REST,    /* nobody is attached */
	PHASE_OPENING, /* attached; SUBSCRIBED goes out when that is written down */
	PHASE_SNAPSHOT,
	PHASE_CATCH_UP,
	PHASE_LIVE,
	PHASE_ENDED, /* a bounded one has delivered its last event */
};

struct subscription {
	struct fanout *fanout;
	struct subscription *next; /* of all */
	struct subscription *previous;
	char name[LIMIT_NAME_BYTES + 1]; /* "": ephemeral */
	char peer[LIMIT_NAME_BYTES + 1];

	/* What was asked for. */
	struct buffer wish; /* the body of a SUBSCRIBE */
	int64_t created_us;
	uint32_t ack_wait_ms; /* 0: the default */
	uint32_t max_attempts;
	uint64_t max_lag_events;

	/* What the cursor row holds beside the cursor. */
	struct cursor cursor;
	uint64_t generation;
	uint64_t moves; /* how often an operator has moved the cursor */
	bool suspended;
	bool snapshot_due; /* it begins with a snapshot, or with the same one again */
	uint64_t best_lag; /* the smallest since it was placed */
	int64_t answered_us;
	struct ranges dead; /* sequences of its dead letters */
	uint64_t letters;   /* how many */
	bool reset;         /* the position was void: said at the next attachment */

	/* What is written down, and when it will be. */
	bool dirty;
	struct subscription *next_dirty;
	uint64_t kept_base; /* the floor, as the folio that was submitted last has it */
	uint64_t safe_base; /* ... that was settled last */

	/* While attached. */
	enum phase phase;
	struct consumer *consumer;
	uint32_t handle;
	uint8_t handle_key[4];
	struct arena arena; /* of the interest */
	struct interest interest;
	int64_t window; /* credit, but for what is out */
	bool no_ack;
	bool draining;
	bool bounded;
	uint64_t stop; /* the last sequence of a bounded one */
	struct reader *reader;
	bool read_on; /* the reader was used since the last sweep */
	struct walk *walk;
	bool snapshot_void;   /* what was sent of it: to be said before the next */
	uint64_t snapshot_at; /* what an ack of the snapshot's end names */
	struct later opened;
	struct alarm again; /* tries once more what the machine refused */

	struct job *jobs; /* those that have not ended */
	uint32_t job_count;
	bool jobs_first;

	/* In a queue of those with something to do. */
	bool queued;
	struct subscription *next_queued;

	/* How old the oldest undelivered entry is: looked up rarely. */
	uint64_t lag_sequence;
	int64_t lag_arrival_us;
};

/* ---- A replay ---- */

enum job_state { JOB_RUNNING = 1, JOB_PAUSED = 2, JOB_DONE = 3, JOB_CANCELLED = 4 }; /* stored */

struct job {
	struct fanout *fanout;
	struct subscription *subscription; /* NULL: it has ended */
	struct job *next;                  /* of the subscription */
	char id[LIMIT_NAME_BYTES + 1];
	char name[LIMIT_NAME_BYTES + 1]; /* of the subscription */
	char actor[LIMIT_NAME_BYTES + 1];
	enum job_state state;
	uint64_t first;
	uint64_t last;
	struct buffer wish; /* the body of a SUBSCRIBE with its filter */
	struct cursor cursor;
	struct tempo tempo;
	int64_t started_us;
	int64_t ended_us;
	uint64_t delivered; /* before this start of the hub */
	uint64_t acked;
	bool dirty;
	bool marked; /* END was said */
	uint64_t kept_base;
	uint64_t safe_base;

	/* While its subscription is attached. */
	bool attached;
	struct arena arena;
	struct interest interest;
	struct reader *reader;
	bool read_on;
	struct alarm alarm; /* when its pace allows the next */
};

/* ---- The whole ---- */

struct queue {
	struct subscription *first;
	struct subscription **last;
};

struct fanout {
	struct fanout_options options;
	pthread_t thread;
	struct mailbox inbox;  /* tasks of the fan-out thread */
	struct mailbox outbox; /* tasks of the loop thread */
	struct task wake;
	struct task wake_tap;
	atomic_bool woken;     /* `wake` is posted, or not wanted */
	atomic_bool woken_tap; /* `wake_tap` is posted */
	struct task stop;
	_Atomic uint64_t floor;
	pthread_mutex_t lock; /* of `published` */
	struct fanout_stats published;

	/* The loop thread's. */
	struct mailbox_node *delivering;

	/* The fan-out thread's. */
	struct clerk *clerk;
	struct recent *recent;
	struct tap tap;
	bool tapped;                        /* the live port follows the newest */
	bool resting;                       /* `woken` is set because nobody follows */
	struct table names;                 /* name -> struct subscription, durable ones */
	struct subscription *subscriptions; /* all */
	uint32_t subscription_count;
	uint32_t attached_count;
	uint32_t followers; /* live ones */
	struct table jobs;  /* id -> struct job */
	struct plan *plans; /* replays that are being counted */
	uint32_t plan_count;
	struct queue urgent; /* live, or with an answer to give: served first */
	struct queue bulk;   /* catching up: one turn each, behind all urgent ones */
	struct heap timers;  /* pending deliveries */
	struct heap alarms;
	struct later *laters;
	struct later **laters_last;
	struct subscription *dirty;
	bool jobs_dirty;
	int64_t write_us; /* when the folio goes to the clerk; INT64_MAX: nothing is to be written */
	int64_t tick_us;
	int64_t sweep_us;
	int64_t retry_us; /* when the folio that found no room is tried again; 0: there is none */
	bool broken;      /* the desk failed */
	bool unwritten;   /* it ends, and what was waited for could not be written */
	bool stopping;
	int64_t now_us; /* steady, as of this round */
	uint64_t head;  /* of the journal, as of this round */
	uint64_t audits;
	struct reader *look;        /* for single entries */
	bool look_on;               /* it was used since the last sweep */
	struct group group;         /* of the turn */
	struct group looked;        /* of single entries */
	struct subscribe subscribe; /* scratch, as it is large: what somebody asks for */
	struct subscribe stored;    /* ... and what was asked for before */
	struct cursor_counters totals;
	struct fanout_stats stats;
};

/* ---- consumer.c ---- */

void consumer_hold(struct consumer *consumer);
void consumer_release(struct consumer *consumer);

/* ---- fanout.c ---- */

int64_t fanout_wall_us(const struct fanout *fanout);
int64_t fanout_steady_us(const struct fanout *fanout);

/* It is freed: takes it out of every list. */
void fanout_forget(struct subscription *subscription);

/* One more follows the newest; one less, if this one did. */
void fanout_follow(struct fanout *fanout, uint64_t next);
void fanout_unfollow(struct subscription *subscription);

/* There may be something to do for it. */
void fanout_schedule(struct subscription *subscription);

void fanout_set_alarm(struct fanout *fanout, struct alarm *alarm, int64_t due_us);
void fanout_clear_alarm(struct fanout *fanout, struct alarm *alarm);

/* To the loop thread. */
void fanout_post(struct fanout *fanout, struct task *task);

/* One entry, wherever it is; until the next look.  CH_GAP: it is gone or cannot be read; CH_END; CH_IO,
 * CH_NOMEM. */
enum ch_status fanout_look(struct fanout *fanout, uint64_t sequence, struct group **out_group);

#endif

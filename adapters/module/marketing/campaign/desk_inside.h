/* The desk from the inside: what its files share.
 *
 *     intent_desk.c   the round, definitions, life
 *     desk_job.c      one message: judged, intended, at the mail server, at the gate
 *     desk_pick.c     who is next
 *     desk_sweep.c    intents that nobody sees to
 *     desk_say.c      what is written and said */
#ifndef MARKETING_DESK_INSIDE_H
#define MARKETING_DESK_INSIDE_H

#include "module/marketing/campaign/campaign_meter.h"
#include "module/marketing/campaign/intent_desk.h"
#include "module/marketing/campaign/mail_address.h"

#define SECOND_US     INT64_C(1000000)
#define HOLD_FIRST_US SECOND_US
#define HOLD_MOST_US  (300 * SECOND_US)
#define RETRY_MOST_US (3600 * SECOND_US)
#define SWEEP_US      (30 * SECOND_US)
#define METER_US      (10 * SECOND_US)
#define REREAD_US     (30 * SECOND_US)

/* A task that the hub has not taken by then is judged anew: he may have said no since. */
#define HAND_MOST_US (60 * SECOND_US)

/* In one round: members looked at, and open messages. */
#define LOOK_MEMBERS 256u
#define LOOK_OPEN    1024u

/* For each member of a segment: so late after one look comes the next, after a second at least, that a large
 * segment with somebody who cannot be judged does not take all of the time. */
#define LOOK_AGAIN_US 20

/* Tasks under way beside the mails: what holds the mail server up is no matter of theirs, nor theirs of mail's. */
#define TASK_JOBS 4u

/* Customers whose records could not be read are left alone for a while, the last so many. */
#define ALONE_COUNT 64u
#define ALONE_US    (10 * SECOND_US)

/* A question that is not answered takes about a second; then the hub is left alone for as long. */
#define SILENT_US (2 * SECOND_US)

/* A map that was full is twice as large at the next try. */
#define WRITE_TRIES 8

/* What is to be written about a job, in the round's transaction. */
enum job_todo {
	TODO_NOTHING,
	TODO_INTEND,
	TODO_DOUBT,     /* intended and uncertain at once: it may have been sent before a restore */
	TODO_PASS_OVER, /* not intended: `reason` */
	TODO_WITHHOLD,  /* intended: `reason` */
	TODO_TRY,       /* its note goes, then it goes out */
	TODO_SENT,
	TODO_FAILED,
	TODO_UNCERTAIN,
	TODO_NOTE,      /* deferred: its note comes */
	TODO_KEEP,      /* an intent that is not back when the desk is closed: its note comes */
	TODO_HAND,      /* the task */
	TODO_TAKE_BACK, /* the task waited for too long: its note comes */
};

enum job_state {
	JOB_FREE,
	JOB_PICKED,   /* in this round, to be judged */
	JOB_JUDGED,   /* `todo` says how; not written yet */
	JOB_INTENDED, /* said: it is awaited out of the journal */
	JOB_READY,    /* it came: it goes out in this round */
	JOB_MAILING,
	JOB_HANDING, /* the task was said: it is awaited */
	JOB_DONE,    /* `todo` says how it ended; not written yet */
};

struct job {
	struct desk *desk;
	enum job_state state;
	enum job_todo todo;
	const char *reason;
	struct intent intent;
	bool member;         /* picked out of its campaign's segment */
	bool told;           /* before: he is passed over, and why */
	bool meant;          /* before the hub was restored from a backup */
	int64_t intended_us; /* of an earlier try; 0: it is the first */
	int64_t noted_us;    /* of its note; 0: it has none */
	int64_t handed_us;   /* when the task was said */
	struct addressee addressee;
	struct buffer links;
	struct buffer text; /* the mail, or what the agent says */
	char to[MAIL_ADDRESS_BYTES + 1];
	char level[INTENT_LEVEL_BYTES];
	const char *gate; /* why the gate was shut */
	bool unasked;     /* it was shut because the record could not be read, or is another one */
	bool gone;        /* it was shut because the intent is not in the journal any more */
	struct mail_result result;
};

/* How a campaign stands, and how far its segment has been looked through. */
struct pass {
	bool runs;       /* these as of this round */
	bool fits;       /* its definition is the one that was started */
	uint32_t start;  /* of which start; 0: none */
	uint64_t cursor; /* the last member that was looked at */
	int64_t looked;  /* how many were */
	int64_t rest_us; /* before it is looked through again; 0: it never was */
	bool through;
	bool looking;    /* there is more of it to be looked through */
	bool left_out;   /* somebody could not be judged yet: it is looked through once more */
	int64_t next_us; /* when it is looked through again */
	bool complained; /* the segment or version was told to be wrong */
	bool ended;      /* said */
	const char *end; /* to be said */
};

/* Definitions that were replaced while jobs still went by them. */
struct desk_old {
	struct campaigns campaigns;
	struct desk_old *next;
};

struct desk_alone {
	uint64_t customer;
	int64_t until_us;
};

struct desk {
	const struct campaign_settings *settings;
	struct desk_ports ports;
	struct campaigns campaigns;
	struct desk_old *old;
	struct pass *passes;        /* one for each campaign */
	size_t first;               /* whose segment is looked through first: all have their turn */
	struct link_key key;        /* of the tokens in links */
	struct mail_office *office; /* NULL: no mail */
	struct campaign_meter *meter;
	struct job jobs[MAIL_LINES_MAX + TASK_JOBS]; /* the first are for mails, as many as lines */
	uint32_t line_count;
	uint32_t job_count;
	struct module_turn *turn; /* the round's */
	struct book *book;        /* of the last round */
	int64_t now_us;           /* of the last round */
	bool started;             /* a campaign was: perhaps one that was not read yet */
	bool unreadable;          /* told, and still so */
	int64_t next_reread_us;
	bool heard_out;          /* the hub has what earlier lives have said */
	int64_t silent_until_us; /* the hub did not answer, and is not asked before */
	struct desk_alone alone[ALONE_COUNT];
	size_t alone_next;
	int64_t hold_us; /* how long the server is left alone; 0: it is well */
	int64_t held_until_us;
	int64_t next_mail_us;  /* by mail.a_minute */
	int64_t next_sweep_us; /* 0: at once */
	int64_t next_meter_us; /* when what waits is counted again */
};

struct sweep {
	struct ledger_place places[LOOK_OPEN];
	enum job_todo todo[LOOK_OPEN]; /* see desk_sweep.c */
	size_t count;
	/* Of the campaign whose messages it is at; they stand behind each other. */
	char campaign[LEDGER_CAMPAIGN_BYTES];
	bool runs;
	bool over; /* also for what an operator wants sent once more */
};

/* ---- intent_desk.c ---- */

/* Of the definitions as they are now; NULL: it is in none of them. */
struct pass *desk_pass_of(struct desk *desk, const char *campaign);
/* Somebody was left out: its segment is looked through once more, soon. */
void desk_look_again(struct desk *desk, const char *campaign);

/* ---- desk_job.c ---- */

/* A job for a message of this campaign, that may be begun now; NULL: not now. */
struct job *desk_free_job(struct desk *desk, const struct campaign *campaign);
/* Whether there is one for anybody. */
bool desk_has_room(struct desk *desk);
uint32_t desk_busy(const struct desk *desk);
/* One message at a time to anybody: so each sees the one before in his record.  Nor to who could not be judged just
 * now. */
bool desk_leaves_alone(const struct desk *desk, uint64_t customer);
bool desk_has_campaign(const struct desk *desk, const struct campaign *campaign);
void job_release(struct job *job);
/* There is a free one.  Begins a job for the place: it is to be judged in this round. */
struct job *desk_pick(
	struct desk *desk, const struct ledger_place *place, const struct campaign *campaign);
/* May he be written to?  Sets what is to be done; CH_OK also when he may not. */
enum ch_status job_judge(struct job *job);
/* The intent stands; now it goes out. */
void job_go(struct job *job);
/* What has come back out of the journal. */
enum ch_status desk_hear(struct desk *desk, struct book_txn *txn);
/* How it ended; to be written. */
void job_finish(struct job *job, enum job_todo todo, const char *reason);

/* ---- desk_pick.c ---- */

bool campaign_is_over(const struct campaign *campaign, int64_t now_us);
/* Fills free jobs: deferred ones that are due, those to be sent again, members of segments. */
enum ch_status desk_pick_next(struct desk *desk, struct book_txn *txn);

/* ---- desk_sweep.c ---- */

/* Intents without an outcome that nobody sees to. */
enum ch_status desk_sweep(struct desk *desk, struct book_txn *txn, struct sweep *sweep);
enum ch_status desk_write_swept(
	struct desk *desk, const struct sweep *sweep, struct book_txn *txn, int64_t now_us);
/* It is written: it is counted. */
void desk_count_swept(struct desk *desk, const struct sweep *sweep);

/* ---- desk_say.c ---- */

/* All that is to be said, in one transaction; CH_OK when there is nothing. */
enum ch_status desk_write(struct desk *desk, const struct sweep *sweep, int64_t now_us);
/* It is: what follows from it. */
void desk_written(struct desk *desk, const struct sweep *sweep);

#endif

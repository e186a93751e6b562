/* One call, or one stay of it in a queue, as it is told when it is over, and when it comes so far: what the
 * aggregator makes of an exchange's events, and what its own books (queue_log, Master.csv) say, in the same
 * words.
 *
 * Texts are the exchange's bytes, UTF-8 or not; call_event.h makes an event of them. */
#ifndef CALLCENTER_CALL_H
#define CALLCENTER_CALL_H

#include <stdbool.h>

#include "base/slice.h"
#include "base/zone.h"

enum call_outcome {
	CALL_COMPLETED, /* an agent took it, and it is over */
	CALL_ABANDONED, /* the caller hung up in the queue */
	CALL_EXITED,    /* he left the queue otherwise: his time was up, he pressed a key */
	CALL_CUT,       /* the exchange stopped, or told no end */
	CALL_PLAIN,     /* never in a queue */
	CALL_QUEUED,    /* not over: he stands in a queue */
	CALL_CONNECTED, /* not over: an agent took him */
	CALL_SURVEYED,  /* what its caller answered */
};

enum call_exit { EXIT_UNKNOWN, EXIT_TIMEOUT, EXIT_KEY, EXIT_EMPTY, EXIT_WITHDRAWN };

enum call_end { END_UNKNOWN, END_AGENT, END_CALLER, END_TRANSFER, END_FAILURE };

enum call_disposition {
	DISPOSITION_UNKNOWN,
	DISPOSITION_ANSWERED,
	DISPOSITION_NO_ANSWER,
	DISPOSITION_BUSY,
	DISPOSITION_FAILED,
	DISPOSITION_CONGESTION,
};

/* One row of the exchange's book-keeping. */
struct call_leg {
	struct slice leg_id;
	struct slice channel;
	struct slice to_channel;
	struct slice application;
	struct slice account_code;
	uint32_t sequence;
	int64_t start_us;
	int64_t answer_us; /* 0: not answered */
	int64_t end_us;
	int64_t duration_ms;
	int64_t billed_ms;
	enum call_disposition disposition;
};

struct survey;

struct call_record {
	enum call_outcome outcome;
	struct slice call_id;  /* Linkedid; Uniqueid where that is all that is told */
	struct slice uniqueid; /* of the caller's channel */
	struct slice queue;    /* empty: CALL_PLAIN */
	uint32_t stay;         /* of this channel in this queue, from 1 */
	struct slice system;
	struct slice language;
	struct slice dialled;
	struct slice caller_number;
	struct slice caller_name;
	struct slice agent_name;      /* MemberName */
	struct slice agent_interface; /* "Local/201@agents/n" */
	struct slice transferred_to;
	struct slice next;
	int64_t wait_ms;
	int64_t ring_ms;
	int64_t talk_ms;
	int64_t hold_ms;
	uint32_t position;
	uint32_t joined_position;
	uint32_t waiting; /* CALL_QUEUED: how many are, with him; 0: not known */
	uint32_t missed;
	uint32_t hangup_cause;
	enum call_end ended_by;
	enum call_exit exit;
	bool answered;    /* CALL_CUT: an agent had taken it */
	bool partial;     /* it was under way before anybody listened, or while nobody did */
	int64_t start_us; /* 0: not known */
	int64_t end_us;   /* of what is not over: when it came so far */
	const struct survey *survey; /* CALL_SURVEYED; else NULL */
	const struct call_leg *legs; /* CALL_PLAIN, CALL_CUT */
	size_t leg_count;
	size_t leg_total; /* with those that were not kept */
};

/* "NO ANSWER", "ANSWERED" ... as cdr writes it. */
enum call_disposition call_disposition(struct slice word);

/* The part before the last '-' of an id with an exchange's name, "cc01" of "cc01-1795290136.3"; else empty. */
struct slice call_system(struct slice uniqueid);

/* When the channel was made, in seconds, as its id says it: 1795290136; 0: it does not. */
int64_t call_epoch(struct slice uniqueid);

/* "2026-11-21 19:42:16" as the exchange's clock shows it in `zone` (NULL: UTC), as microseconds UTC; 0: empty, or
 * no such time. */
int64_t call_time(struct slice text, const struct zone *zone);

/* The exchange's bytes as UTF-8 without NUL: every byte that is part of none becomes U+FFFD, and what is over
 * LIMIT_CALL_TEXT_BYTES is cut, not within a character.  Returns the length; `out` has room for
 * call_scrub_room(text) bytes. */
size_t call_scrub(struct slice text, char *out);
size_t call_scrub_room(struct slice text);

/* What stands for nobody: "", "<unknown>", "anonymous", "Restricted" ... */
bool call_is_nobody(struct slice caller);

#endif

/* The exchange's own log of its queues, line by line:
 *
 *     1795290136|cc01-1795290136.3|repair|NONE|ENTERQUEUE||13800138000|1
 *     1795290138|cc01-1795290136.3|repair|Agent Wang|CONNECT|2|cc01-1795290136.8|2
 *     1795290143|cc01-1795290136.3|repair|Agent Wang|COMPLETEAGENT|2|5|1
 *
 * time, caller's channel, queue, member, event, and what the event has to say.  One stay in a queue is one
 * finished call, under the id that it has when its events are followed (exchange.h), and before that it is
 * queued and connected: the log fills the hole that a lost connection leaves.
 *
 * It knows neither Linkedid nor the caller's name.  QUEUESTART is a start of the exchange: what was open then
 * was cut off.
 *
 * What a caller answers after his call stands in it where the dial plan writes it down (log_forms.h).
 *
 * One thread; pure. */
#ifndef CALLCENTER_QUEUE_LOG_H
#define CALLCENTER_QUEUE_LOG_H

#include "channel/callcenter/call.h"
#include "channel/callcenter/survey.h"

#define QUEUE_LOG_DATA 6u
/* A caller who has pressed no key for so long has answered. */
#define QUEUE_LOG_FORM_S INT64_C(300)

struct queue_line {
	int64_t time_s;
	struct slice uniqueid;
	struct slice queue;
	struct slice agent;
	struct slice event;
	struct slice data[QUEUE_LOG_DATA]; /* empty where there is none */
	struct slice rest;                 /* the same as it stands */
};

/* One line without its end.  CH_FORMAT: *out_reason (constant text). */
enum ch_status queue_line_parse(
	struct slice line, struct queue_line *out_line, const char **out_reason);

struct queue_log;

/* All is valid during the call only. */
struct queue_log_listener {
	void (*finished)(void *context, const struct call_record *call);
	/* A stay has come so far: CALL_QUEUED, CALL_CONNECTED, each once at most.  May be NULL. */
	void (*changed)(void *context, const struct call_record *call);
	/* A caller has answered a survey: CALL_SURVEYED.  With rules only. */
	void (*surveyed)(void *context, const struct call_record *call);
	/* What stands there as an answer and is none.  With rules only. */
	void (*refused)(void *context, struct slice uniqueid, const char *reason);
	void *context;
};

/* `survey`: NULL: none; else it must outlive the log.  CH_NOMEM. */
enum ch_status queue_log_create(const struct queue_log_listener *listener,
	const struct survey_rules *survey, struct queue_log **out_log);
void queue_log_free(struct queue_log *log);

/* CH_OK, also for events that tell nothing of a call; CH_NOMEM. */
enum ch_status queue_log_take(struct queue_log *log, const struct queue_line *line);

/* Nothing was written since the last line up to `now_s`, by the exchange's clock: who has answered is told. */
void queue_log_tend(struct queue_log *log, int64_t now_s);

/* Nothing comes any more: what was answered is told as it is. */
void queue_log_end(struct queue_log *log);

/* Stays without an end; answers that are not told yet. */
size_t queue_log_open(const struct queue_log *log);
size_t queue_log_forms(const struct queue_log *log);

#endif

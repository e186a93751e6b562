#include "channel/callcenter/queue_log.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/table.h"
#include "base/text.h"
#include "channel/callcenter/ami.h"
#include "channel/callcenter/log_forms.h"

#define ID_BYTES      150u
#define STAYS_IN_CALL 64u

struct log_stay {
	struct log_stay *older; /* of the same caller */
	uint32_t ordinal;
	bool over;
	bool answered;
	int64_t joined_s;
	int64_t wait_s;
	int64_t ring_s;
	uint32_t joined_position;
	uint32_t missed;
	struct slice queue;
	char *agent;
	uint8_t queue_bytes[];
};

struct log_caller {
	struct log_caller *older; /* by first line */
	struct log_caller *newer;
	struct log_stay *stay; /* the newest */
	uint32_t stays;
	struct slice uniqueid;
	char *number;
	uint8_t uniqueid_bytes[];
};

struct queue_log {
	struct queue_log_listener listener;
	struct log_forms *forms; /* NULL: nobody is asked */
	struct table callers;    /* by Uniqueid */
	struct log_caller *oldest;
	struct log_caller *newest;
	size_t open;
};

enum ch_status queue_line_parse(
	struct slice line, struct queue_line *out_line, const char **out_reason)
{
	struct queue_line out = {0};
	struct slice rest = line;
	struct slice time;
	struct slice *const parts[] = {&time, &out.uniqueid, &out.queue, &out.agent, &out.event};
	uint64_t seconds;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (rest.data == NULL || !text_split(&rest, '|', parts[i])) {
			*out_reason = "has fewer than five fields";
			return CH_FORMAT;
		}
	}
	out.rest = rest;
	for (size_t i = 0; i < QUEUE_LOG_DATA && rest.data != NULL; i++) {
		if (!text_split(&rest, '|', &out.data[i]))
			break;
	}
	/* Newer exchanges can write a fraction. */
	const uint8_t *point = time.len > 0 ? memchr(time.data, '.', time.len) : NULL;
	if (point != NULL)
		time.len = (size_t)(point - time.data);
	if (text_parse_u64(time, UINT32_MAX, &seconds) != CH_OK) {
		*out_reason = "does not begin with a time in seconds";
		return CH_FORMAT;
	}
	if (out.event.len == 0 || out.uniqueid.len > ID_BYTES) {
		*out_reason = out.event.len == 0 ? "names no event" : "has too long an id";
		return CH_FORMAT;
	}
	out.time_s = (int64_t)seconds;
	*out_line = out;
	return CH_OK;
}

/* ---- Memory ---- */

static void caller_free(struct queue_log *log, struct log_caller *caller)
{
	(void)table_remove(&log->callers, caller->uniqueid); /* it is there */
	*(caller->older != NULL ? &caller->older->newer : &log->oldest) = caller->newer;
	*(caller->newer != NULL ? &caller->newer->older : &log->newest) = caller->older;
	while (caller->stay != NULL) {
		struct log_stay *stay = caller->stay;
		caller->stay = stay->older;
		log->open -= !stay->over;
		free(stay->agent);
		free(stay);
	}
	free(caller->number);
	free(caller);
}

static struct log_caller *caller_create(struct queue_log *log, struct slice uniqueid)
{
	if (log->callers.count >= LIMIT_CALLS)
		caller_free(log, log->oldest);
	struct log_caller *caller = calloc(1, sizeof(*caller) + uniqueid.len);
	if (caller == NULL)
		return NULL;
	memcpy(caller->uniqueid_bytes, uniqueid.data, uniqueid.len);
	caller->uniqueid = slice_of(caller->uniqueid_bytes, uniqueid.len);
	if (table_put(&log->callers, caller->uniqueid, caller) != CH_OK) {
		free(caller);
		return NULL;
	}
	caller->older = log->newest;
	*(caller->older != NULL ? &caller->older->newer : &log->oldest) = caller;
	log->newest = caller;
	return caller;
}

static struct log_stay *stay_create(
	struct queue_log *log, struct log_caller *caller, struct slice queue, int64_t time_s)
{
	queue.len = queue.len < LIMIT_CALL_TEXT_BYTES ? queue.len : LIMIT_CALL_TEXT_BYTES;
	struct log_stay *stay = calloc(1, sizeof(*stay) + queue.len);
	if (stay == NULL)
		return NULL;
	if (queue.len > 0)
		memcpy(stay->queue_bytes, queue.data, queue.len);
	stay->queue = slice_of(stay->queue_bytes, queue.len);
	stay->joined_s = time_s;
	stay->ordinal = 1;
	for (const struct log_stay *old = caller->stay; old != NULL; old = old->older)
		stay->ordinal += slice_equal(old->queue, stay->queue);
	stay->older = caller->stay;
	caller->stay = stay;
	caller->stays++;
	log->open++;
	return stay;
}

static char *log_copy(struct slice text)
{
	size_t len = text.len < LIMIT_CALL_TEXT_BYTES ? text.len : LIMIT_CALL_TEXT_BYTES;
	return len > 0 ? strndup((const char *)text.data, len) : NULL;
}

/* ---- One function for each event ---- */

struct log_moment {
	struct queue_log *log;
	const struct queue_line *line;
	struct log_caller *caller;
	struct log_stay *stay;
};

static int64_t data_number(const struct log_moment *at, size_t i)
{
	uint64_t value = 0;
	(void)text_parse_u64(text_trim(at->line->data[i]), UINT32_MAX, &value); /* else 0 */
	return (int64_t)value;
}

static void stay_describe(const struct log_moment *at, struct call_record *record)
{
	const struct log_stay *stay = at->stay;
	record->call_id = record->uniqueid = at->caller->uniqueid;
	record->queue = stay->queue;
	record->stay = stay->ordinal;
	record->caller_number = slice_text(at->caller->number);
	record->agent_name = slice_text(stay->agent);
	record->missed = stay->missed;
	record->answered = stay->answered;
	record->start_us = stay->joined_s * 1000000;
	record->end_us = at->line->time_s * 1000000;
	if (record->joined_position == 0)
		record->joined_position = stay->joined_position;
}

static void stay_finish(const struct log_moment *at, struct call_record *record)
{
	stay_describe(at, record);
	at->stay->over = true;
	at->log->open--;
	at->log->listener.finished(at->log->listener.context, record);
}

static void stay_tell(const struct log_moment *at, struct call_record *record)
{
	if (at->log->listener.changed == NULL)
		return;
	stay_describe(at, record);
	at->log->listener.changed(at->log->listener.context, record);
}

static void on_enter(struct log_moment *at)
{
	free(at->caller->number);
	at->caller->number = log_copy(at->line->data[1]);
	at->stay->joined_position = (uint32_t)data_number(at, 2);
	struct call_record record = {.outcome = CALL_QUEUED, .position = at->stay->joined_position};
	stay_tell(at, &record);
}

static void on_miss(struct log_moment *at)
{
	at->stay->missed++;
}

static void stay_take_agent(struct log_moment *at)
{
	if (at->stay->agent == NULL && !ami_is(at->line->agent, "NONE"))
		at->stay->agent = log_copy(at->line->agent);
	at->stay->answered = true;
}

static void on_connect(struct log_moment *at)
{
	bool first = !at->stay->answered;
	stay_take_agent(at);
	at->stay->wait_s = data_number(at, 0);
	at->stay->ring_s = data_number(at, 2);
	struct call_record record = {
		.outcome = CALL_CONNECTED,
		.wait_ms = at->stay->wait_s * 1000,
		.ring_ms = at->stay->ring_s * 1000,
	};
	/* Without an agent it is no event; that is said when the call is over. */
	if (first && at->stay->agent != NULL)
		stay_tell(at, &record);
}

/* `first` is where hold, talk and position begin. */
static void stay_complete(struct log_moment *at, size_t first, enum call_end end)
{
	stay_take_agent(at);
	struct call_record record = {
		.outcome = CALL_COMPLETED,
		.wait_ms = data_number(at, first) * 1000,
		.talk_ms = data_number(at, first + 1) * 1000,
		.ring_ms = at->stay->ring_s * 1000,
		.joined_position = (uint32_t)data_number(at, first + 2),
		.ended_by = end,
		.transferred_to = end == END_TRANSFER && first == 2 &&
						  ami_is(at->line->event, "ATTENDEDTRANSFER")
					  ? (struct slice){NULL, 0}
				  : end == END_TRANSFER ? at->line->data[0]
							: (struct slice){NULL, 0},
	};
	stay_finish(at, &record);
}

static void on_complete_agent(struct log_moment *at)
{
	stay_complete(at, 0, END_AGENT);
}

static void on_complete_caller(struct log_moment *at)
{
	stay_complete(at, 0, END_CALLER);
}

/* extension or method, context or bridge, then as above. */
static void on_transfer(struct log_moment *at)
{
	stay_complete(at, 2, END_TRANSFER);
}

static void stay_leave(
	struct log_moment *at, size_t first, enum call_outcome outcome, enum call_exit reason)
{
	struct call_record record = {
		.outcome = outcome,
		.exit = reason,
		.ended_by = outcome == CALL_ABANDONED ? END_CALLER : END_UNKNOWN,
		.position = (uint32_t)data_number(at, first),
		.joined_position = (uint32_t)data_number(at, first + 1),
		.wait_ms = data_number(at, first + 2) * 1000,
	};
	stay_finish(at, &record);
}

static void on_abandon(struct log_moment *at)
{
	stay_leave(at, 0, CALL_ABANDONED, EXIT_UNKNOWN);
}

static void on_timeout(struct log_moment *at)
{
	stay_leave(at, 0, CALL_EXITED, EXIT_TIMEOUT);
}

static void on_empty(struct log_moment *at)
{
	stay_leave(at, 0, CALL_EXITED, EXIT_EMPTY);
}

static void on_withdraw(struct log_moment *at)
{
	stay_leave(at, 0, CALL_EXITED, EXIT_WITHDRAWN);
}

static void on_key(struct log_moment *at)
{
	stay_leave(at, 1, CALL_EXITED, EXIT_KEY);
}

/* The exchange has told no end before the next thing begins. */
static void stay_cut(struct log_moment *at)
{
	struct call_record record = {
		.outcome = CALL_CUT,
		.ended_by = at->stay->answered ? END_FAILURE : END_UNKNOWN,
		.wait_ms = at->stay->answered ? at->stay->wait_s * 1000 : 0,
		.ring_ms = at->stay->ring_s * 1000,
	};
	stay_finish(at, &record);
}

static const struct log_row {
	const char *event;
	void (*take)(struct log_moment *at);
} rows[] = {
	{"RINGNOANSWER", on_miss},
	{"CONNECT", on_connect},
	{"COMPLETEAGENT", on_complete_agent},
	{"COMPLETECALLER", on_complete_caller},
	{"BLINDTRANSFER", on_transfer},
	{"ATTENDEDTRANSFER", on_transfer},
	{"TRANSFER", on_transfer},
	{"ABANDON", on_abandon},
	{"EXITWITHTIMEOUT", on_timeout},
	{"EXITWITHKEY", on_key},
	{"EXITEMPTY", on_empty},
	{"WITHDRAW", on_withdraw},
};

static void log_cut_all(struct queue_log *log, const struct queue_line *line)
{
	struct log_caller *next = NULL;
	for (struct log_caller *caller = log->oldest; caller != NULL; caller = next) {
		next = caller->newer;
		struct log_moment at = {log, line, caller, caller->stay};
		if (at.stay != NULL && !at.stay->over)
			stay_cut(&at);
		caller_free(log, caller); /* its channel is gone */
	}
}

/* The caller as the log knows him, and who served him: the last who talked to him. */
static enum ch_status log_take_answers(struct queue_log *log, const struct queue_line *line)
{
	struct call_record served = {.outcome = CALL_SURVEYED};
	const struct log_caller *caller = table_get(&log->callers, line->uniqueid);
	const struct log_stay *stay = caller != NULL ? caller->stay : NULL;
	while (stay != NULL && stay->agent == NULL)
		stay = stay->older;
	if (caller != NULL)
		served.caller_number = slice_text(caller->number);
	if (stay != NULL) {
		served.queue = stay->queue;
		served.agent_name = slice_text(stay->agent);
	}
	return log_forms_take(log->forms, line, &served);
}

enum ch_status queue_log_create(const struct queue_log_listener *listener,
	const struct survey_rules *survey, struct queue_log **out_log)
{
	enum ch_status status = CH_OK;
	struct queue_log *log = calloc(1, sizeof(*log));
	if (log == NULL)
		return CH_NOMEM;
	log->listener = *listener;
	table_init(&log->callers);
	if (survey != NULL)
		status = log_forms_create(survey, listener, &log->forms);
	if (status == CH_OK)
		*out_log = log;
	else
		queue_log_free(log);
	return status;
}

void queue_log_free(struct queue_log *log)
{
	if (log == NULL)
		return;
	while (log->oldest != NULL)
		caller_free(log, log->oldest);
	table_fini(&log->callers);
	log_forms_free(log->forms);
	free(log);
}

/* The caller's stay that the line is about; begun by it when nothing is open, as after a rotation. */
static enum ch_status log_find(struct log_moment *at, bool enters)
{
	const struct queue_line *line = at->line;
	at->caller = table_get(&at->log->callers, line->uniqueid);
	if (at->caller == NULL)
		at->caller = caller_create(at->log, line->uniqueid);
	if (at->caller == NULL)
		return CH_NOMEM;
	at->stay = at->caller->stay;
	if (enters && at->stay != NULL && !at->stay->over)
		stay_cut(at);
	if (at->stay == NULL || at->stay->over) {
		if (at->caller->stays == STAYS_IN_CALL)
			return CH_FULL;
		at->stay = stay_create(at->log, at->caller, line->queue, line->time_s);
	}
	return at->stay != NULL ? CH_OK : CH_NOMEM;
}

enum ch_status queue_log_take(struct queue_log *log, const struct queue_line *line)
{
	struct log_moment at = {.log = log, .line = line};
	bool enters = ami_is(line->event, "ENTERQUEUE");
	const struct log_row *row = NULL;
	queue_log_tend(log, line->time_s);
	if (ami_is(line->event, "QUEUESTART")) {
		queue_log_end(log); /* their channels are gone */
		log_cut_all(log, line);
		return CH_OK;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && row == NULL; i++) {
		if (ami_is(line->event, rows[i].event))
			row = &rows[i];
	}
	if (line->uniqueid.len == 0 || ami_is(line->uniqueid, "NONE") ||
		ami_is(line->uniqueid, "MANAGER"))
		return CH_OK;
	if (log->forms != NULL && log_forms_is_told(log->forms, line))
		return log_take_answers(log, line);
	if ((row == NULL && !enters) || line->queue.len == 0)
		return CH_OK;
	enum ch_status status = log_find(&at, enters);
	if (status != CH_OK)
		return status == CH_FULL ? CH_OK : status;
	if (enters)
		on_enter(&at);
	else
		row->take(&at);
	return CH_OK;
}

void queue_log_tend(struct queue_log *log, int64_t now_s)
{
	if (log->forms != NULL)
		log_forms_tend(log->forms, now_s);
}

void queue_log_end(struct queue_log *log)
{
	if (log->forms != NULL)
		log_forms_end(log->forms);
}

size_t queue_log_open(const struct queue_log *log)
{
	return log->open;
}

size_t queue_log_forms(const struct queue_log *log)
{
	return log->forms != NULL ? log_forms_open(log->forms) : 0;
}

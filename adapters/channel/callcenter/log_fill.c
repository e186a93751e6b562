#include "channel/callcenter/log_fill.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/text.h"
#include "channel/callcenter/cdr.h"
#include "channel/callcenter/lines.h"
#include "channel/callcenter/log_tail.h"
#include "channel/callcenter/queue_log.h"

#define READ_BYTES 65536u
/* More rows of a call may follow so long after the end of its last. */
#define ROWS_US INT64_C(60000000)
/* A call that ended after the checkpoint may have begun so long before it, in an earlier file. */
#define CALL_US INT64_C(3600000000)

struct log_fill {
	struct log_fill_options options;
	struct harvest *harvest;
	struct log_tail *queue_tail; /* NULL: none */
	struct log_tail *cdr_tail;   /* NULL: none */
	struct lines lines;
	struct lines rows;
	struct queue_log *queue_log;
	struct cdr *cdr;
	/* Calls that ended before were told: in an earlier life, by now. */
	int64_t queue_since_us;
	int64_t cdr_since_us;
	uint64_t queue_since_line; /* these lines were told, if they are older, too */
	int64_t queue_us;
	int64_t cdr_us;
	uint64_t queue_line;   /* of the file under way, from 1 */
	int64_t line_us;       /* its time */
	int64_t quiet_us;      /* of the steady clock: queue_log has had no line since */
	bool followed;         /* was read to its end: what comes now is written now */
	enum ch_status status; /* of what was done in callbacks */
	uint8_t piece[READ_BYTES];
};

/* ---- What the readers call ---- */

static void fill_keep(struct log_fill *fill, const struct call_record *call)
{
	char checkpoint[72];
	if (fill->status != CH_OK)
		return;
	(void)snprintf(checkpoint, sizeof(checkpoint), "%lld %lld %llu", (long long)fill->queue_us,
		(long long)fill->cdr_us, (unsigned long long)fill->queue_line); /* fits */
	fill->status = harvest_call(fill->harvest, call, slice_text(checkpoint));
}

/* The time is that of the last line, not the latest, so that a clock that is set back costs duplicates and no
 * call. */
static void fill_queue_call(void *context, const struct call_record *call)
{
	struct log_fill *fill = context;
	if (call->end_us < fill->options.since_us ||
		(call->end_us < fill->queue_since_us && fill->queue_line <= fill->queue_since_line))
		return;
	fill->queue_us = call->end_us;
	fill_keep(fill, call);
}

/* A form is told behind calls that ended later, so those before the checkpoint may not have been; and the checkpoint
 * stays theirs. */
static void fill_survey(void *context, const struct call_record *call)
{
	struct log_fill *fill = context;
	if (call->end_us >= fill->options.since_us &&
		(call->end_us + QUEUE_LOG_FORM_S * 1000000 >= fill->queue_since_us ||
			fill->queue_line > fill->queue_since_line))
		fill_keep(fill, call);
}

static void fill_refuse(void *context, struct slice uniqueid, const char *reason)
{
	struct log_fill *fill = context;
	if (fill->status == CH_OK && fill->line_us >= fill->options.since_us)
		fill->status = harvest_reject(fill->harvest, KIT_REJECT, false,
			"queue_log: line %llu: a survey, call %.*s: %s",
			(unsigned long long)fill->lines.number, (int)uniqueid.len,
			(const char *)uniqueid.data, reason);
}

/* Calls that came to a queue are told by queue_log, and better. */
static void fill_cdr_call(void *context, const struct call_record *call)
{
	struct log_fill *fill = context;
	if (call->end_us >= fill->cdr_since_us &&
		(call->queue.len == 0 || fill->options.queue_log == NULL))
		fill_keep(fill, call);
}

static void fill_reject_row(void *context, uint64_t row, const char *reason)
{
	struct log_fill *fill = context;
	if (fill->status == CH_OK)
		fill->status = harvest_reject(fill->harvest, KIT_REJECT, false, "cdr: row %llu: %s",
			(unsigned long long)row, reason);
}

/* ---- Steps ---- */

static enum ch_status fill_take_lines(struct log_fill *fill)
{
	struct slice text;
	struct queue_line line;
	const char *reason = "is too long";
	enum ch_status status;
	while ((status = lines_next(&fill->lines, &text)) != CH_END && fill->status == CH_OK) {
		fill->queue_line++;
		if (status == CH_OK && text_trim(text).len == 0)
			continue;
		if (status == CH_OK)
			status = queue_line_parse(text, &line, &reason);
		fill->line_us = status == CH_OK ? line.time_s * 1000000 : fill->line_us;
		if (status == CH_OK)
			fill->status = queue_log_take(fill->queue_log, &line);
		else
			fill->status = harvest_reject(fill->harvest, KIT_REJECT, false,
				"queue_log: line %llu: %s", (unsigned long long)fill->lines.number,
				reason);
	}
	return fill->status;
}

/* Nothing more stands there.  Our clock tells how long, not which time it is: of an exchange that is five minutes
 * behind, an answer would be at rest as soon as it is written, and the next one a second form. */
static void fill_rest(struct log_fill *fill, int64_t now_us, int64_t steady_us)
{
	int64_t written_us = log_tail_written_us(fill->queue_tail);
	if (!fill->followed)
		fill->quiet_us = steady_us - (written_us < now_us ? now_us - written_us : 0);
	fill->followed = true;
	queue_log_tend(fill->queue_log, (fill->line_us + steady_us - fill->quiet_us) / 1000000);
}

static enum ch_status fill_read_queue_log(struct log_fill *fill, int64_t now_us, int64_t steady_us)
{
	size_t len = 0;
	bool other;
	if (fill->queue_tail == NULL)
		return CH_END;
	enum ch_status status =
		log_tail_read(fill->queue_tail, fill->piece, READ_BYTES, &len, &other);
	if (other) {
		lines_fini(&fill->lines); /* its last line will get no end */
		fill->queue_line = fill->queue_since_line = 0;
	}
	if (status == CH_OK)
		status = lines_feed(&fill->lines, slice_of(fill->piece, len));
	if (status == CH_OK) {
		fill->quiet_us = steady_us;
		return fill_take_lines(fill);
	}
	if (status == CH_END)
		fill_rest(fill, now_us, steady_us);
	return fill->status == CH_OK ? status : fill->status;
}

/* Only whole rows are given on: the last may be half written.  Rows of this exchange have no line ends within. */
static enum ch_status fill_take_rows(struct log_fill *fill)
{
	struct slice text;
	enum ch_status status;
	while ((status = lines_next(&fill->rows, &text)) != CH_END && fill->status == CH_OK) {
		if (status == CH_OK)
			status = cdr_feed(fill->cdr, text);
		if (status == CH_OK)
			status = cdr_feed(fill->cdr, SLICE_LITERAL("\n"));
		if (status == CH_NOMEM)
			fill->status = status;
		else if (status != CH_OK)
			fill_reject_row(fill, fill->rows.number, "is too long");
	}
	return fill->status;
}

static enum ch_status fill_read_cdr(struct log_fill *fill, int64_t now_us)
{
	size_t len = 0;
	bool other;
	if (fill->cdr_tail == NULL)
		return CH_END;
	enum ch_status status =
		log_tail_read(fill->cdr_tail, fill->piece, READ_BYTES, &len, &other);
	if (other)
		lines_fini(&fill->rows);
	if (status == CH_OK)
		status = lines_feed(&fill->rows, slice_of(fill->piece, len));
	if (status == CH_OK)
		return fill_take_rows(fill);
	cdr_flush(fill->cdr, now_us - ROWS_US);
	if (status == CH_END && fill->status == CH_OK)
		fill->cdr_us = now_us - ROWS_US; /* all that ended before has been told */
	return fill->status == CH_OK ? status : fill->status;
}

enum ch_status log_fill_step(struct log_fill *fill, int64_t now_us, int64_t steady_us)
{
	fill->status = CH_OK;
	if (harvest_count(fill->harvest) > LIMIT_CALLS_WAITING / 4)
		return CH_FULL;
	enum ch_status status = fill_read_queue_log(fill, now_us, steady_us);
	return status == CH_END ? fill_read_cdr(fill, now_us) : status;
}

bool log_fill_is_waiting(const struct log_fill *fill)
{
	return cdr_open(fill->cdr) > 0 || queue_log_forms(fill->queue_log) > 0;
}

/* ---- Life ---- */

/* A checkpoint that is none: all is read again. */
static void fill_resume(struct log_fill *fill, struct slice checkpoint)
{
	struct slice rest = checkpoint;
	struct slice queue;
	struct slice cdr;
	int64_t queue_us;
	int64_t cdr_us;
	uint64_t line;
	fill->queue_since_us = fill->cdr_since_us = fill->options.since_us;
	if (!text_split(&rest, ' ', &queue) || text_parse_i64(queue, &queue_us) != CH_OK ||
		!text_split(&rest, ' ', &cdr) || text_parse_i64(cdr, &cdr_us) != CH_OK ||
		text_parse_u64(rest, UINT64_MAX, &line) != CH_OK)
		return;
	fill->queue_us = queue_us;
	fill->cdr_us = cdr_us;
	fill->queue_since_line = line;
	if (queue_us > fill->queue_since_us)
		fill->queue_since_us = queue_us;
	if (cdr_us > fill->cdr_since_us)
		fill->cdr_since_us = cdr_us;
}

/* Earlier files are read as far as there may be calls in them that were not told. */
static enum ch_status fill_open_tail(
	const struct log_fill *fill, const char *path, int64_t since_us, struct log_tail **out_tail)
{
	if (path == NULL)
		return CH_OK;
	bool resumed =
		since_us > fill->options.since_us && since_us - CALL_US > fill->options.since_us;
	return log_tail_create(
		path, resumed ? since_us - CALL_US : fill->options.since_us, out_tail);
}

enum ch_status log_fill_create(
	const struct log_fill_options *options, struct harvest *harvest, struct log_fill **out_fill)
{
	struct log_fill *fill = calloc(1, sizeof(*fill));
	if (fill == NULL)
		return CH_NOMEM;
	const struct queue_log_listener listener = {
		.finished = fill_queue_call,
		.changed = options->live ? fill_queue_call : NULL,
		.surveyed = fill_survey,
		.refused = fill_refuse,
		.context = fill,
	};
	const struct cdr_options cdr = {
		.finished = fill_cdr_call,
		.rejected = fill_reject_row,
		.context = fill,
		.zone = options->zone,
	};
	fill->options = *options;
	fill->harvest = harvest;
	fill_resume(fill, options->checkpoint);
	enum ch_status status = queue_log_create(&listener, options->survey, &fill->queue_log);
	if (status == CH_OK)
		status = cdr_create(&cdr, &fill->cdr);
	if (status == CH_OK)
		status = fill_open_tail(
			fill, options->queue_log, fill->queue_since_us, &fill->queue_tail);
	if (status == CH_OK)
		status = fill_open_tail(fill, options->cdr, fill->cdr_since_us, &fill->cdr_tail);
	if (status != CH_OK) {
		log_fill_free(fill);
		return status;
	}
	*out_fill = fill;
	return CH_OK;
}

void log_fill_free(struct log_fill *fill)
{
	if (fill == NULL)
		return;
	log_tail_free(fill->queue_tail);
	log_tail_free(fill->cdr_tail);
	lines_fini(&fill->lines);
	lines_fini(&fill->rows);
	queue_log_free(fill->queue_log);
	cdr_free(fill->cdr);
	free(fill);
}

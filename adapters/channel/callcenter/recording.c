#include "channel/callcenter/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "channel/callcenter/ami.h"
#include "channel/callcenter/arrivals.h"
#include "channel/callcenter/cdr.h"
#include "channel/callcenter/desk.h"
#include "channel/callcenter/esl.h"
#include "channel/callcenter/esl_words.h"
#include "channel/callcenter/exchange.h"
#include "channel/callcenter/harvest.h"
#include "channel/callcenter/lines.h"
#include "channel/callcenter/queue_log.h"

#define READ_BYTES 65536u

/* Of the readers those of its kind are there. */
struct recording {
	const struct recording_options *options;
	enum recording_kind kind;
	int fd;
	bool ended;
	enum ch_status status; /* of what was done in callbacks */
	struct harvest *harvest;
	struct arrivals arrivals;
	struct ami_reader *ami;
	struct esl_reader *esl;
	struct esl_words *words; /* of esl */
	struct exchange *exchange;
	uint64_t messages;
	int64_t now_us;
	struct lines lines;
	struct queue_log *queue_log;
	struct desk *desk;
	struct cdr *cdr;
	uint8_t piece[READ_BYTES];
};

bool recording_kind_parse(const char *word, enum recording_kind *out_kind)
{
	static const struct {
		const char *word;
		enum recording_kind kind;
	} words[] = {{"ami", RECORDING_AMI}, {"esl", RECORDING_ESL},
		{"queue_log", RECORDING_QUEUE_LOG}, {"cdr", RECORDING_CDR},
		{"desk", RECORDING_DESK}};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i].word) == 0) {
			*out_kind = words[i].kind;
			return true;
		}
	}
	return false;
}

bool recording_is_esl(struct slice head)
{
	static const char name[] = "Content-";
	struct slice text = text_trim(head);
	return text.len >= sizeof(name) - 1 &&
	       strncasecmp((const char *)text.data, name, sizeof(name) - 1) == 0;
}

static enum recording_kind recording_guess(struct slice head)
{
	struct slice text = text_trim(head);
	size_t digits = 0;
	while (digits < text.len && ((text.data[digits] >= '0' && text.data[digits] <= '9') ||
					    text.data[digits] == '.'))
		digits++;
	if (slice_starts(text, SLICE_LITERAL("{")))
		return RECORDING_DESK;
	if (digits > 0 && digits < text.len && text.data[digits] == '|')
		return RECORDING_QUEUE_LOG;
	if (slice_starts(text, SLICE_LITERAL("\"")))
		return RECORDING_CDR;
	return recording_is_esl(text) ? RECORDING_ESL : RECORDING_AMI;
}

/* ---- What readers call ---- */

static void recording_call(void *context, const struct call_record *call)
{
	struct recording *recording = context;
	enum ch_status status = harvest_call(recording->harvest, call, (struct slice){NULL, 0});
	if (recording->status == CH_OK)
		recording->status = status;
}

static void recording_refuse(void *context, struct slice uniqueid, const char *reason)
{
	struct recording *recording = context;
	bool lines = recording->kind == RECORDING_QUEUE_LOG;
	enum ch_status status = harvest_reject(recording->harvest, KIT_REJECT, false,
		"%s %llu: a survey, call %.*s: %s", lines ? "line" : "message",
		(unsigned long long)(lines ? recording->lines.number : recording->messages),
		(int)uniqueid.len, (const char *)uniqueid.data, reason);
	if (recording->status == CH_OK)
		recording->status = status;
}

static void recording_bad_row(void *context, uint64_t row, const char *reason)
{
	struct recording *recording = context;
	enum ch_status status = harvest_reject(recording->harvest, KIT_REJECT, false,
		"row %llu: %s", (unsigned long long)row, reason);
	if (recording->status == CH_OK)
		recording->status = status;
}

/* ---- A piece of the file ---- */

static enum ch_status recording_take_event(
	struct recording *r, const struct ami_message *message, int64_t time_us)
{
	enum ch_status status = exchange_take(r->exchange, message, time_us);
	if (time_us > 0) {
		r->now_us = time_us;
		exchange_tend(r->exchange, time_us);
	}
	return status;
}

static enum ch_status recording_pass_over(struct recording *r)
{
	return harvest_reject(r->harvest, KIT_REJECT, false,
		"message %llu: is over a bound and was passed over",
		(unsigned long long)r->messages);
}

/* What there is until the stream cannot be read any more is told. */
static enum ch_status recording_give_up(struct recording *r)
{
	r->ended = true;
	exchange_end(r->exchange, r->now_us);
	return harvest_reject(r->harvest, KIT_REJECT, true,
		"message %llu: is none of an event socket: nothing behind it can be read",
		(unsigned long long)r->messages + 1);
}

static enum ch_status recording_take_esl(struct recording *r)
{
	struct esl_message message;
	enum ch_status status = CH_OK;
	while (status == CH_OK || status == CH_TOO_LARGE) {
		status = esl_reader_next(r->esl, &message);
		r->messages += status == CH_OK || status == CH_TOO_LARGE;
		if (status == CH_TOO_LARGE)
			r->status = recording_pass_over(r);
		if (status != CH_OK)
			continue;
		esl_words_of(&message, r->words);
		for (size_t i = 0; i < r->words->count && status == CH_OK; i++)
			status = recording_take_event(r, &r->words->messages[i],
				arrivals_time(&r->arrivals, message.offset));
	}
	if (status == CH_FORMAT)
		return recording_give_up(r);
	return status == CH_END ? r->status : status;
}

static enum ch_status recording_take_messages(struct recording *r)
{
	struct ami_message message;
	enum ch_status status = CH_OK;
	while (status == CH_OK || status == CH_TOO_LARGE) {
		status = ami_reader_next(r->ami, &message);
		r->messages +=
			status == CH_TOO_LARGE || (status == CH_OK && message.kind != AMI_BANNER);
		if (status == CH_TOO_LARGE)
			r->status = recording_pass_over(r);
		if (status == CH_OK)
			status = recording_take_event(
				r, &message, arrivals_time(&r->arrivals, message.offset));
	}
	return status == CH_END ? r->status : status;
}

static enum ch_status recording_take_line(struct recording *r, struct slice text)
{
	char reason[DESK_REASON_BYTES] = "";
	const char *fault = reason;
	struct queue_line line;
	struct desk_event event;
	enum ch_status status;
	if (text_trim(text).len == 0)
		return CH_OK;
	if (r->kind == RECORDING_QUEUE_LOG) {
		status = queue_line_parse(text, &line, &fault);
		if (status == CH_OK)
			return queue_log_take(r->queue_log, &line);
	} else {
		status = desk_read(r->desk, text, &event, reason);
		if (status == CH_OK)
			return harvest_event(r->harvest, &event.envelope);
	}
	if (status == CH_NOMEM)
		return status;
	return harvest_reject(r->harvest, KIT_REJECT, false, "line %llu: %s",
		(unsigned long long)r->lines.number, fault);
}

static enum ch_status recording_take_lines(struct recording *r)
{
	struct slice text;
	enum ch_status status;
	while ((status = lines_next(&r->lines, &text)) != CH_END && r->status == CH_OK)
		r->status = status == CH_OK
				    ? recording_take_line(r, text)
				    : harvest_reject(r->harvest, KIT_REJECT, false,
					      "line %llu: is longer than %u bytes",
					      (unsigned long long)r->lines.number, LIMIT_ROW_BYTES);
	return r->status;
}

static enum ch_status recording_feed(struct recording *r, struct slice bytes)
{
	enum ch_status status;
	switch (r->kind) {
	case RECORDING_AMI:
		status = ami_reader_feed(r->ami, bytes);
		return status == CH_OK ? recording_take_messages(r) : status;
	case RECORDING_ESL:
		status = esl_reader_feed(r->esl, bytes);
		return status == CH_OK ? recording_take_esl(r) : status;
	case RECORDING_CDR:
		status = cdr_feed(r->cdr, bytes);
		if (status == CH_TOO_LARGE) {
			r->ended = true;
			return harvest_reject(r->harvest, KIT_REJECT, true,
				"row %llu: is too long: is a quote left open?",
				(unsigned long long)cdr_rows(r->cdr) + 1);
		}
		return status == CH_OK ? r->status : status;
	default:
		status = lines_feed(&r->lines, bytes);
		return status == CH_OK ? recording_take_lines(r) : status;
	}
}

/* ---- Its end ---- */

static enum ch_status recording_end_lines(struct recording *r)
{
	enum ch_status status = CH_OK;
	if (r->kind == RECORDING_QUEUE_LOG)
		queue_log_end(r->queue_log);
	if (lines_rest(&r->lines).len > 0 || r->lines.skipping)
		status = harvest_reject(r->harvest, KIT_INCOMPLETE, false,
			"line %llu: has no end: it may still be written",
			(unsigned long long)r->lines.number + 1);
	if (status == CH_OK && r->kind == RECORDING_QUEUE_LOG && queue_log_open(r->queue_log) > 0)
		status = harvest_reject(r->harvest, KIT_INCOMPLETE, false,
			"%zu calls have no end yet", queue_log_open(r->queue_log));
	return status;
}

static enum ch_status recording_end(struct recording *r)
{
	enum ch_status status = CH_OK;
	r->ended = true;
	switch (r->kind) {
	case RECORDING_AMI:
	case RECORDING_ESL:
		exchange_end(r->exchange, r->now_us);
		if (r->status == CH_OK && (r->ami != NULL ? ami_reader_is_within(r->ami)
							  : esl_reader_is_within(r->esl)))
			status = harvest_reject(r->harvest, KIT_INCOMPLETE, false,
				"ends within message %llu", (unsigned long long)r->messages + 1);
		break;
	case RECORDING_CDR:
		status = cdr_end(r->cdr, true);
		break;
	default:
		status = recording_end_lines(r);
	}
	return status == CH_OK ? r->status : status;
}

/* ---- The format ---- */

static void recording_close(void *reader)
{
	struct recording *r = reader;
	if (r == NULL)
		return;
	exchange_free(r->exchange);
	ami_reader_free(r->ami);
	esl_reader_free(r->esl);
	free(r->words);
	arrivals_fini(&r->arrivals);
	queue_log_free(r->queue_log);
	desk_free(r->desk);
	cdr_free(r->cdr);
	lines_fini(&r->lines);
	harvest_free(r->harvest);
	free(r);
}

static enum ch_status recording_prepare(struct recording *r)
{
	const struct exchange_listener listener = {
		.finished = recording_call,
		.changed = r->options->live ? recording_call : NULL,
		.surveyed = recording_call,
		.refused = recording_refuse,
		.context = r,
	};
	const struct exchange_options exchange = {r->options->zone, r->options->survey};
	const struct queue_log_listener stays = {
		.finished = recording_call,
		.changed = r->options->live ? recording_call : NULL,
		.surveyed = recording_call,
		.refused = recording_refuse,
		.context = r,
	};
	const struct cdr_options cdr = {
		.finished = recording_call,
		.rejected = recording_bad_row,
		.context = r,
		.zone = r->options->zone,
	};
	enum ch_status status;
	switch (r->kind) {
	case RECORDING_AMI:
		status = ami_reader_create(&r->ami);
		return status == CH_OK ? exchange_create(&listener, &exchange, &r->exchange)
				       : status;
	case RECORDING_ESL:
		r->words = calloc(1, sizeof(*r->words));
		status = r->words != NULL ? esl_reader_create(&r->esl) : CH_NOMEM;
		return status == CH_OK ? exchange_create(&listener, &exchange, &r->exchange)
				       : status;
	case RECORDING_QUEUE_LOG:
		return queue_log_create(&stays, r->options->survey, &r->queue_log);
	case RECORDING_CDR:
		return cdr_create(&cdr, &r->cdr);
	default:
		return desk_create(r->options->names.source, &r->desk);
	}
}

static enum ch_status recording_open(void *decoder, int fd, const char *path, void **out_reader)
{
	const struct recording_options *options = decoder;
	struct recording *r = calloc(1, sizeof(*r));
	if (r == NULL)
		return CH_NOMEM;
	r->options = options;
	r->kind = options->kind;
	r->fd = fd;
	arrivals_open(&r->arrivals, path);
	enum ch_status status = harvest_create(&options->names, &r->harvest);
	if (status == CH_OK && r->kind != RECORDING_GUESS)
		status = recording_prepare(r);
	if (status != CH_OK) {
		recording_close(r);
		return status;
	}
	*out_reader = r;
	return CH_OK;
}

static enum ch_status recording_read(struct recording *r)
{
	ssize_t got;
	do
		got = read(r->fd, r->piece, sizeof(r->piece));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return CH_IO;
	struct slice bytes = slice_of(r->piece, (size_t)got);
	if (r->kind == RECORDING_GUESS) {
		r->kind = recording_guess(bytes);
		enum ch_status status = recording_prepare(r);
		if (status != CH_OK)
			return status;
	}
	return got > 0 ? recording_feed(r, bytes) : recording_end(r);
}

static enum ch_status recording_next(void *reader, struct kit_item *out_item)
{
	struct recording *r = reader;
	enum ch_status status = harvest_take(r->harvest, out_item);
	while (status == CH_END && !r->ended) {
		status = recording_read(r);
		if (status == CH_OK)
			status = harvest_take(r->harvest, out_item);
	}
	if (status == CH_OK)
		out_item->since_us = 0; /* the folder knows better */
	return status;
}

const struct kit_format recording_format = {
	.open = recording_open,
	.next = recording_next,
	.close = recording_close,
};

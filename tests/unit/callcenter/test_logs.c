/* queue_log and Master.csv: the same calls in the exchange's own books. */
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "book.h"
#include "channel/callcenter/cdr.h"
#include "channel/callcenter/lines.h"
#include "channel/callcenter/log_fill.h"
#include "channel/callcenter/queue_log.h"
#include "log_place.h"

/* With all that calls come to before they are over, when `live`. */
static void feed(struct queue_log *log, const char *text)
{
	struct slice rest = slice_text(text);
	struct queue_line line;
	const char *reason;
	while (rest.len > 0) {
		const uint8_t *end = memchr(rest.data, '\n', rest.len);
		size_t len = (size_t)(end - rest.data);
		assert_int_equal(queue_line_parse(slice_sub(rest, 0, len), &line, &reason), CH_OK);
		assert_int_equal(queue_log_take(log, &line), CH_OK);
		rest = slice_sub(rest, len + 1, SIZE_MAX);
	}
}

static struct queue_log *log_of(struct book *book, bool live, const char *text)
{
	const struct queue_log_listener listener = {
		.finished = book_write, .changed = live ? book_write : NULL, .context = book};
	struct queue_log *log = NULL;
	assert_int_equal(queue_log_create(&listener, NULL, &log), CH_OK);
	feed(log, text);
	return log;
}

static void test_a_queue_log_tells_calls(void **state)
{
	struct book book = {.count = 0};
	struct queue_log *log = log_of(&book, false,
		"100|NONE|NONE|NONE|QUEUESTART|\n"
		"101|t-1.1|repair|NONE|ENTERQUEUE||13800138000|3\n"
		"103|t-1.1|repair|Wang|RINGNOANSWER|4000\n"
		"104|t-1.1|repair|Temp, Li|CONNECT|3|t-1.2|1\n"
		"110|t-1.1|repair|Temp, Li|COMPLETEAGENT|3|6|3\n"
		"111|t-1.3|parts|NONE|ENTERQUEUE|||1\n"
		"114|t-1.3|parts|NONE|EXITWITHTIMEOUT|1|1|3\n"
		"114|t-1.3|parts|NONE|ENTERQUEUE|||1\n"
		"118|t-1.3|parts|NONE|ABANDON|1|1|4\n"
		"119|t-1.4|repair|NONE|ENTERQUEUE||1|1\n"
		"120|t-1.4|repair|Wang|CONNECT|1|t-1.5|1\n"
		"130|t-1.4|repair|Wang|BLINDTRANSFER|600|agents|1|10|1\n"
		"131|t-1.6|repair|NONE|ENTERQUEUE||1|1\n"
		"132|t-1.6|repair|NONE|EXITWITHKEY|5|2|1|1\n"
		"133|MANAGER|repair|Wang|PAUSE|lunch\n");
	(void)state;
	assert_int_equal(book.count, 5);
	assert_string_equal(book.lines[0],
		"completed t-1.1/repair wait=3 ring=1 talk=6 hold=0 missed=1 end=1 exit=0 agent=Temp, Li");
	assert_non_null(strstr(book.lines[1], "exited t-1.3/parts wait=3"));
	assert_non_null(strstr(book.lines[1], "exit=1"));
	assert_non_null(strstr(book.lines[2], "abandoned t-1.3/parts/2 wait=4"));
	assert_non_null(strstr(book.lines[3], "completed t-1.4/repair wait=1 ring=1 talk=10"));
	assert_non_null(strstr(book.lines[4], "wait=1 ring=0 talk=0 hold=0 missed=0 end=0 exit=2"));
	queue_log_free(log);
}

/* The same as the manager port tells, and as often. */
static void test_a_queue_log_tells_what_is_not_over(void **state)
{
	struct book book = {.count = 0};
	struct queue_log *log = log_of(&book, true,
		"101|t-1.1|repair|NONE|ENTERQUEUE||13800138000|3\n"
		"104|t-1.1|repair|Li|CONNECT|3|t-1.2|1\n"
		"105|t-1.1|repair|Li|CONNECT|3|t-1.2|1\n"
		"110|t-1.1|repair|Li|COMPLETEAGENT|3|6|3\n"
		"111|t-1.1|repair|NONE|ENTERQUEUE||13800138000|1\n"
		"112|t-1.1|repair|NONE|CONNECT|1|t-1.3|1\n"
		"113|t-1.4|repair|NONE|ABANDON|1|1|4\n");
	(void)state;
	assert_int_equal(book.count, 5);
	assert_string_equal(book.lines[0],
		"queued t-1.1/repair/queued wait=0 ring=0 talk=0 hold=0 missed=0 end=0 exit=0 agent=");
	assert_string_equal(book.lines[1],
		"connected t-1.1/repair/connected wait=3 ring=1 talk=0 hold=0 missed=0 end=0 exit=0 agent=Li");
	assert_memory_equal(book.lines[2], "completed t-1.1/repair ", 23);
	assert_memory_equal(book.lines[3], "queued t-1.1/repair/2/queued ", 29);
	assert_memory_equal(book.lines[4], "abandoned t-1.4/repair ", 23);
	queue_log_free(log);
}

/* A start of the exchange cuts off what was open; a rotated log begins in the middle of calls. */
static void test_a_log_without_begin_or_end(void **state)
{
	struct book book = {.count = 0};
	struct queue_log *log = log_of(&book, false,
		"100|t-1.1|repair|Wang|COMPLETECALLER|3|6|1\n"
		"101|t-1.2|repair|NONE|ENTERQUEUE||1|1\n"
		"102|t-1.3|repair|NONE|ENTERQUEUE||1|1\n"
		"102|t-1.3|repair|Wang|CONNECT|1|x|1\n"
		"103|t-1.4|repair|NONE|ENTERQUEUE||1|1\n"
		"103|t-1.4|parts|NONE|ENTERQUEUE||1|1\n");
	(void)state;
	assert_int_equal(book.count, 2);
	assert_memory_equal(book.lines[0], "completed t-1.1/repair wait=3", 29);
	assert_memory_equal(book.lines[1], "cut t-1.4/repair ", 17);
	assert_int_equal(queue_log_open(log), 3);
	struct queue_line start = {.time_s = 200,
		.uniqueid = SLICE_LITERAL("NONE"),
		.queue = SLICE_LITERAL("NONE"),
		.agent = SLICE_LITERAL("NONE"),
		.event = SLICE_LITERAL("QUEUESTART")};
	assert_int_equal(queue_log_take(log, &start), CH_OK);
	assert_int_equal(book.count, 5);
	assert_int_equal(queue_log_open(log), 0);
	assert_non_null(strstr(book.lines[3], "cut t-1.3/repair wait=1"));
	assert_non_null(strstr(book.lines[3], "end=4"));
	queue_log_free(log);
}

/* ---- What callers answer ---- */

struct forms {
	struct book book;
	char last[256]; /* the form told last: "hotline 2026-Q4 overall=4 manner=-" */
	char number[32];
	char refused[256];
	size_t refusals;
};

static void forms_surveyed(void *context, const struct call_record *call)
{
	struct forms *forms = context;
	const struct survey *survey = call->survey;
	int len = snprintf(forms->last, sizeof(forms->last), "%.*s %.*s", (int)survey->name.len,
		(const char *)survey->name.data, (int)survey->wave.len,
		(const char *)survey->wave.data);
	for (size_t i = 0; i < survey->rules->count; i++) {
		char score[DECIMAL_TEXT_BYTES] = "";
		if (survey->answers[i].told && !survey->answers[i].skipped)
			(void)decimal_format(survey->answers[i].score, score);
		len += snprintf(forms->last + len, sizeof(forms->last) - (size_t)len, " %.*s=%s",
			(int)survey->rules->questions[i].question.len,
			(const char *)survey->rules->questions[i].question.data,
			survey->answers[i].skipped ? "-" : score);
	}
	(void)snprintf(forms->number, sizeof(forms->number), "%.*s", (int)call->caller_number.len,
		(const char *)call->caller_number.data);
	book_write(&forms->book, call);
}

static void forms_refused(void *context, struct slice uniqueid, const char *reason)
{
	struct forms *forms = context;
	forms->refusals++;
	(void)snprintf(forms->refused, sizeof(forms->refused), "%.*s %s", (int)uniqueid.len,
		(const char *)uniqueid.data, reason);
}

/* Score=overall, Manner=manner, from 1 to 5; event CSAT. */
static const struct survey_rules *asked(void)
{
	static struct survey_rules rules;
	rules = (struct survey_rules){
		.event = SLICE_LITERAL("CSAT"),
		.name = SLICE_LITERAL("hotline"),
		.name_field = SLICE_LITERAL("Survey"),
		.wave_field = SLICE_LITERAL("Wave"),
	};
	assert_null(survey_rules_scale(&rules, SLICE_LITERAL("1-5")));
	assert_null(survey_rules_add(&rules, SLICE_LITERAL("Score=overall")));
	assert_null(survey_rules_add(&rules, SLICE_LITERAL("Manner=manner")));
	return &rules;
}

static struct queue_log *forms_log(struct forms *forms, const char *text)
{
	const struct queue_log_listener listener = {.finished = book_write,
		.surveyed = forms_surveyed,
		.refused = forms_refused,
		.context = forms};
	struct queue_log *log = NULL;
	*forms = (struct forms){.refusals = 0};
	assert_int_equal(queue_log_create(&listener, asked(), &log), CH_OK);
	feed(log, text);
	return log;
}

/* As one form when no key was pressed for five minutes: the last word counts, and who served him is named. */
static void test_answers_are_told_when_they_rest(void **state)
{
	struct forms forms;
	struct queue_log *log =
		forms_log(&forms, "101|t-1.1|repair|NONE|ENTERQUEUE||13800138000|1\n"
				  "104|t-1.1|repair|Li|CONNECT|3|t-1.2|1\n"
				  "110|t-1.1|repair|Li|COMPLETEAGENT|3|6|1\n"
				  "120|t-1.1|NONE|NONE|CSAT|Score: 2\n"
				  "125|t-1.1|NONE|NONE|csat|Score: 4,Wave: 2026-Q4\n"
				  "419|t-1.1|NONE|NONE|CSAT|Manner:|Colour: blue\n");
	(void)state;
	assert_int_equal(forms.book.count, 1); /* the call */
	queue_log_tend(log, 718);
	assert_int_equal(forms.book.count, 1);
	assert_int_equal(queue_log_forms(log), 1);
	queue_log_tend(log, 719);
	assert_int_equal(forms.book.count, 2);
	assert_int_equal(queue_log_forms(log), 0);
	assert_memory_equal(forms.book.lines[1], "surveyed t-1.1/survey/hotline ", 30);
	assert_non_null(strstr(forms.book.lines[1], "agent=Li"));
	assert_string_equal(forms.last, "hotline 2026-Q4 overall=4 manner=-");
	assert_string_equal(forms.number, "13800138000");
	queue_log_free(log);
}

/* Later lines of others let it rest, and a start of the exchange ends it; another questionnaire is another form. */
static void test_the_log_itself_ends_forms(void **state)
{
	struct forms forms;
	struct queue_log *log =
		forms_log(&forms, "100|t-1.1|NONE|NONE|CSAT|Score: 5\n"
				  "101|t-1.1|NONE|NONE|CSAT|Survey: parts,Score: 1\n"
				  "102|t-1.2|NONE|NONE|CSAT|Score: 3\n"
				  "401|t-1.3|repair|NONE|ENTERQUEUE||1|1\n");
	(void)state;
	assert_int_equal(forms.book.count, 2);
	assert_memory_equal(forms.book.lines[0], "surveyed t-1.1/survey/hotline ", 30);
	assert_memory_equal(forms.book.lines[1], "surveyed t-1.1/survey/parts ", 28);
	feed(log, "401|NONE|NONE|NONE|QUEUESTART|\n");
	assert_int_equal(forms.book.count, 4);
	assert_memory_equal(forms.book.lines[2], "surveyed t-1.2/survey/hotline ", 30);
	assert_memory_equal(forms.book.lines[3], "cut t-1.3/repair ", 17);
	/* A clock that was set back: later is later by the clock of each. */
	feed(log, "9400|t-1.4|NONE|NONE|CSAT|Score: 3\n50|t-1.5|NONE|NONE|CSAT|Score: 3\n");
	queue_log_tend(log, 350);
	assert_int_equal(forms.book.count, 5);
	assert_memory_equal(forms.book.lines[4], "surveyed t-1.5/", 15);
	queue_log_tend(log, 9700);
	assert_int_equal(forms.book.count, 6);
	queue_log_free(log);
}

static void test_answers_that_are_none(void **state)
{
	struct forms forms;
	struct queue_log *log =
		forms_log(&forms, "100|t-1.1|NONE|NONE|CSAT|Score: 6\n"
				  "100|t-1.2|NONE|NONE|CSAT|\n"
				  "100|t-1.2|NONE|NONE|CSAT\n"
				  "100|t-1.2|NONE|NONE|CSAT|Score|4|,,,:|: 4\n"
				  "100|NONE|NONE|NONE|CSAT|Score: 4\n"
				  "100|t-1.3|NONE|NONE|OTHER|Score: 4\n"
				  "101|t-1.4|NONE|NONE|CSAT|Score: 1|Score: 5,Score: x\n");
	(void)state;
	assert_int_equal(forms.refusals, 1);
	assert_string_equal(forms.refused, "t-1.1 Score: is no number from 1 to 5");
	queue_log_end(log);
	assert_int_equal(forms.book.count, 1);
	assert_string_equal(forms.last, "hotline  overall=1 manner=");
	for (unsigned i = 0; i <= LIMIT_CALLS; i++) {
		char line[64];
		forms.book.count = 0;
		(void)snprintf(line, sizeof(line), "102|t-2.%u|N|N|CSAT|Score: 1\n", i);
		feed(log, line);
	}
	assert_int_equal(queue_log_forms(log), LIMIT_CALLS);
	assert_int_equal(forms.book.count, 1); /* the oldest made room */
	assert_memory_equal(forms.book.lines[0], "surveyed t-2.0/", 15);
	queue_log_free(log);
}

static void test_lines_that_are_none(void **state)
{
	static const char *const lines[] = {
		"", "1|2|3", "x|id|q|a|ENTERQUEUE", "1795290136|id|q|a|", "99999999999|i|q|a|E"};
	struct queue_line line;
	const char *reason = NULL;
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		reason = NULL;
		assert_int_equal(queue_line_parse(slice_text(lines[i]), &line, &reason), CH_FORMAT);
		assert_non_null(reason);
	}
	assert_int_equal(queue_line_parse(slice_text("7.25|i|q|a|E|d1"), &line, &reason), CH_OK);
	assert_int_equal(line.time_s, 7);
	assert_slice_text(line.data[0], "d1");
}

/* ---- Master.csv ---- */

#define BASE                                                                                                    \
	"\"\",\"138\",\"400\",\"in\",\"\"\"Wang \"\"\"\"F\"\"\"\" \"\" <138>\",\"Local/1\",\"Local/2\",\"%s\"," \
	"\"repair,tT\",\"2026-11-21 19:42:16\",%s,\"2026-11-21 19:42:23\",7,4,\"ANSWERED\",\"DOC\""

struct rows {
	struct book book;
	size_t rejected;
	uint64_t row;
	const char *reason;
};

static void rows_finished(void *context, const struct call_record *call)
{
	struct rows *rows = context;
	book_write(&rows->book, call);
}

static void rows_rejected(void *context, uint64_t row, const char *reason)
{
	struct rows *rows = context;
	rows->rejected++;
	rows->row = row;
	rows->reason = reason;
}

static void rows_read(struct rows *rows, const char *text, size_t piece)
{
	const struct cdr_options options = {rows_finished, rows_rejected, rows, NULL};
	struct cdr *cdr = NULL;
	*rows = (struct rows){.row = 0};
	assert_int_equal(cdr_create(&options, &cdr), CH_OK);
	for (size_t at = 0; at < strlen(text); at += piece)
		assert_int_equal(cdr_feed(cdr, slice_sub(slice_text(text), at, piece)), CH_OK);
	assert_int_equal(cdr_end(cdr, true), CH_OK);
	cdr_free(cdr);
}

/* 16 columns and what may follow them. */
static void test_rows_are_joined_whatever_the_columns(void **state)
{
	struct rows rows;
	char text[8192];
	(void)state;
	int len = snprintf(text, sizeof(text),
		BASE ",\"t-1.2\",\"u\",\"\",\"t-1.1\",4\n" BASE
		     ",\"t-1.1\",\"u\",\"\",\"t-1.1\",3\n" BASE ",\"t-2.1\"\n" BASE
		     ",\"t-2.1\",\"u\"\n" BASE "\n" BASE ",\"\",\"t-3.1\",1\n",
		"Queue", "\"2026-11-21 19:42:18\"", "Hangup", "\"\"", "Dial", "\"\"", "Dial",
		"\"\"", "Wait", "\"\"", "Wait", "\"\"");
	assert_true(len > 0 && (size_t)len < sizeof(text));
	for (size_t piece = 1; piece < 400; piece += 57) {
		rows_read(&rows, text, piece);
		assert_int_equal(rows.rejected, 0);
		assert_int_equal(rows.book.count, 4);
		assert_memory_equal(rows.book.lines[0], "plain t-1.1 ", 12);
		assert_int_equal(rows.book.legs[0], 2);
		assert_memory_equal(rows.book.lines[1], "plain t-2.1 ", 12);
		assert_int_equal(rows.book.legs[1], 2);
		assert_memory_equal(rows.book.lines[2], "plain cdr-", 10);
		assert_memory_equal(rows.book.lines[3], "plain t-3.1 ", 12);
	}
}

static void test_rows_that_are_none(void **state)
{
	struct rows rows;
	(void)state;
	rows_read(&rows, "\"CHAN_START\",\"1335310195.5\",\"\"\n", 100);
	assert_int_equal(rows.rejected, 1);
	assert_non_null(strstr(rows.reason, "CEL"));
	rows_read(&rows, "a,b\n\n\n\"c\"\n", 100);
	assert_int_equal(rows.rejected, 2);
	assert_int_equal(rows.row, 2);
	assert_non_null(strstr(rows.reason, "16 to 21"));
	rows_read(&rows, "1,2,3,4,5,6,7,8,9,yesterday,,x,1,1,A,B\n", 100);
	assert_non_null(strstr(rows.reason, "column 10"));
}

static void test_an_open_quote_ends_the_file(void **state)
{
	struct rows rows = {.row = 0};
	const struct cdr_options options = {rows_finished, rows_rejected, &rows, NULL};
	struct cdr *cdr = NULL;
	enum ch_status status = CH_OK;
	(void)state;
	assert_int_equal(cdr_create(&options, &cdr), CH_OK);
	assert_int_equal(cdr_feed(cdr, SLICE_LITERAL("\"")), CH_OK);
	for (size_t i = 0; i < LIMIT_ROW_BYTES / 8 && status == CH_OK; i++)
		status = cdr_feed(cdr, SLICE_LITERAL("open,,\n\n\n\n"));
	assert_int_equal(status, CH_TOO_LARGE);
	cdr_free(cdr);
}

/* ---- Lines, and the hole ---- */

static void test_long_lines_are_passed_over(void **state)
{
	static char large[LIMIT_ROW_BYTES / 2 + 100];
	struct lines lines = {.number = 0};
	struct slice line;
	(void)state;
	memset(large, 'x', sizeof(large));
	for (int i = 0; i < 4; i++) {
		assert_int_equal(lines_feed(&lines, slice_of(large, sizeof(large))), CH_OK);
		assert_int_equal(lines_next(&lines, &line), CH_END);
	}
	assert_true(lines.bytes.capacity < 4 * sizeof(large));
	assert_int_equal(lines_feed(&lines, SLICE_LITERAL("\nshort\r\nrest")), CH_OK);
	assert_int_equal(lines_next(&lines, &line), CH_TOO_LARGE);
	assert_int_equal(lines_next(&lines, &line), CH_OK);
	assert_slice_text(line, "short");
	assert_int_equal(lines.number, 2);
	assert_int_equal(lines_next(&lines, &line), CH_END);
	assert_slice_text(lines_rest(&lines), "rest");
	lines_fini(&lines);
}

#define NOW_S INT64_C(1795290999)

/* At so many seconds after NOW_S. */
static size_t drain_after(
	struct harvest *harvest, struct log_fill *fill, int64_t after_s, char *ids, size_t room)
{
	struct kit_item item;
	size_t count = 0;
	enum ch_status status;
	ids[0] = 0;
	do
		status = log_fill_step(fill, (NOW_S + after_s) * 1000000, after_s * 1000000);
	while (status == CH_OK);
	assert_int_equal(status, CH_END);
	for (; harvest_take(harvest, &item) == CH_OK; count++) {
		size_t len = strlen(ids);
		(void)snprintf(ids + len, room - len, "%.*s ",
			item.what == KIT_EVENT ? (int)item.envelope->id.len : (int)item.reject.len,
			item.what == KIT_EVENT ? (const char *)item.envelope->id.data
					       : (const char *)item.reject.data);
	}
	return count;
}

static size_t drain(struct harvest *harvest, struct log_fill *fill, char *ids, size_t room)
{
	return drain_after(harvest, fill, 0, ids, room);
}

/* Read on as they grow, over a rotation, half lines and what is not there yet. */
static void test_the_hole_is_filled_as_logs_grow(void **state)
{
	const struct call_names names = {.source = SLICE_LITERAL("/t"), .caller_names = true};
	struct log_place place;
	char ids[512];
	struct harvest *harvest = NULL;
	struct log_fill *fill = NULL;
	(void)state;
	log_place_make(&place);
	const struct log_fill_options options = {
		.queue_log = place.log, .cdr = place.cdr, .since_us = INT64_C(1795290000000000)};
	assert_int_equal(harvest_create(&names, &harvest), CH_OK);
	assert_int_equal(log_fill_create(&options, harvest, &fill), CH_OK);
	assert_int_equal(drain(harvest, fill, ids, sizeof(ids)), 0); /* nothing there yet */

	put_file(place.log,
		"1795280000|t-1.0|q|W|COMPLETEAGENT|1|1|1\n" /* before `since` */
		"1795290001|t-1.1|q|W|COMPLETEAGENT|1|1|1\n1795290002|t-1.2|q|W|CONN",
		"w");
	assert_int_equal(drain(harvest, fill, ids, sizeof(ids)), 1);
	assert_string_equal(ids, "t-1.1/q ");
	put_file(place.log, "ECT|1|x|1\n1795290009|t-1.2|q|W|COMPLETEAGENT|1|7|1\nrubbish\n", "a");
	assert_int_equal(drain(harvest, fill, ids, sizeof(ids)), 2);
	assert_string_equal(ids, "t-1.2/q queue_log: line 5: has fewer than five fields ");

	put_file(place.log, "1795290010|t-1.3|q|W|CONNECT|1|x|1\n", "a");
	assert_int_equal(rename(place.log, place.old), 0);
	assert_int_equal(drain(harvest, fill, ids, sizeof(ids)), 0);
	put_file(place.log, "1795290011|t-1.3|q|W|COMPLETEAGENT|1|1|1\n", "w");
	assert_int_equal(drain(harvest, fill, ids, sizeof(ids)), 1);
	assert_string_equal(ids, "t-1.3/q ");

	put_file(place.cdr,
		"\"\",\"138\",\"400\",\"in\",\"\",\"L\",\"L\",\"Dial\",\"x\",\"2026-11-21 19:42:16\",,"
		"\"2026-11-21 19:42:23\",7,4,\"BUSY\",\"D\",\"t-1795290136.9\",\"\",\"\",\"t-1795290136.9\",1\n"
		"\"\",\"138\",\"400\",\"in\",\"\",\"L\",\"L\",\"Queue\",\"q\",\"2026-11-21 19:42:16\",,"
		"\"2026-11-21 19:42:23\",7,4,\"ANSWERED\",\"D\",\"t-1.1\",\"\",\"\",\"t-1.1\",1\n",
		"w");
	assert_int_equal(drain(harvest, fill, ids, sizeof(ids)), 1);
	assert_string_equal(ids, "t-1795290136.9 ");
	log_fill_free(fill);
	harvest_free(harvest);
	scratch_remove(place.folder);
}

/* Where it was left: the checkpoint of the last event. */
static void fill_again(const char *log, const char *checkpoint, char *ids, size_t room)
{
	const struct call_names names = {.source = SLICE_LITERAL("/t")};
	const struct log_fill_options options = {.queue_log = log,
		.survey = asked(),
		.since_us = 1,
		.checkpoint = slice_text(checkpoint)};
	struct harvest *harvest = NULL;
	struct log_fill *fill = NULL;
	assert_int_equal(harvest_create(&names, &harvest), CH_OK);
	assert_int_equal(log_fill_create(&options, harvest, &fill), CH_OK);
	(void)drain(harvest, fill, ids, room);
	log_fill_free(fill);
	harvest_free(harvest);
}

/* What is told is behind the line or newer than the time: a clock that is set back loses no call, nor does another
 * file. */
static void test_a_log_is_read_on_after_a_restart(void **state)
{
	static const char text[] = "1795290020|t-1.1|q|W|COMPLETEAGENT|1|1|1\n"
				   "1795290021|t-1.2|q|W|COMPLETEAGENT|1|1|1\n"
				   "1795290022|t-1.3|q|W|COMPLETEAGENT|1|1|1\n"
				   "1795290001|t-1.4|q|W|COMPLETEAGENT|1|1|1\n";
	struct log_place place;
	char ids[512];
	(void)state;
	log_place_make(&place);
	put_file(place.log, text, "w");
	fill_again(place.log, "", ids, sizeof(ids));
	assert_string_equal(ids, "t-1.1/q t-1.2/q t-1.3/q t-1.4/q ");
	fill_again(place.log, "1795290022000000 0 3", ids, sizeof(ids));
	assert_string_equal(ids, "t-1.3/q t-1.4/q ");
	fill_again(place.log, "1795290001000000 0 4", ids, sizeof(ids));
	assert_string_equal(ids, "t-1.1/q t-1.2/q t-1.3/q t-1.4/q ");
	fill_again(place.log, "1795290010000000 0 900", ids, sizeof(ids)); /* of the file before */
	assert_string_equal(ids, "t-1.1/q t-1.2/q t-1.3/q ");
	fill_again(place.log, "1795290022000000 0", ids, sizeof(ids)); /* none */
	assert_string_equal(ids, "t-1.1/q t-1.2/q t-1.3/q t-1.4/q ");
	scratch_remove(place.folder);
}

/* What was written before a rotation is told too, once: lines of the file that the checkpoint is of are counted there. */
static void test_a_log_is_read_on_after_a_rotation(void **state)
{
	struct log_place place;
	char ids[512];
	(void)state;
	log_place_make(&place);
	put_file(place.old,
		"1795290020|t-1.1|q|W|COMPLETEAGENT|1|1|1\n1795290021|t-1.2|q|W|COMPLETEAGENT|1|1|1\n"
		"1795290022|t-1.3|q|W|COMPLETEAGENT|1|1|1\n1795290022|t-1.4|q|NONE|ENTERQUEUE||1|1\n",
		"w");
	put_file(place.log,
		"1795290023|t-1.4|q|W|COMPLETEAGENT|1|1|1\n1795290024|t-1.5|q|W|COMPLETEAGENT|1|1|1\n",
		"w");
	set_written(place.old, 1795290022);
	set_written(place.log, 1795290024);
	fill_again(place.log, "", ids, sizeof(ids));
	assert_string_equal(ids, "t-1.1/q t-1.2/q t-1.3/q t-1.4/q t-1.5/q ");
	fill_again(place.log, "1795290022000000 0 3", ids, sizeof(ids));
	assert_string_equal(ids, "t-1.3/q t-1.4/q t-1.5/q ");
	fill_again(
		place.log, "1795299022000000 0 1", ids, sizeof(ids)); /* long after the rotation */
	assert_string_equal(ids, "t-1.5/q ");
	scratch_remove(place.folder);
}

/* A form is told behind calls that ended after it: whoever ended in between tells it again.  What is no answer any more
 * is not, and what is wrong is said wherever it stands. */
static void test_answers_are_told_again_after_a_restart(void **state)
{
	static const char text[] = "1795290020|t-1.1|NONE|NONE|CSAT|Score: 4\n"
				   "1795290021|t-1.2|NONE|NONE|CSAT|Score: 9\n"
				   "1795290022|t-1.3|q|W|COMPLETEAGENT|1|1|1\n"
				   "1795290330|t-1.4|q|W|COMPLETEAGENT|1|1|1\n";
	static const char wrong[] =
		"queue_log: line 2: a survey, call t-1.2: Score: is no number from 1 to 5 ";
	struct log_place place;
	char ids[512];
	char expected[512];
	(void)state;
	log_place_make(&place);
	put_file(place.log, text, "w");
	fill_again(place.log, "", ids, sizeof(ids));
	(void)snprintf(
		expected, sizeof(expected), "%st-1.3/q t-1.1/survey/hotline t-1.4/q ", wrong);
	assert_string_equal(ids, expected);
	fill_again(place.log, "1795290022000000 0 3", ids, sizeof(ids));
	assert_string_equal(ids, expected);
	fill_again(place.log, "1795290330000000 0 4", ids, sizeof(ids));
	(void)snprintf(expected, sizeof(expected), "%st-1.4/q ", wrong);
	assert_string_equal(ids, expected);
	scratch_remove(place.folder);
}

/* The exchange's clock is an hour behind: what it writes now is not old.  What stood there before it was listened to
 * is as old as the file, and what is written since as long as nothing follows. */
static void test_answers_rest_by_the_exchanges_clock(void **state)
{
	const struct call_names names = {.source = SLICE_LITERAL("/t")};
	struct log_place place;
	char ids[512];
	struct harvest *harvest = NULL;
	struct log_fill *fill = NULL;
	(void)state;
	log_place_make(&place);
	const struct log_fill_options options = {
		.queue_log = place.log, .survey = asked(), .since_us = 1};
	put_file(place.log, "1795287398|t-1.1|NONE|NONE|CSAT|Score: 1\n", "w");
	set_written(place.log, NOW_S - 1);
	assert_int_equal(harvest_create(&names, &harvest), CH_OK);
	assert_int_equal(log_fill_create(&options, harvest, &fill), CH_OK);
	assert_int_equal(drain_after(harvest, fill, 0, ids, sizeof(ids)), 0);
	assert_true(log_fill_is_waiting(fill));
	assert_int_equal(drain_after(harvest, fill, 298, ids, sizeof(ids)), 0);
	assert_int_equal(drain_after(harvest, fill, 299, ids, sizeof(ids)), 1);
	assert_string_equal(ids, "t-1.1/survey/hotline ");

	put_file(place.log, "1795287699|t-1.2|NONE|NONE|CSAT|Score: 1\n", "a");
	assert_int_equal(drain_after(harvest, fill, 301, ids, sizeof(ids)), 0);
	put_file(place.log, "1795287710|t-1.2|NONE|NONE|CSAT|Manner: 5\n", "a");
	assert_int_equal(drain_after(harvest, fill, 312, ids, sizeof(ids)), 0);
	assert_int_equal(drain_after(harvest, fill, 611, ids, sizeof(ids)), 0);
	assert_int_equal(drain_after(harvest, fill, 612, ids, sizeof(ids)), 1);
	assert_string_equal(ids, "t-1.2/survey/hotline ");
	assert_false(log_fill_is_waiting(fill));
	log_fill_free(fill);
	harvest_free(harvest);
	scratch_remove(place.folder);
}

/* Once is enough where the file has rested. */
static void test_answers_of_an_old_log_are_told_at_once(void **state)
{
	struct log_place place;
	char ids[512];
	(void)state;
	log_place_make(&place);
	put_file(place.log, "1795287398|t-1.1|NONE|NONE|CSAT|Score: 1\n", "w");
	set_written(place.log, NOW_S - 299);
	fill_again(place.log, "", ids, sizeof(ids));
	assert_string_equal(ids, "");
	set_written(place.log, NOW_S - 300);
	fill_again(place.log, "", ids, sizeof(ids));
	assert_string_equal(ids, "t-1.1/survey/hotline ");
	set_written(place.log, NOW_S + 1000); /* by a clock that is ahead */
	fill_again(place.log, "", ids, sizeof(ids));
	assert_string_equal(ids, "");
	scratch_remove(place.folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_queue_log_tells_calls),
		cmocka_unit_test(test_a_queue_log_tells_what_is_not_over),
		cmocka_unit_test(test_a_log_without_begin_or_end),
		cmocka_unit_test(test_answers_are_told_when_they_rest),
		cmocka_unit_test(test_the_log_itself_ends_forms),
		cmocka_unit_test(test_answers_that_are_none),
		cmocka_unit_test(test_lines_that_are_none),
		cmocka_unit_test(test_rows_are_joined_whatever_the_columns),
		cmocka_unit_test(test_rows_that_are_none),
		cmocka_unit_test(test_an_open_quote_ends_the_file),
		cmocka_unit_test(test_long_lines_are_passed_over),
		cmocka_unit_test(test_the_hole_is_filled_as_logs_grow),
		cmocka_unit_test(test_a_log_is_read_on_after_a_restart),
		cmocka_unit_test(test_a_log_is_read_on_after_a_rotation),
		cmocka_unit_test(test_answers_are_told_again_after_a_restart),
		cmocka_unit_test(test_answers_rest_by_the_exchanges_clock),
		cmocka_unit_test(test_answers_of_an_old_log_are_told_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

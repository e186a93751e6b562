/* queue_log: every stay and every form is told at most once, and what is open at the end is counted. */
#include "callcenter.h"

#include "channel/callcenter/lines.h"
#include "channel/callcenter/queue_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fuzz_refusal(void *context, struct slice uniqueid, const char *reason)
{
	(void)context;
	invariant(uniqueid.len > 0 && strlen(reason) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t calls = 0;
	const struct queue_log_listener listener = {
		fuzz_call, fuzz_change, fuzz_form, fuzz_refusal, &calls};
	struct survey_rules survey = {.event = SLICE_LITERAL("CSAT"),
		.name = SLICE_LITERAL("hotline"),
		.name_field = SLICE_LITERAL("Survey"),
		.wave_field = SLICE_LITERAL("Wave")};
	size_t taken = 0;
	struct lines lines = {.number = 0};
	struct queue_log *log = NULL;
	struct queue_line line;
	struct slice text;
	const char *reason = NULL;
	invariant(survey_rules_scale(&survey, SLICE_LITERAL("1-5")) == NULL);
	invariant(survey_rules_add(&survey, SLICE_LITERAL("Score=overall")) == NULL);
	invariant(survey_rules_add(&survey, SLICE_LITERAL("Manner=manner")) == NULL);
	invariant(queue_log_create(&listener, &survey, &log) == CH_OK);
	for (size_t at = 0; at < len; at += len / 2 + 1) {
		struct slice piece = slice_sub(slice_of(data, len), at, len / 2 + 1);
		invariant(lines_feed(&lines, piece) == CH_OK);
		while (lines_next(&lines, &text) == CH_OK) {
			if (queue_line_parse(text, &line, &reason) != CH_OK)
				continue;
			taken++;
			invariant(queue_log_take(log, &line) == CH_OK);
			invariant(calls + queue_log_open(log) + queue_log_forms(log) <= taken);
		}
		invariant(lines_rest(&lines).len <= len);
	}
	queue_log_end(log);
	invariant(queue_log_forms(log) == 0 && calls + queue_log_open(log) <= taken);
	queue_log_free(log);
	lines_fini(&lines);
	return 0;
}

/* queue_log: every stay is told at most once, and what is open at the end is counted. */
#include "callcenter.h"

#include "channel/callcenter/lines.h"
#include "channel/callcenter/queue_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t calls = 0;
	const struct queue_log_listener listener = {fuzz_call, fuzz_change, &calls};
	size_t taken = 0;
	struct lines lines = {.number = 0};
	struct queue_log *log = NULL;
	struct queue_line line;
	struct slice text;
	const char *reason = NULL;
	invariant(queue_log_create(&listener, &log) == CH_OK);
	for (size_t at = 0; at < len; at += len / 2 + 1) {
		struct slice piece = slice_sub(slice_of(data, len), at, len / 2 + 1);
		invariant(lines_feed(&lines, piece) == CH_OK);
		while (lines_next(&lines, &text) == CH_OK) {
			if (queue_line_parse(text, &line, &reason) != CH_OK)
				continue;
			taken++;
			invariant(queue_log_take(log, &line) == CH_OK);
			invariant(calls + queue_log_open(log) <= taken);
		}
		invariant(lines_rest(&lines).len <= len);
	}
	queue_log_free(log);
	lines_fini(&lines);
	return 0;
}

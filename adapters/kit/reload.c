#include "kit/reload.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"

#define EXIT_UNUSABLE 2
#define EXIT_UNKNOWN  3

/* What ends and starts has this long. */
#define RELOAD_MS 30000

/* ---- Who runs ---- */

void reload_answer_active(
	struct control *control, uint64_t generation, const char *how, const char *more)
{
	struct buffer text = {0};
	buffer_printf(&text, "active %" PRIu64 " %s\n", generation, how);
	if (more != NULL)
		buffer_append_text(&text, more);
	control_answer(control, buffer_slice(&text));
	buffer_fini(&text);
}

void reload_answer_kept(struct control *control, uint64_t generation,
	const struct problems *problems, enum ch_status why)
{
	struct buffer text = {0};
	buffer_printf(&text, "kept %" PRIu64 "\n", generation);
	if (problems_none(problems))
		buffer_printf(&text, "%s\n", ch_status_text(why));
	problems_print(problems, &text);
	control_answer(control, buffer_slice(&text));
	buffer_fini(&text);
}

/* ---- Who asks ---- */

static int reload_no_answer(
	const char *program, const char *what, const char *config, enum ch_status status)
{
	fprintf(stderr, "%s: %s: ", program, config);
	if (status == CH_NOT_FOUND)
		fprintf(stderr, "there is no %s that runs with it\n", what);
	else
		fprintf(stderr, "%s\n",
			status == CH_TIMEOUT  ? "no answer in time: its log will say"
			: status == CH_CLOSED ? "no answer: it has ended, or is another user's"
					      : ch_status_text(status));
	return EXIT_UNKNOWN;
}

int reload_command(const char *program, const char *what, const char *config)
{
	struct buffer answer = {0};
	int result = 0;
	enum ch_status status = control_ask(program, config, RELOAD_MS, &answer);
	struct slice text = buffer_slice(&answer);
	struct slice rest = text;
	struct slice line = {NULL, 0};
	if (status != CH_OK || !text_split(&rest, '\n', &line)) {
		result = reload_no_answer(program, what, config, status);
	} else if (slice_starts(line, SLICE_LITERAL("active "))) {
		printf("%.*s", (int)text.len, (const char *)text.data);
	} else {
		fprintf(stderr, "%.*s%.*s\n", (int)rest.len, (const char *)rest.data, (int)line.len,
			(const char *)line.data); /* what counts comes last */
		result = EXIT_UNUSABLE;
	}
	buffer_fini(&answer);
	return result;
}

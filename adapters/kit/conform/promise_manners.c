#include <ftw.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/text.h"
#include "kit/conform/promise.h"

#define METRICS_MS 20000 /* they may be written every ten seconds */

/* Files and folders of the try: who only checks makes none.  nftw hands no context on. */
static size_t census_count;

static int census_meet(const char *path, const struct stat *info, int type, struct FTW *at)
{
	(void)path;
	(void)info;
	(void)type;
	(void)at;
	census_count++;
	return 0;
}

static size_t census(const struct stage *stage)
{
	census_count = 0;
	(void)nftw(stage->work, census_meet, 16, FTW_PHYS); /* what cannot be read is not counted */
	return census_count;
}

/* The command's whole output, what it says on standard error included. */
static int check(struct stage *stage, struct buffer *out)
{
	struct buffer command = {0};
	int status = 0;
	buffer_printf(&command, "exec 2>&1; %s", stage->conform->description.check);
	stage_command(stage, "check", buffer_text(&command), out, &status);
	buffer_fini(&command);
	return status;
}

static void check_mistakes(struct stage *stage, struct buffer *said)
{
	const struct option_list *mistakes = &stage->conform->description.mistakes;
	for (size_t i = 0; i < mistakes->count; i++) {
		const char *word = mistakes->items[i];
		if (memmem(said->data, said->len, word, strlen(word)) == NULL)
			stage_fail(stage, "check does not tell of %s, but: %.300s", word,
				buffer_text(said));
	}
	stage_note(stage, "%zu mistakes at once", mistakes->count);
}

void promise_check(struct stage *stage)
{
	const struct description *description = &stage->conform->description;
	struct buffer said = {0};
	struct buffer broken = {0};
	if (!description_has(description->check)) {
		stage_pass_over(stage, "check");
		return;
	}
	size_t before = census(stage);
	if (check(stage, &said) != 0)
		stage_fail(stage, "check refuses the configuration that run is given: %.300s",
			buffer_text(&said));
	if (census(stage) != before)
		stage_fail(stage, "check changes the disk: there were %zu names, and are %zu",
			before, census(stage));
	buffer_clear(&said);
	stage_template(stage, description->broken, &broken);
	stage_configure(stage, buffer_slice(&broken));
	int status = check(stage, &said);
	if (!WIFEXITED(status) || WEXITSTATUS(status) == 0)
		stage_fail(stage, "check finds nothing wrong with %s", description->broken);
	check_mistakes(stage, &said);
	buffer_fini(&broken);
	buffer_fini(&said);
}

/* ---- The sample ---- */

/* "name = value" of an INI line: its name. */
static bool ini_setting(struct slice line, struct slice *out_name)
{
	struct slice rest = line;
	struct slice name;
	if (line.len == 0 || memchr(line.data, '=', line.len) == NULL ||
		!text_split(&rest, '=', &name))
		return false;
	name = text_trim(name);
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] == ' ' || name.data[i] == '#' || name.data[i] == ';')
			return false;
	}
	*out_name = name;
	return name.len > 0;
}

static bool ini_section(struct slice line, struct slice *section)
{
	line = text_trim(line);
	if (line.len < 2 || line.data[0] != '[' || line.data[line.len - 1] != ']')
		return false;
	*section = slice_sub(line, 1, line.len - 2);
	return true;
}

static bool ini_has(struct slice text, struct slice wanted_section, struct slice wanted)
{
	struct slice line;
	struct slice name;
	struct slice section = {NULL, 0};
	while (text_split(&text, '\n', &line)) {
		if (!ini_section(line, &section) && slice_equal(section, wanted_section) &&
			ini_setting(line, &name) && slice_equal(name, wanted))
			return true;
	}
	return false;
}

/* Every setting of the sample that has a value is set to it, unless `given` sets it. */
static void sample_fill(
	struct slice sample, struct slice given, struct buffer *out, uint32_t *values)
{
	struct slice line;
	struct slice name;
	struct slice section = {NULL, 0};
	while (text_split(&sample, '\n', &line)) {
		struct slice setting = line;
		if (setting.len > 0 && setting.data[0] == '#')
			setting = slice_sub(setting, 1, setting.len);
		bool is_section = ini_section(line, &section);
		if (is_section) {
			buffer_append_slice(out, line);
		} else if (ini_setting(setting, &name) && !ini_has(given, section, name)) {
			struct slice value = slice_sub(setting,
				(size_t)((const uint8_t *)memchr(setting.data, '=', setting.len) -
					 setting.data) +
					1,
				setting.len);
			if (text_trim(value).len > 0) {
				buffer_append_slice(out, setting);
				(*values)++;
			}
		}
		buffer_append_byte(out, '\n');
	}
	buffer_append_slice(out, given);
}

void promise_sample(struct stage *stage)
{
	const struct description *description = &stage->conform->description;
	struct buffer sample = {0};
	struct buffer given = {0};
	struct buffer filled = {0};
	struct buffer said = {0};
	uint32_t values = 0;
	if (!description_has(description->sample) || !description_has(description->check)) {
		stage_pass_over(stage, "sample and check");
		return;
	}
	stage_command(stage, "sample", description->sample, &sample, NULL);
	stage_template(stage, description->configuration, &given);
	sample_fill(buffer_slice(&sample), buffer_slice(&given), &filled, &values);
	stage_configure(stage, buffer_slice(&filled));
	if (values == 0)
		stage_fail(stage, "it holds no value at all");
	if (!stage->broken && check(stage, &said) != 0)
		stage_fail(stage, "check refuses it: %.400s", buffer_text(&said));
	stage_note(stage, "%u values", values);
	buffer_fini(&said);
	buffer_fini(&filled);
	buffer_fini(&given);
	buffer_fini(&sample);
}

/* ---- Metrics ---- */

/* The sum of the series of carehub_adapter_events_total. */
static bool metrics_events(struct slice text, double *out_sum)
{
	static const char name[] = "carehub_adapter_events_total";
	struct slice line;
	bool found = false;
	double sum = 0;
	while (text_split(&text, '\n', &line)) {
		const uint8_t *blank = memrchr(line.data, ' ', line.len);
		if (!slice_starts(line, slice_text(name)) || blank == NULL)
			continue;
		char number[32] = "";
		size_t len = line.len - (size_t)(blank - line.data) - 1;
		memcpy(number, blank + 1, len < sizeof(number) ? len : sizeof(number) - 1);
		sum += strtod(number, NULL);
		found = true;
	}
	*out_sum = sum;
	return found;
}

void promise_metrics(struct stage *stage)
{
	const struct description *description = &stage->conform->description;
	uint32_t records = stage->conform->records;
	int64_t end_us = clock_steady_us() + METRICS_MS * 1000;
	double wanted = (double)records * (double)description->events;
	double events = 0;
	bool found = false;
	bool whole = false;
	if (!description_has(description->metrics)) {
		stage_pass_over(stage, "metrics");
		return;
	}
	stage_start(stage);
	stage_feed(stage, records);
	stage_settle(stage, records);
	while (!stage->broken && events < wanted && clock_steady_us() < end_us) {
		struct buffer text = {0};
		int status = 0; /* it may not have been written yet */
		stage_command(stage, "metrics", description->metrics, &text, &status);
		found = metrics_events(buffer_slice(&text), &events);
		whole = memmem(text.data, text.len, "# EOF", 5) != NULL;
		buffer_fini(&text);
		process_sleep_ms(100);
		stage_is_alive(stage);
	}
	if (!found)
		stage_fail(stage, "there is no carehub_adapter_events_total");
	else if (!whole)
		stage_fail(stage, "it is no OpenMetrics: # EOF is missing");
	else if (events < wanted)
		stage_fail(stage, "it counts %.0f events, not %.0f", events, wanted);
	stage_note(stage, "%.0f events are counted", events);
}

/* ---- Secrets ---- */

/* One more run in which everything is told that can be; every other one has been looked through, too. */
void promise_secrets(struct stage *stage)
{
	uint32_t records = stage->conform->records;
	const struct fake_answer answer = {
		.receipt = {.outcome = OUTCOME_REFUSED,
			.reason = CH_INVALID,
			.field = SLICE_LITERAL("customer.phones[0].value")},
		.skip = 3,
		.every = 4,
		.events = 3};
	uint64_t wanted = (uint64_t)records * (uint64_t)stage->conform->description.events - 3;
	fake_hub_answer(stage->hub, &answer);
	stage->lenient = true;
	stage_start(stage);
	stage_feed(stage, records);
	if (description_has(stage->conform->description.garbage))
		stage_garbage(stage);
	stage_await(stage, FAKE_STORED, wanted);
	stage_terminate(stage);
	stage_note(stage, "of this and all other runs");
}

#include "module/marketing/book_lookup.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "module/data/output.h"
#include "module/marketing/fact/held.h"

int lookup_complain(const struct lookup_request *request, const char *what, const char *value)
{
	(void)fprintf(stderr, "%s: %s: %s\n", request->program, what, value);
	return LOOKUP_USAGE;
}

bool lookup_asks(const struct lookup_request *request, const char *word)
{
	return request->word_count > 0 && strcmp(request->words[0], word) == 0;
}

static bool lookup_is_form(const struct lookup_request *request, const struct lookup_form *form)
{
	while (form != NULL && form->word != NULL) {
		if (lookup_asks(request, form->word) && request->word_count == form->words)
			return true;
		form++;
	}
	return request->word_count == 0;
}

/* By hand: getopt's struct option and that of settings do not go together.  What was asked comes before of whom: that
 * --config is missing says nothing to who has mistaken the word. */
int lookup_parse(
	int argc, char **argv, const struct lookup_form *forms, struct lookup_request *out_request)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		bool wants_value = strcmp(word, "--config") == 0 || strcmp(word, "--limit") == 0;
		if (wants_value && i + 1 == argc)
			return lookup_complain(out_request, "a value is missing", word);
		if (strcmp(word, "--config") == 0) {
			out_request->config = argv[++i];
		} else if (strcmp(word, "--limit") == 0) {
			if (text_parse_u64(slice_text(argv[++i]), UINT32_MAX,
				    &out_request->limit) != CH_OK)
				return lookup_complain(out_request, "no number of rows", argv[i]);
		} else if (strcmp(word, "--json") == 0) {
			out_request->json = true;
		} else if (strcmp(word, "--sets") == 0) {
			out_request->with_sets = true;
		} else if (strcmp(word, "--help") == 0) {
			out_request->help = true;
			return 0;
		} else if (word[0] == '-' || out_request->word_count == 3) {
			return lookup_complain(out_request, "not understood", word);
		} else {
			out_request->words[out_request->word_count++] = word;
		}
	}
	if (!lookup_is_form(out_request, forms))
		return lookup_complain(out_request, "not understood", out_request->words[0]);
	return out_request->config != NULL
		       ? 0
		       : lookup_complain(out_request, "which module", "--config is missing");
}

int lookup_open(const struct module *module, size_t segments_part_index,
	const struct lookup_request *request, struct lookup *out_desk)
{
	struct problems problems = {0};
	struct lookup lookup = {0};
	int result = 0;
	enum ch_status status = module_view_open(module, request->config, &problems, &lookup.view);
	bool opened = status == CH_OK;
	if (status == CH_OK) {
		lookup.segments = lookup.view.configs[segments_part_index];
		status = segments_config_open(
			lookup.segments, &problems, &lookup.definitions, &lookup.zone);
	}
	if (status != CH_OK)
		result = module_view_refuse(module, request->program, status, &problems);
	if (result != 0 && opened)
		module_view_close(&lookup.view);
	if (result == 0)
		*out_desk = lookup;
	problems_fini(&problems);
	return result;
}

int lookup_close(struct lookup *lookup, const struct lookup_request *request, enum ch_status status)
{
	int result = LOOKUP_UNUSABLE;
	if (status == CH_OK) {
		result = output_print(request->program, &lookup->out);
	} else if (status == CH_NOT_FOUND) {
		(void)fprintf(stderr, "%s: nothing is known of %s %s\n", request->program,
			lookup->kind, lookup->sought);
		result = LOOKUP_UNKNOWN;
	} else {
		(void)fprintf(stderr, "%s: %s\n", request->program, ch_status_text(status));
	}
	definitions_free(lookup->definitions);
	zone_free(lookup->zone);
	buffer_fini(&lookup->out);
	module_view_close(&lookup->view);
	return result;
}

void lookup_as_of(struct lookup *lookup, bool json)
{
	char time[CLOCK_TEXT_BYTES];
	struct segments_backlog backlog = {0};
	const struct feed_state *feed = &lookup->view.feed;
	(void)clock_format(feed->arrival_us, time);
	if (segments_backlog(lookup->view.txn, &backlog) != CH_OK)
		backlog.stale = 0;
	if (json) {
		buffer_printf(&lookup->out,
			"\"asOf\":\"%s\",\"position\":%" PRIu64 ",\"stale\":%" PRIu64
			",\"sweeping\":%s",
			time, feed->position, backlog.stale, backlog.sweeping ? "true" : "false");
		return;
	}
	buffer_printf(&lookup->out, "as of %s, sequence %" PRIu64, time, feed->position);
	if (backlog.stale > 0)
		buffer_printf(&lookup->out, "; %" PRIu64 " %s to be judged", backlog.stale,
			backlog.stale == 1 ? "customer waits" : "customers wait");
	if (backlog.sweeping)
		buffer_printf(&lookup->out, "; the definitions changed, and not everybody has been "
					    "judged by them");
	if (!feed->caught_up)
		buffer_append_text(&lookup->out, "; the module has not caught up");
	buffer_append_text(&lookup->out, "\n");
}

void lookup_print_member(struct lookup *lookup, const struct lookup_request *request,
	uint64_t customer, int64_t since_us, uint64_t before)
{
	char since[CLOCK_TEXT_BYTES];
	struct buffer *out = &lookup->out;
	bool known = since_us != 0;
	(void)clock_format(since_us, since);
	if (!request->json)
		buffer_printf(out, "%012" PRIu64 "%s%s\n", customer, known ? "  since " : "",
			known ? since : "");
	else
		buffer_printf(out, "%s\n  {\"customer\":\"%012" PRIu64 "\",\"since\":%s%s%s}",
			before > 0 ? "," : "", customer, known ? "\"" : "", known ? since : "null",
			known ? "\"" : "");
}

bool lookup_customer(const struct lookup_request *request, const char *text, uint64_t *out_customer)
{
	if (text_parse_u64(slice_text(text), UINT64_MAX, out_customer) == CH_OK &&
		*out_customer != 0)
		return true;
	(void)lookup_complain(request, "no customer number", text);
	return false;
}

int64_t lookup_now_us(const struct lookup *lookup)
{
	int64_t now_us = clock_wall_us();
	return lookup->view.feed.arrival_us > now_us ? lookup->view.feed.arrival_us : now_us;
}

enum ch_status lookup_profile(struct lookup *lookup, uint64_t customer, struct profile *profile)
{
	const struct held_options options = {
		.since_us = INT64_MIN,
		.currency = slice_text(lookup->segments->currency),
		.zone = lookup->zone,
	};
	static struct standing standing; /* large */
	enum ch_status status = standing_read(lookup->view.txn, customer, &standing);
	if (status == CH_OK)
		status = held_load(lookup->view.txn, customer, &options, profile);
	if (status == CH_OK)
		profile->level = standing.level;
	return status;
}

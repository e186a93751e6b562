#include "module/quality/measure/repair_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "kit/help.h"
#include "module/data/number.h"
#include "module/quality/fact/period.h"
#include "module/quality/fact/repair_fact.h"
#include "module/quality/quality_settings.h"

#define EXIT_INCOMPLETE 1
#define EXIT_UNUSABLE   2

#define FLUSH_BYTES (64u * 1024u)

struct repair_list {
	const char *config;
	const char *as_of; /* as it was asked for; NULL: now */
	int64_t as_of_us;
	bool open_only;
	struct buffer out;
	bool failed; /* to be written */
};

/* What was told last, as the events call it. */
static const char *repair_word(unsigned kind)
{
	static const char *const words[] = {
		[REPAIR_RECEIVED] = "received",
		[REPAIR_STARTED] = "started",
		[REPAIR_DIAGNOSED] = "diagnosed",
		[REPAIR_QUOTED] = "quoted",
		[REPAIR_APPROVED] = "approved",
		[REPAIR_DECLINED] = "declined",
		[REPAIR_WAIT_STARTED] = "waitStarted",
		[REPAIR_WAIT_ENDED] = "waitEnded",
		[REPAIR_PART_REQUESTED] = "partRequested",
		[REPAIR_PART_BACKORDERED] = "partBackordered",
		[REPAIR_PART_ARRIVED] = "partArrived",
		[REPAIR_PART_CANCELLED] = "partCancelled",
		[REPAIR_RESTARTED] = "restarted",
		[REPAIR_REPAIRED] = "repaired",
		[REPAIR_CHECKED] = "checked",
		[REPAIR_INFORMED] = "informed",
		[REPAIR_RETURNED] = "returned",
		[REPAIR_CLOSED] = "closed",
		[REPAIR_CANCELLED] = "cancelled",
		[REPAIR_REOPENED] = "reopened",
	};
	return kind < sizeof(words) / sizeof(*words) && words[kind] != NULL ? words[kind] : "other";
}

static void list_text(struct buffer *out, const char *key, struct slice text)
{
	buffer_printf(out, ",\"%s\":", key);
	number_append_string(out, text);
}

static void list_point(struct buffer *out, const char *key, const struct repair_point *point)
{
	char time[CLOCK_TEXT_BYTES];
	if (point->mark != NULL)
		buffer_printf(out, ",\"%s\":\"%s\"", key, clock_format(point->moment_us, time));
}

static void list_parts(struct buffer *out, const struct repair_fact *fact)
{
	buffer_append_text(out, ",\"parts\":[");
	for (size_t i = 0; i < fact->part_count; i++) {
		buffer_append_text(out, i > 0 ? "," : "");
		number_append_string(out, fact->part_numbers[i]);
	}
	buffer_append_text(out, "],\"defects\":[");
	for (size_t i = 0; i < fact->defect_count; i++) {
		buffer_append_text(out, i > 0 ? "," : "");
		number_append_string(out, fact->defects[i]->texts[0]);
	}
	buffer_append_text(out, "]");
}

static void list_durations(
	struct buffer *out, const struct repair_list *list, const struct repair_fact *fact)
{
	struct repair_point fixed = repair_fixed(fact);
	int64_t begun = fact->begun.moment_us;
	buffer_printf(out, ",\"%s\":\"%" PRId64 "\"",
		fact->ended.mark != NULL ? "throughUs" : "openUs",
		repair_age(fact, list->as_of_us));
	if (fixed.mark != NULL)
		buffer_printf(out, ",\"repairingUs\":\"%" PRId64 "\"",
			repair_span(fact, begun, fixed.moment_us));
	buffer_printf(out, ",\"toLastUs\":\"%" PRId64 "\"",
		repair_span(fact, begun, fact->last.moment_us));
}

static void list_flush(struct repair_list *list)
{
	const struct buffer *out = &list->out;
	list->failed |= out->status != CH_OK ||
			(out->len > 0 && fwrite(out->data, 1, out->len, stdout) != out->len);
	buffer_clear(&list->out);
}

static enum ch_status list_repair(
	void *context, const struct repair_fact *fact, const struct marks *marks)
{
	static const char *const outcomes[OUTCOME_COUNT] = {"none", "fixed", "notFixed"};
	struct repair_list *list = context;
	struct buffer *out = &list->out;
	(void)marks;
	if (list->open_only && fact->ended.mark != NULL)
		return CH_OK;
	buffer_append_text(out, "{\"repairOrderId\":");
	number_append_string(out, fact->order_id);
	buffer_printf(out, ",\"number\":%u", fact->number);
	list_text(out, "station", fact->station);
	list_text(out, "model", fact->model);
	list_text(out, "serial", fact->serial);
	list_point(out, "begun", &fact->begun);
	list_point(out, "repaired", &fact->repaired);
	list_point(out, "returned", &fact->returned);
	list_point(out, "cancelled", &fact->cancelled);
	list_point(out, "closed", &fact->closed);
	list_point(out, "ended", &fact->ended);
	buffer_printf(out, ",\"last\":\"%s\"", repair_word(fact->last.mark->kind));
	if (fact->last.mark->kind == REPAIR_STARTED)
		buffer_printf(out, ",\"lastStage\":%" PRId64, fact->last.mark->numbers[0]);
	buffer_printf(out, ",\"outcome\":\"%s\",\"attempts\":%" PRId64 ",\"faulty\":%s",
		outcomes[fact->outcome], fact->attempts, fact->faulty ? "true" : "false");
	list_durations(out, list, fact);
	list_parts(out, fact);
	list_text(out, "eventSource", fact->begun.mark->source);
	list_text(out, "eventId", fact->begun.mark->id);
	buffer_append_text(out, "}\n");
	if (out->len >= FLUSH_BYTES)
		list_flush(list);
	return list->failed ? CH_IO : CH_OK;
}

static const struct help help = {"carehub-quality repairs",
	"Usage: carehub-quality repairs --config FILE [--as-of TIME] [--open]\n"
	"\n"
	"Prints the repairs of the book, one JSON object a line.\n"
	"\n"
	"  --as-of TIME   as they stood then, RFC 3339 or a date (default: now)\n"
	"  --open         only those that are open\n"
	"\n"
	"Exit status: 0 fine, 1 the book has gaps or rejects, 2 it cannot be read,\n"
	"3 there is no book yet, 64 usage.\n"};

static int list_print(struct repair_list *list, const struct module_view *view)
{
	enum ch_status status = repair_walk(view->txn, list->as_of_us, list_repair, list);
	list_flush(list);
	if (status == CH_OK && !list->failed && fflush(stdout) == 0)
		return view->feed.gaps > 0 || view->feed.rejects > 0 ? EXIT_INCOMPLETE : 0;
	(void)fprintf(stderr, "carehub-quality repairs: %s\n",
		status == CH_OK || list->failed ? "standard output cannot be written"
						: ch_status_text(status));
	return EXIT_UNUSABLE;
}

/* -1: the manual was asked for; 0; or an exit status that was told.  By hand: getopt_long's struct option is
 * not ours. */
static int list_parse(int argc, char **argv, struct repair_list *list)
{
	for (int i = 1; i < argc; i++) {
		bool as_of = strcmp(argv[i], "--as-of") == 0;
		if (strcmp(argv[i], "--help") == 0)
			return -1;
		if (strcmp(argv[i], "--open") == 0) {
			list->open_only = true;
			continue;
		}
		if (!as_of && strcmp(argv[i], "--config") != 0)
			return help_refuse(&help, "not understood", argv[i]);
		if (i + 1 == argc)
			return help_refuse(&help, "a value is missing", argv[i]);
		*(as_of ? &list->as_of : &list->config) = argv[i + 1];
		i++;
	}
	return list->config != NULL ? 0 : help_refuse(&help, "which module", "--config is missing");
}

int repair_list_command(int argc, char **argv, const struct module *module, size_t config_part)
{
	struct repair_list list = {.as_of_us = clock_wall_us()};
	struct problems problems = {0};
	struct module_view view;
	int result = list_parse(argc, argv, &list);
	if (result != 0)
		return result < 0 ? help_print(&help) : result;
	enum ch_status status = module_view_open(module, list.config, &problems, &view);
	if (status == CH_OK) {
		int64_t offset_us = quality_offset_us(view.configs[config_part]);
		bool known = list.as_of == NULL ||
			     period_as_of(slice_text(list.as_of), offset_us, &list.as_of_us);
		result = known ? list_print(&list, &view)
			       : help_refuse(&help, "no moment", list.as_of);
		module_view_close(&view);
	} else {
		result = module_view_refuse(module, "carehub-quality repairs", status, &problems);
	}
	problems_fini(&problems);
	buffer_fini(&list.out);
	return result;
}

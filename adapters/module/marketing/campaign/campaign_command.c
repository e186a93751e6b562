#include "module/marketing/campaign/campaign_command.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "kit/courier.h"
#include "kit/help.h"
#include "module/data/output.h"
#include "module/marketing/campaign/campaign_plan.h"
#include "module/marketing/campaign/campaign_proof.h"
#include "module/marketing/campaign/campaign_report.h"
#include "module/marketing/campaign/command_inside.h"
#include "module/marketing/marketing_module.h"
#include "module/marketing/segment/segments_part.h"
#include "module/marketing/segment/standing.h"
#include "module/report/textwidth.h"

#define CONNECT_MS 10000

static int command_usage(FILE *to, int exit_status)
{
	(void)fputs(
		"Usage: carehub-marketing campaigns COMMAND --config FILE [--json | --format F]\n"
		"\n"
		"  list                 all campaigns and how they stand\n"
		"  plan NAME            whom it is for, and who of them is still to be looked at\n"
		"  dry-run NAME         reads every record and says who would get it, and why others would not\n"
		"  run NAME             starts it, as its file stands now; the running module does the rest\n"
		"  stop NAME            nothing of it goes out any more\n"
		"  report NAME          who got it, who did not and why, what was answered\n"
		"  uncertain [NAME]     messages of which nobody knows whether they arrived\n"
		"  proof CUSTOMER       every message to him: what it rested on, and what became of it\n"
		"  settle MESSAGE sent|resend|drop\n"
		"                       says what became of such a one: it arrived; it did not, send it once\n"
		"                       more; leave it\n"
		"\n"
		"  --format F           text, json, csv or html\n"
		"\n"
		"Exit status: 0 fine, 1 something is to be looked at, 2 unusable, 3 there is no book yet,\n"
		"64 usage.\n",
		to);
	return exit_status;
}

/* ---- What they share ---- */

int command_fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "carehub-marketing campaigns: %s: %s\n", what, why);
	return EXIT_UNUSABLE;
}

enum ch_status command_connect(const struct request *request, struct ch_connection **out_connection)
{
	struct problems problems = {0};
	struct module_settings settings = {0};
	struct ch_options *options = ch_options_create();
	enum ch_status status = CH_NOMEM;
	if (options != NULL)
		status = module_settings_scan(
			request->config, request->module, &problems, &settings);
	if (status == CH_OK)
		status = courier_identify(&settings.hub, request->module->program, options);
	if (status == CH_OK) {
		ch_options_set_connect_timeout(options, CONNECT_MS);
		status = ch_connect(options, out_connection);
	}
	module_settings_free(&settings, request->module);
	problems_fini(&problems);
	ch_options_free(options);
	return status;
}

bool command_has_segment(const struct command_view *view, const struct campaign *campaign)
{
	struct problems problems = {0};
	struct definitions *definitions = NULL;
	struct zone *zone = NULL;
	enum ch_status status = segments_config_open(
		view->book.configs[MARKETING_SEGMENTS], &problems, &definitions, &zone);
	bool has = status == CH_OK &&
		   definitions_segment(definitions, slice_text(campaign->segment)) != NULL;
	definitions_free(definitions);
	zone_free(zone);
	problems_fini(&problems);
	return has;
}

bool command_knows(struct command_view *view, const char *name)
{
	struct ledger_start start = {.start = 0};
	return campaigns_find(&view->campaigns, slice_text(name)) != NULL ||
	       (ledger_start(view->book.txn, name, &start) == CH_OK && start.start > 0);
}

/* ---- plan, dry-run ---- */

static int command_members(struct command_view *view, const struct campaign *campaign, bool ask)
{
	struct campaign_planning planning = {
		.txn = view->book.txn, .campaign = campaign, .settings = view->settings};
	struct campaign_plan plan;
	if (!command_has_segment(view, campaign))
		return command_fail(campaign->segment, "there is no such segment");
	enum ch_status status = ask ? command_connect(view->request, &planning.connection) : CH_OK;
	if (status != CH_OK)
		return command_fail("the hub",
			ch_error_detail()[0] != 0 ? ch_error_detail() : ch_status_text(status));
	status = campaign_plan_reckon(&planning, &plan);
	if (status == CH_OK)
		campaign_plan_show(&plan, &planning, &view->report);
	ch_close(planning.connection);
	if (status != CH_OK)
		return command_fail(
			ask ? "the hub or the book" : "the book", ch_status_text(status));
	return 0;
}

/* ---- What is shown ---- */

static int command_print(struct command_view *view)
{
	struct buffer out = {0};
	report_render(&view->report, view->request->format, &out);
	int result = output_print("carehub-marketing campaigns", &out);
	buffer_fini(&out);
	return result;
}

static int command_list(struct command_view *view, const struct campaign *campaign)
{
	(void)campaign; /* all of them */
	enum ch_status status =
		campaign_report_list(view->book.txn, &view->campaigns, &view->report);
	return status == CH_OK ? 0 : command_fail("the book", ch_status_text(status));
}

static int command_report(struct command_view *view, const struct campaign *campaign)
{
	bool any = false;
	enum ch_status status = campaign_report_one(view->book.txn, campaign, &view->report);
	if (status == CH_OK)
		status = ledger_cares(view->book.txn, 'u', campaign->id, &any);
	if (status != CH_OK)
		return command_fail("the book", ch_status_text(status));
	return any ? EXIT_SOME : 0;
}

static int command_uncertain(struct command_view *view, const struct campaign *campaign)
{
	(void)campaign; /* its file may be gone */
	const char *name = view->request->word_count > 0 ? view->request->words[0] : NULL;
	if (name != NULL && !command_knows(view, name))
		return command_fail(name, "there is no such campaign");
	enum ch_status status = campaign_report_uncertain(view->book.txn, name, &view->report);
	if (status != CH_OK)
		return command_fail("the book", ch_status_text(status));
	return view->report.sections->parts->table->row_count > 0 ? EXIT_SOME : 0;
}

static int command_proof(struct command_view *view, const struct campaign *campaign)
{
	(void)campaign;                  /* his messages, of whichever */
	static struct standing standing; /* large */
	const char *text = view->request->words[0];
	uint64_t customer;
	if (text_parse_u64(slice_text(text), UINT64_MAX, &customer) != CH_OK || customer == 0)
		return command_fail(text, "is no customer number");
	enum ch_status status = campaign_proof_report(view->book.txn, customer, &view->report);
	bool any = status == CH_OK && view->report.sections->parts->table->row_count > 0;
	if (status == CH_OK && !any)
		status = standing_read(view->book.txn, customer, &standing);
	if (status == CH_NOT_FOUND)
		return command_fail(text, "nothing is known of this customer");
	if (status != CH_OK)
		return command_fail("the book", ch_status_text(status));
	return 0;
}

static int command_plan(struct command_view *view, const struct campaign *campaign)
{
	return command_members(view, campaign, false);
}

static int command_dry_run(struct command_view *view, const struct campaign *campaign)
{
	return command_members(view, campaign, true);
}

/* ---- The command line ---- */

static const struct command {
	const char *name;
	size_t least; /* words behind it */
	size_t most;
	const char *wants; /* told when there are fewer, or more */
	bool needs_campaign;
	bool bears_mistakes; /* in files of campaigns and segments */
	bool prints;
	int (*act)(struct command_view *view, const struct campaign *campaign);
} commands[] = {
	{"list", 0, 0, "wants nothing", false, false, true, command_list},
	{"plan", 1, 1, "wants a campaign", true, false, true, command_plan},
	{"dry-run", 1, 1, "wants a campaign", true, false, true, command_dry_run},
	{"run", 1, 1, "wants a campaign", true, false, false, operator_run},
	{"stop", 1, 1, "wants a campaign", false, true, false, operator_stop},
	{"report", 1, 1, "wants a campaign", true, false, true, command_report},
	{"uncertain", 0, 1, "wants a campaign or nothing", false, true, true, command_uncertain},
	{"proof", 1, 1, "wants a customer's number", false, true, true, command_proof},
	{"settle", 2, 2, "wants a message, and sent, resend or drop", false, true, false,
		operator_settle},
};

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static int command_act(struct command_view *view, const struct command *command)
{
	const char *name = view->request->words[0];
	const struct campaign *campaign = NULL;
	if (command->needs_campaign) {
		campaign = campaigns_find(&view->campaigns, slice_text(name));
		if (campaign == NULL)
			return command_fail(name, "there is no such campaign");
	}
	int result = command->act(view, campaign);
	if (command->prints && result != EXIT_UNUSABLE) {
		int printed = command_print(view);
		result = printed != 0 ? printed : result;
	}
	return result;
}

static int command_complain(const char *what, const char *value)
{
	(void)fprintf(stderr, "carehub-marketing campaigns: %s: %s\n", what, value);
	return command_usage(stderr, EXIT_USAGE);
}

static int command_check_words(const struct request *request)
{
	const struct command *command = command_find(request->name);
	if (command == NULL)
		return command_complain("no such command", request->name);
	if (request->word_count < command->least || request->word_count > command->most)
		return command_complain(request->name, command->wants);
	return 0;
}

/* 0, or an exit status that was told. */
static int command_parse(int argc, char **argv, struct request *request)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		bool format = strcmp(word, "--format") == 0;
		if (strcmp(word, "--json") == 0) {
			request->format = REPORT_JSON;
		} else if (format || strcmp(word, "--config") == 0) {
			if (i + 1 == argc)
				return command_complain("a value is missing", word);
			i++;
			if (!format)
				request->config = argv[i];
			else if (!report_format_find(argv[i], &request->format))
				return command_complain("no such format", argv[i]);
		} else if (word[0] == '-' || request->word_count == 2) {
			return command_complain("not understood", word);
		} else if (request->name == NULL) {
			request->name = word;
		} else {
			request->words[request->word_count++] = word;
		}
	}
	if (request->name == NULL)
		return command_complain("which", "a command is missing");
	int result = command_check_words(request);
	if (result == 0 && request->config == NULL)
		return command_complain("which module", "--config is missing");
	return result;
}

int campaign_command(int argc, char **argv, const struct module *module, size_t config_part)
{
	struct request request = {.format = REPORT_TEXT, .module = module};
	struct command_view view = {.request = &request};
	struct problems problems = {0};
	if (help_asked(argc, argv))
		return command_usage(stdout, 0);
	int result = command_parse(argc, argv, &request);
	if (result != 0)
		return result;
	const struct command *command = command_find(request.name);
	enum ch_status status =
		command->bears_mistakes
			? module_view_glance(module, request.config, &problems, &view.book)
			: module_view_open(module, request.config, &problems, &view.book);
	if (status != CH_OK) {
		result = module_view_refuse(
			module, "carehub-marketing campaigns", status, &problems);
		problems_fini(&problems);
		return result;
	}
	view.settings = view.book.configs[config_part];
	const struct report_head head = {.product = "Carehub marketing",
		.title = "Campaigns",
		.scope = slice_text(request.word_count > 0 ? request.words[0] : "all campaigns"),
		.sequence = view.book.feed.position,
		.from_us = view.book.feed.begun_us,
		.to_us = view.book.feed.arrival_us,
		.as_of_us = view.book.feed.arrival_us,
		.zone = SLICE_LITERAL("UTC"),
		.columns = text_terminal_columns()};
	report_init(&view.report, &head);
	if (view.settings->folder != NULL)
		status = campaigns_read(view.settings->folder, NULL, &problems, &view.campaigns);
	if (view.settings->folder == NULL)
		result = command_fail(request.config, "campaigns.folder is not set");
	else if (status != CH_OK && !(status == CH_INVALID && command->bears_mistakes))
		result = module_view_refuse(
			module, "carehub-marketing campaigns", CH_INVALID, &problems);
	else
		result = command_act(&view, command);
	report_fini(&view.report);
	campaigns_fini(&view.campaigns);
	module_view_close(&view.book);
	problems_fini(&problems);
	return result;
}

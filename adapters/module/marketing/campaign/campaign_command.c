#include "module/marketing/campaign/campaign_command.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/text.h"
#include "carehub/carehub.h"
#include "carehub/v1/module.pb-c.h"
#include "kit/courier.h"
#include "kit/help.h"
#include "module/data/output.h"
#include "module/kit/module_settings.h"
#include "module/marketing/campaign/campaign_plan.h"
#include "module/marketing/campaign/campaign_proof.h"
#include "module/marketing/campaign/campaign_report.h"
#include "module/marketing/marketing_module.h"
#include "module/marketing/segment/segments_part.h"
#include "module/marketing/segment/standing.h"
#include "module/report/render.h"
#include "module/report/textwidth.h"
#include "wire/pbedit.h"

#define EXIT_SOME     1
#define EXIT_UNUSABLE 2
#define EXIT_USAGE    64

#define CONNECT_MS 10000
#define PUBLISH_MS 10000

#define OPERATOR_BYTES 64u

struct request {
	const char *command;
	const char *words[2]; /* what stands behind it */
	size_t word_count;
	const char *config;
	enum report_format format;
	const struct module *module;
};

struct desk_view {
	const struct request *request;
	struct module_view book;
	const struct campaign_settings *settings;
	struct campaigns campaigns;
	struct report report;
	int result;
};

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

static int command_fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "carehub-marketing campaigns: %s: %s\n", what, why);
	return EXIT_UNUSABLE;
}

/* As this machine knows him. */
static const char *command_operator(char out[OPERATOR_BYTES])
{
	const struct passwd *known = getpwuid(getuid());
	if (known != NULL)
		(void)snprintf(out, OPERATOR_BYTES, "%s", known->pw_name);
	else
		(void)snprintf(out, OPERATOR_BYTES, "uid %u", (unsigned)getuid());
	return out;
}

/* ---- Saying ---- */

static enum ch_status command_connect(
	const struct request *request, struct ch_connection **out_connection)
{
	struct problems problems = {0};
	struct module_settings settings = {0};
	struct ch_options *options = ch_options_create();
	enum ch_status status = CH_NOMEM;
	if (options != NULL)
		status = module_settings_read(
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

/* One event, and what the hub says to it. */
static int command_say(const struct request *request, const char *type, const char *id,
	const ProtobufCMessage *message)
{
	struct ch_connection *connection = NULL;
	struct ch_receipt receipt = {.outcome = CH_OUTCOME_NONE};
	struct ch_event *event = ch_event_create();
	int64_t now_us = clock_wall_us();
	enum ch_status status = event != NULL ? command_connect(request, &connection) : CH_NOMEM;
	int result = 0;
	if (status == CH_OK) {
		ch_event_set_text(event, CH_ID, id);
		ch_event_set_text(event, CH_SOURCE, request->module->source);
		ch_event_set_text(event, CH_TYPE, type);
		ch_event_set_time(event, now_us, now_us);
		(void)ch_event_set_message(event, message); /* it sticks */
		status = ch_publish(connection, event, PUBLISH_MS, &receipt);
	}
	if (status == CH_CONFLICT)
		result = command_fail(type, "somebody has just said so");
	else if (status != CH_OK)
		result = command_fail(
			"the hub", receipt.detail[0] != 0
					   ? receipt.detail
					   : (ch_error_detail()[0] != 0 ? ch_error_detail()
									: ch_status_text(status)));
	else
		(void)printf("%s: entry %llu\n", type, (unsigned long long)receipt.sequence);
	ch_close(connection);
	ch_event_free(event);
	return result;
}

/* A segment that nobody has defined has no members, and a campaign for it would end at once. */
static bool command_has_segment(const struct desk_view *view, const struct campaign *campaign)
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

/* Its file may be gone; what was sent is in the book. */
static bool command_knows(struct desk_view *view, const char *name)
{
	struct ledger_start start = {.start = 0};
	return campaigns_find(&view->campaigns, slice_text(name)) != NULL ||
	       (ledger_start(view->book.txn, name, &start) == CH_OK && start.start > 0);
}

/* ---- run, stop, settle ---- */

static int command_run(struct desk_view *view, const struct campaign *campaign)
{
	Carehub__V1__MarketingCampaignStarted started =
		CAREHUB__V1__MARKETING_CAMPAIGN_STARTED__INIT;
	struct campaign words = *campaign; /* the schema's texts are not const */
	struct ledger_start start;
	struct slice version = {NULL, 0};
	const uint32_t version_field = 3;
	char operator_id[OPERATOR_BYTES];
	char id[VOICE_ID_BYTES];
	uint8_t number[4];
	enum ch_status status = ledger_start(view->book.txn, campaign->id, &start);
	if (status != CH_OK)
		return command_fail("the book", ch_status_text(status));
	if (!command_has_segment(view, campaign))
		return command_fail(campaign->segment, "there is no such segment");
	if (campaign->ends_us <= clock_wall_us())
		return command_fail(campaign->id, "campaign.ends has passed");
	if (campaign->channel == CAMPAIGN_CHANNEL(EMAIL) && view->settings->host == NULL)
		return command_fail(campaign->id, "goes by mail, and mail.host is not set");
	(void)pbedit_get_bytes(start.started.data, version_field, &version);
	if (ledger_runs(&start) && slice_equal(version, slice_text(campaign->version)))
		return command_fail(campaign->id, "runs already");
	(void)command_operator(operator_id);
	started.campaign_id = words.id;
	started.start = start.start + 1;
	started.definition_version = words.version;
	started.segment_id = words.segment;
	started.purpose = (Carehub__V1__ConsentPurpose)words.purpose;
	started.channel = (Carehub__V1__ContactChannel)words.channel;
	started.template_id = words.text;
	started.template_version = words.text_version;
	if (words.survey != NULL)
		started.survey_id = words.survey;
	started.operator_id = operator_id;
	store_le32(number, started.start);
	voice_id("started", (struct slice[]){slice_text(campaign->id), slice_of(number, 4)}, 2, id);
	return command_say(view->request, "marketing.campaign.started", id, &started.base);
}

/* By its name alone: its file may be gone. */
static int command_stop(struct desk_view *view)
{
	Carehub__V1__MarketingCampaignEnded ended = CAREHUB__V1__MARKETING_CAMPAIGN_ENDED__INIT;
	const char *name = view->request->words[0];
	char campaign_id[LIMIT_CAMPAIGN_ID_BYTES];
	struct ledger_start start;
	char stopped[] = "stopped";
	char operator_id[OPERATOR_BYTES];
	char id[VOICE_ID_BYTES];
	uint8_t number[4];
	int len = snprintf(campaign_id, sizeof(campaign_id), "%s", name);
	if (len < 0 || (size_t)len >= sizeof(campaign_id) || !command_knows(view, name))
		return command_fail(name, "there is no such campaign");
	enum ch_status status = ledger_start(view->book.txn, name, &start);
	if (status != CH_OK)
		return command_fail("the book", ch_status_text(status));
	if (!ledger_runs(&start))
		return command_fail(name, "does not run");
	(void)command_operator(operator_id);
	ended.campaign_id = campaign_id;
	ended.start = start.start;
	ended.reason_code = stopped;
	ended.operator_id = operator_id;
	store_le32(number, start.start);
	voice_id("stopped", (struct slice[]){slice_text(name), slice_of(number, 4)}, 2, id);
	return command_say(view->request, "marketing.campaign.ended", id, &ended.base);
}

static int command_settle(struct desk_view *view)
{
	Carehub__V1__MarketingMessageSettled settled = CAREHUB__V1__MARKETING_MESSAGE_SETTLED__INIT;
	const char *verdict = view->request->words[1];
	struct ledger_place place;
	struct ledger_message message;
	char message_id[LEDGER_ID_BYTES];
	char word[16];
	char operator_id[OPERATOR_BYTES];
	char id[VOICE_ID_BYTES];
	if (strcmp(verdict, "sent") != 0 && strcmp(verdict, "resend") != 0 &&
		strcmp(verdict, "drop") != 0)
		return command_fail(verdict, "is none of sent, resend and drop");
	enum ch_status status =
		ledger_by_id(view->book.txn, slice_text(view->request->words[0]), &place);
	if (status == CH_OK)
		status = ledger_get(view->book.txn, &place, &message);
	if (status == CH_NOT_FOUND)
		return command_fail(view->request->words[0], "there is no such message");
	if (status != CH_OK)
		return command_fail("the book", ch_status_text(status));
	if (ledger_state(&message) != LEDGER_IS_UNCERTAIN)
		return command_fail(
			view->request->words[0], "is not uncertain: there is nothing to settle");
	const struct campaign *campaign =
		campaigns_find(&view->campaigns, slice_text(place.campaign));
	if (strcmp(verdict, "resend") == 0 && campaign == NULL)
		return command_fail(place.campaign, "its definition is gone: nothing can be sent");
	if (strcmp(verdict, "resend") == 0 && campaign->ends_us <= clock_wall_us())
		return command_fail(place.campaign, "campaign.ends has passed: nothing goes out");
	ledger_message_id(&place, message_id);
	(void)snprintf(word, sizeof(word), "%s", verdict);
	(void)command_operator(operator_id);
	settled.message_id = message_id;
	settled.customer_number = place.customer;
	settled.campaign_id = place.campaign;
	settled.round = place.round;
	settled.verdict = word;
	settled.operator_id = operator_id;
	voice_id("settled", (struct slice[]){slice_text(message_id)}, 1, id);
	return command_say(view->request, "marketing.message.settled", id, &settled.base);
}

/* ---- plan, dry-run ---- */

static int command_members(struct desk_view *view, const struct campaign *campaign, bool ask)
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

static int command_print(struct desk_view *view)
{
	struct buffer out = {0};
	report_render(&view->report, view->request->format, &out);
	int result = output_print("carehub-marketing campaigns", &out);
	buffer_fini(&out);
	return result;
}

static int command_list(struct desk_view *view, const struct campaign *campaign)
{
	(void)campaign; /* all of them */
	enum ch_status status =
		campaign_report_list(view->book.txn, &view->campaigns, &view->report);
	return status == CH_OK ? 0 : command_fail("the book", ch_status_text(status));
}

static int command_report(struct desk_view *view, const struct campaign *campaign)
{
	bool any = false;
	enum ch_status status = campaign_report_one(view->book.txn, campaign, &view->report);
	if (status == CH_OK)
		status = ledger_cares(view->book.txn, 'u', campaign->id, &any);
	if (status != CH_OK)
		return command_fail("the book", ch_status_text(status));
	return any ? EXIT_SOME : 0;
}

static int command_uncertain(struct desk_view *view)
{
	const char *name = view->request->word_count > 0 ? view->request->words[0] : NULL;
	if (name != NULL && !command_knows(view, name))
		return command_fail(name, "there is no such campaign");
	enum ch_status status = campaign_report_uncertain(view->book.txn, name, &view->report);
	if (status != CH_OK)
		return command_fail("the book", ch_status_text(status));
	return view->report.sections->parts->table->row_count > 0 ? EXIT_SOME : 0;
}

static int command_proof(struct desk_view *view)
{
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

static int command_plan(struct desk_view *view, const struct campaign *campaign)
{
	return command_members(view, campaign, false);
}

static int command_dry_run(struct desk_view *view, const struct campaign *campaign)
{
	return command_members(view, campaign, true);
}

/* ---- The command line ---- */

static const struct command {
	const char *name;
	bool needs_campaign;
	bool prints;
	int (*act)(struct desk_view *view, const struct campaign *campaign);
} commands[] = {
	{"list", false, true, command_list},
	{"plan", true, true, command_plan},
	{"dry-run", true, true, command_dry_run},
	{"run", true, false, command_run},
	{"report", true, true, command_report},
};

static int command_act(struct desk_view *view)
{
	const struct request *request = view->request;
	const struct command *command = NULL;
	const struct campaign *campaign = NULL;
	bool prints = true;
	int result;
	if (strcmp(request->command, "uncertain") == 0) {
		result = command_uncertain(view);
	} else if (strcmp(request->command, "proof") == 0) {
		result = command_proof(view);
	} else if (strcmp(request->command, "settle") == 0) {
		prints = false;
		result = command_settle(view);
	} else if (strcmp(request->command, "stop") == 0) {
		prints = false;
		result = command_stop(view);
	} else {
		for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
			if (strcmp(commands[i].name, request->command) == 0)
				command = &commands[i];
		}
		if (command->needs_campaign) {
			campaign = campaigns_find(&view->campaigns, slice_text(request->words[0]));
			if (campaign == NULL)
				return command_fail(request->words[0], "there is no such campaign");
		}
		prints = command->prints;
		result = command->act(view, campaign);
	}
	if (prints && result != EXIT_UNUSABLE) {
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

/* What a command wants behind it. */
static int command_check_words(const struct request *request)
{
	static const struct {
		const char *name;
		size_t least;
		size_t most;
		const char *what;
	} forms[] = {{"list", 0, 0, "wants nothing"}, {"plan", 1, 1, "wants a campaign"},
		{"dry-run", 1, 1, "wants a campaign"}, {"run", 1, 1, "wants a campaign"},
		{"stop", 1, 1, "wants a campaign"}, {"report", 1, 1, "wants a campaign"},
		{"uncertain", 0, 1, "wants a campaign or nothing"},
		{"proof", 1, 1, "wants a customer's number"},
		{"settle", 2, 2, "wants a message, and sent, resend or drop"}};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strcmp(forms[i].name, request->command) != 0)
			continue;
		bool fits = request->word_count >= forms[i].least &&
			    request->word_count <= forms[i].most;
		return fits ? 0 : command_complain(request->command, forms[i].what);
	}
	return command_complain("no such command", request->command);
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
		} else if (request->command == NULL) {
			request->command = word;
		} else {
			request->words[request->word_count++] = word;
		}
	}
	if (request->command == NULL)
		return command_complain("which", "a command is missing");
	int result = command_check_words(request);
	if (result == 0 && request->config == NULL)
		return command_complain("which module", "--config is missing");
	return result;
}

int campaign_command(int argc, char **argv, const struct module *module, size_t config_part)
{
	struct request request = {.format = REPORT_TEXT, .module = module};
	struct desk_view view = {.request = &request};
	struct problems problems = {0};
	if (help_asked(argc, argv))
		return command_usage(stdout, 0);
	int result = command_parse(argc, argv, &request);
	if (result != 0)
		return result;
	enum ch_status status = module_view_open(module, request.config, &problems, &view.book);
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
	if (view.settings->folder == NULL)
		result = command_fail(request.config, "campaigns.folder is not set");
	else if (campaigns_read(view.settings->folder, NULL, &problems, &view.campaigns) != CH_OK)
		result = module_view_refuse(
			module, "carehub-marketing campaigns", CH_INVALID, &problems);
	else
		result = command_act(&view);
	report_fini(&view.report);
	campaigns_fini(&view.campaigns);
	module_view_close(&view.book);
	problems_fini(&problems);
	return result;
}

/* carehub-callcenter: what a telephone exchange and its agents' desks tell becomes events, and the record of
 * whoever calls is on the agent's screen while the telephone rings. */
#include <curl/curl.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "channel/callcenter/hotline.h"
#include "channel/callcenter/messages.h"
#include "channel/callcenter/recording.h"
#include "kit/help.h"
#include "kit/translate.h"

#define DEFAULT_SOURCE "/callcenter"

static const struct help help = {"carehub-callcenter",
	"Usage: carehub-callcenter run --config FILE [--once]\n"
	"       carehub-callcenter check --config FILE\n"
	"       carehub-callcenter reload --config FILE\n"
	"       carehub-callcenter config\n"
	"       carehub-callcenter translate [OPTION]... FILE...\n"
	"       carehub-callcenter messages FILE...\n"
	"\n"
	"run         Listens to the exchange, brings its calls and the desks' work to the hub, and the\n"
	"            caller's record to the agent's screen; with --once until the logs and the\n"
	"            desks' folder are read.\n"
	"check       Prints all that is wrong with a configuration.\n"
	"reload      Has the one that runs with FILE read it anew, and tells what came of it.\n"
	"config      Prints a commented configuration with every setting.\n"
	"translate   Prints what FILEs (\"-\" is standard input) would become, one CloudEvent a\n"
	"            line, without a hub; what is rejected goes to standard error.\n"
	"  -f, --format=FORMAT     ami, esl, queue_log, cdr or desk; without it told by the first bytes\n"
	"  -s, --source=SOURCE     the events' source; /callcenter unless given\n"
	"  -z, --time-zone=ZONE    of the exchange's clock: +08:00, Asia/Shanghai; UTC unless given\n"
	"  -l, --live              also calls that are not over yet, when they are queued and when an\n"
	"                          agent takes them: all that is published; else one event a call\n"
	"  -S, --survey=EVENT      the UserEvent, or line of queue_log, whose Score (1 to 5) is an answer;\n"
	"                          none unless given\n"
	"  -q, --quiet             no line of counts for each file\n"
	"messages    Prints the messages of captures of the manager port, or of FreeSWITCH's event\n"
	"            socket, as JSON, one a line.\n"
	"\n"
	"Exit status: 0 fine, 1 some rejected or incomplete, 2 a file or setting cannot be used,\n"
	"64 wrong usage.\n"};

static int run_translate(int argc, char **argv)
{
	static char name[] = "carehub-callcenter translate"; /* so getopt's messages begin */
	static const struct option options[] = {
		{"format", required_argument, NULL, 'f'},
		{"source", required_argument, NULL, 's'},
		{"time-zone", required_argument, NULL, 'z'},
		{"live", no_argument, NULL, 'l'},
		{"survey", required_argument, NULL, 'S'},
		{"quiet", no_argument, NULL, 'q'},
		{NULL, 0, NULL, 0},
	};
	struct recording_options recording = {
		.names = {.source = SLICE_LITERAL(DEFAULT_SOURCE), .caller_names = true}};
	struct translate_options translate = {.format = &recording_format, .decoder = &recording};
	struct survey_rules survey = {
		.name = SLICE_LITERAL("hotline"),
		.name_field = SLICE_LITERAL("Survey"),
		.wave_field = SLICE_LITERAL("Wave"),
		.lowest = {1, 0},
		.highest = {5, 0},
		.questions = {{SLICE_LITERAL("Score"), SLICE_LITERAL("overall"), {NULL, 0}}},
		.count = 1,
	};
	const char *zone_name = NULL;
	struct zone *zone = NULL;
	int option;
	argv[0] = name;
	while ((option = getopt_long(argc, argv, "f:s:z:lS:q", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			if (!recording_kind_parse(optarg, &recording.kind))
				return help_refuse(&help, NULL, NULL);
			break;
		case 's':
			recording.names.source = slice_text(optarg);
			break;
		case 'z':
			zone_name = optarg;
			break;
		case 'l':
			recording.live = true;
			break;
		case 'S':
			survey.event = slice_text(optarg);
			recording.survey = &survey;
			break;
		case 'q':
			translate.quiet = true;
			break;
		default:
			return help_refuse(&help, NULL, NULL);
		}
	}
	if (optind == argc)
		return help_refuse(&help, NULL, NULL);
	if (zone_name != NULL && zone_open(slice_text(zone_name), &zone) != CH_OK) {
		fprintf(stderr, "%s: is no time zone known here\n", zone_name);
		return 2;
	}
	recording.zone = zone;
	int result =
		translate_files(&translate, argv + optind, (size_t)(argc - optind), stdout, stderr);
	zone_free(zone);
	return result;
}

static int run_messages(int argc, char **argv)
{
	if (argc < 2)
		return help_refuse(&help, NULL, NULL);
	return messages_print(argv + 1, (size_t)(argc - 1), stdout, stderr);
}

static int run_adapter(int argc, char **argv)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
		fputs("carehub-callcenter: libcurl cannot start\n", stderr);
		return 2;
	}
	int result = hotline_main(argc + 1, argv - 1); /* with the program's name */
	curl_global_cleanup();
	return result;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {{"run", run_adapter}, {"check", run_adapter}, {"reload", run_adapter},
		{"config", run_adapter}, {"translate", run_translate}, {"messages", run_messages}};
	if (help_asked(argc, argv))
		return help_print(&help);
	if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
		puts("carehub-callcenter " CAREHUB_VERSION);
		return 0;
	}
	if (sodium_init() < 0) {
		fputs("carehub-callcenter: libsodium cannot start\n", stderr);
		return 2;
	}
	for (size_t i = 0; argc >= 2 && i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	if (argc >= 2)
		fprintf(stderr, "carehub-callcenter: no such command: %s\n", argv[1]);
	return help_refuse(&help, NULL, NULL);
}

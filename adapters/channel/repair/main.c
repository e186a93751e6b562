/* carehub-repair: what repair stations drop, insert or publish becomes events. */
#include <getopt.h>
#include <libxml/parser.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "channel/repair/outbox_schema.h"
#include "channel/repair/repair_adapter.h"
#include "channel/repair/station_folder.h"
#include "kit/help.h"
#include "kit/translate.h"

static const struct help help = {"carehub-repair",
	"Usage: carehub-repair run --config FILE [--once]\n"
	"       carehub-repair check --config FILE\n"
	"       carehub-repair reload --config FILE\n"
	"       carehub-repair config\n"
	"       carehub-repair translate [OPTION]... FILE...\n"
	"       carehub-repair check MAPPING...\n"
	"       carehub-repair mappings [NAME]\n"
	"       carehub-repair outbox\n"
	"       carehub-repair ask --config FILE QUESTION\n"
	"\n"
	"run         Carries what is dropped into a folder, inserted into a database's outbox or\n"
	"            published to an MQTT broker to the hub; with --once until nothing is left.\n"
	"reload      Has the one that runs with FILE read it anew, and tells what came of it.\n"
	"config      Prints a commented configuration with every setting.\n"
	"translate   Prints what FILEs (\"-\" is standard input) would become, one CloudEvent a\n"
	"            line, without a hub; what is rejected goes to standard error.\n"
	"  -m, --mapping=MAPPING   a mapping file, or the name of a built-in one; without it one\n"
	"                          of the built-in mappings is chosen for each file\n"
	"  -s, --source=SOURCE     the events' source, over what the mapping says\n"
	"  -i, --station=ID        the station's number, over what the mapping says\n"
	"  -z, --time-zone=ZONE    of times without offset: +08:00, Asia/Shanghai\n"
	"  -q, --quiet             no line of counts for files of which there is something to tell\n"
	"check       Prints all that is wrong with a configuration, or with mapping files.\n"
	"mappings    Lists the built-in mappings, or prints one to start your own from.\n"
	"outbox      Prints the outbox table for a station's PostgreSQL database.\n"
	"ask         Asks the station's own program by MQTT and prints its answer; exit status 3\n"
	"            when there is none.\n"
	"\n"
	"Exit status: 0 fine, 1 some rejected or incomplete, 2 a file or mapping cannot be used,\n"
	"64 wrong usage.\n"};

/* NULL: what is wrong has been told. */
static struct stations *load_mappings(
	const char *mapping, const struct mapping_overrides *overrides)
{
	struct problems problems = {0};
	struct buffer text = {0};
	struct stations *stations = NULL;
	enum ch_status status = stations_create(mapping, overrides, &problems, &stations);
	problems_print(&problems, &text);
	if (status != CH_OK)
		fputs(problems_none(&problems) ? ch_status_text(status) : buffer_text(&text),
			stderr);
	buffer_fini(&text);
	problems_fini(&problems);
	return stations;
}

static int run_translate(int argc, char **argv)
{
	static char name[] = "carehub-repair translate"; /* so getopt's messages begin */
	static const struct option options[] = {
		{"mapping", required_argument, NULL, 'm'},
		{"source", required_argument, NULL, 's'},
		{"station", required_argument, NULL, 'i'},
		{"time-zone", required_argument, NULL, 'z'},
		{"quiet", no_argument, NULL, 'q'},
		{NULL, 0, NULL, 0},
	};
	struct translate_options files = {.format = &station_format};
	struct mapping_overrides overrides = {.source = {NULL, 0}};
	const char *mapping = NULL;
	int option;
	argv[0] = name;
	while ((option = getopt_long(argc, argv, "m:s:i:z:q", options, NULL)) != -1) {
		switch (option) {
		case 'm':
			mapping = optarg;
			break;
		case 's':
			overrides.source = slice_text(optarg);
			break;
		case 'i':
			overrides.station_id = slice_text(optarg);
			break;
		case 'z':
			overrides.zone = slice_text(optarg);
			break;
		case 'q':
			files.quiet = true;
			break;
		default:
			return help_refuse(&help, NULL, NULL);
		}
	}
	if (optind == argc)
		return help_refuse(&help, NULL, NULL);
	struct stations *stations = load_mappings(mapping, &overrides);
	files.decoder = stations;
	int outcome = TRANSLATE_UNUSABLE;
	if (stations != NULL)
		outcome = (int)translate_files(
			&files, argv + optind, (size_t)(argc - optind), stdout, stderr);
	stations_free(stations);
	return outcome;
}

static int run_check(int argc, char **argv)
{
	int result = 0;
	if (argc < 2)
		return help_refuse(&help, NULL, NULL);
	if (strcmp(argv[1], "--config") == 0)
		return repair_adapter_main(argc + 1, argv - 1); /* with the program's name */
	for (int i = 1; i < argc; i++) {
		struct problems problems = {0};
		struct buffer text = {0};
		struct mapping *mapping = NULL;
		enum ch_status status = mapping_load(argv[i], NULL, &problems, &mapping);
		problems_print(&problems, &text);
		if (status != CH_OK) {
			fputs(problems_none(&problems) ? ch_status_text(status)
						       : buffer_text(&text),
				stdout);
			result = 2;
		}
		mapping_free(mapping);
		problems_fini(&problems);
		buffer_fini(&text);
	}
	return result;
}

static int run_adapter(int argc, char **argv)
{
	return repair_adapter_main(argc + 1, argv - 1);
}

static int run_mappings(int argc, char **argv)
{
	if (argc > 2)
		return help_refuse(&help, NULL, NULL);
	if (argc == 2) {
		struct slice text = mapping_builtin(argv[1]);
		if (text.len == 0) {
			fprintf(stderr, "no built-in mapping is called %s\n", argv[1]);
			return 2;
		}
		return fwrite(text.data, 1, text.len, stdout) == text.len ? 0 : 2;
	}
	for (size_t i = 0; mapping_builtin_name(i) != NULL; i++)
		puts(mapping_builtin_name(i));
	return 0;
}

static int run_outbox(int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return help_refuse(&help, NULL, NULL);
	return fputs(outbox_schema(), stdout) >= 0 ? 0 : 2;
}

static int run_ask(int argc, char **argv)
{
	if (argc != 4 || strcmp(argv[1], "--config") != 0)
		return help_refuse(&help, NULL, NULL);
	return repair_adapter_ask(argv[2], argv[3]);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {{"run", run_adapter}, {"config", run_adapter}, {"check", run_check},
		{"reload", run_adapter}, {"mappings", run_mappings}, {"outbox", run_outbox},
		{"ask", run_ask}, {"translate", run_translate}};
	if (help_asked(argc, argv))
		return help_print(&help);
	if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
		puts("carehub-repair " CAREHUB_VERSION);
		return 0;
	}
	if (sodium_init() < 0) {
		fputs("carehub-repair: libsodium cannot start\n", stderr);
		return 2;
	}
	xmlInitParser();
	for (size_t i = 0; argc >= 2 && i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(argv[1], commands[i].name) == 0) {
			int result = commands[i].run(argc - 1, argv + 1);
			xmlCleanupParser();
			return result;
		}
	}
	if (argc >= 2)
		fprintf(stderr, "carehub-repair: no such command: %s\n", argv[1]);
	return help_refuse(&help, NULL, NULL);
}

/* carehub-parts: interchanges of stations, warehouses and suppliers, for the hub, and answers for them. */
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/currency.h"
#include "channel/parts/parts_file.h"
#include "channel/parts/parts_folder.h"
#include "channel/parts/show.h"
#include "kit/translate.h"

#define EXIT_USAGE 64

static int usage(FILE *to, int exit_status)
{
	(void)fputs(
		"usage: carehub-parts run --config FILE [--once]\n"
		"       carehub-parts check --config FILE\n"
		"       carehub-parts reload --config FILE\n"
		"       carehub-parts config\n"
		"       carehub-parts translate [OPTIONS] FILE...\n"
		"       carehub-parts show [--answer] [OPTIONS] FILE...\n"
		"\n"
		"run carries what is dropped into a folder to the hub and puts CONTRL or 997 into\n"
		"another; with --once until nothing is left.  check reports everything that is wrong\n"
		"with the configuration; config prints one with every setting.\n"
		"\n"
		"translate makes interchanges (UN/EDIFACT, X12) into CloudEvents, one a line on\n"
		"standard output, without a hub; what cannot be taken is told on standard error.\n"
		"show prints what envelopes hold and what is wrong, or with --answer what would be\n"
		"answered.  FILE - is standard input.\n"
		"\n"
		"  --source URN       source of the events; {sender} in it stands for the sender's\n"
		"                     number (default urn:parts:{sender})\n"
		"  --time-zone ZONE   zone of all times: Asia/Shanghai, +08:00 (default: UTC)\n"
		"  --currency CODE    currency of amounts that name none, ISO 4217\n"
		"  --repair-reference CODE\n"
		"                     qualifier of the RFF that names a repair\n"
		"  --quiet            no line of counts for a file\n"
		"  --version, --help\n"
		"\n"
		"Exit status: 0 fine, 1 some rejected, 2 a file is unusable, 64 usage.\n",
		to);
	return exit_status;
}

static int complain(const char *what, const char *value)
{
	(void)fprintf(stderr, "carehub-parts: %s: %s\n", what, value);
	return usage(stderr, EXIT_USAGE);
}

static int show_files(
	const struct parts_options *options, bool answers, char *const *paths, size_t count)
{
	int worst = 0;
	for (size_t i = 0; i < count; i++) {
		int result = show_file(paths[i], options, answers, clock_wall_us(), stdout, stderr);
		worst = result > worst ? result : worst;
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		(void)fputs("carehub-parts: standard output cannot be written\n", stderr);
		return 2;
	}
	return worst;
}

static int read_files(int argc, char **argv, bool show)
{
	static const struct option options[] = {
		{"source", required_argument, NULL, 's'},
		{"time-zone", required_argument, NULL, 'z'},
		{"currency", required_argument, NULL, 'c'},
		{"repair-reference", required_argument, NULL, 'r'},
		{"quiet", no_argument, NULL, 'q'},
		{"answer", no_argument, NULL, 'a'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct parts_decoder decoder = {.acknowledge = ACKNOWLEDGE_NEVER};
	struct translate_options files = {.format = &parts_format, .decoder = &decoder};
	struct zone *zone = NULL;
	bool answers = false;
	int result = -1;
	int option;
	while (result < 0 && (option = getopt_long(argc, argv, "q", options, NULL)) != -1) {
		switch (option) {
		case 's':
			decoder.options.source = slice_text(optarg);
			break;
		case 'z':
			zone_free(zone);
			zone = NULL;
			if (zone_open(slice_text(optarg), &zone) != CH_OK)
				result = complain("no such time zone", optarg);
			break;
		case 'c':
			decoder.options.currency = slice_text(optarg);
			if (!currency_is_code(decoder.options.currency))
				result = complain("no ISO 4217 code", optarg);
			break;
		case 'r':
			decoder.options.repair_reference = slice_text(optarg);
			break;
		case 'q':
			files.quiet = true;
			break;
		case 'a':
			answers = true;
			break;
		case 'h':
			result = usage(stdout, 0);
			break;
		default:
			result = usage(stderr, EXIT_USAGE);
		}
	}
	decoder.options.zone = zone;
	if (result < 0 && optind == argc)
		result = usage(stderr, EXIT_USAGE);
	if (result < 0 && show)
		result = show_files(
			&decoder.options, answers, argv + optind, (size_t)(argc - optind));
	else if (result < 0)
		result = (int)translate_files(
			&files, argv + optind, (size_t)(argc - optind), stdout, stderr);
	zone_free(zone);
	return result;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return usage(stderr, EXIT_USAGE);
	if (sodium_init() < 0) {
		(void)fputs("carehub-parts: libsodium cannot start\n", stderr);
		return 2;
	}
	if (strcmp(argv[1], "translate") == 0 || strcmp(argv[1], "show") == 0)
		return read_files(argc - 1, argv + 1, strcmp(argv[1], "show") == 0);
	if (strcmp(argv[1], "run") == 0 || strcmp(argv[1], "check") == 0 ||
		strcmp(argv[1], "reload") == 0 || strcmp(argv[1], "config") == 0)
		return parts_folder_main(argc, argv);
	if (strcmp(argv[1], "--help") == 0)
		return usage(stdout, 0);
	if (strcmp(argv[1], "--version") == 0) {
		(void)puts("carehub-parts " CAREHUB_VERSION);
		return 0;
	}
	return complain("no such command", argv[1]);
}

/* carehub-conform: tries an adapter, whatever it is written in, against a fake hub, and says which of its
 * promises it keeps.  The adapter is described by a file (description.h). */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/text.h"
#include "kit/conform/conform.h"
#include "kit/conform/process.h"

#define EXIT_USAGE 64

static const char usage[] =
	"Usage: carehub-conform [OPTION]... DESCRIPTION\n"
	"       carehub-conform --list | --describe\n"
	"\n"
	"Runs the adapter that DESCRIPTION tells of against a fake hub and prints which of its\n"
	"promises it keeps.\n"
	"\n"
	"  --bin FOLDER      programs are looked for there first\n"
	"  --quick           fewer records and kills, for every build\n"
	"  --only NAME       only this promise; may be repeated\n"
	"  --seed N          the moments at which things happen; printed, random without it\n"
	"  --patience N      seconds to wait for what must come; 30\n"
	"  --keep            leave the folders with logs and configurations\n"
	"  --list            what is promised\n"
	"  --describe        a commented description with every setting\n"
	"\n"
	"Exit status: 0 all kept, 1 some broken, 2 it could not be tried, 64 wrong usage.\n";

static int wrong(const char *what, const char *value)
{
	fprintf(stderr, "carehub-conform: %s: %s\n%s", value, what, usage);
	return EXIT_USAGE;
}

enum {
	OPTION_BIN = 1,
	OPTION_QUICK,
	OPTION_ONLY,
	OPTION_SEED,
	OPTION_PATIENCE,
	OPTION_KEEP,
	OPTION_LISTED,
	OPTION_DESCRIBE,
	OPTION_VERSION,
	OPTION_HELP
};

int main(int argc, char **argv)
{
	static const struct option words[] = {
		{"bin", required_argument, NULL, OPTION_BIN},
		{"quick", no_argument, NULL, OPTION_QUICK},
		{"only", required_argument, NULL, OPTION_ONLY},
		{"seed", required_argument, NULL, OPTION_SEED},
		{"patience", required_argument, NULL, OPTION_PATIENCE},
		{"keep", no_argument, NULL, OPTION_KEEP},
		{"list", no_argument, NULL, OPTION_LISTED},
		{"describe", no_argument, NULL, OPTION_DESCRIBE},
		{"version", no_argument, NULL, OPTION_VERSION},
		{"help", no_argument, NULL, OPTION_HELP},
		{NULL, 0, NULL, 0},
	};
	struct conform_wishes wishes = {.records = 300, .kills = 12, .patience_ms = 30000};
	uint64_t patience_s = 0;
	char bin[PATH_MAX];
	int word;
	if (getrandom(&wishes.seed, sizeof(wishes.seed), 0) != (ssize_t)sizeof(wishes.seed))
		wishes.seed = (uint64_t)clock_steady_us();
	wishes.seed %= 1000000;
	while ((word = getopt_long(argc, argv, "", words, NULL)) != -1) {
		switch (word) {
		case OPTION_BIN:
			wishes.bin = realpath(optarg, bin);
			if (wishes.bin == NULL)
				return wrong("there is no such folder", optarg);
			break;
		case OPTION_QUICK:
			wishes.records = 60;
			wishes.kills = 4;
			break;
		case OPTION_ONLY:
			if (!conform_promises(optarg) || wishes.only_count == CONFORM_ONLY)
				return wrong("there is no such promise", optarg);
			wishes.only[wishes.only_count++] = optarg;
			break;
		case OPTION_SEED:
			if (text_parse_u64(slice_text(optarg), UINT64_MAX, &wishes.seed) != CH_OK)
				return wrong("is no number", optarg);
			break;
		case OPTION_PATIENCE:
			if (text_parse_u64(slice_text(optarg), 3600, &patience_s) != CH_OK)
				return wrong("is no number of seconds", optarg);
			wishes.patience_ms = (int64_t)patience_s * 1000;
			break;
		case OPTION_KEEP:
			wishes.keep = true;
			break;
		case OPTION_LISTED:
			conform_list();
			return 0;
		case OPTION_DESCRIBE:
			conform_describe();
			return 0;
		case OPTION_VERSION:
			puts("carehub-conform " CAREHUB_VERSION);
			return 0;
		case OPTION_HELP:
			(void)fputs(usage, stdout);
			return 0;
		default:
			(void)fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	if (optind != argc - 1) {
		(void)fputs(usage, stderr);
		return EXIT_USAGE;
	}
	process_catch_interrupts();
	return (int)conform_run(&wishes, argv[optind]);
}

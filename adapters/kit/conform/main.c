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
	"Exit status: 0 all kept, 1 some broken, 2 it could not be tried, 64 wrong usage,\n"
	"77 the source needs something that is not here.\n";

enum {
	OPTION_BIN = 1,
	OPTION_QUICK,
	OPTION_ONLY,
	OPTION_SEED,
	OPTION_PATIENCE,
	OPTION_KEEP,
	OPTION_LIST,
	OPTION_DESCRIBE,
	OPTION_VERSION,
	OPTION_HELP,
};

static const struct option words[] = {
	{"bin", required_argument, NULL, OPTION_BIN},
	{"quick", no_argument, NULL, OPTION_QUICK},
	{"only", required_argument, NULL, OPTION_ONLY},
	{"seed", required_argument, NULL, OPTION_SEED},
	{"patience", required_argument, NULL, OPTION_PATIENCE},
	{"keep", no_argument, NULL, OPTION_KEEP},
	{"list", no_argument, NULL, OPTION_LIST},
	{"describe", no_argument, NULL, OPTION_DESCRIBE},
	{"version", no_argument, NULL, OPTION_VERSION},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

/* One that asks for no run; false: it is none of these. */
static bool answer(int word)
{
	switch (word) {
	case OPTION_LIST:
		conform_list();
		return true;
	case OPTION_DESCRIBE:
		conform_describe();
		return true;
	case OPTION_VERSION:
		(void)puts("carehub-conform " CAREHUB_VERSION);
		return true;
	case OPTION_HELP:
		(void)fputs(usage, stdout);
		return true;
	default:
		return false;
	}
}

/* NULL, or what is wrong with the value. */
static const char *take(int word, const char *value, struct conform_wishes *wishes)
{
	static char bin[PATH_MAX];
	uint64_t seconds = 0;
	switch (word) {
	case OPTION_BIN:
		wishes->bin = realpath(value, bin);
		return wishes->bin != NULL ? NULL : "there is no such folder";
	case OPTION_QUICK:
		wishes->records = 60;
		wishes->kills = 4;
		return NULL;
	case OPTION_ONLY:
		if (!conform_promises(value) || wishes->only_count == CONFORM_ONLY)
			return "there is no such promise";
		wishes->only[wishes->only_count++] = value;
		return NULL;
	case OPTION_SEED:
		return text_parse_u64(slice_text(value), UINT64_MAX, &wishes->seed) == CH_OK
			       ? NULL
			       : "is no number";
	case OPTION_PATIENCE:
		if (text_parse_u64(slice_text(value), 3600, &seconds) != CH_OK || seconds == 0)
			return "is no number of seconds, 1 to 3600";
		wishes->patience_ms = (int64_t)seconds * 1000;
		return NULL;
	case OPTION_KEEP:
		wishes->keep = true;
		return NULL;
	default:
		return "is no option";
	}
}

static uint64_t chance(void)
{
	uint64_t seed;
	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		seed = (uint64_t)clock_steady_us();
	return seed % 1000000; /* short enough to be typed again */
}

int main(int argc, char **argv)
{
	struct conform_wishes wishes = {
		.seed = chance(), .records = 300, .kills = 12, .patience_ms = 30000};
	int word;
	while ((word = getopt_long(argc, argv, "", words, NULL)) != -1) {
		if (answer(word))
			return 0;
		const char *fault = word != '?' ? take(word, optarg, &wishes) : "see above";
		if (fault != NULL) {
			fprintf(stderr, "carehub-conform: %s: %s\n%s",
				optarg != NULL ? optarg : argv[optind - 1], fault, usage);
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

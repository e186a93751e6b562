/* carehub-parts: interchanges of stations, warehouses and suppliers, for the hub, and answers for them. */
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/currency.h"
#include "base/text.h"
#include "channel/parts/partner.h"
#include "channel/parts/parts_file.h"
#include "channel/parts/parts_folder.h"
#include "channel/parts/show.h"
#include "channel/parts/write.h"
#include "kit/help.h"
#include "kit/translate.h"

static const struct help help = {"carehub-parts",
	"Usage: carehub-parts run --config FILE [--once]\n"
	"       carehub-parts check --config FILE\n"
	"       carehub-parts reload --config FILE\n"
	"       carehub-parts config [--partner]\n"
	"       carehub-parts translate [OPTIONS] FILE...\n"
	"       carehub-parts show [--answer] [OPTIONS] FILE...\n"
	"       carehub-parts write [OPTIONS] FILE...\n"
	"\n"
	"run carries what is dropped into a folder to the hub and puts CONTRL or 997 into\n"
	"another; and it writes the hub's events for partners.  With --once until nothing is\n"
	"left.  check reports everything that is wrong with the configuration; config prints\n"
	"one with every setting, with --partner one for a partner.\n"
	"\n"
	"translate makes interchanges (UN/EDIFACT, X12) into CloudEvents, one a line on\n"
	"standard output, without a hub; what cannot be taken is told on standard error.\n"
	"show prints what envelopes hold and what is wrong, or with --answer what would be\n"
	"answered.  FILE - is standard input.\n"
	"write makes events (one a line, as translate prints them) into UN/EDIFACT or X12,\n"
	"one interchange each, on standard output.\n"
	"\n"
	"  --source URN       source of the events; {sender} in it stands for the sender's\n"
	"                     number (default urn:parts:{sender})\n"
	"  --time-zone ZONE   zone of all times: Asia/Shanghai, +08:00 (default: UTC)\n"
	"  --currency CODE    currency of amounts that name none, ISO 4217\n"
	"  --repair-reference CODE\n"
	"                     qualifier of the RFF that names a repair\n"
	"  -q, --quiet        no line of counts for a file\n"
	"Of write:\n"
	"  --from NUMBER[:QUALIFIER], --to NUMBER[:QUALIFIER]\n"
	"                     sender and recipient (default: those that the event came with)\n"
	"  --standard NAME    edifact (default), x12\n"
	"  --syntax NAME      charset: UNOA to UNOL, UNOW to UNOY (default UNOC); of X12\n"
	"                     basic, extended (default), utf-8\n"
	"  --directory NAME   96A, 01B ... (default 96A); of X12 the version (default 004010)\n"
	"  --association CODE EAN008 ...\n"
	"  --marks MARKS      of X12, behind elements, components, repetitions and segments,\n"
	"                     or their eight hexadecimal digits (default *:^~)\n"
	"  --number N         of the first interchange (default 1)\n"
	"  --acknowledge      ask for a CONTRL; for a TA1\n"
	"  --test             mark them as tests\n"
	"  --version, --help\n"
	"\n"
	"Exit status: 0 fine, 1 some rejected, 2 a file is unusable, 64 usage.\n"};

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

/* "4012345000009:14" */
static void take_address(const char *text, struct slice *out_number, struct slice *out_qualifier)
{
	struct slice rest = slice_text(text);
	(void)text_split(&rest, ':', out_number); /* there is always a first part */
	*out_qualifier = rest;
}

/* What the options of translate, show and write say. */
struct wishes {
	struct parts_decoder decoder;
	struct write_options write;
	struct zone *zone;
	bool quiet;
	bool answers;
};

static const struct option file_options[] = {
	{"source", required_argument, NULL, 's'},
	{"time-zone", required_argument, NULL, 'z'},
	{"currency", required_argument, NULL, 'c'},
	{"repair-reference", required_argument, NULL, 'r'},
	{"quiet", no_argument, NULL, 'q'},
	{"answer", no_argument, NULL, 'a'},
	{"from", required_argument, NULL, 'F'},
	{"to", required_argument, NULL, 'T'},
	{"standard", required_argument, NULL, 'X'},
	{"syntax", required_argument, NULL, 'S'},
	{"directory", required_argument, NULL, 'D'},
	{"association", required_argument, NULL, 'A'},
	{"marks", required_argument, NULL, 'M'},
	{"number", required_argument, NULL, 'N'},
	{"acknowledge", no_argument, NULL, 'K'},
	{"test", no_argument, NULL, 't'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* -1, or the exit status. */
static int take_write_option(struct wishes *wishes, int option)
{
	struct terms *terms = &wishes->write.terms;
	switch (option) {
	case 'F':
		take_address(optarg, &terms->own_number, &terms->own_qualifier);
		break;
	case 'T':
		take_address(optarg, &terms->number, &terms->qualifier);
		break;
	case 'X':
		if (strcmp(optarg, "x12") != 0 && strcmp(optarg, "edifact") != 0)
			return help_refuse(&help, "no standard", optarg);
		terms->standard = optarg[0] == 'x' ? STANDARD_X12 : STANDARD_EDIFACT;
		break;
	case 'S':
		terms->charset = slice_text(optarg);
		break;
	case 'D':
		terms->version = slice_text(optarg);
		break;
	case 'M':
		if (terms_parse_marks(slice_text(optarg), &terms->marks) != CH_OK)
			return help_refuse(&help, "no marks", optarg);
		break;
	case 'A':
		terms->association = slice_text(optarg);
		break;
	case 'N':
		if (text_parse_u64(slice_text(optarg), UINT32_MAX, &wishes->write.number) != CH_OK)
			return help_refuse(&help, "no number", optarg);
		break;
	case 'K':
		terms->acknowledge = true;
		break;
	case 't':
		terms->test = true;
		break;
	default:
		return help_refuse(&help, NULL, NULL);
	}
	return -1;
}

static int take_option(struct wishes *wishes, int option)
{
	struct parts_options *options = &wishes->decoder.options;
	switch (option) {
	case 's':
		options->source = slice_text(optarg);
		break;
	case 'z':
		zone_free(wishes->zone);
		wishes->zone = NULL;
		if (zone_open(slice_text(optarg), &wishes->zone) != CH_OK)
			return help_refuse(&help, "no such time zone", optarg);
		break;
	case 'c':
		options->currency = slice_text(optarg);
		if (!currency_is_code(options->currency))
			return help_refuse(&help, "no ISO 4217 code", optarg);
		break;
	case 'r':
		options->repair_reference = slice_text(optarg);
		break;
	case 'q':
		wishes->quiet = true;
		break;
	case 'a':
		wishes->answers = true;
		break;
	case 'h':
		return help_print(&help);
	default:
		return take_write_option(wishes, option);
	}
	return -1;
}

/* What was not said is as usual; UN/EDIFACT needs no qualifiers. */
static void fill_terms(struct terms *terms)
{
	const struct terms usual = terms_usual(terms->standard);
	bool x12 = terms->standard == STANDARD_X12;
	if (terms->charset.len == 0)
		terms->charset = usual.charset;
	if (terms->version.len == 0)
		terms->version = usual.version;
	if (terms->marks.element == 0)
		terms->marks = usual.marks;
	if (x12 && terms->own_qualifier.len == 0)
		terms->own_qualifier = usual.own_qualifier;
	if (x12 && terms->qualifier.len == 0)
		terms->qualifier = usual.qualifier;
}

static int write_them(struct wishes *wishes, char *const *paths, size_t count)
{
	struct write_options *options = &wishes->write;
	options->zone = wishes->zone;
	options->repair_reference = wishes->decoder.options.repair_reference;
	options->now_us = clock_wall_us();
	options->quiet = wishes->quiet;
	fill_terms(&options->terms);
	/* The numbers come with the events. */
	struct terms terms = options->terms;
	if (terms.own_number.len == 0)
		terms.own_number = SLICE_LITERAL("00");
	if (terms.number.len == 0)
		terms.number = SLICE_LITERAL("00");
	const char *fault = terms_fault(&terms);
	if (fault != NULL)
		return help_refuse(&help, "write", fault);
	return write_files(options, paths, count, stdout, stderr);
}

static int read_files(int argc, char **argv)
{
	struct wishes wishes = {.decoder.acknowledge = ACKNOWLEDGE_NEVER, .write = {.number = 1}};
	struct translate_options files = {.format = &parts_format, .decoder = &wishes.decoder};
	const char *command = argv[0];
	char name[64]; /* so getopt's messages begin */
	int result = -1;
	int option;
	(void)snprintf(name, sizeof(name), "carehub-parts %s", command); /* one of three: fits */
	argv[0] = name;
	while (result < 0 && (option = getopt_long(argc, argv, "q", file_options, NULL)) != -1)
		result = take_option(&wishes, option);
	char *const *paths = argv + optind;
	size_t count = (size_t)(argc - optind);
	wishes.decoder.options.zone = wishes.zone;
	files.quiet = wishes.quiet;
	if (result < 0 && count == 0)
		result = help_refuse(&help, NULL, NULL);
	if (result < 0 && strcmp(command, "show") == 0)
		result = show_files(&wishes.decoder.options, wishes.answers, paths, count);
	else if (result < 0 && strcmp(command, "write") == 0)
		result = write_them(&wishes, paths, count);
	else if (result < 0)
		result = (int)translate_files(&files, paths, count, stdout, stderr);
	zone_free(wishes.zone);
	return result;
}

static int describe_partner(void)
{
	struct buffer text = {0};
	partner_describe(&text);
	int result = text.status == CH_OK && fputs(buffer_text(&text), stdout) >= 0 ? 0 : 2;
	buffer_fini(&text);
	return result;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return help_refuse(&help, NULL, NULL);
	if (sodium_init() < 0) {
		(void)fputs("carehub-parts: libsodium cannot start\n", stderr);
		return 2;
	}
	if (strcmp(argv[1], "translate") == 0 || strcmp(argv[1], "show") == 0 ||
		strcmp(argv[1], "write") == 0)
		return read_files(argc - 1, argv + 1);
	if (strcmp(argv[1], "config") == 0 && argc == 3 && strcmp(argv[2], "--partner") == 0)
		return describe_partner();
	if (strcmp(argv[1], "run") == 0 || strcmp(argv[1], "check") == 0 ||
		strcmp(argv[1], "reload") == 0 || strcmp(argv[1], "config") == 0)
		return parts_folder_main(argc, argv);
	if (strcmp(argv[1], "--help") == 0)
		return help_print(&help);
	if (strcmp(argv[1], "--version") == 0) {
		(void)puts("carehub-parts " CAREHUB_VERSION);
		return 0;
	}
	return help_refuse(&help, "no such command", argv[1]);
}

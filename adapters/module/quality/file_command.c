#include "module/quality/file_command.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "kit/help.h"
#include "module/data/number.h"
#include "module/data/output.h"
#include "module/quality/chart/chart_report.h"

#define EXIT_UNUSABLE 2

static const struct help help = {"carehub-quality",
	"Usage: carehub-quality chart --kind KIND [OPTIONS] FILE\n"
	"       carehub-quality pareto [OPTIONS] FILE\n"
	"\n"
	"chart draws up a control chart: xbar-r, xbar-s, p, np, c or u.  pareto puts classes of\n"
	"defects in order.  Both read a plain table (CSV, TSV, semicolons, blanks; - is standard\n"
	"input) and print one JSON document.\n"
	"\n"
	"  --text              a table for people instead\n"
	"  --delimiter WORD    comma, semicolon, tab or blanks (default: found in the file)\n"
	"\n"
	"chart; COLUMN is a name of the header, or #3 for the third:\n"
	"  --value COLUMN      what is measured or counted\n"
	"  --sample COLUMN     the sample that a row belongs to\n"
	"  --size COLUMN|N     how much was looked at (p, np, u)\n"
	"  --trial COLUMN      TRUE where a sample takes part in setting the limits\n"
	"  --rules SET         western-electric (default) or nelson\n"
	"  --d2 N --d3 N       another program's constants, to compare with it (xbar-r, samples\n"
	"                      of one size)\n"
	"\n"
	"pareto:\n"
	"  --category COLUMN   the class; without --count each row counts one\n"
	"  --count COLUMN      how often\n"
	"  --other NAME        the class that stands last (default: other, others, 其他, 其它)\n"
	"\n"
	"Exit status: 0 fine, 2 the file is unusable, 64 usage.\n"};

struct request {
	const char *path;
	const char *other;
	struct samples_options samples;
	struct pareto_options pareto;
	const struct run_rule_set *rules;
	long double d2; /* 0: ours */
	long double d3;
	char delimiter;
	bool kind_given;
	bool text;
};

/* A constant of a chart is between 0 and 10, whatever the size.  False: it is none. */
static bool constant_parse(const char *text, long double *out_value)
{
	struct decimal value;
	long double power = 1;
	if (number_parse(slice_text(text), &value) != CH_OK)
		return false;
	for (uint32_t i = 0; i < value.scale; i++)
		power *= 10;
	long double parsed = (long double)value.unscaled / power;
	if (parsed <= 0 || parsed >= 10)
		return false;
	*out_value = parsed;
	return true;
}

/* Of the one size that samples have; NULL: they have several. */
static const struct constants *constants_asked(
	const struct request *request, const struct samples *samples, struct constants *constants)
{
	unsigned size = samples->items[0].value_count;
	for (size_t i = 1; i < samples->count; i++) {
		if (samples->items[i].value_count != size)
			return NULL;
	}
	constants_given(size, request->d2, request->d3, constants);
	return constants;
}

static int chart(const struct request *request, struct data_file *file)
{
	struct samples samples;
	struct charts charts;
	struct refusal refusal;
	struct buffer out = {0};
	struct constants constants;
	const struct constants *given = NULL;
	if (samples_read(file, &request->samples, &samples, &refusal) != CH_OK)
		return refusal_tell(&refusal, request->path);
	if (request->d2 > 0 && (given = constants_asked(request, &samples, &constants)) == NULL) {
		samples_fini(&samples);
		(void)fprintf(stderr,
			"%s: samples are of several sizes: --d2 and --d3 are of one\n",
			request->path);
		return EXIT_UNUSABLE;
	}
	if (charts_make(&samples, given, &charts) != CH_OK) {
		samples_fini(&samples);
		(void)fputs("carehub-quality: out of memory\n", stderr);
		return EXIT_UNUSABLE;
	}
	if (request->text)
		chart_report_text(&samples, &charts, request->rules, &out);
	else
		chart_report_json(&samples, &charts, request->rules, &out);
	charts_fini(&charts);
	samples_fini(&samples);
	int result = output_print("carehub-quality", &out);
	buffer_fini(&out);
	return result;
}

static int pareto(const struct request *request, struct data_file *file)
{
	struct pareto pareto;
	struct refusal refusal;
	struct buffer out = {0};
	int result = 0;
	pareto_init(&pareto, request->other);
	if (pareto_read(file, &request->pareto, &pareto, &refusal) != CH_OK) {
		result = refusal_tell(&refusal, request->path);
		goto out;
	}
	pareto_rank(&pareto);
	if (request->text)
		pareto_report_text(&pareto, &out);
	else
		pareto_report_json(&pareto, &out);
	result = output_print("carehub-quality", &out);
out:
	buffer_fini(&out);
	pareto_fini(&pareto);
	return result;
}

/* 0, or an exit status that was told. */
static int parse(int argc, char **argv, bool is_chart, struct request *request)
{
	static const struct option chart_options[] = {
		{"kind", required_argument, NULL, 'k'},
		{"value", required_argument, NULL, 'v'},
		{"sample", required_argument, NULL, 's'},
		{"size", required_argument, NULL, 'n'},
		{"trial", required_argument, NULL, 't'},
		{"rules", required_argument, NULL, 'r'},
		{"d2", required_argument, NULL, '2'},
		{"d3", required_argument, NULL, '3'},
		{"delimiter", required_argument, NULL, 'd'},
		{"text", no_argument, NULL, 'x'},
		{NULL, 0, NULL, 0},
	};
	static const struct option pareto_options[] = {
		{"category", required_argument, NULL, 'c'},
		{"count", required_argument, NULL, 'q'},
		{"other", required_argument, NULL, 'o'},
		{"delimiter", required_argument, NULL, 'd'},
		{"text", no_argument, NULL, 'x'},
		{NULL, 0, NULL, 0},
	};
	int option;
	while ((option = getopt_long(
			argc, argv, "", is_chart ? chart_options : pareto_options, NULL)) != -1) {
		switch (option) {
		case 'k':
			request->kind_given = chart_kind_find(optarg, &request->samples.kind);
			if (!request->kind_given)
				return help_refuse(&help, "no such chart", optarg);
			break;
		case 'v':
			request->samples.value = optarg;
			break;
		case 's':
			request->samples.label = optarg;
			break;
		case 'n':
			request->samples.size = optarg;
			break;
		case 't':
			request->samples.trial = optarg;
			break;
		case 'r':
			request->rules = run_rule_set_find(optarg);
			if (request->rules == NULL)
				return help_refuse(&help, "no such set of rules", optarg);
			break;
		case '2':
		case '3':
			if (!constant_parse(optarg, option == '2' ? &request->d2 : &request->d3))
				return help_refuse(&help, "no such constant", optarg);
			break;
		case 'c':
			request->pareto.category = optarg;
			break;
		case 'q':
			request->pareto.count = optarg;
			break;
		case 'o':
			request->other = optarg;
			break;
		case 'd':
			if (!data_delimiter_find(optarg, &request->delimiter))
				return help_refuse(&help, "no such delimiter", optarg);
			break;
		case 'x':
			request->text = true;
			break;
		default:
			return help_refuse(&help, NULL, NULL);
		}
	}
	if (is_chart && !request->kind_given)
		return help_refuse(&help, "which chart", "--kind is missing");
	if ((request->d2 > 0) != (request->d3 > 0))
		return help_refuse(&help, "which constants", "--d2 and --d3 belong together");
	if (request->d2 > 0 && request->samples.kind != CHART_XBAR_R)
		return help_refuse(&help, "which constants", "--d2 and --d3 are those of xbar-r");
	if (optind + 1 != argc)
		return help_refuse(&help, "one file", "- is standard input");
	request->path = argv[optind];
	return 0;
}

int file_command(int argc, char **argv)
{
	/* So getopt's messages begin. */
	static char chart_name[] = "carehub-quality chart";
	static char pareto_name[] = "carehub-quality pareto";
	struct request request = {.rules = &run_rule_western_electric, .delimiter = DATA_DETECT};
	struct data_file *file = NULL;
	struct refusal refusal;
	if (help_asked(argc, argv))
		return help_print(&help);
	bool is_chart = strcmp(argv[0], "chart") == 0;
	argv[0] = is_chart ? chart_name : pareto_name;
	int result = parse(argc, argv, is_chart, &request);
	if (result != 0)
		return result;
	if (data_file_open(request.path, DATA_TABLE, request.delimiter, &file, &refusal) != CH_OK)
		return refusal_tell(&refusal, request.path);
	result = is_chart ? chart(&request, file) : pareto(&request, file);
	data_file_close(file);
	return result;
}

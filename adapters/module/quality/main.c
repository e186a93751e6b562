/* carehub-quality: the module that measures what was promised to customers, and its tools. */
#include <stdio.h>
#include <string.h>

#include "kit/help.h"
#include "module/quality/file_command.h"
#include "module/quality/manager/report_command.h"
#include "module/quality/measure/repair_list.h"
#include "module/quality/quality_module.h"

static const struct help help = {"carehub-quality",
	"Usage: carehub-quality run --config FILE [--once]\n"
	"       carehub-quality check|reload|rebuild --config FILE\n"
	"       carehub-quality status --config FILE [--json | --tables]\n"
	"       carehub-quality config\n"
	"       carehub-quality report --config FILE [OPTIONS]\n"
	"       carehub-quality repairs --config FILE [--as-of TIME] [--open]\n"
	"       carehub-quality chart --kind KIND [OPTIONS] FILE\n"
	"       carehub-quality pareto [OPTIONS] FILE\n"
	"\n"
	"run       folds the hub's events into the module's book, until it is told to stop; with\n"
	"          --once until it has all that there is\n"
	"check     reports everything that is wrong with the configuration\n"
	"reload    has the module that runs with FILE read it anew, and tells what came of it\n"
	"rebuild   removes the book: the next run makes it anew from the journal\n"
	"status    how far the book has come, and what is missing or was refused; with --tables\n"
	"          also a digest of each table: two books with the same are the same\n"
	"config    prints a configuration with every setting\n"
	"report    what was promised and what came of it, as text, JSON, CSV or a page\n"
	"repairs   lists the repairs behind a report's figures\n"
	"chart     draws up a control chart of a plain data file\n"
	"pareto    puts the classes of defects of a plain data file in order\n"
	"\n"
	"  --version, --help; COMMAND --help has the options of a command\n"
	"\n"
	"Exit status: 0 fine, 1 something was rejected, refused or is missing, 2 unusable,\n"
	"3 there is no book yet, or it has not caught up, or nobody to reload, 64 usage.\n"};

int main(int argc, char **argv)
{
	struct quality_module quality;
	const char *command = argc > 1 ? argv[1] : "";
	if (strcmp(command, "--help") == 0)
		return help_print(&help);
	if (strcmp(command, "--version") == 0) {
		(void)puts("carehub-quality " CAREHUB_VERSION);
		return 0;
	}
	if (strcmp(command, "chart") == 0 || strcmp(command, "pareto") == 0)
		return file_command(argc - 1, argv + 1);
	if (strcmp(command, "report") == 0) {
		quality_module_make(&quality);
		return report_command(argc - 1, argv + 1, &quality.module, quality_config_part);
	}
	if (strcmp(command, "repairs") == 0) {
		quality_module_make(&quality);
		return repair_list_command(
			argc - 1, argv + 1, &quality.module, quality_config_part);
	}
	if (module_main_has(command)) {
		quality_module_make(&quality);
		return module_main(argc, argv, &quality.module);
	}
	return help_refuse(&help, argc > 1 ? "no such command" : NULL, command);
}

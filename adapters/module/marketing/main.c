/* carehub-marketing: what is known of customers as customers, and its tools. */
#include <stdio.h>
#include <string.h>

#include "module/marketing/file_command.h"

#define EXIT_USAGE 64

static int usage(FILE *to, int exit_status)
{
	(void)fputs(
		"usage: carehub-marketing rules --baskets FILE --support S --confidence C [OPTIONS]\n"
		"\n"
		"rules     finds what is bought together in a plain data file; rules --help says how\n",
		to);
	return exit_status;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";
	if (strcmp(command, "--help") == 0)
		return usage(stdout, 0);
	if (strcmp(command, "--version") == 0) {
		(void)puts("carehub-marketing " CAREHUB_VERSION);
		return 0;
	}
	if (strcmp(command, "rules") == 0)
		return file_command(argc - 1, argv + 1);
	if (argc > 1)
		(void)fprintf(stderr, "carehub-marketing: no such command: %s\n", command);
	return usage(stderr, EXIT_USAGE);
}

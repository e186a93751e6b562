#include "kit/help.h"

#include <stdio.h>
#include <string.h>

#define EXIT_USAGE 64

bool help_asked(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	}
	return false;
}

int help_print(const struct help *help)
{
	(void)fputs(help->text, stdout);
	return 0;
}

int help_refuse(const struct help *help, const char *what, const char *value)
{
	if (what != NULL)
		(void)fprintf(stderr, "%s: %s: %s\n", help->command, what, value);
	(void)fputs(help->text, stderr);
	return EXIT_USAGE;
}

/* Help: who asks for it gets it, whatever else stands on the command line; and so does who has got it wrong. */
#ifndef KIT_HELP_H
#define KIT_HELP_H

#include <stdbool.h>

/* True when a word of the command line is --help or -h.  A program looks first, and answers with its usage on
 * standard output and exit status 0: help is an answer, no mistake. */
bool help_asked(int argc, char **argv);

struct help {
	const char *command; /* "carehub-quality report" */
	const char *text;
};

/* On standard output; returns the exit status: 0. */
int help_print(const struct help *help);

/* On standard error, behind what is wrong with the command line: "COMMAND: what: value"; `what` NULL: that has been
 * told.  Returns the exit status: 64. */
int help_refuse(const struct help *help, const char *what, const char *value);

#endif

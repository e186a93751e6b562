/* Help: who asks for it gets it, whatever else stands on the command line. */
#ifndef KIT_HELP_H
#define KIT_HELP_H

#include <stdbool.h>

/* True when a word of the command line is --help or -h.  A program looks first, and answers with its usage on
 * standard output and exit status 0: help is an answer, no mistake. */
bool help_asked(int argc, char **argv);

#endif

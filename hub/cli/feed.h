/* Events of a range or from now on, read with a subscription that nobody remembers: tail, and
 * replay to a file or to standard output.  The hub's range grammar (base/range.h); it needs the
 * role consumer. */
#ifndef CLI_FEED_H
#define CLI_FEED_H

#include <stdio.h>

#include "cli/cli.h"
#include "cli/filter.h"

struct feed_options {
	const char *range; /* "" with `live`: from now on */
	const char *name;  /* of a durable subscription, which each line acknowledges; NULL: none */
	bool live;         /* goes on behind the range's end when the range has none */
	struct filter *filter;
	uint64_t limit; /* deliveries; 0: none */
	double rate;    /* events a second; 0: no pace */
	double speed;   /* times the original pace; 0: no pace */
	FILE *out;
	bool json;         /* lines of CloudEvents; else one line for people */
	const char *label; /* of the progress */
	bool show_progress;
};

/* Runs until its end, the limit or a signal.  EXIT_FINE, EXIT_WARNING when there was a gap, or
 * it has said what is wrong.  *out_count events were written. */
int feed_run(struct cli *cli, const struct feed_options *options, uint64_t *out_count);

#endif

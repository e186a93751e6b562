/* How far long work is: rate and time left, on standard error, when somebody watches. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what;
	bool shown;
	bool off; /* --quiet, or nobody watches standard error */
	int64_t began_us;
	int64_t last_us;
	uint64_t began_at; /* where it stood when it began */
};

void progress_begin(struct progress *progress, const char *what, bool quiet, uint64_t at);

/* At most four times a second; `all` 0: not known. */
void progress_show(struct progress *progress, uint64_t done, uint64_t all);

/* Clears the line. */
void progress_end(struct progress *progress);

/* "412 of 2 000, 21 %, 103/s, 15.4 s left". */
#define PROGRESS_BYTES 160
const char *progress_text(const struct progress *progress, uint64_t done, uint64_t all,
	int64_t now_us, char text[PROGRESS_BYTES]);

#endif

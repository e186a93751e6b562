#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/words.h"

void progress_begin(struct progress *progress, const char *what, bool quiet, uint64_t at)
{
	*progress = (struct progress){
		.what = what,
		.off = quiet || isatty(STDERR_FILENO) != 1,
		.began_us = clock_steady_us(),
		.began_at = at,
	};
}

const char *progress_text(const struct progress *progress, uint64_t done, uint64_t all,
	int64_t now_us, char text[PROGRESS_BYTES])
{
	char a[WORDS_BYTES];
	char b[WORDS_BYTES];
	char c[WORDS_BYTES];
	int64_t spent_us = now_us - progress->began_us;
	double rate = spent_us > 0 && done > progress->began_at
			      ? (double)(done - progress->began_at) * 1e6 / (double)spent_us
			      : 0;
	if (all == 0 || all < done) {
		(void)snprintf(text, PROGRESS_BYTES, "%s, %.0f/s", words_count(done, a), rate);
		return text;
	}
	int percent = (int)((double)done * 100 / (double)all);
	int64_t left_us = rate > 0 ? (int64_t)((double)(all - done) * 1e6 / rate) : -1;
	(void)snprintf(text, PROGRESS_BYTES, "%s of %s, %d %%, %.0f/s, %s left",
		words_count(done, a), words_count(all, b), percent, rate,
		words_duration(left_us, c));
	return text;
}

void progress_show(struct progress *progress, uint64_t done, uint64_t all)
{
	char text[PROGRESS_BYTES];
	int64_t now_us = clock_steady_us();
	if (progress->off || now_us - progress->last_us < 250000)
		return;
	progress->last_us = now_us;
	progress->shown = true;
	(void)fprintf(stderr, "\r\033[K%s: %s", progress->what,
		progress_text(progress, done, all, now_us, text));
	(void)fflush(stderr);
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		(void)fprintf(stderr, "\r\033[K");
	progress->shown = false;
}

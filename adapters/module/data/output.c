#include "module/data/output.h"

#include <errno.h>
#include <stdio.h>

#define EXIT_UNUSABLE 2

int output_print(const char *who, const struct buffer *out)
{
	if (out->status != CH_OK) {
		(void)fprintf(stderr, "%s: %s\n", who, ch_status_text(out->status));
		return EXIT_UNUSABLE;
	}
	errno = 0;
	size_t written = out->len > 0 ? fwrite(out->data, 1, out->len, stdout) : 0;
	if (written == out->len && fflush(stdout) == 0)
		return 0;
	(void)fprintf(stderr, "%s: standard output: %s\n", who,
		errno != 0 ? strerror(errno) : "cannot be written");
	return EXIT_UNUSABLE;
}

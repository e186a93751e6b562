/* tail: events as they are stored. */
#include "cli/feed.h"

int tail_main(struct cli *cli, int argc, char **argv)
{
	struct filter filter = {0};
	const char *from = NULL;
	uint64_t count = 0;
	struct feed_options options = {.live = true, .filter = &filter, .out = stdout};
	const struct flag flags[] = {
		{"--from", FLAG_TEXT, &from},
		{"--as", FLAG_TEXT, &options.name},
		{"--limit", FLAG_NUMBER, &options.limit},
		FILTER_FLAGS(filter),
		{0},
	};
	if (!args_take(flags, &argc, argv) || !filter_ready(&filter))
		return EXIT_USAGE;
	if (argc > 1 || (argc == 1 && from != NULL))
		return cli_fail(EXIT_USAGE, NULL, "tail: one RANGE");
	options.range = from != NULL ? from : argc == 1 ? argv[0] : "";
	options.json = cli->json;
	return feed_run(cli, &options, &count);
}

#include "bench/load/options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "bench/load/complaint.h"

static const char help[] =
	"usage: %s [options]\n"
	"  --mode prepare|saturate|lowload|openloop   default saturate; programs of their own:\n"
	"         openloop (bench_delivery), cold|archive|tail|rebuild (bench_replay)\n"
	"  --seconds S         how long to measure, with warm-up; default 5\n"
	"  --connections N     default 1\n"
	"  --window W          events in flight over all connections; default 1000\n"
	"  --batch B           events a request; default 1\n"
	"  --payload BYTES     id as text and body together; default 300\n"
	"  --rate R            events a second in open loop; default 10000\n"
	"  --customers N       0: events for nobody; default 0\n"
	"  --draw uniform|8020 how customers are drawn; default 8020\n"
	"  --ids random|ordered   version 4, or version 7, which rise; default random\n"
	"  --known N           ids that prepare publishes beside the customers'; default 0\n"
	"  --history plain|archived|filed   full segments compressed by prepare; known ids of\n"
	"         customers in place of nobody; default plain\n"
	"  --events N          how many of its newest events are read again; 0: all\n"
	"  --seed N            same seed, same events; default: a random one\n"
	"  --host ADDRESS      an IPv4 loopback address; default 127.0.0.1\n"
	"  --port PORT         where the server listens; 0: the program starts its own\n"
	"  --data DIR          a folder of the program's own\n"
	"  --set NAME=VALUE    a setting of a server that the program starts; up to 8 times\n";

enum option_key {
	KEY_MODE = 1,
	KEY_SECONDS,
	KEY_CONNECTIONS,
	KEY_WINDOW,
	KEY_BATCH,
	KEY_PAYLOAD,
	KEY_RATE,
	KEY_CUSTOMERS,
	KEY_DRAW,
	KEY_IDS,
	KEY_KNOWN,
	KEY_HISTORY,
	KEY_EVENTS,
	KEY_SEED,
	KEY_HOST,
	KEY_PORT,
	KEY_DATA,
	KEY_SET,
	KEY_HELP,
};

static const struct option table[] = {
	{"mode", required_argument, NULL, KEY_MODE},
	{"seconds", required_argument, NULL, KEY_SECONDS},
	{"connections", required_argument, NULL, KEY_CONNECTIONS},
	{"window", required_argument, NULL, KEY_WINDOW},
	{"batch", required_argument, NULL, KEY_BATCH},
	{"payload", required_argument, NULL, KEY_PAYLOAD},
	{"rate", required_argument, NULL, KEY_RATE},
	{"customers", required_argument, NULL, KEY_CUSTOMERS},
	{"draw", required_argument, NULL, KEY_DRAW},
	{"ids", required_argument, NULL, KEY_IDS},
	{"known", required_argument, NULL, KEY_KNOWN},
	{"history", required_argument, NULL, KEY_HISTORY},
	{"events", required_argument, NULL, KEY_EVENTS},
	{"seed", required_argument, NULL, KEY_SEED},
	{"host", required_argument, NULL, KEY_HOST},
	{"port", required_argument, NULL, KEY_PORT},
	{"data", required_argument, NULL, KEY_DATA},
	{"set", required_argument, NULL, KEY_SET},
	{"help", no_argument, NULL, KEY_HELP},
	{NULL, 0, NULL, 0},
};

struct word {
	const char *text;
	int value;
};

static const struct word modes[] = {
	{"prepare", MODE_PREPARE},
	{"saturate", MODE_SATURATE},
	{"lowload", MODE_LOWLOAD},
	{"openloop", MODE_OPENLOOP},
	{"cold", MODE_COLD},
	{"archive", MODE_ARCHIVE},
	{"tail", MODE_TAIL},
	{"rebuild", MODE_REBUILD},
	{NULL, 0},
};

static const struct word draws[] = {
	{"uniform", EVENT_UNIFORM},
	{"8020", EVENT_8020},
	{NULL, 0},
};

static const struct word ids[] = {
	{"random", EVENT_IDS_RANDOM},
	{"ordered", EVENT_IDS_ORDERED},
	{NULL, 0},
};

static const struct word histories[] = {
	{"plain", HISTORY_PLAIN},
	{"archived", HISTORY_ARCHIVED},
	{"filed", HISTORY_FILED},
	{NULL, 0},
};

static bool parse_word(const struct word *words, const char *text, int *out_value)
{
	for (; words->text != NULL; words++) {
		if (strcmp(words->text, text) == 0) {
			*out_value = words->value;
			return true;
		}
	}
	return false;
}

static bool parse_number(const char *text, uint64_t least, uint64_t most, uint64_t *out_number)
{
	char *end = NULL;
	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0' || number < least || number > most)
		return false;
	*out_number = number;
	return true;
}

static bool parse_count(const char *text, uint32_t least, uint32_t most, uint32_t *out_count)
{
	uint64_t number;
	if (!parse_number(text, least, most, &number))
		return false;
	*out_count = (uint32_t)number;
	return true;
}

static bool parse_seconds(const char *text, int64_t *out_duration_ns)
{
	char *end = NULL;
	double seconds = strtod(text, &end);
	if (end == text || *end != '\0' || !isfinite(seconds) || seconds < 0.1 ||
		seconds > OPTIONS_SECONDS_MAX)
		return false;
	*out_duration_ns = (int64_t)(seconds * 1e9);
	return true;
}

/* The bench never leaves the machine. */
static bool parse_loopback(const char *text, const char **out_host)
{
	struct in_addr address;
	if (inet_pton(AF_INET, text, &address) != 1 || ntohl(address.s_addr) >> 24 != 127)
		return false;
	*out_host = text;
	return true;
}

/* section.name=value */
static bool is_setting(const char *text)
{
	size_t section = strcspn(text, ".=");
	size_t name = section + strcspn(text + section, "=");
	return section > 0 && text[section] == '.' && text[name] == '=';
}

static bool option_take(struct options *options, enum option_key key, const char *text)
{
	int word = 0;
	uint64_t number = 0;
	bool good = false;
	switch (key) {
	case KEY_MODE:
		good = parse_word(modes, text, &word);
		options->mode = (enum options_mode)word;
		return good;
	case KEY_DRAW:
		good = parse_word(draws, text, &word);
		options->draw = (enum event_draw)word;
		return good;
	case KEY_IDS:
		good = parse_word(ids, text, &word);
		options->ids = (enum event_ids)word;
		return good;
	case KEY_HISTORY:
		good = parse_word(histories, text, &word);
		options->history = (enum options_history)word;
		return good;
	case KEY_KNOWN:
		return parse_count(text, 0, OPTIONS_EVENTS_MAX, &options->known);
	case KEY_EVENTS:
		return parse_count(text, 0, OPTIONS_EVENTS_MAX, &options->events);
	case KEY_SECONDS:
		return parse_seconds(text, &options->duration_ns);
	case KEY_CONNECTIONS:
		return parse_count(text, 1, OPTIONS_CONNECTIONS_MAX, &options->connections);
	case KEY_WINDOW:
		return parse_count(text, 1, OPTIONS_WINDOW_MAX, &options->window);
	case KEY_BATCH:
		return parse_count(text, 1, OPTIONS_WINDOW_MAX, &options->batch);
	case KEY_PAYLOAD:
		return parse_count(text, EVENT_ID_TEXT, EVENT_BODY_BYTES, &options->payload_bytes);
	case KEY_RATE:
		return parse_count(text, 1, OPTIONS_RATE_MAX, &options->rate);
	case KEY_CUSTOMERS:
		return parse_count(text, 0, OPTIONS_CUSTOMERS_MAX, &options->customers);
	case KEY_SEED:
		return parse_number(text, 0, UINT64_MAX, &options->seed);
	case KEY_HOST:
		return parse_loopback(text, &options->host);
	case KEY_PORT:
		good = parse_number(text, 0, UINT16_MAX, &number);
		options->port = (uint16_t)number;
		return good;
	case KEY_DATA:
		options->data = text;
		return text[0] != '\0';
	case KEY_SET:
		if (options->setting_count == OPTIONS_SETTINGS_MAX || !is_setting(text))
			return false;
		options->settings[options->setting_count++] = text;
		return true;
	case KEY_HELP:
		break;
	}
	return false;
}

static const char *option_name(int key)
{
	for (const struct option *row = table; row->name != NULL; row++) {
		if (row->val == key)
			return row->name;
	}
	return "";
}

/* Two runs on one store must not send the same ids: whoever drops duplicates would win by it. */
static uint64_t random_seed(void)
{
	uint64_t seed;
	struct timespec now;
	if (getrandom(&seed, sizeof(seed), 0) == (ssize_t)sizeof(seed))
		return seed;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool options_agree(struct options *options, const char *program)
{
	if (options->mode == MODE_LOWLOAD) {
		options->connections = 1;
		options->window = 1;
		options->batch = 1;
	}
	if (options->window / options->connections < options->batch) {
		complaint(program, "%u connections of %u events each exceed a window of %u",
			options->connections, options->batch, options->window);
		return false;
	}
	return true;
}

enum ch_status options_parse(int argc, char **argv, struct options *out_options)
{
	struct options options = {
		.mode = MODE_SATURATE,
		.duration_ns = INT64_C(5000000000),
		.connections = 1,
		.window = 1000,
		.batch = 1,
		.payload_bytes = 300,
		.rate = 10000,
		.draw = EVENT_8020,
		.seed = random_seed(),
		.host = "127.0.0.1",
	};
	int key;
	optind = 0;
	while ((key = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (key == KEY_HELP) {
			printf(help, argv[0]);
			return CH_END;
		}
		if (key == '?')
			return CH_INVALID;
		if (!option_take(&options, (enum option_key)key, optarg)) {
			complaint(argv[0], "--%s cannot be '%s'", option_name(key), optarg);
			return CH_INVALID;
		}
	}
	if (optind < argc) {
		complaint(argv[0], "'%s' is not an option", argv[optind]);
		return CH_INVALID;
	}
	if (!options_agree(&options, argv[0]))
		return CH_INVALID;
	*out_options = options;
	return CH_OK;
}

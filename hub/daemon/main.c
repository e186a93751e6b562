/* carehubd: the hub, and what is done to one that does not run. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "daemon/hub.h"
#include "daemon/offline.h"

#define EXIT_USAGE 64

struct arguments {
	const char *root;
	const char *command;
	const char *operand;
	uint64_t at;
	bool hash_only;
};

static int main_run(struct daemon_settings *settings, const struct arguments *arguments)
{
	(void)arguments;
	return hub_run(settings) == CH_OK ? 0 : 2;
}

static int main_check(struct daemon_settings *settings, const struct arguments *arguments)
{
	(void)settings;
	(void)arguments;
	printf("check\tok\n"); /* mistakes were reported while reading */
	return 0;
}

static int main_verify(struct daemon_settings *settings, const struct arguments *arguments)
{
	(void)arguments;
	return offline_verify(settings);
}

static int main_rebuild(struct daemon_settings *settings, const struct arguments *arguments)
{
	(void)arguments;
	return offline_rebuild(settings);
}

static int main_dump(struct daemon_settings *settings, const struct arguments *arguments)
{
	return offline_dump(settings, arguments->at, arguments->hash_only);
}

static int main_restore(struct daemon_settings *settings, const struct arguments *arguments)
{
	return offline_restore(settings, arguments->operand);
}

static int main_config(struct daemon_settings *settings, const struct arguments *arguments)
{
	struct buffer text = {0};
	(void)settings;
	(void)arguments;
	daemon_settings_describe(&text);
	fputs(buffer_text(&text), stdout);
	buffer_fini(&text);
	return 0;
}

static const struct {
	const char *name;
	const char *operand; /* NULL: takes none */
	int (*run)(struct daemon_settings *settings, const struct arguments *arguments);
	const char *help;
} commands[] = {
	{"run", NULL, main_run, "run the hub (the default)"},
	{"check", NULL, main_check, "read the configuration and report every mistake"},
	{"config", NULL, main_config, "print a commented carehub.conf with all defaults"},
	{"verify", NULL, main_verify, "check journal, rules and records against each other"},
	{"rebuild", NULL, main_rebuild, "make the store anew from the journal"},
	{"dump", NULL, main_dump, "print the records in canonical form [--at SEQUENCE] [--hash]"},
	{"restore", "DIRECTORY", main_restore, "make the data folder from a backup"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void main_usage(FILE *out)
{
	fputs("Usage: carehubd [--root DIR] [COMMAND]\n\n", out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s %-10s %s\n", commands[i].name,
			commands[i].operand != NULL ? commands[i].operand : "", commands[i].help);
	fputs("\n  --root DIR   everything under DIR: DIR/etc/carehub, DIR/var/lib/carehub\n"
	      "  --version\n\nExit status: 0 fine, 1 something was found, 2 unable, 64 usage.\n",
		out);
}

static int main_parse(int argc, char **argv, struct arguments *out)
{
	static const struct option options[] = {
		{"root", required_argument, NULL, 'r'},
		{"at", required_argument, NULL, 'a'},
		{"hash", no_argument, NULL, 'H'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},
		{0},
	};
	int option;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'r':
			out->root = optarg;
			break;
		case 'a':
			if (text_parse_u64(slice_text(optarg), UINT64_MAX, &out->at) != CH_OK)
				return EXIT_USAGE;
			break;
		case 'H':
			out->hash_only = true;
			break;
		case 'h':
			main_usage(stdout);
			exit(0);
		case 'v':
			printf("carehubd %s\n", CAREHUB_VERSION);
			exit(0);
		default:
			return EXIT_USAGE;
		}
	}
	out->command = optind < argc ? argv[optind++] : "run";
	out->operand = optind < argc ? argv[optind++] : NULL;
	return optind == argc ? 0 : EXIT_USAGE;
}

static int main_with_settings(const struct arguments *arguments,
	int (*run)(struct daemon_settings *settings, const struct arguments *arguments))
{
	struct problems problems = {0};
	struct daemon_settings settings;
	struct buffer text = {0};
	enum ch_status status = daemon_settings_read(arguments->root, &problems, &settings);
	if (status != CH_OK) {
		problems_print(&problems, &text);
		fprintf(stderr, "%scarehubd: configuration: %s\n", buffer_text(&text),
			ch_status_text(status));
		buffer_fini(&text);
		problems_fini(&problems);
		return 2;
	}
	problems_fini(&problems);
	log_set_level((enum log_level)settings.log_level);
	int result = run(&settings, arguments);
	daemon_settings_free(&settings);
	return result;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {0};
	if (main_parse(argc, argv, &arguments) == 0) {
		for (size_t i = 0; i < COMMANDS; i++) {
			if (strcmp(arguments.command, commands[i].name) == 0 &&
				(commands[i].operand != NULL) == (arguments.operand != NULL))
				return main_with_settings(&arguments, commands[i].run);
		}
	}
	main_usage(stderr);
	return EXIT_USAGE;
}

/* carehubd: the hub, and what is done to one that does not run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "daemon/configuration.h"
#include "daemon/hub.h"
#include "daemon/offline.h"

#define EXIT_USAGE 64

struct arguments {
	const char *root;
	const char *command;
	const char *operand;
	uint64_t at;
	bool hash_only;
	bool past_damage;
};

static int main_run(struct daemon_settings *settings, const struct arguments *arguments)
{
	(void)arguments;
	return hub_run(settings) == CH_OK ? 0 : 2;
}

static int main_mistakes(const struct problems *problems, enum ch_status status)
{
	struct buffer text = {0};
	problems_print(problems, &text);
	fputs(buffer_text(&text), stderr);
	if (problems_none(problems))
		fprintf(stderr, "carehubd: configuration: %s\n", ch_status_text(status));
	buffer_fini(&text);
	return 2;
}

static int main_check(const struct arguments *arguments)
{
	struct problems problems = {0};
	int result = 0;
	enum ch_status status = configuration_check(arguments->root, &problems);
	if (status == CH_OK)
		printf("check\tok\n");
	else
		result = main_mistakes(&problems, status);
	problems_fini(&problems);
	return result;
}

static int main_verify(struct daemon_settings *settings, const struct arguments *arguments)
{
	(void)arguments;
	return offline_verify(settings);
}

static int main_rebuild(struct daemon_settings *settings, const struct arguments *arguments)
{
	return offline_rebuild(settings, arguments->past_damage);
}

static int main_dump(struct daemon_settings *settings, const struct arguments *arguments)
{
	return offline_dump(settings, arguments->at, arguments->hash_only);
}

static int main_restore(struct daemon_settings *settings, const struct arguments *arguments)
{
	return offline_restore(settings, arguments->operand);
}

static int main_repair(struct daemon_settings *settings, const struct arguments *arguments)
{
	return offline_repair(settings, arguments->operand);
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
	/* NULL: it must not end at the first file that has a mistake, see main_check */
	int (*run)(struct daemon_settings *settings, const struct arguments *arguments);
	const char *help;
} commands[] = {
	{"run", NULL, main_run, "run the hub (the default)"},
	{"check", NULL, NULL, "read the configuration and report every mistake"},
	{"config", NULL, main_config, "print a commented carehub.conf with all defaults"},
	{"verify", NULL, main_verify, "check journal, rules and records against each other"},
	{"rebuild", NULL, main_rebuild, "make the store anew from the journal [--past-damage]"},
	{"dump", NULL, main_dump, "print the records in canonical form [--at SEQUENCE] [--hash]"},
	{"repair", "DIRECTORY", main_repair, "mend a damaged journal with a backup"},
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

/* getopt_long's struct option and ours (base/option.h) share a name, so the few options are read by
 * hand: each is a word of its own, a value follows it or stands behind "=". */
static const char *main_value(const char *name, int argc, char **argv, int *at)
{
	size_t len = strlen(name);
	if (strncmp(argv[*at], name, len) != 0)
		return NULL;
	if (argv[*at][len] == '=')
		return argv[*at] + len + 1;
	return argv[*at][len] == 0 && *at + 1 < argc ? argv[++*at] : NULL;
}

static int main_parse(int argc, char **argv, struct arguments *out)
{
	out->command = "run";
	int words = 0;
	for (int at = 1; at < argc; at++) {
		const char *value;
		if (strcmp(argv[at], "--help") == 0) {
			main_usage(stdout);
			exit(0);
		} else if (strcmp(argv[at], "--version") == 0) {
			printf("carehubd %s\n", CAREHUB_VERSION);
			exit(0);
		} else if (strcmp(argv[at], "--hash") == 0) {
			out->hash_only = true;
		} else if (strcmp(argv[at], "--past-damage") == 0) {
			out->past_damage = true;
		} else if ((value = main_value("--root", argc, argv, &at)) != NULL) {
			out->root = value;
		} else if ((value = main_value("--at", argc, argv, &at)) != NULL) {
			if (text_parse_u64(slice_text(value), UINT64_MAX, &out->at) != CH_OK)
				return EXIT_USAGE;
		} else if (argv[at][0] == '-' || words == 2) {
			return EXIT_USAGE;
		} else if (words++ == 0) {
			out->command = argv[at];
		} else {
			out->operand = argv[at];
		}
	}
	return 0;
}

static int main_with_settings(const struct arguments *arguments,
	int (*run)(struct daemon_settings *settings, const struct arguments *arguments))
{
	struct problems problems = {0};
	struct daemon_settings settings;
	int result;
	enum ch_status status = daemon_settings_read(arguments->root, &problems, &settings);
	if (status != CH_OK) {
		result = main_mistakes(&problems, status);
		problems_fini(&problems);
		return result;
	}
	problems_fini(&problems);
	log_set_level((enum log_level)settings.log_level);
	result = run(&settings, arguments);
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
				return commands[i].run != NULL
					       ? main_with_settings(&arguments, commands[i].run)
					       : main_check(&arguments);
		}
	}
	main_usage(stderr);
	return EXIT_USAGE;
}

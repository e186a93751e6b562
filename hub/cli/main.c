/* carehub: the administrators' command line.  One row a command; what all share is in cli.h. */
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/term.h"

struct command {
	const char *name;
	int (*run)(struct cli *cli, int argc, char **argv);
	const char *words;
	const char *help;
	const char *options; /* lines of "--option  what it does"; "" when it has none of its own */
};

#define FILTERS                                                                                    \
	"--type PATTERN      types, `*` one part, `>` the rest; may be repeated\n"                 \
	"--source URI        exact sources; may be repeated\n"                                     \
	"--customer NUMBER   customers; may be repeated\n"

static const struct command commands[] = {
	{"status", status_main, "", "how the hub is, with warnings in the exit status", ""},
	{"top", top_main, "", "the same and the consumers, again and again",
		"--every SECONDS     2\n--count N           stop after so many\n"},
	{"doctor", doctor_main, "", "look for what is wrong and say what to do", ""},
	{"sessions", sessions_main, "", "who is connected", ""},
	{"keys", keys_main, "new NAME | show FILE", "make a key pair and the file for peers.d",
		"--roles WORDS       producer; of producer, consumer, operator, admin\n"
		"--source PATTERN    sources it may publish as; may be repeated\n"
		"--type PATTERN      types it may publish; may be repeated\n"
		"--topic PATTERN     types it may subscribe to; may be repeated\n"
		"--dir FOLDER        where the files go; .\n"},
	{"publish", publish_main, "[FILE]", "publish CloudEvents, one line of JSON each",
		"--dry-run           check without a hub\n"},
	{"tail", tail_main, "[RANGE]", "show events as they are stored",
		"--from RANGE        begin there instead of now\n"
		"--as NAME           a subscription that the hub remembers: each line acknowledges\n"
		"--limit N           stop after so many\n" FILTERS},
	{"get", get_main, "SEQUENCE | SOURCE ID | KIND/KEY",
		"one entry with its effects, or one record",
		"KIND is unit, order, repair, case, entitlement, appointment, parts-order or deadline;\n"
		"of reference data product, promotion, price (LIST/ITEM), station or stock\n"
		"(PLACE/ITEM), which has\n"
		"--at TIME           what held then\n"
		"--zone ZONE         where the days of a price list begin: Asia/Shanghai, +08:00\n"
		"--history           all versions that are kept\n"},
	{"find", find_main, "[RANGE]", "entries of a range",
		"--limit N           1000\n"
		"--count             only count\n"
		"--all               also quarantined and conflicting ones\n" FILTERS},
	{"customer", customer_main, "NUMBER | KEY", "a customer's record with where it came from",
		"--kind KIND         phone, email, member_card, common_id, serial\n"
		"--region CC         country of a phone without its code\n"
		"--timeline N        20\n"},
	{"cases", cases_main, "", "open cases: who owns them, who must act, what falls due",
		"--owner NAME        an agent's number, or a group\n"
		"--by ORDER          age, deadline or owner\n"
		"--kind KIND         consult, sales, repair, status, complaint, outbound, other\n"
		"--older DAYS        opened before\n"
		"--overdue           only those past a promise\n"
		"--level N           at least on this rung of the ladder\n"
		"--limit N           100\n"},
	{"deadlines", deadlines_main, "", "open promises, the next due first",
		"--limit N           100\n--overdue           only those past their time\n"},
	{"reviews", reviews_main, "", "open questions for stewards", "--limit N           100\n"},
	{"consumers", consumers_main, "[list | show NAME | delete NAME]",
		"subscriptions and their lag", "--yes               do it\n"},
	{"seek", seek_main, "NAME POINT", "move a subscription's position",
		"--yes               do it; else only the plan is shown\n"},
	{"deadletter", deadletter_main,
		"[list [NAME] | retry NAME [SEQUENCE...] | discard NAME [SEQUENCE...]]",
		"deliveries that were set aside", "--yes               do it\n"},
	{"quarantine", quarantine_main,
		"[list | show SEQUENCE | correct SEQUENCE FILE | resubmit SEQUENCE... "
		"| discard SEQUENCE...]",
		"events that were kept but not taken",
		"--all               also what is settled\n"
		"--remark TEXT       why it is discarded\n"
		"--yes               do it\n"},
	{"replay", replay_main,
		"RANGE (--to NAME | --to-file FILE | --to-stdout) | list | pause JOB "
		"| resume JOB | cancel JOB",
		"deliver history again",
		"--rate N            events a second\n"
		"--speed N           times the original pace\n"
		"--limit N           stop after so many (file, stdout)\n"
		"--follow            watch the job until it ends\n"
		"--yes               begin; else only the plan is shown\n" FILTERS},
	{"clock", clock_main, "[accept]", "the hub's time, when the machine's clock has jumped",
		"--remark TEXT       why it is right\n--yes               do it\n"},
	{"backup", backup_main, "DIRECTORY", "copy the journal on the hub's machine", ""},
	{"checkpoint", checkpoint_main, "", "write the store up to the head", ""},
	{"reload", reload_main, "", "read the peers' files and rules.conf again", ""},
	{"settings", settings_main, "[show | write FILE]", "settings of the rules",
		"--yes               do it\n"},
	{"verify", offline_main, "", "carehubd verify, on a hub that does not run",
		"--root DIR          as for carehubd\n"},
	{"rebuild", offline_main, "", "carehubd rebuild",
		"--root DIR          as for carehubd\n"
		"--past-damage       leave out what cannot be read\n"},
	{"dump", offline_main, "", "carehubd dump",
		"--root DIR          as for carehubd\n"
		"--at SEQUENCE       as of that entry\n"
		"--hash              only a hash over all of it\n"},
	{"repair", offline_main, "DIRECTORY", "carehubd repair, with a backup",
		"--root DIR          as for carehubd\n"},
	{"restore", offline_main, "DIRECTORY", "carehubd restore",
		"--root DIR          as for carehubd\n"},
	{"new-adapter", new_adapter_main, "NAME", "write a working adapter to start one's own from",
		"--dir FOLDER        where its folder goes; .\n"},
	{"bench", bench_main, "", "measure publishing against this hub, with real events",
		"--source URI        of the events; the peer must have the right to it, and to their\n"
		"                    type, reference.product.published\n"
		"--events N          20000\n"
		"--yes               do it\n"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct command *main_find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static void main_usage(FILE *out)
{
	(void)fputs("Usage: carehub [OPTIONS] COMMAND [WORDS]\n\n", out);
	for (size_t i = 0; i < COMMANDS; i++)
		(void)fprintf(out, "  %-11s %s\n", commands[i].name, commands[i].help);
	(void)fputs(
		"\n  help COMMAND   its words and options\n\n"
		"  --context NAME      ~/.config/carehub/NAME.conf; default\n"
		"  --endpoint ADDRESS  tcp://HOST:7710\n"
		"  --server-key KEY    the hub's public key, or the file that holds it\n"
		"  --key FILE          our secret key\n"
		"  --timeout SECONDS   how long to wait for an answer; 10\n"
		"  --json              one JSON object a line\n"
		"  --yes               do it: what changes anything only shows its plan without\n"
		"  --dry-run           only the plan, as without --yes\n"
		"  --quiet             no progress and no totals\n"
		"  --version, --help\n\n"
		"RANGE is [FROM][:TO] of 1000, @2026-03-01T08:00:00Z, -1h, -500, +1h, +500,\n"
		"start, end.\n"
		"Exit status: 0 fine, 1 some rejected or a warning, 2 critical, 3 unknown, "
		"64 usage.\n",
		out);
}

static int main_unknown(const char *name)
{
	if (name[0] == '-')
		return cli_fail(EXIT_USAGE, "an option of one command stands behind it",
			"%s is no option of all commands", name);
	return cli_fail(EXIT_USAGE, "carehub help shows them all", "there is no command %s", name);
}

static int main_help(const char *name)
{
	const struct command *command = main_find(name);
	if (command == NULL && name[0] != 0 && strcmp(name, "help") != 0)
		return main_unknown(name);
	if (command == NULL) {
		main_usage(stdout);
		return EXIT_FINE;
	}
	printf("Usage: carehub %s%s%s\n\n  %s\n", command->name, command->words[0] != 0 ? " " : "",
		command->words, command->help);
	if (command->options[0] != 0)
		(void)putchar('\n');
	for (const char *line = command->options; *line != 0;) {
		size_t len = strcspn(line, "\n");
		printf("  %.*s\n", (int)len, line);
		line += len + (line[len] != 0);
	}
	return EXIT_FINE;
}

int main(int argc, char **argv)
{
	struct cli cli = {.program = argv[0], .timeout_ms = 10000};
	uint64_t timeout_s = 10;
	bool version = false;
	bool help = false;
	const struct flag flags[] = {
		{"--context", FLAG_TEXT, &cli.context},
		{"--endpoint", FLAG_TEXT, &cli.endpoint},
		{"--server-key", FLAG_TEXT, &cli.server_key},
		{"--key", FLAG_TEXT, &cli.key_file},
		{"--timeout", FLAG_NUMBER, &timeout_s},
		{"--json", FLAG_BOOL, &cli.json},
		{"--yes", FLAG_BOOL, &cli.yes},
		{"--dry-run", FLAG_BOOL, &cli.dry_run},
		{"--quiet", FLAG_BOOL, &cli.quiet},
		{"--version", FLAG_BOOL, &version},
		{"--help", FLAG_BOOL, &help},
		{0},
	};
	int words = argc - 1;
	char **word = argv + 1;
	term_init();
	if (!args_take_known(flags, &words, word))
		return EXIT_USAGE;
	if (version) {
		puts("carehub " CAREHUB_VERSION);
		return EXIT_FINE;
	}
	if (timeout_s == 0 || timeout_s > 86400)
		return cli_fail(EXIT_USAGE, NULL, "--timeout: 1 to 86400 seconds");
	cli.timeout_ms = (int64_t)timeout_s * 1000;
	if (help) /* "carehub seek --help", or of everything */
		return main_help(words > 0 ? word[0] : "");
	if (words > 0 && strcmp(word[0], "help") == 0)
		return main_help(words > 1 ? word[1] : "");
	const struct command *command = words > 0 ? main_find(word[0]) : NULL;
	if (command == NULL && words > 0)
		return main_unknown(word[0]);
	if (command == NULL) {
		main_usage(stderr);
		return EXIT_USAGE;
	}
	if (cli.yes && cli.dry_run)
		return cli_fail(EXIT_USAGE, NULL, "--yes and --dry-run exclude each other");
	cli.command = command->name;
	int result = command->run(&cli, words - 1, word + 1);
	ch_close(cli.connection);
	if (fflush(stdout) != 0 && result == EXIT_FINE)
		result = cli_fail(EXIT_CRITICAL, NULL, "the output could not be written");
	return result;
}

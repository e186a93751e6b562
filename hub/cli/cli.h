/* carehub, the administrators' command line: what every command is given, and how it says what went
 * wrong.
 *
 * A command is a row in main.c and a function here: it takes its own options from the words
 * (args.h), connects if it must, asks (ask.h), prints (grid.h, or one JSON object a line with
 * --json) and returns its exit status.  What moves a position or changes anything shows its plan
 * first and does it only with --yes. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <carehub/carehub.h>
#include <stdio.h>

#include "base/slice.h"

enum cli_exit {
	EXIT_FINE = 0,
	EXIT_WARNING = 1,  /* some rejected, or something to look at */
	EXIT_CRITICAL = 2, /* critical, or it could not be done */
	EXIT_UNKNOWN = 3,  /* nobody can tell: no answer came */
	EXIT_USAGE = 64,
};

/* Options that every command takes. */
struct cli {
	const char *context;    /* --context NAME: ~/.config/carehub/NAME.conf */
	const char *endpoint;   /* --endpoint tcp://HOST:PORT */
	const char *server_key; /* --server-key KEY or file */
	const char *key_file;   /* --key FILE */
	int64_t timeout_ms;     /* --timeout SECONDS */
	bool json;              /* --json */
	bool yes;               /* --yes */
	bool dry_run;           /* --dry-run */
	bool quiet;             /* --quiet: no progress */
	const char *program;    /* as it was called, to find carehubd beside it */
	const char *command;

	struct ch_connection *connection;
	struct ch_info info;
};

/* Connects on the first call.  EXIT_FINE, or it has said what is wrong. */
int cli_connect(struct cli *cli);

/* "carehub: replay: what", and when `advice` is not NULL a second line with what to do.  Returns
 * `status`. */
int cli_fail(enum cli_exit status, const char *advice, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for a status of the library or hub, which also chooses the exit status. */
int cli_fail_status(const struct cli *cli, const char *what, enum ch_status status);

/* True once somebody wants the program to end (SIGINT, SIGTERM): loops look. */
bool cli_stopped(void);

/* ---- The commands ---- */

int status_main(struct cli *cli, int argc, char **argv);
int top_main(struct cli *cli, int argc, char **argv);
int doctor_main(struct cli *cli, int argc, char **argv);
int sessions_main(struct cli *cli, int argc, char **argv);
int keys_main(struct cli *cli, int argc, char **argv);
int publish_main(struct cli *cli, int argc, char **argv);
int tail_main(struct cli *cli, int argc, char **argv);
int get_main(struct cli *cli, int argc, char **argv);
int find_main(struct cli *cli, int argc, char **argv);
int customer_main(struct cli *cli, int argc, char **argv);
int cases_main(struct cli *cli, int argc, char **argv);
int deadlines_main(struct cli *cli, int argc, char **argv);
int reviews_main(struct cli *cli, int argc, char **argv);
int consumers_main(struct cli *cli, int argc, char **argv);
int seek_main(struct cli *cli, int argc, char **argv);
int deadletter_main(struct cli *cli, int argc, char **argv);
int quarantine_main(struct cli *cli, int argc, char **argv);
int clock_main(struct cli *cli, int argc, char **argv);
int replay_main(struct cli *cli, int argc, char **argv);
int backup_main(struct cli *cli, int argc, char **argv);
int checkpoint_main(struct cli *cli, int argc, char **argv);
int reload_main(struct cli *cli, int argc, char **argv);
int settings_main(struct cli *cli, int argc, char **argv);
int offline_main(struct cli *cli, int argc, char **argv);
int bench_main(struct cli *cli, int argc, char **argv);
int new_adapter_main(struct cli *cli, int argc, char **argv);

#endif

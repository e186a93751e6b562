/* carehub-fakehub: the fake hub as a program, for clients in other languages.
 *
 * Prints its endpoint, its public key and the client's secret key, one a line; then one line in answer to
 * each command on its standard input (0, a number, a text, or "?" for what it does not know), and ends
 * with it.  The commands are the rows of `commands`; --help prints them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit/fakehub/fake_hub.h"

#define EXIT_USAGE 64

/* One command: COMMAND NAME NUMBER, or COMMAND NUMBER NUMBER. */
struct wish {
	struct fake_hub *hub;
	char name[128];
	uint64_t first;  /* the name as a number */
	uint64_t second; /* what stands behind it */
	char answer[256];
};

static const struct {
	const char *name;
	enum fake_counter counter;
} counters[] = {
	{"stored", FAKE_STORED},
	{"events", FAKE_EVENTS},
	{"receipts", FAKE_RECEIPTS},
	{"duplicates", FAKE_DUPLICATES},
	{"conflicts", FAKE_CONFLICTS},
	{"refusals", FAKE_REFUSALS},
	{"retries", FAKE_RETRIES},
	{"impatient", FAKE_IMPATIENT},
	{"hellos", FAKE_HELLOS},
	{"resumes", FAKE_RESUMES},
	{"subscribes", FAKE_SUBSCRIBES},
	{"acked", FAKE_ACKED},
	{"in_flight", FAKE_MOST_IN_FLIGHT},
	{"pongs", FAKE_PONGS},
	{"byes", FAKE_BYES},
	{"violations", FAKE_VIOLATIONS},
};

static void say_number(struct wish *wish, uint64_t number)
{
	(void)snprintf(wish->answer, sizeof(wish->answer), "%" PRIu64, number);
}

/* ---- The connection ---- */

static void do_drop(struct wish *wish)
{
	fake_hub_drop(wish->hub);
}

static void do_drop_after(struct wish *wish)
{
	fake_hub_drop_after(wish->hub, (uint32_t)wish->first);
}

static void do_go_away(struct wish *wish)
{
	fake_hub_go_away(wish->hub);
}

static void do_come_back(struct wish *wish)
{
	fake_hub_come_back(wish->hub);
}

static void do_restart(struct wish *wish)
{
	fake_hub_restart(wish->hub);
}

static void do_restore(struct wish *wish)
{
	fake_hub_restore(wish->hub, wish->first);
}

static void do_silent(struct wish *wish)
{
	fake_hub_fall_silent(wish->hub, wish->first != 0);
}

/* ---- Events ---- */

static void do_hold(struct wish *wish)
{
	fake_hub_hold_receipts(wish->hub, wish->first != 0);
}

static void do_hold_after(struct wish *wish)
{
	fake_hub_hold_after(wish->hub, (uint32_t)wish->first);
}

static void do_credit(struct wish *wish)
{
	fake_hub_set_credit(wish->hub, (uint32_t)wish->first);
}

static void do_delay(struct wish *wish)
{
	fake_hub_set_pace(wish->hub, &(struct fake_pace){.delay_us = (int64_t)wish->first * 1000,
					     .per_message = (uint32_t)wish->second});
}

static void do_refuse(struct wish *wish)
{
	fake_hub_answer_next(wish->hub, (uint32_t)wish->second,
		&(struct receipt){.outcome = OUTCOME_REFUSED,
			.reason = CH_INVALID,
			.field = slice_text(wish->name)});
}

static void do_retry(struct wish *wish)
{
	fake_hub_answer_next(wish->hub, (uint32_t)wish->second,
		&(struct receipt){.outcome = OUTCOME_RETRY_AFTER,
			.reason = CH_RETRY,
			.retry_after_ms = (uint32_t)wish->first});
}

static void do_fill(struct wish *wish)
{
	fake_hub_fill(wish->hub, wish->name, (uint32_t)wish->second);
}

/* ---- Subscriptions, time, questions ---- */

static void do_seek(struct wish *wish)
{
	fake_hub_seek(wish->hub, wish->name, wish->second);
}

static void do_cursor(struct wish *wish)
{
	say_number(wish, fake_hub_cursor(wish->hub, wish->name));
}

static void do_advance(struct wish *wish)
{
	fake_hub_advance(wish->hub, (int64_t)wish->first * 1000);
}

static void do_count(struct wish *wish)
{
	(void)snprintf(wish->answer, sizeof(wish->answer), "?");
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		if (strcmp(counters[i].name, wish->name) == 0)
			say_number(wish, fake_hub_count(wish->hub, counters[i].counter));
	}
}

static void do_id(struct wish *wish)
{
	if (!fake_hub_id_at(wish->hub, wish->first, wish->answer, sizeof(wish->answer)))
		(void)snprintf(wish->answer, sizeof(wish->answer), "?");
}

static void do_violation(struct wish *wish)
{
	(void)snprintf(wish->answer, sizeof(wish->answer), "%s", fake_hub_violation(wish->hub));
}

static const struct {
	const char *name;
	void (*run)(struct wish *wish);
	const char *words;
	const char *help;
} commands[] = {
	{"drop", do_drop, "", "break all connections, and listen again"},
	{"drop_after", do_drop_after, "N", "the same when N more events are stored, untold"},
	{"go_away", do_go_away, "", "break them, and do not listen"},
	{"come_back", do_come_back, "", "listen again"},
	{"restart", do_restart, "", "the log is kept, no session is known"},
	{"restore", do_restore, "N", "the log is forgotten; incarnation N"},
	{"silent", do_silent, "0|1", "say and read nothing"},
	{"hold", do_hold, "0|1", "store events and hold their receipts"},
	{"hold_after", do_hold_after, "N", "the same, once N more events have come"},
	{"credit", do_credit, "N", "so many events may be under way"},
	{"delay", do_delay, "MS [N]", "receipts come so late; at most N in a message"},
	{"refuse", do_refuse, "FIELD N", "refuse the next N events, for that field"},
	{"retry", do_retry, "MS N", "put the next N events off"},
	{"fill", do_fill, "PREFIX N", "N events, as if they had been published"},
	{"seek", do_seek, "NAME N", "move a subscription's cursor"},
	{"cursor", do_cursor, "NAME", "where it is"},
	{"advance", do_advance, "MS", "move the hub's clock forward"},
	{"count", do_count, "COUNTER", "stored, events, duplicates, conflicts, hellos ..."},
	{"id", do_id, "N", "of the event at that sequence"},
	{"violation", do_violation, "", "what the client did wrong last"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void obey(struct fake_hub *hub, const char *line)
{
	struct wish wish = {.hub = hub, .answer = "?"};
	char command[64] = "";
	if (sscanf(line, "%63s %127s %" SCNu64, command, wish.name, &wish.second) < 1)
		return;
	wish.first = strtoull(wish.name, NULL, 10);
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, command) != 0)
			continue;
		(void)strcpy(wish.answer, "0"); /* fits */
		commands[i].run(&wish);
	}
	puts(wish.answer);
	(void)fflush(stdout);
}

static int usage(FILE *out, int status)
{
	fputs("Usage: carehub-fakehub\n\n"
	      "Prints its endpoint, its public key and the client's secret key, then answers each\n"
	      "line of its standard input with one:\n\n",
		out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-10s %-9s %s\n", commands[i].name, commands[i].words,
			commands[i].help);
	return status;
}

int main(int argc, char **argv)
{
	char line[256];
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		(void)puts("carehub-fakehub " CAREHUB_VERSION);
		return 0;
	}
	if (argc > 1)
		return strcmp(argv[argc - 1], "--help") == 0 ? usage(stdout, 0)
							     : usage(stderr, EXIT_USAGE);
	struct fake_hub *hub = fake_hub_start(NULL);
	if (hub == NULL) {
		perror("carehub-fakehub");
		return 2;
	}
	printf("%s\n%s\n%s\n", fake_hub_endpoint(hub), fake_hub_server_key(hub),
		fake_hub_secret_key(hub));
	(void)fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL)
		obey(hub, line);
	fake_hub_stop(hub);
	return 0;
}

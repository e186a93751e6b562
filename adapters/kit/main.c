#include <signal.h>
#include <stdio.h>

#include "base/log.h"
#include "kit/adapter_generation.h"
#include "kit/help.h"
#include "kit/reload.h"

#define EXIT_SOME     1
#define EXIT_UNUSABLE 2
#define EXIT_USAGE    64

static atomic_int stop; /* lock-free: a handler may set it */
static atomic_int reload;

static void main_stop(int number)
{
	(void)number;
	stop = 1;
}

static void main_reload(int number)
{
	(void)number;
	reload = 1;
}

static int main_usage(const char *program, FILE *out, int result)
{
	fprintf(out,
		"Usage: %s run --config FILE [--once]\n"
		"       %s check --config FILE\n"
		"       %s reload --config FILE\n"
		"       %s config\n\n"
		"run     Carries the source's events to the hub; with --once until there are no more, or\n"
		"        the hub refuses this adapter.  SIGHUP reads FILE anew.\n"
		"check   Reports everything that is wrong with the configuration.\n"
		"reload  Has the adapter that runs with FILE read it anew, and tells what came of it.\n"
		"config  Prints a commented configuration with every setting.\n\n"
		"Exit status: 0 fine, 1 some rejected or refused, 2 unusable, 3 no adapter runs with\n"
		"FILE or none has answered, 64 usage.\n",
		program, program, program, program);
	return result;
}

static int main_report(const char *program, const struct problems *problems, enum ch_status status)
{
	struct buffer text = {0};
	problems_print(problems, &text);
	fputs(buffer_text(&text), stderr);
	if (problems_none(problems))
		fprintf(stderr, "%s: %s\n", program, ch_status_text(status));
	buffer_fini(&text);
	return EXIT_UNUSABLE;
}

static int main_run(
	const struct adapter_service *service, struct generations *generations, bool once)
{
	struct sigaction stopping = {.sa_handler = main_stop};
	struct sigaction reloading = {.sa_handler = main_reload};
	const struct kit_counts *counts = service->counts;
	struct problems problems = {0};
	(void)sigaction(SIGTERM, &stopping, NULL); /* cannot fail for these */
	(void)sigaction(SIGINT, &stopping, NULL);
	(void)sigaction(SIGHUP, &reloading, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	enum ch_status status = generations_run(generations, once, &stop, &reload, &problems);
	problems_fini(&problems); /* all are in the log */
	log_info("adapter.stopped",
		"adapter=%s status=%s accepted=%llu duplicates=%llu conflicts=%llu refused=%llu "
		"put_off=%llu rejected=%llu spooled=%llu lost=%llu",
		service->adapter->program, ch_status_name(status),
		(unsigned long long)counts->accepted, (unsigned long long)counts->duplicates,
		(unsigned long long)counts->conflicts, (unsigned long long)counts->refused,
		(unsigned long long)counts->put_off, (unsigned long long)counts->rejected,
		(unsigned long long)counts->spooled, (unsigned long long)counts->lost);
	if (status != CH_OK)
		return EXIT_UNUSABLE;
	return counts->refused + counts->conflicts + counts->rejected + counts->lost > 0 ? EXIT_SOME
											 : 0;
}

int kit_main(int argc, char **argv, const struct kit_adapter *adapter)
{
	const char *config = NULL;
	bool once = false;
	struct problems problems = {0};
	struct kit_counts counts = {0};
	const struct adapter_service service = {adapter, &counts};
	struct generations *generations = NULL;
	int result = 0;
	bool check = argc > 1 && strcmp(argv[1], "check") == 0;
	bool again = argc > 1 && strcmp(argv[1], "reload") == 0;
	if (help_asked(argc, argv))
		return main_usage(adapter->program, stdout, 0);
	if (argc == 2 && strcmp(argv[1], "config") == 0) {
		struct buffer text = {0};
		kit_settings_describe(adapter, &text);
		fputs(buffer_text(&text), stdout);
		buffer_fini(&text);
		return 0;
	}
	if (argc < 2 || (!check && !again && strcmp(argv[1], "run") != 0))
		return main_usage(adapter->program, stderr, EXIT_USAGE);
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--once") == 0 && !check && !again)
			once = true;
		else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
			config = argv[++i];
		else
			return main_usage(adapter->program, stderr, EXIT_USAGE);
	}
	if (config == NULL)
		return main_usage(adapter->program, stderr, EXIT_USAGE);
	if (again)
		return reload_command(adapter->program, "adapter", config);
	enum ch_status status = adapter_generations_open(&service, config, &problems, &generations);
	if (status != CH_OK)
		result = main_report(adapter->program, &problems, status);
	else if (check)
		printf("%s: ok\n", config);
	else
		result = main_run(&service, generations, once);
	generations_close(generations);
	problems_fini(&problems);
	return result;
}

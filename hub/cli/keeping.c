/* backup, checkpoint, reload, settings. */
#include <stdlib.h>

#include "base/file.h"
#include "base/limits.h"
#include "carehub/v1/control.pb-c.h"
#include "cli/args.h"
#include "cli/ask.h"
#include "cli/progress.h"
#include "cli/term.h"
#include "cli/words.h"

/* ---- backup ---- */

/* Between two rounds the hub may copy for a long time. */
#define BACKUP_TIMEOUT_MS (INT64_C(3600) * 1000)

struct backing {
	struct cli *cli;
	struct progress progress;
	bool done;
};

static bool backup_reply(void *context, const ProtobufCMessage *message)
{
	const Carehub__V1__BackupReply *reply = (const Carehub__V1__BackupReply *)message;
	struct backing *backing = context;
	char a[WORDS_BYTES];
	if (backing->cli->json)
		ask_print(message);
	progress_show(&backing->progress, reply->bytes, reply->total_bytes);
	if (reply->done) {
		backing->done = true;
		progress_end(&backing->progress);
		if (!backing->cli->json)
			printf("copied up to entry %llu, %s\n", (unsigned long long)reply->sequence,
				words_bytes(reply->bytes, a));
	}
	return true;
}

int backup_main(struct cli *cli, int argc, char **argv)
{
	const struct flag flags[] = {{0}};
	struct backing backing = {.cli = cli};
	Carehub__V1__BackupRequest request;
	if (!args_take(flags, &argc, argv) || argc != 1 || argv[0][0] != '/')
		return cli_fail(EXIT_USAGE, "carehub backup /var/backups/carehub",
			"backup: an absolute folder on the hub's machine");
	int result = cli_connect(cli);
	if (result != EXIT_FINE)
		return result;
	carehub__v1__backup_request__init(&request);
	request.directory = argv[0];
	cli->timeout_ms = BACKUP_TIMEOUT_MS;
	progress_begin(&backing.progress, "backup, bytes", cli->quiet, 0);
	result = ask(cli, "Backup", &request.base, &carehub__v1__backup_reply__descriptor,
		backup_reply, &backing);
	progress_end(&backing.progress);
	if (result == EXIT_FINE && !backing.done)
		return cli_fail(EXIT_WARNING, "the same command goes on with it",
			"the copy is not complete");
	return result;
}

/* ---- checkpoint ---- */

int checkpoint_main(struct cli *cli, int argc, char **argv)
{
	const struct flag flags[] = {{0}};
	Carehub__V1__CheckpointRequest request;
	ProtobufCMessage *message = NULL;
	if (!args_take_most(flags, &argc, argv, 0))
		return EXIT_USAGE;
	carehub__v1__checkpoint_request__init(&request);
	int result = ask_one(cli, "Checkpoint", &request.base,
		&carehub__v1__checkpoint_reply__descriptor, &message);
	if (result != EXIT_FINE)
		return result;
	if (cli->json)
		ask_print(message);
	else
		printf("the store is written up to entry %llu\n",
			(unsigned long long)((const Carehub__V1__CheckpointReply *)message)
				->applied);
	protobuf_c_message_free_unpacked(message, NULL);
	return EXIT_FINE;
}

/* ---- reload ---- */

int reload_main(struct cli *cli, int argc, char **argv)
{
	const struct flag flags[] = {{0}};
	char text[WORDS_BYTES];
	Carehub__V1__ReloadRequest request;
	ProtobufCMessage *message = NULL;
	if (!args_take_most(flags, &argc, argv, 0))
		return EXIT_USAGE;
	carehub__v1__reload_request__init(&request);
	int result = ask_one(
		cli, "Reload", &request.base, &carehub__v1__reload_reply__descriptor, &message);
	if (result != EXIT_FINE)
		return result;
	const Carehub__V1__ReloadReply *reply = (const Carehub__V1__ReloadReply *)message;
	if (cli->json)
		ask_print(message);
	for (size_t i = 0; i < reply->n_problems && !cli->json; i++)
		(void)cli_fail(EXIT_WARNING, NULL, "%s", reply->problems[i]);
	if (reply->n_problems > 0)
		result = cli->json ? EXIT_CRITICAL
				   : cli_fail(EXIT_CRITICAL, "mend the files and reload again",
					     "nothing was changed");
	else if (!cli->json)
		printf("%s, generation %llu\n", words_many(reply->peers, "peer", "peers", text),
			(unsigned long long)reply->generation);
	protobuf_c_message_free_unpacked(message, NULL);
	return result;
}

/* ---- settings ---- */

static int settings_ask(struct cli *cli, Carehub__V1__SettingsRequest *request)
{
	ProtobufCMessage *message = NULL;
	int result = ask_one(cli, "Settings", &request->base,
		&carehub__v1__settings_reply__descriptor, &message);
	if (result != EXIT_FINE)
		return result;
	const Carehub__V1__SettingsReply *reply = (const Carehub__V1__SettingsReply *)message;
	if (cli->json)
		ask_print(message);
	else if (!request->write)
		(void)fputs(reply->text, stdout);
	else
		puts(reply->done ? "rules.conf is written and in force"
				 : "rules.conf would be written");
	if (request->write && !reply->done && !cli->json)
		(void)fprintf(stderr, "Nothing was changed; with --yes it is done.\n");
	protobuf_c_message_free_unpacked(message, NULL);
	return EXIT_FINE;
}

int settings_main(struct cli *cli, int argc, char **argv)
{
	const struct flag flags[] = {{0}};
	Carehub__V1__SettingsRequest request;
	struct buffer text = {0};
	if (!args_take(flags, &argc, argv))
		return EXIT_USAGE;
	carehub__v1__settings_request__init(&request);
	if (argc == 0 || (argc == 1 && strcmp(argv[0], "show") == 0))
		return settings_ask(cli, &request);
	if (argc != 2 || strcmp(argv[0], "write") != 0)
		return cli_fail(EXIT_USAGE, NULL, "settings: show, or write FILE");
	enum ch_status status = file_read_any(argv[1], LIMIT_CONFIG_BYTES, &text);
	if (status != CH_OK)
		return cli_fail(EXIT_USAGE, NULL, "%s: %s", argv[1], ch_status_text(status));
	request.write = true;
	request.dry_run = !cli->yes;
	request.text = (char *)(uintptr_t)buffer_text(&text); /* only read */
	int result = settings_ask(cli, &request);
	buffer_fini(&text);
	return result;
}

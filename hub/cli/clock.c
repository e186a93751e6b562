/* clock: the hub's time when the machine's clock has jumped.
 *
 *     carehub clock                  both, and what would fall due
 *     carehub clock accept           the plan
 *     carehub clock accept --yes     the machine's is right */
#include "carehub/v1/control.pb-c.h"
#include "cli/args.h"
#include "cli/ask.h"
#include "cli/words.h"

static void clock_show(const Carehub__V1__ClockReply *reply)
{
	char text[WORDS_BYTES];
	printf("hub      %s\n", words_time(reply->hub_time_us, text));
	printf("machine  %s\n", words_time(reply->machine_time_us, text));
	if (reply->done) {
		printf("the hub follows the machine's clock, entry %llu\n",
			(unsigned long long)reply->sequence);
	} else if (reply->held) {
		printf("the machine's clock has jumped %s ahead and is not believed\n",
			words_duration(reply->machine_time_us - reply->hub_time_us, text));
		printf("%s open promises would be past their time with it\n",
			words_count(reply->due, text));
	} else {
		puts("the machine's clock is believed");
	}
}

int clock_main(struct cli *cli, int argc, char **argv)
{
	const char *remark = "";
	const struct flag flags[] = {{"--remark", FLAG_TEXT, &remark}, {0}};
	Carehub__V1__ClockRequest request;
	ProtobufCMessage *message = NULL;
	carehub__v1__clock_request__init(&request);
	if (!args_take(flags, &argc, argv))
		return EXIT_USAGE;
	request.accept = argc == 1 && strcmp(argv[0], "accept") == 0;
	if (argc != 0 && !request.accept)
		return cli_fail(EXIT_USAGE, NULL, "clock: alone, or accept");
	request.remark = (char *)(uintptr_t)remark; /* only read */
	request.dry_run = !cli->yes;
	int result = ask_one(
		cli, "Clock", &request.base, &carehub__v1__clock_reply__descriptor, &message);
	if (result != EXIT_FINE)
		return result;
	const Carehub__V1__ClockReply *reply = (const Carehub__V1__ClockReply *)message;
	if (cli->json)
		ask_print(message);
	else
		clock_show(reply);
	if (request.accept && !reply->done && !cli->json)
		(void)fprintf(stderr, "Nothing was changed; with --yes it is done.\n");
	result = reply->held && !request.accept ? EXIT_WARNING : EXIT_FINE;
	protobuf_c_message_free_unpacked(message, NULL);
	return result;
}

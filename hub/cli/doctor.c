/* doctor: looks at everything that can be wrong between here and the hub, one line each, and
 * says what to do about it.  Without a hub it still looks at what is here. */
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "carehub/v1/control.pb-c.h"
#include "cli/args.h"
#include "cli/ask.h"
#include "cli/context.h"
#include "cli/term.h"
#include "cli/words.h"
#include "wire/json.h"

#define OFFSET_WARN_US INT64_C(2000000)
#define LAG_WARN_US    (INT64_C(5) * 60 * 1000000)

struct doctor {
	struct cli *cli;
	int worst;
};

static void doctor_json(const char *state, const char *what, const char *text, const char *advice)
{
	struct buffer line = {0};
	buffer_printf(&line, "{\"check\":\"%s\",\"state\":\"%s\",\"detail\":", what, state);
	(void)json_append_string(&line, slice_text(text)); /* our own text is UTF-8 */
	buffer_append_text(&line, ",\"advice\":");
	(void)json_append_string(&line, slice_text(advice));
	buffer_append_text(&line, "}");
	puts(buffer_text(&line));
	buffer_fini(&line);
}

/* One line.  `advice` "" when there is nothing to do. */
static void doctor_say(struct doctor *doctor, int state, const char *what, const char *advice,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

static void doctor_say(struct doctor *doctor, int state, const char *what, const char *advice,
	const char *format, ...)
{
	static const char *const words[] = {"ok", "warn", "fail"};
	static const enum term_ink inks[] = {INK_GOOD, INK_WARN, INK_BAD};
	char text[512];
	struct buffer safe = {0};
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	term_append(&safe, slice_text(text));
	if (state > doctor->worst)
		doctor->worst = state;
	if (doctor->cli->json) {
		doctor_json(words[state], what, buffer_text(&safe), advice);
	} else {
		printf("%s%-4s%s  %-12s  %s\n", term_ink(inks[state]), words[state], term_plain(),
			what, buffer_text(&safe));
		if (advice[0] != 0)
			printf("                    -> %s\n", advice);
	}
	buffer_fini(&safe);
}

/* ---- Here ---- */

static bool doctor_context(struct doctor *doctor, struct context *context)
{
	struct stat info;
	char key[65];
	if (context_read(doctor->cli, context) != EXIT_FINE) {
		doctor_say(doctor, 2, "settings", "see above", "the connection is not described");
		return false;
	}
	doctor_say(doctor, 0, "settings", "", "%s%s%s", context->endpoint,
		context->file[0] != 0 ? " from " : "", context->file);
	if (context_public_key(context->server_key, key) != CH_OK)
		doctor_say(doctor, 2, "hub's key", "copy it from the hub: 40 characters of Z85",
			"\"%s\" is neither a key nor a file with one", context->server_key);
	if (stat(context->key_file, &info) != 0)
		doctor_say(doctor, 2, "our key", "carehub keys new NAME makes one",
			"%s cannot be read", context->key_file);
	else if ((info.st_mode & 077) != 0)
		doctor_say(doctor, 2, "our key", "chmod 600 it, or better make a new one",
			"%s can be read by others (mode %03o)", context->key_file,
			(unsigned)info.st_mode & 0777);
	else
		doctor_say(doctor, 0, "our key", "", "%s is ours alone", context->key_file);
	return doctor->worst < 2;
}

/* ---- The connection ---- */

static bool doctor_connect(struct doctor *doctor, const struct context *context)
{
	char text[WORDS_BYTES];
	if (cli_connect(doctor->cli) != EXIT_FINE) {
		doctor_say(doctor, 2, "connection",
			"carehubd running there? our key in its peers.d? its key the right one?",
			"%s does not answer us", context->endpoint);
		return false;
	}
	const struct ch_info *info = &doctor->cli->info;
	doctor_say(doctor, 0, "connection", "", "the hub knows us as %s", info->peer);
	int64_t offset_us = info->clock_offset_us;
	bool off = llabs(offset_us) > OFFSET_WARN_US;
	doctor_say(doctor, off ? 1 : 0, "clock", off ? "is NTP running on both machines?" : "",
		"the hub's is %s %s ours", words_duration(llabs(offset_us), text),
		offset_us >= 0 ? "ahead of" : "behind");
	return true;
}

static void doctor_role(struct doctor *doctor, const char *role, const char *operation,
	const ProtobufCMessage *request, const ProtobufCMessageDescriptor *reply)
{
	enum ch_status status = ask_quietly(doctor->cli, operation, request, reply, NULL, NULL);
	bool has = status != CH_DENIED;
	doctor_say(doctor, 0, role, "", "%s",
		has ? "this key has the role" : "this key has not the role");
}

static void doctor_roles(struct doctor *doctor)
{
	Carehub__V1__CustomerRequest customer;
	Carehub__V1__SessionsRequest sessions;
	Carehub__V1__SettingsRequest settings;
	carehub__v1__customer_request__init(&customer);
	carehub__v1__sessions_request__init(&sessions);
	carehub__v1__settings_request__init(&settings);
	customer.key = (char *)(uintptr_t) "nobody";
	customer.key_kind = (char *)(uintptr_t) "common_id";
	settings.write = true;
	settings.dry_run = true;
	doctor_role(doctor, "may ask", "Customer", &customer.base,
		&carehub__v1__customer_reply__descriptor);
	doctor_role(doctor, "may operate", "Sessions", &sessions.base,
		&carehub__v1__sessions_reply__descriptor);
	doctor_role(doctor, "may set", "Settings", &settings.base,
		&carehub__v1__settings_reply__descriptor);
}

/* ---- The hub ---- */

static bool doctor_status(void *context, const ProtobufCMessage *message)
{
	struct doctor *doctor = context;
	const Carehub__V1__StatusReply *status = (const Carehub__V1__StatusReply *)message;
	char text[WORDS_BYTES];
	doctor_say(doctor, 0, "hub", "", "version %s, up %s", status->version,
		words_duration(status->now_time_us - status->started_time_us, text));
	if (strcmp(status->version, CAREHUB_VERSION) != 0)
		doctor_say(doctor, 1, "version", "use one version on both sides",
			"carehub is %s, the hub %s", CAREHUB_VERSION, status->version);
	doctor_say(doctor, 0, "disk", "", "%s free", words_bytes(status->disk_free_bytes, text));
	doctor_say(doctor, 0, "store", "", "%s behind the journal",
		words_many(status->head - status->applied, "entry", "entries", text));
	if (status->dead_letters > 0)
		doctor_say(doctor, 1, "dead letters", "carehub deadletter list NAME",
			"%llu deliveries were set aside", (unsigned long long)status->dead_letters);
	for (size_t i = 0; i < status->n_warnings; i++) {
		const Carehub__V1__Warning *warning = status->warnings[i];
		bool quarantine = strcmp(warning->code, "quarantine.open") == 0;
		doctor_say(doctor, warning->critical ? 2 : 1, warning->code,
			quarantine ? "carehub quarantine list"
				   : "docs/operations.md has a chapter on it",
			"%s", warning->detail);
	}
	return true;
}

static bool doctor_consumers(void *context, const ProtobufCMessage *message)
{
	struct doctor *doctor = context;
	const Carehub__V1__ConsumersReply *reply = (const Carehub__V1__ConsumersReply *)message;
	char text[WORDS_BYTES];
	for (size_t i = 0; i < reply->n_consumers; i++) {
		const Carehub__V1__ConsumerInfo *info = reply->consumers[i];
		if (strcmp(info->state, "suspended") == 0)
			doctor_say(doctor, 1, "consumer", "it must start again from a snapshot",
				"%s lagged beyond its bound and is suspended", info->name);
		else if (info->lag_us > LAG_WARN_US)
			doctor_say(doctor, 1, "consumer",
				info->attached ? "is it slow? carehub consumers show NAME"
					       : "it is not connected: is its program running?",
				"%s is %s behind", info->name, words_duration(info->lag_us, text));
	}
	return true;
}

static void doctor_hub(struct doctor *doctor)
{
	Carehub__V1__StatusRequest request;
	Carehub__V1__ConsumersRequest consumers;
	carehub__v1__status_request__init(&request);
	carehub__v1__consumers_request__init(&consumers);
	if (ask_quietly(doctor->cli, "Status", &request.base,
		    &carehub__v1__status_reply__descriptor, doctor_status, doctor) != CH_OK)
		doctor_say(doctor, 2, "hub", "look into its log", "it does not tell how it is");
	/* A key that may not see the others sees its own, or none. */
	(void)ask_quietly(doctor->cli, "Consumers", &consumers.base,
		&carehub__v1__consumers_reply__descriptor, doctor_consumers, doctor);
}

int doctor_main(struct cli *cli, int argc, char **argv)
{
	const struct flag flags[] = {{0}};
	struct doctor doctor = {.cli = cli};
	struct context context;
	if (!args_take_most(flags, &argc, argv, 0))
		return EXIT_USAGE;
	if (doctor_context(&doctor, &context) && doctor_connect(&doctor, &context)) {
		doctor_roles(&doctor);
		doctor_hub(&doctor);
	}
	return doctor.worst;
}

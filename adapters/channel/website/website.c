/* All of it runs on the kit's one thread.  A round is: receipts (answers are made ready), the loop once round
 * without waiting (requests come in, answers go out), then what those requests gave.
 *
 * The port is opened when the kit starts, not when settings are checked: a check beside a running service
 * must not fail for want of a port. */
#include "channel/website/website.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/pattern.h"
#include "channel/website/certificate.h"
#include "channel/website/reception.h"

struct website {
	const struct website_settings *settings;
	struct website_files files;
	struct postbox *postbox;
	struct reception *reception;
	struct server *server;
	uv_loop_t loop;
	bool looping;
};

/* ---- Settings ---- */

static const char *website_address_fault(struct slice value)
{
	char host[ADDRESS_HOST_MAX];
	int port;
	return address_parse(value, host, &port) == CH_OK
		       ? NULL
		       : "is no address: 127.0.0.1:7780, [::1]:7780, *:7780";
}

static const struct option_word website_languages[] = {
	{"zh", PAGE_CHINESE},
	{"en", PAGE_ENGLISH},
	{NULL, 0},
};

#define AT(member) .at = offsetof(struct website_settings, member)

static const struct option options[] = {
	{.name = "website.listen",
		.type = OPTION_TEXT,
		AT(listen),
		.initial = "127.0.0.1:7780",
		.fault = website_address_fault,
		.help = "Where it listens; port 0 is any that is free."},
	{.name = "website.senders",
		.type = OPTION_TEXT,
		AT(senders),
		.required = true,
		.help = "The folder with one file NAME.conf for each who may post here\n"
			"(`carehub-website sender` prints one with every setting)."},
	{.name = "website.certificate",
		.type = OPTION_TEXT,
		AT(certificate),
		.help = "A file in PEM; with it and its key the port speaks TLS."},
	{.name = "website.certificate_key",
		.type = OPTION_TEXT,
		AT(certificate_key),
		.help = "The key of the certificate, a file in PEM, for its owner alone (mode 600)."},
	{.name = "website.body_bytes",
		.type = OPTION_BYTES,
		AT(body_bytes),
		.min = 1024,
		.max = LIMIT_JSON_BYTES,
		.initial = "1M",
		.help = "The largest body that is taken; beyond it 413."},
	{.name = "website.body_timeout",
		.type = OPTION_MS,
		AT(body_ms),
		.min = 100,
		.max = 600000,
		.initial = "10s",
		.help = "How long a body may be on its way; then 408.  The head has ten seconds."},
	{.name = "website.answer_timeout",
		.type = OPTION_MS,
		AT(answer_ms),
		.min = 100,
		.max = 60000,
		.initial = "10s",
		.help = "How long a request waits for the hub's receipt; then 503."},
	{.name = "website.connections",
		.type = OPTION_NUMBER,
		AT(connections),
		.min = 4,
		.max = 16384,
		.initial = "512",
		.help = "Connections at one time; others are closed as they come."},
	{.name = "website.queue",
		.type = OPTION_NUMBER,
		AT(queue),
		.min = LIMIT_EVENTS_PER_FRAME,
		.max = 1048576,
		.initial = "8192",
		.help = "Events that may be without a receipt; beyond it 503."},
	{.name = "website.scope",
		.type = OPTION_TEXT,
		AT(scope),
		.max = 32,
		.help = "The `scope` of this adapter's peer at the hub, if it has one: its orders, repairs\n"
			"and warranties stand under it there, and by number only they are asked for."},
	{.name = "website.forwarded",
		.type = OPTION_BOOL,
		AT(forwarded),
		.initial = "no",
		.help = "A proxy stands before it: limits hold for the last address in\n"
			"X-Forwarded-For.  Without a proxy anybody could write one there."},
	{.name = "website.origins",
		.type = OPTION_LIST,
		AT(origins),
		.help = "Who may send CloudEvents here, as WebHook-Request-Origin says it\n"
			"(\"eventgrid.example\"; * for everybody): they are told so at OPTIONS."},
	{.name = "warranty.source",
		.type = OPTION_TEXT,
		AT(warranty_source),
		.max = LIMIT_SOURCE_BYTES,
		.help = "Source of all warranties that are registered here; without it none is.\n"
			"One unit can be registered once under it, whoever sends it."},
	{.name = "warranty.months",
		.type = OPTION_NUMBER,
		AT(warranty_months),
		.min = 1,
		.max = 600,
		.initial = "12",
		.help = "How long a warranty lasts when the product says nothing else."},
	{.name = "warranty.within_days",
		.type = OPTION_NUMBER,
		AT(warranty_within_days),
		.max = 36500,
		.initial = "0",
		.help = "So long after the purchase it may be registered; 0: any time."},
	{.name = "warranty.terms",
		.type = OPTION_TEXT,
		AT(warranty_terms),
		.initial = "standard",
		.max = 100,
		.help = "Code of the terms that hold."},
	{.name = "status.enabled",
		.type = OPTION_BOOL,
		AT(status),
		.initial = "no",
		.help = "Whether it may be asked how a repair or an order stands (GET /status).  The\n"
			"adapter's peer at the hub needs the role consumer for it."},
	{.name = "status.source",
		.type = OPTION_TEXT,
		AT(status_source),
		.max = LIMIT_SOURCE_BYTES,
		.help = "Source of the events website.status.viewed; without it none are made."},
	{.name = "status.rate",
		.type = OPTION_NUMBER,
		AT(status_rate),
		.min = 1,
		.max = 100000,
		.initial = "20",
		.help = "Look-ups a minute of one client: of one address, of IPv6 the first 64 bits of it."},
	{.name = "status.mistakes",
		.type = OPTION_NUMBER,
		AT(status_mistakes),
		.min = 1,
		.max = 1000,
		.initial = "5",
		.help = "Wrong proofs an hour for one record by one client; all clients together may give\n"
			"four times as many at once, and then as many an hour as one."},
	{.name = "status.least",
		.type = OPTION_MS,
		AT(status_least_ms),
		.max = 10000,
		.initial = "200ms",
		.help = "No look-up is answered in less, so that the time tells nothing."},
	{.name = "unsubscribe.source",
		.type = OPTION_TEXT,
		AT(unsubscribe_source),
		.max = LIMIT_SOURCE_BYTES,
		.help = "Source of the events website.message.unsubscribed: who has followed the link of a\n"
			"message (GET and POST /unsubscribe?t=) wants no more.  Without it there is no\n"
			"such page."},
	{.name = "unsubscribe.key_files",
		.type = OPTION_LIST,
		AT(unsubscribe_key_files),
		.help = "Files with the secrets of the links' tokens, all of them good: that of marketing's\n"
			"campaigns.token_key_file, and older ones for as long as their links are followed."},
	{.name = "unsubscribe.name",
		.type = OPTION_TEXT,
		AT(unsubscribe_name),
		.max = 200,
		.help = "Whose page it is, above its heading."},
	{.name = "unsubscribe.contact",
		.type = OPTION_TEXT,
		AT(unsubscribe_contact),
		.max = 300,
		.help = "Who can help when the link does not, a line of text at the foot of the page."},
	{.name = "unsubscribe.language",
		.type = OPTION_CHOICE,
		AT(unsubscribe_language),
		.words = website_languages,
		.initial = "zh",
		.help = "The page's language for a browser that asks for neither."},
};

static void website_close_files(struct website_files *files)
{
	senders_free(files->senders);
	certificate_free(files->certificate);
	link_keys_wipe(&files->links);
	*files = (struct website_files){.senders = NULL};
}

/* CH_INVALID when it added to the problems, after all of them; CH_NOMEM. */
static enum ch_status website_open_files(const struct website_settings *settings,
	struct problems *problems, struct website_files *out_files)
{
	struct website_files files = {.senders = NULL};
	enum ch_status statuses[3] = {CH_OK, CH_OK, CH_OK};
	if (settings->certificate != NULL && settings->certificate_key != NULL)
		statuses[0] = certificate_read(settings->certificate, settings->certificate_key,
			problems, &files.certificate);
	if (settings->senders != NULL)
		statuses[1] = senders_read(settings->senders, problems, &files.senders);
	statuses[2] = link_keys_read(
		&settings->unsubscribe_key_files, "unsubscribe.key_files", problems, &files.links);
	enum ch_status worst = CH_OK;
	for (size_t i = 0; i < 3; i++)
		worst = statuses[i] != CH_OK && worst != CH_NOMEM ? statuses[i] : worst;
	if (worst == CH_OK)
		*out_files = files;
	else
		website_close_files(&files);
	return worst;
}

static enum ch_status website_check(const void *config, struct problems *problems)
{
	const struct website_settings *settings = config;
	size_t before = problems->count + problems->dropped;
	struct website_files files = {.senders = NULL};
	if ((settings->certificate == NULL) != (settings->certificate_key == NULL))
		problems_add(problems, NULL, 0, "website.certificate",
			"and website.certificate_key belong together");
	if ((settings->unsubscribe_source == NULL) != (settings->unsubscribe_key_files.count == 0))
		problems_add(problems, NULL, 0, "unsubscribe.source",
			"and unsubscribe.key_files belong together");
	enum ch_status status = website_open_files(settings, problems, &files);
	website_close_files(&files);
	if (status == CH_OK && problems->count + problems->dropped > before)
		status = CH_INVALID;
	return status;
}

/* ---- The kit's callbacks ---- */

static void website_say_counts(const struct server *server)
{
	struct server_counts counts;
	server_look(server, &counts);
	log_info("website.stops", "answers=%llu fine=%llu refused=%llu failed=%llu slow=%llu",
		(unsigned long long)counts.answers[0], (unsigned long long)counts.answers[2],
		(unsigned long long)counts.answers[4], (unsigned long long)counts.answers[5],
		(unsigned long long)counts.slow);
}

static void website_close(void *source)
{
	struct website *website = source;
	if (website == NULL)
		return;
	if (website->reception != NULL)
		reception_end(website->reception);
	if (website->server != NULL)
		website_say_counts(website->server);
	server_close(website->server);
	if (website->looping)
		(void)uv_loop_close(&website->loop); /* a leak beats a crash */
	postbox_free(website->postbox);
	reception_free(website->reception);
	website_close_files(&website->files);
	free(website);
}

static enum ch_status website_open(void *config, struct problems *problems, void **out_source)
{
	enum ch_status status = CH_NOMEM;
	struct website *website = calloc(1, sizeof(*website));
	if (website == NULL)
		goto out;
	website->settings = config;
	status = website_open_files(website->settings, problems, &website->files);
	if (status != CH_OK)
		goto out;
	status = postbox_create((size_t)website->settings->queue, &website->postbox);
	if (status == CH_OK)
		status = reception_create(
			website->settings, &website->files, website->postbox, &website->reception);
	if (status != CH_OK)
		goto out;
	*out_source = website;
	website = NULL; /* the kit's now */
out:
	website_close(website);
	return status;
}

static bool website_text_equal(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* What the port and the queue were made with. */
static bool website_is_built_as(const struct website_settings *a, const struct website_settings *b)
{
	return website_text_equal(a->listen, b->listen) &&
	       (a->certificate == NULL) == (b->certificate == NULL) &&
	       a->body_bytes == b->body_bytes && a->body_ms == b->body_ms &&
	       a->connections == b->connections && a->queue == b->queue;
}

/* Senders, secrets, limits and the certificate change in flight. */
static enum ch_status website_reload(void *source, void *config)
{
	struct website *website = source;
	const struct website_settings *settings = config;
	struct problems problems = {0};
	struct website_files files;
	if (!website_is_built_as(website->settings, settings))
		return CH_UNSUPPORTED;
	enum ch_status status = website_open_files(settings, &problems, &files);
	problems_fini(&problems); /* they were found good a moment ago */
	if (status != CH_OK)
		return status;
	website_close_files(&website->files);
	website->files = files;
	website->settings = settings;
	reception_reload(website->reception, settings);
	return CH_OK;
}

static enum ch_status website_start(void *source, struct kit_hub *hub)
{
	struct website *website = source;
	const struct website_settings *settings = website->settings;
	const struct server_options server = {
		.address = settings->listen,
		.certificate =
			website->files.certificate != NULL ? &website->files.certificate : NULL,
		.body_bytes = settings->body_bytes,
		.body_ms = settings->body_ms,
		.connections = settings->connections,
		.arrived = reception_arrived,
		.context = website->reception,
	};
	if (uv_loop_init(&website->loop) != 0)
		return CH_IO;
	website->looping = true;
	reception_attach(website->reception, hub);
	enum ch_status status = server_open(&website->loop, &server, &website->server);
	if (status == CH_OK)
		log_info("website.listens", "port=%d tls=%s", server_port(website->server),
			settings->certificate != NULL ? "yes" : "no");
	else
		log_error("website.listens", "address=%s status=%s detail=\"%s\"", settings->listen,
			ch_status_name(status), "the address is taken, or is not this machine's");
	return status;
}

static enum ch_status website_tend(void *source, struct kit_wait *out_wait)
{
	struct website *website = source;
	(void)uv_run(&website->loop, UV_RUN_NOWAIT); /* what is left is told by the timeout */
	int64_t due_us = reception_tend(website->reception);
	int64_t timeout_ms = uv_backend_timeout(&website->loop);
	if (due_us != INT64_MAX) {
		int64_t due_ms = (due_us - clock_steady_us() + 999) / 1000;
		due_ms = due_ms > 0 ? due_ms : 0;
		timeout_ms = timeout_ms < 0 || due_ms < timeout_ms ? due_ms : timeout_ms;
	}
	*out_wait = (struct kit_wait){uv_backend_fd(&website->loop), POLLIN, timeout_ms};
	return CH_OK;
}

static enum ch_status website_next(void *source, struct kit_item *out_item)
{
	struct website *website = source;
	enum ch_status status = reception_next_note(website->reception, out_item);
	return status == CH_END ? postbox_next(website->postbox, out_item) : status;
}

static void website_settle(void *source, const struct kit_settled *settled)
{
	struct website *website = source;
	postbox_settle(website->postbox, settled);
}

int website_main(int argc, char **argv)
{
	static const struct kit_adapter adapter = {
		.program = "carehub-website",
		.prompt = true,
		.options = options,
		.option_count = sizeof(options) / sizeof(options[0]),
		.config_bytes = sizeof(struct website_settings),
		.check = website_check,
		.open = website_open,
		.reload = website_reload,
		.start = website_start,
		.tend = website_tend,
		.next = website_next,
		.settle = website_settle,
		.close = website_close,
	};
	return kit_main(argc, argv, &adapter);
}

int website_print_sender(void)
{
	struct buffer text = {0};
	sender_describe(&text);
	int result = fputs(buffer_text(&text), stdout) >= 0 ? 0 : 2;
	buffer_fini(&text);
	return result;
}

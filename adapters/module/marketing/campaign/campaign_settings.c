#include "module/marketing/campaign/campaign_settings.h"

#include <sodium.h>

#include "kit/secret.h"
#include "module/marketing/campaign/mail_address.h"
#include "module/marketing/campaign/mail_office.h"

static const struct option_word tls_words[] = {
	{"starttls", MAIL_TLS_STARTTLS},
	{"direct", MAIL_TLS_DIRECT},
	{"none", MAIL_TLS_NONE},
	{NULL, 0},
};

static const char *settings_link_fault(struct slice link)
{
	return slice_starts(link, SLICE_LITERAL("https://")) && mail_link_fault(link) == NULL
		       ? NULL
		       : "is no link that begins with https://";
}

static const char *settings_host_fault(struct slice host)
{
	for (size_t i = 0; i < host.len; i++) {
		if (host.data[i] <= 0x20 || host.data[i] >= 0x7f ||
			strchr("/@?#[]<>\"", host.data[i]) != NULL)
			return "is no name of a host";
	}
	return NULL;
}

#define AT(member) offsetof(struct campaign_settings, member)
const struct option campaign_options[CAMPAIGN_OPTIONS] = {
	{.name = "campaigns.folder",
		.type = OPTION_TEXT,
		.at = AT(folder),
		.help = "Where the campaigns stand, one file each; without it there are none.  See\n"
			"docs/campaigns.md."},
	{.name = "campaigns.token_key_file",
		.type = OPTION_TEXT,
		.at = AT(token_key_file),
		.help = "A file with the secret that the tokens in links are made with: any text of at\n"
			"least 16 characters.  Needed with campaigns.folder.  The website's page for \"no\n"
			"more\" needs the same (its unsubscribe.key_files)."},
	{.name = "campaigns.unsubscribe_link",
		.type = OPTION_TEXT,
		.at = AT(unsubscribe_link),
		.fault = settings_link_fault,
		.help = "The page for \"no more\"; the message's token is put behind it.  carehub-website\n"
			"has one: https://www.example.com/unsubscribe?t=.  Mail programs call it with one\n"
			"click (RFC 8058).  Needed for campaigns by mail."},
	{.name = "campaigns.cap",
		.type = OPTION_NUMBER,
		.at = AT(cap),
		.max = 1000,
		.initial = "4",
		.help = "A customer is meant to get so many messages in campaigns.cap_days, whatever the\n"
			"campaigns; 0: no cap."},
	{.name = "campaigns.cap_days",
		.type = OPTION_NUMBER,
		.at = AT(cap_days),
		.min = 1,
		.max = 366,
		.initial = "30",
		.help = "The days that campaigns.cap looks back."},
	{.name = "mail.host",
		.type = OPTION_TEXT,
		.at = AT(host),
		.fault = settings_host_fault,
		.help = "The mail server that takes our mail; without it none is sent."},
	{.name = "mail.port",
		.type = OPTION_NUMBER,
		.at = AT(port),
		.min = 1,
		.max = 65535,
		.initial = "587",
		.help = "Its port: 587 for submission, 465 with mail.tls = direct."},
	{.name = "mail.tls",
		.type = OPTION_CHOICE,
		.at = AT(tls),
		.words = tls_words,
		.initial = "starttls",
		.help = "starttls asks for TLS and goes no further without; direct begins with it; none\n"
			"only to a server on this machine."},
	{.name = "mail.ca_file",
		.type = OPTION_TEXT,
		.at = AT(ca_file),
		.help = "Who vouches for the server's name, PEM; without it the system's."},
	{.name = "mail.user",
		.type = OPTION_TEXT,
		.at = AT(user),
		.help = "Who we are to it; without it nobody."},
	{.name = "mail.password_file",
		.type = OPTION_TEXT,
		.at = AT(password_file),
		.help = "The file with the password of mail.user."},
	{.name = "mail.hello",
		.type = OPTION_TEXT,
		.at = AT(hello),
		.fault = settings_host_fault,
		.help = "Our name in EHLO; without it this machine's."},
	{.name = "mail.lines",
		.type = OPTION_NUMBER,
		.at = AT(lines),
		.min = 1,
		.max = MAIL_LINES_MAX,
		.initial = "2",
		.help = "How many mails are on their way at one time."},
	{.name = "mail.connect_timeout",
		.type = OPTION_MS,
		.at = AT(connect_ms),
		.min = 100,
		.max = 600000,
		.initial = "30s",
		.help = "For making the connection."},
	{.name = "mail.reply_timeout",
		.type = OPTION_MS,
		.at = AT(reply_ms),
		.min = 1000,
		.max = 1800000,
		.initial = "5m",
		.help = "For each reply of the server, in whole seconds; RFC 5321 asks for minutes."},
	{.name = "mail.timeout",
		.type = OPTION_MS,
		.at = AT(total_ms),
		.min = 1000,
		.max = 3600000,
		.initial = "15m",
		.help = "For one mail from beginning to end."},
	{.name = "mail.from",
		.type = OPTION_TEXT,
		.at = AT(from),
		.help = "Whose mail it is; bounces go there, too."},
	{.name = "mail.from_name",
		.type = OPTION_TEXT,
		.at = AT(from_name),
		.max = 200,
		.help = "The name that stands beside it."},
	{.name = "mail.reply_to",
		.type = OPTION_TEXT,
		.at = AT(reply_to),
		.help = "Where answers go, if not there."},
	{.name = "mail.message_host",
		.type = OPTION_TEXT,
		.at = AT(message_host),
		.fault = settings_host_fault,
		.help = "A domain of ours for Message-ID and List-Id; without it that of mail.from."},
	{.name = "mail.retry",
		.type = OPTION_MS,
		.at = AT(retry_ms),
		.min = 1,
		.max = 3600000,
		.initial = "1m",
		.help = "When a deferred mail is tried again; then after twice as long, up to an hour."},
	{.name = "mail.patience",
		.type = OPTION_MS,
		.at = AT(patience_ms),
		.min = 1,
		.max = INT64_C(7) * 86400000,
		.initial = "2d",
		.help = "A mail that was deferred for so long is given up."},
	{.name = "mail.a_minute",
		.type = OPTION_NUMBER,
		.at = AT(a_minute),
		.max = 600000,
		.initial = "600",
		.help = "At most so many mails are begun in a minute; 0: as many as the server takes."},
};

enum ch_status campaign_token_key(const struct campaign_settings *settings,
	struct problems *problems, struct link_key *out_key)
{
	static const char key[] = "campaigns.token_key_file";
	if (settings->token_key_file != NULL)
		return link_key_read(settings->token_key_file, key, problems, out_key);
	problems_add(problems, NULL, 0, key, "is missing");
	return CH_INVALID;
}

static bool settings_is_here(const char *host)
{
	return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
	       strncmp(host, "127.", 4) == 0;
}

static void settings_check_address(
	const char *address, const char *key, bool required, struct problems *problems)
{
	const char *fault = address != NULL ? mail_address_fault(slice_text(address)) : NULL;
	/* Else every mail would want a server with SMTPUTF8, and every reader one for answers. */
	if (address != NULL && fault == NULL && !mail_address_is_ascii(slice_text(address)))
		fault = "has a character that is not ASCII; a domain can be written as xn--...";
	if (address == NULL && required)
		problems_add(problems, NULL, 0, key, "is missing");
	else if (fault != NULL)
		problems_add(problems, NULL, 0, key, "%s", fault);
}

static enum ch_status settings_check_mail(
	const struct campaign_settings *settings, struct problems *problems)
{
	struct secret password = {0};
	enum ch_status status = CH_OK;
	settings_check_address(settings->from, "mail.from", true, problems);
	settings_check_address(settings->reply_to, "mail.reply_to", false, problems);
	if (settings->tls == MAIL_TLS_NONE && !settings_is_here(settings->host))
		problems_add(problems, NULL, 0, "mail.tls",
			"is none, and the server is not on this machine");
	if ((settings->user == NULL) != (settings->password_file == NULL))
		problems_add(
			problems, NULL, 0, "mail.password_file", "goes together with mail.user");
	if (settings->password_file != NULL)
		status = secret_read(
			settings->password_file, "mail.password_file", problems, &password);
	secret_wipe(&password);
	return status == CH_NOMEM ? CH_NOMEM : CH_OK;
}

static void settings_check_campaigns(const struct campaign_settings *settings,
	const struct campaigns *campaigns, struct problems *problems)
{
	if (campaigns->by_mail && settings->host == NULL)
		problems_add(problems, NULL, 0, "mail.host",
			"is missing, and there are campaigns by mail");
	if (campaigns->by_mail && settings->unsubscribe_link == NULL)
		problems_add(problems, NULL, 0, "campaigns.unsubscribe_link",
			"is missing, and there are campaigns by mail");
}

enum ch_status campaign_settings_check(const struct campaign_settings *settings,
	const struct segment_names *segments, struct problems *problems)
{
	struct campaigns campaigns = {0};
	struct link_key key;
	size_t before = problems->count + problems->dropped;
	enum ch_status status = CH_OK;
	if (settings->host != NULL)
		status = settings_check_mail(settings, problems);
	if (status == CH_OK && settings->folder != NULL) {
		status = campaign_token_key(settings, problems, &key);
		sodium_memzero(&key, sizeof(key));
		if (status != CH_NOMEM)
			status = campaigns_read(settings->folder, segments, problems, &campaigns);
		settings_check_campaigns(settings, &campaigns, problems);
	}
	campaigns_fini(&campaigns);
	if (status == CH_NOMEM)
		return CH_NOMEM;
	return problems->count + problems->dropped > before ? CH_INVALID : CH_OK;
}

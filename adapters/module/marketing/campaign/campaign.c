#include "module/marketing/campaign/campaign.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "module/marketing/campaign/mail_address.h"

static const struct option_word purposes[] = {
	{"marketing", CAMPAIGN_PURPOSE(MARKETING)},
	{"research", CAMPAIGN_PURPOSE(RESEARCH)},
	{"service", CAMPAIGN_PURPOSE(SERVICE)},
	{NULL, 0},
};

static const struct option_word channels[] = {
	{"email", CAMPAIGN_CHANNEL(EMAIL)},
	{"phone", CAMPAIGN_CHANNEL(PHONE)},
	{NULL, 0},
};

/* What follows the link is the token. */
static const char *campaign_link_fault(struct slice link)
{
	if (!slice_starts(link, SLICE_LITERAL("https://")))
		return "does not begin with https://";
	return mail_link_fault(link);
}

static const char *campaign_time_fault(struct slice text)
{
	int64_t time_us;
	return clock_parse(text, &time_us) == CH_OK ? NULL
						    : "is no time like 2026-05-01T00:00:00+08:00";
}

#define AT(member) offsetof(struct campaign, member)
static const struct option options[] = {
	{.name = "campaign.segment",
		.type = OPTION_TEXT,
		.at = AT(segment),
		.required = true,
		.min = 1,
		.max = 64,
		.help = "Whom it is for: the name of a segment."},
	{.name = "campaign.purpose",
		.type = OPTION_CHOICE,
		.at = AT(purpose),
		.required = true,
		.words = purposes,
		.help = "What the customer must have agreed to."},
	{.name = "campaign.channel",
		.type = OPTION_CHOICE,
		.at = AT(channel),
		.required = true,
		.words = channels,
		.help = "By which way, to which he must have agreed as well: email sends mail, phone\n"
			"hands a call-back to the call center."},
	{.name = "campaign.text",
		.type = OPTION_TEXT,
		.at = AT(text),
		.required = true,
		.help = "The file with the text, from this folder: \"Subject: ...\", an empty line, the\n"
			"text.  Of a call: what the agent says."},
	{.name = "campaign.html",
		.type = OPTION_TEXT,
		.at = AT(html),
		.help = "The same text for who reads HTML; a whole page."},
	{.name = "campaign.answer_link",
		.type = OPTION_TEXT,
		.at = AT(answer_link),
		.fault = campaign_link_fault,
		.help = "What {{answer}} becomes, with the message's token behind it."},
	{.name = "campaign.ends",
		.type = OPTION_TEXT,
		.at = AT(ends),
		.fault = campaign_time_fault,
		.help = "Nothing goes out from then on, RFC 3339."},
	{.name = "campaign.repeat",
		.type = OPTION_MS,
		.at = AT(repeat_ms),
		.max = INT64_C(30) * 86400000,
		.initial = "0",
		.help = "Until it ends, who enters the segment later gets it, too: the segment is looked\n"
			"through so often.  0: once, and then it is done."},
	{.name = "survey.id",
		.type = OPTION_TEXT,
		.at = AT(survey),
		.max = 64,
		.help = "The questionnaire behind the link, as the website names it in its answers."},
	{.name = "survey.wave",
		.type = OPTION_TEXT,
		.at = AT(wave),
		.max = 64,
		.help = "The round of asking: 2026-Q2."},
	{.name = "survey.closes",
		.type = OPTION_TEXT,
		.at = AT(closes),
		.fault = campaign_time_fault,
		.help = "Answers given later are shown and do not count, RFC 3339."},
	{.name = "call.within",
		.type = OPTION_MS,
		.at = AT(call_within_ms),
		.min = 60000,
		.max = INT64_C(90) * 86400000,
		.initial = "7d",
		.help = "Until when he is to be called."},
	{.name = "call.group",
		.type = OPTION_TEXT,
		.at = AT(call_group),
		.max = 64,
		.help = "Which group is to call."},
};
#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

static const char *campaign_word(const struct option_word *words, int value)
{
	for (; words->word != NULL; words++) {
		if (words->value == value)
			return words->word;
	}
	return "?";
}

const char *campaign_purpose_name(int purpose)
{
	return campaign_word(purposes, purpose);
}

const char *campaign_channel_name(int channel)
{
	return campaign_word(channels, channel);
}

/* One folder while it is read. */
struct shelf {
	const char *folder;
	const struct segment_names *segments; /* NULL: any */
	struct problems *problems;
};

static void campaign_fini(struct campaign *campaign)
{
	const struct option_group group = {options, OPTION_COUNT, campaign};
	option_free(&group);
	template_free(campaign->body);
	template_free(campaign->html_body);
	campaign->body = NULL;
	campaign->html_body = NULL;
}

static void campaign_path(const struct shelf *shelf, const char *name, struct buffer *out)
{
	buffer_clear(out);
	if (name[0] != '/') {
		buffer_append_text(out, shelf->folder);
		buffer_append_byte(out, '/');
	}
	buffer_append_text(out, name);
}

static void campaign_digest(crypto_generichash_state *state, char out[CAMPAIGN_DIGEST_BYTES])
{
	uint8_t digest[16];
	(void)crypto_generichash_final(state, digest, sizeof(digest)); /* cannot fail: sizes fit */
	(void)sodium_bin2hex(out, CAMPAIGN_DIGEST_BYTES, digest, sizeof(digest));
}

/* The length goes first: two files are never taken for one. */
static void campaign_hash(crypto_generichash_state *state, struct slice bytes)
{
	uint64_t len = bytes.len;
	(void)crypto_generichash_update(state, (const uint8_t *)&len, sizeof(len));
	(void)crypto_generichash_update(state, bytes.data, bytes.len);
}

/* Reads one text of the campaign and adds it to both digests. */
static enum ch_status campaign_template(const struct shelf *shelf, const char *name,
	enum template_kind kind, crypto_generichash_state hashes[2], struct template **out_template)
{
	struct buffer path = {0};
	struct buffer text = {0};
	campaign_path(shelf, name, &path);
	enum ch_status status = file_read_all(buffer_text(&path), LIMIT_CAMPAIGN_TEXT_BYTES, &text);
	if (status == CH_OK) {
		status = template_read(buffer_slice(&text), kind, buffer_text(&path),
			shelf->problems, out_template);
		campaign_hash(&hashes[0], buffer_slice(&text));
		campaign_hash(&hashes[1], buffer_slice(&text));
	} else if (status != CH_NOMEM) {
		problems_add(shelf->problems, buffer_text(&path), 0, NULL, "%s", file_why(status));
		status = CH_INVALID;
	}
	buffer_fini(&text);
	buffer_fini(&path);
	return status;
}

/* A segment that nobody has defined has no members: the campaign would be over at once, and nobody the wiser. */
static void campaign_check_segment(
	const struct shelf *shelf, const struct campaign *campaign, const char *file)
{
	if (shelf->segments != NULL && campaign->segment != NULL &&
		campaign->ends_us > clock_wall_us() &&
		!segment_names_have(shelf->segments, slice_text(campaign->segment)))
		problems_add(shelf->problems, file, 0, "campaign.segment",
			"there is no segment %s in the definitions", campaign->segment);
}

/* What the rows cannot tell. */
static void campaign_check(
	const struct campaign *campaign, const char *file, struct problems *problems)
{
	bool mail = campaign->channel == CAMPAIGN_CHANNEL(EMAIL);
	bool asks = campaign->survey != NULL;
	if (!mail && campaign->html != NULL)
		problems_add(problems, file, 0, "campaign.html", "a call has no HTML");
	if (asks && campaign->purpose != CAMPAIGN_PURPOSE(RESEARCH))
		problems_add(problems, file, 0, "survey.id",
			"a survey needs consent to research: campaign.purpose");
	if (!asks && (campaign->wave != NULL || campaign->closes != NULL))
		problems_add(problems, file, 0, "survey.id", "is missing");
	if (asks && mail && campaign->answer_link == NULL)
		problems_add(
			problems, file, 0, "campaign.answer_link", "a survey by mail needs one");
	if (campaign->repeat_ms > 0 && campaign->ends == NULL)
		problems_add(problems, file, 0, "campaign.ends",
			"is missing: with campaign.repeat it would never end");
	if (campaign->repeat_ms > 0 && campaign->repeat_ms < 60000)
		problems_add(problems, file, 0, "campaign.repeat", "is less than a minute");
	if (campaign->body == NULL)
		return;
	if (template_has(campaign->body, TEMPLATE_ANSWER) && campaign->answer_link == NULL && !asks)
		problems_add(problems, file, 0, "campaign.answer_link",
			"is missing, and the text has {{answer}}");
	if (asks && mail && !template_has(campaign->body, TEMPLATE_ANSWER))
		problems_add(problems, file, 0, "campaign.text",
			"asks questions, and has no {{answer}} to answer them");
	if (mail && !template_has(campaign->body, TEMPLATE_UNSUBSCRIBE))
		problems_add(problems, file, 0, "campaign.text",
			"has no {{unsubscribe}}: who gets it could not say no");
}

static enum ch_status campaign_texts(
	const struct shelf *shelf, struct campaign *campaign, struct slice definition)
{
	crypto_generichash_state hashes[2];
	enum template_kind kind =
		campaign->channel == CAMPAIGN_CHANNEL(PHONE) ? TEMPLATE_CALL : TEMPLATE_MAIL;
	enum ch_status status = CH_OK;
	enum ch_status html = CH_OK;
	for (int i = 0; i < 2; i++)
		(void)crypto_generichash_init(&hashes[i], NULL, 0, 16);
	campaign_hash(&hashes[0], definition);
	if (campaign->text != NULL)
		status = campaign_template(shelf, campaign->text, kind, hashes, &campaign->body);
	if (campaign->html != NULL)
		html = campaign_template(
			shelf, campaign->html, TEMPLATE_HTML, hashes, &campaign->html_body);
	campaign_digest(&hashes[0], campaign->version);
	campaign_digest(&hashes[1], campaign->text_version);
	return status == CH_OK ? html : status;
}

static int64_t campaign_time(const char *text)
{
	int64_t time_us = INT64_MAX;
	if (text != NULL)
		(void)clock_parse(slice_text(text), &time_us); /* what is none was told */
	return time_us;
}

static enum ch_status campaign_read(
	const struct shelf *shelf, const char *name, struct campaign *campaign)
{
	struct buffer path = {0};
	struct buffer text = {0};
	const struct option_group group = {options, OPTION_COUNT, campaign};
	campaign_path(shelf, name, &path);
	enum ch_status status = file_read_all(buffer_text(&path), LIMIT_CONFIG_BYTES, &text);
	if (status == CH_OK) {
		size_t before = shelf->problems->count + shelf->problems->dropped;
		status = config_parse(
			buffer_slice(&text), buffer_text(&path), &group, 1, shelf->problems);
		enum ch_status texts = CH_OK;
		if (status != CH_NOMEM)
			texts = campaign_texts(shelf, campaign, buffer_slice(&text));
		campaign->ends_us = campaign_time(campaign->ends);
		campaign->closes_us = campaign_time(campaign->closes);
		campaign_check_segment(shelf, campaign, buffer_text(&path));
		campaign_check(campaign, buffer_text(&path), shelf->problems);
		if (status == CH_OK)
			status = texts;
		if (status == CH_OK && shelf->problems->count + shelf->problems->dropped > before)
			status = CH_INVALID;
	} else if (status != CH_NOMEM) {
		problems_add(shelf->problems, buffer_text(&path), 0, NULL, "%s", file_why(status));
		status = CH_INVALID;
	}
	buffer_fini(&text);
	buffer_fini(&path);
	return status;
}

/* "spring.conf" -> "spring"; false: no campaign's name. */
static bool campaign_name(const char *file, char out[LIMIT_CAMPAIGN_ID_BYTES])
{
	size_t len = strlen(file);
	if (len < 6 || strcmp(file + len - 5, ".conf") != 0 || len - 5 >= LIMIT_CAMPAIGN_ID_BYTES)
		return false;
	for (size_t i = 0; i < len - 5; i++) {
		bool fine = (file[i] >= 'a' && file[i] <= 'z') ||
			    (file[i] >= '0' && file[i] <= '9') || (file[i] == '-' && i > 0);
		if (!fine)
			return false;
	}
	memcpy(out, file, len - 5);
	out[len - 5] = 0;
	return true;
}

static int campaign_is_conf(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);
	return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".conf") == 0;
}

/* Adds one file's campaign; with mistakes it is told and left out. */
static enum ch_status campaigns_add(
	const struct shelf *shelf, const char *name, struct campaigns *campaigns)
{
	struct campaign campaign = {.ends_us = INT64_MAX, .closes_us = INT64_MAX};
	if (!campaign_name(name, campaign.id)) {
		problems_add(shelf->problems, name, 0, NULL,
			"no name for a campaign: up to 64 of a-z, 0-9 and -");
		return CH_INVALID;
	}
	if (campaigns->count == LIMIT_CAMPAIGNS) {
		problems_add(
			shelf->problems, name, 0, NULL, "more than %u campaigns", LIMIT_CAMPAIGNS);
		return CH_INVALID;
	}
	enum ch_status status = campaign_read(shelf, name, &campaign);
	campaigns->by_mail |= campaign.channel == CAMPAIGN_CHANNEL(EMAIL);
	if (status == CH_OK)
		campaigns->items[campaigns->count++] = campaign;
	else
		campaign_fini(&campaign);
	return status;
}

enum ch_status campaigns_read(const char *folder, const struct segment_names *segments,
	struct problems *problems, struct campaigns *out_campaigns)
{
	const struct shelf shelf = {folder, segments, problems};
	struct campaigns campaigns = {0};
	struct dirent **entries = NULL;
	enum ch_status status = CH_OK;
	int count = 0;
	if (sodium_init() < 0)
		return CH_INTERNAL;
	campaigns.items = calloc(LIMIT_CAMPAIGNS, sizeof(*campaigns.items));
	if (campaigns.items == NULL)
		return CH_NOMEM;
	count = scandir(folder, &entries, campaign_is_conf, alphasort);
	if (count < 0) {
		problems_add(problems, folder, 0, NULL, "%s", strerror(errno));
		status = CH_INVALID;
	}
	for (int i = 0; i < count; i++) {
		enum ch_status one =
			status == CH_NOMEM ? CH_NOMEM
					   : campaigns_add(&shelf, entries[i]->d_name, &campaigns);
		if (one != CH_OK)
			status = one;
		free(entries[i]);
	}
	free(entries);
	if (status == CH_NOMEM)
		campaigns_fini(&campaigns);
	else
		*out_campaigns = campaigns;
	return status;
}

void campaigns_fini(struct campaigns *campaigns)
{
	for (size_t i = 0; i < campaigns->count; i++)
		campaign_fini(&campaigns->items[i]);
	free(campaigns->items);
	*campaigns = (struct campaigns){0};
}

const struct campaign *campaigns_find(const struct campaigns *campaigns, struct slice id)
{
	for (size_t i = 0; i < campaigns->count; i++) {
		if (slice_equal(id, slice_text(campaigns->items[i].id)))
			return &campaigns->items[i];
	}
	return NULL;
}

void campaign_describe(struct buffer *out)
{
	struct campaign none = {0};
	const struct option_group group = {options, OPTION_COUNT, &none};
	option_describe(&group, out);
}

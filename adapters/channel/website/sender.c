#include "channel/website/sender.h"

#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/config.h"
#include "base/limits.h"
#include "base/pattern.h"
#include "base/text.h"
#include "channel/website/http_message.h"
#include "kit/secret.h"

#define TOKEN_LEAST 16u
#define TOKEN_MOST  512u

struct senders {
	struct sender *items[SENDERS_MAX];
	size_t count;
};

/* ---- Settings ---- */

static const char *sender_pattern_fault(struct slice value)
{
	return pattern_fault(value);
}

static const char *sender_source_fault(struct slice value)
{
	return pattern_source_fault(value);
}

static const char *sender_zone_fault(struct slice value)
{
	struct zone *zone = NULL;
	enum ch_status status = zone_open(value, &zone);
	zone_free(zone);
	return status == CH_OK ? NULL : "is no time zone known here";
}

static const struct option_word kinds[] = {
	{"site", SENDER_SITE},
	{"shopify", SENDER_SHOPIFY},
	{"woocommerce", SENDER_WOOCOMMERCE},
	{NULL, 0},
};

#define AT(member) .at = offsetof(struct sender, member)

static const struct option options[] = {
	{.name = "sender.kind",
		.type = OPTION_CHOICE,
		AT(kind),
		.words = kinds,
		.initial = "site",
		.help = "site: CloudEvents, Standard Webhooks, warranties; or a shop system."},
	{.name = "sender.source",
		.type = OPTION_TEXT,
		AT(source),
		.required = true,
		.max = LIMIT_SOURCE_BYTES,
		.help = "The source of its events, when they do not name one themselves."},
	{.name = "sender.sources",
		.type = OPTION_LIST,
		AT(sources),
		.fault = sender_source_fault,
		.help = "Sources that its CloudEvents may name, to the letter or with * at the end;\n"
			"without it only sender.source."},
	{.name = "sender.types",
		.type = OPTION_LIST,
		AT(types),
		.fault = sender_pattern_fault,
		.initial = "website.>",
		.help = "Types that it may send."},
	{.name = "sender.shop",
		.type = OPTION_TEXT,
		AT(shop),
		.max = 200,
		.help = "Of a shop its domain (shopify), or its address as the webhook's source says\n"
			"it (woocommerce).  Its secret is good for this shop alone."},
	{.name = "sender.secret_files",
		.type = OPTION_LIST,
		AT(secret_files),
		.help = "Files with one secret each, all of them good: of a site those of Standard\n"
			"Webhooks (whsec_..., whpk_... for ed25519), of a shop its own."},
	{.name = "sender.token_files",
		.type = OPTION_LIST,
		AT(token_files),
		.help = "Files with one token each, by which a site may send CloudEvents without a\n"
			"signature (Authorization: Bearer); 16 characters at least."},
	{.name = "sender.time_zone",
		.type = OPTION_TEXT,
		AT(time_zone),
		.fault = sender_zone_fault,
		.help = "Zone of a shop's times that name none, Asia/Shanghai or +08:00."},
	{.name = "sender.verifies",
		.type = OPTION_BOOL,
		AT(verifies),
		.initial = "no",
		.help = "What this site calls verified (a mailbox that answered, a code that came back,\n"
			"a customer who is signed in) is.  Without it every key of its customers is\n"
			"claimed: such a key opens nobody's record."},
	{.name = "sender.signs_in",
		.type = OPTION_BOOL,
		AT(signs_in),
		.initial = "no",
		.help = "This site may say that the visitor is signed in, in requests that it signs;\n"
			"then he is told his customer number."},
	{.name = "sender.rate",
		.type = OPTION_NUMBER,
		AT(rate),
		.min = 1,
		.max = 1000000,
		.initial = "100",
		.help = "Requests a second that are taken from it in the long run."},
	{.name = "sender.burst",
		.type = OPTION_NUMBER,
		AT(burst),
		.min = 1,
		.max = 1000000,
		.initial = "500",
		.help = "Requests that may come at once."},
};

#define OPTIONS (sizeof(options) / sizeof(options[0]))

void sender_describe(struct buffer *out)
{
	struct sender sender = {.name = NULL};
	const struct option_group group = {options, OPTIONS, &sender};
	option_describe(&group, out);
}

/* ---- Secrets ---- */

static void sender_free(struct sender *sender)
{
	const struct option_group group = {options, OPTIONS, sender};
	if (sender == NULL)
		return;
	option_free(&group);
	zone_free(sender->zone);
	sodium_memzero(&sender->secrets, sizeof(sender->secrets));
	free(sender->name);
	free(sender);
}

static enum ch_status sender_key_token(struct slice text, struct signature_key *out_key)
{
	if (text.len < TOKEN_LEAST || text.len > TOKEN_MOST)
		return CH_FORMAT;
	*out_key = (struct signature_key){.kind = SIGNATURE_HMAC, .len = crypto_generichash_BYTES};
	(void)crypto_generichash(
		out_key->bytes, out_key->len, text.data, text.len, NULL, 0); /* sizes are right */
	return CH_OK;
}

static void sender_read_secrets(const struct option_list *files, const char *file, const char *key,
	enum ch_status (*read)(struct slice, struct signature_key *), struct problems *problems,
	struct signature_keys *out_keys)
{
	if (files->count > SIGNATURE_SECRETS) {
		problems_add(problems, file, 0, key, "names more than %u files", SIGNATURE_SECRETS);
		return;
	}
	for (size_t i = 0; i < files->count; i++) {
		struct secret secret = {0};
		if (secret_read_for(file, files->items[i], key, problems, &secret) != CH_OK)
			continue;
		if (read(text_trim(secret_slice(&secret)), &out_keys->items[out_keys->count]) ==
			CH_OK)
			out_keys->count++;
		else
			problems_add(problems, file, 0, key, "%s: holds no such secret",
				files->items[i]);
		secret_wipe(&secret);
	}
}

/* What no row of the table can tell. */
static void sender_check(struct sender *sender, const char *file, struct problems *problems)
{
	bool site = sender->kind == SENDER_SITE;
	sender_read_secrets(&sender->secret_files, file, "sender.secret_files",
		site ? signature_key_standard : signature_key_plain, problems, &sender->secrets);
	sender_read_secrets(&sender->token_files, file, "sender.token_files", sender_key_token,
		problems, &sender->tokens);
	if (sender->secret_files.count == 0 && (!site || sender->token_files.count == 0))
		problems_add(problems, file, 0, "sender.secret_files",
			"is missing: anybody could send in this name");
	if (!site && sender->token_files.count > 0)
		problems_add(
			problems, file, 0, "sender.token_files", "a shop signs, it has no token");
	if (!site && sender->shop == NULL)
		problems_add(problems, file, 0, "sender.shop", "is missing");
	if (site && sender->signs_in && sender->secret_files.count == 0)
		problems_add(problems, file, 0, "sender.signs_in", "needs a secret to sign with");
}

/* ---- A folder of them ---- */

static enum ch_status senders_read_one(
	struct senders *senders, const char *folder, const char *name, struct problems *problems)
{
	char path[4096];
	enum ch_status status = CH_NOMEM;
	struct sender *sender = calloc(1, sizeof(*sender));
	const struct option_group group = {options, OPTIONS, sender};
	if (sender == NULL)
		goto out;
	(void)snprintf(
		path, sizeof(path), "%s/%s", folder, name); /* the reader says if it is cut */
	sender->name = strndup(name, strlen(name) - 5);
	if (sender->name == NULL)
		goto out;
	status = config_read(path, &group, 1, problems);
	if (status == CH_NOMEM)
		goto out;
	sender_check(sender, path, problems);
	if (status == CH_OK && sender->time_zone != NULL)
		status = zone_open(slice_text(sender->time_zone), &sender->zone);
	if (status != CH_OK)
		goto out;
	if (senders->count == SENDERS_MAX) {
		problems_add(problems, path, 0, NULL, "is one sender too many: %u", SENDERS_MAX);
		goto out;
	}
	senders->items[senders->count++] = sender;
	sender = NULL;
out:
	sender_free(sender);
	return status == CH_NOMEM ? status : CH_OK; /* the rest is in the problems */
}

static int senders_is_file(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);
	return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".conf") == 0;
}

/* Two that the same webhook would fit. */
static void senders_check(const struct senders *senders, struct problems *problems)
{
	for (size_t i = 0; i < senders->count; i++) {
		const struct sender *sender = senders->items[i];
		if (sender->shop != NULL && senders_of_shop(senders, (enum sender_kind)sender->kind,
						    slice_text(sender->shop)) != sender)
			problems_add(problems, sender->name, 0, "sender.shop",
				"another sender has this shop");
	}
}

enum ch_status senders_read(
	const char *folder, struct problems *problems, struct senders **out_senders)
{
	enum ch_status status = CH_NOMEM;
	struct dirent **entries = NULL;
	int count = -1;
	size_t before = problems->count + problems->dropped;
	struct senders *senders = calloc(1, sizeof(*senders));
	if (senders == NULL)
		goto out;
	count = scandir(folder, &entries, senders_is_file, alphasort);
	status = CH_INVALID;
	if (count < 0) {
		problems_add(problems, NULL, 0, "website.senders", "%s: cannot be read", folder);
		goto out;
	}
	status = CH_OK;
	for (int i = 0; i < count && status == CH_OK; i++)
		status = senders_read_one(senders, folder, entries[i]->d_name, problems);
	senders_check(senders, problems);
	if (status == CH_OK && problems->count + problems->dropped > before)
		status = CH_INVALID;
	if (status != CH_OK)
		goto out;
	*out_senders = senders;
	senders = NULL;
out:
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	senders_free(senders);
	return status;
}

void senders_free(struct senders *senders)
{
	if (senders == NULL)
		return;
	for (size_t i = 0; i < senders->count; i++)
		sender_free(senders->items[i]);
	free(senders);
}

/* ---- Finding one ---- */

const struct sender *senders_named(const struct senders *senders, struct slice name)
{
	for (size_t i = 0; i < senders->count; i++) {
		if (slice_equal(slice_text(senders->items[i]->name), name))
			return senders->items[i];
	}
	return NULL;
}

static struct slice sender_bare(struct slice shop)
{
	while (shop.len > 0 && shop.data[shop.len - 1] == '/')
		shop.len--;
	return shop;
}

const struct sender *senders_of_shop(
	const struct senders *senders, enum sender_kind kind, struct slice shop)
{
	char bare[LIMIT_SOURCE_BYTES + 1];
	for (size_t i = 0; i < senders->count; i++) {
		const struct sender *sender = senders->items[i];
		if (sender->kind != (int)kind || sender->shop == NULL)
			continue;
		struct slice own = sender_bare(slice_text(sender->shop));
		(void)snprintf(bare, sizeof(bare), "%.*s", (int)own.len, sender->shop); /* fits */
		if (http_text_equal(sender_bare(shop), bare))
			return sender;
	}
	return NULL;
}

const struct sender *senders_only(const struct senders *senders, enum sender_kind kind)
{
	const struct sender *only = NULL;
	for (size_t i = 0; i < senders->count; i++) {
		if (senders->items[i]->kind != (int)kind)
			continue;
		if (only != NULL)
			return NULL;
		only = senders->items[i];
	}
	return only;
}

int64_t senders_least_rate(const struct senders *senders)
{
	int64_t least = 0;
	for (size_t i = 0; i < senders->count; i++) {
		if (least == 0 || senders->items[i]->rate < least)
			least = senders->items[i]->rate;
	}
	return least;
}

/* Digests are compared, so that neither a token's length nor its first characters can be felt for. */
const struct sender *senders_with_token(const struct senders *senders, struct slice token)
{
	struct signature_key given;
	const struct sender *found = NULL;
	if (sender_key_token(token, &given) != CH_OK)
		return NULL;
	for (size_t i = 0; i < senders->count; i++) {
		const struct signature_keys *tokens = &senders->items[i]->tokens;
		for (size_t k = 0; k < tokens->count; k++) {
			if (signature_equal(slice_of(given.bytes, given.len),
				    slice_of(tokens->items[k].bytes, tokens->items[k].len)))
				found = senders->items[i];
		}
	}
	return found;
}

bool sender_may_source(const struct sender *sender, struct slice source)
{
	if (slice_equal(slice_text(sender->source), source))
		return true;
	for (size_t i = 0; i < sender->sources.count; i++) {
		if (pattern_source_covers(slice_text(sender->sources.items[i]), source))
			return true;
	}
	return false;
}

bool sender_may_type(const struct sender *sender, struct slice type)
{
	for (size_t i = 0; i < sender->types.count; i++) {
		if (pattern_covers(slice_text(sender->types.items[i]), type))
			return true;
	}
	return false;
}

#include "channel/callcenter/means.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/text.h"

#define NAMES_BYTES (1024u * 1024u)

static void read_secret(
	const char *key, const char *path, struct problems *problems, struct secret *out)
{
	if (path != NULL)
		(void)secret_read(path, key, problems, out); /* the problems are counted */
}

/* Key and value in one piece of memory, the value's. */
static void put_name(struct table *table, struct slice key, struct slice value)
{
	if (key.len == 0 || value.len == 0 || table->count >= LIMIT_AGENTS ||
		table_get(table, key) != NULL)
		return;
	char *both = malloc(value.len + 1 + key.len);
	if (both == NULL)
		return; /* goes without */
	memcpy(both, value.data, value.len);
	both[value.len] = 0;
	memcpy(both + value.len + 1, key.data, key.len);
	if (table_put(table, slice_of(both + value.len + 1, key.len), both) != CH_OK)
		free(both);
}

void callcenter_means_learn(struct callcenter_means *means, struct slice name, struct slice id)
{
	put_name(&means->agents, name, id);
}

static void read_groups(const struct option_list *groups, struct table *table)
{
	for (size_t i = 0; i < groups->count; i++) {
		struct slice rest = slice_text(groups->items[i]);
		struct slice queue;
		if (text_split(&rest, '=', &queue))
			put_name(table, text_trim(queue), text_trim(rest));
	}
}

static void read_agents(const char *path, struct problems *problems, struct callcenter_means *means)
{
	struct buffer text = {0};
	struct slice line;
	unsigned number = 0;
	if (path == NULL)
		return;
	enum ch_status status = file_read_all(path, NAMES_BYTES, &text);
	struct slice rest = buffer_slice(&text);
	means->names = hash_bytes(rest.data, rest.len, means->names);
	if (status != CH_OK)
		problems_add(problems, NULL, 0, "calls.agents", "%s: %s", path, file_why(status));
	while (status == CH_OK && text_split(&rest, '\n', &line)) {
		line = text_trim(line);
		number++;
		size_t len = 0;
		while (len < line.len && line.data[len] != ' ' && line.data[len] != '\t')
			len++;
		if (line.len == 0 || line.data[0] == '#')
			continue;
		if (len == line.len)
			problems_add(problems, path, number, NULL,
				"is not a number, a blank and a name");
		put_name(&means->agents, text_trim(slice_sub(line, len, SIZE_MAX)),
			slice_sub(line, 0, len));
	}
	buffer_fini(&text);
}

/* Each question by itself has been looked at. */
static void read_survey(const struct callcenter_settings *settings, struct problems *problems,
	struct survey_rules *out_rules)
{
	const struct option_list *questions = &settings->survey_questions;
	out_rules->event = slice_text(settings->survey_event);
	out_rules->name = slice_text(settings->survey_name);
	out_rules->name_field = slice_text(settings->survey_name_field);
	out_rules->wave_field = slice_text(settings->survey_wave_field);
	(void)survey_rules_scale(out_rules, slice_text(settings->survey_scale)); /* as above */
	for (size_t i = 0; i < questions->count; i++) {
		const char *fault = survey_rules_add(out_rules, slice_text(questions->items[i]));
		if (fault != NULL)
			problems_add(problems, NULL, 0, "survey.questions", "%s: %s",
				questions->items[i], fault);
	}
	if (settings->survey_event != NULL && questions->count == 0)
		problems_add(problems, NULL, 0, "survey.questions", "is needed with survey.event");
	if (settings->survey_logged &&
		(settings->survey_event == NULL || settings->queue_log == NULL))
		problems_add(problems, NULL, 0, "survey.logged",
			"is yes, and there is no survey.event or no logs.queue_log");
}

static void read_trust(const struct callcenter_settings *settings, struct problems *problems,
	struct callcenter_means *means)
{
	const struct tls_options options = {
		.ca_file = settings->ca_file,
		.name = settings->tls_name != NULL ? settings->tls_name : settings->host,
		.verify = settings->tls_verify,
	};
	struct buffer trusted = {0};
	if (settings->tls && settings->ca_file != NULL &&
		file_read_all(settings->ca_file, NAMES_BYTES, &trusted) == CH_OK)
		means->names = hash_bytes(trusted.data, trusted.len, means->names);
	buffer_fini(&trusted);
	if (!settings->tls || tls_create(&options, &means->tls) == CH_OK)
		return;
	problems_add(problems, NULL, 0, "exchange.ca_file",
		"%s: cannot be read, or holds no certificate",
		settings->ca_file != NULL ? settings->ca_file : "this system's");
}

static void check_freeswitch(const struct callcenter_settings *settings, struct problems *problems)
{
	if (settings->dialect != DIALECT_FREESWITCH)
		return;
	if (settings->secret_file == NULL)
		problems_add(problems, NULL, 0, "exchange.secret_file",
			"is needed with exchange.dialect = freeswitch: the event socket's password");
	if (settings->username != NULL)
		problems_add(problems, NULL, 0, "exchange.username",
			"is of no use: FreeSWITCH's event socket knows a password alone");
	if (settings->tls && settings->port == NULL)
		problems_add(problems, NULL, 0, "exchange.port",
			"is needed with exchange.tls: FreeSWITCH's own speaks none, a tunnel's before it does");
	if (settings->queue_log != NULL || settings->cdr != NULL)
		problems_add(problems, NULL, 0,
			settings->queue_log != NULL ? "logs.queue_log" : "logs.cdr",
			"is Asterisk's, and exchange.dialect is freeswitch");
	if (settings->survey_event != NULL && strpbrk(settings->survey_event, " \t") != NULL)
		problems_add(problems, NULL, 0, "survey.event",
			"holds a blank: FreeSWITCH could not be asked for it");
}

static void check_together(const struct callcenter_settings *settings, struct problems *problems)
{
	check_freeswitch(settings, problems);
	if (settings->dialect == DIALECT_ASTERISK && settings->username != NULL &&
		settings->secret_file == NULL)
		problems_add(problems, NULL, 0, "exchange.secret_file",
			"is needed with exchange.username");
	if (!settings->tls && (settings->ca_file != NULL || settings->tls_name != NULL))
		problems_add(problems, NULL, 0, "exchange.tls",
			"is no, and exchange.ca_file or exchange.tls_name is set");
	if (settings->tls && !settings->tls_verify && settings->ca_file != NULL)
		problems_add(problems, NULL, 0, "exchange.tls_verify",
			"is no: exchange.ca_file is not looked at");
	if (settings->pop_listen != NULL && settings->pop_token_file == NULL &&
		settings->pop_agent_tokens_file == NULL)
		problems_add(problems, NULL, 0, "pop.token_file",
			"is needed with pop.listen, or pop.agent_tokens_file");
	if ((settings->pop_listen != NULL || settings->pop_url != NULL) &&
		!callcenter_listens(settings))
		problems_add(problems, NULL, 0, "exchange.username",
			"is needed for screen pops: without it no telephone is heard");
	if (settings->dialect == DIALECT_ASTERISK && settings->username == NULL &&
		settings->queue_log == NULL && settings->cdr == NULL && settings->desk_path == NULL)
		problems_add(problems, NULL, 0, "exchange.username",
			"is not set, nor is any log or desk.folder: there is nothing to do");
	if (settings->first_ms > settings->longest_ms)
		problems_add(problems, NULL, 0, "exchange.reconnect_first",
			"is longer than exchange.reconnect_longest");
}

enum ch_status callcenter_means_init(const struct callcenter_settings *settings,
	struct problems *problems, struct callcenter_means *out_means)
{
	size_t before = problems->count + problems->dropped;
	struct callcenter_means *means = out_means;
	*means = (struct callcenter_means){0};
	table_init(&means->groups);
	table_init(&means->agents);
	if (settings->time_zone != NULL &&
		zone_open(slice_text(settings->time_zone), &means->zone) != CH_OK)
		problems_add(problems, NULL, 0, "exchange.time_zone", "cannot be read");
	read_trust(settings, problems, means);
	read_secret("exchange.secret_file", settings->secret_file, problems, &means->secret);
	read_secret(
		"pop.url_token_file", settings->pop_url_token_file, problems, &means->url_token);
	enum ch_status passes = passes_read(settings->pop_token_file,
		settings->pop_agent_tokens_file, problems, &means->passes);
	read_survey(settings, problems, &means->survey);
	read_groups(&settings->groups, &means->groups);
	read_agents(settings->agents, problems, means);
	if (settings->pop_listen != NULL) /* it has been looked at */
		(void)address_parse(
			slice_text(settings->pop_listen), means->pop_host, &means->pop_port);
	check_together(settings, problems);
	if (passes == CH_NOMEM)
		return CH_NOMEM;
	return problems->count + problems->dropped > before ? CH_INVALID : CH_OK;
}

static void free_names(struct table *table)
{
	size_t at = 0;
	char *name;
	while ((name = table_next(table, &at)) != NULL)
		free(name);
	table_fini(table);
}

static bool same_secret(const struct secret *one, const struct secret *other)
{
	return one->len == other->len &&
	       (one->len == 0 || memcmp(one->bytes, other->bytes, one->len) == 0);
}

bool callcenter_means_same(const struct callcenter_means *one, const struct callcenter_means *other)
{
	return one->names == other->names && same_secret(&one->secret, &other->secret) &&
	       same_secret(&one->url_token, &other->url_token);
}

void callcenter_means_fini(struct callcenter_means *means)
{
	zone_free(means->zone);
	tls_free(means->tls);
	secret_wipe(&means->secret);
	secret_wipe(&means->url_token);
	passes_free(means->passes);
	free_names(&means->groups);
	free_names(&means->agents);
}

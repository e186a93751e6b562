#include "base/config.h"

#include <stdio.h>

#include "base/file.h"
#include "base/inifile.h"
#include "base/limits.h"

struct config_parser {
	struct option_reader reader;
	char section[128]; /* longer than any that a table has */
	enum ch_status status;
};

static void config_section(void *context, const char *section, unsigned line)
{
	struct config_parser *parser = context;
	(void)line;
	(void)snprintf(
		parser->section, sizeof(parser->section), "%s", section); /* cut: not found */
}

static void config_setting(
	void *context, const char *key, const char *value, bool more, unsigned line)
{
	struct config_parser *parser = context;
	char name[256];
	(void)snprintf(name, sizeof(name), "%s%s%s", parser->section,
		parser->section[0] != 0 ? "." : "", key); /* cut: not found */
	if (parser->status == CH_OK)
		parser->status = option_set(&parser->reader, line, name, value, more);
}

enum ch_status config_parse(struct slice text, const char *file, const struct option_group *groups,
	size_t count, struct problems *problems)
{
	struct config_parser parser = {.status = CH_OK};
	const struct inifile_calls calls = {&parser, config_section, config_setting};
	size_t before = problems->count + problems->dropped;
	parser.status = option_begin(&parser.reader, groups, count, file, problems);
	if (parser.status != CH_OK)
		return parser.status;
	enum ch_status status = inifile_read(text, file, &calls, problems);
	if (status != CH_OK)
		return status;
	if (parser.status != CH_OK)
		return parser.status;
	option_end(&parser.reader);
	return problems->count + problems->dropped > before ? CH_INVALID : CH_OK;
}

enum ch_status config_read(const char *path, const struct option_group *groups, size_t count,
	struct problems *problems)
{
	struct buffer text = {0};
	struct option_reader reader;
	enum ch_status status = file_read_all(path, LIMIT_CONFIG_BYTES, &text);
	if (status == CH_OK) {
		status = config_parse(buffer_slice(&text), path, groups, count, problems);
		goto out;
	}
	if (status == CH_NOMEM)
		goto out;
	problems_add(problems, path, 0, NULL, "cannot be read: %s", file_why(status));
	/* The groups must be fit to be freed, whatever happened. */
	status = option_begin(&reader, groups, count, path, problems);
	if (status == CH_OK)
		status = CH_INVALID;
out:
	buffer_fini(&text);
	return status;
}

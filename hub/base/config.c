#include "base/config.h"

#include <errno.h>
#include <ini.h>
#include <pthread.h>
#include <stdio.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"

/* inih tells its handler neither line numbers nor whether a value goes on from the line above, and
 * its caller only the first line that it did not understand.  All three follow from watching it
 * read: whatever it did with a line, it has done before it asks for the next. */
struct config_parser {
	struct option_reader reader;
	struct slice rest; /* of the text */
	struct slice line; /* the one that inih is at work on */
	unsigned number;
	bool handled; /* the line has been taken as a value */
	bool follows; /* a value came before it in this section */
	enum ch_status status;
};

static void config_inih_once(void)
{
	ini_use_stack = false; /* its stack holds 200 bytes a line */
	ini_initial_alloc = LIMIT_CONFIG_LINE_BYTES + 3;
	ini_max_line = LIMIT_CONFIG_LINE_BYTES + 3;
}

static void config_wrong(struct config_parser *parser, const char *reason)
{
	problems_add(
		parser->reader.problems, parser->reader.file, parser->number, NULL, "%s", reason);
}

/* What inih made of the line that it was given last. */
static void config_judge(struct config_parser *parser)
{
	struct slice line = text_trim(parser->line);
	if (parser->handled || line.len == 0 || line.data[0] == '#' || line.data[0] == ';')
		return;
	if (line.data[0] != '[')
		config_wrong(parser, "is neither 'name = value' nor '[section]'");
	else if (memchr(line.data, ']', line.len) == NULL)
		config_wrong(parser, "is a section without ']'");
	else
		parser->follows = false;
}

/* The next line, as fgets gives it.  One that inih must not see becomes an empty one. */
static char *config_line(char *into, int size, void *context)
{
	struct config_parser *parser = context;
	config_judge(parser);
	parser->handled = false;
	parser->number++;
	if (parser->status != CH_OK || !text_split(&parser->rest, '\n', &parser->line))
		return NULL;
	if (parser->line.len > LIMIT_CONFIG_LINE_BYTES || parser->line.len + 2 > (size_t)size) {
		config_wrong(parser, "is too long; lists can go on over indented lines");
		parser->line.len = 0;
	} else if (parser->line.len > 0 && memchr(parser->line.data, 0, parser->line.len) != NULL) {
		config_wrong(parser, "has a NUL byte");
		parser->line.len = 0;
	}
	size_t len = parser->line.len;
	if (len > 0)
		memcpy(into, parser->line.data, len);
	into[len] = '\n';
	into[len + 1] = 0;
	return into;
}

static int config_value(void *context, const char *section, const char *key, const char *value)
{
	struct config_parser *parser = context;
	char name[128];
	uint8_t first = parser->line.len > 0 ? parser->line.data[0] : 0;
	bool more = parser->follows && (first == ' ' || first == '\t');
	parser->handled = true;
	parser->follows = true;
	if (section[0] != 0)
		(void)snprintf(name, sizeof(name), "%s.%s", section, key); /* both under 50 bytes */
	else
		(void)snprintf(name, sizeof(name), "%s", key);
	if (parser->status == CH_OK)
		parser->status = option_set(&parser->reader, parser->number, name, value, more);
	return 1;
}

enum ch_status config_parse(struct slice text, const char *file, const struct option_group *groups,
	size_t count, struct problems *problems)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct config_parser parser = {.rest = text};
	size_t before = problems->count + problems->dropped;
	(void)pthread_once(&once, config_inih_once);
	parser.status = option_begin(&parser.reader, groups, count, file, problems);
	if (parser.status != CH_OK)
		return parser.status;
	/* Its word for a bad line is of no use: config_judge has reported it, and the others. */
	if (ini_parse_stream(config_line, &parser, config_value, &parser) == -2)
		return CH_NOMEM;
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
	problems_add(problems, path, 0, NULL, "cannot be read: %s",
		status == CH_TOO_LARGE ? "it is too large" : strerror(errno));
	/* The groups must be fit to be freed, whatever happened. */
	status = option_begin(&reader, groups, count, path, problems);
	if (status == CH_OK)
		status = CH_INVALID;
out:
	buffer_fini(&text);
	return status;
}

#include "cli/context.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/config.h"
#include "base/file.h"
#include "base/text.h"

#define KEY_FILE_BYTES 4096u

struct context_file {
	char *endpoint;
	char *server_key;
	char *key;
};

#define AT(member) .at = offsetof(struct context_file, member)

static const struct option options[] = {
	{.name = "endpoint",
		.type = OPTION_TEXT,
		AT(endpoint),
		.help = "tcp://HOST:PORT of the hub."},
	{.name = "server_key",
		.type = OPTION_TEXT,
		AT(server_key),
		.help = "The hub's public key, or the file that holds it."},
	{.name = "key", .type = OPTION_TEXT, AT(key), .help = "File of our secret key."},
};

static bool context_copy(char *out, size_t size, const char *text)
{
	return (size_t)snprintf(out, size, "%s", text) < size;
}

/* A relative path means: beside the file that names it. */
static bool context_beside(char *out, const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');
	if (path[0] == '/' || path[0] == 0 || slash == NULL)
		return context_copy(out, CONTEXT_PATH, path);
	return (size_t)snprintf(out, CONTEXT_PATH, "%.*s/%s", (int)(slash - file), file, path) <
	       CONTEXT_PATH;
}

static bool context_path(const char *name, char *out)
{
	const char *config = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	if (config != NULL && config[0] == '/')
		return (size_t)snprintf(out, CONTEXT_PATH, "%s/carehub/%s.conf", config, name) <
		       CONTEXT_PATH;
	return home != NULL && (size_t)snprintf(out, CONTEXT_PATH, "%s/.config/carehub/%s.conf",
				       home, name) < CONTEXT_PATH;
}

/* A file when there is one of that name, or when it cannot be a key: a key in Z85 may begin with
 * a slash too. */
static bool context_is_file(const char *key_or_file)
{
	size_t len = strlen(key_or_file);
	return access(key_or_file, F_OK) == 0 || (len != 40 && len != 64);
}

static int context_read_file(const char *path, struct context *context)
{
	struct context_file file = {0};
	struct option_group group = {options, sizeof(options) / sizeof(options[0]), &file};
	struct problems problems = {0};
	struct buffer text = {0};
	char beside[CONTEXT_PATH];
	enum ch_status status = config_read(path, &group, 1, &problems);
	bool fits = true;
	if (status == CH_OK) {
		fits = context_copy(context->endpoint, sizeof(context->endpoint),
			       file.endpoint != NULL ? file.endpoint : "") &&
		       context_beside(context->key_file, path, file.key != NULL ? file.key : "") &&
		       context_copy(context->file, sizeof(context->file), path);
		const char *key = file.server_key != NULL ? file.server_key : "";
		fits = fits && context_beside(beside, path, key) &&
		       context_copy(context->server_key, sizeof(context->server_key),
			       access(beside, F_OK) == 0 ? beside : key);
	} else {
		problems_print(&problems, &text);
		(void)cli_fail(EXIT_USAGE, NULL, "%s", buffer_text(&text));
	}
	buffer_fini(&text);
	problems_fini(&problems);
	option_free(&group);
	return status == CH_OK && fits ? EXIT_FINE : EXIT_USAGE;
}

/* What is given stands over what was found before. */
static bool context_prefer(char *out, size_t size, const char *option, const char *variable)
{
	const char *value = option != NULL ? option : getenv(variable);
	return value == NULL || value[0] == 0 || context_copy(out, size, value);
}

int context_read(const struct cli *cli, struct context *out_context)
{
	struct context context = {0};
	char path[CONTEXT_PATH];
	const char *name = cli->context != NULL ? cli->context : getenv("CAREHUB_CONTEXT");
	bool named = name != NULL && name[0] != 0;
	if (!named)
		name = "default";
	if (strchr(name, '/') != NULL)
		return cli_fail(EXIT_USAGE, NULL, "\"%s\" is no name of a context", name);
	bool known = context_path(name, path);
	if (known && (named || access(path, F_OK) == 0)) {
		int result = context_read_file(path, &context);
		if (result != EXIT_FINE)
			return result;
	}
	if (!context_prefer(context.endpoint, sizeof(context.endpoint), cli->endpoint,
		    "CAREHUB_ENDPOINT") ||
		!context_prefer(context.server_key, sizeof(context.server_key), cli->server_key,
			"CAREHUB_SERVER_KEY") ||
		!context_prefer(
			context.key_file, sizeof(context.key_file), cli->key_file, "CAREHUB_KEY"))
		return cli_fail(EXIT_USAGE, NULL, "a setting of the connection is too long");
	const char *missing = context.endpoint[0] == 0     ? "--endpoint"
			      : context.server_key[0] == 0 ? "--server-key"
			      : context.key_file[0] == 0   ? "--key"
							   : NULL;
	if (missing != NULL)
		return cli_fail(EXIT_USAGE,
			"give it as an option, in the environment (CAREHUB_...), or in "
			"~/.config/carehub/default.conf",
			"%s is missing: which hub, and who asks?", missing);
	*out_context = context;
	return EXIT_FINE;
}

enum ch_status context_public_key(const char *key_or_file, char out_key[65])
{
	struct buffer text = {0};
	struct slice rest;
	struct slice line;
	struct slice key = slice_text(key_or_file);
	enum ch_status status = CH_OK;
	if (context_is_file(key_or_file)) {
		status = file_read_all(key_or_file, KEY_FILE_BYTES, &text);
		rest = buffer_slice(&text);
		key = (struct slice){NULL, 0};
		while (status == CH_OK && key.len == 0 && text_split(&rest, '\n', &line)) {
			line = text_trim(line);
			/* "# " begins a comment; a key may begin with '#', but is not followed
			 * by a blank. */
			if (line.len > 0 &&
				!(line.data[0] == '#' && (line.len == 1 || line.data[1] == ' ')))
				key = line;
		}
	}
	if (status == CH_OK && key.len != 40 && key.len != 64)
		status = CH_FORMAT;
	if (status == CH_OK) {
		memcpy(out_key, key.data, key.len);
		out_key[key.len] = 0;
	}
	buffer_fini(&text);
	return status;
}

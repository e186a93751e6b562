#include "channel/callcenter/passes.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "kit/secret.h"

struct passes {
	struct pass *passes;
	size_t count;
	size_t room;
};

static const char key_all[] = "pop.token_file";
static const char key_agents[] = "pop.agent_tokens_file";

/* ---- Passes ---- */

static void pass_digest(struct slice token, uint8_t out_digest[static PASS_DIGEST_BYTES])
{
	/* Sizes are right, so it cannot fail. */
	(void)crypto_generichash(out_digest, PASS_DIGEST_BYTES, token.data, token.len, NULL, 0);
}

/* All are looked at, whichever it is. */
static const struct pass *passes_by_digest(
	const struct passes *passes, const uint8_t digest[static PASS_DIGEST_BYTES])
{
	const struct pass *found = NULL;
	for (size_t i = 0; i < passes->count; i++) {
		if (sodium_memcmp(passes->passes[i].digest, digest, PASS_DIGEST_BYTES) == 0)
			found = &passes->passes[i];
	}
	return found;
}

bool passes_find(const struct passes *passes, struct slice token, struct pass *out_pass)
{
	uint8_t digest[PASS_DIGEST_BYTES];
	if (token.len == 0 || token.len > PASS_TOKEN_BYTES)
		return false;
	pass_digest(token, digest);
	const struct pass *found = passes_by_digest(passes, digest);
	if (found != NULL)
		*out_pass = *found;
	return found != NULL;
}

bool passes_has(const struct passes *passes, const struct pass *pass)
{
	const struct pass *found = passes_by_digest(passes, pass->digest);
	return found != NULL && strcmp(found->agent, pass->agent) == 0;
}

bool passes_same(const struct passes *one, const struct passes *other)
{
	bool same = one->count == other->count;
	for (size_t i = 0; same && i < one->count; i++)
		same = passes_has(other, &one->passes[i]);
	return same;
}

static enum ch_status passes_add(struct passes *passes, struct slice agent, struct slice token)
{
	if (passes->count == passes->room) {
		size_t room = passes->room * 2 + 8;
		struct pass *more = realloc(passes->passes, room * sizeof(*more));
		if (more == NULL)
			return CH_NOMEM;
		passes->passes = more;
		passes->room = room;
	}
	struct pass *pass = &passes->passes[passes->count++];
	*pass = (struct pass){.agent = ""};
	pass_digest(token, pass->digest);
	if (agent.len > 0)
		memcpy(pass->agent, agent.data, agent.len);
	return CH_OK;
}

/* ---- The agents' file ---- */

static bool token_is_visible(struct slice token)
{
	for (size_t i = 0; i < token.len; i++) {
		if (token.data[i] <= ' ' || token.data[i] > '~')
			return false;
	}
	return true;
}

/* What is wrong with a line, and never what it says.  NULL: *out_agent, *out_token. */
static const char *line_fault(const struct passes *passes, struct slice line,
	struct slice *out_agent, struct slice *out_token)
{
	struct pass other;
	struct slice rest = line;
	if (!text_split(&rest, '=', out_agent) || rest.data == NULL)
		return "is not of the form AGENT = TOKEN";
	*out_agent = text_trim(*out_agent);
	*out_token = text_trim(rest);
	if (out_agent->len == 0 || memchr(out_agent->data, 0, out_agent->len) != NULL)
		return "names no agent";
	if (out_agent->len >= PASS_AGENT_BYTES)
		return "has too long a name";
	if (out_token->len < PASS_TOKEN_LEAST)
		return "has a token of fewer than 16 characters: openssl rand -hex 16";
	if (out_token->len > PASS_TOKEN_BYTES || !token_is_visible(*out_token))
		return "has a token that is too long, or not of visible ASCII alone";
	return passes_find(passes, *out_token, &other) ? "has a token that is given out already"
						       : NULL;
}

static enum ch_status passes_take_lines(
	struct passes *passes, const char *path, struct slice text, struct problems *problems)
{
	enum ch_status status = CH_OK;
	struct slice line;
	struct slice agent;
	struct slice token;
	for (unsigned number = 1; status != CH_NOMEM && text_split(&text, '\n', &line); number++) {
		line = text_trim(line);
		if (line.len == 0 || line.data[0] == '#')
			continue;
		const char *fault = line_fault(passes, line, &agent, &token);
		if (fault == NULL) {
			enum ch_status added = passes_add(passes, agent, token);
			status = added != CH_OK ? added : status;
		} else {
			problems_add(problems, path, number, NULL, "%s", fault);
			status = CH_INVALID;
		}
	}
	return status;
}

static bool read_all(int fd, uint8_t *bytes, size_t room, size_t *out_len)
{
	ssize_t got = 1;
	size_t len = 0;
	while (got > 0 && len < room) {
		got = read(fd, bytes + len, room - len);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			len += (size_t)got;
	}
	*out_len = len;
	return got == 0;
}

static enum ch_status passes_read_agents(
	struct passes *passes, const char *path, struct problems *problems)
{
	const size_t room = SECRET_KEY_BYTES + 1; /* one more says that it grew meanwhile */
	size_t len = 0;
	int fd = -1;
	uint8_t *bytes = malloc(room);
	if (bytes == NULL)
		return CH_NOMEM;
	enum ch_status status = secret_open(path, key_agents, problems, &fd);
	if (status == CH_OK && !read_all(fd, bytes, room, &len)) {
		problems_add(problems, NULL, 0, key_agents, "%s: cannot be read", path);
		status = CH_INVALID;
	}
	if (status == CH_OK)
		status = passes_take_lines(passes, path, slice_of(bytes, len), problems);
	if (fd >= 0)
		(void)close(fd); /* only read from */
	sodium_memzero(bytes, len);
	free(bytes);
	return status;
}

/* ---- Life ---- */

static enum ch_status passes_read_all(
	struct passes *passes, const char *path, struct problems *problems)
{
	struct secret token = {0};
	const struct slice everybody = {NULL, 0};
	enum ch_status status = secret_read(path, key_all, problems, &token);
	if (status == CH_OK && token.len > PASS_TOKEN_BYTES) {
		problems_add(problems, NULL, 0, key_all, "%s: is too long for a token", path);
		status = CH_INVALID;
	}
	if (status == CH_OK)
		status = passes_add(passes, everybody, secret_slice(&token));
	secret_wipe(&token);
	return status;
}

enum ch_status passes_read(const char *token_file, const char *agent_tokens_file,
	struct problems *problems, struct passes **out_passes)
{
	enum ch_status all = CH_OK;
	enum ch_status agents = CH_OK;
	struct passes *passes = calloc(1, sizeof(*passes));
	if (passes == NULL)
		return CH_NOMEM;
	if (token_file != NULL)
		all = passes_read_all(passes, token_file, problems);
	if (agent_tokens_file != NULL && all != CH_NOMEM)
		agents = passes_read_agents(passes, agent_tokens_file, problems);
	if (all == CH_NOMEM || agents == CH_NOMEM) {
		passes_free(passes);
		return CH_NOMEM;
	}
	*out_passes = passes;
	return all != CH_OK ? all : agents;
}

void passes_free(struct passes *passes)
{
	if (passes == NULL)
		return;
	free(passes->passes);
	free(passes);
}

#include "client/options.h"

#include <errno.h>
#include <stdlib.h>
#include <zmq.h>

#include "base/file.h"
#include "base/text.h"
#include "client/error.h"

#define KEY_FILE_BYTES 4096u
#define Z85_CHARS      40u
#define HEX_CHARS      64u

struct ch_options *ch_options_create(void)
{
	struct ch_options *options = calloc(1, sizeof(*options));
	if (options == NULL)
		return NULL;
	(void)ch_options_set_agent(options, "libcarehub " CAREHUB_VERSION); /* fits */
	options->connect_timeout_ms = 10000;
	options->reconnect_first_ms = 100;
	options->reconnect_longest_ms = 10000;
	options->window_events = 16384;
	options->window_bytes = (size_t)64 * 1024 * 1024;
	options->batch = 64;
	options->retry = true;
	return options;
}

void ch_options_free(struct ch_options *options)
{
	if (options == NULL)
		return;
	for (uint32_t i = 0; i < options->source_count; i++)
		free(options->sources[i]);
	free(options->endpoint);
	explicit_bzero(options->secret_key, sizeof(options->secret_key));
	free(options);
}

enum ch_status options_copy(const struct ch_options *options, struct ch_options **out_copy)
{
	enum ch_status status = CH_NOMEM;
	struct ch_options *copy = calloc(1, sizeof(*copy));
	if (copy == NULL)
		goto out;
	*copy = *options;
	copy->endpoint = NULL;
	copy->source_count = 0;
	if (options->endpoint != NULL) {
		copy->endpoint = strdup(options->endpoint);
		if (copy->endpoint == NULL)
			goto out;
	}
	for (uint32_t i = 0; i < options->source_count; i++) {
		copy->sources[i] = strdup(options->sources[i]);
		if (copy->sources[i] == NULL)
			goto out;
		copy->source_count++;
	}
	*out_copy = copy;
	copy = NULL;
	status = CH_OK;
out:
	ch_options_free(copy);
	return status;
}

enum ch_status ch_options_set_endpoint(struct ch_options *options, const char *endpoint)
{
	error_clear();
	if (endpoint == NULL || strstr(endpoint, "://") == NULL)
		return error_set(CH_INVALID, "an endpoint reads tcp://host:port");
	char *copy = strdup(endpoint);
	if (copy == NULL)
		return CH_NOMEM;
	free(options->endpoint);
	options->endpoint = copy;
	return CH_OK;
}

/* ---- Keys ---- */

static enum ch_status options_parse_key(struct slice text, uint8_t out_key[OPTIONS_KEY_BYTES])
{
	char copy[Z85_CHARS + 1] = {0};
	enum ch_status status = CH_FORMAT;
	if (text.len == Z85_CHARS) {
		memcpy(copy, text.data, Z85_CHARS);
		if (zmq_z85_decode(out_key, copy) != NULL)
			status = CH_OK;
	} else if (text.len == HEX_CHARS) {
		status = text_parse_hex(text, out_key);
	}
	explicit_bzero(copy, sizeof(copy));
	return status;
}

enum ch_status ch_options_set_server_key(struct ch_options *options, const char *key)
{
	uint8_t bytes[OPTIONS_KEY_BYTES];
	error_clear();
	if (options_parse_key(slice_text(key), bytes) != CH_OK)
		return error_set(CH_FORMAT, "the hub's key is neither Z85 nor hex");
	memcpy(options->server_key, bytes, sizeof(bytes));
	options->has_server_key = true;
	return CH_OK;
}

static enum ch_status options_take_secret(struct ch_options *options, struct slice text)
{
	uint8_t secret[OPTIONS_KEY_BYTES];
	char secret_text[Z85_CHARS + 1];
	char public_text[Z85_CHARS + 1];
	enum ch_status status = options_parse_key(text, secret);
	if (status != CH_OK) {
		status = error_set(CH_FORMAT, "the secret key is neither Z85 nor hex");
		goto out;
	}
	if (zmq_z85_encode(secret_text, secret, sizeof(secret)) == NULL ||
		zmq_curve_public(public_text, secret_text) != 0 ||
		zmq_z85_decode(options->public_key, public_text) == NULL) {
		status = error_set(CH_UNSUPPORTED, "this libzmq was built without CURVE");
		goto out;
	}
	memcpy(options->secret_key, secret, sizeof(secret));
	options->has_key = true;
out:
	explicit_bzero(secret, sizeof(secret));
	explicit_bzero(secret_text, sizeof(secret_text));
	return status;
}

enum ch_status ch_options_set_key(struct ch_options *options, const char *secret_key)
{
	error_clear();
	return options_take_secret(options, slice_text(secret_key));
}

static struct slice options_find_key(struct slice text)
{
	struct slice line;
	while (text_split(&text, '\n', &line)) {
		struct slice trimmed = text_trim(line);
		if (trimmed.len > 0 && !slice_starts(line, SLICE_LITERAL("# ")))
			return trimmed;
	}
	return (struct slice){NULL, 0};
}

enum ch_status ch_options_set_key_file(struct ch_options *options, const char *path)
{
	struct buffer text = {0};
	error_clear();
	enum ch_status status = file_read_private(path, KEY_FILE_BYTES, &text);
	if (status != CH_OK) {
		(void)error_set(status, "%s: %s", path,
			status == CH_DENIED
				? "is no regular file, or others than its owner have a right to it"
				: ch_status_text(status));
		goto out;
	}
	status = options_take_secret(options, options_find_key(buffer_slice(&text)));
	if (status == CH_FORMAT)
		(void)error_set(status, "%s: holds no key in Z85 or hex", path);
out:
	if (text.data != NULL)
		explicit_bzero(text.data, text.len);
	buffer_fini(&text);
	return status;
}

/* ---- The rest ---- */

enum ch_status ch_options_set_agent(struct ch_options *options, const char *agent)
{
	struct slice text = slice_text(agent);
	error_clear();
	if (text.len > LIMIT_NAME_BYTES)
		return error_set(
			CH_TOO_LARGE, "the agent is longer than %u bytes", LIMIT_NAME_BYTES);
	if (!text_is_utf8(text))
		return error_set(CH_FORMAT, "the agent is not UTF-8");
	memset(options->agent, 0, sizeof(options->agent));
	if (text.len > 0)
		memcpy(options->agent, text.data, text.len);
	return CH_OK;
}

enum ch_status ch_options_add_checkpoint_source(struct ch_options *options, const char *source)
{
	struct slice text = slice_text(source);
	error_clear();
	if (text.len == 0 || text.len > LIMIT_SOURCE_BYTES)
		return error_set(CH_TOO_LARGE, "a source has 1 to %u bytes", LIMIT_SOURCE_BYTES);
	if (!text_is_utf8(text))
		return error_set(CH_FORMAT, "the source is not UTF-8");
	if (options->source_count == LIMIT_CHECKPOINTS_PER_HELLO)
		return error_set(CH_FULL, "at most %u sources", LIMIT_CHECKPOINTS_PER_HELLO);
	char *copy = strdup(source);
	if (copy == NULL)
		return CH_NOMEM;
	options->sources[options->source_count++] = copy;
	return CH_OK;
}

void ch_options_set_connect_timeout(struct ch_options *options, int64_t timeout_ms)
{
	options->connect_timeout_ms = timeout_ms > 0 ? timeout_ms : 10000;
}

void ch_options_set_lazy(struct ch_options *options, bool lazy)
{
	options->lazy = lazy;
}

void ch_options_set_reconnect(struct ch_options *options, int64_t first_ms, int64_t longest_ms)
{
	options->reconnect_first_ms = first_ms > 0 ? first_ms : 1;
	options->reconnect_longest_ms =
		longest_ms > options->reconnect_first_ms ? longest_ms : options->reconnect_first_ms;
}

void ch_options_set_heartbeat(struct ch_options *options, int64_t heartbeat_ms)
{
	options->heartbeat_ms = heartbeat_ms > 0 ? heartbeat_ms : 0;
}

void ch_options_set_window(struct ch_options *options, uint32_t events, size_t bytes)
{
	options->window_events = events > 0 ? events : 1;
	options->window_bytes = bytes > LIMIT_EVENT_BYTES ? bytes : LIMIT_EVENT_BYTES;
}

void ch_options_set_batch(struct ch_options *options, uint32_t events)
{
	if (events == 0)
		events = 1;
	options->batch = events < LIMIT_EVENTS_PER_FRAME ? events : LIMIT_EVENTS_PER_FRAME;
}

void ch_options_set_retry(struct ch_options *options, bool retry)
{
	options->retry = retry;
}

void ch_options_set_state_callback(
	struct ch_options *options, ch_state_callback *callback, void *context)
{
	options->state_callback = callback;
	options->state_context = context;
}

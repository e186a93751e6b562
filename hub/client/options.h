/* The inside of struct ch_options. */
#ifndef CLIENT_OPTIONS_H
#define CLIENT_OPTIONS_H

#include <carehub/options.h>

#include "base/limits.h"

#define OPTIONS_KEY_BYTES 32

struct ch_options {
	char *endpoint;
	bool has_server_key;
	bool has_key;
	uint8_t server_key[OPTIONS_KEY_BYTES];
	uint8_t secret_key[OPTIONS_KEY_BYTES];
	uint8_t public_key[OPTIONS_KEY_BYTES];
	char agent[LIMIT_NAME_BYTES + 1];
	uint32_t source_count;
	char *sources[LIMIT_CHECKPOINTS_PER_HELLO];
	int64_t connect_timeout_ms;
	bool lazy;
	int64_t reconnect_first_ms;
	int64_t reconnect_longest_ms;
	int64_t heartbeat_ms;
	uint32_t window_events;
	size_t window_bytes;
	uint32_t batch;
	bool retry;
	ch_state_callback *state_callback;
	void *state_context;
};

/* A copy of one's own.  CH_NOMEM. */
enum ch_status options_copy(const struct ch_options *options, struct ch_options **out_copy);

#endif

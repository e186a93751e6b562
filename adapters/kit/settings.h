/* What every adapter is told about the hub, beside its own settings. */
#ifndef KIT_SETTINGS_H
#define KIT_SETTINGS_H

#include "base/option.h"
#include "base/problem.h"
#include "kit/adapter.h"

#define KIT_KEY_HASH_BYTES 32u

struct kit_settings {
	/* [hub] */
	char *endpoint;
	char *server_key;
	char *server_key_file;
	char *key_file;
	int64_t window;
	int64_t batch;
	/* [adapter] */
	int64_t poll_ms;
	int64_t patience_ms; /* of an adapter that is prompt */
	char *metrics;
	char *rejects;
	/* [spool]: see relay.h */
	char *spool_directory; /* NULL: none */
	int64_t spool_max_bytes;
	int64_t spool_drain_rate;
	int64_t spool_patience_ms;

	/* Of what stands in the files of keys, as kit_settings_load found them. */
	uint8_t server_key_hash[KIT_KEY_HASH_BYTES];
	uint8_t key_hash[KIT_KEY_HASH_BYTES];

	void *config; /* the adapter's own struct */
};

/* The file alone.  CH_INVALID when it added to `problems`; CH_NOMEM. */
enum ch_status kit_settings_read(const char *path, const struct kit_adapter *adapter,
	struct problems *problems, struct kit_settings *out_settings);

/* The same, and what the file names is looked at: keys, folders.  That is done whatever is wrong with its lines,
 * so that all mistakes are told in one pass. */
enum ch_status kit_settings_load(const char *path, const struct kit_adapter *adapter,
	struct problems *problems, struct kit_settings *out_settings);
void kit_settings_free(struct kit_settings *settings, const struct kit_adapter *adapter);

/* Sets both hashes, for who loads the rest by himself. */
void kit_settings_hash_keys(struct kit_settings *settings);

/* Whether the kit's part is the same in both; a file of keys with another key in it is not. */
bool kit_settings_same(const struct kit_settings *one, const struct kit_settings *other,
	const struct kit_adapter *adapter);

/* A commented configuration file with every setting. */
void kit_settings_describe(const struct kit_adapter *adapter, struct buffer *out);

#endif

#include "core/inspect.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "core/core.h"

struct inspector {
	struct type_rules *types;
};

enum ch_status inspector_create(struct inspector **out_inspector)
{
	struct inspector *inspector = calloc(1, sizeof(*inspector));
	if (inspector == NULL)
		return CH_NOMEM;
	enum ch_status status = rules_create(&inspector->types);
	if (status == CH_OK)
		*out_inspector = inspector;
	else
		inspector_free(inspector);
	return status;
}

void inspector_free(struct inspector *inspector)
{
	if (inspector == NULL)
		return;
	free(inspector->types);
	free(inspector);
}

const struct type_rules *inspector_rules(
	const struct inspector *inspector, const struct event_type *type)
{
	return &inspector->types[type->id];
}

/* ---- Which one it is ---- */

/* One call over one short run of bytes: half the cost of feeding parts. */
void core_fingerprint(struct slice source, struct slice id, uint8_t out[ENTRY_FINGERPRINT_BYTES])
{
	uint8_t bytes[4 + LIMIT_SOURCE_BYTES + LIMIT_ID_BYTES];
	store_le32(bytes, (uint32_t)source.len);
	memcpy(bytes + 4, source.data, source.len);
	memcpy(bytes + 4 + source.len, id.data, id.len);
	(void)crypto_generichash(out, ENTRY_FINGERPRINT_BYTES, bytes, 4 + source.len + id.len, NULL,
		0); /* lengths are within bounds */
}

/* SipHash-2-4 under a constant key: 64 bits are enough to tell whether the *same id* came with the same
 * content, and whoever makes two contents collide on purpose only fools himself. */
static uint64_t inspect_hash(struct slice bytes)
{
	static const uint8_t key[crypto_shorthash_KEYBYTES] = "carehub digest 1";
	static const uint8_t none;
	uint8_t hash[crypto_shorthash_BYTES];
	(void)crypto_shorthash(hash, bytes.len > 0 ? bytes.data : &none, bytes.len, key); /* 0 */
	return load_le64(hash);
}

/* The source record's own digest where the adapter gave one: a resent record has another sending time
 * and trace, and must be the same all the same. */
static void inspect_digest(const struct envelope *envelope, uint8_t out[ENTRY_DIGEST_BYTES])
{
	uint8_t parts[5 * 8];
	if (envelope->digest.len > 0) {
		store_le64(out, inspect_hash(envelope->digest));
		return;
	}
	store_le64(parts, inspect_hash(envelope->type));
	store_le64(parts + 8, inspect_hash(envelope->subject));
	store_le64(parts + 16, (uint64_t)envelope->time_us);
	store_le64(parts + 24, inspect_hash(envelope->data));
	store_le64(parts + 32, inspect_hash(envelope->personal));
	store_le64(out, inspect_hash(slice_of(parts, sizeof(parts))));
}

/* ---- Whether its form is right ---- */

static enum ch_status inspect_schema(const struct envelope *envelope, const char **out_field)
{
	struct slice schema = envelope->dataschema;
	/* Another major version of the schema is another package. */
	if (schema.len == 0 || memmem(schema.data, schema.len, "carehub/v1/", 11) != NULL ||
		memmem(schema.data, schema.len, "carehub.v1.", 11) != NULL)
		return CH_OK;
	if (memmem(schema.data, schema.len, "carehub", 7) == NULL)
		return CH_OK; /* the source's own words for its data */
	*out_field = "dataschema";
	return CH_VERSION;
}

enum ch_status inspect_form(const struct event_type *type, const struct envelope *envelope,
	char path[CHECK_PATH_BYTES], const char **out_field)
{
	enum ch_status status = check_message(type->message, envelope->data, path);
	if (status == CH_OK)
		status = check_message(type->message, envelope->personal, path);
	if (status != CH_OK)
		*out_field = path[0] != 0 ? path : "data";
	return status;
}

static enum ch_status inspect_mandatory(const struct type_rules *rules,
	const struct envelope *envelope, char path[CHECK_PATH_BYTES], const char **out_field)
{
	const struct message_parts parts = {envelope->data, envelope->personal};
	for (uint8_t i = 0; i < rules->requirement_count; i++) {
		bool met = false;
		for (uint8_t j = 0; j < rules->requirement_counts[i] && !met; j++)
			met = path_present(&rules->requirements[i][j], &parts);
		if (met)
			continue;
		size_t len = strcspn(rules->requirement_names[i], " ");
		if (len >= CHECK_PATH_BYTES)
			len = CHECK_PATH_BYTES - 1;
		memcpy(path, rules->requirement_names[i], len);
		path[len] = 0;
		*out_field = path;
		return CH_MISSING;
	}
	return CH_OK;
}

enum ch_status inspect_fault(const struct inspector *inspector, const struct event_type *type,
	const struct envelope *envelope, char path[CHECK_PATH_BYTES], const char **out_field)
{
	if (type == NULL || (type->flags & TYPE_DERIVED) != 0) {
		*out_field = "type";
		return type == NULL ? CH_UNKNOWN_TYPE : CH_DENIED;
	}
	enum ch_status status = inspect_schema(envelope, out_field);
	if (status == CH_OK)
		status = inspect_form(type, envelope, path, out_field);
	if (status == CH_OK)
		status = inspect_mandatory(
			inspector_rules(inspector, type), envelope, path, out_field);
	return status;
}

void inspect(const struct inspector *inspector, const struct envelope *envelope,
	struct inspection *out_inspection)
{
	char path[CHECK_PATH_BYTES];
	const char *field;
	core_fingerprint(envelope->source, envelope->id, out_inspection->fingerprint);
	inspect_digest(envelope, out_inspection->digest);
	out_inspection->type = types_find(envelope->type);
	out_inspection->fit =
		inspect_fault(inspector, out_inspection->type, envelope, path, &field) == CH_OK;
}

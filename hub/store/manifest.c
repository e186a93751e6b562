/* One value under one key:
 *
 *	0   format       u32
 *	4   run count    u32
 *	8   incarnation  u64
 *	16  applied      u64
 *	24  run numbers  u64 each
 */
#include "store/manifest.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/limits.h"

#define HEAD_BYTES 24u

static const char manifest_key[] = "manifest";

static struct slice manifest_name(void)
{
	return slice_text(manifest_key);
}

static enum ch_status manifest_read(
	const struct env_read *read, uint32_t table, struct slice *out_value)
{
	enum ch_status status = env_get(read, table, manifest_name(), out_value);
	if (status != CH_OK)
		return status;
	if (out_value->len < HEAD_BYTES)
		return CH_CORRUPT;
	if (load_le32(out_value->data) != MANIFEST_FORMAT)
		return CH_VERSION;
	if (out_value->len != HEAD_BYTES + (size_t)load_le32(out_value->data + 4) * 8)
		return CH_CORRUPT;
	return CH_OK;
}

enum ch_status manifest_load(
	const struct env_read *read, uint32_t table, struct manifest *out_manifest)
{
	struct slice value;
	enum ch_status status = manifest_read(read, table, &value);
	if (status != CH_OK)
		return status;
	struct manifest manifest = {
		.run_count = load_le32(value.data + 4),
		.incarnation = load_le64(value.data + 8),
		.applied = load_le64(value.data + 16),
	};
	manifest.runs = malloc((manifest.run_count + 1) * sizeof(*manifest.runs));
	if (manifest.runs == NULL)
		return CH_NOMEM;
	for (uint32_t i = 0; i < manifest.run_count; i++)
		manifest.runs[i] = load_le64(value.data + HEAD_BYTES + (size_t)i * 8);
	*out_manifest = manifest;
	return CH_OK;
}

void manifest_fini(struct manifest *manifest)
{
	free(manifest->runs);
	*manifest = (struct manifest){0};
}

enum ch_status manifest_applied(const struct env_read *read, uint32_t table, uint64_t *out_applied)
{
	struct slice value;
	enum ch_status status = manifest_read(read, table, &value);
	if (status == CH_OK)
		*out_applied = load_le64(value.data + 16);
	return status;
}

void manifest_save(
	struct env_write *write, uint32_t table, uint64_t incarnation, const struct runset *runs)
{
	uint8_t head[HEAD_BYTES];
	uint8_t number[8];
	struct buffer value = {0};
	store_le32(head, MANIFEST_FORMAT);
	store_le32(head + 4, runs->count);
	store_le64(head + 8, incarnation);
	store_le64(head + 16, runs->applied);
	buffer_append(&value, head, sizeof(head));
	for (uint32_t i = 0; i < runs->count; i++) {
		store_le64(number, run_number(runs->runs[i]));
		buffer_append(&value, number, sizeof(number));
	}
	if (value.status == CH_OK)
		env_put(write, table, manifest_name(), buffer_slice(&value));
	else
		env_fail(write, value.status);
	buffer_fini(&value);
}

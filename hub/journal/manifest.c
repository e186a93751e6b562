#include "journal/manifest.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "base/text.h"

#define MANIFEST_BYTES_MAX 4096u

static const char *const manifest_kinds[] = {
	[MANIFEST_NEW] = "new",
	[MANIFEST_JOURNAL] = "journal",
	[MANIFEST_EXPORT] = "export",
};

void manifest_print(const struct manifest *manifest, struct buffer *out)
{
	size_t start = out->len;
	buffer_printf(out, "carehub-journal %u\n", MANIFEST_VERSION);
	buffer_printf(out, "kind %s\n", manifest_kinds[manifest->kind]);
	buffer_printf(out, "incarnation %016" PRIx64 "\n", manifest->incarnation);
	buffer_printf(out, "removed %" PRIu64 "\n", manifest->removed);
	buffer_append_text(out, "removed-hash ");
	text_append_hex(out, slice_of(manifest->removed_hash, JOURNAL_HASH_BYTES));
	buffer_printf(out, "\nparent %016" PRIx64 "\n", manifest->parent);
	buffer_printf(out, "parent-last %" PRIu64 "\n", manifest->parent_last);
	if (out->status == CH_OK)
		buffer_printf(out, "crc32c %08" PRIx32 "\n",
			crc32c(0, out->data + start, out->len - start));
}

/* The value of the next line, which must be named `name`. */
static bool manifest_line(struct slice *rest, const char *name, struct slice *out_value)
{
	struct slice line;
	struct slice prefix = slice_text(name);
	if (!text_split(rest, '\n', &line) || !slice_starts(line, prefix) ||
		line.len <= prefix.len + 1 || line.data[prefix.len] != ' ')
		return false;
	*out_value = slice_sub(line, prefix.len + 1, line.len);
	return true;
}

static bool manifest_number(struct slice *rest, const char *name, uint64_t *out_value)
{
	struct slice value;
	return manifest_line(rest, name, &value) &&
	       text_parse_u64(value, UINT64_MAX, out_value) == CH_OK;
}

static bool manifest_hex(struct slice *rest, const char *name, uint8_t *out_bytes, size_t len)
{
	struct slice value;
	return manifest_line(rest, name, &value) && value.len == 2 * len &&
	       text_parse_hex(value, out_bytes) == CH_OK;
}

static bool manifest_id(struct slice *rest, const char *name, uint64_t *out_id)
{
	uint8_t bytes[8];
	if (!manifest_hex(rest, name, bytes, sizeof(bytes)))
		return false;
	*out_id = load_be64(bytes); /* hex digits come most significant first */
	return true;
}

static bool manifest_kind(struct slice *rest, enum manifest_kind *out_kind)
{
	struct slice value;
	if (!manifest_line(rest, "kind", &value))
		return false;
	for (int kind = MANIFEST_NEW; kind <= MANIFEST_EXPORT; kind++) {
		if (slice_equal(value, slice_text(manifest_kinds[kind]))) {
			*out_kind = (enum manifest_kind)kind;
			return true;
		}
	}
	return false;
}

enum ch_status manifest_parse(struct slice text, struct manifest *out_manifest)
{
	struct manifest manifest = {0};
	struct slice rest = text;
	uint64_t version;
	uint8_t crc[4];
	if (!manifest_number(&rest, "carehub-journal", &version))
		return CH_CORRUPT;
	if (version > MANIFEST_VERSION)
		return CH_VERSION; /* its other lines are not ours to judge */
	if (!manifest_kind(&rest, &manifest.kind) ||
		!manifest_id(&rest, "incarnation", &manifest.incarnation) ||
		!manifest_number(&rest, "removed", &manifest.removed) ||
		!manifest_hex(&rest, "removed-hash", manifest.removed_hash, JOURNAL_HASH_BYTES) ||
		!manifest_id(&rest, "parent", &manifest.parent) ||
		!manifest_number(&rest, "parent-last", &manifest.parent_last) || rest.data == NULL)
		return CH_CORRUPT;
	size_t covered = (size_t)(rest.data - text.data);
	if (!manifest_hex(&rest, "crc32c", crc, sizeof(crc)) || rest.data == NULL ||
		rest.len != 0 || load_be32(crc) != crc32c(0, text.data, covered))
		return CH_CORRUPT;
	*out_manifest = manifest;
	return CH_OK;
}

static enum ch_status manifest_path(const char *dir, char out[PATH_MAX])
{
	int len = snprintf(out, PATH_MAX, "%s/" MANIFEST_NAME, dir);
	return len > 0 && len < PATH_MAX ? CH_OK : CH_TOO_LARGE;
}

enum ch_status manifest_read(const char *dir, struct manifest *out_manifest)
{
	char path[PATH_MAX];
	struct buffer text = {0};
	enum ch_status status = manifest_path(dir, path);
	if (status == CH_OK)
		status = file_read_all(path, MANIFEST_BYTES_MAX, &text);
	if (status == CH_TOO_LARGE)
		status = CH_CORRUPT;
	if (status == CH_OK)
		status = manifest_parse(buffer_slice(&text), out_manifest);
	buffer_fini(&text);
	return status;
}

enum ch_status manifest_write(const char *dir, const struct manifest *manifest)
{
	char path[PATH_MAX];
	struct buffer text = {0};
	enum ch_status status = manifest_path(dir, path);
	manifest_print(manifest, &text);
	if (status == CH_OK)
		status = text.status;
	if (status == CH_OK)
		status = file_fault("journal.manifest");
	if (status == CH_OK)
		status = file_replace(path, buffer_slice(&text), 0600);
	buffer_fini(&text);
	return status;
}

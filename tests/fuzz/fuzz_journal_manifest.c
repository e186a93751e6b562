/* A manifest of anything, as text and as a file: what is read prints to what was read.  One whose last line is
 * missing gets it, with the right sum, so that what stands above is the fuzzer's own. */
#include "base/crc32c.h"
#include "folder.h"
#include "journal/manifest.h"

#define INPUT_MAX 8192u
#define FILE_MAX  4096u /* a longer file is none */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_same(const struct manifest *a, const struct manifest *b)
{
	invariant(a->kind == b->kind && a->incarnation == b->incarnation);
	invariant(a->removed == b->removed && a->parent == b->parent);
	invariant(a->parent_last == b->parent_last);
	invariant(memcmp(a->removed_hash, b->removed_hash, JOURNAL_HASH_BYTES) == 0);
}

static void fuzz_again(const struct manifest *first)
{
	struct manifest again;
	struct buffer text = {0};
	manifest_print(first, &text);
	invariant(manifest_parse(buffer_slice(&text), &again) == CH_OK);
	fuzz_same(first, &again);
	invariant(manifest_write(folder(), first) == CH_OK);
	invariant(manifest_read(folder(), &again) == CH_OK);
	fuzz_same(first, &again);
	buffer_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest manifest;
	struct manifest from_file;
	struct buffer text = {0};
	if (size > INPUT_MAX)
		return 0;
	buffer_append(&text, data, size);
	if (size > 0 && memmem(data, size, "crc32c", 6) == NULL)
		buffer_printf(&text, "crc32c %08x\n", crc32c(0, data, size));
	enum ch_status status = manifest_parse(buffer_slice(&text), &manifest);
	(void)folder_write(MANIFEST_NAME, buffer_slice(&text), 0600); /* its path is not needed */
	enum ch_status read = manifest_read(folder(), &from_file);
	invariant(read == (text.len > FILE_MAX ? CH_CORRUPT : status));
	if (read == CH_OK) {
		fuzz_same(&manifest, &from_file);
		fuzz_again(&manifest);
	}
	buffer_fini(&text);
	return 0;
}

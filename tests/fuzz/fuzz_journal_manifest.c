/* A manifest of anything: what is read prints to what was read. */
#include <stddef.h>
#include <stdint.h>

#include "base/invariant.h"
#include "journal/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest manifest;
	struct buffer text = {0};
	if (size > 0 && manifest_parse(slice_of(data, size), &manifest) == CH_OK) {
		struct manifest again;
		manifest_print(&manifest, &text);
		invariant(manifest_parse(buffer_slice(&text), &again) == CH_OK);
		invariant(again.incarnation == manifest.incarnation &&
			  again.removed == manifest.removed && again.kind == manifest.kind);
	}
	buffer_fini(&text);
	return 0;
}

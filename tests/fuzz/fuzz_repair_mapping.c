/* A mapping as a person may write it: read or refused with its problems, nothing else. */
#include "base/invariant.h"
#include "channel/repair/mapping.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct problems problems = {0};
	struct mapping *mapping = NULL;
	enum ch_status status =
		mapping_parse(slice_of(data, len), "fuzz", NULL, &problems, &mapping);
	invariant((status == CH_OK) == (mapping != NULL));
	invariant((status == CH_OK) == problems_none(&problems));
	mapping_free(mapping);
	problems_fini(&problems);
	return 0;
}

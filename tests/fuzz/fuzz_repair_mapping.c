/* A mapping as a person may write it: read or refused with its problems, nothing else; and what was read is good
 * for reading a file. */
#include "repair_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *const files[] = {
	[MAPPING_CSV] = "id,t,x,m\nR1,2026-03-02T10:00:00Z,1,好\nR2,,,\"a,b\"\n",
	[MAPPING_JSONL] =
		"{\"id\":\"R1\",\"t\":\"2026-03-02T10:00:00Z\",\"x\":1,\"m\":\"好\"}\n{\"id\":\"R2\"}\n",
	[MAPPING_XES] =
		"<log><trace><string key=\"concept:name\" value=\"R1\"/><event>"
		"<string key=\"concept:name\" value=\"x\"/>"
		"<date key=\"time:timestamp\" value=\"2026-03-02T10:00:00Z\"/></event></trace></log>",
	[MAPPING_CLOUDEVENTS] =
		"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":"
		"\"repair.order.repaired\",\"data\":{\"repairOrderId\":\"R1\",\"station\":"
		"{\"stationId\":\"S\"}}}\n",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct mapping *native;
	struct problems problems = {0};
	struct mapping *mapping = NULL;
	if (native == NULL)
		native = repair_file_mapping("[file]\nformat = cloudevents\n");
	enum ch_status status =
		mapping_parse(slice_of(data, len), "fuzz", NULL, &problems, &mapping);
	invariant((status == CH_OK) == (mapping != NULL));
	invariant((status == CH_OK) == problems_none(&problems));
	if (mapping != NULL)
		repair_file_check(mapping, native, slice_text(files[mapping->format]));
	mapping_free(mapping);
	problems_fini(&problems);
	return 0;
}

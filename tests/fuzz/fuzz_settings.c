/* Settings as an operator sends them: taken whole, or refused with the number of a line. */
#include "base/invariant.h"
#include "core/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct settings settings;
	uint32_t line = 0;
	settings_init(&settings);
	enum ch_status status = settings_parse(&settings, slice_of(data, len), &line);
	invariant(status == CH_OK || (status == CH_INVALID && line > 0));
	invariant(settings.text.len == (status == CH_OK ? len : 0));
	(void)settings_blocks(&settings, KEY_PHONE, slice_of(data, len));
	(void)settings_peer(&settings, slice_of(data, len));
	settings_fini(&settings);
	return 0;
}

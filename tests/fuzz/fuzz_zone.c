/* A compiled time zone of any bytes, and any bytes as a zone's name: what is taken tells an offset below a week for
 * every moment, and a civil time that it has made of a moment becomes that moment again, but for the hour that
 * clocks show twice. */
#include "base/clock.h"
#include "base/zone.h"
#include "folder.h"

#define INPUT_MAX 4096u
#define WEEK_S    (7 * 86400)
#define US_PER_S  INT64_C(1000000)
#define MOMENTS   24

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fuzz_moments(const struct zone *zone)
{
	for (int i = 0; i < MOMENTS; i++) {
		/* From 1800 to 2200, at odd times. */
		int64_t utc_s = INT64_C(-5364662400) + i * INT64_C(525949203);
		int32_t offset_s = zone_offset_s(zone, utc_s);
		invariant(offset_s > -WEEK_S - 3601 && offset_s < WEEK_S + 3601);
		int64_t again_us = zone_to_utc(zone, (utc_s + offset_s) * US_PER_S + 7);
		invariant(again_us % US_PER_S != 0);
		invariant(again_us < (utc_s + 2 * WEEK_S) * US_PER_S &&
			  again_us > (utc_s - 2 * WEEK_S) * US_PER_S);
	}
}

static void fuzz_name(struct slice name, enum ch_status known)
{
	struct zone *zone = NULL;
	enum ch_status status = zone_open(name, &zone);
	invariant((status == CH_OK) == (zone != NULL));
	invariant(known == CH_OK || status == known);
	if (zone != NULL)
		fuzz_moments(zone);
	zone_free(zone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static bool begun;
	struct zone *zone = NULL;
	if (len > INPUT_MAX)
		return 0;
	if (!begun)
		invariant(setenv("TZDIR", folder(), 1) == 0);
	begun = true;
	if (len <= 64 && memchr(data, 0, len) == NULL)
		fuzz_name(slice_of(data, len), CH_OK);
	(void)folder_write("Fuzz", slice_of(data, len), 0600); /* its path is not needed */
	enum ch_status status = zone_open(SLICE_LITERAL("Fuzz"), &zone);
	invariant(status == CH_OK || status == CH_CORRUPT);
	if (status == CH_OK)
		fuzz_moments(zone);
	zone_free(zone);
	return 0;
}

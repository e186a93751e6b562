/* The files that repair stations drop, as the kit reads them: for the drop folder, and for `translate`. */
#ifndef REPAIR_STATION_FOLDER_H
#define REPAIR_STATION_FOLDER_H

#include "channel/repair/mapping.h"
#include "kit/format.h"

/* Whatever a mapping describes; the decoder is a struct stations. */
extern const struct kit_format station_format;

struct stations;

/* `mapping` is a file or the name of a built-in one; NULL: one of these is chosen for each file.
 * CH_INVALID, CH_NOT_FOUND, CH_IO: told in `problems`; CH_NOMEM. */
enum ch_status stations_create(const char *mapping, const struct mapping_overrides *overrides,
	struct problems *problems, struct stations **out_stations);
void stations_free(void *stations); /* NULL is fine */

/* The one that was asked for; NULL: one is chosen for each file. */
const struct mapping *stations_mapping(const struct stations *stations);

#endif

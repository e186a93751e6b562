/* The folder that repair stations drop their files into, as a source for the kit: `carehub-repair run`, and
 * for its `translate`.  The settings beside the kit's own are `repair.mapping`, `repair.source`,
 * `repair.station` and `repair.zone`. */
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

/* kit_main with that source: run, check, config. */
int station_folder_main(int argc, char **argv);

#endif

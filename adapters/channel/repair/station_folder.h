/* `carehub-repair run`: the folder that one station, or many, drop their files into, as a source for
 * the kit.  The settings beside the kit's own are `repair.mapping`, `repair.source`, `repair.station`
 * and `repair.zone`; the last three say it over the mapping's head. */
#ifndef STATION_FOLDER_H
#define STATION_FOLDER_H

/* kit_main with that source: run, check, config. */
int station_folder_main(int argc, char **argv);

#endif

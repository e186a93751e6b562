/* `carehub-pos run`: the folder that the shops' servers put their tills' logs into, as a source for the
 * kit.  The settings beside the kit's own are `pos.source`, `pos.time_zone` and `pos.currency`. */
#ifndef TILL_FOLDER_H
#define TILL_FOLDER_H

/* kit_main with that source: run, check, config. */
int till_folder_main(int argc, char **argv);

#endif

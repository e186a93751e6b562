/* What the shops' servers put into a folder, the tills' logs, as a source for the kit: `carehub-pos run`, and
 * for its `translate`.  The settings beside the kit's own are `pos.source`, `pos.time_zone` and
 * `pos.currency`. */
#ifndef TILL_FOLDER_H
#define TILL_FOLDER_H

#include "kit/format.h"

/* POSLog; the decoder is a struct pos_options. */
extern const struct kit_format till_format;

/* kit_main with that source: run, check, config. */
int till_folder_main(int argc, char **argv);

#endif

/* The names of segments that a file of definitions has, whatever else is wrong with it: for whoever names a segment in
 * a file of his own and is to be told, in the same pass as the definitions' mistakes, that there is none such. */
#ifndef MARKETING_SEGMENT_NAMES_H
#define MARKETING_SEGMENT_NAMES_H

#include <stdbool.h>

#include "base/slice.h"

struct segment_names {
	struct buffer text; /* each with a line feed behind it */
};

/* What the file cannot be read for (CH_NOT_FOUND, CH_DENIED, CH_TOO_LARGE, CH_IO), which is told by who reads the
 * definitions; CH_NOMEM. */
enum ch_status segment_names_read(const char *path, struct segment_names *out_names);
void segment_names_fini(struct segment_names *names);

bool segment_names_have(const struct segment_names *names, struct slice name);

#endif

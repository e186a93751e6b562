/* What a program without a port counts, for whoever watches it: a file of OpenMetrics, written anew every ten
 * seconds and whenever it is asked for, for node_exporter's textfile collector. */
#ifndef KIT_METRICS_FILE_H
#define KIT_METRICS_FILE_H

#include "base/metric.h"

struct metrics_file;

/* `path` may be NULL: nothing is ever written.  CH_NOMEM. */
enum ch_status metrics_file_create(const char *path, struct metrics_file **out_file);
void metrics_file_free(struct metrics_file *file); /* NULL is fine */

/* Where its series are made. */
struct metrics *metrics_file_metrics(struct metrics_file *file);

/* Whether anybody reads it; and whether it is time to write by the clock. */
bool metrics_file_is_read(const struct metrics_file *file);
bool metrics_file_is_due(const struct metrics_file *file);

/* Now, and ten seconds from now again.  A file that cannot be written is logged once, and is no reason to fail. */
void metrics_file_write(struct metrics_file *file);

#endif

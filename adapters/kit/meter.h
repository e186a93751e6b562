/* What an adapter counts, for whoever watches it: a file of OpenMetrics, written anew every ten seconds and
 * at the end, for node_exporter's textfile collector.  An adapter listens on no port. */
#ifndef KIT_METER_H
#define KIT_METER_H

#include "kit/adapter.h"
#include "kit/relay.h"
#include "kit/run_life.h"

struct meter;

/* Of an adapter and its source.  `path` may be NULL: nothing is written, and the meter is NULL.  CH_NOMEM. */
enum ch_status meter_create(const struct kit_adapter *adapter, void *source, const char *path,
	struct meter **out_meter);

/* Looks at the clock; when it is time, or the generation is another one, writes.  A file that cannot be
 * written is logged once and is no reason to fail.  NULL is fine. */
void meter_tell(struct meter *meter, const struct kit_counts *counts, const struct relay *relay,
	const struct run_life *life);

/* Now, whatever the clock says. */
void meter_write(struct meter *meter, const struct kit_counts *counts, const struct relay *relay,
	const struct run_life *life);

void meter_free(struct meter *meter);

#endif

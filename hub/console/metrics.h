/* /metrics: everything that is counted, as OpenMetrics, with what the process itself can say. */
#ifndef CONSOLE_METRICS_H
#define CONSOLE_METRICS_H

#include "base/metric.h"
#include "net/http.h"

/* Adds the page, and to the registry: build, start time, CPU seconds, resident memory, descriptors.
 * The registry outlives the server. */
void metrics_serve(struct metrics *metrics, struct http *http);

#endif

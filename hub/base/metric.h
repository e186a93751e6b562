/* What the hub counts, for whoever watches it: counters, gauges and histograms that any thread may
 * change without a lock, written out as OpenMetrics 1.0 text.
 *
 *     struct metric *seen = metric_counter(metrics, "carehub_bus_messages", "Messages received.",
 *             "direction", "in", NULL);
 *     metric_add(seen, 1);
 *
 *     # TYPE carehub_bus_messages counter
 *     # HELP carehub_bus_messages Messages received.
 *     carehub_bus_messages_total{direction="in"} 1
 *
 * A series has its labels for life and is found again under the same name and labels, so a reload may
 * ask for it once more.  No label ever holds a personal value.
 *
 * A metric that could not be made (out of memory, over LIMIT_METRIC_SERIES, a name used for another
 * kind) is NULL, and every call takes NULL and does nothing: counting is never a reason to fail. */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct metrics;
struct metric;

struct metrics *metrics_create(void); /* NULL: out of memory */
void metrics_free(struct metrics *metrics);

/* Any thread.  Names and label names are our own constant text (`[a-z_]+`, no "_total"); values are
 * copied and escaped.  The labels are pairs of name and value, ended by NULL; at most 8 pairs. */
struct metric *metric_counter(struct metrics *metrics, const char *name, const char *help,
	... /* NULL */) __attribute__((sentinel));
struct metric *metric_gauge(struct metrics *metrics, const char *name, const char *help, ...)
	__attribute__((sentinel));

/* A counter of microseconds, exported as seconds; its name ends in "_seconds". */
struct metric *metric_counter_us(struct metrics *metrics, const char *name, const char *help, ...)
	__attribute__((sentinel));

/* `scale`: what one unit that is observed is in the exported unit, as a power of ten: -6 for
 * microseconds exported as seconds, 0 for none.  `bounds` rise, in observed units; they are copied.
 * The largest bucket, +Inf, is added. */
struct metric *metric_histogram(struct metrics *metrics, const char *name, const char *help,
	int scale, const int64_t *bounds, size_t count, ...) __attribute__((sentinel));

/* Bounds for times in microseconds: 50 us to 10 s. */
extern const int64_t metric_time_bounds[];
extern const size_t metric_time_bounds_count;

/* Any thread, no lock. */
void metric_add(struct metric *metric, int64_t amount); /* a counter never goes down: amount >= 0 */
void metric_set(struct metric *metric, int64_t value);  /* gauges */
void metric_observe(struct metric *metric, int64_t value); /* histograms */
int64_t metric_value(const struct metric *metric);         /* of a counter or gauge; NULL: 0 */

/* Called by metrics_write before it writes, on its thread: sets gauges that are cheap to look up and
 * dear to keep.  At most 16. */
void metrics_on_write(struct metrics *metrics, void (*update)(void *context), void *context);

/* Appends all of it, ended by "# EOF".  Families stand in the order in which they were made.  One
 * call at a time. */
void metrics_write(struct metrics *metrics, struct buffer *out);

#endif

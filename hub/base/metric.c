#include "base/metric.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/invariant.h"
#include "base/limits.h"
#include "base/table.h"

#define METRIC_LABELS_MAX 8
#define METRIC_HOOKS_MAX  16
#define CACHE_LINE        64

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

static const char *const kind_names[] = {"counter", "gauge", "histogram"};

const int64_t metric_time_bounds[] = {50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000,
	100000, 250000, 500000, 1000000, 2500000, 10000000};
const size_t metric_time_bounds_count = sizeof(metric_time_bounds) / sizeof(metric_time_bounds[0]);

/* The numbers that threads fight over have a cache line of their own. */
struct metric {
	_Alignas(CACHE_LINE) atomic_int_fast64_t value; /* of a histogram: the sum */
	struct metric_family *family;
	struct metric *next;           /* in the family */
	char *labels;                  /* `peer="pos",direction="in"`, "" without */
	char *key;                     /* name and labels, for the table */
	atomic_uint_fast64_t *buckets; /* not cumulated, +Inf last */
};

struct metric_family {
	struct metric_family *next;
	const char *name;
	const char *help;
	enum metric_kind kind;
	int scale;
	int64_t *bounds;
	size_t bound_count;
	struct metric *first;
	struct metric **last;
};

struct metric_hook {
	void (*update)(void *context);
	void *context;
};

struct metrics {
	pthread_mutex_t lock; /* of everything but the numbers */
	struct metric_family *first;
	struct metric_family **last;
	struct table series; /* by key */
	struct metric_hook hooks[METRIC_HOOKS_MAX];
	size_t hook_count;
};

/* ---- Making ---- */

struct metrics *metrics_create(void)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));
	if (metrics == NULL)
		return NULL;
	invariant(pthread_mutex_init(&metrics->lock, NULL) == 0);
	metrics->last = &metrics->first;
	return metrics;
}

static void metric_free(struct metric *metric)
{
	if (metric == NULL)
		return;
	free(metric->labels);
	free(metric->key);
	free(metric->buckets);
	free(metric);
}

void metrics_free(struct metrics *metrics)
{
	if (metrics == NULL)
		return;
	while (metrics->first != NULL) {
		struct metric_family *family = metrics->first;
		metrics->first = family->next;
		while (family->first != NULL) {
			struct metric *metric = family->first;
			family->first = metric->next;
			metric_free(metric);
		}
		free(family->bounds);
		free(family);
	}
	table_fini(&metrics->series);
	(void)pthread_mutex_destroy(&metrics->lock);
	free(metrics);
}

/* A label's value between quotes: OpenMetrics escapes these three and nothing else. */
static void metric_escape(struct buffer *out, const char *text)
{
	for (; *text != 0; text++) {
		if (*text == '\n')
			buffer_append_text(out, "\\n");
		else if (*text == '"' || *text == '\\')
			buffer_printf(out, "\\%c", *text);
		else
			buffer_append_byte(out, (uint8_t)*text);
	}
}

static void metric_write_labels(struct buffer *out, va_list labels)
{
	for (int i = 0; i < METRIC_LABELS_MAX; i++) {
		/* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): every caller has started it */
		const char *name = va_arg(labels, const char *);
		if (name == NULL)
			return;
		const char *value = va_arg(labels, const char *);
		buffer_printf(out, "%s%s=\"", i > 0 ? "," : "", name);
		metric_escape(out, value);
		buffer_append_text(out, "\"");
	}
}

/* The family as it was asked for, made at its first series. */
static struct metric_family *metric_family_get(
	struct metrics *metrics, const struct metric_family *wanted)
{
	for (struct metric_family *family = metrics->first; family != NULL; family = family->next) {
		if (strcmp(family->name, wanted->name) == 0)
			return family->kind == wanted->kind &&
					       family->bound_count == wanted->bound_count
				       ? family
				       : NULL;
	}
	struct metric_family *family = malloc(sizeof(*family));
	if (family == NULL)
		return NULL;
	*family = *wanted;
	family->last = &family->first;
	if (wanted->bound_count > 0) {
		family->bounds = calloc(wanted->bound_count, sizeof(*family->bounds));
		if (family->bounds == NULL) {
			free(family);
			return NULL;
		}
		memcpy(family->bounds, wanted->bounds,
			wanted->bound_count * sizeof(*family->bounds));
	}
	*metrics->last = family;
	metrics->last = &family->next;
	return family;
}

static struct metric *metric_new(struct metrics *metrics, const struct metric_family *wanted,
	const char *labels, const char *key)
{
	struct metric_family *family = metric_family_get(metrics, wanted);
	if (family == NULL || metrics->series.count >= LIMIT_METRIC_SERIES)
		return NULL;
	struct metric *metric = aligned_alloc(CACHE_LINE, sizeof(*metric));
	if (metric == NULL)
		return NULL;
	*metric = (struct metric){.family = family};
	metric->labels = strdup(labels);
	metric->key = strdup(key);
	if (family->kind == METRIC_HISTOGRAM)
		metric->buckets = calloc(family->bound_count + 1, sizeof(*metric->buckets));
	if (metric->labels == NULL || metric->key == NULL ||
		(family->kind == METRIC_HISTOGRAM && metric->buckets == NULL) ||
		table_put(&metrics->series, slice_text(metric->key), metric) != CH_OK) {
		metric_free(metric);
		return NULL;
	}
	*family->last = metric;
	family->last = &metric->next;
	return metric;
}

static struct metric *metric_get(
	struct metrics *metrics, const struct metric_family *wanted, va_list labels)
{
	struct buffer text = {0};
	struct buffer key = {0};
	struct metric *metric = NULL;
	if (metrics == NULL)
		return NULL;
	metric_write_labels(&text, labels);
	buffer_printf(&key, "%s{%s}", wanted->name, buffer_text(&text));
	if (text.status == CH_OK && key.status == CH_OK) {
		(void)pthread_mutex_lock(&metrics->lock);
		metric = table_get(&metrics->series, buffer_slice(&key));
		if (metric == NULL)
			metric = metric_new(metrics, wanted, buffer_text(&text), buffer_text(&key));
		else if (metric->family->kind != wanted->kind)
			metric = NULL;
		(void)pthread_mutex_unlock(&metrics->lock);
	}
	buffer_fini(&key);
	buffer_fini(&text);
	return metric;
}

struct metric *metric_counter(struct metrics *metrics, const char *name, const char *help, ...)
{
	const struct metric_family wanted = {.name = name, .help = help, .kind = METRIC_COUNTER};
	va_list labels;
	va_start(labels, help);
	struct metric *metric = metric_get(metrics, &wanted, labels);
	va_end(labels);
	return metric;
}

struct metric *metric_counter_us(struct metrics *metrics, const char *name, const char *help, ...)
{
	const struct metric_family wanted = {
		.name = name, .help = help, .kind = METRIC_COUNTER, .scale = -6};
	va_list labels;
	va_start(labels, help);
	struct metric *metric = metric_get(metrics, &wanted, labels);
	va_end(labels);
	return metric;
}

struct metric *metric_gauge(struct metrics *metrics, const char *name, const char *help, ...)
{
	const struct metric_family wanted = {.name = name, .help = help, .kind = METRIC_GAUGE};
	va_list labels;
	va_start(labels, help);
	struct metric *metric = metric_get(metrics, &wanted, labels);
	va_end(labels);
	return metric;
}

struct metric *metric_histogram(struct metrics *metrics, const char *name, const char *help,
	int scale, const int64_t *bounds, size_t count, ...)
{
	struct metric_family wanted = {
		.name = name,
		.help = help,
		.kind = METRIC_HISTOGRAM,
		.scale = scale,
		.bound_count = count,
	};
	int64_t copy[64];
	va_list labels;
	invariant(
		count > 0 && count <= sizeof(copy) / sizeof(copy[0]) && scale <= 0 && scale >= -9);
	memcpy(copy, bounds, count * sizeof(copy[0]));
	wanted.bounds = copy;
	va_start(labels, count);
	struct metric *metric = metric_get(metrics, &wanted, labels);
	va_end(labels);
	return metric;
}

/* ---- Counting: relaxed, because each number stands for itself ---- */

void metric_add(struct metric *metric, int64_t amount)
{
	if (metric != NULL)
		atomic_fetch_add_explicit(&metric->value, amount, memory_order_relaxed);
}

void metric_set(struct metric *metric, int64_t value)
{
	if (metric != NULL)
		atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

void metric_observe(struct metric *metric, int64_t value)
{
	if (metric == NULL)
		return;
	const struct metric_family *family = metric->family;
	size_t at = 0;
	while (at < family->bound_count && value > family->bounds[at])
		at++;
	atomic_fetch_add_explicit(&metric->buckets[at], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&metric->value, value, memory_order_relaxed);
}

int64_t metric_value(const struct metric *metric)
{
	return metric != NULL ? atomic_load_explicit(&metric->value, memory_order_relaxed) : 0;
}

/* ---- Writing ---- */

void metrics_on_write(struct metrics *metrics, void (*update)(void *context), void *context)
{
	(void)pthread_mutex_lock(&metrics->lock);
	invariant(metrics->hook_count < METRIC_HOOKS_MAX);
	metrics->hooks[metrics->hook_count++] = (struct metric_hook){update, context};
	(void)pthread_mutex_unlock(&metrics->lock);
}

/* An integer times ten to the power of `scale`, exactly: a float would not be. */
static void metric_write_scaled(struct buffer *out, int64_t value, int scale)
{
	uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	uint64_t unit = 1;
	for (int i = scale; i < 0; i++)
		unit *= 10;
	buffer_printf(out, "%s%" PRIu64, value < 0 ? "-" : "", magnitude / unit);
	if (scale < 0)
		buffer_printf(out, ".%0*" PRIu64, -scale, magnitude % unit);
}

static void metric_write_name(struct buffer *out, const struct metric *metric, const char *suffix)
{
	buffer_printf(out, "%s%s", metric->family->name, suffix);
	if (metric->labels[0] != 0)
		buffer_printf(out, "{%s}", metric->labels);
	buffer_append_text(out, " ");
}

static void metric_write_bucket(struct buffer *out, const struct metric *metric, size_t at)
{
	const struct metric_family *family = metric->family;
	buffer_printf(out, "%s_bucket{%s%sle=\"", family->name, metric->labels,
		metric->labels[0] != 0 ? "," : "");
	if (at < family->bound_count)
		metric_write_scaled(out, family->bounds[at], family->scale);
	else
		buffer_append_text(out, "+Inf");
	buffer_append_text(out, "\"} ");
}

static void metric_write_histogram(struct buffer *out, const struct metric *metric)
{
	const struct metric_family *family = metric->family;
	uint64_t count = 0;
	/* The count is the buckets' own sum, so that the two always agree. */
	for (size_t i = 0; i <= family->bound_count; i++) {
		count += atomic_load_explicit(&metric->buckets[i], memory_order_relaxed);
		metric_write_bucket(out, metric, i);
		buffer_printf(out, "%" PRIu64 "\n", count);
	}
	metric_write_name(out, metric, "_count");
	buffer_printf(out, "%" PRIu64 "\n", count);
	metric_write_name(out, metric, "_sum");
	metric_write_scaled(out, metric_value(metric), family->scale);
	buffer_append_text(out, "\n");
}

static void metric_write(struct buffer *out, const struct metric *metric)
{
	if (metric->family->kind == METRIC_HISTOGRAM) {
		metric_write_histogram(out, metric);
		return;
	}
	metric_write_name(out, metric, metric->family->kind == METRIC_COUNTER ? "_total" : "");
	metric_write_scaled(out, metric_value(metric), metric->family->scale);
	buffer_append_text(out, "\n");
}

void metrics_write(struct metrics *metrics, struct buffer *out)
{
	struct metric_hook hooks[METRIC_HOOKS_MAX];
	(void)pthread_mutex_lock(&metrics->lock);
	size_t hook_count = metrics->hook_count;
	memcpy(hooks, metrics->hooks, sizeof(hooks));
	(void)pthread_mutex_unlock(&metrics->lock);
	/* Not under the lock: an update may make the series that it sets. */
	for (size_t i = 0; i < hook_count; i++)
		hooks[i].update(hooks[i].context);
	(void)pthread_mutex_lock(&metrics->lock);
	for (const struct metric_family *family = metrics->first; family != NULL;
		family = family->next) {
		buffer_printf(out, "# TYPE %s %s\n", family->name, kind_names[family->kind]);
		buffer_printf(out, "# HELP %s ", family->name);
		metric_escape(out, family->help);
		buffer_append_text(out, "\n");
		for (const struct metric *metric = family->first; metric != NULL;
			metric = metric->next)
			metric_write(out, metric);
	}
	(void)pthread_mutex_unlock(&metrics->lock);
	buffer_append_text(out, "# EOF\n");
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/limits.h"
#include "base/metric.h"
#include "unit/openmetrics.h"

static void test_counts_and_writes(void **state)
{
	struct metrics *metrics = metrics_create();
	struct buffer out = {0};
	const int64_t bounds[] = {100, 2500, 1000000};
	(void)state;
	struct metric *in = metric_counter(
		metrics, "carehub_messages", "Messages.", "direction", "in", "peer", "pos", NULL);
	struct metric *lag = metric_gauge(metrics, "carehub_lag_events", "Behind.", NULL);
	struct metric *time =
		metric_histogram(metrics, "carehub_sync_seconds", "Sync.", -6, bounds, 3, NULL);
	metric_add(in, 2);
	metric_add(in, 40);
	metric_set(lag, -3);
	metric_observe(time, 100);
	metric_observe(time, 101);
	metric_observe(time, 2000000);
	metrics_write(metrics, &out);
	assert_string_equal(buffer_text(&out),
		"# TYPE carehub_messages counter\n"
		"# HELP carehub_messages Messages.\n"
		"carehub_messages_total{direction=\"in\",peer=\"pos\"} 42\n"
		"# TYPE carehub_lag_events gauge\n"
		"# HELP carehub_lag_events Behind.\n"
		"carehub_lag_events -3\n"
		"# TYPE carehub_sync_seconds histogram\n"
		"# HELP carehub_sync_seconds Sync.\n"
		"carehub_sync_seconds_bucket{le=\"0.000100\"} 1\n"
		"carehub_sync_seconds_bucket{le=\"0.002500\"} 2\n"
		"carehub_sync_seconds_bucket{le=\"1.000000\"} 2\n"
		"carehub_sync_seconds_bucket{le=\"+Inf\"} 3\n"
		"carehub_sync_seconds_count 3\n"
		"carehub_sync_seconds_sum 2.000201\n"
		"# EOF\n");
	assert_int_equal(openmetrics_check(buffer_text(&out)), 8);
	buffer_fini(&out);
	metrics_free(metrics);
}

static void test_same_name_and_labels_are_one_series(void **state)
{
	struct metrics *metrics = metrics_create();
	struct buffer out = {0};
	(void)state;
	struct metric *a = metric_counter(metrics, "carehub_a", "A.", "peer", "x", NULL);
	assert_ptr_equal(a, metric_counter(metrics, "carehub_a", "A.", "peer", "x", NULL));
	assert_ptr_not_equal(a, metric_counter(metrics, "carehub_a", "A.", "peer", "y", NULL));
	/* Another kind under the same name is our own mistake: nothing is made, nothing breaks. */
	assert_null(metric_gauge(metrics, "carehub_a", "A.", "peer", "x", NULL));
	assert_null(metric_gauge(metrics, "carehub_a", "A.", "peer", "z", NULL));
	metric_add(NULL, 1);
	metric_set(NULL, 1);
	metric_observe(NULL, 1);
	assert_int_equal(metric_value(NULL), 0);
	assert_null(metric_counter(NULL, "carehub_a", "A.", NULL));
	/* A family's series stay together, whenever they were made. */
	(void)metric_counter(metrics, "carehub_b", "B.", NULL);
	(void)metric_counter(metrics, "carehub_a", "A.", "peer", "w", NULL);
	metrics_write(metrics, &out);
	assert_int_equal(openmetrics_check(buffer_text(&out)), 4);
	buffer_fini(&out);
	metrics_free(metrics);
}

static void test_escapes_what_labels_hold(void **state)
{
	struct metrics *metrics = metrics_create();
	struct buffer out = {0};
	(void)state;
	(void)metric_counter(
		metrics, "carehub_a", "Line\nand \"quote\".", "peer", "a\"b\\c\nd}", NULL);
	metrics_write(metrics, &out);
	assert_non_null(
		strstr(buffer_text(&out), "carehub_a_total{peer=\"a\\\"b\\\\c\\nd}\"} 0\n"));
	assert_int_equal(openmetrics_check(buffer_text(&out)), 1);
	buffer_fini(&out);
	metrics_free(metrics);
}

static void test_series_are_bounded(void **state)
{
	struct metrics *metrics = metrics_create();
	char value[16];
	(void)state;
	for (unsigned i = 0; i < LIMIT_METRIC_SERIES; i++) {
		(void)snprintf(value, sizeof(value), "%u", i);
		assert_non_null(metric_counter(metrics, "carehub_a", "A.", "peer", value, NULL));
	}
	assert_null(metric_counter(metrics, "carehub_a", "A.", "peer", "one more", NULL));
	assert_non_null(metric_counter(metrics, "carehub_a", "A.", "peer", "7", NULL));
	metrics_free(metrics);
}

static void *count_thread(void *context)
{
	struct metrics *metrics = context;
	for (int i = 0; i < 20000; i++) {
		metric_add(metric_counter(metrics, "carehub_a", "A.", "peer", "x", NULL), 1);
		metric_observe(metric_histogram(metrics, "carehub_t_seconds", "T.", -6,
				       metric_time_bounds, metric_time_bounds_count, NULL),
			i);
	}
	return NULL;
}

static void test_any_thread_counts(void **state)
{
	struct metrics *metrics = metrics_create();
	struct buffer out = {0};
	pthread_t threads[4];
	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_thread, metrics), 0);
	for (int i = 0; i < 20; i++) {
		buffer_clear(&out);
		metrics_write(metrics, &out);
		(void)openmetrics_check(buffer_text(&out)); /* whole at any moment */
	}
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(
		metric_value(metric_counter(metrics, "carehub_a", "A.", "peer", "x", NULL)), 80000);
	buffer_fini(&out);
	metrics_free(metrics);
}

static void set_gauge(void *context)
{
	metric_set(metric_gauge(context, "carehub_late", "L.", NULL), 5);
}

static void test_hooks_run_before_each_writing(void **state)
{
	struct metrics *metrics = metrics_create();
	struct buffer out = {0};
	(void)state;
	metrics_on_write(metrics, set_gauge, metrics);
	metrics_write(metrics, &out);
	assert_non_null(strstr(buffer_text(&out), "carehub_late 5\n"));
	buffer_fini(&out);
	metrics_free(metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_and_writes),
		cmocka_unit_test(test_same_name_and_labels_are_one_series),
		cmocka_unit_test(test_escapes_what_labels_hold),
		cmocka_unit_test(test_series_are_bounded),
		cmocka_unit_test(test_any_thread_counts),
		cmocka_unit_test(test_hooks_run_before_each_writing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

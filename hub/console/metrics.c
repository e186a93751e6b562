#include "console/metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* The names are those that every Prometheus client library uses for a process. */
static void metrics_update_memory(struct metrics *metrics)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	if (file == NULL)
		return;
	if (fscanf(file, "%*s %ld", &pages) == 1)
		metric_set(metric_gauge(metrics, "process_resident_memory_bytes",
				   "Memory that the process holds.", NULL),
			pages * sysconf(_SC_PAGESIZE));
	(void)fclose(file); /* read only */
}

static void metrics_update_descriptors(struct metrics *metrics)
{
	struct rlimit limit;
	int64_t count = 0;
	DIR *folder = opendir("/proc/self/fd");
	if (folder != NULL) {
		while (readdir(folder) != NULL)
			count++;
		(void)closedir(folder); /* read only */
		/* Not itself, nor `.` and `..`. */
		metric_set(metric_gauge(metrics, "process_open_fds", "Open descriptors.", NULL),
			count - 3);
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		metric_set(metric_gauge(metrics, "process_max_fds", "Descriptors that may be open.",
				   NULL),
			(int64_t)limit.rlim_cur);
}

static void metrics_update_cpu(struct metrics *metrics)
{
	struct timespec used;
	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0)
		return;
	struct metric *us = metric_counter_us(
		metrics, "process_cpu_seconds", "Processor time that the process has used.", NULL);
	metric_add(us, (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000 - metric_value(us));
}

static void metrics_update(void *context)
{
	metrics_update_memory(context);
	metrics_update_descriptors(context);
	metrics_update_cpu(context);
}

static void metrics_page(
	void *context, const struct http_request *request, struct http_answer *answer)
{
	(void)request;
	answer->type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
	metrics_write(context, &answer->body);
}

void metrics_serve(struct metrics *metrics, struct http *http)
{
	metric_set(metric_gauge(metrics, "carehub_build_info",
			   "Always 1; the version is the label.", "version", CAREHUB_VERSION, NULL),
		1);
	metric_set(metric_gauge(metrics, "process_start_time_seconds",
			   "When the process started, seconds since 1970.", NULL),
		clock_wall_us() / 1000000);
	metrics_on_write(metrics, metrics_update, metrics);
	http_route(http, "/metrics", metrics_page, metrics);
}

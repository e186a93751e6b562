#include "kit/metrics_file.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

#define WRITE_US 10000000

struct metrics_file {
	char *path; /* NULL: none */
	struct metrics *metrics;
	int64_t due_us;
	bool failed;
};

enum ch_status metrics_file_create(const char *path, struct metrics_file **out_file)
{
	struct metrics_file *file = calloc(1, sizeof(*file));
	if (file == NULL)
		return CH_NOMEM;
	file->path = path != NULL ? strdup(path) : NULL;
	file->metrics = metrics_create();
	if ((path != NULL && file->path == NULL) || file->metrics == NULL) {
		metrics_file_free(file);
		return CH_NOMEM;
	}
	*out_file = file;
	return CH_OK;
}

void metrics_file_free(struct metrics_file *file)
{
	if (file == NULL)
		return;
	metrics_free(file->metrics);
	free(file->path);
	free(file);
}

struct metrics *metrics_file_metrics(struct metrics_file *file)
{
	return file->metrics;
}

bool metrics_file_is_read(const struct metrics_file *file)
{
	return file->path != NULL;
}

bool metrics_file_is_due(const struct metrics_file *file)
{
	return file->path != NULL && clock_steady_us() >= file->due_us;
}

void metrics_file_write(struct metrics_file *file)
{
	struct buffer text = {0};
	if (file->path == NULL)
		return;
	file->due_us = clock_steady_us() + WRITE_US;
	metrics_write(file->metrics, &text);
	enum ch_status status = text.status;
	if (status == CH_OK)
		status = file_replace(file->path, buffer_slice(&text), 0644);
	buffer_fini(&text);
	if (status != CH_OK && !file->failed)
		log_warning("metrics.write", "path=\"%s\" status=%s", file->path,
			ch_status_name(status));
	file->failed = status != CH_OK;
}

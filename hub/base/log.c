#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

static const char *const level_names[] = {"error", "warning", "info", "debug"};
static atomic_int log_threshold = LOG_INFO;

void log_set_level(enum log_level level)
{
	atomic_store(&log_threshold, (int)level);
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
	char line[2048];
	char when[CLOCK_TEXT_BYTES];
	if ((int)level > atomic_load_explicit(&log_threshold, memory_order_relaxed))
		return;
	int len = snprintf(line, sizeof(line) - 2, "%s %s %s ", clock_format(clock_wall_us(), when),
		level_names[level], event);
	if (len > 0 && (size_t)len < sizeof(line) - 2) {
		va_list args;
		va_start(args, format);
		int more = vsnprintf(line + len, sizeof(line) - 2 - (size_t)len, format, args);
		va_end(args);
		len += more > 0 ? more : 0;
	}
	size_t end = len < 0 ? 0 : (size_t)len;
	if (end > sizeof(line) - 3)
		end = sizeof(line) - 3; /* cut, not lost */
	while (end > 0 && line[end - 1] == ' ')
		end--;
	/* One line is one record whatever a value held. */
	for (size_t i = 0; i < end; i++) {
		if (line[i] == '\n' || line[i] == '\r')
			line[i] = ' ';
	}
	line[end++] = '\n';
	ssize_t written = write(STDERR_FILENO, line, end); /* one call, so that lines never mix */
	(void)written; /* there is nowhere left to say that logging fails */
}

/* Structured logs on stderr, one line each: `2026-03-01T00:00:00.000000Z info hub.started head=17`.
 * Only programs log, once, where the decision is made.  Never a personal value, never a secret:
 * ids, sequences, counts and statuses only. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level);

/* `event` is a dotted name, `format` gives `key=value` pairs; may be "".  Any thread. */
void log_event(enum log_level level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define log_error(...)   log_event(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_event(LOG_WARNING, __VA_ARGS__)
#define log_info(...)    log_event(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_event(LOG_DEBUG, __VA_ARGS__)

#endif

/* How the load programs say what went wrong: one line on standard error, where run collects it. */
#ifndef BENCH_COMPLAINT_H
#define BENCH_COMPLAINT_H

/* "<who>: <text>". */
void complaint(const char *who, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

/* Waiting on a condition up to a point in time of the steady clock. */
#ifndef CLIENT_WAIT_H
#define CLIENT_WAIT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* A condition for wait_for. */
void wait_init(pthread_cond_t *condition);

/* When so many milliseconds will have passed; INT64_MAX (for ever) for those below 0. */
int64_t wait_until(int64_t timeout_ms);

/* Milliseconds left until then, never below 0; -1: for ever. */
int64_t wait_left(int64_t until_us);

/* False once the time is up.  Like every condition it may return early. */
bool wait_for(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t until_us);

#endif

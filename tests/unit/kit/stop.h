/* Stops a runner as its program is stopped: by a signal, in the thread that looks at the flag. */
#ifndef UNIT_KIT_STOP_H
#define UNIT_KIT_STOP_H

#include <pthread.h>
#include <signal.h>

static volatile int *stop_flag;

static void stop_on_signal(int number)
{
	(void)number;
	*stop_flag = 1;
}

static inline void stop_thread(pthread_t thread, volatile int *flag)
{
	struct sigaction action = {.sa_handler = stop_on_signal};
	stop_flag = flag;
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	assert_int_equal(pthread_kill(thread, SIGUSR1), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

#endif

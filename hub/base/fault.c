#include "base/fault.h"

#ifdef CH_FAULTS

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FAULTS_MAX 32

struct fault {
	char point[48];
	char action[16];
	unsigned long pass; /* at which it happens, 1 for the first */
	unsigned long passes;
};

static struct fault faults[FAULTS_MAX];
static int fault_count;
static pthread_once_t fault_once = PTHREAD_ONCE_INIT;
static pthread_mutex_t fault_lock = PTHREAD_MUTEX_INITIALIZER;

static void fault_load(void)
{
	const char *text = getenv("CAREHUB_FAULTS");
	while (text != NULL && *text != 0 && fault_count < FAULTS_MAX) {
		struct fault *fault = &faults[fault_count];
		if (sscanf(text, "%47[^:]:%15[^@]@%lu", fault->point, fault->action,
			    &fault->pass) == 3)
			fault_count++;
		text = strchr(text, ',');
		text = text != NULL ? text + 1 : NULL;
	}
}

static int fault_act(const struct fault *fault)
{
	if (strcmp(fault->action, "kill") == 0) {
		/* The test counts which points were really hit. */
		dprintf(STDERR_FILENO, "fault-hit %s\n", fault->point);
		(void)kill(getpid(), SIGKILL);
		pause();
	}
	if (strcmp(fault->action, "sleep") == 0)
		(void)usleep(200000);
	if (strcmp(fault->action, "enospc") == 0)
		return ENOSPC;
	if (strcmp(fault->action, "eio") == 0)
		return EIO;
	return 0;
}

int fault_at(const char *point)
{
	int error = 0;
	(void)pthread_once(&fault_once, fault_load);
	(void)pthread_mutex_lock(&fault_lock);
	for (int i = 0; i < fault_count; i++) {
		if (strcmp(faults[i].point, point) == 0 && ++faults[i].passes == faults[i].pass)
			error = fault_act(&faults[i]);
	}
	(void)pthread_mutex_unlock(&fault_lock);
	return error;
}

#else

/* ISO C wants something in every unit. */
extern int fault_unit_is_empty;

#endif

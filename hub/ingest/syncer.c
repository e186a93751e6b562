#include "ingest/syncer.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

struct syncer {
	pthread_t thread;
	sem_t start;
	sem_t done;
	struct batch *batch; /* NULL: it is time to go */
	enum ch_status status;
};

static void syncer_await(sem_t *semaphore)
{
	while (sem_wait(semaphore) != 0 && errno == EINTR)
		;
}

static void *syncer_main(void *context)
{
	struct syncer *syncer = context;
	(void)pthread_setname_np(pthread_self(), "syncer"); /* for whoever looks at the threads */
	for (;;) {
		syncer_await(&syncer->start);
		if (syncer->batch == NULL)
			return NULL;
		syncer->status = journal_commit(syncer->batch);
		(void)sem_post(&syncer->done); /* cannot fail below SEM_VALUE_MAX */
	}
}

enum ch_status syncer_create(struct syncer **out_syncer)
{
	struct syncer *syncer = calloc(1, sizeof(*syncer));
	if (syncer == NULL)
		return CH_NOMEM;
	(void)sem_init(&syncer->start, 0, 0); /* cannot fail with these */
	(void)sem_init(&syncer->done, 0, 0);
	if (pthread_create(&syncer->thread, NULL, syncer_main, syncer) != 0) {
		(void)sem_destroy(&syncer->start);
		(void)sem_destroy(&syncer->done);
		free(syncer);
		return CH_NOMEM;
	}
	*out_syncer = syncer;
	return CH_OK;
}

void syncer_free(struct syncer *syncer)
{
	if (syncer == NULL)
		return;
	syncer->batch = NULL;
	(void)sem_post(&syncer->start);
	(void)pthread_join(syncer->thread, NULL);
	(void)sem_destroy(&syncer->start);
	(void)sem_destroy(&syncer->done);
	free(syncer);
}

void syncer_start(struct syncer *syncer, struct batch *batch)
{
	syncer->batch = batch;
	(void)sem_post(&syncer->start);
}

enum ch_status syncer_wait(struct syncer *syncer)
{
	syncer_await(&syncer->done);
	return syncer->status;
}

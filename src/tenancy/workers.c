#include "tenancy/workers.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct job {
	void (*run)(void *context);
	void *context;
};

struct gh_workers {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct job *ring;
	size_t limit, head, count;
	bool closing;
	unsigned threads;
	pthread_t thread[];
};

static void *work(void *context)
{
	struct gh_workers *workers = context;

	pthread_mutex_lock(&workers->lock);
	for (;;) {
		while (workers->count == 0 && !workers->closing)
			pthread_cond_wait(&workers->work, &workers->lock);
		if (workers->count == 0)
			break;
		struct job job = workers->ring[workers->head];
		workers->head = (workers->head + 1) % workers->limit;
		workers->count--;
		pthread_mutex_unlock(&workers->lock);
		job.run(job.context);
		pthread_mutex_lock(&workers->lock);
	}
	pthread_mutex_unlock(&workers->lock);
	return NULL;
}

gh_result gh_workers_open(unsigned count, size_t queue_limit, struct gh_workers **out)
{
	struct gh_workers *workers = calloc(1, sizeof *workers + count * sizeof(pthread_t));
	struct job *ring = calloc(queue_limit, sizeof *ring);

	if (!workers || !ring) {
		free(workers);
		free(ring);
		return gh_fail(GH_E_MEMORY, "out of memory");
	}
	pthread_mutex_init(&workers->lock, NULL);
	pthread_cond_init(&workers->work, NULL);
	workers->ring = ring;
	workers->limit = queue_limit;
	for (; workers->threads < count; workers->threads++) {
		if (pthread_create(&workers->thread[workers->threads], NULL, work, workers) != 0) {
			gh_workers_close(workers);
			return gh_fail(GH_E_IO, "cannot start a worker thread");
		}
	}
	*out = workers;
	return GH_OK;
}

gh_result gh_workers_submit(struct gh_workers *workers, void (*job)(void *context), void *context)
{
	enum gh_code code = GH_OK;

	pthread_mutex_lock(&workers->lock);
	if (workers->closing) {
		code = GH_E_UNAVAILABLE;
	} else if (workers->count == workers->limit) {
		code = GH_E_LIMIT;
	} else {
		size_t tail = (workers->head + workers->count++) % workers->limit;
		workers->ring[tail] = (struct job){ job, context };
		pthread_cond_signal(&workers->work);
	}
	pthread_mutex_unlock(&workers->lock);
	GH_ENSURE(code == GH_OK, code, "the worker queue takes no more");
	return GH_OK;
}

void gh_workers_close(struct gh_workers *workers)
{
	if (!workers)
		return;
	pthread_mutex_lock(&workers->lock);
	workers->closing = true;
	pthread_cond_broadcast(&workers->work);
	pthread_mutex_unlock(&workers->lock);
	for (unsigned i = 0; i < workers->threads; i++)
		pthread_join(workers->thread[i], NULL);
	pthread_cond_destroy(&workers->work);
	pthread_mutex_destroy(&workers->lock);
	free(workers->ring);
	free(workers);
}

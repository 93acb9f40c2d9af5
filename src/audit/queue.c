/* Where entries come in and where they are answered. Nothing leaves the queue unanswered. */
#include "audit/sequencer_parts.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

static size_t content_of(const struct gh_audit_entry *entry)
{
	size_t bytes = entry->body_members.len + 512;

	for (const struct gh_audit_attachment *a = entry->attachments; a; a = a->next)
		bytes += a->plain.len + 128;
	return bytes;
}

gh_result gh_audit_push(struct gh_audit_log *log, struct gh_audit_entry *entry, bool internal)
{
	uint64_t now = gh_clock_mono_ns();
	bool stopped, full;

	if (entry->deadline_ns == 0)
		entry->deadline_ns = now + log->config.entry_timeout_ns;
	GH_ENSURE(entry->deadline_ns > now, GH_E_UNAVAILABLE, "an audit event came too late");
	entry->next = NULL;
	entry->code = GH_E_UNAVAILABLE;

	pthread_mutex_lock(&log->lock);
	stopped = log->halted || log->draining || (log->stopping && !internal);
	full = log->queued >= log->config.queue_limit && !internal;
	if (!stopped && !full) {
		if (log->queue.last)
			log->queue.last->next = entry;
		else
			log->queue.first = entry;
		log->queue.last = entry;
		if (log->queued++ == 0)
			pthread_cond_signal(&log->work);
	}
	pthread_mutex_unlock(&log->lock);
	GH_ENSURE(!stopped, GH_E_UNAVAILABLE, "the audit log takes no events now");
	GH_ENSURE(!full, GH_E_UNAVAILABLE, "too many audit events are waiting");
	return GH_OK;
}

/* Under the lock. */
static struct gh_audit_entry *pop(struct gh_audit_log *log)
{
	struct gh_audit_entry *entry = log->queue.first;

	log->queue.first = entry->next;
	if (!entry->next)
		log->queue.last = NULL;
	entry->next = NULL;
	log->queued--;
	return entry;
}

/* Under the lock. */
static void fill(struct gh_audit_log *log, struct gh_batch *batch)
{
	size_t bytes = 0;

	batch->count = 0;
	while (log->queue.first && batch->count < log->config.batch_limit) {
		size_t more = content_of(log->queue.first);

		if (batch->count > 0 && bytes + more > GH_AUDIT_BATCH_BYTES)
			return;
		bytes += more;
		batch->entries[batch->count++] = pop(log);
		if (batch->entries[batch->count - 1]->last_of_batch)
			return;
	}
}

bool gh_audit_take(struct gh_audit_log *log, struct gh_batch *batch)
{
	pthread_mutex_lock(&log->lock);
	while (!log->queue.first && !log->draining)
		pthread_cond_wait(&log->work, &log->lock);
	fill(log, batch);
	pthread_mutex_unlock(&log->lock);
	return batch->count > 0;
}

void gh_audit_refuse_queued(struct gh_audit_log *log, bool everything)
{
	struct gh_audit_entry *late[GH_AUDIT_BATCH_MAX];
	struct gh_audit_queue kept;
	uint64_t now = gh_clock_mono_ns();
	size_t count, staying;

	do {
		count = 0;
		staying = 0;
		kept = (struct gh_audit_queue){ 0 };
		pthread_mutex_lock(&log->lock);
		while (log->queue.first) {
			struct gh_audit_entry *entry = pop(log);

			if (count < GH_ARRAY_LEN(late) &&
			    (everything || entry->deadline_ns <= now)) {
				entry->code = GH_E_UNAVAILABLE;
				late[count++] = entry;
				continue;
			}
			if (kept.last)
				kept.last->next = entry;
			else
				kept.first = entry;
			kept.last = entry;
			staying++;
		}
		log->queued = staying;
		log->queue = kept;
		pthread_mutex_unlock(&log->lock);
		gh_audit_deliver(log, late, count);
	} while (count == GH_ARRAY_LEN(late));
}

static void count_answers(struct gh_audit_log *log, struct gh_audit_entry *const *entries,
                          size_t count)
{
	uint64_t acked = 0, refused = 0;

	for (size_t i = 0; i < count; i++) {
		acked += entries[i] && entries[i]->code == GH_OK;
		refused += entries[i] && entries[i]->code != GH_OK;
	}
	pthread_mutex_lock(&log->lock);
	log->metrics.acked += acked;
	log->metrics.refused += refused;
	pthread_mutex_unlock(&log->lock);
}

void gh_audit_deliver(struct gh_audit_log *log, struct gh_audit_entry **entries, size_t count)
{
	count_answers(log, entries, count);
	/* Destinations are few (one an event loop), so that a pass for each is cheap. */
	for (size_t first = 0; first < count; first++) {
		const struct gh_audit_destination *destination;
		struct gh_audit_entry *list = NULL, **end = &list;

		if (!entries[first])
			continue;
		destination = entries[first]->destination;
		for (size_t i = first; i < count; i++) {
			if (!entries[i] || entries[i]->destination != destination)
				continue;
			*end = entries[i];
			end = &entries[i]->next;
			entries[i] = NULL;
		}
		*end = NULL;
		destination->deliver(destination->context, list);
	}
}

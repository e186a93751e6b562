#include "ingest/producer.h"

#include <stdlib.h>

#include "base/limits.h"
#include "ingest/queue.h"
#include "wire/session.h"

/* A window never closes entirely: a producer that may send nothing cannot tell that it is alive. */
#define CREDIT_MIN 16u

/* Clients count their events themselves; one that goes so far beyond its credit does not. */
#define CREDIT_ABUSE 4u

enum ch_status producer_open(struct ingest *ingest, const struct producer_options *options,
	struct producer **out_producer)
{
	struct producer *producer = calloc(1, sizeof(*producer));
	if (producer == NULL)
		return CH_NOMEM;
	size_t len = options->rights.name.len < sizeof(producer->name) - 1
			     ? options->rights.name.len
			     : sizeof(producer->name) - 1;
	memcpy(producer->name, options->rights.name.data, len);
	producer->ingest = ingest;
	producer->rights = options->rights;
	producer->rights.name = slice_of(producer->name, len);
	producer->send = options->send;
	producer->context = options->context;
	producer->base_credit = options->credit != 0 ? options->credit : LIMIT_CREDIT_EVENTS;
	producer->credit = producer->base_credit;
	producer->references = 1;
	producer->unsent_last = &producer->unsent;
	producer->queue_last = &producer->queue;
	queue_join(ingest, producer);
	*out_producer = producer;
	return CH_OK;
}

void producer_close(struct producer *producer)
{
	if (producer == NULL)
		return;
	producer->closed = true;
	queue_leave(producer->ingest, producer);
	producer_unref(producer);
}

/* Frees what is settled, up to `end`. */
static void producer_forget(struct producer *producer, const struct submission *end)
{
	while (producer->unsent != end) {
		struct submission *submission = producer->unsent;
		producer->unsent = submission->next;
		submission_free(submission);
	}
	if (end == NULL)
		producer->unsent_last = &producer->unsent;
}

void producer_unref(struct producer *producer)
{
	if (--producer->references > 0)
		return;
	producer_forget(producer, NULL);
	free(producer);
}

uint32_t producer_credit(const struct producer *producer)
{
	return producer->credit;
}

uint32_t producer_in_flight(const struct producer *producer)
{
	return producer->in_flight;
}

uint64_t producer_published(const struct producer *producer)
{
	return producer->published;
}

static void producer_refuse(struct submitted *event, enum ch_status reason, const char *field)
{
	event->outcome = OUTCOME_REFUSED;
	event->reason = (uint8_t)reason;
	event->field = strdup(field); /* NULL when memory is short: the reason still stands */
}

void producer_admit(struct producer *producer, struct submission *submission)
{
	const struct producer_rights *rights = &producer->rights;
	for (uint32_t i = 0; i < submission->count; i++) {
		struct submitted *event = &submission->events[i];
		const struct envelope *envelope = &event->envelope;
		if (envelope->id.len == 0 || envelope->source.len == 0 || envelope->type.len == 0)
			producer_refuse(event,
				event->form != CH_OK ? (enum ch_status)event->form : CH_MISSING,
				event->form_field);
		else if (!rights->may_publish(rights->peer, envelope->source, envelope->type))
			producer_refuse(event, CH_DENIED,
				rights->may_be(rights->peer, envelope->source) ? "type" : "source");
	}
}

enum ch_status producer_publish(struct producer *producer, const struct producer_frame *frame)
{
	struct submission *submission = NULL;
	enum ch_status status = submission_create(producer->ingest->inspector, frame, &submission);
	if (status == CH_OK && producer->in_flight > producer->base_credit * CREDIT_ABUSE +
							     LIMIT_EVENTS_PER_FRAME) {
		submission_free(submission);
		return CH_FULL;
	}
	if (status != CH_OK) {
		if (frame->release != NULL)
			frame->release(frame->owner);
		return status;
	}
	submission->producer = producer;
	producer->references++;
	producer->in_flight += submission->count;
	producer_admit(producer, submission);
	queue_submit(producer->ingest, submission);
	return CH_OK;
}

static void producer_encode(const struct submission *submission, struct receipts_writer *writer)
{
	static const char *const details[] = {
		[CH_DENIED] = "the peer has no right to publish this",
		[CH_MISSING] = "a mandatory field is absent",
		[CH_UNKNOWN_TYPE] = "no such event type in this version",
		[CH_CONFLICT] = "this id was taken before with other content",
	};
	for (uint32_t i = 0; i < submission->count; i++) {
		const struct submitted *event = &submission->events[i];
		const char *detail = event->reason < sizeof(details) / sizeof(details[0])
					     ? details[event->reason]
					     : NULL;
		receipts_add(writer, &(struct receipt){
					     .frame = submission->frame,
					     .index = i,
					     .outcome = (enum outcome)event->outcome,
					     .reason = (enum ch_status)event->reason,
					     .retry_after_ms = event->retry_after_ms,
					     .sequence = event->sequence,
					     .customer = event->customer,
					     .field = slice_text(event->field),
					     .detail = slice_text(detail),
				     });
	}
}

/* The submission behind the last one whose receipts go into the same message as those of the first.  A
 * client that does not number its frames as it should gets a message for each. */
static const struct submission *producer_group(const struct submission *first)
{
	const struct submission *last = first;
	uint32_t count = first->count;
	while (last->next != NULL && last->next->frame > last->frame &&
		count + last->next->count <= LIMIT_EVENTS_PER_FRAME) {
		last = last->next;
		count += last->count;
	}
	return last->next;
}

void producer_tell(struct producer *producer, struct buffer *scratch)
{
	while (producer->unsent != NULL && !producer->closed && !producer->full) {
		const struct submission *end = producer_group(producer->unsent);
		struct receipts_writer writer;
		buffer_clear(scratch);
		receipts_begin(&writer, scratch);
		for (const struct submission *s = producer->unsent; s != end; s = s->next)
			producer_encode(s, &writer);
		receipts_end(&writer, DURABILITY_SYNCED);
		/* Out of memory: the client sends again after its time-out and gets duplicates. */
		producer->full = scratch->status == CH_OK &&
				 !producer->send(producer->context, buffer_slice(scratch));
		if (!producer->full)
			producer_forget(producer, end);
	}
}

void producer_writable(struct producer *producer)
{
	producer->full = false;
	producer_tell(producer, &producer->ingest->receipts);
}

void producer_settle(struct producer *producer, struct submission *submission)
{
	producer->in_flight -= submission->count;
	producer->published += submission->count;
	if (producer->closed) {
		submission_free(submission);
	} else {
		submission->next = NULL;
		*producer->unsent_last = submission;
		producer->unsent_last = &submission->next;
		queue_untold(producer->ingest, producer);
	}
	producer_unref(producer);
}

/* Full speed while the state keeps up with half of its bound; from there down in a straight line, so
 * that producers are slowed and never stopped.  In steps, so that not every batch tells a new one. */
static uint32_t producer_window(uint32_t base, uint32_t pressure)
{
	if (pressure <= 50)
		return base;
	uint32_t step = pressure >= 100 ? 8 : (pressure - 50) / 6;
	uint32_t window = base - base / 8 * step;
	return window > CREDIT_MIN ? window : CREDIT_MIN;
}

void producer_pace(struct producer *producer, uint32_t pressure)
{
	uint32_t window = producer_window(producer->base_credit, pressure);
	struct buffer frame = {0};
	if (producer->closed || window == producer->credit)
		return;
	credit_encode(window, &frame);
	if (frame.status == CH_OK && producer->send(producer->context, buffer_slice(&frame)))
		producer->credit = window;
	buffer_fini(&frame);
}

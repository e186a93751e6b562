#include "ingest/submission.h"

#include <stdlib.h>

#include "wire/frame.h"

enum ch_status submission_create(const struct inspector *inspector,
	const struct producer_frame *frame, struct submission **out_submission)
{
	struct publish publish;
	enum ch_status status = publish_parse(frame->body, &publish);
	if (status != CH_OK)
		return status;
	struct submission *submission =
		malloc(sizeof(*submission) + publish.count * sizeof(submission->events[0]));
	if (submission == NULL)
		return CH_NOMEM;
	*submission = (struct submission){
		.release = frame->release,
		.owner = frame->owner,
		.frame = publish.frame,
		.releases = frame->releases,
		.publisher = frame->publisher,
		.count = publish.count,
	};
	for (uint32_t i = 0; i < publish.count; i++) {
		struct submitted *event = &submission->events[i];
		*event = (struct submitted){.form_field = ""};
		event->form = (uint8_t)envelope_parse(
			publish.events[i], &event->envelope, &event->form_field);
		if (event->form == CH_OK)
			inspect(inspector, &event->envelope, &event->inspection);
	}
	*out_submission = submission;
	return CH_OK;
}

void submission_free(struct submission *submission)
{
	if (submission == NULL)
		return;
	for (uint32_t i = 0; i < submission->count; i++)
		free(submission->events[i].field);
	if (submission->release != NULL)
		submission->release(submission->owner);
	free(submission);
}

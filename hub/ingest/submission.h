/* One PUBLISH frame on its way through ingest. */
#ifndef INGEST_SUBMISSION_H
#define INGEST_SUBMISSION_H

#include "base/mailbox.h"
#include "core/inspect.h"
#include "ingest/ingest.h"
#include "wire/envelope.h"
#include "wire/receipt.h"

/* One event: as read at the door, then what became of it. */
struct submitted {
	struct envelope envelope;
	struct inspection inspection; /* when its form is good */
	const char *form_field;
	uint8_t form;    /* enum ch_status of the envelope */
	uint8_t outcome; /* enum outcome; 0 until decided */
	uint8_t reason;
	uint32_t retry_after_ms;
	uint64_t sequence;
	uint64_t customer;
	char *field; /* owned: the field at fault of a refusal, NULL */
};

struct submission {
	struct mailbox_node node; /* first: a node is its submission */
	struct submission *next;  /* in its producer's queue */
	struct producer *producer;
	void (*release)(void *owner);
	void *owner;
	uint64_t frame;
	uint64_t releases;
	struct slice publisher; /* of the entry that is released */
	uint32_t count;
	uint32_t decided; /* events before it have been through a batch */
	struct submitted events[];
};

/* CH_FORMAT, CH_TOO_LARGE, CH_MISSING as publish_parse; CH_NOMEM.  Does not take over the frame's
 * bytes unless it is CH_OK. */
enum ch_status submission_create(const struct inspector *inspector,
	const struct producer_frame *frame, struct submission **out_submission);
void submission_free(struct submission *submission);

#endif

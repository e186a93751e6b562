/* The last step of every adapter: from a typed message to an event that the hub will take.
 *
 *     Carehub__V1__FeedbackGiven feedback;
 *     carehub__v1__feedback_given__init(&feedback);
 *     feedback.feedback_id = ...
 *     struct envelope envelope = {.id = ..., .source = ..., .digest = ...};
 *     status = seal_event("website.feedback.given", &feedback.base, &sealed, &envelope, &fault);
 */
#ifndef KIT_SEAL_H
#define KIT_SEAL_H

#include <protobuf-c/protobuf-c.h>

#include "base/slice.h"
#include "wire/envelope.h"

/* What the envelope's slices look into; may be used again and again.  A zeroed one is empty. */
struct sealed {
	struct buffer message;
	struct buffer subject;
};

void sealed_fini(struct sealed *sealed);

/* What is wrong with the event, for the reject's line. */
struct seal_fault {
	const char *field;  /* "customer.phones"; constant text */
	const char *reason; /* "is mandatory, and nothing fills it" */
};

/* Sets type, data and personal part and, where the envelope has none, the subject; looks at what the hub
 * will look at.  The envelope lives until the next call with `sealed`.  CH_UNKNOWN_TYPE; CH_MISSING: a
 * mandatory field, id or source; CH_TOO_LARGE; CH_FORMAT: a text is not UTF-8: *out_fault.  CH_INVALID:
 * the message is of another type than the registry says.  CH_NOMEM. */
enum ch_status seal_event(const char *type, const ProtobufCMessage *message, struct sealed *sealed,
	struct envelope *envelope, struct seal_fault *out_fault);

#endif

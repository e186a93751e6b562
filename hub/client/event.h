/* The inside of struct ch_event. */
#ifndef CLIENT_EVENT_H
#define CLIENT_EVENT_H

#include <carehub/event.h>

#include "base/arena.h"
#include "base/slice.h"
#include "wire/envelope.h"

struct ch_event {
	struct envelope envelope; /* looks into arena, or into what ch_event_read was given */
	struct arena arena;
	struct buffer scratch; /* a packed message, both its parts, the encoded event */
	enum ch_status status; /* sticks */
	const char *field;     /* constant name of the attribute that it is about */
};

#endif

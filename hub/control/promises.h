/* The promises on a record, for those who show it. */
#ifndef CONTROL_PROMISES_H
#define CONTROL_PROMISES_H

#include <stdbool.h>

#include "store/state.h"

/* Calls `visit` with each DeadlineInfo of a record of that kind ("repair", "case", "appointment"), by its
 * key, which may begin with its source's scope. */
void promises_visit(struct rtxn *rtxn, const char *subject_kind, struct slice id,
	void (*visit)(void *context, struct slice info), void *context);

/* Appends them as elements of `field`. */
void promises_put(struct rtxn *rtxn, const char *subject_kind, struct slice id, uint32_t field,
	struct buffer *out);

/* When the first of them falls due, or fell due and is still owed; INT64_MAX: nothing is. */
int64_t promises_next_due(struct rtxn *rtxn, const char *subject_kind, struct slice id);

#endif

/* An entry of the journal for an administrator: EntryInfo of control.proto. */
#ifndef CONTROL_ENTRY_INFO_H
#define CONTROL_ENTRY_INFO_H

#include <stdint.h>

#include "base/slice.h"
#include "store/state.h"
#include "wire/entry.h"

/* Appends the entry as field `field`.  With the input, the derived events and the effects in words,
 * unless `brief`.  The buffer's status sticks. */
void entry_info_put(struct buffer *out, uint32_t field, uint64_t sequence, int64_t arrival_us,
	const struct entry *entry, bool brief);

/* "accepted", "quarantined", "conflict". */
const char *entry_outcome_name(uint8_t outcome);

/* Effects in words, one line each, handed to `say`. */
void entry_say_effects(
	const struct entry *entry, void (*say)(void *context, struct slice line), void *context);

#endif

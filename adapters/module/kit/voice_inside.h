/* The outbox from the kit's side: what a fold hears of its own, what goes out, what became of it. */
#ifndef MODULE_KIT_VOICE_INSIDE_H
#define MODULE_KIT_VOICE_INSIDE_H

#include <carehub/publish.h>

#include "base/arena.h"
#include "module/kit/voice.h"

/* An event of this module came out of the journal: it is said, whatever the outbox thinks.  The status
 * sticks. */
void voice_hear(struct book_txn *txn, const struct feed_event *event);

/* The journal is another one, and the book about to be emptied: what was said is remembered apart.  The status
 * sticks. */
void voice_keep_ids(struct book_txn *txn);

/* One that waits. */
struct utterance {
	uint64_t number;
	bool refused;         /* the hub did not take it before */
	struct envelope head; /* without its source */
};

/* The oldest that are due at `now_us` (by the wall clock), copied into the arena, at most `most`; *out_due_us: when
 * the first of those that are not is, INT64_MAX: none.  CH_CORRUPT, CH_IO, CH_NOMEM. */
enum ch_status voice_due(struct book_txn *txn, int64_t now_us, struct arena *arena,
	struct utterance *out, size_t most, size_t *out_count, int64_t *out_due_us);

/* What the hub said to it; `status` as ch_receipt_status.  Logs what it does not take.  The status sticks. */
void voice_answered(struct book_txn *txn, const struct utterance *utterance, enum ch_status status,
	const struct ch_receipt *receipt, int64_t now_us);

#endif

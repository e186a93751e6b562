/* Carries the outbox to the hub: what is due goes out in batches, and the receipts take it out. */
#ifndef MODULE_KIT_SPEAKER_H
#define MODULE_KIT_SPEAKER_H

#include "module/kit/voice_inside.h"

struct ch_connection;
struct speaker;

/* `source` is the module's.  Book and connection outlive it.  CH_NOMEM. */
enum ch_status speaker_create(struct book *book, struct ch_connection *connection,
	const char *source, struct speaker **out_speaker);
void speaker_free(struct speaker *speaker); /* NULL is fine */

/* Says what is due, and waits for the receipts up to `timeout_ms`; what has none by then stays in the outbox, and is
 * said again.  *out_due_ms: when there is something to be said again; < 0: nothing waits.  What the book fails
 * with. */
enum ch_status speaker_speak(struct speaker *speaker, int64_t timeout_ms, int64_t *out_due_ms);

/* Events that the hub took from here. */
uint64_t speaker_said(const struct speaker *speaker);

#endif

/* What an adapter promises, one row each: the rows are in promise.c, what is done for them in files by what
 * it is about. */
#ifndef KIT_CONFORM_PROMISE_H
#define KIT_CONFORM_PROMISE_H

#include "kit/conform/stage.h"

struct promise {
	const char *name;
	const char *meaning;
	void (*run)(struct stage *stage);
	struct fake_hub_options hub;
};

/* The rows, in the order in which they are tried; the last has no name. */
extern const struct promise promises[];

/* promise_delivery.c: nothing lost, nothing twice */
void promise_arrives(struct stage *stage);
void promise_again(struct stage *stage);
void promise_receipt(struct stage *stage);
void promise_kill(struct stage *stage);
void promise_stop(struct stage *stage);
void promise_resume(struct stage *stage);
void promise_reload(struct stage *stage);

/* promise_hub.c: whatever the hub does */
void promise_late(struct stage *stage);
void promise_slow(struct stage *stage);
void promise_window(struct stage *stage);
void promise_split(struct stage *stage);
void promise_reconnect(struct stage *stage);
void promise_away(struct stage *stage);
void promise_silent(struct stage *stage);
void promise_retry(struct stage *stage);
void promise_denied(struct stage *stage);
void promise_field(struct stage *stage);
void promise_conflict(struct stage *stage);

/* promise_source.c: whatever the source does */
void promise_garbage(struct stage *stage);
void promise_vanish(struct stage *stage);
void promise_translate(struct stage *stage);

/* promise_manners.c: towards those who run it */
void promise_check(struct stage *stage);
void promise_sample(struct stage *stage);
void promise_metrics(struct stage *stage);
void promise_secrets(struct stage *stage);

#endif

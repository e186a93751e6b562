/* The events of one PUBLISH frame, encoded, and who waits for their receipts. */
#ifndef CLIENT_BATCH_H
#define CLIENT_BATCH_H

#include <carehub/publish.h>

#include "base/limits.h"
#include "base/slice.h"
#include "wire/envelope.h"

struct batch_entry {
	ch_publish_callback *callback;
	void *context;
	uint32_t end; /* of its bytes in `events` */
	bool answered;
	bool again; /* was put off by the hub */
};

struct batch {
	struct batch *next;
	uint64_t serial; /* place in the order of publishing; never changes */
	uint32_t offset; /* and among the parts of one that was cut */
	uint64_t frame;  /* number on this connection */
	uint32_t count;
	uint32_t answered;
	uint32_t again;
	struct buffer events; /* `events` fields of Publish, one after the other */
	struct batch_entry entries[LIMIT_EVENTS_PER_FRAME];
};

struct batch *batch_create(void); /* NULL: no memory */
void batch_free(struct batch *batch);

/* As new; keeps the memory. */
void batch_clear(struct batch *batch);

/* Appends an event.  CH_TOO_LARGE: over `event_bytes`; CH_FULL: the batch would get over `frame_bytes`;
 * CH_NOMEM.  On failure nothing has changed. */
enum ch_status batch_add(struct batch *batch, const struct envelope *event, size_t event_bytes,
	size_t frame_bytes, ch_publish_callback *callback, void *context);

/* Takes back the last one. */
void batch_drop_last(struct batch *batch);

/* How many events, from the first on, fit into both bounds; at least one. */
uint32_t batch_fit(const struct batch *batch, uint32_t events, size_t bytes);

/* Moves all from the event `first` on into the empty `rest`.  CH_NOMEM: nothing has changed. */
enum ch_status batch_split(struct batch *batch, uint32_t first, struct batch *rest);

/* Leaves only the events that have no final answer, in order, as if never sent. */
void batch_compact(struct batch *batch);

/* Is `a` to be sent before `b`? */
bool batch_precedes(const struct batch *a, const struct batch *b);

/* The events that have their final answer: bytes, and *out_count. */
size_t batch_settled(const struct batch *batch, uint32_t *out_count);

size_t batch_bytes_of(const struct batch *batch, uint32_t index);

/* ---- Lists of batches, which they own ---- */

struct batch_list {
	struct batch *first;
	struct batch *last;
	uint32_t count;
};

void batch_list_append(struct batch_list *list, struct batch *batch);
struct batch *batch_list_take(struct batch_list *list); /* the first; NULL: empty */
void batch_list_remove(struct batch_list *list, struct batch *batch);

/* In the order of publishing: one that was put off goes before those that came after it. */
void batch_list_insert(struct batch_list *list, struct batch *batch);
void batch_list_free(struct batch_list *list);

#endif

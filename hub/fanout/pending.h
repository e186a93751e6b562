/* Deliveries that need care: refused, not answered in time, or overtaken so far that the flight has no
 * room for them.  Each is an object of its own, because they are few; a cursor's own are kept in order of
 * sequence. */
#ifndef FANOUT_PENDING_H
#define FANOUT_PENDING_H

#include <stdbool.h>

#include "base/heap.h"
#include "base/slice.h"

struct cursor;

enum pending_state {
	PENDING_RESTS, /* nobody is attached                                   */
	PENDING_WAITS, /* refused: in the heap of timers until it is due       */
	PENDING_READY, /* to be sent as soon as there is credit: in that list  */
	PENDING_OUT,   /* sent: in that list, in order of sending              */
};

struct pending {
	struct heap_item timer; /* first: a timer is its pending; due_us is kept in every state */
	struct cursor *cursor;
	struct pending *next; /* in the list of its state */
	struct pending *previous;
	uint64_t sequence;
	int64_t arrival_us;
	uint32_t serial;   /* of its last sending, while it is out */
	uint32_t attempts; /* used up */
	uint16_t parts;
	uint8_t state;
	bool late;    /* a dead letter that is tried again: the cursor has gone on without it */
	char *reason; /* owned; why it failed last, may be NULL */
};

struct pendings {
	struct pending **items;
	size_t count;
	size_t capacity;
};

void pendings_init(struct pendings *pendings);
void pendings_fini(
	struct pendings *pendings); /* frees the items, which are in no heap and no list */

/* A new one, at rest.  CH_EXISTS, CH_NOMEM. */
enum ch_status pendings_add(
	struct pendings *pendings, uint64_t sequence, struct pending **out_pending);

/* NULL: not there. */
struct pending *pendings_find(const struct pendings *pendings, uint64_t sequence);

/* The index of the first at or behind a sequence. */
size_t pendings_seek(const struct pendings *pendings, uint64_t sequence);

/* Frees it; it is in no heap and no list. */
void pendings_remove(struct pendings *pendings, struct pending *pending);

/* Keeps a copy of the reason, cut to LIMIT_NACK_REASON_BYTES; for want of memory there is none. */
void pending_set_reason(struct pending *pending, struct slice reason);

struct pending_list {
	struct pending *first;
	struct pending *last;
};

void pending_list_add(struct pending_list *list, struct pending *pending); /* at the end */
void pending_list_remove(struct pending_list *list, struct pending *pending);

#endif

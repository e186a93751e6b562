/* One layer of changes over LMDB: keys and ids of the same batches.  The active and the frozen
 * changes are one each, and a third waits to become active. */
#ifndef STORE_LAYER_H
#define STORE_LAYER_H

#include "store/ids.h"
#include "store/overlay.h"

struct layer {
	struct overlay *keys;
	struct ids *ids;
	uint64_t sequence; /* of the last batch in it */
	uint64_t epoch;    /* how many batches had been published by then */
	int64_t since_us;  /* steady clock at the first batch; 0: empty */
	uint32_t holders;  /* the state and readers; under the state's lock */
	struct layer *next;
};

/* `expected` keys, without growing.  CH_NOMEM. */
enum ch_status layer_create(uint32_t expected, struct layer **out_layer);
void layer_free(struct layer *layer);

/* Forgets the changes, keeps and completes the memory: slow. */
void layer_recycle(struct layer *layer);

/* CH_NOMEM: nothing has changed. */
enum ch_status layer_absorb(struct layer *layer, const struct layer *batch, uint32_t visible);

/* What writing it will cost, in places of LMDB.  Two ids count as one: they are appended to a
 * run and dirty no page, but take memory too. */
uint32_t layer_places(const struct layer *layer);

uint64_t layer_bytes(const struct layer *layer);

#endif

/* Effects: what deciding about one input changes.  The fold knows nothing but these, so the records
 * can be rebuilt whatever becomes of the rules.
 *
 * An encoded list is two byte strings: the open part holds every effect, the personal part the values
 * that tell who somebody is.  A value that can no longer be read (its personal part was sealed or
 * destroyed) is empty and flagged EFFECT_LOST; the fold passes over the value. */
#ifndef WIRE_EFFECT_H
#define WIRE_EFFECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* Numbers are stored: a row is added at the end, never changed. */
enum effect_op {
	/* number: taken into use. */
	EFFECT_CUSTOMER_NEW = 1,
	/* number, field, sub, value: the golden record's value of a field. */
	EFFECT_VALUE = 2,
	/* number, field, sub. */
	EFFECT_VALUE_DROP = 3,
	/* number, kind of key, value: the key leads to the customer. */
	EFFECT_KEY = 4,
	EFFECT_KEY_DROP = 5,
	/* kind = table, id, value = a partial message: its fields replace the record's. */
	EFFECT_RECORD_SET = 6,
	/* kind = table, id, field, value = encoded elements to append. */
	EFFECT_RECORD_ADD = 7,
	/* kind = table, id, number: the record belongs to the customer. */
	EFFECT_LINK = 8,
	/* id, field = state, number = due time, value = the whole DeadlineInfo. */
	EFFECT_DEADLINE = 9,
	/* id = key, number = its time, value = the newest message. */
	EFFECT_REFERENCE = 10,
	/* number, sub = the other customer (8 bytes), kind = reason, field = index. */
	EFFECT_REVIEW = 11,
	/* field = code, value = source text: the dictionary. */
	EFFECT_SOURCE = 12,
	/* id = source, value = where its adapter stands. */
	EFFECT_CHECKPOINT = 13,
	/* id = name, value: a setting of the rules. */
	EFFECT_SETTING = 14,
	/* number = sequence of the quarantined entry, field = its new state. */
	EFFECT_RELEASED = 15,
	/* kind, value, field = 1 blocked, 0 not: the key may not match any more. */
	EFFECT_KEY_BLOCK = 16,
	/* id, number = when the clock looks at it, 0: no more. */
	EFFECT_WATCH = 17,
	/* id = key: its newest value becomes a past one; or number = time, value = message: one that came
	 * late. */
	EFFECT_REFERENCE_PAST = 18,
	/* id = promotion, field = 1 it runs, 0 it does not. */
	EFFECT_PROMOTION = 19,
};

enum effect_flag {
	EFFECT_VERIFIED =
		1u << 0, /* the key or value was checked; otherwise somebody only said so */
	EFFECT_PERSONAL =
		1u << 1,        /* sub and value stand in the personal part                      */
	EFFECT_LOST = 1u << 2,  /* set by the reader: the personal part is gone                  */
	EFFECT_MULTI = 1u << 3, /* EFFECT_VALUE: the field holds several, `sub` tells them apart */
};

struct effect {
	enum effect_op op;
	uint8_t kind;
	uint8_t flags;
	uint16_t field;
	uint64_t number;
	struct slice id;
	struct slice sub;
	struct slice value;
};

struct effects {
	struct buffer open;
	struct buffer personal;
	uint32_t count;
};

void effects_init(struct effects *effects);
void effects_fini(struct effects *effects);
void effects_clear(struct effects *effects);

/* Appends; the buffers' status sticks. */
void effects_add(struct effects *effects, const struct effect *effect);

struct effects_reader {
	struct slice open;
	struct slice personal;
	size_t open_at;
	size_t personal_at;
	bool lost;             /* the personal part is not there at all */
	enum ch_status status; /* CH_OK or CH_FORMAT */
};

/* `personal.data` NULL with length 0 where values were stored means: lost. */
struct effects_reader effects_read(struct slice open, struct slice personal);

/* False at the end or at bad bytes; see reader->status. */
bool effects_next(struct effects_reader *reader, struct effect *out_effect);

#endif

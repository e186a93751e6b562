/* What one event says about one thing, and a thing's record: all that was said about it.
 *
 * A fact is not stored; its evidence is.  The record of a repair is the set of its marks, "received at ...",
 * "repaired at ...", in the order in which they happened.  Adding a mark to a set does not depend on what was
 * added before, so any order of arrival and any delay give the same record, byte for byte; and the fact, with
 * its corrections, is read off the marks when a report asks (repair_fact.h and its like).
 *
 * Marks stand in the order of moment, kind, source, id, item.  Kinds are numbered along the life of the
 * thing, so that of two that happened in the same minute the later stage stands behind.
 *
 *     record = mark ...
 *     mark   = kind:byte, moment:8 big-endian, source:text, id:text, item:varint, customer:varint,
 *              sequence:varint, count:byte, number:zigzag varint ..., count:byte, text ...
 *     text   = len:varint, bytes; an empty source is that of the mark before, an empty id likewise */
#ifndef QUALITY_MARK_H
#define QUALITY_MARK_H

#include "base/arena.h"
#include "base/limits.h"
#include "base/slice.h"

#define MARK_NUMBERS 8u
#define MARK_TEXTS   6u

struct mark {
	uint8_t kind;
	int64_t moment_us;   /* see moment.h */
	struct slice source; /* the event that said it */
	struct slice id;
	uint32_t item;                 /* of an event that says several things of one kind: which */
	uint64_t customer;             /* as filed; 0: nobody */
	uint64_t sequence;             /* of the journal */
	int64_t numbers[MARK_NUMBERS]; /* what they mean is the fact's business */
	struct slice texts[MARK_TEXTS];
};

/* A record taken apart; its texts look into the stored bytes. */
struct marks {
	struct mark items[LIMIT_FACT_MARKS];
	size_t count;
};

/* CH_CORRUPT: no record. */
enum ch_status marks_read(struct slice record, struct marks *out_marks);

/* Puts one where it belongs.  One that is there already (same kind, event and item) changes nothing.  Of more
 * than LIMIT_FACT_MARKS the earliest are kept, so that this too does not depend on their order of arrival.
 * True when the set has changed. */
bool marks_add(struct marks *marks, const struct mark *mark);

/* The same of what is told again each night, of which the newest count: those are kept. */
bool marks_add_newest(struct marks *marks, const struct mark *mark);

void marks_write(const struct marks *marks, struct buffer *out);

/* -1, 0, 1. */
int mark_compare(const struct mark *a, const struct mark *b);

#endif

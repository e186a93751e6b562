/* One message on its way to becoming segments: the other direction of reading.h.  A script puts what a typed
 * message holds into segments, value by value:
 *
 *     writing_segment(w, "QTY");
 *     writing_put(w, "quantity", 1, 1, SLICE_LITERAL("21"), 3);
 *     writing_number(w, "quantity", 1, 2, line->quantity, 15);
 *     writing_end(w);                                    QTY+21:48'
 *
 * Elements and components that are empty at the end are left out.  Marks within values are released; X12 cannot do
 * that, and there a value that holds a mark cannot be written.  What cannot be written - that, a character that was
 * not agreed with the partner, a value that is too long, a date that is none - is an obstacle: the first one sticks,
 * with its place and what can be done about it, and nothing of the message is used.  Nothing is ever cut off or
 * replaced. */
#ifndef PARTS_WRITING_H
#define PARTS_WRITING_H

#include "base/arena.h"
#include "base/decimal.h"
#include "base/zone.h"
#include "carehub/v1/parts.pb-c.h"
#include "channel/parts/marks.h"
#include "channel/parts/repertoire.h"

#define OBSTACLE_BYTES 320u

/* Why a message cannot be written: what, where and what to do, a sentence for people. */
struct obstacle {
	char words[OBSTACLE_BYTES];
};

struct writing {
	/* To be set. */
	enum standard standard;
	struct marks marks;
	struct repertoire *repertoire;
	bool long_texts;               /* the directory is of 2000 or later */
	const struct zone *zone;       /* of all times; NULL: UTC */
	struct slice repair_reference; /* as in struct parts_options */
	int64_t time_us;               /* of the event: the date of a document that has none */
	struct buffer *out;

	/* The message's. */
	enum ch_status status; /* CH_OK; CH_INVALID with an obstacle; CH_NOMEM; sticks */
	struct obstacle obstacle;
	uint32_t segments;
	uint32_t line; /* that is being written, from 1; 0: the head */
	bool placed;   /* a party has been written */
	struct slice currency;

	/* The segment's. */
	char tag[4];
	unsigned element;
	unsigned component;
	struct buffer text;
	struct buffer words;
};

void writing_fini(struct writing *writing);

/* `tag` lives as long as the segment. */
void writing_segment(struct writing *writing, const char *tag);
void writing_end(struct writing *writing);

/* A value of at most `max` characters; an empty one is left out.  Places must rise.  `field` is whose value it
 * is, for people. */
void writing_put(struct writing *writing, const char *field, unsigned element, unsigned component,
	struct slice text, unsigned max);

/* A code of our own: no more can be wrong with it. */
void writing_code(struct writing *writing, unsigned element, unsigned component, const char *code);

/* Nothing when it is NULL.  `max` counts digits alone. */
void writing_number(struct writing *writing, const char *field, unsigned element,
	unsigned component, const Carehub__V1__Decimal *number, unsigned max);

/* How many, in digits. */
void writing_count(struct writing *writing, const char *field, unsigned element, unsigned component,
	uint64_t count);

/* In X12 some have a least length, too: an obstacle for a text that is there and shorter. */
void writing_least(struct writing *writing, const char *field, struct slice text, unsigned min);

/* Whole segments: "DTM+2:20261122093000:204", "DTM*002*20261122*093000" of a moment, and its day alone;
 * "DTM+137:20261122:102" of a day as "2026-11-22".  None when it is 0 or empty. */
void writing_moment(
	struct writing *writing, const char *field, const char *qualifier, int64_t time_us);
void writing_day_of(
	struct writing *writing, const char *field, const char *qualifier, int64_t time_us);
void writing_day(
	struct writing *writing, const char *field, const char *qualifier, const char *day);

/* X12: a day in an element, that of the event when `day` is empty; and the event's time of day. */
void writing_date_of(struct writing *writing, const char *field, unsigned element, const char *day);
void writing_time_of(struct writing *writing, const char *field, unsigned element);

/* "MOA+203:12.50", with the currency when it is not the document's; "AMT*TT*12.50", in which there is no place for
 * another one.  None when it is NULL. */
void writing_amount(struct writing *writing, const char *field, const char *qualifier,
	const Carehub__V1__Money *money);

/* What a value is too long for, and so on.  `remedy` may be NULL. */
void writing_obstacle(
	struct writing *writing, const char *field, const char *what, const char *remedy);

/* A free text with single blanks and line ends alone between its words; valid until the next call. */
struct slice writing_words(struct writing *writing, const char *text);

/* The next piece of such a text, of at most `max` characters, cut where it has a blank, else between two
 * characters; false at its end. */
bool writing_piece(struct slice *rest, unsigned max, struct slice *out_piece);

#endif

/* The answer to an interchange: CONTRL (ISO 9735-4), or X12's 997 and TA1.
 *
 *     UNB+UNOC:3+5412345000013:14+4012345000009:14+261122:0931+0000000042'
 *     UNH+1+CONTRL:D:3:UN'
 *     UCI+REF1+4012345000009:14+5412345000013:14+7'
 *     UCM+M2+ORDERS:D:96A:UN:EAN008+4'          the second message is refused,
 *     UCS+14'                                   for in its 14th segment
 *     UCD+12+2:2'                               the second component is no number
 *     UNT+6+1'
 *     UNZ+1+0000000042'
 *
 * What is not named is acknowledged.  The bytes are a function of the interchange as it was read and of the
 * arguments, of nothing else: the same answer can be had again. */
#ifndef PARTS_ANSWER_H
#define PARTS_ANSWER_H

#include "channel/parts/interchange.h"

enum answer_stand {
	ANSWER_SETTLED, /* what was not refused is stored */
	ANSWER_PENDING, /* the hub has refused some of it, and not said for which message: received */
	ANSWER_REFUSED, /* the hub has refused all of it */
	ANSWER_TAKEN,   /* the hub knows its ids, with other contents: a reference used twice */
};

struct answer_options {
	uint64_t number;     /* the answer's own reference */
	int64_t prepared_us; /* when it was made, UTC */
	const struct zone *zone;
	enum answer_stand stand;
};

/* Appends the whole interchange.  CH_NOMEM. */
enum ch_status answer_write(const struct interchange *interchange,
	const struct answer_options *options, struct buffer *out);

/* The two of them. */
enum ch_status contrl_write(const struct interchange *interchange,
	const struct answer_options *options, struct buffer *out);
enum ch_status x12_answer_write(const struct interchange *interchange,
	const struct answer_options *options, struct buffer *out);

/* The flaw that refuses the interchange as a whole, by itself or by what the hub has said; NULL: none. */
const struct flaw *answer_flaw(const struct interchange *interchange,
	const struct answer_options *options, struct flaw *room);

/* Civil date and time of the answer: "261122" and "0931"; `century` puts "20" in front. */
void answer_date(const struct answer_options *options, bool century, struct buffer *out);
void answer_time(const struct answer_options *options, struct buffer *out);

#endif

/* What has been agreed with a partner about the interchanges for him: the standard and what each leaves open, who
 * both are, which letters he reads.  Every interchange has a reference of its own, made of its number in the
 * outbook:
 *
 *     UN/EDIFACT    10000000042    eleven digits; answers have ten (answer.h), so the two are never the same
 *     X12             500000042    nine, as ISA13 has them; answers count from 1 on, far below
 */
#ifndef PARTS_TERMS_H
#define PARTS_TERMS_H

#include "base/slice.h"
#include "channel/parts/marks.h"

struct terms {
	enum standard standard;
	struct slice own_number; /* the sender, in UNB and ISA06, and its qualifier; "" */
	struct slice own_qualifier;
	struct slice number; /* his */
	struct slice qualifier;
	struct slice charset;     /* UNB 0001 "UNOC"; X12: "basic", "extended", "utf-8" */
	struct slice version;     /* the directory, "96A"; GS08, "004010" */
	struct slice association; /* UNH 0057, "EAN008"; may be empty */
	struct slice application; /* UNB 0026; may be empty */
	struct slice own_code;    /* GS02 and GS03; empty: the numbers */
	struct slice code;
	struct marks marks; /* X12's; those of UN/EDIFACT follow from the charset */
	bool acknowledge;   /* ask for an acknowledgement of the envelope: UNB 0031, ISA14 */
	bool test;
};

/* Of that standard: charset, version and marks as most have them, and the qualifiers 14 (GS1) and ZZ (by
 * agreement). */
struct terms terms_usual(enum standard standard);

/* Four marks as one writes them: "*:^~", the element's, component's, repetition's and terminator's, or eight
 * hexadecimal digits.  CH_FORMAT. */
enum ch_status terms_parse_marks(struct slice text, struct marks *out_marks);

/* What is wrong with the terms, as "option: words"; NULL: nothing. */
const char *terms_fault(const struct terms *terms);

/* CH_FULL: the standard has no reference left that was never used. */
enum ch_status terms_reference(enum standard standard, uint64_t number, uint64_t *out_reference);

/* The number behind a reference; 0: it is none of ours. */
uint64_t terms_number(enum standard standard, uint64_t reference);

#endif

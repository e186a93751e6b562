/* What stands around a message that goes out: the interchange's header and trailer, and the message's own.
 *
 *     UNA:+.? '                                               ISA*00*          *00*          *ZZ*PC  ...  *P*:~
 *     UNB+UNOC:3+PC:14+S1:14+261122:0931+10000000042'         GS*PO*PC*S1*20261122*0931*500000042*X*004010~
 *     UNH+1+ORDERS:D:96A:UN:EAN008' ... UNT+24+1'             ST*850*500000042~ ... SE*24*500000042~
 *     UNZ+1+10000000042'                                      GE*1*500000042~ IEA*1*500000042~
 *
 * One message is one interchange, so X12's three control numbers are one: whichever an answer names, it is found by. */
#ifndef PARTS_COVER_H
#define PARTS_COVER_H

#include "channel/parts/script.h"
#include "channel/parts/terms.h"

/* The marks that the terms mean. */
struct marks cover_marks(const struct terms *terms, const struct repertoire *repertoire);

/* Everything in front of the message, and everything behind it.  Terms have no fault. */
void cover_open(struct writing *writing, const struct terms *terms, const struct script_face *face,
	uint64_t reference, int64_t prepared_us);
void cover_close(struct writing *writing, uint64_t reference);

#endif

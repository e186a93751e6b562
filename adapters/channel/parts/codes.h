/* Codes that both standards have for the same thing: units, roles of parties, who gave a number, kinds of references
 * and of packages.  An event keeps them as they were written, so the interchange that it came in tells whose they
 * are; one of another channel has those of UN/EDIFACT, as the schema says.
 *
 *     PCE  PC    a piece          DP  ST    where it is delivered        9   UL    GS1 gave the number
 *     KGM  KG    a kilogram       IV  BT    who pays                     CT  CTN   a carton
 */
#ifndef PARTS_CODES_H
#define PARTS_CODES_H

#include "base/arena.h"
#include "channel/parts/marks.h"
#include "wire/reflect.h"

/* Puts the codes of a document, in memory of `arena`, into those of that standard.  CH_FORMAT: the standard has none
 * for the one at *out_path, which stays; CH_NOMEM. */
enum ch_status codes_settle(struct arena *arena, ProtobufCMessage *document, enum standard to,
	struct reflect_path *out_path);

#endif

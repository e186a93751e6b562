/* A dispatch as the tree that X12's HL has it in: the shipment, its packages, in each the orders, in each the lines.
 *
 *     HL*1**S*1      the shipment
 *     HL*2*1*T*1     a pallet
 *     HL*3*2*P*1     a carton on it
 *     HL*4*3*O*1     of an order
 *     HL*5*4*I*0     a line
 *     HL*6*1*O*0     an order of which nothing is told but its number
 *
 * Lines of no package stand below the shipment, those of no order above any. */
#ifndef PARTS_SHIPMENT_H
#define PARTS_SHIPMENT_H

#include "base/arena.h"
#include "carehub/v1/parts.pb-c.h"

struct shipment_level {
	char code;       /* S, T (with packages in it), P, O, I */
	uint32_t parent; /* number of the level above, counted from 1; 0: none */
	bool has_levels; /* below it */
	/* What it is about; NULL for the others. */
	Carehub__V1__PartsPackage *package;
	Carehub__V1__DispatchLine *line;
	char *order_id; /* of O */
};

struct shipment {
	struct shipment_level *levels; /* number n is n - 1 here; the arena's */
	size_t count;
};

/* Packages that are in one another for ever, and the lines in them, are left out.  CH_NOMEM. */
enum ch_status shipment_plan(struct arena *arena, const Carehub__V1__PartsDispatchAdvised *advice,
	struct shipment *out_shipment);

#endif

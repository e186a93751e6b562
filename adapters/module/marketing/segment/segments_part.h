/* Levels and segments as a part of the running module: facts are folded, customers judged when events or the clock
 * concern them, and differences said.
 *
 * While it is live, whom a batch concerned is judged in the batch's own transaction, so a subscriber hears
 * of a change right behind the event that caused it.  What concerns many is done in pieces between batches, a few
 * milliseconds each, so that nobody's news waits: what stood still while the module caught up, customers whose
 * time has come, buyers of a product whose category changed, and everybody after a change of the definitions. */
#ifndef MARKETING_SEGMENTS_PART_H
#define MARKETING_SEGMENTS_PART_H

#include "base/option.h"
#include "base/zone.h"
#include "module/kit/module.h"
#include "module/marketing/segment/definitions.h"

/* [segments] of the configuration. */
struct segments_config {
	char *definitions;
	char *currency;
	char *zone;
};

extern const struct module_part segments_part;

/* The definitions and zone that a configuration names, for commands; mistakes go to `problems`: CH_INVALID.
 * CH_NOMEM. */
enum ch_status segments_config_open(const struct segments_config *config, struct problems *problems,
	struct definitions **out_definitions, struct zone **out_zone);

/* How far the work that is done in pieces has come. */
struct segments_backlog {
	uint64_t stale; /* customers that wait to be judged */
	bool sweeping;  /* the definitions are others, and not everybody was judged by them */
};

enum ch_status segments_backlog(struct book_txn *txn, struct segments_backlog *out_backlog);

#endif

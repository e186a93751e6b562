/* A delivery group: what one entry of the journal is to a subscriber.  Derived events that are needed to
 * understand the input come first, then the input, then the others; each is a part, and its number in that
 * order is fixed for ever, whatever a filter leaves out.  An input that was not accepted is no part: only
 * what the hub derived from it (that it was quarantined, that it conflicts) is.
 *
 * Reading an entry encodes nothing; a part is encoded when somebody wants it. */
#ifndef FANOUT_GROUP_H
#define FANOUT_GROUP_H

#include "fanout/interest.h"
#include "journal/reader.h"
#include "wire/deliver.h"
#include "wire/entry.h"

struct part {
	uint16_t type;
	bool derived;
	bool wanted;          /* by whom it is put for just now */
	uint64_t customer;    /* whom it is filed under; 0: nobody */
	struct slice source;  /* of an input; no data: not looked up yet */
	struct slice encoded; /* a Delivery without its stamp; no data: not made yet */
	struct slice values;  /* of one that was encoded: what news.h tells to who may have all */
	struct derived event; /* of a derived one */
};

struct group {
	uint64_t sequence;
	int64_t arrival_us;
	uint32_t part_count;
	struct part *parts;

	/* Room that is used again and again. */
	struct entry entry;
	uint32_t capacity;
	struct buffer event;
	struct buffer encoded;
	struct buffer values;
	struct buffer allowed;
};

void group_init(struct group *group);
void group_fini(struct group *group);

/* Looks into `entry`, which must live as long as the group is used.  CH_FORMAT, CH_VERSION: bytes or
 * types of another version; CH_NOMEM. */
enum ch_status group_read(struct group *group, const struct journal_entry *entry);

/* Or part by part, from what was encoded before.  CH_NOMEM. */
void group_begin(struct group *group, uint64_t sequence, int64_t arrival_us);
enum ch_status group_add(struct group *group, const struct part *part);

bool group_wants(struct group *group, uint32_t part, const struct interest *interest);

/* The part's Delivery without its stamp, until the next call on this group.  CH_NOMEM. */
enum ch_status group_encode(struct group *group, uint32_t part, struct slice *out_encoded);

/* Of news of a record (news.h), what they tell of its values to a peer with these rights: the Delivery's stamp has
 * it.  Of other parts, and of who may have none: empty.  Until the next call on this group.  CH_NOMEM. */
enum ch_status group_values(
	struct group *group, uint32_t part, uint32_t rights, struct slice *out_values);

/* Who says it: for a derived one, the hub. */
struct slice group_source(struct group *group, uint32_t part);

/* The part that the entry is about: its input, or the first. */
uint32_t group_main(const struct group *group);

/* The type's name. */
struct slice group_type(const struct group *group, uint32_t part);

/* The customer that a number leads to as of now.  No number redirects yet: merging writes the table that
 * this will look into. */
uint64_t customer_now(uint64_t filed);

#endif

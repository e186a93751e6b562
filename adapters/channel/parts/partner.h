/* Whom events go out to, and what has been agreed with each: a file in a folder for every partner.
 *
 *     partners/north.conf
 *
 *     [partner]
 *     number = 4012345000009
 *     own_number = 5412345000013
 *     [documents]
 *     messages = ORDERS, ORDCHG
 *     roles = SU
 *
 * The file's name is the partner's, for people, folders and logs.  `interchange.standard = x12` and the section [x12]
 * make him one who reads X12. */
#ifndef PARTS_PARTNER_H
#define PARTS_PARTNER_H

#include "base/limits.h"
#include "base/problem.h"
#include "channel/parts/outgoing.h"

struct agreement;

struct partner {
	char name[LIMIT_PARTNER_NAME_BYTES + 1];
	char *folder; /* that his interchanges are put into */
	struct terms terms;
	int64_t patience_us;         /* how long his CONTRL or 997 may take; 0: none is awaited */
	struct agreement *agreement; /* what his file says */
};

struct partners {
	struct partner *items;
	size_t count;
};

/* All files NAME.conf of the folder.  Those that name no folder of their own get one of their name below `out`.
 * CH_INVALID when it added to `problems`; CH_NOMEM. */
enum ch_status partners_read(const char *folder, const char *out, struct problems *problems,
	struct partners *out_partners);
void partners_free(struct partners *partners);

/* A document that is written by this script goes to him: his messages have it, it names him in one of his roles
 * (or as `documents.for` says), and it did not come from him. */
bool partner_wants(const struct partner *partner, const struct script *script,
	const ProtobufCMessage *document);

/* The types of events that any of them wants; at most script_count. */
size_t partners_types(const struct partners *partners, const char **out_types);

/* Appends a commented file with every setting. */
void partner_describe(struct buffer *out);

#endif

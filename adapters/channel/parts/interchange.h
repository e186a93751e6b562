/* An interchange as its envelope tells it, whichever standard it is in: who sent it to whom under which
 * reference, which messages are in it and where, and what is wrong.
 *
 *     UN/EDIFACT                      X12                     here
 *     UNB ... UNZ                     ISA ... IEA             struct interchange
 *     UNG ... UNE                     GS ... GE               struct group
 *     UNH ... UNT                     ST ... SE               struct message
 *
 * A whole interchange is looked at before anything of it is used.  What its own segments have wrong (a
 * count, a reference, a missing trailer) refuses all of it, of a group's all of the group, of a message's
 * that message alone: that is where the standards allow to take the rest. */
#ifndef PARTS_INTERCHANGE_H
#define PARTS_INTERCHANGE_H

#include "base/arena.h"
#include "channel/parts/marks.h"
#include "channel/parts/scanner.h"

/* What a message is; the names differ by standard. */
enum message_kind {
	MESSAGE_OTHER,           /* not carried here */
	MESSAGE_ORDER,           /* ORDERS, 850 */
	MESSAGE_ORDER_CHANGE,    /* ORDCHG, 860 */
	MESSAGE_ORDER_RESPONSE,  /* ORDRSP, 855 */
	MESSAGE_DISPATCH,        /* DESADV, 856 */
	MESSAGE_RECEIPT,         /* RECADV, 861 */
	MESSAGE_INVENTORY,       /* INVRPT, 846 */
	MESSAGE_PRICES,          /* PRICAT, 832 */
	MESSAGE_ACKNOWLEDGEMENT, /* CONTRL, 997, TA1 */
	MESSAGE_KINDS
};

struct flaw_note {
	struct flaw_note *next;
	struct flaw flaw;
};

struct flaws {
	struct flaw_note *first;
	struct flaw_note *last;
	uint32_t count; /* those beyond LIMIT_PARTS_FLAWS are not kept */
};

struct address {
	struct slice id;
	struct slice qualifier;
	struct slice route;
};

#define MESSAGE_TYPE_PARTS 5u
#define GROUP_NONE         UINT32_MAX
#define SEAM_NONE          UINT32_MAX

struct message {
	struct slice reference; /* UNH 0062, ST02 */
	/* UNH S009: type, version, release, agency, association; X12: ST01, and GS08 as version. */
	struct slice type[MESSAGE_TYPE_PARTS];
	enum message_kind kind;
	uint32_t group;    /* its index, or GROUP_NONE */
	uint32_t segments; /* header and trailer included, as counted here */
	uint64_t offset;   /* of its bytes in the file, header and trailer included */
	uint64_t end;
	uint32_t
		first_seam; /* of its segments, in the interchange's; SEAM_NONE: they were too many */
	struct flaws flaws; /* not empty: the message is refused */
};

struct group {
	struct slice reference; /* UNG 0048, GS06 */
	struct slice kind;      /* UNG 0038, GS01 */
	struct slice version;   /* GS08 */
	struct address sender;
	struct address recipient;
	uint32_t first; /* of its messages */
	uint32_t count;
	uint32_t told;    /* how many its trailer says they are */
	struct flaw flaw; /* of its own segments: all of its messages are refused */
};

/* What its texts say stands in the file, unless something there was released, wrapped or decoded: so the file's
 * bytes must last as long. */
struct interchange {
	struct slice file;
	struct arena arena; /* of what does not stand in the file */
	enum standard standard;
	struct marks marks;
	struct slice syntax;  /* UNB S001 0001 "UNOC"; ISA12 "00401" */
	struct slice version; /* UNB S001 0002 "3" */
	enum charset charset;
	bool ascii;        /* the repertoire has nothing beyond it */
	bool syntax_known; /* it is one that we write, too */
	struct address sender;
	struct address recipient;
	struct slice reference; /* UNB 0020, ISA13 */
	struct slice date;      /* as written */
	struct slice time;
	bool test;
	bool wants_acknowledgement; /* UNB 0031, ISA14 */
	bool answerable;            /* enough of its header could be read to answer it */
	bool cut_off;               /* it ends without its trailer */
	bool acknowledges;          /* it holds a TA1 */
	struct flaw flaw;           /* of its own segments: all of it is refused */
	uint64_t offset;
	uint64_t end;
	uint32_t segments; /* all, but UNA */
	struct group *groups;
	uint32_t group_count;
	struct message *messages;
	uint32_t message_count;
	struct seam *seams; /* of its messages' segments, as far as they are kept */
	uint32_t seam_count;
	/* Of growing. */
	uint32_t seam_room;
	uint32_t group_room;
	uint32_t message_room;
};

void interchange_init(struct interchange *interchange);
void interchange_fini(struct interchange *interchange);

/* The next interchange at or behind *at; blanks in between do not count.  CH_OK: *out_interchange, to be
 * freed by interchange_fini before `file` is, and *at stands behind it.  CH_END: no more.  CH_FORMAT: no interchange begins
 * there, *out_flaw says more, and *at stands where the next one may begin.  CH_NOMEM. */
enum ch_status interchange_next(struct scanner *scanner, struct slice file, uint64_t *at,
	struct interchange *out_interchange, struct flaw *out_flaw);

/* Nothing of it is used: it or all of its messages are refused. */
bool interchange_is_refused(const struct interchange *interchange);

/* It holds acknowledgements and nothing else; such a one is never answered. */
bool interchange_only_acknowledges(const struct interchange *interchange);

/* A message is refused: by itself, by its group or by the interchange. */
bool interchange_refuses(const struct interchange *interchange, const struct message *message);

/* "ORDERS:D:96A:UN:EAN008" appended. */
void message_type_text(const struct message *message, struct buffer *out);

/* ---- For the envelope's two readers ---- */

/* The text, or a copy of it, that lives as long as the interchange. */
struct slice interchange_keep(struct interchange *interchange, struct slice text);

/* The first flaw of the interchange itself counts. */
void interchange_flaw(struct interchange *interchange, struct flaw flaw);

/* A new message or group at the end; NULL when memory runs out, or, with the flaw set, there are too
 * many. */
struct message *interchange_add_message(struct interchange *interchange, struct flaw here);
struct group *interchange_add_group(struct interchange *interchange, struct flaw here);

/* Room for the seams of the message's next segments, so that they are not looked for again when the message is
 * read: *out_room of them, and interchange_add_seams says how many it became.  NULL when memory runs out or
 * LIMIT_PARTS_SEAMS is reached, which makes that slower, and no more. */
struct seam *interchange_seam_room(
	struct interchange *interchange, struct message *message, size_t *out_room);
void interchange_add_seams(struct interchange *interchange, size_t count);

/* The seam of the segment given last. */
void interchange_add_seam(
	struct interchange *interchange, struct message *message, const struct scanner *scanner);

/* Every message that has a name twice is told, after the first. */
enum ch_status interchange_check_names(struct interchange *interchange); /* CH_NOMEM */

enum ch_status flaws_add(struct flaws *flaws, struct arena *arena, struct flaw flaw); /* CH_NOMEM */

/* One interchange that begins at *at with UNA or UNB; with ISA. */
enum ch_status edifact_read(
	struct scanner *scanner, struct slice file, uint64_t *at, struct interchange *interchange);
enum ch_status x12_read(
	struct scanner *scanner, struct slice file, uint64_t *at, struct interchange *interchange);

#endif

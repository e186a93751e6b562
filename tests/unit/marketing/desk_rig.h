/* The marketing module's segments and campaigns beside a hub that a test tells: its journal, records and receipts are
 * in memory, its time is the test's; book, voice, desk, libcurl and the mail server are real.
 *
 *     rig_open(&rig, "[segment all]\nwhere = everybody\n");
 *     rig_know(&rig, 7);                            the hub has a record of 7, who agrees, and says so
 *     rig_start(&rig, "spring");
 *     rig_run(&rig, 1000);                          a second of the hub's time
 *     rig_state(&rig, "spring", 7);                 LEDGER_IS_SENT
 *     rig_close(&rig); */
#ifndef MARKETING_DESK_RIG_H
#define MARKETING_DESK_RIG_H

#include "support/unit.h"

#include "base/arena.h"
#include "module/kit/router.h"
#include "module/marketing/campaign/campaign_ledger.h"
#include "module/marketing/campaign/campaign_part.h"
#include "module/marketing/segment/segments_part.h"
#include "support/smtp_server.h"

#define RIG_CUSTOMERS 100u
#define RIG_ENTRIES   4000u

struct rig_record {
	bool there;
	bool agrees; /* to offers by mail and telephone, and to questions by telephone */
	bool withdrawn;
	uint64_t redirect; /* it was merged into this one; 0: not */
	char email[128];   /* "": c7@example.org */
	char phone[32];    /* "": +8613800000007 */
	char *name;        /* NULL: none is known */
};

struct rig_entry {
	size_t at;
	size_t len;
	uint64_t customer;
	int64_t arrival_us;
};

struct rig {
	char folder[80];
	char paths[5][120];                /* book, token, campaigns, definitions, password */
	struct campaign_settings settings; /* before rig_begin, or between rig_end and rig_begin */
	struct segments_config segments;
	struct rig_record records[RIG_CUSTOMERS + 1];
	struct smtp_server *server;
	struct smtp_fault fault; /* of every mail: rig_fault */
	bool stalled;            /* every mail: rig_stall */
	int64_t now_us;

	/* How the hub is. */
	bool mute;           /* it hears nothing of what is said to it */
	bool deaf;           /* it answers no question about a record */
	uint64_t deaf_to;    /* none about this customer */
	unsigned asked;      /* so often */
	const char *refuses; /* this type of event: NULL: none */
	bool quarantines;    /* and keeps it, for somebody to correct; else it may be said again */
	const char *late;    /* this type of event is on its way until rig_arrive; NULL: none */
	struct buffer on_its_way; /* the last of them */

	/* The journal: entries from 1. */
	struct buffer bytes;
	struct rig_entry entries[RIG_ENTRIES + 1];
	uint64_t head;

	/* The module, between rig_begin and rig_end. */
	struct book *book;
	struct router *router;
	void *selves[2];
	struct metrics *metrics;
	struct feed_state state;
	struct arena arena;
};

/* Folder, campaigns "spring" (mail) and "calls" (telephone) for the segment "all", mail server; then rig_begin. */
void rig_open(struct rig *rig, const char *definitions);
void rig_close(struct rig *rig);

/* The module's life.  The book stays. */
void rig_begin(struct rig *rig);
void rig_end(struct rig *rig);

/* `reload` while it runs: the settings are read anew, book and journal go on. */
void rig_reload(struct rig *rig);

/* Replaces a file of the campaigns' folder. */
void rig_write(struct rig *rig, const char *name, const char *text);

/* The hub has a record of him, who agrees, and tells that. */
void rig_know(struct rig *rig, uint64_t customer);

/* An event in the journal, filed under `customer`; 0: nobody.  Consents change his record, as the hub would. */
void rig_tell(
	struct rig *rig, const char *type, uint64_t customer, const ProtobufCMessage *message);

void rig_merge(struct rig *rig, uint64_t from, uint64_t into);
void rig_unmerge(struct rig *rig, uint64_t from, uint64_t restored);

/* As the operator's commands say it; a campaign that was started before is started again. */
void rig_start(struct rig *rig, const char *campaign);
void rig_stop(struct rig *rig, const char *campaign);
void rig_settle(struct rig *rig, const char *campaign, uint64_t customer, const char *verdict);

/* So many ms of the hub's time pass. */
void rig_run(struct rig *rig, int64_t ms);

/* The hub is restored from a backup that knew the journal up to `head`: the journal is another one.  The module goes
 * on. */
void rig_restore(struct rig *rig, uint64_t head);

/* How the newest message of this customer stands; and why, "" when nothing is said. */
enum ledger_state rig_state(struct rig *rig, const char *campaign, uint64_t customer);
void rig_reason(struct rig *rig, const char *campaign, uint64_t customer, char out[32]);

/* What happens to every mail from now on. */
void rig_fault(struct rig *rig, struct smtp_fault fault);

/* Whoever begins a mail waits until the server stalls no more.  Nobody asks it anything meanwhile. */
void rig_stall(struct rig *rig, bool stalled);

/* Mails that the server has taken for this address; NULL: all. */
unsigned rig_mails(struct rig *rig, const char *address);

/* The hub takes what was on its way, and its receipt comes to nobody: from now on all goes at once. */
void rig_arrive(struct rig *rig);

/* Events of this type in the journal. */
unsigned rig_said(const struct rig *rig, const char *type);

/* Whether one of them has this text in it. */
bool rig_has_said(const struct rig *rig, const char *type, const char *text);

#endif

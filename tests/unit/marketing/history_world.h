/* The world of one random history, in memory that parent and child share, so that it outlives every kill -9: a model
 * of the hub (journal, records, receipts), its clock, and logs of what was asked and what mail was taken. */
#ifndef MARKETING_HISTORY_WORLD_H
#define MARKETING_HISTORY_WORLD_H

#include <sys/types.h>

#include "carehub/publish.h"
#include "wire/envelope.h"

#define WORLD_CUSTOMERS 12u /* at most */
#define WORLD_SOURCE    "/marketing"

/* Mistakes that a test plants, to see that the checker finds them. */
enum world_plant {
	PLANT_NONE,
	PLANT_STALE_RECORDS, /* records as they stood at the first time somebody asked */
	PLANT_LYING_SERVER,  /* takes mail, and says 451 */
	PLANT_EMPTY_PROMISE, /* says 250, and takes nothing */
	PLANT_FORGETFUL_HUB, /* loses intents that it gave a receipt for, when the module dies */
	PLANT_DEAF_TO_DOUBT, /* gives a receipt for uncertain messages, and keeps none */
	PLANTS,
};

/* A statement of consent; the others of the journal's entries are the module's events. */
struct world_consent {
	uint64_t customer;
	uint8_t purpose; /* 0: all */
	uint8_t channel;
	bool granted;
	int64_t occurred_us;
};

struct world_entry {
	bool gone; /* by PLANT_FORGETFUL_HUB */
	bool is_consent;
	struct world_consent consent;
	int64_t arrival_us;
	uint32_t at; /* of the encoded event */
	uint32_t len;
};

struct world_ask {
	uint64_t customer;
	uint64_t sequence;
};

struct world_mail {
	char id[33];
	uint64_t customer;
	uint64_t head; /* when its end was there */
	uint32_t asks;
};

enum world_habit {
	HABIT_STEADY, /* agrees to all, always */
	HABIT_NEVER,
	HABIT_FLAPS,
	HABITS,
};

#define WORLD_ENTRIES 16384u
#define WORLD_ASKS    65536u
#define WORLD_MAILS   2048u
#define WORLD_BYTES   (8u << 20)

struct world {
	int fd; /* of the memory, for a process that is to share it */
	uint64_t random;
	uint64_t server_random;
	uint64_t customers; /* their numbers are from 1 */
	int64_t now_us;
	int64_t kill_in; /* steps until the child kills itself; < 0: never */
	unsigned flaps;  /* of 1000 steps */
	enum world_plant plant;
	pid_t child;
	unsigned kills;   /* that the mail server may still do */
	unsigned reloads; /* that are still to come */
	unsigned stops;   /* of campaigns, that are started again */
	unsigned cap;     /* messages to anybody */
	bool faulty;      /* the mail server is, and the hub now and then */
	bool refuses;     /* also for good */
	enum world_habit habits[WORLD_CUSTOMERS + 1];
	uint32_t entries; /* its last is the head */
	uint32_t used;
	uint32_t asks;
	uint32_t mails;
	struct world_entry entry[WORLD_ENTRIES + 1]; /* from 1 */
	struct world_ask ask[WORLD_ASKS];
	struct world_mail mail[WORLD_MAILS];
	uint8_t bytes[WORLD_BYTES];
};

/* In shared memory; NULL: none. */
struct world *world_create(uint64_t seed);
struct world *world_attach(int fd);
void world_free(struct world *world);

uint64_t world_draw(uint64_t *state, uint64_t below);

/* Something may happen here: consents change, the process dies. */
void world_step(struct world *world);

/* As the hub: receipts by source and id.  A faulty one puts some off, and some of its receipts are lost. */
void world_publish(
	struct world *world, const struct envelope *head, struct ch_receipt *out_receipt);
void world_put_consent(struct world *world, const struct world_consent *consent);

/* As an operator: a campaign's next start, of this version of its definition, or the end of the one that runs. */
void world_start(struct world *world, const char *campaign, const char *version);
void world_stop(struct world *world, const char *campaign);

enum world_standing { WORLD_NOT_STARTED, WORLD_RUNS, WORLD_STOPPED, WORLD_DONE };

/* By the journal; *out_start: of which start. */
enum world_standing world_standing(
	const struct world *world, const char *campaign, uint32_t *out_start);

/* Messages that were meant for him, as the journal has it; *out_campaigns: of how many campaigns.  One that was
 * called off counts all the same. */
unsigned world_intents(const struct world *world, uint64_t customer, unsigned *out_campaigns);

/* An entry's event; empty: a consent, or gone. */
struct slice world_event(const struct world *world, uint64_t sequence);

/* The encoded CustomerReply, as the hub would give it. */
void world_reply(struct world *world, uint64_t customer, struct buffer *out);

/* Whether he agrees as of a sequence, reckoned without the module's or the record's code. */
bool world_agrees(const struct world *world, uint64_t customer, uint8_t purpose, uint8_t channel,
	uint64_t sequence);

#endif

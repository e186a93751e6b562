/* One life of the marketing module in a random history, in a process of its own: real book, voice, ledger, desk and
 * libcurl, the hub being a history's world. */
#ifndef MARKETING_HISTORY_LIFE_H
#define MARKETING_HISTORY_LIFE_H

#include "unit/marketing/history_world.h"

/* Two by mail, one by telephone. */
#define HISTORY_CAMPAIGNS 3u
extern const char *const history_campaigns[HISTORY_CAMPAIGNS];
#define HISTORY_CALL "calls"

/* Writes the campaigns that are not there yet, and starts one, as its file stands now. */
void history_start(struct world *world, const char *folder, const char *campaign);

/* Takes up what earlier lives have left in the folder; returns when all campaigns are over and nothing moves any more.
 * Ends the process when the module fails, and may be killed at every step. */
void history_live(struct world *world, const char *folder, uint16_t port);

#endif

/* A subscription as the hub remembers it, whether anybody is attached or not, and its rows in the desk. */
#ifndef FANOUT_SUBSCRIPTION_H
#define FANOUT_SUBSCRIPTION_H

#include "fanout/inside.h"

/* The durable one of that name; NULL. */
struct subscription *subscription_find(const struct fanout *fanout, struct slice name);

/* Makes one and enters it; an empty name: ephemeral.  It stands nowhere yet.  CH_FULL, CH_NOMEM. */
enum ch_status subscription_create(struct fanout *fanout, struct slice name, const char *peer,
	struct subscription **out_subscription);

/* Forgets it, here and not in the desk; nobody is attached. */
void subscription_free(struct subscription *subscription);

/* The same with its rows and its replays, for ever; nobody is attached. */
void subscription_delete(struct subscription *subscription);

/* What was asked for; the slices live until it is asked for anew. */
void subscription_wish(const struct subscription *subscription, struct subscribe *out_wish);

/* Remembers what is asked for: filter, start and limits.  CH_NOMEM. */
enum ch_status subscription_set_wish(
	struct subscription *subscription, const struct subscribe *wish);

/* Limits with their defaults. */
struct cursor_settings subscription_settings(const struct subscription *subscription);
uint64_t subscription_max_lag(const struct subscription *subscription);

static inline bool subscription_is_durable(const struct subscription *subscription)
{
	return subscription->name[0] != 0;
}

/* Entries behind the head. */
uint64_t subscription_lag(const struct subscription *subscription);

/* How old the oldest of them is; 0 when there is none. */
int64_t subscription_lag_us(struct subscription *subscription);

/* Puts it where deliveries after `base` come next; lag is counted anew. */
void subscription_place(struct subscription *subscription, uint64_t base, int64_t arrival_us);

/* Goes where it was asked to begin.  One that was suspended and stays goes on with what is left, or with
 * a snapshot if that is asked for. */
struct place;
void subscription_go_to(struct subscription *subscription, const struct place *place);

/* Its definition, and its cursor as it stands now, into the folio. */
void subscription_write(const struct subscription *subscription);
void subscription_write_cursor(struct subscription *subscription);

/* Takes up everything that the desk holds.  CH_CORRUPT, CH_NOMEM, CH_IO. */
enum ch_status subscription_load_all(struct fanout *fanout);

#endif

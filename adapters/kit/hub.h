/* What an adapter sees of the hub beside the way of its events: questions (kit_ask of adapter.h).
 *
 * The hub takes few questions of one session at a time; more wait here, in order.  Answers come on the
 * library's thread, are copied, and are given on in hub_tend.  Over a lost line the library asks again; for how long
 * somebody waits is counted here.  Whose time is over keeps its place until the hub is done with it, lest there be
 * more at the hub than it takes. */
#ifndef KIT_HUB_H
#define KIT_HUB_H

#include "kit/adapter.h"
#include "kit/courier.h"

/* Questions that may be under way or wait. */
#define HUB_QUESTIONS 1024u

/* Courier and bell must outlive it.  CH_NOMEM. */
enum ch_status hub_create(struct courier *courier, struct bell *bell, struct kit_hub **out_hub);

/* Gives answers, and sends what waits. */
void hub_tend(struct kit_hub *hub);

/* Whether there are any now. */
bool hub_has_answers(struct kit_hub *hub);

/* When hub_tend has something to do by itself; INT64_MAX: never. */
int64_t hub_due_us(const struct kit_hub *hub);

/* The courier has ended: all that is open is answered with CH_CLOSED. */
void hub_end(struct kit_hub *hub);
void hub_free(struct kit_hub *hub); /* hub_end was called; NULL is fine */

#endif

/* Whether the hub is alive, and whether it is ready for work: /healthz and /readyz.
 *
 * Alive is who answers at all: the loop turns.  Ready is a list of conditions, each set by the part
 * that knows: the journal is recovered, the disk has room, the projector keeps up.  A condition that
 * was never set counts as not ready, so that nothing is forgotten at start. */
#ifndef CONSOLE_HEALTH_H
#define CONSOLE_HEALTH_H

#include "net/http.h"

struct health;

struct health *health_create(void); /* NULL: out of memory */
void health_free(struct health *health);

/* Adds a condition, not ready for the reason "starting"; `name` is constant text.  At most 32. */
void health_expect(struct health *health, const char *name);

/* Any thread.  `reason` says why not, "journal is full", NULL when it is ready; cut after 200 bytes.
 * The name must have been expected. */
void health_set(struct health *health, const char *name, const char *reason);

/* The same for what does not keep the hub from its work, but is worth knowing: it is ready, and the note
 * says what about it.  NULL: nothing. */
void health_note(struct health *health, const char *name, const char *note);

/* Any thread. */
bool health_ready(struct health *health);

/* Adds both pages: 200 {"status":"ready"...} or 503 {"status":"not_ready", ... why}.  The health
 * outlives the server. */
void health_serve(struct health *health, struct http *http);

#endif

/* The agents' screens: pop.h's questions are asked of the hub, and its lines brought to whoever shows them, by POST
 * (post.h) and on a WebSocket (sockets.h), as far as the settings want either.
 *
 * On a loop of libuv's; one thread: from within uv_run, or between two runs. */
#ifndef CALLCENTER_SCREENS_H
#define CALLCENTER_SCREENS_H

#include <uv.h>

#include "channel/callcenter/exchange.h"
#include "channel/callcenter/means.h"
#include "kit/hub.h"

/* All must outlive the screens. */
struct screens_options {
	const struct callcenter_settings *settings;
	const struct callcenter_means *means;
	const struct call_names *names;
	struct kit_hub *hub;
	uv_loop_t *loop;
};

struct screens;

/* CH_OK with *out_screens NULL: the settings want none.  CH_BUSY: pop.listen cannot be bound, which has been logged;
 * CH_NOMEM, CH_IO.  Whatever is returned, what there is is closed and freed by the two below. */
enum ch_status screens_open(const struct screens_options *options, struct screens **out_screens);

/* A telephone rings. */
void screens_offer(struct screens *screens, const struct call_offer *offer); /* NULL is fine */

/* Other passes for the WebSocket from now on; the ones before may go.  NULL is fine. */
void screens_renew(struct screens *screens, const struct passes *passes);

/* Ends what is under way; the loop must be run until it has no more handles, then screens_free.  NULL is fine in both. */
void screens_close(struct screens *screens);
void screens_free(struct screens *screens);

#endif

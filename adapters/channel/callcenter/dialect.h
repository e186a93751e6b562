/* The line to an exchange in its own dialect, chosen by exchange.dialect: Asterisk's manager port (ami_client) or
 * FreeSWITCH's event socket (esl_client).  Whoever listens hears the same words of either.
 *
 * On a loop of libuv's; everything on its thread, from within uv_run. */
#ifndef CALLCENTER_DIALECT_H
#define CALLCENTER_DIALECT_H

#include <uv.h>

#include "channel/callcenter/ears.h"
#include "channel/callcenter/means.h"

struct dialect;

/* Settings and means must outlive it.  Starts at once.  CH_NOMEM, CH_IO. */
enum ch_status dialect_open(uv_loop_t *loop, const struct callcenter_settings *settings,
	const struct callcenter_means *means, const struct ears *ears,
	struct dialect **out_dialect);

/* Ends the connection; the loop must be run until it has no more handles, then dialect_free.  NULL is fine in both. */
void dialect_close(struct dialect *dialect);
void dialect_free(struct dialect *dialect);

bool dialect_is_up(const struct dialect *dialect); /* NULL: it is not */

#endif

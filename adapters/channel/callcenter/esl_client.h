/* What is said on FreeSWITCH's event socket: logged in, events asked for, asked what there is, kept alive.  The
 * connection below it (uplink.h) is made again whenever it is lost.
 *
 *     greeted -> logging in -> subscribing -> looking -> up
 *
 * Each time it is up again the exchange is asked for its agents, for who waits in its queues, and for its channels,
 * before anybody is told so.  Nothing is acknowledged on this socket.
 *
 * On a loop of libuv's; everything on its thread, from within uv_run. */
#ifndef CALLCENTER_ESL_CLIENT_H
#define CALLCENTER_ESL_CLIENT_H

#include "channel/callcenter/ears.h"
#include "channel/callcenter/uplink.h"

struct esl_client_options {
	struct uplink_options uplink;
	struct slice password;
	const char *custom; /* one more subclass of CUSTOM events; NULL: none */
};

struct esl_client;

/* All texts, and tls, must outlive the client.  Starts at once.  CH_NOMEM, CH_IO. */
enum ch_status esl_client_open(uv_loop_t *loop, const struct esl_client_options *options,
	const struct ears *ears, struct esl_client **out_client);

/* Ends the connection; the loop must be run until it has no more handles, then esl_client_free. */
void esl_client_close(struct esl_client *client); /* NULL is fine */
void esl_client_free(struct esl_client *client);  /* so it is here */

bool esl_client_is_up(const struct esl_client *client);

#endif

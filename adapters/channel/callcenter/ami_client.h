/* What is said on an exchange's manager port: logged in, asked what there is, kept alive.  The connection below it
 * (uplink.h) is made again whenever it is lost.
 *
 *     greeted -> (challenged) -> logging in -> looking -> up
 *
 * Each time it is up again the exchange is asked what there is (QueueStatus, CoreShowChannels) before anybody is
 * told so: what was missed in between cannot be asked for, only found to be missing.  Nothing is acknowledged
 * on this port, in either direction.
 *
 * On a loop of libuv's; everything on its thread, from within uv_run. */
#ifndef CALLCENTER_AMI_CLIENT_H
#define CALLCENTER_AMI_CLIENT_H

#include "channel/callcenter/ears.h"
#include "channel/callcenter/uplink.h"

struct ami_client_options {
	struct uplink_options uplink;
	const char *username;
	struct slice secret;
	bool md5;           /* the secret itself is never sent */
	const char *events; /* mask: "call,agent,cdr,user,dialplan"; "on" */
};

struct ami_client;

/* All texts, and tls, must outlive the client.  Starts at once.  CH_NOMEM, CH_IO. */
enum ch_status ami_client_open(uv_loop_t *loop, const struct ami_client_options *options,
	const struct ears *ears, struct ami_client **out_client);

/* Ends the connection; the loop must be run until it has no more handles, then ami_client_free. */
void ami_client_close(struct ami_client *client);
void ami_client_free(struct ami_client *client); /* NULL is fine */

bool ami_client_is_up(const struct ami_client *client);

#endif

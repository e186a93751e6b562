/* Where the hub is and who we are: options, then the environment (CAREHUB_ENDPOINT,
 * CAREHUB_SERVER_KEY, CAREHUB_KEY, CAREHUB_CONTEXT), then ~/.config/carehub/NAME.conf.
 *
 *     endpoint = tcp://hub.example:7710
 *     server_key = hub.public             a key, or a file that holds it
 *     key = ops.secret                    a file, never the key itself; relative to this file
 *
 * A secret key stands nowhere but in its file: command lines and environments are for all to
 * see. */
#ifndef CLI_CONTEXT_H
#define CLI_CONTEXT_H

#include "cli/cli.h"

#define CONTEXT_PATH 4096

struct context {
	char endpoint[512];
	char server_key[CONTEXT_PATH]; /* a key or a file */
	char key_file[CONTEXT_PATH];
	char file[CONTEXT_PATH]; /* where the rest came from; "" when there is none */
};

/* EXIT_FINE; EXIT_USAGE after it has said what is missing or wrong. */
int context_read(const struct cli *cli, struct context *out_context);

/* The key itself, from the key or the file that holds it.  CH_NOT_FOUND, CH_FORMAT, CH_IO. */
enum ch_status context_public_key(const char *key_or_file, char out_key[65]);

#endif

/* The certificate by which the port proves whose it is, with its chain and its private key: read as a whole and
 * known to belong together before a client sees it, so that it can be exchanged while the port is open.
 *
 * Files in PEM; the first certificate is the server's, those behind it lead to one that clients trust.  The key
 * is what a secret must be (kit/secret.h), and has no passphrase: nobody is there to type it. */
#ifndef WEBSITE_CERTIFICATE_H
#define WEBSITE_CERTIFICATE_H

#include "base/problem.h"

struct ssl_ctx_st;
struct certificate;

#define CERTIFICATE_CHAIN 16u

/* CH_INVALID with lines in `problems`: a file cannot be read, or holds none; they do not belong together; what is
 * weaker than this machine allows; CH_NOMEM. */
enum ch_status certificate_read(const char *path, const char *key_path, struct problems *problems,
	struct certificate **out_certificate);
void certificate_free(struct certificate *certificate); /* NULL is fine */

/* From now on each handshake shows *current, as it is by then; those that have been keep what they saw.  `current`
 * must outlive the context. */
void certificate_show(struct ssl_ctx_st *context, struct certificate *const *current);

#endif

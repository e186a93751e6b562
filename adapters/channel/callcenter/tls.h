/* TLS on a connection that somebody else reads and writes: what came goes in, what is meant comes out, and the other
 * way round.
 *
 *     tls_session_open(tls, &session);
 *     tls_session_flush(session, &out);             our hello: send it
 *     tls_session_feed(session, came, &plain);      as often as bytes come; then flush and send again
 *     tls_session_put(session, ours);               once it is ready; then flush and send
 *
 * TLS 1.2 and 1.3 (RFC 5246, 8446), no renegotiation.  The far side's certificate must come from somebody who is
 * trusted, be valid now, and be for the name that is called (RFC 6125; an address, where an address is called).
 *
 * No socket, no loop, no clock but OpenSSL's own for certificates.  One thread. */
#ifndef CALLCENTER_TLS_H
#define CALLCENTER_TLS_H

#include <stdbool.h>

#include "base/slice.h"

struct tls_options {
	const char *
		ca_file; /* PEM: authorities, or the far side's own; NULL: what this system trusts */
	const char *name; /* that the certificate must be for */
	bool verify;      /* false: whoever answers is believed */
};

/* Whom to trust, for any number of connections. */
struct tls;

/* CH_INVALID: ca_file cannot be read, or holds no certificate; CH_NOMEM. */
enum ch_status tls_create(const struct tls_options *options, struct tls **out_tls);
void tls_free(struct tls *tls); /* NULL is fine; not while there is a session */

/* One connection. */
struct tls_session;

enum ch_status tls_session_open(
	const struct tls *tls, struct tls_session **out_session); /* CH_NOMEM */
void tls_session_free(struct tls_session *session);               /* NULL is fine */

/* Bytes that came, at most 1 MiB; what they mean is appended.  CH_OK; CH_END: the far side has said that it
 * closes; CH_DENIED: its certificate is refused; CH_FORMAT: this is no TLS, or TLS that is refused; CH_NOMEM.  After
 * anything but CH_OK the session is at its end, but what is to be flushed may say why. */
enum ch_status tls_session_feed(
	struct tls_session *session, struct slice bytes, struct buffer *out_plain);

/* Whether both sides know each other. */
bool tls_session_is_ready(const struct tls_session *session);

/* Something to be sent, when it is ready; copied.  CH_NOMEM. */
enum ch_status tls_session_put(struct tls_session *session, struct slice plain);

/* Appends the bytes that the far side must get.  CH_NOMEM, CH_INTERNAL. */
enum ch_status tls_session_flush(struct tls_session *session, struct buffer *out_bytes);

/* What is wrong and what can be done about it, in one line, after CH_DENIED or CH_FORMAT. */
const char *tls_session_why(const struct tls_session *session);

#endif

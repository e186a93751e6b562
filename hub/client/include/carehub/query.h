/* Questions to the hub and control operations: one mechanism.  `operation` names a request of
 * control.proto, the body is that message encoded; so are the replies. */
#ifndef CAREHUB_QUERY_H
#define CAREHUB_QUERY_H

#include <carehub/connection.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One reply, on the thread that asked; `body` lives as long as the call, `more` says that others
 * follow.  May call anything.  Returning false ends the call with CH_OK; later replies are passed
 * over. */
typedef bool ch_reply_callback(void *context, struct ch_bytes body, bool more);

/* A question, whose answer changes nothing at the hub: asks and waits for the last reply.  `timeout_ms` is
 * for the first reply, over lost connections: until one has come the question is asked again as soon as
 * there is a connection.  From then on it counts from one reply to the next.
 * CH_OK: all replies were given to `callback` (which may be NULL); what the hub refuses with, and then
 * ch_error_detail has its word; CH_TIMEOUT; CH_CLOSED: time was up and there was no connection (the detail
 * says why), it was lost between two replies, or closed; CH_FULL: replies came faster than `callback` took
 * them; CH_TOO_LARGE, CH_NOMEM, CH_INVALID (from a callback). */
CH_PUBLIC enum ch_status ch_query(struct ch_connection *connection, const char *operation,
	struct ch_bytes body, int64_t timeout_ms, ch_reply_callback *callback, void *context);

/* The same for an operation, which must not be done twice: it needs a connection and is not sent again
 * after a lost one.  CH_CLOSED: there is no connection; or it was lost meanwhile, and the outcome is
 * unknown. */
CH_PUBLIC enum ch_status ch_request(struct ch_connection *connection, const char *operation,
	struct ch_bytes body, int64_t timeout_ms, ch_reply_callback *callback, void *context);

/* One reply, on the library's thread; `body` and `detail` live as long as the call.  With CH_OK `more` says
 * that others follow; the call with `more` false is the last, whatever its status. */
typedef void ch_answer_callback(
	void *context, enum ch_status status, struct ch_bytes body, bool more, const char *detail);

/* Asks and returns; everything is copied.  The last call of `callback` comes with the last reply, with the
 * hub's refusal, or with CH_CLOSED when the connection is lost or closed first: there is no other time
 * limit.  CH_CLOSED, CH_TOO_LARGE, CH_NOMEM, CH_INVALID: then the callback is not called.  May be called
 * from callbacks. */
CH_PUBLIC enum ch_status ch_request_async(struct ch_connection *connection, const char *operation,
	struct ch_bytes body, ch_answer_callback *callback, void *context);

/* The same for a question, as ch_query asks it: over lost connections, until a reply has come.  CH_CLOSED to
 * `callback`: the connection was lost between two replies, or closed. */
CH_PUBLIC enum ch_status ch_query_async(struct ch_connection *connection, const char *operation,
	struct ch_bytes body, ch_answer_callback *callback, void *context);

#ifdef __cplusplus
}
#endif
#endif

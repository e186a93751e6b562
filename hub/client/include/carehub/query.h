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

/* Asks and waits for the last reply; `timeout_ms` counts from one reply to the next.  Not sent again
 * after a lost connection, as an operation might then be done twice.
 * CH_OK: all replies were given to `callback` (which may be NULL); what the hub refuses with, and then
 * ch_error_detail has its word; CH_CLOSED: the connection was lost meanwhile, the outcome is unknown,
 * or closed; CH_TIMEOUT; CH_FULL: replies came faster than `callback` took them; CH_TOO_LARGE,
 * CH_NOMEM, CH_INVALID (from a callback). */
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

#ifdef __cplusplus
}
#endif
#endif

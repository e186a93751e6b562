/* libcarehub: publish events to a Carehub, subscribe to them, ask and operate it.
 *
 *     struct ch_options *options = ch_options_create();
 *     ch_options_set_endpoint(options, "tcp://hub.example:7710");
 *     ch_options_set_server_key(options, "...");
 *     ch_options_set_key_file(options, "/etc/carehub/pos-1.key");
 *     struct ch_connection *connection;
 *     if (ch_connect(options, &connection) != CH_OK)
 *             fprintf(stderr, "%s\n", ch_error_detail());
 *
 *     struct ch_event *event = ch_event_create();
 *     ch_event_set_text(event, CH_ID, "receipt-4711");
 *     ch_event_set_text(event, CH_SOURCE, "/pos/shop-1");
 *     ch_event_set_text(event, CH_TYPE, "pos.sale.completed");
 *     ch_event_set_message(event, &sale.base);
 *     struct ch_receipt receipt;
 *     enum ch_status status = ch_publish(connection, event, 5000, &receipt);
 *
 * One thread of the library per connection does all that touches the network; calls may come from any
 * thread unless they say otherwise.  A connection that is lost comes back by itself: what was
 * published and not answered is sent again in order, subscriptions attach again and go on where they
 * were.  Callbacks run on the library's thread: they must not block, and calls that wait refuse there
 * with CH_INVALID.
 *
 * Whatever fails returns a status of carehub/status.h; results come last and are untouched on
 * failure.  Every x_free(NULL) is fine.  Times are microseconds UTC, durations milliseconds; a
 * duration below 0 means for ever. */
#ifndef CAREHUB_H
#define CAREHUB_H

#include <carehub/bytes.h>
#include <carehub/connection.h>
#include <carehub/event.h>
#include <carehub/options.h>
#include <carehub/publish.h>
#include <carehub/query.h>
#include <carehub/status.h>
#include <carehub/subscribe.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of the library that runs: "0.1.0". */
CH_PUBLIC const char *ch_version(void);

#ifdef __cplusplus
}
#endif
#endif

/* How whoever has an adapter read its configuration anew is told what came of it: `PROGRAM reload --config FILE`.
 *
 * A running adapter listens on a socket that is no file; its name is made of the program and of FILE, so that
 * nothing need be configured.  To connect is to ask, for which one must be the adapter's own user or root.
 * One at a time is answered, the others wait:
 *
 *     active 3 taken_over
 *
 *     kept 2
 *     /etc/carehub/pos/till.conf:7: hub.window: is 0, but must be 1 to 65536
 *
 * No rights follow from the answer: another user of this machine could take the name before the adapter does,
 * which is then without one, and says so in its log. */
#ifndef KIT_CONTROL_H
#define KIT_CONTROL_H

#include "base/slice.h"

struct control;

/* Adapter's side.  CH_BUSY: the name is taken, by another adapter with this file; CH_NOT_FOUND: no such file;
 * CH_NOMEM, CH_IO. */
enum ch_status control_open(const char *program, const char *config, struct control **out_control);
void control_close(struct control *control); /* who has no answer gets none; NULL is fine */

/* Somebody asks, and has not been heard before.  Cheap: it looks a few times a second.  NULL is fine: nobody. */
bool control_is_asked(struct control *control);

/* Tells whoever asked; when nobody did, nobody.  NULL is fine. */
void control_answer(struct control *control, struct slice text);

/* The other side: asks, and waits for the answer, which is appended.  CH_NOT_FOUND: no such file, or no adapter
 * runs with it; CH_TIMEOUT; CH_CLOSED: it has ended, or we are another user; CH_NOMEM, CH_IO. */
enum ch_status control_ask(
	const char *program, const char *config, int64_t timeout_ms, struct buffer *out);

#endif

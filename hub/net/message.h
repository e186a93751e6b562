/* One received message, owned: it can be kept, posted to another thread and freed there, without a
 * copy of its bytes. */
#ifndef NET_MESSAGE_H
#define NET_MESSAGE_H

#include "base/mailbox.h"
#include "base/slice.h"

struct message {
	struct mailbox_node node; /* for whoever owns it */
	struct slice bytes;       /* valid until message_free */
	uint64_t storage[8]; /* libzmq's; short messages live in it, so a message never moves */
};

void message_free(struct message *message); /* any thread; NULL is fine */

/* ---- For this folder ---- */

/* Takes the next part that waits in the socket.  CH_END: none; CH_NOMEM. */
enum ch_status message_receive(void *socket, struct message **out_message);

/* Whether more parts of the same message follow. */
bool message_has_more(const struct message *message);

/* A property of the connection that it came through: "User-Id"; NULL: none.  As long as the message. */
const char *message_property(const struct message *message, const char *name);

/* A property that is a number; 0: none, or no number. */
uint64_t message_number(const struct message *message, const char *name);

/* The descriptor of that connection; -1: unknown. */
int message_fd(const struct message *message);

#endif

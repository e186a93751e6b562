#include "net/message.h"

#include <errno.h>
#include <stdlib.h>
#include <zmq.h>

_Static_assert(sizeof(zmq_msg_t) <= sizeof(((struct message *)0)->storage), "a part fits");

static zmq_msg_t *message_part(struct message *message)
{
	return (zmq_msg_t *)(void *)message->storage;
}

static const zmq_msg_t *message_part_const(const struct message *message)
{
	return (const zmq_msg_t *)(const void *)message->storage;
}

enum ch_status message_receive(void *socket, struct message **out_message)
{
	struct message *message = malloc(sizeof(*message));
	if (message == NULL)
		return CH_NOMEM;
	zmq_msg_t *part = message_part(message);
	(void)zmq_msg_init(part); /* never fails */
	int len = zmq_msg_recv(part, socket, ZMQ_DONTWAIT);
	if (len < 0) {
		(void)zmq_msg_close(part); /* valid, so it succeeds */
		free(message);
		return errno == ENOMEM ? CH_NOMEM : CH_END;
	}
	message->node.next = NULL;
	message->bytes = slice_of(zmq_msg_data(part), (size_t)len);
	*out_message = message;
	return CH_OK;
}

void message_free(struct message *message)
{
	if (message == NULL)
		return;
	(void)zmq_msg_close(message_part(message)); /* valid, so it succeeds */
	free(message);
}

bool message_has_more(const struct message *message)
{
	return zmq_msg_more(message_part_const(message)) != 0;
}

const char *message_property(const struct message *message, const char *name)
{
	return zmq_msg_gets(message_part_const(message), name);
}

uint64_t message_number(const struct message *message, const char *name)
{
	const char *digits = message_property(message, name);
	return digits != NULL ? strtoull(digits, NULL, 10) : 0;
}

int message_fd(const struct message *message)
{
	return zmq_msg_get(message_part_const(message), ZMQ_SRCFD);
}

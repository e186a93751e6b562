#include "overrun.h"

#include <stdbool.h>
#include <stdio.h>
#include <zmq.h>

#include "base/file.h"
#include "base/text.h"
#include "wire/envelope.h"
#include "wire/pb.h"
#include "wire/session.h"

#define SOURCE_BYTES (16u << 20)
#define KEY_BYTES    40
#define ROUND_MS     20

static void *overrun_connect(const struct overrun *overrun, void *context)
{
	struct buffer text = {0};
	char secret[KEY_BYTES + 1] = "";
	char public[KEY_BYTES + 1] = "";
	int zero = 0;
	void *socket = zmq_socket(context, ZMQ_DEALER);
	if (file_read_all(overrun->key_file, 256, &text) == CH_OK && text.len >= KEY_BYTES)
		memcpy(secret, text.data, KEY_BYTES);
	buffer_fini(&text);
	if (zmq_curve_public(public, secret) != 0 ||
		zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, overrun->server_key, KEY_BYTES + 1) !=
			0 ||
		zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public, KEY_BYTES + 1) != 0 ||
		zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, KEY_BYTES + 1) != 0 ||
		zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof(zero)) != 0 ||
		zmq_connect(socket, overrun->endpoint) != 0)
		fputs("overrun: no connection\n", stderr);
	return socket;
}

static void overrun_hello(void *socket)
{
	struct buffer out = {0};
	const struct hello hello = {.version = 1, .agent = SLICE_LITERAL("overrun")};
	hello_encode(&hello, &out);
	(void)zmq_send(socket, out.data, out.len, 0);
	(void)zmq_recv(socket, NULL, 0, 0); /* the welcome, unread */
	buffer_fini(&out);
}

static void overrun_publish(void *socket, uint64_t frame, struct slice id)
{
	struct buffer event = {0};
	struct buffer out = {0};
	const struct envelope envelope = {.id = id,
		.source = SLICE_LITERAL("/faulty"),
		.type = SLICE_LITERAL("website.order.cancelled"),
		.data = SLICE_LITERAL("\x0a\x01\x31")};
	envelope_encode(&envelope, &event);
	frame_begin(&out, FRAME_PUBLISH);
	pb_put_uint(&out, 1, frame);
	pb_put_bytes(&out, 2, buffer_slice(&event));
	(void)zmq_send(socket, out.data, out.len, 0);
	buffer_fini(&out);
	buffer_fini(&event);
}

int overrun_run(const struct overrun *overrun, const volatile sig_atomic_t *stop)
{
	void *context = zmq_ctx_new();
	void *socket = overrun_connect(overrun, context);
	struct buffer source = {0};
	size_t at = 0;
	uint64_t frame = 0;
	overrun_hello(socket);
	while (!*stop) {
		struct slice line;
		buffer_clear(&source);
		(void)file_read_all(overrun->source, SOURCE_BYTES, &source); /* not there yet */
		struct slice rest = slice_sub(buffer_slice(&source), at, SIZE_MAX);
		while (text_split(&rest, '\n', &line)) {
			struct slice id;
			at += line.len + (rest.data != NULL);
			if (text_split(&line, '\t', &id) && id.len > 0)
				overrun_publish(socket, ++frame, id);
		}
		zmq_pollitem_t item = {socket, 0, ZMQ_POLLIN, 0};
		while (zmq_poll(&item, 1, ROUND_MS) > 0)
			(void)zmq_recv(socket, NULL, 0, 0); /* receipts, unread */
	}
	buffer_fini(&source);
	(void)zmq_close(socket);
	(void)zmq_ctx_term(context);
	return 0;
}

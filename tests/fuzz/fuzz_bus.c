/* A message of the bus from a stranger, read as both sides read it.  What the tables have read must be
 * written, read again, and be the same. */
#include <string.h>

#include "base/invariant.h"
#include "wire/ack.h"
#include "wire/frame.h"
#include "wire/request.h"
#include "wire/session.h"
#include "wire/subscribe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct slice fuzz_body(const struct buffer *frame)
{
	enum frame_kind kind;
	struct slice body = {NULL, 0};
	invariant(frame_parse(buffer_slice(frame), &kind, &body) == CH_OK);
	return body;
}

/* Reads, writes, reads and writes: the two writings must be equal. */
#define FUZZ_TABLE(type, parse, encode)                                                            \
	static void fuzz_##type(struct slice body)                                                 \
	{                                                                                          \
		static struct type first;                                                          \
		static struct type second;                                                         \
		struct buffer once = {0};                                                          \
		struct buffer twice = {0};                                                         \
		const char *field = NULL;                                                          \
		(void)field;                                                                       \
		if ((parse) != CH_OK)                                                              \
			return;                                                                    \
		encode(&first, &once);                                                             \
		body = fuzz_body(&once);                                                           \
		struct type *out = &second;                                                        \
		invariant(fuzz_again_##type(body, out) == CH_OK);                                  \
		encode(&second, &twice);                                                           \
		invariant(slice_equal(buffer_slice(&once), buffer_slice(&twice)));                 \
		buffer_fini(&once);                                                                \
		buffer_fini(&twice);                                                               \
	}

#define FUZZ_NAMED(type)                                                                           \
	static enum ch_status fuzz_again_##type(struct slice body, struct type *out)               \
	{                                                                                          \
		const char *field;                                                                 \
		return type##_parse(body, out, &field);                                            \
	}                                                                                          \
	FUZZ_TABLE(type, type##_parse(body, &first, &field), type##_encode)

#define FUZZ_PLAIN(type)                                                                           \
	static enum ch_status fuzz_again_##type(struct slice body, struct type *out)               \
	{                                                                                          \
		return type##_parse(body, out);                                                    \
	}                                                                                          \
	FUZZ_TABLE(type, type##_parse(body, &first), type##_encode)

FUZZ_NAMED(hello)
FUZZ_NAMED(welcome)
FUZZ_NAMED(subscribe)
FUZZ_PLAIN(pong)
FUZZ_PLAIN(refused)
FUZZ_PLAIN(subscribed)
FUZZ_PLAIN(grant)
FUZZ_PLAIN(detach)
FUZZ_PLAIN(mark)
FUZZ_PLAIN(request)
FUZZ_PLAIN(reply)

/* Reads all of an ack and writes it. */
static bool fuzz_copy_ack(struct slice body, struct buffer *out)
{
	struct ack ack;
	struct ack_range range;
	struct nack nack;
	if (ack_parse(body, &ack) != CH_OK)
		return false;
	ack_begin(out, ack.handle, ack.up_to);
	ack_put_job(out, ack.job);
	while (ack_next_range(&ack, &range)) {
		invariant(range.first <= range.last);
		ack_add_range(out, &range);
	}
	while (ack_next_nack(&ack, &nack)) {
		invariant(nack.reason.len <= body.len);
		ack_add_nack(out, &nack);
	}
	/* What parse has checked, the walks get through. */
	invariant(ack.ranges.status == CH_OK && ack.ranges.at == ack.ranges.end);
	invariant(ack.nacks.status == CH_OK && ack.nacks.at == ack.nacks.end);
	return true;
}

static void fuzz_ack(struct slice body)
{
	struct buffer once = {0};
	struct buffer twice = {0};
	if (fuzz_copy_ack(body, &once)) {
		invariant(fuzz_copy_ack(fuzz_body(&once), &twice));
		invariant(slice_equal(buffer_slice(&once), buffer_slice(&twice)));
	}
	buffer_fini(&once);
	buffer_fini(&twice);
}

static void fuzz_credit(struct slice body)
{
	struct buffer frame = {0};
	uint32_t events;
	uint32_t again = 0;
	if (credit_parse(body, &events) != CH_OK)
		return;
	credit_encode(events, &frame);
	invariant(credit_parse(fuzz_body(&frame), &again) == CH_OK && again == events);
	buffer_fini(&frame);
}

static void fuzz_ping(struct slice body)
{
	struct buffer frame = {0};
	uint64_t token;
	uint64_t again = 0;
	if (ping_parse(body, &token) != CH_OK)
		return;
	ping_encode(token, &frame);
	invariant(ping_parse(fuzz_body(&frame), &again) == CH_OK && again == token);
	buffer_fini(&frame);
}

static void fuzz_bye(struct slice body)
{
	struct buffer frame = {0};
	struct slice reason;
	struct slice again;
	if (bye_parse(body, &reason) != CH_OK)
		return;
	bye_encode(reason, &frame);
	invariant(bye_parse(fuzz_body(&frame), &again) == CH_OK && slice_equal(again, reason));
	buffer_fini(&frame);
}

static void fuzz_publish(struct slice body)
{
	static struct publish publish;
	if (publish_parse(body, &publish) == CH_OK)
		invariant(publish.count > 0 && publish.count <= LIMIT_EVENTS_PER_FRAME);
}

static const struct {
	enum frame_kind kind;
	void (*fuzz)(struct slice body);
} kinds[] = {
	{FRAME_HELLO, fuzz_hello},
	{FRAME_PUBLISH, fuzz_publish},
	{FRAME_SUBSCRIBE, fuzz_subscribe},
	{FRAME_GRANT, fuzz_grant},
	{FRAME_ACK, fuzz_ack},
	{FRAME_DETACH, fuzz_detach},
	{FRAME_REQUEST, fuzz_request},
	{FRAME_PING, fuzz_ping},
	{FRAME_BYE, fuzz_bye},
	{FRAME_WELCOME, fuzz_welcome},
	{FRAME_CREDIT, fuzz_credit},
	{FRAME_SUBSCRIBED, fuzz_subscribed},
	{FRAME_MARK, fuzz_mark},
	{FRAME_REPLY, fuzz_reply},
	{FRAME_PONG, fuzz_pong},
	{FRAME_REFUSED, fuzz_refused},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	enum frame_kind kind;
	struct slice body;
	if (frame_parse(slice_of(data, len), &kind, &body) != CH_OK)
		return 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].kind == kind)
			kinds[i].fuzz(body);
	}
	return 0;
}

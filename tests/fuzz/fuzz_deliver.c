/* A DELIVER from a hub that has gone mad, read as the client library reads it; where protobuf-c can read
 * it too, both must say the same. */
#include <carehub/event.h>

#include "base/invariant.h"
#include "carehub/v1/bus.pb-c.h"
#include "wire/deliver.h"
#include "wire/frame.h"
#include "wire/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool fuzz_same_bytes(ProtobufCBinaryData theirs, struct slice ours)
{
	return slice_equal(slice_of(theirs.data, theirs.len), ours);
}

static void fuzz_compare(const Carehub__V1__Delivery *theirs, const struct delivery *ours)
{
	invariant(theirs->sequence == ours->sequence && theirs->part == ours->part);
	invariant(theirs->attempt == ours->attempt && theirs->arrival_us == ours->arrival_us);
	invariant((uint32_t)theirs->mode == (uint32_t)ours->mode);
	invariant((theirs->last != 0) == ours->last);
	invariant(theirs->customer == ours->customer);
	invariant(theirs->customer_now == ours->customer_now);
	invariant(fuzz_same_bytes(theirs->event, ours->event));
	invariant(fuzz_same_bytes(theirs->personal, ours->personal));
	invariant(fuzz_same_bytes(theirs->record, ours->record));
}

static void fuzz_same(const struct delivery *a, const struct delivery *b)
{
	invariant(a->sequence == b->sequence && a->part == b->part && a->attempt == b->attempt);
	invariant(a->mode == b->mode && a->last == b->last && a->arrival_us == b->arrival_us);
	invariant(a->customer == b->customer && a->customer_now == b->customer_now);
	invariant(slice_equal(a->event, b->event) && slice_equal(a->personal, b->personal));
	invariant(slice_equal(a->job, b->job) && slice_equal(a->table, b->table));
	invariant(slice_equal(a->record, b->record) && slice_equal(a->peer, b->peer));
}

/* Written as the hub writes for one, and for many, it is the same delivery. */
static void fuzz_write(const struct delivery *first)
{
	const struct delivery_stamp stamp = {.attempt = first->attempt,
		.mode = first->mode,
		.last = first->last,
		.job = first->job};
	struct buffer encoded = {0};
	struct buffer frame = {0};
	struct deliver deliver;
	struct delivery again;
	enum frame_kind kind;
	struct slice body;
	delivery_encode(first, &encoded);
	deliver_begin(&frame, 7);
	deliver_add(&frame, first);
	deliver_add_encoded(&frame, buffer_slice(&encoded), &stamp);
	invariant(encoded.len <= deliver_bound(first));
	invariant(frame_parse(buffer_slice(&frame), &kind, &body) == CH_OK);
	invariant(kind == FRAME_DELIVER && deliver_parse(body, &deliver) == CH_OK);
	invariant(deliver.handle == 7 && deliver.count == 2);
	while (deliver_next(&deliver, &again))
		fuzz_same(first, &again);
	invariant(deliver.rest.status == CH_OK);
	buffer_fini(&frame);
	buffer_fini(&encoded);
}

/* An event that was read is built anew from its attributes and its message; what the builder takes, it encodes
 * as something that can be read.  `whole`: no part of it came apart, where nobody has looked into it. */
static void fuzz_rebuild(struct ch_event *event, bool whole)
{
	struct ch_event *copy = ch_event_create();
	struct ch_event *again = ch_event_create();
	const struct ch_bytes none = {NULL, 0};
	struct ch_bytes bytes;
	ProtobufCMessage *message = NULL;
	invariant(copy != NULL && again != NULL);
	for (int i = 0; i <= CH_PERSONAL + 1; i++)
		if (ch_event_get(event, (enum ch_attribute)i).len > 0)
			ch_event_set(copy, (enum ch_attribute)i,
				ch_event_get(event, (enum ch_attribute)i));
	ch_event_set_time(copy, ch_event_time(event), ch_event_sent(event));
	struct ch_bytes name = ch_event_get(event, CH_TYPE);
	const struct event_type *type = types_find(slice_of(name.data, name.len));
	if (type != NULL && ch_event_get_message(event, type->message, &message) == CH_OK) {
		(void)ch_event_set_message(copy, message); /* sticks in the event */
		protobuf_c_message_free_unpacked(message, NULL);
	}
	if (ch_event_encode(copy, &bytes) == CH_OK) {
		struct ch_bytes id = ch_event_get(event, CH_ID);
		bool read = ch_event_read(again, bytes, none) == CH_OK;
		struct ch_bytes same = ch_event_get(again, CH_ID);
		invariant(read || !whole);
		invariant(!read || ch_event_time(again) == ch_event_time(event));
		invariant(!read ||
			  slice_equal(slice_of(id.data, id.len), slice_of(same.data, same.len)));
	}
	ch_event_free(copy);
	ch_event_free(again);
}

/* Any bytes as an attribute: taken or told. */
static void fuzz_attribute(struct ch_event *event, struct slice bytes)
{
	if (bytes.len == 0)
		return;
	ch_event_clear(event);
	ch_event_set(event, (enum ch_attribute)(bytes.data[0] % 20),
		(struct ch_bytes){bytes.data + 1, bytes.len - 1});
	invariant(ch_event_status(event) != CH_OK); /* never all that is mandatory */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct deliver deliver;
	struct delivery delivery;
	Carehub__V1__Deliver *message = NULL;
	size_t count = 0;
	if (deliver_parse(slice_of(data, len), &deliver) != CH_OK)
		return 0;
	struct ch_event *event = ch_event_create();
	if (len > 0)
		message = carehub__v1__deliver__unpack(NULL, len, data);
	while (deliver_next(&deliver, &delivery)) {
		invariant(count < deliver.count);
		if (message != NULL)
			fuzz_compare(message->deliveries[count], &delivery);
		fuzz_write(&delivery);
		if (ch_event_read(event, ch_bytes_of(delivery.event.data, delivery.event.len),
			    ch_bytes_of(delivery.personal.data, delivery.personal.len)) == CH_OK) {
			invariant(ch_event_get(event, CH_ID).len > 0);
			fuzz_rebuild(event, delivery.personal.len == 0);
		}
		fuzz_attribute(event, delivery.event);
		count++;
	}
	if (deliver.rest.status == CH_OK)
		invariant(count == deliver.count);
	if (message != NULL)
		carehub__v1__deliver__free_unpacked(message, NULL);
	ch_event_free(event);
	return 0;
}

/* A DELIVER from a hub that has gone mad, read as the client library reads it; where protobuf-c can read
 * it too, both must say the same. */
#include <carehub/event.h>

#include "base/invariant.h"
#include "carehub/v1/bus.pb-c.h"
#include "wire/deliver.h"

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
		if (ch_event_read(event, ch_bytes_of(delivery.event.data, delivery.event.len),
			    ch_bytes_of(delivery.personal.data, delivery.personal.len)) == CH_OK)
			invariant(ch_event_get(event, CH_ID).len > 0);
		count++;
	}
	if (deliver.rest.status == CH_OK)
		invariant(count == deliver.count);
	if (message != NULL)
		carehub__v1__deliver__free_unpacked(message, NULL);
	ch_event_free(event);
	return 0;
}

/* What a site's visitors ask: how a repair or an order stands, by a query; a warranty, by a webhook's body.  The first
 * line is an address, the second a query, the third a webhook-id and its traceparent, the rest the body. */
#include "base/clock.h"
#include "base/invariant.h"
#include "base/text.h"
#include "channel/website/lookup.h"
#include "channel/website/network.h"
#include "channel/website/warranty.h"
#include "channel/website/webhook.h"
#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What the hub may know: two repairs, of a station that is in the directory and of one that is not, and two orders. */
static const char known[] =
	"{\"customer\":{\"values\":[{\"field\":\"CUSTOMER_FIELD_PHONE\",\"value\":"
	"\"+8613800138000;ext=8001\"},{\"field\":\"CUSTOMER_FIELD_EMAIL\",\"value\":"
	"\"A@Example.com\"}]},\"repairs\":[{\"state\":\"REPAIR_STATE_REPAIRED\","
	"\"receivedTimeUs\":\"1\",\"unit\":{\"serialNumber\":\"sn-12 345\",\"model\":\"KDL 46\"},"
	"\"station\":{\"stationId\":\"SH12\"}},{\"unit\":{\"productId\":\"P2\"},\"station\":"
	"{\"stationId\":\"X\",\"name\":\"Station \\\"12\\\"\"}}],\"orders\":[{\"state\":"
	"\"ORDER_STATE_PLACED\"},{\"trackingNumbers\":[\"SF1\",\"SF2\"]}],\"stations\":"
	"[{\"stationId\":\"SH12\",\"name\":\"Shanghai 12\",\"city\":\"Shanghai\"}],\"products\":"
	"[{\"productId\":\"P1\",\"model\":\"KDL-46\",\"description\":\"Television\"},"
	"{\"productId\":\"P2\",\"model\":\"X\"}],\"promotions\":[{\"title\":\"a\"},{\"title\":\"b\"}]}";

static const Carehub__V1__CustomerView *known_view(void)
{
	static ProtobufCMessage *view;
	struct json_error error;
	if (view == NULL)
		invariant(json_decode(slice_text(known), &carehub__v1__customer_view__descriptor, 0,
				  &view, &error) == CH_OK);
	return (const Carehub__V1__CustomerView *)view;
}

/* Which proof fits, and what is told. */
static void fuzz_answer(const struct lookup *lookup)
{
	const Carehub__V1__CustomerView *view = known_view();
	size_t which = strlen(lookup->id) % 2;
	struct buffer told = {0};
	if (lookup_fits_customer(lookup, view->customer))
		invariant(lookup->proof != LOOKUP_BY_SERIAL);
	if (lookup_fits_unit(lookup, view->repairs[which]))
		invariant(lookup->proof == LOOKUP_BY_SERIAL && which == 0);
	if (lookup->kind == LOOKUP_REPAIR)
		lookup_tell_repair(view->repairs[which],
			lookup->proof == LOOKUP_BY_PHONE ? view : NULL, &told);
	else
		lookup_tell_order(view->orders[which], &told);
	invariant(told.status == CH_OK && told.data[told.len - 1] == '\n');
	buffer_fini(&told);
}

static void fuzz_lookup(struct slice query)
{
	struct lookup lookup;
	struct refusal refusal = {.reason = ""};
	if (lookup_read(query, &lookup, &refusal) == CH_OK)
		fuzz_answer(&lookup);
	else
		invariant(refusal.reason[0] != 0);
}

static void fuzz_warranty(json_t *object)
{
	static const struct warranty_terms terms[] = {{12, 0, "standard"}, {24, 30, "short"}};
	const int64_t today = clock_days_from_date(2026, 11, 22);
	ProtobufCMessage *message = NULL;
	struct warranty warranty;
	struct refusal refusal;
	if (json_decode_value(object, &carehub__v1__website_warranty_registered__descriptor, 0,
		    &message, NULL) != CH_OK)
		return;
	for (size_t i = 0; i < 2; i++) {
		const Carehub__V1__WebsiteWarrantyRegistered *registration =
			(const Carehub__V1__WebsiteWarrantyRegistered *)message;
		refusal = (struct refusal){.reason = ""};
		if (warranty_check(registration, "urn:s", &terms[i], today, &warranty, &refusal) !=
			CH_OK) {
			invariant(refusal.reason[0] != 0 && warranty.reason[0] != 0);
			continue;
		}
		warranty_set_dates(registration, terms[i].months, today, &warranty);
		invariant(strlen(warranty.start_date) == 10 && strlen(warranty.end_date) == 10);
		invariant(strcmp(warranty.start_date, warranty.end_date) < 0);
	}
	protobuf_c_message_free_unpacked(message, NULL);
}

static void fuzz_webhook(struct slice named, struct slice body)
{
	struct slice id = {NULL, 0};
	struct refusal refusal = {.reason = ""};
	struct cloud_event event;
	(void)text_split(&named, ' ', &id); /* none: it stays empty */
	struct http_message message = {.body = body};
	message.headers[message.header_count++] =
		(struct http_header){SLICE_LITERAL("webhook-id"), id};
	message.headers[message.header_count++] =
		(struct http_header){SLICE_LITERAL("traceparent"), named};
	json_t *object = cloud_load_json(body, "", &refusal);
	if (object == NULL)
		return;
	if (webhook_read(&message, object, "urn:s", &event, &refusal) == CH_OK)
		fuzz_warranty(json_object_get(object, "data"));
	else
		invariant(refusal.reason[0] != 0);
	json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = slice_of(data, len);
	struct slice lines[3] = {{NULL, 0}};
	char network[NETWORK_BYTES];
	char again[NETWORK_BYTES];
	for (size_t i = 0; i < 3; i++)
		(void)text_split(&rest, '\n', &lines[i]); /* none: it stays empty */
	network_of(lines[0], network);
	network_of(lines[0], again);
	invariant(strcmp(network, again) == 0);
	fuzz_lookup(lines[1]);
	fuzz_webhook(lines[2], rest);
	return 0;
}

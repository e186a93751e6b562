/* POST /warranty: the body is a WebsiteWarrantyRegistered in JSON, without what is decided here.
 *
 *     asked     the product's warranty, of the reference data, when a product is named
 *     published website.warranty.registered as "warranty/SERIAL" of the source of all warranties:
 *               two who register one unit at the same instant have the same id, and the hub takes one
 *     answered  {"registered":true, "registrationId":..., "entitlement":{...}} with the entitlement that the
 *               hub has; or {"registered":false, "reason":..., "field":..., "detail":...}
 *
 * The digest is of what was sent, so whoever sends the same twice (a button pressed again, an answer that
 * was lost) is told the same twice; whoever sends another's serial number is told already_registered.  A failure
 * is an event, too: website.warranty.refused.
 *
 * The customer's number is told to a visitor of whom the site says, in a request that it has signed, that he
 * is signed in: his Common ID with ASSURANCE_VERIFIED.  All else that he typed in is claimed. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "carehub/v1/control.pb-c.h"
#include "carehub/v1/reference.pb-c.h"
#include "channel/website/post.h"
#include "channel/website/question.h"
#include "channel/website/warranty.h"
#include "wire/json.h"

#define TYPE_REGISTERED "website.warranty.registered"
#define TYPE_REFUSED    "website.warranty.refused"
#define DAY_US          INT64_C(86400000000)

struct registering {
	struct task task; /* first */
	Carehub__V1__WebsiteWarrantyRegistered *message;
	struct warranty warranty;
	uint8_t digest[DRAFT_DIGEST_BYTES];
	int64_t sent_us;
	struct question *question; /* under way; NULL: none */
	uint64_t customer;
	bool signed_in;
};

static void registering_free(struct task *task)
{
	struct registering *it = (struct registering *)(void *)task;
	question_forget(it->question);
	if (it->message != NULL)
		protobuf_c_message_free_unpacked(&it->message->base, NULL);
	free(it);
}

/* ---- What he is told ---- */

static void warranty_tell_failure(struct answer *answer, int status, const char *reason,
	const char *field, const char *detail)
{
	buffer_clear(&answer->body);
	answer->status = status;
	answer->type = "application/json";
	buffer_append_text(&answer->body, "{\"registered\":false,\"reason\":");
	answer_append_text(&answer->body, reason);
	buffer_append_text(&answer->body, ",\"field\":");
	answer_append_text(&answer->body, field);
	buffer_append_text(&answer->body, ",\"detail\":");
	answer_append_text(&answer->body, detail);
	buffer_append_text(&answer->body, "}\n");
}

static void registering_succeed(struct registering *it)
{
	const struct warranty *warranty = &it->warranty;
	struct answer *answer = visit_answer(it->task.visit);
	struct buffer *out = &answer->body;
	answer->status = 200;
	answer->type = "application/json";
	buffer_printf(out,
		"{\"registered\":true,\"registrationId\":\"%s\",\"entitlement\":{"
		"\"kind\":\"warranty\",\"terms\":",
		warranty->registration_id);
	answer_append_text(out, it->task.reception->settings->warranty_terms);
	buffer_append_text(out, ",\"serialNumber\":");
	answer_append_text(out, it->message->unit->serial_number);
	buffer_append_text(out, ",\"startDate\":");
	answer_append_text(out, warranty->start_date);
	buffer_append_text(out, ",\"endDate\":");
	answer_append_text(out, warranty->end_date);
	buffer_append_byte(out, '}');
	if (it->signed_in && it->customer != 0)
		buffer_printf(out, ",\"customerNumber\":\"%012" PRIu64 "\"", it->customer);
	buffer_append_text(out, "}\n");
	task_answer(&it->task);
}

/* ---- Events ---- */

/* Once he has been told: the failure is worth an event, and its loss is nobody's harm. */
static void warranty_report(struct reception *reception,
	const Carehub__V1__WebsiteWarrantyRegistered *message, const char *reason,
	const char *detail)
{
	uint8_t random[16];
	char id[64] = "warranty-refused/";
	union {
		const char *constant;
		char *text;
	} reason_text = {reason}, detail_text = {detail};
	Carehub__V1__WebsiteWarrantyRefused refused = CAREHUB__V1__WEBSITE_WARRANTY_REFUSED__INIT;
	refused.unit = message->unit;
	refused.reason_code = reason_text.text;
	refused.invoice_number = message->invoice_number;
	refused.customer = message->customer;
	refused.remarks = detail_text.text;
	randombytes_buf(random, sizeof(random));
	(void)sodium_bin2hex(id + strlen(id), sizeof(id) - strlen(id), random, sizeof(random));
	const struct envelope envelope = {.id = slice_text(id),
		.source = slice_text(reception->settings->warranty_source),
		.time_us = clock_wall_us()};
	(void)post_event(
		reception, TYPE_REFUSED, &refused.base, &envelope, NULL, NULL, NULL); /* as above */
}

static void registering_fail(struct registering *it, int status, const char *reason,
	const char *field, const char *detail)
{
	warranty_tell_failure(visit_answer(it->task.visit), status, reason, field, detail);
	warranty_report(it->task.reception, it->message, reason, detail);
	task_answer(&it->task);
}

/* ---- After the hub's word ---- */

/* He has it already: what he was told then is what holds, whatever the product's terms are today. */
static void registering_recall(void *context, const struct kit_reply *reply)
{
	struct registering *it = context;
	Carehub__V1__Entitlement *known = NULL;
	it->question = NULL;
	ProtobufCMessage *record = question_record(reply, &carehub__v1__entitlement__descriptor);
	known = (Carehub__V1__Entitlement *)record;
	if (known != NULL && it->customer == 0)
		it->customer = known->customer_number;
	if (known != NULL && known->start_date[0] != 0) {
		(void)snprintf(
			it->warranty.start_date, WARRANTY_DATE_BYTES, "%s", known->start_date);
		(void)snprintf(it->warranty.end_date, WARRANTY_DATE_BYTES, "%s", known->end_date);
	}
	if (record != NULL)
		protobuf_c_message_free_unpacked(record, NULL);
	registering_succeed(it);
}

static void registering_settled(void *context, const struct outcome *outcomes, size_t count)
{
	struct registering *it = context;
	const struct ch_receipt *receipt = &outcomes[0].receipt;
	(void)count; /* one */
	it->task.errand = NULL;
	it->customer = receipt->customer;
	if (outcomes[0].spooled || (receipt->outcome != CH_OUTCOME_ACCEPTED &&
					   receipt->outcome != CH_OUTCOME_DUPLICATE &&
					   receipt->outcome != CH_OUTCOME_CONFLICT &&
					   receipt->outcome != CH_OUTCOME_REFUSED)) {
		task_give_up(&it->task);
	} else if (receipt->outcome == CH_OUTCOME_CONFLICT) {
		registering_fail(it, 409, "already_registered", "unit.serialNumber",
			"this unit is registered already");
	} else if (receipt->outcome == CH_OUTCOME_REFUSED) {
		registering_fail(it, answer_status_of(receipt->reason), "refused", receipt->field,
			receipt->detail);
	} else if (receipt->outcome == CH_OUTCOME_DUPLICATE) {
		if (question_ask_record(it->task.reception->hub, "entitlements",
			    it->task.reception->settings->scope, it->warranty.registration_id,
			    it->task.reception->settings->answer_ms, registering_recall, it,
			    &it->question) != CH_OK)
			registering_succeed(it);
	} else {
		registering_succeed(it);
	}
}

/* ---- Before it ---- */

static void registering_publish(struct registering *it, int64_t months)
{
	struct reception *reception = it->task.reception;
	Carehub__V1__WebsiteWarrantyRegistered message = *it->message;
	char id[WARRANTY_SERIAL_BYTES + 16];
	struct slice traceparent;
	struct slice tracestate;
	http_message_trace(visit_message(it->task.visit), &traceparent, &tracestate);
	warranty_set_dates(it->message, months, clock_wall_us() / DAY_US, &it->warranty);
	message.registration_id = it->warranty.registration_id;
	message.warranty_start_date = it->warranty.start_date;
	message.warranty_end_date = it->warranty.end_date;
	message.warranty_terms = reception->settings->warranty_terms;
	(void)snprintf(id, sizeof(id), "warranty/%s", it->warranty.serial); /* fits */
	const struct envelope envelope = {.id = slice_text(id),
		.source = slice_text(reception->settings->warranty_source),
		.time_us = clock_wall_us(),
		.sent_us = it->sent_us,
		.traceparent = traceparent,
		.tracestate = tracestate,
		.digest = slice_of(it->digest, sizeof(it->digest))};
	enum ch_status status = post_event(reception, TYPE_REGISTERED, &message.base, &envelope,
		registering_settled, it, &it->task.errand);
	if (status == CH_TOO_LARGE)
		registering_fail(it, 413, "too_large", "", "is more than an event may hold");
	else if (status != CH_OK)
		task_give_up(&it->task);
}

static void registering_learn(void *context, const struct kit_reply *reply)
{
	struct registering *it = context;
	int64_t months = it->task.reception->settings->warranty_months;
	it->question = NULL;
	if (reply->status != CH_OK && reply->status != CH_NOT_FOUND) {
		task_give_up(&it->task);
		return;
	}
	ProtobufCMessage *record =
		question_record(reply, &carehub__v1__reference_product_published__descriptor);
	const Carehub__V1__ReferenceProductPublished *product =
		(const Carehub__V1__ReferenceProductPublished *)record;
	if (product != NULL && product->warranty_months > 0)
		months = product->warranty_months;
	if (record != NULL)
		protobuf_c_message_free_unpacked(record, NULL);
	registering_publish(it, months);
}

static void registering_begin(struct registering *it)
{
	struct reception *reception = it->task.reception;
	const char *product = it->message->unit->product_id;
	char id[LIMIT_ID_BYTES + 64];
	if (product[0] == 0 || strlen(product) > LIMIT_ID_BYTES) {
		registering_publish(it, reception->settings->warranty_months);
		return;
	}
	(void)snprintf(id, sizeof(id), "reference.product.published/%s", product); /* fits */
	if (question_ask_record(reception->hub, "reference", NULL, id,
		    reception->settings->answer_ms, registering_learn, it, &it->question) != CH_OK)
		task_give_up(&it->task);
}

/* ---- The request ---- */

/* What was sent, whatever blanks and order its JSON had. */
static enum ch_status warranty_digest(
	const ProtobufCMessage *message, uint8_t out_digest[DRAFT_DIGEST_BYTES])
{
	size_t len = protobuf_c_message_get_packed_size(message);
	uint8_t *packed = malloc(len + 1);
	if (packed == NULL)
		return CH_NOMEM;
	draft_digest(slice_of(packed, protobuf_c_message_pack(message, packed)), out_digest);
	free(packed);
	return CH_OK;
}

static enum ch_status warranty_read(struct visit *visit, struct trust trust,
	Carehub__V1__WebsiteWarrantyRegistered **out_message, struct refusal *out_refusal)
{
	const struct event_type *type;
	ProtobufCMessage *message = NULL;
	json_t *body = cloud_load_json(visit_message(visit)->body, "", out_refusal);
	if (body == NULL)
		return out_refusal->status;
	const struct json_ref data = json_ref_tree(body);
	enum ch_status status = draft_decode(
		SLICE_LITERAL(TYPE_REGISTERED), &data, trust, NULL, &type, &message, out_refusal);
	json_decref(body);
	if (status == CH_OK)
		*out_message = (Carehub__V1__WebsiteWarrantyRegistered *)message;
	return status;
}

static void warranty_take(
	struct reception *reception, struct visit *visit, const struct admission *admission)
{
	const struct website_settings *settings = reception->settings;
	const struct warranty_terms terms = {settings->warranty_months,
		settings->warranty_within_days, settings->warranty_terms};
	struct refusal refusal = {.reason = ""};
	struct registering *it = calloc(1, sizeof(*it));
	enum ch_status status = it != NULL ? CH_OK : CH_NOMEM;
	if (status == CH_OK)
		status = warranty_read(visit, admission->trust, &it->message, &refusal);
	if (status != CH_OK) {
		free(it);
		if (status == CH_NOMEM)
			reception_away(visit);
		else
			reception_reject(reception, visit, &refusal);
		return;
	}
	const Carehub__V1__Party *party = it->message->customer;
	it->signed_in = party != NULL && party->common_id[0] != 0 &&
			party->common_id_assurance == CAREHUB__V1__ASSURANCE__ASSURANCE_VERIFIED;
	it->sent_us = admission->sent_us;
	task_begin(
		&it->task, reception, visit, settings->answer_ms, task_give_up, registering_free);
	if (warranty_digest(&it->message->base, it->digest) != CH_OK)
		task_give_up(&it->task);
	else if (warranty_check(it->message, settings->warranty_source, &terms,
			 clock_wall_us() / DAY_US, &it->warranty, &refusal) != CH_OK)
		registering_fail(it, 400, it->warranty.reason, refusal.field, refusal.reason);
	else
		registering_begin(it);
}

void route_warranty(struct reception *reception, struct visit *visit, struct slice name)
{
	struct admission admission;
	if (reception->settings->warranty_source == NULL)
		reception_refuse(visit, 404, "", "warranties are not registered here");
	else if (!cloud_is_json(http_message_value(visit_message(visit), "content-type")))
		reception_refuse(visit, 415, "content-type", "is not JSON");
	else if (reception_admit_site(reception, visit, name, &admission))
		warranty_take(reception, visit, &admission);
}

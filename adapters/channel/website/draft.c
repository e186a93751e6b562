#include "channel/website/draft.h"

#include <sodium.h>
#include <stdio.h>

#include "carehub/v1/common.pb-c.h"
#include "wire/json.h"
#include "wire/reflect.h"

void draft_fini(struct draft *draft)
{
	sealed_fini(&draft->sealed);
	*draft = (struct draft){.envelope = {.time_us = 0}};
}

enum ch_status draft_seal(struct draft *draft, const struct event_type *type,
	const ProtobufCMessage *message, struct refusal *out_refusal)
{
	struct seal_fault fault = {"", ""};
	enum ch_status status =
		seal_event(type->name, message, &draft->sealed, &draft->envelope, &fault);
	if (status == CH_OK || status == CH_NOMEM)
		return status;
	return refusal_set(out_refusal, status, fault.field, "%s", fault.reason);
}

/* ---- What may be said of people ---- */

static void draft_clamp(Carehub__V1__Assurance *assurance, bool trusted)
{
	if (!trusted || *assurance != CAREHUB__V1__ASSURANCE__ASSURANCE_VERIFIED)
		*assurance = CAREHUB__V1__ASSURANCE__ASSURANCE_CLAIMED;
}

/* On the web a key is claimed unless somebody trusted says that it is verified: the hub's default for the
 * peer is never asked. */
static void draft_clamp_party(Carehub__V1__Party *party, struct trust trust)
{
	for (size_t i = 0; i < party->n_phones; i++)
		draft_clamp(&party->phones[i]->assurance, trust.verifies);
	for (size_t i = 0; i < party->n_emails; i++)
		draft_clamp(&party->emails[i]->assurance, trust.verifies);
	for (size_t i = 0; i < party->n_identifiers; i++)
		draft_clamp(&party->identifiers[i]->assurance, trust.verifies);
	if (party->common_id[0] != 0)
		draft_clamp(&party->common_id_assurance, trust.signs_in);
	if (party->member_card[0] != 0)
		draft_clamp(&party->member_card_assurance, trust.verifies);
}

static enum ch_status draft_take_party(
	const ProtobufCMessage *message, struct trust trust, struct refusal *out_refusal)
{
	const ProtobufCFieldDescriptor *field =
		reflect_field(message->descriptor, SLICE_LITERAL("customer"));
	if (field == NULL || field->descriptor != &carehub__v1__party__descriptor ||
		reflect_count(message, field) == 0)
		return CH_OK;
	Carehub__V1__Party *party = *(Carehub__V1__Party *const *)reflect_at(message, field, 0);
	if (party->local_id[0] != 0 && !trust.verifies)
		return refusal_set(out_refusal, CH_DENIED, "data.customer.local_id",
			"this sender may not give customer numbers");
	draft_clamp_party(party, trust);
	return CH_OK;
}

enum ch_status draft_decode(struct slice type_name, const struct json_ref *data, struct trust trust,
	struct arena *arena, const struct event_type **out_type, ProtobufCMessage **out_message,
	struct refusal *out_refusal)
{
	struct json_error error;
	char field[REFLECT_PATH_BYTES + 8];
	ProtobufCMessage *message = NULL;
	const struct event_type *type = types_find(type_name);
	if (type == NULL)
		return refusal_set(out_refusal, CH_UNKNOWN_TYPE, "type", "is no event type here");
	if ((type->flags & (TYPE_DERIVED | TYPE_DECISION)) != 0)
		return refusal_set(out_refusal, CH_DENIED, "type", "is none that a site may send");
	if (!json_ref_is(data, JSON_KIND_OBJECT))
		return refusal_set(out_refusal, CH_MISSING, "data", "must be a JSON object");
	enum ch_status status = json_decode_ref(data, type->message, 0, arena, &message, &error);
	if (status == CH_NOMEM)
		return status;
	if (status != CH_OK) {
		(void)snprintf(field, sizeof(field), "data%s%s", error.path.text[0] != 0 ? "." : "",
			error.path.text); /* fits */
		return refusal_set(out_refusal, status, field, "%s", error.reason);
	}
	status = draft_take_party(message, trust, out_refusal);
	if (status != CH_OK) {
		if (arena == NULL)
			protobuf_c_message_free_unpacked(message, NULL);
		return status;
	}
	*out_type = type;
	*out_message = message;
	return CH_OK;
}

void draft_take_attributes(struct draft *draft, const struct cloud_event *event)
{
	draft->envelope = (struct envelope){
		.id = event->id,
		.source = event->source,
		.type = event->type,
		.subject = event->subject,
		.time_us = event->time_us,
		.sent_us = event->sent_us,
		.dataschema = event->dataschema,
		.traceparent = event->traceparent,
		.tracestate = event->tracestate,
		.correlation_id = event->correlation_id,
		.causation_id = event->causation_id,
		.digest = slice_of(event->digest, event->digest_len),
	};
}

void draft_digest(struct slice bytes, uint8_t out_digest[DRAFT_DIGEST_BYTES])
{
	(void)crypto_generichash(out_digest, DRAFT_DIGEST_BYTES, bytes.data, bytes.len, NULL,
		0); /* sizes are right */
}

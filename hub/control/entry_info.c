#include "control/entry_info.h"

#include <protobuf-c/protobuf-c.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "carehub/v1/customer.pb-c.h"
#include "core/settings.h"
#include "wire/effect.h"
#include "wire/envelope.h"
#include "wire/pb.h"
#include "wire/pbedit.h"
#include "wire/types.h"

/* Numbers of EntryInfo. */
enum {
	INFO_SEQUENCE = 1,
	INFO_ARRIVAL = 2,
	INFO_KIND = 3,
	INFO_OUTCOME = 4,
	INFO_REASON = 5,
	INFO_FIELD = 6,
	INFO_PEER = 7,
	INFO_CUSTOMER = 8,
	INFO_CUSTOMER_NOW = 9,
	INFO_REFERS_TO = 10,
	INFO_RULES_VERSION = 11,
	INFO_OCCURRED = 12,
	INFO_EVENT = 13,
	INFO_DERIVED = 14,
	INFO_EFFECTS = 15,
	INFO_CORRECTED_BY = 16,
};

#define CONSENT_FIELD 64u /* beyond the fields of CustomerField */

static const char *entry_kind_name(uint8_t kind)
{
	static const char *const names[] = {
		[ENTRY_INPUT] = "input",
		[ENTRY_CLOCK] = "clock",
		[ENTRY_SETTINGS] = "settings",
		[ENTRY_OPERATOR] = "operator",
	};
	return kind < sizeof(names) / sizeof(names[0]) && names[kind] != NULL ? names[kind]
									      : "unknown";
}

const char *entry_outcome_name(uint8_t outcome)
{
	static const char *const names[] = {
		[ENTRY_ACCEPTED] = "accepted",
		[ENTRY_QUARANTINED] = "quarantined",
		[ENTRY_CONFLICT] = "conflict",
	};
	return outcome < sizeof(names) / sizeof(names[0]) && names[outcome] != NULL ? names[outcome]
										    : "unknown";
}

/* ---- Effects in words ---- */

/* "phone" for CUSTOMER_FIELD_PHONE. */
static void entry_say_field(struct buffer *out, uint16_t field)
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(
		&carehub__v1__customer_field__descriptor, field);
	if (field == CONSENT_FIELD) {
		buffer_append_text(out, "consent");
	} else if (value == NULL) {
		buffer_printf(out, "field %u", field);
	} else {
		for (const char *c = value->name + strlen("CUSTOMER_FIELD_"); *c != 0; c++)
			buffer_append_byte(out, (uint8_t)(*c == '_'                ? ' '
							  : *c >= 'A' && *c <= 'Z' ? *c | 0x20
										   : *c));
	}
}

/* Text as it is, an encoded message as its size: the record shows it properly. */
static void entry_say_value(struct buffer *out, struct slice value)
{
	bool plain = value.len > 0 && value.len <= LIMIT_ID_BYTES && text_is_utf8(value);
	for (size_t i = 0; i < value.len && plain; i++)
		plain = value.data[i] >= 0x20 && value.data[i] != 0x7f;
	if (plain) {
		buffer_append_text(out, " \"");
		buffer_append_slice(out, value);
		buffer_append_text(out, "\"");
	} else {
		buffer_printf(out, " (%zu bytes)", value.len);
	}
}

static void entry_say_time(struct buffer *out, int64_t time_us)
{
	char text[CLOCK_TEXT_BYTES];
	buffer_append_text(out, clock_format(time_us, text));
}

static void entry_say_name(struct buffer *out, struct slice name)
{
	struct slice parts[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
	(void)pbedit_get_bytes(
		name, 2, &parts[0]); /* family, given, full; absent ones stay empty */
	(void)pbedit_get_bytes(name, 3, &parts[1]);
	(void)pbedit_get_bytes(name, 1, &parts[2]);
	buffer_append_text(out, " \"");
	for (int i = 0; i < 3; i++) {
		if (i > 0 && parts[i].len > 0 && out->data[out->len - 1] != '"')
			buffer_append_byte(out, ' ');
		buffer_append_slice(out, parts[i]);
	}
	buffer_append_text(out, "\"");
}

static void entry_say_golden(struct buffer *out, const struct effect *effect)
{
	buffer_printf(out, "%012llu: ", (unsigned long long)effect->number);
	entry_say_field(out, effect->field);
	if (effect->op == EFFECT_VALUE_DROP) {
		buffer_append_text(out, " is taken away");
		return;
	}
	buffer_append_text(out, " is");
	if ((effect->flags & EFFECT_LOST) != 0)
		buffer_append_text(out, " sealed");
	else if (effect->field == CONSENT_FIELD)
		buffer_append_text(out, effect->value.len == 1 && effect->value.data[0] == 1
						? " given"
						: " withdrawn");
	else if (effect->field == CAREHUB__V1__CUSTOMER_FIELD__CUSTOMER_FIELD_NAME)
		entry_say_name(out, effect->value);
	else
		entry_say_value(out, effect->sub.len > 0 ? effect->sub : effect->value);
	if ((effect->flags & EFFECT_VERIFIED) != 0)
		buffer_append_text(out, ", verified");
}

static void entry_say_key(struct buffer *out, const struct effect *effect)
{
	const char *kind = key_kind_name(effect->kind);
	if (effect->op != EFFECT_KEY_BLOCK)
		buffer_printf(out, "%012llu: ", (unsigned long long)effect->number);
	buffer_printf(out, "key %s", kind != NULL ? kind : "unknown");
	entry_say_value(out, effect->value.len > 0 ? effect->value : effect->sub);
	if (effect->op == EFFECT_KEY)
		buffer_append_text(out, " leads here");
	else if (effect->op == EFFECT_KEY_DROP)
		buffer_append_text(out, " leads here no more");
	else
		buffer_append_text(
			out, effect->field == 1 ? " may not match any more" : " may match again");
}

static void entry_say_record(struct buffer *out, const struct effect *effect)
{
	const char *table =
		effect->kind < TABLE_COUNT ? store_tables[effect->kind].name : "unknown";
	buffer_printf(out, "%s", table);
	entry_say_value(out, effect->id);
	if (effect->op == EFFECT_LINK)
		buffer_printf(out, " belongs to %012llu", (unsigned long long)effect->number);
	else if (effect->op == EFFECT_RECORD_SET)
		buffer_append_text(out, " is changed");
	else
		buffer_printf(out, " has more of field %u", effect->field);
}

static void entry_say_deadline(struct buffer *out, const struct effect *effect)
{
	static const char *const states[] = {
		"unknown", "running", "paused", "met", "missed", "cancelled"};
	buffer_append_text(out, "deadline");
	entry_say_value(out, effect->id);
	buffer_printf(out, " is %s, due ", states[effect->field < 6 ? effect->field : 0]);
	entry_say_time(out, (int64_t)effect->number);
}

static void entry_say(struct buffer *out, const struct effect *effect)
{
	switch (effect->op) {
	case EFFECT_CUSTOMER_NEW:
		buffer_printf(out, "%012llu: new customer", (unsigned long long)effect->number);
		break;
	case EFFECT_VALUE:
	case EFFECT_VALUE_DROP:
		entry_say_golden(out, effect);
		break;
	case EFFECT_KEY:
	case EFFECT_KEY_DROP:
	case EFFECT_KEY_BLOCK:
		entry_say_key(out, effect);
		break;
	case EFFECT_RECORD_SET:
	case EFFECT_RECORD_ADD:
	case EFFECT_LINK:
		entry_say_record(out, effect);
		break;
	case EFFECT_DEADLINE:
		entry_say_deadline(out, effect);
		break;
	case EFFECT_REFERENCE:
		buffer_append_text(out, "reference value is the newest of ");
		entry_say_time(out, (int64_t)effect->number);
		break;
	case EFFECT_REVIEW:
		buffer_printf(out, "%012llu: a question for a steward",
			(unsigned long long)effect->number);
		break;
	case EFFECT_SOURCE:
		buffer_printf(out, "source %u is", effect->field);
		entry_say_value(out, effect->value);
		break;
	case EFFECT_CHECKPOINT:
		buffer_append_text(out, "checkpoint of");
		entry_say_value(out, effect->id);
		break;
	case EFFECT_SETTING:
		buffer_append_text(out, "settings of the rules are changed");
		break;
	case EFFECT_RELEASED:
		buffer_printf(out, "quarantined entry %llu is %s",
			(unsigned long long)effect->number,
			effect->field == 3 ? "discarded" : "released");
		break;
	case EFFECT_WATCH:
		buffer_append_text(out, "the clock looks at");
		entry_say_value(out, effect->id);
		if (effect->number != 0) {
			buffer_append_text(out, " at ");
			entry_say_time(out, (int64_t)effect->number);
		} else {
			buffer_append_text(out, " no more");
		}
		break;
	case EFFECT_REFERENCE_PAST:
		buffer_append_text(out, effect->number != 0
						? "a reference value that came late is kept"
						: "the reference value so far is kept");
		break;
	case EFFECT_PROMOTION:
		buffer_append_text(out, "promotion");
		entry_say_value(out, effect->id);
		buffer_append_text(out, effect->field != 0 ? " runs" : " runs no more");
		break;
	default:
		buffer_printf(out, "effect %d of a later version", (int)effect->op);
		break;
	}
}

void entry_say_effects(
	const struct entry *entry, void (*say)(void *context, struct slice line), void *context)
{
	struct effects_reader reader = effects_read(entry->effects, entry->effects_personal);
	struct buffer line = {0};
	struct effect effect;
	while (effects_next(&reader, &effect)) {
		buffer_clear(&line);
		entry_say(&line, &effect);
		say(context, buffer_slice(&line));
	}
	buffer_fini(&line);
}

/* ---- The whole ---- */

static void entry_put_line(void *context, struct slice line)
{
	pb_put_element(context, INFO_EFFECTS, line);
}

/* In delivery order, under the names that a subscriber gets them by (fanout/group.h): what is
 * needed to understand the input, then the input, then the rest. */
static void entry_put_derived(struct buffer *out, uint64_t sequence, int64_t arrival_us,
	const struct entry *entry, bool before, unsigned *part)
{
	struct derived_reader reader = derived_read(entry->derived, entry->derived_personal);
	struct derived derived;
	char id[40];
	while (derived_next(&reader, &derived)) {
		const struct event_type *type = types_by_id(derived.type);
		if (derived.before != before)
			continue;
		int len = snprintf(
			id, sizeof(id), "%llu.%u", (unsigned long long)sequence, (*part)++);
		struct envelope envelope = {
			.id = slice_of(id, (size_t)len),
			.source = SLICE_LITERAL("urn:carehub:hub"),
			.type = slice_text(type != NULL ? type->name : ""),
			.subject = derived.subject,
			.time_us = arrival_us,
			.data = derived.data,
			.personal = derived.personal,
		};
		size_t mark = pb_begin(out, INFO_DERIVED);
		envelope_encode(&envelope, out);
		pb_end(out, mark);
	}
}

void entry_info_put(struct buffer *out, uint32_t field, uint64_t sequence, int64_t arrival_us,
	const struct entry *entry, bool brief)
{
	size_t mark = pb_begin(out, field);
	pb_put_uint(out, INFO_SEQUENCE, sequence);
	pb_put_int(out, INFO_ARRIVAL, arrival_us);
	pb_put_text(out, INFO_KIND, entry_kind_name(entry->kind));
	pb_put_text(out, INFO_OUTCOME, entry_outcome_name(entry->outcome));
	pb_put_uint(out, INFO_REASON, entry->reason);
	pb_put_bytes(out, INFO_FIELD, entry->detail);
	pb_put_bytes(out, INFO_PEER, entry->peer);
	pb_put_bytes(out, INFO_CORRECTED_BY, entry->corrected_by);
	pb_put_uint(out, INFO_CUSTOMER, entry->customer);
	pb_put_uint(out, INFO_CUSTOMER_NOW, entry->customer);
	pb_put_uint(out, INFO_REFERS_TO, entry->refers_to);
	pb_put_uint(out, INFO_RULES_VERSION, entry->rules_version);
	pb_put_int(out, INFO_OCCURRED, entry->occurred_us);
	bool input = entry->kind == ENTRY_INPUT || entry->kind == ENTRY_OPERATOR;
	if (input) {
		size_t event = pb_begin(out, INFO_EVENT);
		entry_event(entry, out);
		pb_end(out, event);
	}
	if (!brief) {
		unsigned part = 0;
		entry_put_derived(out, sequence, arrival_us, entry, true, &part);
		part += input && entry->outcome == ENTRY_ACCEPTED;
		entry_put_derived(out, sequence, arrival_us, entry, false, &part);
		entry_say_effects(entry, entry_put_line, out);
	}
	pb_end(out, mark);
}

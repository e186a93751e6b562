#include "wire/entry.h"

#include "base/bytes.h"
#include "wire/pb.h"

/* format(1) kind(1) outcome(1) reason(1) rules(2) type(2) source(2) part lengths' count(1) 0(1)
 * occurred(8) customer(8) refers_to(8) fingerprint(16) digest(8), then a varint length for each part,
 * then the parts.  Little-endian. */
#define ENTRY_FORMAT      2u
#define ENTRY_FIXED_BYTES 60u
#define ENTRY_PARTS       9u

/* The first parts are names of peers: short, so they go with the head, and eight slices hold all. */
#define ENTRY_NAMES      2u
#define ENTRY_NAME_BYTES 64u

/* Format 1 had no `corrected_by`: entries of before are read, and not written again. */
#define ENTRY_FORMAT_BEFORE 1u
#define ENTRY_CORRECTED_BY  1u

static struct slice *entry_part(struct entry *entry, size_t i)
{
	struct slice *parts[ENTRY_PARTS] = {&entry->peer, &entry->corrected_by, &entry->input,
		&entry->input_personal, &entry->effects, &entry->effects_personal, &entry->derived,
		&entry->derived_personal, &entry->detail};
	return parts[i];
}

size_t entry_parts(const struct entry *entry, uint8_t head[ENTRY_HEAD_MAX], struct slice parts[8])
{
	struct entry copy = *entry;
	for (size_t i = 0; i < ENTRY_NAMES; i++) {
		if (entry_part(&copy, i)->len > ENTRY_NAME_BYTES)
			entry_part(&copy, i)->len = ENTRY_NAME_BYTES;
	}
	head[0] = ENTRY_FORMAT;
	head[1] = entry->kind;
	head[2] = entry->outcome;
	head[3] = entry->reason;
	store_le16(head + 4, entry->rules_version);
	store_le16(head + 6, entry->type);
	store_le16(head + 8, entry->source_code);
	head[10] = ENTRY_PARTS;
	head[11] = 0;
	store_le64(head + 12, (uint64_t)entry->occurred_us);
	store_le64(head + 20, entry->customer);
	store_le64(head + 28, entry->refers_to);
	memcpy(head + 36, entry->fingerprint, ENTRY_FINGERPRINT_BYTES);
	memcpy(head + 52, entry->digest, ENTRY_DIGEST_BYTES);
	size_t len = ENTRY_FIXED_BYTES;
	for (size_t i = 0; i < ENTRY_PARTS; i++) {
		uint64_t value = entry_part(&copy, i)->len;
		for (; value >= 0x80; value >>= 7)
			head[len++] = (uint8_t)(value | 0x80);
		head[len++] = (uint8_t)value;
	}
	for (size_t i = 0; i < ENTRY_NAMES; i++) {
		const struct slice *name = entry_part(&copy, i);
		if (name->len > 0)
			memcpy(head + len, name->data, name->len);
		len += name->len;
	}
	size_t count = 0;
	parts[count++] = slice_of(head, len);
	for (size_t i = ENTRY_NAMES; i < ENTRY_PARTS; i++)
		parts[count++] = *entry_part(&copy, i);
	return count;
}

void entry_encode(const struct entry *entry, struct buffer *out)
{
	uint8_t head[ENTRY_HEAD_MAX];
	struct slice parts[8];
	size_t count = entry_parts(entry, head, parts);
	for (size_t i = 0; i < count; i++)
		buffer_append_slice(out, parts[i]);
}

enum ch_status entry_parse(struct slice body, struct entry *out_entry)
{
	struct entry entry = {0};
	uint64_t lengths[ENTRY_PARTS] = {0};
	if (body.len < ENTRY_FIXED_BYTES)
		return CH_FORMAT;
	const uint8_t *p = body.data;
	if (p[0] != ENTRY_FORMAT && p[0] != ENTRY_FORMAT_BEFORE)
		return CH_VERSION;
	size_t left_out = p[0] == ENTRY_FORMAT_BEFORE ? ENTRY_CORRECTED_BY : ENTRY_PARTS;
	if (p[10] != (left_out < ENTRY_PARTS ? ENTRY_PARTS - 1 : ENTRY_PARTS))
		return CH_FORMAT;
	entry.kind = p[1];
	entry.outcome = p[2];
	entry.reason = p[3];
	entry.rules_version = load_le16(p + 4);
	entry.type = load_le16(p + 6);
	entry.source_code = load_le16(p + 8);
	entry.occurred_us = (int64_t)load_le64(p + 12);
	entry.customer = load_le64(p + 20);
	entry.refers_to = load_le64(p + 28);
	memcpy(entry.fingerprint, p + 36, ENTRY_FINGERPRINT_BYTES);
	memcpy(entry.digest, p + 52, ENTRY_DIGEST_BYTES);
	size_t at = ENTRY_FIXED_BYTES;
	for (size_t i = 0; i < ENTRY_PARTS; i++) {
		uint64_t value = 0;
		unsigned shift = 0;
		if (i == left_out)
			continue;
		for (;; shift += 7) {
			if (at == body.len || shift > 28)
				return CH_FORMAT;
			uint8_t byte = p[at++];
			value |= (uint64_t)(byte & 0x7f) << shift;
			if ((byte & 0x80) == 0)
				break;
		}
		lengths[i] = value;
	}
	for (size_t i = 0; i < ENTRY_PARTS; i++) {
		if (lengths[i] > body.len - at)
			return CH_FORMAT;
		/* An empty part is told from a lost one by its data pointer. */
		*entry_part(&entry, i) = slice_of(p + at, (size_t)lengths[i]);
		at += (size_t)lengths[i];
	}
	if (at != body.len)
		return CH_FORMAT;
	*out_entry = entry;
	return CH_OK;
}

#define EVENT_PERSONAL 15u

void entry_event(const struct entry *entry, struct buffer *out)
{
	buffer_append_slice(out, entry->input);
	pb_put_bytes(out, EVENT_PERSONAL, entry->input_personal);
}

/* type(2) flags(1), varint lengths of subject, data, personal; subject, data; the personal bytes
 * stand in the personal part. */
void derived_add(struct buffer *open, struct buffer *personal, const struct derived *derived)
{
	uint8_t head[3];
	store_le16(head, derived->type);
	head[2] = derived->before;
	buffer_append(open, head, sizeof(head));
	pb_put_varint(open, derived->subject.len);
	pb_put_varint(open, derived->data.len);
	pb_put_varint(open, derived->personal.len);
	buffer_append_slice(open, derived->subject);
	buffer_append_slice(open, derived->data);
	buffer_append_slice(personal, derived->personal);
}

struct derived_reader derived_read(struct slice open, struct slice personal)
{
	return (struct derived_reader){.open = open, .personal = personal, .status = CH_OK};
}

static bool derived_take(struct derived_reader *reader, struct derived *derived)
{
	uint64_t lengths[3];
	if (reader->open.len - reader->at < 3)
		return false;
	derived->type = load_le16(reader->open.data + reader->at);
	derived->before = reader->open.data[reader->at + 2] != 0;
	reader->at += 3;
	for (size_t i = 0; i < 3; i++) {
		lengths[i] = 0;
		for (unsigned shift = 0;; shift += 7) {
			if (reader->at == reader->open.len || shift > 28)
				return false;
			uint8_t byte = reader->open.data[reader->at++];
			lengths[i] |= (uint64_t)(byte & 0x7f) << shift;
			if ((byte & 0x80) == 0)
				break;
		}
	}
	if (lengths[0] + lengths[1] > reader->open.len - reader->at)
		return false;
	derived->subject = slice_of(reader->open.data + reader->at, (size_t)lengths[0]);
	derived->data = slice_of(reader->open.data + reader->at + lengths[0], (size_t)lengths[1]);
	reader->at += (size_t)(lengths[0] + lengths[1]);
	derived->personal = (struct slice){NULL, 0};
	if (reader->personal.len == 0)
		return true; /* none, or gone */
	if (lengths[2] > reader->personal.len - reader->personal_at)
		return false;
	derived->personal =
		slice_of(reader->personal.data + reader->personal_at, (size_t)lengths[2]);
	reader->personal_at += (size_t)lengths[2];
	return true;
}

bool derived_next(struct derived_reader *reader, struct derived *out_derived)
{
	if (reader->status != CH_OK || reader->at == reader->open.len)
		return false;
	if (derived_take(reader, out_derived))
		return true;
	reader->status = CH_FORMAT;
	return false;
}

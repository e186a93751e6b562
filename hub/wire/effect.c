#include "wire/effect.h"

#include "wire/pb.h"

/* One effect, open part:
 *     op(1) kind(1) flags(1) | varint field, number, id length, sub length, value length | id
 *     and, unless EFFECT_PERSONAL, sub and value; those stand in the personal part otherwise. */
#define EFFECT_HEAD_BYTES 3u

void effects_init(struct effects *effects)
{
	buffer_init(&effects->open);
	buffer_init(&effects->personal);
	effects->count = 0;
}

void effects_fini(struct effects *effects)
{
	buffer_fini(&effects->open);
	buffer_fini(&effects->personal);
}

void effects_clear(struct effects *effects)
{
	buffer_clear(&effects->open);
	buffer_clear(&effects->personal);
	effects->count = 0;
}

void effects_add(struct effects *effects, const struct effect *effect)
{
	uint8_t head[EFFECT_HEAD_BYTES] = {(uint8_t)effect->op, effect->kind,
		(uint8_t)(effect->flags & ~(unsigned)EFFECT_LOST)};
	struct buffer *values =
		(effect->flags & EFFECT_PERSONAL) != 0 ? &effects->personal : &effects->open;
	buffer_append(&effects->open, head, sizeof(head));
	pb_put_varint(&effects->open, effect->field);
	pb_put_varint(&effects->open, effect->number);
	pb_put_varint(&effects->open, effect->id.len);
	pb_put_varint(&effects->open, effect->sub.len);
	pb_put_varint(&effects->open, effect->value.len);
	buffer_append_slice(&effects->open, effect->id);
	buffer_append_slice(values, effect->sub);
	buffer_append_slice(values, effect->value);
	effects->count++;
}

struct effects_reader effects_read(struct slice open, struct slice personal)
{
	return (struct effects_reader){
		.open = open, .personal = personal, .lost = personal.data == NULL, .status = CH_OK};
}

static bool effects_take_varint(struct effects_reader *reader, uint64_t *out_value)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 64 && reader->open_at < reader->open.len; shift += 7) {
		uint8_t byte = reader->open.data[reader->open_at++];
		value |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0) {
			*out_value = value;
			return true;
		}
	}
	return false;
}

static bool effects_take_bytes(struct slice from, size_t *at, uint64_t len, struct slice *out_bytes)
{
	if (len > from.len - *at)
		return false;
	*out_bytes = len > 0 ? slice_of(from.data + *at, (size_t)len) : (struct slice){NULL, 0};
	*at += (size_t)len;
	return true;
}

static bool effects_take(struct effects_reader *reader, struct effect *effect)
{
	uint64_t field;
	uint64_t id_len;
	uint64_t sub_len;
	uint64_t value_len;
	if (reader->open.len - reader->open_at < EFFECT_HEAD_BYTES)
		return false;
	const uint8_t *head = reader->open.data + reader->open_at;
	*effect = (struct effect){.op = (enum effect_op)head[0],
		.kind = head[1],
		.flags = (uint8_t)(head[2] & ~(unsigned)EFFECT_LOST)};
	reader->open_at += EFFECT_HEAD_BYTES;
	if (!effects_take_varint(reader, &field) || field > UINT16_MAX ||
		!effects_take_varint(reader, &effect->number) ||
		!effects_take_varint(reader, &id_len) || !effects_take_varint(reader, &sub_len) ||
		!effects_take_varint(reader, &value_len) ||
		!effects_take_bytes(reader->open, &reader->open_at, id_len, &effect->id))
		return false;
	effect->field = (uint16_t)field;
	bool personal = (effect->flags & EFFECT_PERSONAL) != 0;
	if (personal && reader->lost && sub_len + value_len > 0) {
		effect->flags |= EFFECT_LOST;
		return true;
	}
	struct slice from = personal ? reader->personal : reader->open;
	size_t *at = personal ? &reader->personal_at : &reader->open_at;
	return effects_take_bytes(from, at, sub_len, &effect->sub) &&
	       effects_take_bytes(from, at, value_len, &effect->value);
}

bool effects_next(struct effects_reader *reader, struct effect *out_effect)
{
	if (reader->status != CH_OK || reader->open_at == reader->open.len)
		return false;
	if (effects_take(reader, out_effect))
		return true;
	reader->status = CH_FORMAT;
	return false;
}

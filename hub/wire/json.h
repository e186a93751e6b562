/* Messages as JSON and back: proto3's mapping (https://protobuf.dev/programming-guides/json/) over
 * protobuf-c's descriptors.
 *
 *     {"orderId": "1001", "lines": [{"quantity": {"unscaled": "42", "scale": 2}}],
 *      "paymentState": "PAYMENT_STATE_PAID", "customer": {"phones": [{"value": "13800138000"}]}}
 *
 * Names are lowerCamelCase, 64-bit integers strings, bytes base64, enums names; fields at their
 * default are left out.  What the schema has not is not done: maps, well-known types, and float and
 * double, which no message of ours may hold (CH_UNSUPPORTED). */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "wire/json_view.h"
#include "wire/reflect.h"

/* What is wrong with a text or message, and where.  Path and reason hold nothing of the values. */
struct json_error {
	struct reflect_path
		path;    /* by the schema's names: "customer.phones[0].value"; "" for the whole */
	char reason[96]; /* half a sentence for people: "expected a string" */
};

enum json_flags {
	JSON_PRETTY = 1, /* writing: one member a line, two blanks a level */
	JSON_IGNORE_UNKNOWN =
		2, /* reading: pass over members and enum names that the schema has not */
};

/* Appends the message.  CH_FORMAT: a text in it is not UTF-8; CH_UNSUPPORTED; CH_NOMEM.  On failure
 * `out` is as long as before.  `out_error` may be NULL. */
enum ch_status json_encode(const ProtobufCMessage *message, unsigned flags, struct buffer *out,
	struct json_error *out_error);

/* Appends one JSON string with its quotes; CH_FORMAT when it is not UTF-8, and nothing is appended. */
enum ch_status json_append_string(struct buffer *out, struct slice text);

/* Reads a message.  Takes names as json_encode writes them and as the schema spells them, integers of
 * any width as numbers or strings, enums by name or number, base64 of both alphabets with or without
 * padding, null as "not told".  A number above 2^63 - 1 must be a string, as proto3 writes it.
 *
 * CH_FORMAT: not JSON (RFC 8259; also a member twice, or bytes that are not UTF-8).
 * CH_INVALID: JSON, but no such message: an unknown member, a wrong kind of value, out of range.
 * CH_TOO_LARGE: over LIMIT_JSON_BYTES, _DEPTH, _VALUES or _MEMORY.  CH_NOMEM.  CH_UNSUPPORTED.
 * The message is the caller's: protobuf_c_message_free_unpacked(message, NULL).  `out_error` may be
 * NULL. */
enum ch_status json_decode(struct slice text, const ProtobufCMessageDescriptor *type,
	unsigned flags, ProtobufCMessage **out_message, struct json_error *out_error);

/* The same from a value that jansson has read, a CloudEvent's "data" say.  Only LIMIT_JSON_DEPTH and
 * _MEMORY are looked at: the caller bounded the text. */
struct json_t;
enum ch_status json_decode_value(struct json_t *value, const ProtobufCMessageDescriptor *type,
	unsigned flags, ProtobufCMessage **out_message, struct json_error *out_error);

/* The same from a value of either parser.  With an arena the message lives in it, and is not to be freed. */
enum ch_status json_decode_ref(const struct json_ref *ref, const ProtobufCMessageDescriptor *type,
	unsigned flags, struct arena *arena, ProtobufCMessage **out_message,
	struct json_error *out_error);

/* jansson's value, which must outlive the ref and may be NULL: none. */
struct json_ref json_ref_tree(struct json_t *value);

/* The lowerCamelCase form of a field's name, as protoc derives it. */
void json_append_name(struct buffer *out, const char *field_name);

#endif

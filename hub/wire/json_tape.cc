/* Our headers are C, with its compound literals. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#include "wire/json_tape.h"
#pragma GCC diagnostic pop

#include <cstring>
#include <memory>
#include <new>
#include <simdjson.h>
#include <type_traits>

namespace dom = simdjson::dom;

namespace
{

constexpr size_t few_members = 64; /* of an object: up to here each is compared with all */
constexpr size_t first_capacity = 64 * 1024;

/* The places of simdjson are two words, as ours are. */
template <typename Place> json_node node_of(const Place &place)
{
	static_assert(std::is_trivially_copyable<Place>::value, "copied as bytes");
	static_assert(sizeof(Place) == sizeof(json_node), "two words");
	json_node node;
	std::memcpy(static_cast<void *>(&node), &place, sizeof(node));
	return node;
}

template <typename Place> Place place_of(json_node node)
{
	Place place;
	std::memcpy(static_cast<void *>(&place), &node, sizeof(place));
	return place;
}

slice slice_of_view(std::string_view text)
{
	return slice_of(text.data(), text.size());
}

/* ---- What jansson would not take ---- */

/* Only an escape can make these of bytes that are UTF-8: a NUL, half of a pair of surrogates. */
bool is_text(std::string_view text)
{
	for (size_t i = 0; i < text.size(); i++) {
		const auto c = static_cast<uint8_t>(text[i]);
		if (c == 0)
			return false;
		if (c == 0xed && i + 1 < text.size() && static_cast<uint8_t>(text[i + 1]) >= 0xa0)
			return false;
	}
	return true;
}

bool is_told_twice(const dom::object &object)
{
	std::string_view few[few_members];
	size_t count = 0;
	for (auto member : object) {
		/* The wider ones are for jansson's hash table. */
		if (count == few_members)
			return true;
		for (size_t i = 0; i < count; i++) {
			if (few[i] == member.key)
				return true;
		}
		few[count++] = member.key;
	}
	return false;
}

bool is_taken(const dom::element &element, bool escaped)
{
	switch (element.type()) {
	case dom::element_type::OBJECT: {
		const dom::object object = element.get_object().value_unsafe();
		if (is_told_twice(object))
			return false;
		for (auto member : object) {
			if ((escaped && !is_text(member.key)) || !is_taken(member.value, escaped))
				return false;
		}
		return true;
	}
	case dom::element_type::ARRAY: {
		const dom::array array = element.get_array().value_unsafe();
		for (auto item : array) {
			if (!is_taken(item, escaped))
				return false;
		}
		return true;
	}
	case dom::element_type::STRING:
		return !escaped || is_text(element.get_string().value_unsafe());
	case dom::element_type::UINT64:
		return false;
	default:
		return true;
	}
}

/* ---- The view ---- */

void tape_look(json_node node, json_value *out_value)
{
	const auto element = place_of<dom::element>(node);
	switch (element.type()) {
	case dom::element_type::OBJECT:
		out_value->kind = JSON_KIND_OBJECT;
		break;
	case dom::element_type::ARRAY:
		out_value->kind = JSON_KIND_ARRAY;
		out_value->count = element.get_array().value_unsafe().size();
		break;
	case dom::element_type::STRING:
		out_value->kind = JSON_KIND_STRING;
		out_value->text = slice_of_view(element.get_string().value_unsafe());
		break;
	case dom::element_type::INT64:
		out_value->kind = JSON_KIND_INTEGER;
		out_value->integer = element.get_int64().value_unsafe();
		break;
	case dom::element_type::DOUBLE:
		out_value->kind = JSON_KIND_REAL;
		out_value->real = element.get_double().value_unsafe();
		break;
	case dom::element_type::BOOL:
		out_value->kind = JSON_KIND_BOOLEAN;
		out_value->truth = element.get_bool().value_unsafe();
		break;
	default:
		out_value->kind = JSON_KIND_NULL;
	}
}

void tape_walk(json_node node, json_walk *out_walk)
{
	const auto element = place_of<dom::element>(node);
	out_walk->object = element.is_object();
	if (out_walk->object) {
		const dom::object object = element.get_object().value_unsafe();
		out_walk->at = node_of(object.begin());
		out_walk->end = node_of(object.end());
	} else {
		const dom::array array = element.get_array().value_unsafe();
		out_walk->at = node_of(array.begin());
		out_walk->end = node_of(array.end());
	}
}

bool tape_next(json_walk *walk, slice *out_name, json_node *out_value)
{
	if (walk->at.index == walk->end.index)
		return false;
	if (walk->object) {
		auto at = place_of<dom::object::iterator>(walk->at);
		*out_name = slice_of_view(at.key());
		*out_value = node_of(at.value());
		walk->at = node_of(++at);
	} else {
		auto at = place_of<dom::array::iterator>(walk->at);
		*out_value = node_of(*at);
		walk->at = node_of(++at);
	}
	return true;
}

} // namespace

struct json_tape {
	dom::parser parser;
};

extern "C" {

const struct json_view json_view_tape = {tape_look, tape_walk, tape_next};

enum ch_status json_tape_create(struct json_tape **out_tape)
{
	std::unique_ptr<json_tape> tape(new (std::nothrow) json_tape);
	if (tape == nullptr ||
		tape->parser.allocate(first_capacity, JSON_TAPE_DEPTH) != simdjson::SUCCESS)
		return CH_NOMEM;
	*out_tape = tape.release();
	return CH_OK;
}

void json_tape_free(struct json_tape *tape)
{
	delete tape;
}

enum ch_status json_tape_read(struct json_tape *tape, struct slice text, struct json_node *out_root)
{
	dom::element root;
	if (text.len == 0 || text.len > JSON_TAPE_BYTES || text.data[0] == 0xef)
		return CH_UNSUPPORTED;
	if (text.len > tape->parser.capacity() &&
		tape->parser.allocate(text.len, JSON_TAPE_DEPTH) != simdjson::SUCCESS)
		return CH_NOMEM;
	const auto error = tape->parser.parse(text.data, text.len).get(root);
	if (error == simdjson::MEMALLOC)
		return CH_NOMEM;
	const bool escaped = std::memchr(text.data, '\\', text.len) != nullptr;
	if (error != simdjson::SUCCESS || !is_taken(root, escaped))
		return CH_UNSUPPORTED;
	*out_root = node_of(root);
	return CH_OK;
}

} // extern "C"

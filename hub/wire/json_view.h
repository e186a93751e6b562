/* JSON that somebody has parsed, seen without knowing by whom: jansson's tree, or simdjson's tape
 * (json_tape.h).  What reads typed messages is written once, for both.
 *
 *     view->look(node, &value);               what it is
 *     view->walk(node, &walk);                into an array or object
 *     while (view->next(&walk, &name, &member)) ...
 *
 * A node is a place in a text that was read, and holds as long as that does. */
#ifndef WIRE_JSON_VIEW_H
#define WIRE_JSON_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum json_kind {
	JSON_KIND_NULL,
	JSON_KIND_BOOLEAN,
	JSON_KIND_INTEGER,
	JSON_KIND_REAL,
	JSON_KIND_STRING,
	JSON_KIND_ARRAY,
	JSON_KIND_OBJECT,
};

struct json_node {
	const void *at;
	size_t index;
};

/* Of the members only the kind's own means something. */
struct json_value {
	enum json_kind kind;
	bool truth;
	int64_t integer;
	double real;
	struct slice text; /* UTF-8 without a NUL, but with one behind it */
	size_t count;      /* elements of an array */
};

struct json_walk {
	struct json_node at;
	struct json_node end;
	bool object;
};

struct json_view {
	void (*look)(struct json_node node, struct json_value *out_value);
	/* The node is an array or object. */
	void (*walk)(struct json_node node, struct json_walk *out_walk);
	/* The next element or member in the text's order; false: no more.  An element has no name. */
	bool (*next)(struct json_walk *walk, struct slice *out_name, struct json_node *out_value);
};

/* Over jansson's values: `at` is a json_t. */
extern const struct json_view json_view_tree;

/* A value and who knows how to look at it; without a view it is none. */
struct json_ref {
	const struct json_view *view;
	struct json_node node;
};

static inline bool json_ref_is(const struct json_ref *ref, enum json_kind kind)
{
	struct json_value value;
	if (ref->view == NULL)
		return false;
	ref->view->look(ref->node, &value);
	return value.kind == kind;
}

static inline enum json_kind json_view_kind(const struct json_view *view, struct json_node node)
{
	struct json_value value;
	view->look(node, &value);
	return value.kind;
}

#endif

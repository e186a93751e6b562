#include "crash/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (64u << 20)

const uint8_t *record_payload(const struct record *record)
{
	return (const uint8_t *)(record + 1);
}

const char *record_show(const struct record *record, char out[2 * NODE_NAME_BYTES])
{
	uint64_t len = record->payload < 2 * NODE_NAME_BYTES - 1 ? record->payload
								 : 2 * NODE_NAME_BYTES - 1;
	memcpy(out, record_payload(record), len);
	out[len] = 0;
	return out;
}

/* ---- Bytes ---- */

static bool node_reserve(struct node *node, uint64_t size)
{
	if (size <= node->capacity)
		return true;
	uint64_t capacity = size < NODE_PAGE_BYTES ? NODE_PAGE_BYTES : size + size / 2;
	uint8_t *bytes = size <= FILE_BYTES_MAX ? realloc(node->bytes, capacity) : NULL;
	if (bytes == NULL)
		return false;
	memset(bytes + node->capacity, 0, capacity - node->capacity);
	node->bytes = bytes;
	node->capacity = capacity;
	return true;
}

void node_resize(struct node *node, uint64_t size)
{
	if (!node_reserve(node, size))
		abort();
	if (size < node->size)
		memset(node->bytes + size, 0, node->size - size);
	node->size = size;
}

void node_put(struct node *node, uint64_t offset, const uint8_t *data, uint64_t len)
{
	if (offset + len > node->size)
		node_resize(node, offset + len);
	memcpy(node->bytes + offset, data, len);
}

/* ---- Names ---- */

static struct name *node_name(struct node *node, const char *text)
{
	for (uint32_t i = 0; i < node->name_count; i++) {
		if (strcmp(node->names[i].text, text) == 0)
			return &node->names[i];
	}
	struct name *names = realloc(node->names, (node->name_count + 1) * sizeof(*names));
	if (names == NULL)
		abort();
	node->names = names;
	struct name *name = &names[node->name_count++];
	*name = (struct name){.node = NULL};
	(void)snprintf(name->text, sizeof(name->text), "%s", text);
	return name;
}

/* What the record does to this folder's names. */
static void node_rename(struct node *node, const struct record *record, struct node *subject)
{
	char text[2 * NODE_NAME_BYTES];
	(void)record_show(record, text);
	switch (record->kind) {
	case RECORD_CREATE:
	case RECORD_MKDIR:
		node_name(node, text)->node = subject;
		break;
	case RECORD_UNLINK:
		node_name(node, text)->node = NULL;
		break;
	default: /* a rename; the old name goes only while it is this node's */
		if (record->dir == node->number && node_name(node, text)->node == subject)
			node_name(node, text)->node = NULL;
		if (record->other == node->number)
			node_name(node, text + strlen(text) + 1)->node = subject;
		break;
	}
}

/* ---- Operations ---- */

/* The record's whole effect on this node. */
void node_apply(struct node *node, const struct record *record, struct node *subject)
{
	switch (record->kind) {
	case RECORD_WRITE:
		node_put(node, record->offset, record_payload(record), record->payload);
		break;
	case RECORD_SIZE:
		node_resize(node, record->offset);
		break;
	case RECORD_RESERVE:
		if (record->offset > node->size)
			node_resize(node, record->offset);
		break;
	default:
		node_rename(node, record, subject);
		break;
	}
}

bool node_await(struct node *node, uint32_t at, struct node *subject)
{
	if (node->pending_count == node->pending_capacity) {
		uint32_t capacity = node->pending_capacity < 16 ? 16 : node->pending_capacity * 2;
		struct pending *pending = realloc(node->pending, capacity * sizeof(*pending));
		if (pending == NULL)
			return false;
		node->pending = pending;
		node->pending_capacity = capacity;
	}
	node->pending[node->pending_count++] = (struct pending){.at = at, .subject = subject};
	return true;
}

/* ---- Copies ---- */

void node_copy(const struct node *from, struct node *out)
{
	*out = (struct node){.number = from->number, .is_dir = from->is_dir};
	node_resize(out, from->size);
	if (from->size > 0)
		memcpy(out->bytes, from->bytes, from->size);
	for (uint32_t i = 0; i < from->name_count; i++)
		node_name(out, from->names[i].text)->node = from->names[i].node;
}

void node_fini(struct node *node)
{
	free(node->bytes);
	free(node->names);
	free(node->pending);
	*node = (struct node){0};
}

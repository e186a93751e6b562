/* A file or folder of a disk: what is on it for sure, and the operations that are on their way.  Bytes of
 * a file, names of a folder; a node that has lost its last name may come back by an image in which that did
 * not reach the disk. */
#ifndef CRASH_NODE_H
#define CRASH_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "crash/record.h"

#define NODE_NAME_BYTES 64u
#define NODE_PAGE_BYTES 4096u

/* A name in a folder; its node, or NULL for none. */
struct name {
	char text[NODE_NAME_BYTES];
	struct node *node;
};

/* An operation that is not synced: the record's place, and of one on a name who bears it; inode numbers
 * are used again. */
struct pending {
	uint32_t at;
	struct node *subject;
	bool durable; /* an O_DSYNC write that has returned */
};

struct node {
	struct node *next; /* of all */
	uint64_t number;   /* inode; 0: it does not exist any more */
	bool is_dir;
	bool lies;
	char part[NODE_NAME_BYTES]; /* the folder of the data folder that it was made in */
	/* On the disk for sure. */
	uint8_t *bytes;
	uint64_t size;
	uint64_t capacity;
	struct name *names;
	uint32_t name_count;
	/* On its way. */
	struct pending *pending;
	uint32_t pending_count;
	uint32_t pending_capacity;
};

const uint8_t *record_payload(const struct record *record);

/* The payload as text: a name, or both of a rename with a NUL in between. */
const char *record_show(const struct record *record, char out[2 * NODE_NAME_BYTES]);

/* A file's bytes.  Without memory the program ends: it is a test's. */
void node_resize(struct node *node, uint64_t size);
void node_put(struct node *node, uint64_t offset, const uint8_t *data, uint64_t len);

/* The whole effect of a record on this node; `subject` is whose name it is about. */
void node_apply(struct node *node, const struct record *record, struct node *subject);

/* The record at that place is on its way; false without memory. */
bool node_await(struct node *node, uint32_t at, struct node *subject);

/* What is durable, without what is on its way. */
void node_copy(const struct node *from, struct node *out);

/* Frees what it holds. */
void node_fini(struct node *node);

#endif

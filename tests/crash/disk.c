#include "crash/disk.h"

#include <stdio.h>
#include <stdlib.h>

const char *const disk_lie_names[LIES] = {"none", "segments", "store", "runs", "names", "archive"};

struct sync {
	uint64_t number;
	uint32_t at;
};

struct disk {
	struct slice bytes;
	enum disk_lie lie;
	uint64_t *offsets; /* of records */
	uint32_t count;
	uint32_t played;
	struct node *nodes;
	struct node *root;
	struct sync syncs[256]; /* begun, not ended */
};

/* ---- Records ---- */

uint32_t disk_count(const struct disk *disk)
{
	return disk->count;
}

const struct record *disk_record(const struct disk *disk, uint32_t at)
{
	return (const struct record *)(const void *)(disk->bytes.data + disk->offsets[at]);
}

/* Records stand unaligned in the file: the caller gives one in which each begins at a multiple of 8. */
static enum ch_status disk_index(struct disk *disk)
{
	uint64_t at = 0;
	uint32_t capacity = 0;
	while (at < disk->bytes.len) {
		const struct record *record =
			(const struct record *)(const void *)(disk->bytes.data + at);
		if (at + sizeof(*record) > disk->bytes.len || record->magic != RECORD_MAGIC ||
			record->kind == 0 || record->kind >= RECORD_KINDS ||
			at + sizeof(*record) + record->payload > disk->bytes.len)
			return CH_FORMAT;
		if (disk->count == capacity) {
			capacity = capacity < 1024 ? 1024 : capacity * 2;
			uint64_t *offsets = realloc(disk->offsets, capacity * sizeof(*offsets));
			if (offsets == NULL)
				return CH_NOMEM;
			disk->offsets = offsets;
		}
		disk->offsets[disk->count++] = at;
		at += sizeof(*record) + ((record->payload + 7) & ~UINT64_C(7));
	}
	return CH_OK;
}

enum ch_status disk_create(struct slice record, enum disk_lie lie, struct disk **out_disk)
{
	struct disk *disk = calloc(1, sizeof(*disk));
	enum ch_status status = CH_NOMEM;
	if (disk == NULL)
		goto out;
	disk->bytes = record;
	disk->lie = lie;
	status = disk_index(disk);
	if (status != CH_OK)
		goto out;
	*out_disk = disk;
	disk = NULL; /* the caller's now */
out:
	disk_free(disk);
	return status;
}

void disk_free(struct disk *disk)
{
	if (disk == NULL)
		return;
	for (struct node *node = disk->nodes; node != NULL;) {
		struct node *next = node->next;
		node_fini(node);
		free(node);
		node = next;
	}
	free(disk->offsets);
	free(disk);
}

/* ---- Nodes ---- */

/* The newest of that number: an inode number is used again. */
static struct node *disk_node(const struct disk *disk, uint64_t number)
{
	struct node *node = disk->nodes;
	while (node != NULL && node->number != number)
		node = node->next;
	return node;
}

static bool disk_lies(const struct disk *disk, const struct node *node, const char *name)
{
	switch (disk->lie) {
	case LIE_SEGMENTS:
		return !node->is_dir && strcmp(node->part, "journal") == 0;
	case LIE_STORE:
		return strcmp(name, "data.mdb") == 0 && strcmp(node->part, "store") == 0;
	case LIE_RUNS:
		return !node->is_dir && strcmp(name, "data.mdb") != 0 &&
		       strcmp(node->part, "journal") != 0 && strcmp(node->part, "archive") != 0;
	case LIE_NAMES:
		return node->is_dir;
	case LIE_ARCHIVE:
		return !node->is_dir && strcmp(node->part, "archive") == 0;
	default:
		return false;
	}
}

static struct node *disk_add(
	struct disk *disk, uint64_t number, bool is_dir, const char *part, const char *name)
{
	struct node *node = calloc(1, sizeof(*node));
	if (node == NULL)
		return NULL;
	node->number = number;
	node->is_dir = is_dir;
	(void)snprintf(node->part, sizeof(node->part), "%s", is_dir ? name : part);
	node->lies = disk_lies(disk, node, name);
	node->next = disk->nodes;
	disk->nodes = node;
	return node;
}

/* ---- Playing ---- */

static void disk_synced(struct disk *disk, struct node *node, uint32_t begun)
{
	uint32_t kept = 0;
	if (node->lies)
		return;
	for (uint32_t i = 0; i < node->pending_count; i++) {
		const struct pending *pending = &node->pending[i];
		if (pending->at < begun)
			node_apply(node, disk_record(disk, pending->at), pending->subject);
		else
			node->pending[kept++] = *pending;
	}
	node->pending_count = kept;
}

static enum ch_status disk_sync(struct disk *disk, const struct record *record, uint32_t at)
{
	struct node *node = disk_node(disk, record->node);
	for (size_t i = 0; i < sizeof(disk->syncs) / sizeof(disk->syncs[0]); i++) {
		struct sync *sync = &disk->syncs[i];
		bool mine = sync->number == (record->kind == RECORD_SYNC ? 0 : record->offset);
		if (!mine)
			continue;
		if (record->kind == RECORD_SYNC) {
			*sync = (struct sync){record->offset, at};
		} else {
			if (node != NULL)
				disk_synced(disk, node, sync->at);
			*sync = (struct sync){0};
		}
		return CH_OK;
	}
	return CH_FORMAT;
}

static enum ch_status disk_made(struct disk *disk, const struct record *record, uint32_t at)
{
	char text[2 * NODE_NAME_BYTES];
	struct node *dir = disk_node(disk, record->dir);
	if (dir == NULL)
		return CH_FORMAT;
	struct node *node = disk_add(disk, record->node, record->kind == RECORD_MKDIR, dir->part,
		record_show(record, text));
	return node != NULL && node_await(dir, at, node) ? CH_OK : CH_NOMEM;
}

static enum ch_status disk_named(struct disk *disk, const struct record *record, uint32_t at)
{
	struct node *dir = disk_node(disk, record->dir);
	struct node *other = record->kind == RECORD_RENAME ? disk_node(disk, record->other) : dir;
	if (dir == NULL || other == NULL)
		return CH_FORMAT;
	struct node *node = disk_node(disk, record->node);
	if (!node_await(dir, at, node) || (other != dir && !node_await(other, at, node)))
		return CH_NOMEM;
	return CH_OK;
}

static enum ch_status disk_changed(struct disk *disk, const struct record *record, uint32_t at)
{
	struct node *node = disk_node(disk, record->node);
	if (node == NULL)
		return CH_FORMAT;
	return node_await(node, at, node) ? CH_OK : CH_NOMEM;
}

/* An O_DSYNC write has returned when anything else is recorded after it. */
static void disk_settle(struct disk *disk, uint32_t before)
{
	const struct record *record = before > 0 ? disk_record(disk, before - 1) : NULL;
	if (record == NULL || record->kind != RECORD_WRITE || record->durable == 0)
		return;
	struct node *node = disk_node(disk, record->node);
	if (node != NULL && !node->lies)
		node->pending[node->pending_count - 1].durable = true;
}

/* Nobody is left but the new root; the others stay in the list only to be freed. */
static enum ch_status disk_forget(struct disk *disk, uint64_t root)
{
	for (struct node *node = disk->nodes; node != NULL; node = node->next) {
		node->number = 0;
		node->pending_count = 0;
	}
	disk->root = disk_add(disk, root, true, "", "");
	return disk->root != NULL ? CH_OK : CH_NOMEM;
}

static enum ch_status disk_step(struct disk *disk, uint32_t at)
{
	const struct record *record = disk_record(disk, at);
	disk_settle(disk, at);
	switch (record->kind) {
	case RECORD_LIFE:
		if (disk->root == NULL)
			disk->root = disk_add(disk, record->node, true, "", "");
		memset(disk->syncs, 0,
			sizeof(disk->syncs)); /* those of the life before never end */
		return disk->root != NULL ? CH_OK : CH_NOMEM;
	case RECORD_POWER:
		return disk_forget(disk, record->node);
	case RECORD_CREATE:
	case RECORD_MKDIR:
		return disk_made(disk, record, at);
	case RECORD_RENAME:
	case RECORD_UNLINK:
		return disk_named(disk, record, at);
	case RECORD_WRITE:
	case RECORD_SIZE:
	case RECORD_RESERVE:
		return disk_changed(disk, record, at);
	case RECORD_SYNC:
	case RECORD_SYNCED:
		return disk_sync(disk, record, at);
	default:
		return CH_OK; /* a mark */
	}
}

enum ch_status disk_play(struct disk *disk, uint32_t cut)
{
	enum ch_status status = CH_OK;
	while (status == CH_OK && disk->played < cut && disk->played < disk->count)
		status = disk_step(disk, disk->played++);
	return status;
}

const struct node *disk_nodes(const struct disk *disk)
{
	return disk->nodes;
}

const struct node *disk_root(const struct disk *disk)
{
	return disk->root;
}

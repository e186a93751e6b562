#include "crash/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "crash/load.h"

#define PAGE_BYTES  4096u
#define IMAGE_BYTES (64u << 20) /* of one file */
#define NAME_BYTES  64u

const char *const cut_mode_names[CUT_MODES] = {"keep", "drop", "prefix", "reorder", "torn-512",
	"torn-4096", "scatter-512", "scatter-4096"};

const char *const disk_lie_names[LIES] = {"none", "segments", "store", "runs", "names", "archive"};

/* A name in a folder; its node, or NULL for none. */
struct name {
	char text[NAME_BYTES];
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
	char part[NAME_BYTES]; /* the folder of the data folder that it was made in */
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

static const uint8_t *disk_payload(const struct record *record)
{
	return (const uint8_t *)(record + 1);
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
		free(node->bytes);
		free(node->names);
		free(node->pending);
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

static bool node_reserve(struct node *node, uint64_t size)
{
	if (size <= node->capacity)
		return true;
	uint64_t capacity = size < PAGE_BYTES ? PAGE_BYTES : size + size / 2;
	uint8_t *bytes = size <= IMAGE_BYTES ? realloc(node->bytes, capacity) : NULL;
	if (bytes == NULL)
		return false;
	memset(bytes + node->capacity, 0, capacity - node->capacity);
	node->bytes = bytes;
	node->capacity = capacity;
	return true;
}

static void node_resize(struct node *node, uint64_t size)
{
	if (!node_reserve(node, size))
		abort();
	if (size < node->size)
		memset(node->bytes + size, 0, node->size - size);
	node->size = size;
}

static void node_put(struct node *node, uint64_t offset, const uint8_t *data, uint64_t len)
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

static const char *record_text(const struct record *record, char out[2 * NAME_BYTES])
{
	uint64_t len = record->payload < 2 * NAME_BYTES - 1 ? record->payload : 2 * NAME_BYTES - 1;
	memcpy(out, disk_payload(record), len);
	out[len] = 0;
	return out;
}

/* What the record does to this folder's names. */
static void node_rename(struct node *node, const struct record *record, struct node *subject)
{
	char text[2 * NAME_BYTES];
	(void)record_text(record, text);
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

/* ---- Playing ---- */

static bool node_await(struct node *node, uint32_t at, struct node *subject)
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

/* The record's whole effect on this node. */
static void node_apply(struct node *node, const struct record *record, struct node *subject)
{
	switch (record->kind) {
	case RECORD_WRITE:
		node_put(node, record->offset, disk_payload(record), record->payload);
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
	char text[2 * NAME_BYTES];
	struct node *dir = disk_node(disk, record->dir);
	if (dir == NULL)
		return CH_FORMAT;
	struct node *node = disk_add(disk, record->node, record->kind == RECORD_MKDIR, dir->part,
		record_text(record, text));
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

uint32_t disk_pending(const struct disk *disk)
{
	uint32_t count = 0;
	for (const struct node *node = disk->nodes; node != NULL; node = node->next)
		count += node->pending_count;
	return count;
}

/* ---- Images ---- */

struct imager {
	const struct disk *disk;
	enum cut_mode mode;
	uint64_t seed;
	uint64_t draws;
	uint32_t last; /* the last write of all */
};

static uint64_t imager_draw(struct imager *imager, uint64_t below)
{
	return load_mix(imager->seed, imager->draws++, 3) % below;
}

static void node_copy(const struct node *from, struct node *to)
{
	*to = (struct node){.number = from->number, .is_dir = from->is_dir};
	node_resize(to, from->size);
	if (from->size > 0)
		memcpy(to->bytes, from->bytes, from->size);
	for (uint32_t i = 0; i < from->name_count; i++)
		node_name(to, from->names[i].text)->node = from->names[i].node;
}

/* Blocks of a write, each kept with so many chances in eight; the file's length may have reached the
 * disk without them. */
static void imager_scatter(struct imager *imager, struct node *node, const struct record *record,
	uint64_t block, uint64_t chances)
{
	uint64_t end = record->offset + record->payload;
	for (uint64_t at = record->offset; at < end;) {
		uint64_t next = (at / block + 1) * block < end ? (at / block + 1) * block : end;
		if (imager_draw(imager, 8) < chances)
			node_put(node, at, disk_payload(record) + (at - record->offset), next - at);
		at = next;
	}
	if (end > node->size && imager_draw(imager, 2) == 0)
		node_resize(node, end);
}

/* Only its beginning, or only its end. */
static void imager_tear(
	struct imager *imager, struct node *node, const struct record *record, uint64_t block)
{
	uint64_t end = record->offset + record->payload;
	uint64_t blocks = (end + block - 1) / block - record->offset / block;
	uint64_t edge = (record->offset / block + imager_draw(imager, blocks + 1)) * block;
	edge = edge < record->offset ? record->offset : edge > end ? end : edge;
	if (imager_draw(imager, 4) == 0)
		node_put(node, edge, disk_payload(record) + (edge - record->offset), end - edge);
	else
		node_put(node, record->offset, disk_payload(record), edge - record->offset);
}

static void imager_write(
	struct imager *imager, struct node *node, const struct pending *pending, uint64_t chances)
{
	const struct record *record = disk_record(imager->disk, pending->at);
	uint64_t block =
		imager->mode == CUT_SCATTER_512 || imager->mode == CUT_TORN_512 ? 512 : PAGE_BYTES;
	bool torn = imager->mode == CUT_TORN_512 || imager->mode == CUT_TORN_4096;
	if (imager->mode == CUT_SCATTER_512 || imager->mode == CUT_SCATTER_4096)
		imager_scatter(imager, node, record, block, chances);
	else if (torn && pending->at == imager->last)
		imager_tear(imager, node, record, block);
	else
		node_apply(node, record, NULL);
}

/* The node as it could be: what is durable, and of the rest what the mode lets through. */
static void imager_node(struct imager *imager, const struct node *from, struct node *out)
{
	uint32_t prefix = (uint32_t)imager_draw(imager, from->pending_count + 1);
	uint64_t chances = 1 + imager_draw(imager, 7);
	bool some = imager->mode >= CUT_REORDER && (from->is_dir || imager->mode == CUT_REORDER ||
							   imager->mode >= CUT_SCATTER_512);
	node_copy(from, out);
	for (uint32_t i = 0; i < from->pending_count; i++) {
		const struct pending *pending = &from->pending[i];
		const struct record *record = disk_record(imager->disk, pending->at);
		bool bytes = record->kind == RECORD_WRITE;
		bool blocks = bytes && imager->mode >= CUT_SCATTER_512;
		bool keep = imager->mode != CUT_DROP;
		if (imager->mode == CUT_PREFIX)
			keep = i < prefix;
		else if (some && !blocks)
			keep = imager_draw(imager, 8) < chances;
		if (pending->durable)
			node_apply(out, record, pending->subject);
		else if (keep && bytes)
			imager_write(imager, out, pending, chances);
		else if (keep)
			node_apply(out, record, pending->subject);
	}
}

static enum ch_status image_file(const struct node *node, const char *path)
{
	static const uint8_t zeros[PAGE_BYTES];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	enum ch_status status = fd >= 0 ? CH_OK : file_status();
	if (status == CH_OK && ftruncate(fd, (off_t)node->size) != 0)
		status = CH_IO;
	/* Runs of pages that hold something: a segment is mostly holes. */
	for (uint64_t at = 0; status == CH_OK && at < node->size;) {
		uint64_t end = at;
		while (end < node->size) {
			uint64_t len =
				node->size - end < PAGE_BYTES ? node->size - end : PAGE_BYTES;
			if (memcmp(node->bytes + end, zeros, len) == 0)
				break;
			end += len;
		}
		if (end > at)
			status = file_write_at(fd, node->bytes + at, end - at, at);
		at = end + PAGE_BYTES;
	}
	if (fd >= 0)
		(void)close(fd); /* a test's */
	return status;
}

static enum ch_status image_node(struct imager *imager, const struct node *from, const char *path)
{
	struct node node;
	imager_node(imager, from, &node);
	enum ch_status status = CH_OK;
	if (!node.is_dir)
		status = image_file(&node, path);
	else if (mkdir(path, 0700) != 0)
		status = file_status();
	for (uint32_t i = 0; status == CH_OK && i < node.name_count; i++) {
		char inner[PATH_MAX];
		if (node.names[i].node == NULL)
			continue;
		if ((size_t)snprintf(inner, sizeof(inner), "%s/%s", path, node.names[i].text) >=
			sizeof(inner))
			status = CH_TOO_LARGE;
		else
			status = image_node(imager, node.names[i].node, inner);
	}
	free(node.bytes);
	free(node.names);
	return status;
}

enum ch_status disk_image(
	const struct disk *disk, enum cut_mode mode, uint64_t seed, const char *dir)
{
	struct imager imager = {.disk = disk, .mode = mode, .seed = seed};
	for (const struct node *node = disk->nodes; node != NULL; node = node->next) {
		for (uint32_t i = 0; i < node->pending_count; i++) {
			uint32_t at = node->pending[i].at;
			if (at > imager.last && disk_record(disk, at)->kind == RECORD_WRITE)
				imager.last = at;
		}
	}
	return disk->root != NULL ? image_node(&imager, disk->root, dir) : CH_FORMAT;
}

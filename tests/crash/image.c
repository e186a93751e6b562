#include "crash/image.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "crash/load.h"

const char *const cut_mode_names[CUT_MODES] = {"keep", "drop", "prefix", "reorder", "torn-512",
	"torn-4096", "scatter-512", "scatter-4096"};

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

/* Blocks of a write, each kept with so many chances in eight; the file's length may have reached the
 * disk without them. */
static void imager_scatter(struct imager *imager, struct node *node, const struct record *record,
	uint64_t block, uint64_t chances)
{
	uint64_t end = record->offset + record->payload;
	for (uint64_t at = record->offset; at < end;) {
		uint64_t next = (at / block + 1) * block < end ? (at / block + 1) * block : end;
		if (imager_draw(imager, 8) < chances)
			node_put(node, at, record_payload(record) + (at - record->offset),
				next - at);
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
		node_put(node, edge, record_payload(record) + (edge - record->offset), end - edge);
	else
		node_put(node, record->offset, record_payload(record), edge - record->offset);
}

static void imager_write(
	struct imager *imager, struct node *node, const struct pending *pending, uint64_t chances)
{
	const struct record *record = disk_record(imager->disk, pending->at);
	uint64_t block = imager->mode == CUT_SCATTER_512 || imager->mode == CUT_TORN_512
				 ? 512
				 : NODE_PAGE_BYTES;
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
	static const uint8_t zeros[NODE_PAGE_BYTES];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	enum ch_status status = fd >= 0 ? CH_OK : file_status();
	if (status == CH_OK && ftruncate(fd, (off_t)node->size) != 0)
		status = CH_IO;
	/* Runs of pages that hold something: a segment is mostly holes. */
	for (uint64_t at = 0; status == CH_OK && at < node->size;) {
		uint64_t end = at;
		while (end < node->size) {
			uint64_t len = node->size - end < NODE_PAGE_BYTES ? node->size - end
									  : NODE_PAGE_BYTES;
			if (memcmp(node->bytes + end, zeros, len) == 0)
				break;
			end += len;
		}
		if (end > at)
			status = file_write_at(fd, node->bytes + at, end - at, at);
		at = end + NODE_PAGE_BYTES;
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
	node_fini(&node);
	return status;
}

enum ch_status image_make(const struct disk *disk, const struct cut *cut, const char *dir)
{
	struct imager imager = {.disk = disk, .mode = cut->mode, .seed = cut->seed};
	for (const struct node *node = disk_nodes(disk); node != NULL; node = node->next) {
		for (uint32_t i = 0; i < node->pending_count; i++) {
			uint32_t at = node->pending[i].at;
			if (at > imager.last && disk_record(disk, at)->kind == RECORD_WRITE)
				imager.last = at;
		}
	}
	return disk_root(disk) != NULL ? image_node(&imager, disk_root(disk), dir) : CH_FORMAT;
}

#include "journal/inventory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "journal/archive.h"

/* Calls `visit` with every name in the folder until it fails. */
static enum ch_status inventory_walk(int dir_fd,
	enum ch_status (*visit)(void *context, int dir_fd, const char *name), void *context)
{
	enum ch_status status = CH_OK;
	/* A descriptor of its own: closedir closes it, and its place in the folder moves. */
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return file_status();
	DIR *dir = fdopendir(fd);
	if (dir == NULL) {
		(void)close(fd); /* read only */
		return CH_NOMEM;
	}
	while (status == CH_OK) {
		errno = 0;
		const struct dirent *file = readdir(dir);
		if (file == NULL) {
			status = errno == 0 ? CH_OK : CH_IO;
			break;
		}
		status = visit(context, dir_fd, file->d_name);
	}
	(void)closedir(dir); /* read only */
	return status;
}

/* Room for one more behind `count` elements. */
static void *inventory_grow(void *array, size_t count, size_t size)
{
	/* It doubles at every power of two, from a first room of 16. */
	if (count != 0 && (count < 16 || (count & (count - 1)) != 0))
		return array;
	return realloc(array, (count < 16 ? 16 : 2 * count) * size);
}

/* ---- The archive ---- */

static enum ch_status inventory_see_archive(void *context, int dir_fd, const char *name)
{
	struct inventory *inventory = context;
	struct volume volume = {0};
	struct stat file;
	if (!archive_parse_name(name, &volume.first, &volume.last))
		return CH_OK; /* not ours */
	if (fstatat(dir_fd, name, &file, 0) != 0)
		return CH_IO;
	volume.bytes = (uint64_t)file.st_size;
	struct volume *archives =
		inventory_grow(inventory->archives, inventory->archive_count, sizeof(*archives));
	if (archives == NULL)
		return CH_NOMEM;
	inventory->archives = archives;
	archives[inventory->archive_count++] = volume;
	return CH_OK;
}

static int inventory_compare_archives(const void *a, const void *b)
{
	const struct volume *left = a;
	const struct volume *right = b;
	if (left->first != right->first)
		return left->first < right->first ? -1 : 1;
	return left->last > right->last ? -1 : left->last < right->last; /* the longer first */
}

/* ---- Segments ---- */

static bool inventory_parse_segment(const char *name, uint64_t *out_epoch)
{
	char again[SEGMENT_NAME_BYTES];
	uint64_t epoch;
	if (sscanf(name, "%20" SCNu64, &epoch) != 1 || epoch == 0)
		return false;
	segment_name(epoch, again);
	*out_epoch = epoch;
	return strcmp(name, again) == 0;
}

static enum ch_status inventory_add_file(
	struct inventory_file **files, size_t *count, uint64_t epoch, uint64_t bytes)
{
	struct inventory_file *more = inventory_grow(*files, *count, sizeof(**files));
	if (more == NULL)
		return CH_NOMEM;
	*files = more;
	more[(*count)++] = (struct inventory_file){epoch, bytes};
	return CH_OK;
}

static enum ch_status inventory_add_used(
	struct inventory *inventory, uint64_t epoch, const struct label *label)
{
	struct segment **used =
		inventory_grow(inventory->used, inventory->used_count, sizeof(*used));
	if (used == NULL)
		return CH_NOMEM;
	inventory->used = used;
	struct segment *segment;
	enum ch_status status = segment_create(epoch, &segment);
	if (status == CH_OK) {
		segment_restore(segment, label);
		used[inventory->used_count++] = segment;
	}
	return status;
}

static enum ch_status inventory_see_segment(void *context, int dir_fd, const char *name)
{
	struct inventory *inventory = context;
	enum segment_part part;
	struct label label;
	struct stat file;
	uint64_t epoch;
	if (!inventory_parse_segment(name, &epoch))
		return CH_OK; /* not ours */
	if (epoch >= inventory->next_epoch)
		inventory->next_epoch = epoch + 1;
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return file_status();
	enum ch_status status = fstat(fd, &file) == 0 ? CH_OK : CH_IO;
	if (status == CH_OK)
		status = segment_inspect(fd, epoch, &part, &label);
	(void)close(fd); /* read only */
	if (status != CH_OK)
		return status;
	uint64_t bytes = (uint64_t)file.st_size;
	if (part == SEGMENT_USED)
		return inventory_add_used(inventory, epoch, &label);
	if (part == SEGMENT_WRECK)
		return inventory_add_file(
			&inventory->wrecks, &inventory->wreck_count, epoch, bytes);
	return inventory_add_file(&inventory->spares, &inventory->spare_count, epoch, bytes);
}

static int inventory_compare_segments(const void *a, const void *b)
{
	const struct segment *left = *(struct segment *const *)a;
	const struct segment *right = *(struct segment *const *)b;
	if (left->label.base != right->label.base)
		return left->label.base < right->label.base ? -1 : 1;
	return left->epoch < right->epoch ? -1 : 1;
}

/* ---- All ---- */

enum ch_status inventory_take(int dir_fd, int archive_fd, struct inventory *inventory)
{
	*inventory = (struct inventory){.next_epoch = 1};
	enum ch_status status = CH_OK;
	if (archive_fd >= 0)
		status = inventory_walk(archive_fd, inventory_see_archive, inventory);
	if (status == CH_OK)
		status = inventory_walk(dir_fd, inventory_see_segment, inventory);
	if (inventory->archive_count > 0)
		qsort(inventory->archives, inventory->archive_count, sizeof(*inventory->archives),
			inventory_compare_archives);
	if (inventory->used_count > 0)
		qsort(inventory->used, inventory->used_count, sizeof(inventory->used[0]),
			inventory_compare_segments);
	return status;
}

void inventory_fini(struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->used_count; i++)
		segment_release(inventory->used[i]);
	free(inventory->used);
	free(inventory->archives);
	free(inventory->spares);
	free(inventory->wrecks);
}

static enum ch_status inventory_see_leftover(void *context, int dir_fd, const char *name)
{
	(void)context;
	size_t len = strlen(name);
	if (len < 4 || strcmp(name + len - 4, ".new") != 0)
		return CH_OK;
	return unlinkat(dir_fd, name, 0) == 0 ? CH_OK : CH_IO;
}

enum ch_status inventory_tidy(int dir_fd)
{
	return inventory_walk(dir_fd, inventory_see_leftover, NULL);
}

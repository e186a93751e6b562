#include "journal/catalog.h"

#include <stdlib.h>

#include "base/invariant.h"

void catalog_init(struct catalog *catalog)
{
	*catalog = (struct catalog){.next_epoch = 1};
	invariant(pthread_mutex_init(&catalog->lock, NULL) == 0);
}

void catalog_fini(struct catalog *catalog)
{
	for (size_t i = 0; i < catalog->count; i++)
		volume_release(&catalog->volumes[i]);
	for (uint32_t i = 0; i < catalog->spare_count; i++)
		segment_release(catalog->spares[i]);
	free(catalog->volumes);
	(void)pthread_mutex_destroy(&catalog->lock); /* nothing to do about a failure */
}

static void catalog_lock(struct catalog *catalog)
{
	(void)pthread_mutex_lock(&catalog->lock); /* a plain mutex does not fail */
}

static void catalog_unlock(struct catalog *catalog)
{
	(void)pthread_mutex_unlock(&catalog->lock);
}

/* ---- Volumes ---- */

void volume_release(struct volume *volume)
{
	segment_release(volume->segment);
	volume->segment = NULL;
}

/* The index of the first volume that ends at or behind `sequence`. */
static size_t catalog_search(const struct catalog *catalog, uint64_t sequence)
{
	size_t low = 0;
	size_t high = catalog->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (catalog->volumes[middle].last < sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

enum ch_status catalog_find(struct catalog *catalog, uint64_t sequence, struct volume *out_volume)
{
	enum ch_status status = CH_END;
	catalog_lock(catalog);
	size_t i = catalog_search(catalog, sequence);
	if (i < catalog->count) {
		*out_volume = catalog->volumes[i];
		if (out_volume->segment != NULL)
			(void)segment_share(out_volume->segment);
		status = CH_OK;
	}
	catalog_unlock(catalog);
	return status;
}

enum ch_status catalog_find_sealed(
	struct catalog *catalog, uint64_t sequence, struct volume *out_volume)
{
	enum ch_status status = CH_END;
	catalog_lock(catalog);
	for (size_t i = catalog_search(catalog, sequence); i < catalog->count; i++) {
		const struct volume *volume = &catalog->volumes[i];
		if (volume->segment == NULL || volume->last == CATALOG_OPEN)
			continue;
		*out_volume = *volume;
		(void)segment_share(volume->segment);
		status = CH_OK;
		break;
	}
	catalog_unlock(catalog);
	return status;
}

uint64_t catalog_first(struct catalog *catalog)
{
	catalog_lock(catalog);
	uint64_t first = catalog->count > 0 ? catalog->volumes[0].first : 0;
	catalog_unlock(catalog);
	return first;
}

enum ch_status catalog_copy(struct catalog *catalog, struct volume **out_volumes, size_t *out_count)
{
	enum ch_status status = CH_NOMEM;
	catalog_lock(catalog);
	size_t count = catalog->count;
	struct volume *volumes = calloc(count + 1, sizeof(*volumes));
	if (volumes != NULL) {
		for (size_t i = 0; i < count; i++) {
			volumes[i] = catalog->volumes[i];
			volumes[i].segment = NULL;
		}
		*out_volumes = volumes;
		*out_count = count;
		status = CH_OK;
	}
	catalog_unlock(catalog);
	return status;
}

static enum ch_status catalog_reserve_locked(struct catalog *catalog)
{
	if (catalog->count < catalog->capacity)
		return CH_OK;
	size_t capacity = catalog->capacity * 2 + 16;
	struct volume *volumes = realloc(catalog->volumes, capacity * sizeof(*volumes));
	if (volumes == NULL)
		return CH_NOMEM;
	catalog->volumes = volumes;
	catalog->capacity = capacity;
	return CH_OK;
}

enum ch_status catalog_reserve(struct catalog *catalog)
{
	catalog_lock(catalog);
	enum ch_status status = catalog_reserve_locked(catalog);
	catalog_unlock(catalog);
	return status;
}

void catalog_append(struct catalog *catalog, const struct volume *volume, int64_t arrival_before_us)
{
	catalog_lock(catalog);
	invariant(catalog->count < catalog->capacity);
	if (catalog->count > 0) {
		struct volume *before = &catalog->volumes[catalog->count - 1];
		if (before->last == CATALOG_OPEN) {
			before->last = volume->first - 1;
			before->last_arrival_us = arrival_before_us;
		}
		invariant(before->last < volume->first);
	}
	catalog->volumes[catalog->count++] = *volume;
	catalog_unlock(catalog);
}

struct segment *catalog_archive(struct catalog *catalog, const struct volume *archive)
{
	catalog_lock(catalog);
	struct volume *volume = &catalog->volumes[catalog_search(catalog, archive->first)];
	invariant(volume->first == archive->first && volume->last == archive->last &&
		  volume->segment != NULL);
	struct segment *segment = volume->segment;
	*volume = *archive;
	catalog_unlock(catalog);
	return segment;
}

void catalog_remove_first(struct catalog *catalog, struct volume *out_volume)
{
	catalog_lock(catalog);
	invariant(catalog->count > 1); /* the open segment stays */
	*out_volume = catalog->volumes[0];
	catalog->count--;
	memmove(catalog->volumes, catalog->volumes + 1, catalog->count * sizeof(*catalog->volumes));
	catalog_unlock(catalog);
}

enum ch_status catalog_insert(struct catalog *catalog, const struct volume *volume)
{
	catalog_lock(catalog);
	enum ch_status status = catalog_reserve_locked(catalog);
	size_t i = catalog_search(catalog, volume->first);
	if (status == CH_OK && i < catalog->count && catalog->volumes[i].first <= volume->last)
		status = CH_EXISTS;
	if (status == CH_OK) {
		memmove(catalog->volumes + i + 1, catalog->volumes + i,
			(catalog->count - i) * sizeof(*catalog->volumes));
		catalog->volumes[i] = *volume;
		catalog->count++;
	}
	catalog_unlock(catalog);
	return status;
}

/* ---- Spares ---- */

uint64_t catalog_draw_epoch(struct catalog *catalog)
{
	catalog_lock(catalog);
	uint64_t epoch = catalog->next_epoch++;
	catalog_unlock(catalog);
	return epoch;
}

bool catalog_put_spare(struct catalog *catalog, struct segment *spare)
{
	catalog_lock(catalog);
	bool room = catalog->spare_count < CATALOG_SPARES_MAX;
	if (room)
		catalog->spares[catalog->spare_count++] = spare;
	catalog_unlock(catalog);
	return room;
}

struct segment *catalog_take_spare(struct catalog *catalog)
{
	struct segment *spare = NULL;
	catalog_lock(catalog);
	if (catalog->spare_count > 0) {
		/* The one that waits longest: its zeros have had the most time to settle. */
		spare = catalog->spares[0];
		catalog->spare_count--;
		memmove(catalog->spares, catalog->spares + 1,
			catalog->spare_count * sizeof(struct segment *));
	}
	catalog_unlock(catalog);
	return spare;
}

uint32_t catalog_spares(struct catalog *catalog)
{
	catalog_lock(catalog);
	uint32_t count = catalog->spare_count;
	catalog_unlock(catalog);
	return count;
}

uint64_t catalog_bytes(struct catalog *catalog)
{
	uint64_t bytes = 0;
	catalog_lock(catalog);
	for (size_t i = 0; i < catalog->count; i++)
		bytes += catalog->volumes[i].bytes;
	catalog_unlock(catalog);
	return bytes;
}

void catalog_stats(struct catalog *catalog, struct journal_stats *out_stats)
{
	catalog_lock(catalog);
	for (size_t i = 0; i < catalog->count; i++) {
		const struct volume *volume = &catalog->volumes[i];
		if (volume->segment == NULL) {
			out_stats->archived_segments++;
			out_stats->archive_bytes += volume->bytes;
		} else {
			out_stats->segments++;
			out_stats->segment_bytes_on_disk += volume->bytes;
		}
	}
	out_stats->spare_segments = catalog->spare_count;
	for (uint32_t i = 0; i < catalog->spare_count; i++)
		out_stats->segment_bytes_on_disk += catalog->spares[i]->label.file_bytes;
	catalog_unlock(catalog);
}

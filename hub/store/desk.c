#include "store/desk.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/invariant.h"
#include "base/limits.h"
#include "store/order.h"
#include "store/scan.h"

#define MAP_BYTES  (UINT64_C(4) << 30)
#define BATCH_KEYS 256u

static const struct table_row desk_tables[DESK_COUNT] = {
	[DESK_SUBSCRIPTION] = {"subscription", 0},
	[DESK_CURSOR] = {"cursor", 0},
	[DESK_PENDING] = {"pending", 0},
	[DESK_DEAD] = {"dead", 0},
	[DESK_JOB] = {"job", 0},
	[DESK_AUDIT] = {"audit", 0},
	[DESK_INTENT] = {"intent", 0},
};

/* The batch is kept in memory until the commit: when LMDB's map turns out to be too small, it is
 * written again into a bigger one. */
struct desk {
	struct env *env;
	struct env_read *read; /* as of the last commit; NULL: unusable */
	struct overlay *batch;
	enum ch_status status; /* of the batch */
	bool open;
	int lock_fd;
};

enum ch_status desk_open(const char *dir, struct desk **out_desk)
{
	char lock_path[PATH_MAX];
	const char *names[DESK_COUNT];
	enum ch_status status = CH_TOO_LARGE;
	struct desk *desk = calloc(1, sizeof(*desk));
	if (desk == NULL)
		return CH_NOMEM;
	desk->lock_fd = -1;
	for (size_t i = 0; i < DESK_COUNT; i++)
		names[i] = desk_tables[i].name;
	if ((size_t)snprintf(lock_path, sizeof(lock_path), "%s/LOCK", dir) >= sizeof(lock_path))
		goto out;
	status = file_make_dirs(dir, 0700);
	if (status == CH_OK)
		status = file_lock(lock_path, &desk->lock_fd);
	if (status != CH_OK)
		goto out;
	const struct env_options options = {
		.dir = dir,
		.tables = names,
		.table_count = DESK_COUNT,
		.map_bytes = MAP_BYTES,
	};
	status = env_open(&options, &desk->env);
	if (status == CH_OK)
		status = env_read_begin(desk->env, &desk->read);
	if (status == CH_OK)
		status = overlay_create(desk_tables, BATCH_KEYS, &desk->batch);
	if (status != CH_OK)
		goto out;
	*out_desk = desk;
	desk = NULL; /* the caller's now */
out:
	desk_close(desk);
	return status;
}

void desk_close(struct desk *desk)
{
	if (desk == NULL)
		return;
	overlay_free(desk->batch);
	env_read_end(desk->read);
	env_close(desk->env);
	if (desk->lock_fd >= 0)
		(void)close(desk->lock_fd); /* unlocks */
	free(desk);
}

void desk_begin(struct desk *desk)
{
	invariant(!desk->open);
	desk->open = true;
	desk->status = CH_OK;
}

static bool desk_takes(struct desk *desk, enum desk_table table, struct slice key)
{
	invariant(desk->open && table < DESK_COUNT);
	if (desk->status == CH_OK && key.len > LIMIT_KEY_BYTES)
		desk->status = CH_TOO_LARGE;
	if (desk->status == CH_OK && key.len == 0)
		desk->status = CH_INVALID;
	return desk->status == CH_OK;
}

void desk_put(struct desk *desk, enum desk_table table, struct slice key, struct slice value)
{
	if (!desk_takes(desk, table, key))
		return;
	const struct overlay_key where = overlay_key(table, key);
	desk->status = value.len > LIMIT_VALUE_BYTES ? CH_TOO_LARGE
						     : overlay_put(desk->batch, &where, value);
}

void desk_delete(struct desk *desk, enum desk_table table, struct slice key)
{
	if (!desk_takes(desk, table, key))
		return;
	const struct overlay_key where = overlay_key(table, key);
	desk->status = overlay_delete(desk->batch, &where);
}

static enum ch_status desk_write(struct desk *desk, const struct order_item *order, size_t count)
{
	struct env_write *write;
	enum ch_status status = env_write_begin(desk->env, &write);
	if (status != CH_OK)
		return status;
	for (size_t i = 0; i < count; i++) {
		struct overlay_item item = overlay_item(desk->batch, order[i].reference);
		if (item.deleted)
			env_delete(write, item.table, item.key);
		else
			env_put(write, item.table, item.key, item.value);
	}
	return env_commit(write);
}

static enum ch_status desk_write_growing(
	struct desk *desk, const struct order_item *order, size_t count)
{
	enum ch_status status = desk_write(desk, order, count);
	while (status == CH_RETRY) {
		status = env_grow(desk->env, env_map_bytes(desk->env) * 2);
		if (status == CH_OK)
			status = desk_write(desk, order, count);
	}
	return status;
}

enum ch_status desk_commit(struct desk *desk)
{
	struct order_item *order = NULL;
	size_t count = 0;
	enum ch_status status = desk->status;
	invariant(desk->open);
	if (desk->read == NULL)
		status = CH_IO;
	if (status == CH_OK && overlay_keys(desk->batch) > 0) {
		status = order_create(desk->batch, &order, &count);
		if (status == CH_OK) {
			env_read_rest(desk->read); /* nothing is read while the map grows */
			status = desk_write_growing(desk, order, count);
			if (env_read_renew(desk->read) != CH_OK) {
				env_read_end(desk->read);
				desk->read = NULL;
				status = CH_IO;
			}
		}
	}
	free(order);
	desk_abort(desk);
	return status;
}

void desk_abort(struct desk *desk)
{
	invariant(desk->open);
	overlay_reset(desk->batch);
	desk->open = false;
	desk->status = CH_OK;
}

enum ch_status desk_get(
	struct desk *desk, enum desk_table table, struct slice key, struct slice *out_value)
{
	invariant(table < DESK_COUNT);
	if (key.len == 0 || key.len > LIMIT_KEY_BYTES)
		return CH_NOT_FOUND;
	const struct overlay_key wanted = overlay_key(table, key);
	switch (overlay_get(desk->batch, &wanted, OVERLAY_NEWEST, out_value)) {
	case OVERLAY_VALUE:
		return CH_OK;
	case OVERLAY_DELETED:
		return CH_NOT_FOUND;
	case OVERLAY_ABSENT:
		break;
	}
	return desk->read != NULL ? env_get(desk->read, table, key, out_value) : CH_IO;
}

enum ch_status desk_scan(struct desk *desk, enum desk_table table, struct slice prefix,
	bool (*visit)(void *context, struct slice key, struct slice value), void *context)
{
	struct scan scan;
	size_t at = 0;
	invariant(table < DESK_COUNT);
	if (desk->read == NULL)
		return CH_IO;
	scan_init(&scan);
	(void)overlay_walk(
		desk->batch, table, prefix, OVERLAY_NEWEST, &at, SIZE_MAX, scan_collect, &scan);
	enum ch_status status = scan_run(&scan, desk->read, table, prefix, visit, context);
	scan_fini(&scan);
	return status;
}

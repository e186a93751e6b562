#include "fanout/clerk.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/invariant.h"

/* One order in a folio: table(1) verb(1) key length(2) value length(4) key value. */
#define ORDER_BYTES 8u

enum verb { VERB_PUT, VERB_DELETE, VERB_DELETE_ALL };

struct folio {
	struct task task; /* first */
	struct clerk *clerk;
	uint64_t number;
	struct buffer orders;
	enum ch_status status;
};

struct clerk {
	struct clerk_options options;
	pthread_t thread;
	struct mailbox inbox;
	struct folio folios[2];
	struct folio *filling;
	bool busy; /* the other one is with the clerk, or waits to be tried again */
};

/* ---- The clerk's thread ---- */

/* Keys behind each other: length(2) key. */
static bool clerk_collect(void *context, struct slice key, struct slice value)
{
	struct buffer *keys = context;
	uint8_t len[2];
	(void)value;
	store_le16(len, (uint16_t)key.len);
	buffer_append(keys, len, sizeof(len));
	buffer_append_slice(keys, key);
	return keys->status == CH_OK;
}

static enum ch_status clerk_write_all(struct desk *desk, enum desk_table table, struct slice prefix)
{
	struct buffer keys = {0};
	enum ch_status status = desk_scan(desk, table, prefix, clerk_collect, &keys);
	struct slice rest = buffer_slice(&keys);
	while (rest.len > 0) {
		size_t len = load_le16(rest.data);
		desk_delete(desk, table, slice_sub(rest, 2, len));
		rest = slice_sub(rest, 2 + len, SIZE_MAX);
	}
	if (status == CH_OK)
		status = keys.status;
	buffer_fini(&keys);
	return status;
}

static enum ch_status clerk_write(struct desk *desk, struct slice orders)
{
	enum ch_status status = CH_OK;
	desk_begin(desk);
	while (orders.len > 0 && status == CH_OK) {
		const uint8_t *head = orders.data;
		size_t key_len = load_le16(head + 2);
		size_t value_len = load_le32(head + 4);
		struct slice key = slice_sub(orders, ORDER_BYTES, key_len);
		struct slice value = slice_sub(orders, ORDER_BYTES + key_len, value_len);
		enum desk_table table = (enum desk_table)head[0];
		if (head[1] == VERB_DELETE_ALL)
			status = clerk_write_all(desk, table, key);
		else if (head[1] == VERB_DELETE)
			desk_delete(desk, table, key);
		else
			desk_put(desk, table, key, value);
		orders = slice_sub(orders, ORDER_BYTES + key_len + value_len, SIZE_MAX);
	}
	if (status == CH_OK)
		return desk_commit(desk);
	desk_abort(desk);
	return status;
}

static void clerk_settle(struct task *task)
{
	struct folio *folio = (struct folio *)(void *)task;
	struct clerk *clerk = folio->clerk;
	if (folio->status == CH_OK) {
		buffer_clear(&folio->orders);
		clerk->busy = false;
	}
	clerk->options.settled(clerk->options.context, folio->number, folio->status);
}

static void clerk_commit(struct task *task)
{
	struct folio *folio = (struct folio *)(void *)task;
	struct clerk *clerk = folio->clerk;
	folio->status = folio->orders.status;
	if (folio->status == CH_OK)
		folio->status = clerk_write(clerk->options.desk, buffer_slice(&folio->orders));
	folio->task.run = clerk_settle;
	(void)mailbox_post(clerk->options.replies, &folio->task.node); /* open while it matters */
}

static void *clerk_main(void *context)
{
	struct clerk *clerk = context;
	struct mailbox_node *node;
	(void)pthread_setname_np(pthread_self(), "clerk"); /* for whoever looks at the threads */
	while ((node = mailbox_wait(&clerk->inbox, -1)) != NULL) {
		while (node != NULL) {
			struct task *task = task_of(node);
			node = node->next;
			task->run(task);
		}
	}
	return NULL;
}

/* ---- Life ---- */

static void clerk_free(struct clerk *clerk)
{
	mailbox_fini(&clerk->inbox);
	buffer_fini(&clerk->folios[0].orders);
	buffer_fini(&clerk->folios[1].orders);
	free(clerk);
}

enum ch_status clerk_start(const struct clerk_options *options, struct clerk **out_clerk)
{
	struct clerk *clerk = calloc(1, sizeof(*clerk));
	if (clerk == NULL)
		return CH_NOMEM;
	clerk->options = *options;
	mailbox_init(&clerk->inbox, NULL, NULL);
	for (size_t i = 0; i < 2; i++) {
		clerk->folios[i].clerk = clerk;
		clerk->folios[i].number = i + 1;
	}
	clerk->filling = &clerk->folios[0];
	if (pthread_create(&clerk->thread, NULL, clerk_main, clerk) != 0) {
		clerk_free(clerk);
		return CH_NOMEM;
	}
	*out_clerk = clerk;
	return CH_OK;
}

void clerk_stop(struct clerk *clerk)
{
	if (clerk == NULL)
		return;
	mailbox_close(&clerk->inbox);
	(void)pthread_join(clerk->thread, NULL);
	clerk_free(clerk);
}

/* ---- Folios ---- */

static void clerk_order(struct clerk *clerk, enum desk_table table, enum verb verb,
	struct slice key, struct slice value)
{
	uint8_t head[ORDER_BYTES];
	struct buffer *orders = &clerk->filling->orders;
	invariant(key.len <= UINT16_MAX && value.len <= UINT32_MAX);
	head[0] = (uint8_t)table;
	head[1] = (uint8_t)verb;
	store_le16(head + 2, (uint16_t)key.len);
	store_le32(head + 4, (uint32_t)value.len);
	size_t before = orders->len;
	buffer_append(orders, head, sizeof(head));
	buffer_append_slice(orders, key);
	buffer_append_slice(orders, value);
	if (orders->status != CH_OK)
		orders->len = before; /* whole orders only */
}

void clerk_put(struct clerk *clerk, enum desk_table table, struct slice key, struct slice value)
{
	clerk_order(clerk, table, VERB_PUT, key, value);
}

void clerk_delete(struct clerk *clerk, enum desk_table table, struct slice key)
{
	clerk_order(clerk, table, VERB_DELETE, key, (struct slice){NULL, 0});
}

void clerk_delete_all(struct clerk *clerk, enum desk_table table, struct slice prefix)
{
	clerk_order(clerk, table, VERB_DELETE_ALL, prefix, (struct slice){NULL, 0});
}

uint64_t clerk_folio(const struct clerk *clerk)
{
	return clerk->filling->number;
}

bool clerk_has_work(const struct clerk *clerk)
{
	return clerk->filling->orders.len > 0 || clerk->filling->orders.status != CH_OK;
}

bool clerk_is_free(const struct clerk *clerk)
{
	return !clerk->busy;
}

static void clerk_hand_over(struct clerk *clerk, struct folio *folio)
{
	folio->task.run = clerk_commit;
	(void)mailbox_post(&clerk->inbox, &folio->task.node); /* closed only by clerk_stop */
}

void clerk_submit(struct clerk *clerk)
{
	struct folio *folio = clerk->filling;
	struct folio *next = folio == &clerk->folios[0] ? &clerk->folios[1] : &clerk->folios[0];
	invariant(!clerk->busy);
	next->number = folio->number + 1;
	clerk->filling = next;
	clerk->busy = true;
	clerk_hand_over(clerk, folio);
}

void clerk_again(struct clerk *clerk)
{
	invariant(clerk->busy);
	clerk_hand_over(
		clerk, clerk->filling == &clerk->folios[0] ? &clerk->folios[1] : &clerk->folios[0]);
}

bool clerk_post(struct clerk *clerk, struct task *task)
{
	return mailbox_post(&clerk->inbox, &task->node);
}

struct desk *clerk_desk(struct clerk *clerk)
{
	return clerk->options.desk;
}

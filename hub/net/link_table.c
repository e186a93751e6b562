#include "net/link_table.h"

#include <stdlib.h>

void link_table_fini(struct link_table *table)
{
	for (size_t i = 0; i < table->capacity; i++)
		free(table->by_fd[i]);
	free(table->by_fd);
	*table = (struct link_table){0};
}

struct link *link_table_get(const struct link_table *table, int fd)
{
	return fd >= 0 && (size_t)fd < table->capacity ? table->by_fd[fd] : NULL;
}

static bool link_table_reach(struct link_table *table, size_t fd)
{
	size_t capacity = fd + 64;
	if (fd < table->capacity)
		return true;
	struct link **by_fd = realloc(table->by_fd, capacity * sizeof(struct link *));
	if (by_fd == NULL)
		return false;
	for (size_t i = table->capacity; i < capacity; i++)
		by_fd[i] = NULL;
	table->by_fd = by_fd;
	table->capacity = capacity;
	return true;
}

static struct link *link_table_make(struct link_table *table, int fd)
{
	struct link *link = link_table_get(table, fd);
	if (link != NULL || fd < 0 || !link_table_reach(table, (size_t)fd))
		return link;
	link = calloc(1, sizeof(*link));
	if (link == NULL)
		return NULL;
	link->fd = fd;
	table->by_fd[fd] = link;
	return link;
}

/* The callback may come back here. */
static void link_table_finish(struct link_table *table, struct link *link, uint64_t handshake)
{
	void *owner = link->owner;
	if (link->state == LINK_OPEN)
		table->open--;
	link->state = LINK_CLOSED;
	link->ended = handshake;
	link->owner = NULL;
	if (owner != NULL)
		table->closed(table->context, owner);
}

enum ch_status link_table_begin(
	struct link_table *table, int fd, uint64_t handshake, struct link **out_link)
{
	struct link *link = link_table_make(table, fd);
	if (link == NULL)
		return CH_NOMEM;
	bool ended = link->state == LINK_ENDED;
	if (link->state == LINK_OPEN)
		link_table_finish(table, link, handshake); /* an end that nobody told of */
	*link = (struct link){.fd = fd,
		.state = ended ? LINK_CLOSED : LINK_OPEN,
		.tenancy = link->tenancy + 1,
		.ended = link->ended};
	if (!ended)
		table->open++;
	*out_link = link;
	return CH_OK;
}

enum ch_status link_table_end(struct link_table *table, int fd, uint64_t handshake)
{
	struct link *link = link_table_make(table, fd);
	if (link == NULL)
		return CH_NOMEM;
	bool early = link->state != LINK_OPEN;
	link_table_finish(table, link, handshake);
	if (early)
		link->state = LINK_ENDED;
	return CH_OK;
}

enum ch_status link_table_claim(
	struct link_table *table, int fd, uint64_t handshake, void *owner, struct link **out_link)
{
	struct link *link = link_table_get(table, fd);
	if (link != NULL && link->ended >= handshake)
		return CH_CLOSED;
	if (link == NULL || link->state != LINK_OPEN)
		return CH_RETRY;
	link->owner = owner;
	*out_link = link;
	return CH_OK;
}

#include "net/connection.h"

#include <stdlib.h>

#include "base/invariant.h"
#include "net/endpoint.h"

static struct slice connection_id(const struct connection *connection)
{
	return slice_of(connection->id, CONNECTION_ID_BYTES);
}

static struct slice connection_number_key(const uint64_t *number)
{
	return slice_of(number, sizeof(*number));
}

void connections_fini(struct connections *connections)
{
	invariant(connections->by_id.count == 0);
	table_fini(&connections->by_id);
	table_fini(&connections->by_number);
}

struct connection *connections_add(
	struct connections *connections, struct slice id, struct peer *peer)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	if (connection == NULL)
		return NULL;
	memcpy(connection->id, id.data, CONNECTION_ID_BYTES);
	connection->number = ++connections->last_number;
	connection->backlog = backlog_create();
	if (connection->backlog == NULL)
		goto fail;
	if (table_put(&connections->by_id, connection_id(connection), connection) != CH_OK)
		goto fail;
	if (table_put(&connections->by_number, connection_number_key(&connection->number),
		    connection) != CH_OK) {
		(void)table_remove(
			&connections->by_id, connection_id(connection)); /* it is there */
		goto fail;
	}
	connection->peer = peer_ref(peer);
	return connection;
fail:
	backlog_release(connection->backlog);
	free(connection);
	return NULL;
}

void connections_remove(struct connections *connections, struct connection *connection)
{
	(void)table_remove(&connections->by_id, connection_id(connection)); /* it is there */
	(void)table_remove(&connections->by_number, connection_number_key(&connection->number));
	peer_unref(connection->peer);
	backlog_release(connection->backlog);
	free(connection);
}

struct connection *connections_by_id(const struct connections *connections, struct slice id)
{
	return table_get(&connections->by_id, id);
}

struct connection *connections_by_number(const struct connections *connections, uint64_t number)
{
	return table_get(&connections->by_number, connection_number_key(&number));
}

uint64_t connection_number(const struct connection *connection)
{
	return connection->number;
}

struct peer *connection_peer(const struct connection *connection)
{
	return connection->peer;
}

void *connection_user(const struct connection *connection)
{
	return connection->user;
}

void connection_set_user(struct connection *connection, void *user)
{
	connection->user = user;
}

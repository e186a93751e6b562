/* PostgreSQL as an outbox: a request is one prepared statement that inserts a whole batch from arrays,
 * and is a transaction of its own, so that its acknowledgement is a commit that was synced.  With
 * customers, the same statement also counts the events into one row per customer.
 *
 * Chosen in the peer's favour: ids are native uuids without a unique index (nothing looks for
 * duplicates), values travel binary, the customers' rows leave room for updates in place, and the
 * write-ahead log has segments to recycle from the start, as on a server that has run for a day.
 * Inserting from arrays was faster than COPY. */
#include <endian.h>
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/load/complaint.h"
#include "bench/load/driver.h"

/* Object ids of built-in types never change. */
#define OID_BYTEA 17u
#define OID_INT8  20u
#define OID_UUID  2950u

#define STATEMENT  "append"
#define PARAMETERS 3
#define NO_SLOT    UINT32_MAX

static const char schema[] = "CREATE TABLE IF NOT EXISTS outbox ("
			     " sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
			     " id uuid NOT NULL, customer bigint NOT NULL, body bytea NOT NULL);"
			     "CREATE TABLE IF NOT EXISTS customer ("
			     " number bigint PRIMARY KEY, name text NOT NULL, phone text NOT NULL,"
			     " events bigint NOT NULL, last_event uuid, last_at timestamptz)"
			     " WITH (fillfactor = 70)";

/* 2 GiB of segments, filled by switching: the checkpoint at the end makes them ready for use. */
static const char segments_form[] =
	"DO $$BEGIN FOR i IN 1..128 LOOP"
	" PERFORM pg_logical_emit_message(false, 'bench', ''); PERFORM pg_switch_wal();"
	" END LOOP; END$$";

/* New rows only: the customers of an earlier run stay. */
static const char customers_form[] =
	"INSERT INTO customer (number, name, phone, events)"
	" SELECT n, 'Customer number ' || n, '+86' || 13000000000 + n, 0"
	" FROM generate_series((SELECT coalesce(max(number), 0) + 1 FROM customer), %u) AS n";

static const char insert_only[] = "INSERT INTO outbox (id, customer, body)"
				  " SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bytea[])";

/* Rows are locked in the order of their numbers, or two connections would deadlock. */
static const char insert_and_upsert[] =
	"WITH incoming AS MATERIALIZED ("
	" SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bytea[]) AS t (id, customer, body)),"
	" appended AS (INSERT INTO outbox (id, customer, body) SELECT * FROM incoming)"
	" INSERT INTO customer AS c (number, name, phone, events, last_event, last_at)"
	" SELECT customer, '', '', count(*), (array_agg(id))[1], now() FROM incoming"
	" GROUP BY customer ORDER BY customer"
	" ON CONFLICT (number) DO UPDATE SET events = c.events + excluded.events,"
	" last_event = excluded.last_event, last_at = excluded.last_at";

struct connection {
	PGconn *conn;
	uint32_t slot; /* of the statement in flight; NO_SLOT for none */
};

struct postgres {
	struct driver *driver;
	uint32_t count;
	struct connection *connections;
	struct pollfd *polled;
	struct buffer arrays[PARAMETERS]; /* ids, customers, bodies of the request being made */
};

static enum ch_status fail(const PGconn *conn, const char *what)
{
	complaint("postgres", "%s: %s", what, PQerrorMessage(conn));
	return CH_IO;
}

static void postgres_close(void *peer)
{
	struct postgres *postgres = peer;
	for (uint32_t i = 0; postgres->connections != NULL && i < postgres->count; i++)
		PQfinish(postgres->connections[i].conn);
	for (int i = 0; i < PARAMETERS; i++)
		buffer_fini(&postgres->arrays[i]);
	free(postgres->connections);
	free(postgres->polled);
	free(postgres);
}

static enum ch_status execute(PGconn *conn, const char *sql)
{
	PGresult *result = PQexec(conn, sql);
	ExecStatusType got = PQresultStatus(result);
	PQclear(result);
	return got == PGRES_COMMAND_OK || got == PGRES_TUPLES_OK ? CH_OK : fail(conn, "prepare");
}

static bool tables_exist(PGconn *conn)
{
	PGresult *result = PQexec(conn, "SELECT to_regclass('customer')");
	bool exist = PQntuples(result) == 1 && !PQgetisnull(result, 0, 0);
	PQclear(result);
	return exist;
}

static enum ch_status prepare_tables(PGconn *conn, const struct options *options)
{
	char customers[sizeof(customers_form) + 16];
	enum ch_status status = CH_OK;
	(void)snprintf(customers, sizeof(customers), customers_form, options->customers);
	if (!tables_exist(conn))
		status = execute(conn, segments_form);
	if (status == CH_OK)
		status = execute(conn, schema);
	if (status == CH_OK && options->customers > 0)
		status = execute(conn, customers);
	/* Whatever an earlier run left to do should not be billed to the next one. */
	if (status == CH_OK)
		status = execute(conn, "TRUNCATE outbox");
	if (status == CH_OK)
		status = execute(conn, "VACUUM ANALYZE customer");
	if (status == CH_OK)
		status = execute(conn, "CHECKPOINT");
	return status;
}

static enum ch_status prepare_statement(PGconn *conn, const struct options *options)
{
	PGresult *result = PQprepare(
		conn, STATEMENT, options->customers > 0 ? insert_and_upsert : insert_only, 0, NULL);
	ExecStatusType got = PQresultStatus(result);
	PQclear(result);
	if (got != PGRES_COMMAND_OK)
		return fail(conn, "prepare");
	/* The first plan would be made anew five times before it is kept. */
	return execute(conn, "SET plan_cache_mode = force_generic_plan");
}

static enum ch_status connection_open(struct connection *connection, const struct options *options)
{
	char target[128];
	(void)snprintf(target, sizeof(target),
		"host=%s port=%u user=bench dbname=postgres sslmode=disable connect_timeout=5",
		options->host, options->port);
	connection->slot = NO_SLOT;
	connection->conn = PQconnectdb(target);
	if (PQstatus(connection->conn) != CONNECTION_OK)
		return fail(connection->conn, "connect");
	if (options->mode == MODE_PREPARE)
		return prepare_tables(connection->conn, options);
	enum ch_status status = prepare_statement(connection->conn, options);
	if (status == CH_OK && PQsetnonblocking(connection->conn, 1) != 0)
		status = fail(connection->conn, "nonblocking");
	return status;
}

static enum ch_status postgres_open(
	const struct options *options, struct driver *driver, void **out_peer)
{
	enum ch_status status = CH_NOMEM;
	struct postgres *postgres = calloc(1, sizeof(*postgres));
	if (postgres == NULL)
		goto out;
	postgres->driver = driver;
	postgres->count = options->mode == MODE_PREPARE ? 1 : options->connections;
	postgres->connections = calloc(postgres->count, sizeof(*postgres->connections));
	postgres->polled = calloc(postgres->count, sizeof(*postgres->polled));
	if (postgres->connections == NULL || postgres->polled == NULL)
		goto out;
	for (uint32_t i = 0; i < postgres->count; i++) {
		status = connection_open(&postgres->connections[i], options);
		if (status != CH_OK)
			goto out;
		postgres->polled[i].fd = PQsocket(postgres->connections[i].conn);
	}
	*out_peer = postgres;
	postgres = NULL; /* the driver's now */
out:
	if (postgres != NULL)
		postgres_close(postgres);
	return status;
}

static void append_be32(struct buffer *buffer, uint32_t number)
{
	uint32_t be = htobe32(number);
	buffer_append(buffer, &be, sizeof(be));
}

/* The head of a binary array of one dimension without NULLs, counted from 1. */
static void array_begin(struct buffer *array, uint32_t type, uint32_t count)
{
	buffer_clear(array);
	append_be32(array, 1);
	append_be32(array, 0);
	append_be32(array, type);
	append_be32(array, count);
	append_be32(array, 1);
}

static void array_append(struct buffer *array, const void *data, size_t len)
{
	append_be32(array, (uint32_t)len);
	buffer_append(array, data, len);
}

static void encode(struct postgres *postgres, const struct event *events, uint32_t count)
{
	array_begin(&postgres->arrays[0], OID_UUID, count);
	array_begin(&postgres->arrays[1], OID_INT8, count);
	array_begin(&postgres->arrays[2], OID_BYTEA, count);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t customer = htobe64(events[i].customer);
		array_append(&postgres->arrays[0], events[i].id, EVENT_ID_BYTES);
		array_append(&postgres->arrays[1], &customer, sizeof(customer));
		array_append(&postgres->arrays[2], events[i].body.data, events[i].body.len);
	}
}

static enum ch_status postgres_send(
	void *peer, uint32_t at, uint32_t slot, const struct event *events, uint32_t count)
{
	static const int binary[PARAMETERS] = {1, 1, 1};
	struct postgres *postgres = peer;
	struct connection *connection = &postgres->connections[at];
	const char *values[PARAMETERS];
	int lengths[PARAMETERS];
	encode(postgres, events, count);
	for (int i = 0; i < PARAMETERS; i++) {
		if (postgres->arrays[i].status != CH_OK)
			return postgres->arrays[i].status;
		values[i] = (const char *)postgres->arrays[i].data;
		lengths[i] = (int)postgres->arrays[i].len;
	}
	if (PQsendQueryPrepared(
		    connection->conn, STATEMENT, PARAMETERS, values, lengths, binary, 1) != 1)
		return fail(connection->conn, "send");
	connection->slot = slot;
	return CH_OK;
}

static enum ch_status connection_flush(struct connection *connection, short *out_events)
{
	int left = PQflush(connection->conn);
	if (left < 0)
		return fail(connection->conn, "flush");
	*out_events = left == 0 ? POLLIN : POLLIN | POLLOUT;
	return CH_OK;
}

/* A statement's result comes before its commit; what says that it was committed is that the server is
 * ready for the next one, which libpq tells by the end of the results. */
static enum ch_status connection_read(struct postgres *postgres, struct connection *connection)
{
	if (PQconsumeInput(connection->conn) != 1)
		return fail(connection->conn, "read");
	while (connection->slot != NO_SLOT && !PQisBusy(connection->conn)) {
		PGresult *result = PQgetResult(connection->conn);
		ExecStatusType got = PQresultStatus(result);
		if (result != NULL && got != PGRES_COMMAND_OK) {
			PQclear(result);
			return fail(connection->conn, "insert refused");
		}
		if (result == NULL) {
			uint32_t slot = connection->slot;
			connection->slot = NO_SLOT;
			driver_acked(postgres->driver, slot);
		}
		PQclear(result);
	}
	return CH_OK;
}

static enum ch_status postgres_wait(void *peer, int64_t timeout_ns)
{
	struct postgres *postgres = peer;
	enum ch_status status = CH_OK;
	struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
	for (uint32_t i = 0; i < postgres->count && status == CH_OK; i++)
		status = connection_flush(&postgres->connections[i], &postgres->polled[i].events);
	if (status != CH_OK)
		return status;
	int ready = ppoll(postgres->polled, postgres->count, &timeout, NULL);
	for (uint32_t i = 0; i < postgres->count && ready > 0 && status == CH_OK; i++) {
		if (postgres->polled[i].revents & ~POLLOUT)
			status = connection_read(postgres, &postgres->connections[i]);
	}
	return status;
}

static enum ch_status postgres_stored(void *peer, uint64_t *out_events)
{
	struct postgres *postgres = peer;
	PGconn *conn = postgres->connections[0].conn;
	PGresult *result = PQexec(conn, "SELECT count(*) FROM outbox");
	enum ch_status status = CH_OK;
	if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1)
		*out_events = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
	else
		status = fail(conn, "count");
	PQclear(result);
	return status;
}

int main(int argc, char **argv)
{
	static const struct driver_peer peer = {
		.name = "postgres",
		.depth_max = 1,
		.open = postgres_open,
		.send = postgres_send,
		.wait = postgres_wait,
		.stored = postgres_stored,
		.close = postgres_close,
	};
	return driver_main(argc, argv, &peer);
}

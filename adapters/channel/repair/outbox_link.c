#include "channel/repair/outbox_link.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "channel/repair/dial.h"
#include "channel/repair/retry.h"
#include "kit/secret.h"

enum link_state {
	LINK_DOWN, /* until the retry is due */
	LINK_DIALING,
	LINK_LISTENING, /* LISTEN is under way; with release = keep, the position too */
	LINK_ASKING,
	LINK_HOLDING,
	LINK_RELEASING,
	LINK_RESTING, /* until it is woken or `rest_us` is over */
};

/* Behind the columns of the row itself. */
enum { COLUMN_SEQUENCE = OUTBOX_COLUMNS, COLUMN_TXID, COLUMNS };

struct outbox_link {
	const struct outbox_settings *settings;
	enum link_state state;
	struct retry retry;
	struct dial *dial;
	struct call *call;
	PGconn *conn;
	int64_t rest_us;
	bool notified; /* since the last question */
	bool told_away;

	PGresult *batch;
	struct buffer done;    /* an array of the ids that go, in PostgreSQL's text */
	struct buffer refused; /* of those that were rejected */
	struct buffer reasons;
	bool release; /* the three hold what is to be said of the batch */

	/* release = keep: behind the last row of which all before it are done. */
	char txid[24];
	char sequence[24];

	/* Made of the table's name once. */
	struct buffer listen;
	struct buffer ask;
	struct buffer let_go;
};

/* ---- Settings ---- */

enum ch_status outbox_link_check(const struct outbox_settings *settings, struct problems *problems)
{
	char *error = NULL;
	enum ch_status status = CH_OK;
	if (settings->connection == NULL && !problems_about(problems, "outbox.connection")) {
		problems_add(problems, NULL, 0, "outbox.connection",
			"is missing: which database is it?");
		status = CH_INVALID;
	}
	PQconninfoOption *options =
		settings->connection != NULL ? PQconninfoParse(settings->connection, &error) : NULL;
	if (options == NULL && settings->connection != NULL) {
		/* libpq's word may quote what stands there, and a password might. */
		problems_add(problems, NULL, 0, "outbox.connection",
			"is no connection string of PostgreSQL's");
		status = CH_INVALID;
	}
	for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
		if (strcmp(o->keyword, "password") != 0 || o->val == NULL)
			continue;
		problems_add(problems, NULL, 0, "outbox.connection",
			"holds a password: it belongs into a file, outbox.password_file or "
			"passfile=");
		status = CH_INVALID;
	}
	PQconninfoFree(options);
	PQfreemem(error);
	if (settings->password_file != NULL &&
		secret_read(settings->password_file, "outbox.password_file", problems, NULL) !=
			CH_OK)
		status = CH_INVALID;
	return status;
}

/* A column as text, NULL when it is over its bound: rows that are to be rejected would fill the memory, as it
 * holds a whole batch. */
static void link_add_column(struct buffer *statement, enum outbox_column column)
{
	const char *name = outbox_column_name(column);
	buffer_printf(statement,
		"CASE WHEN octet_length(%s::text) > %u THEN NULL ELSE coalesce(%s::text, '') END, ",
		name, outbox_column_bound(column), name);
}

/* "schema"."table", as PostgreSQL wants it, and the channel's name; only small letters, digits, '_' and '.'
 * stand in it. */
static void link_name_table(const char *table, struct buffer *quoted, struct buffer *channel)
{
	buffer_append_byte(quoted, '"');
	for (const char *p = table; *p != 0; p++) {
		if (*p == '.') {
			buffer_append_text(quoted, "\".\"");
			buffer_clear(channel);
			continue;
		}
		buffer_append_byte(quoted, (uint8_t)*p);
		buffer_append_byte(channel, (uint8_t)*p);
	}
	buffer_append_byte(quoted, '"');
}

static enum ch_status link_write_statements(struct outbox_link *link)
{
	struct buffer table = {0};
	struct buffer channel = {0};
	struct buffer position = {0};
	bool keep = link->settings->release == OUTBOX_KEEP;
	link_name_table(link->settings->table, &table, &channel);
	buffer_append_slice(&position, buffer_slice(&table));
	if (position.len > 0)
		position.len--; /* the last quote */
	buffer_append_text(&position, "_position\"");
	const char *name = buffer_text(&table);
	buffer_printf(&link->listen, "LISTEN \"%s\"", buffer_text(&channel));
	/* Ordered by the columns, not by the texts made of them: hence the o. */
	buffer_append_text(&link->ask, "SELECT id::text, ");
	link_add_column(&link->ask, OUTBOX_AGGREGATETYPE);
	link_add_column(&link->ask, OUTBOX_AGGREGATEID);
	link_add_column(&link->ask, OUTBOX_TYPE);
	buffer_append_text(&link->ask,
		"to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), ");
	link_add_column(&link->ask, OUTBOX_PAYLOAD);
	buffer_printf(&link->ask,
		"sequence::text, %s FROM %s o WHERE rejected IS NULL %s LIMIT %lld",
		keep ? "txid::text" : "NULL", name,
		keep ? "AND (txid, sequence) > ($1::xid8, $2::bigint) AND "
		       "txid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY o.txid, o.sequence"
		     : "ORDER BY o.sequence",
		(long long)link->settings->batch);
	buffer_printf(&link->let_go,
		"WITH told AS (UPDATE %s o SET rejected = r.reason FROM unnest($2::uuid[], "
		"$3::text[]) AS r(id, reason) WHERE o.id = r.id) ",
		name);
	if (keep)
		buffer_printf(&link->let_go,
			"INSERT INTO %s (reader, txid, sequence) SELECT $4::text, $5::xid8, "
			"$6::bigint WHERE $1::uuid[] IS NOT NULL ON CONFLICT (reader) DO UPDATE "
			"SET txid = excluded.txid, sequence = excluded.sequence",
			buffer_text(&position));
	else
		buffer_printf(&link->let_go, "DELETE FROM %s WHERE id = ANY($1::uuid[])", name);
	if (keep)
		buffer_printf(&link->listen,
			"; SELECT txid::text, sequence::text, txid > pg_snapshot_xmax("
			"pg_current_snapshot()) FROM %s WHERE reader = ",
			buffer_text(&position));
	enum ch_status status = table.status;
	if (status == CH_OK)
		status = channel.status;
	if (status == CH_OK)
		status = position.status;
	buffer_fini(&table);
	buffer_fini(&channel);
	buffer_fini(&position);
	(void)buffer_text(&link->ask); /* with the NUL behind them from now on */
	(void)buffer_text(&link->let_go);
	(void)buffer_text(&link->listen);
	if (status == CH_OK && (link->ask.status != CH_OK || link->let_go.status != CH_OK))
		status = CH_NOMEM;
	return status == CH_OK ? link->listen.status : status;
}

/* ---- Connecting ---- */

/* A connection being made, on a thread of its own. */
struct call {
	const char *connection;
	const char *password_file;
	char *strings; /* owns the two, as the link may be gone by then */
	PGconn *conn;
};

static void call_drop(void *context)
{
	struct call *call = context;
	if (call == NULL)
		return;
	PQfinish(call->conn);
	free(call->strings);
	free(call);
}

static void call_work(void *context)
{
	struct call *call = context;
	struct secret password = {0};
	/* Read anew each time.  One that cannot be is told by the server's refusal, and by `check`. */
	if (call->password_file != NULL)
		(void)secret_read(call->password_file, "outbox.password_file", NULL, &password);
	/* The connection string is expanded in its place: what comes before it is a default, what comes
	 * behind it holds. */
	const char *const names[] = {"connect_timeout", "keepalives_idle", "keepalives_interval",
		"keepalives_count", "tcp_user_timeout", "dbname", "application_name",
		"client_encoding", password.bytes != NULL ? "password" : NULL, NULL};
	const char *const values[] = {"10", "30", "10", "3", "30000", call->connection,
		"carehub-repair", "UTF8", password.bytes, NULL};
	call->conn = PQconnectdbParams(names, values, 1);
	secret_wipe(&password);
}

static enum ch_status link_dial(struct outbox_link *link)
{
	const struct outbox_settings *settings = link->settings;
	size_t connection_bytes = strlen(settings->connection) + 1;
	size_t file_bytes =
		settings->password_file != NULL ? strlen(settings->password_file) + 1 : 0;
	struct call *call = calloc(1, sizeof(*call));
	enum ch_status status = CH_NOMEM;
	if (call == NULL)
		return status;
	call->strings = malloc(connection_bytes + file_bytes);
	if (call->strings == NULL)
		goto out;
	memcpy(call->strings, settings->connection, connection_bytes);
	call->connection = call->strings;
	if (file_bytes > 0) {
		memcpy(call->strings + connection_bytes, settings->password_file, file_bytes);
		call->password_file = call->strings + connection_bytes;
	}
	status = dial_start(call_work, call, call_drop, &link->dial);
	if (status != CH_OK)
		goto out;
	link->call = call;
	link->state = LINK_DIALING;
	call = NULL;
out:
	call_drop(call);
	return status;
}

/* The first line of what libpq says of itself; of the server's errors only the state is told, as their
 * words may quote a row. */
static void link_say(const char *event, const char *what, const char *words)
{
	size_t len = strcspn(words, "\n");
	log_warning(event, "adapter=carehub-repair step=%s detail=\"%.*s\"", what,
		(int)(len < 200 ? len : 200), words);
}

static void link_lose(struct outbox_link *link, const char *what, const char *words)
{
	if (!link->told_away)
		link_say("outbox.lost", what, words);
	link->told_away = true;
	PQfinish(link->conn);
	link->conn = NULL;
	link->state = LINK_DOWN;
	retry_failed(&link->retry);
}

/* Sends one statement; the answer is looked for from now on. */
static void link_send(struct outbox_link *link, enum link_state state, const char *statement,
	int count, const char *const *values)
{
	int sent = count > 0 ? PQsendQueryParams(
				       link->conn, statement, count, NULL, values, NULL, NULL, 0)
			     : PQsendQuery(link->conn, statement);
	link->state = state;
	if (sent != 1)
		link_lose(link, "send", PQerrorMessage(link->conn));
}

static void link_ask(struct outbox_link *link)
{
	const char *const position[] = {link->txid, link->sequence};
	link->notified = false;
	link_send(link, LINK_ASKING, (const char *)link->ask.data,
		link->settings->release == OUTBOX_KEEP ? 2 : 0, position);
}

static void link_let_go(struct outbox_link *link)
{
	const char *const values[] = {buffer_text(&link->done), buffer_text(&link->refused),
		buffer_text(&link->reasons), link->settings->reader, link->txid, link->sequence};
	link_send(link, LINK_RELEASING, (const char *)link->let_go.data,
		link->settings->release == OUTBOX_KEEP ? 6 : 3, values);
}

static enum ch_status link_listen(struct outbox_link *link)
{
	struct buffer statement = {0};
	buffer_append_slice(&statement, buffer_slice(&link->listen));
	if (link->settings->release == OUTBOX_KEEP) {
		char *reader = PQescapeLiteral(
			link->conn, link->settings->reader, strlen(link->settings->reader));
		buffer_append_text(&statement, reader != NULL ? reader : "NULL");
		PQfreemem(reader);
	}
	enum ch_status status = statement.status;
	if (status == CH_OK)
		link_send(link, LINK_LISTENING, buffer_text(&statement), 0, NULL);
	buffer_fini(&statement);
	return status;
}

/* Notices may quote rows; libpq would print them. */
static void link_pass_over(void *context, const PGresult *notice)
{
	(void)context;
	(void)notice;
}

static enum ch_status link_answered(struct outbox_link *link)
{
	struct call *call = link->call;
	link->call = NULL;
	(void)dial_free(link->dial); /* it is done */
	link->dial = NULL;
	link->conn = call->conn;
	call->conn = NULL;
	call_drop(call);
	if (link->conn == NULL)
		return CH_NOMEM;
	(void)PQsetNoticeReceiver(link->conn, link_pass_over, NULL); /* gives the old one */
	if (PQstatus(link->conn) != CONNECTION_OK || PQsetnonblocking(link->conn, 1) != 0) {
		link_lose(link, "connect", PQerrorMessage(link->conn));
		return CH_OK;
	}
	if (PQserverVersion(link->conn) < 130000) {
		log_error("outbox.version", "adapter=carehub-repair server=%d needed=130000",
			PQserverVersion(link->conn));
		return CH_VERSION;
	}
	return link_listen(link);
}

/* ---- Answers ---- */

/* CH_OK: it may be better another time. */
static enum ch_status link_judge(const PGresult *result)
{
	static const struct {
		const char *state;
		enum ch_status status;
		const char *word;
	} verdicts[] = {
		{"42P01", CH_NOT_FOUND, "there is no such table: carehub-repair outbox"},
		{"42703", CH_INVALID, "a column is missing: carehub-repair outbox"},
		{"42883", CH_INVALID, "a column has another type: carehub-repair outbox"},
		{"42804", CH_INVALID, "a column has another type: carehub-repair outbox"},
		{"42501", CH_DENIED, "the role may not do that: carehub-repair outbox"},
	};
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	for (size_t i = 0; state != NULL && i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		if (strcmp(state, verdicts[i].state) != 0)
			continue;
		log_error("outbox.unusable", "adapter=carehub-repair sqlstate=%s detail=\"%s\"",
			state, verdicts[i].word);
		return verdicts[i].status;
	}
	return CH_OK;
}

static void link_copy(char out[24], const char *text)
{
	size_t len = strnlen(text, 23);
	memcpy(out, text, len);
	out[len] = 0;
}

static void link_take_position(struct outbox_link *link, const PGresult *result)
{
	if (link->release)
		return; /* ours is newer, and is about to be written */
	link_copy(link->txid, "0");
	link_copy(link->sequence, "0");
	if (PQntuples(result) == 0)
		return;
	/* Restored into another cluster: its transactions count from elsewhere. */
	if (strcmp(PQgetvalue(result, 0, 2), "t") == 0) {
		log_error("outbox.reset",
			"adapter=carehub-repair detail=\"the position lies beyond the newest "
			"transaction: all rows are read again\"");
		return;
	}
	link_copy(link->txid, PQgetvalue(result, 0, 0));
	link_copy(link->sequence, PQgetvalue(result, 0, 1));
}

static void link_take_batch(struct outbox_link *link, PGresult *result)
{
	if (link->told_away)
		log_info("outbox.connected", "adapter=carehub-repair");
	link->told_away = false;
	retry_worked(&link->retry);
	if (PQntuples(result) == 0) {
		PQclear(result);
		link->state = LINK_RESTING;
		link->rest_us = clock_steady_us() + link->settings->poll_ms * 1000;
		return;
	}
	link->batch = result;
	link->state = LINK_HOLDING;
}

/* Takes over the result. */
static enum ch_status link_take(struct outbox_link *link, PGresult *result)
{
	ExecStatusType kind = PQresultStatus(result);
	enum ch_status status = CH_OK;
	if (kind == PGRES_COMMAND_OK || kind == PGRES_TUPLES_OK) {
		if (link->state == LINK_ASKING && kind == PGRES_TUPLES_OK &&
			PQnfields(result) == COLUMNS) {
			link_take_batch(link, result);
			return CH_OK;
		}
		if (link->state == LINK_LISTENING && kind == PGRES_TUPLES_OK)
			link_take_position(link, result);
	} else {
		const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
		status = link_judge(result);
		if (status == CH_OK)
			link_lose(
				link, "answer", state != NULL ? state : PQerrorMessage(link->conn));
	}
	PQclear(result);
	return status;
}

/* The last answer to a statement has come. */
static enum ch_status link_step(struct outbox_link *link)
{
	switch (link->state) {
	case LINK_LISTENING:
		/* A batch may have outlived the connection that it came by. */
		if (link->release)
			link_let_go(link);
		else if (link->batch != NULL)
			link->state = LINK_HOLDING;
		else
			link_ask(link);
		return CH_OK;
	case LINK_RELEASING:
		PQclear(link->batch);
		link->batch = NULL;
		link->release = false;
		link_ask(link);
		return CH_OK;
	default:
		return CH_OK;
	}
}

static enum ch_status link_hear(struct outbox_link *link)
{
	PGnotify *note;
	if (PQconsumeInput(link->conn) != 1 || PQflush(link->conn) < 0) {
		link_lose(link, "read", PQerrorMessage(link->conn));
		return CH_OK;
	}
	while (link->conn != NULL && !PQisBusy(link->conn) &&
		(link->state == LINK_LISTENING || link->state == LINK_ASKING ||
			link->state == LINK_RELEASING)) {
		PGresult *result = PQgetResult(link->conn);
		enum ch_status status = result != NULL ? link_take(link, result) : link_step(link);
		if (status != CH_OK)
			return status;
	}
	/* After a batch was taken the statement still has its end. */
	while (link->conn != NULL && (link->state == LINK_HOLDING || link->state == LINK_RESTING) &&
		!PQisBusy(link->conn)) {
		PGresult *rest = PQgetResult(link->conn);
		if (rest == NULL)
			break;
		PQclear(rest);
	}
	if (link->conn != NULL && PQstatus(link->conn) == CONNECTION_BAD)
		link_lose(link, "read", PQerrorMessage(link->conn));
	while (link->conn != NULL && (note = PQnotifies(link->conn)) != NULL) {
		link->notified = true;
		PQfreemem(note);
	}
	return CH_OK;
}

/* ---- From time to time ---- */

static enum ch_status link_advance(struct outbox_link *link)
{
	switch (link->state) {
	case LINK_DOWN:
		return retry_wait_ms(&link->retry) == 0 ? link_dial(link) : CH_OK;
	case LINK_DIALING:
		return dial_is_done(link->dial) ? link_answered(link) : CH_OK;
	case LINK_HOLDING:
		if (link->release && PQtransactionStatus(link->conn) == PQTRANS_IDLE)
			link_let_go(link);
		return CH_OK;
	case LINK_RESTING:
		if (PQtransactionStatus(link->conn) != PQTRANS_IDLE)
			return CH_OK; /* the end of the last answer is still to come */
		if (link->notified || clock_steady_us() >= link->rest_us)
			link_ask(link);
		return CH_OK;
	default:
		return CH_OK;
	}
}

enum ch_status outbox_link_tend(struct outbox_link *link, struct kit_wait *out_wait)
{
	enum ch_status status = CH_OK;
	if (link->conn != NULL)
		status = link_hear(link);
	if (status == CH_OK)
		status = link_advance(link);
	if (status != CH_OK)
		return status;
	if (link->state == LINK_DOWN) {
		out_wait->timeout_ms = retry_wait_ms(&link->retry);
	} else if (link->state == LINK_DIALING) {
		out_wait->fd = dial_fd(link->dial);
		out_wait->events = POLLIN;
	} else {
		out_wait->fd = PQsocket(link->conn);
		out_wait->events = POLLIN;
		if (PQflush(link->conn) == 1)
			out_wait->events |= POLLOUT;
		if (link->state == LINK_RESTING) {
			int64_t left_us = link->rest_us - clock_steady_us();
			out_wait->timeout_ms = left_us > 0 ? left_us / 1000 + 1 : 0;
		}
	}
	return CH_OK;
}

bool outbox_link_is_resting(const struct outbox_link *link)
{
	return link->state == LINK_RESTING && !link->notified;
}

/* ---- The batch ---- */

size_t outbox_link_held(const struct outbox_link *link)
{
	return link->batch != NULL && !link->release ? (size_t)PQntuples(link->batch) : 0;
}

static struct slice link_column(const PGresult *batch, int row, int column)
{
	return slice_of(PQgetvalue(batch, row, column), (size_t)PQgetlength(batch, row, column));
}

void outbox_link_row(const struct outbox_link *link, size_t index, struct outbox_row *out_row)
{
	out_row->is_over = false;
	for (int i = 0; i < OUTBOX_COLUMNS; i++) {
		out_row->columns[i] = link_column(link->batch, (int)index, i);
		if (out_row->is_over || outbox_column_bound((enum outbox_column)i) == 0 ||
			PQgetisnull(link->batch, (int)index, i) == 0)
			continue;
		out_row->is_over = true;
		out_row->over = (enum outbox_column)i;
	}
	outbox_row_message(out_row);
}

/* One more element of an array in PostgreSQL's text, always in quotes. */
static void link_add_element(struct buffer *array, struct slice text)
{
	buffer_append_text(array, array->len > 1 ? ",\"" : "\"");
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '"' || text.data[i] == '\\')
			buffer_append_byte(array, '\\');
		buffer_append_byte(array, text.data[i]);
	}
	buffer_append_byte(array, '"');
}

enum ch_status outbox_link_release(struct outbox_link *link, char *const *reasons)
{
	struct buffer *arrays[] = {&link->done, &link->refused, &link->reasons};
	int count = PQntuples(link->batch);
	for (size_t i = 0; i < 3; i++) {
		buffer_clear(arrays[i]);
		buffer_append_byte(arrays[i], '{');
	}
	for (int i = 0; i < count; i++) {
		struct slice id = link_column(link->batch, i, OUTBOX_ID);
		link_add_element(reasons[i] == NULL ? &link->done : &link->refused, id);
		if (reasons[i] != NULL)
			link_add_element(&link->reasons, slice_text(reasons[i]));
	}
	for (size_t i = 0; i < 3; i++) {
		buffer_append_byte(arrays[i], '}');
		if (arrays[i]->status != CH_OK)
			return CH_NOMEM;
	}
	if (link->settings->release == OUTBOX_KEEP) {
		link_copy(link->txid, PQgetvalue(link->batch, count - 1, COLUMN_TXID));
		link_copy(link->sequence, PQgetvalue(link->batch, count - 1, COLUMN_SEQUENCE));
	}
	link->release = true;
	return CH_OK;
}

/* ---- Opening and closing ---- */

enum ch_status outbox_link_create(
	const struct outbox_settings *settings, struct outbox_link **out_link)
{
	struct outbox_link *link = calloc(1, sizeof(*link));
	if (link == NULL)
		return CH_NOMEM;
	link->settings = settings;
	enum ch_status status = link_write_statements(link);
	if (status == CH_OK) {
		*out_link = link;
		link = NULL; /* the caller's now */
	}
	outbox_link_free(link);
	return status;
}

void outbox_link_free(struct outbox_link *link)
{
	if (link == NULL)
		return;
	if (link->dial != NULL && dial_free(link->dial))
		call_drop(link->call);
	PQclear(link->batch);
	PQfinish(link->conn);
	buffer_fini(&link->done);
	buffer_fini(&link->refused);
	buffer_fini(&link->reasons);
	buffer_fini(&link->listen);
	buffer_fini(&link->ask);
	buffer_fini(&link->let_go);
	free(link);
}

/* The connection to a station's database: batches of outbox rows come, and what became of them goes back,
 * without ever waiting on the caller's thread.
 *
 *     down -> dialing -> listening -> asking -> resting     nothing there: until NOTIFY, or outbox.poll
 *      ^                                 |  ^---------'
 *      |                              holding               a batch is the caller's
 *      |                                 | outbox_link_release
 *      '--- lost, from anywhere ---- releasing -> asking
 *
 * A batch outlives the connection that it came by.  It is let go of by one statement, so all of it or
 * nothing, on whatever connection there is then; said twice it changes nothing.
 *
 * Which rows come, and why none is lost.  A sequence is drawn when a row is inserted, and the row is seen
 * when its transaction ends: the rows 5 and 6 may be seen as 6, then 5.  Whoever remembers "6 was the last"
 * never sees 5.
 *
 *     release = delete   nothing is remembered: every row that is there is still to be read, in the order
 *                        of sequence, and goes when the hub has it.  What an event builds upon was seen
 *                        before it was inserted, so it has a lower sequence and is seen, too: the order
 *                        within an aggregate is kept.
 *     release = keep     rows stay; remembered is a position (txid, sequence), and read are rows beyond
 *                        it of transactions that are older than every one still open
 *                        (pg_snapshot_xmin).  Nothing can appear behind such a position.  The order is that
 *                        of the transactions' beginnings. */
#ifndef REPAIR_OUTBOX_LINK_H
#define REPAIR_OUTBOX_LINK_H

#include "channel/repair/outbox_row.h"
#include "kit/adapter.h"

enum outbox_release { OUTBOX_DELETE, OUTBOX_KEEP };

struct outbox_settings {
	char *connection;
	char *password_file;
	char *table;
	char *reader;
	int release;
	int64_t batch;
	int64_t poll_ms;
};

#define OUTBOX_BATCH_MAX 1000u

struct outbox_link;

/* What is wrong with the settings beyond what their rows can tell.  CH_INVALID when it added. */
enum ch_status outbox_link_check(const struct outbox_settings *settings, struct problems *problems);

/* `settings` must outlive it.  Connects in the background, for ever.  CH_NOMEM. */
enum ch_status outbox_link_create(
	const struct outbox_settings *settings, struct outbox_link **out_link);
void outbox_link_free(struct outbox_link *link);

/* A kit_adapter's tend.  CH_NOT_FOUND, CH_DENIED, CH_INVALID: the database is there, but not such a table,
 * such rights, such columns; it has been logged. */
enum ch_status outbox_link_tend(struct outbox_link *link, struct kit_wait *out_wait);

/* It has looked, and there was nothing. */
bool outbox_link_is_resting(const struct outbox_link *link);

/* How many rows are the caller's; 0: no batch. */
size_t outbox_link_held(const struct outbox_link *link);

/* The columns of one of them; valid until the batch is released. */
void outbox_link_row(const struct outbox_link *link, size_t index, struct outbox_row *out_row);

/* The caller is done with the batch; reasons[i] says why row i was rejected, NULL: it was not.  Copied.
 * CH_NOMEM. */
enum ch_status outbox_link_release(struct outbox_link *link, char *const *reasons);

#endif

/* How to write a module: a subscriber with a book of its own.  The kit does the rest: configuration,
 * connection, what happens at kill -9, at a lost line, at a restore; making the book anew; saying things
 * once; metrics, `check`, `rebuild`, `status`.
 *
 * A module is made of parts, each with its own folds, settings and tasks; parts share the book.
 *
 *     static enum ch_status fold_received(void *self, struct book_txn *txn,
 *             const struct feed_event *event)
 *     {
 *             const Carehub__V1__RepairReceived *received = (const void *)event->message;
 *             ...  the fact goes into the book
 *     }
 *     static const struct module_fold folds[] = {
 *             {"repair.order.received", fold_received},
 *             {"repair.order.returned", fold_returned},
 *     };
 *     const struct module_part repairs_part = {.name = "repairs", .folds = folds, .fold_count = 2};
 *
 * The rules that make it work:
 *
 *  - Fold facts, not counters: any order of arrival, any delay, must give the same book.  Which of two events
 *    about one field is right is decided by their stamps (key.h).  Reports reckon from facts.
 *  - A fold sees the book, the event and constants: no clock, no settings, no randomness, no float.  What
 *    settings and the clock decide is done in tend, or when a report is made.
 *  - What is kept in memory is loaded in begin, from the book, and may be thrown away at any time.
 *  - No personal value in a log line or a metric; in the book only what the duty needs. */
#ifndef MODULE_KIT_MODULE_H
#define MODULE_KIT_MODULE_H

#include <carehub/connection.h>

#include "base/metric.h"
#include "base/option.h"
#include "module/kit/feed.h"
#include "module/kit/people.h"
#include "module/kit/voice.h"

/* One type of event and what becomes of it.  CH_OK: folded, or nothing to do.  CH_NOMEM ends the batch, as does what
 * sticks in the transaction.  Any other status: this event cannot be folded, and nothing was put; it is noted
 * and counted. */
typedef enum ch_status module_fold_function(
	void *self, struct book_txn *txn, const struct feed_event *event);

struct module_fold {
	const char *type; /* exact, or a pattern over types: "pos.sale.*", "customer.>" */
	module_fold_function *fold;
};

/* What a part acts with, in tend. */
struct module_turn {
	struct book *book; /* no transaction is open; who opens one closes it */
	/* For questions (carehub/query.h); NULL while there is none or the line is lost. */
	struct ch_connection *connection;
	int64_t now_us;         /* the hub's time, as well as we know it */
	struct feed_state feed; /* as of the last commit */
	void *const *configs;   /* of all parts, in their order: what another part is told to do */
	/* To be set: when tend is wanted again at the latest, in so many ms; < 0: after the next events.
	 * The least of all parts counts. */
	int64_t again_ms;
};

struct module_part {
	const char *name;
	const struct module_fold *folds; /* asked in order; every one that matches is called */
	size_t fold_count;
	/* May be none.  The first that matches is asked before the folds, with the event as it travelled, where
	 * unpacking it would cost more than most events of the type are worth: it reads head.data and
	 * head.personal by itself (wire/pb.h); there is no message and no stamp.  CH_UNSUPPORTED: nothing was put,
	 * and the folds are asked; any other status is theirs. */
	const struct module_fold *skims;
	size_t skim_count;

	/* Its own settings, read into a struct of `config_bytes`; may be none. */
	const struct option *options;
	size_t option_count;
	size_t config_bytes;
	/* May be NULL.  What the rows cannot tell, and what the settings of others of `configs` (all parts', in their
	 * order) have to do with it; also called when the rows have found something: a text that is required may
	 * be NULL.  CH_INVALID when it added to `problems`; CH_NOMEM. */
	enum ch_status (*check)(
		const void *config, void *const *configs, struct problems *problems);
	/* May be NULL: self is NULL.  `config` lives as long as self.  `metrics` may be NULL, and takes the
	 * part's own series, "carehub_module_...".  CH_INVALID when it added to `problems`. */
	enum ch_status (*open)(const void *config, struct metrics *metrics,
		struct problems *problems, void **out_self);
	/* May be NULL.  Before the first fold, and again whenever what was folded since the last commit, or all
	 * of the book, is void: what is in memory is to be thrown away and loaded anew. */
	enum ch_status (*begin)(void *self, struct book_txn *txn);
	/* May be NULL.  After the last fold of each batch, in its transaction: what is done once for many
	 * events (customers that were touched). */
	enum ch_status (*settle)(void *self, struct book_txn *txn, bool live);
	/* May be NULL.  Called while the feed is live, between batches: the clock's business, what goes out
	 * into the world.  Must come back within a second; what takes longer is done in pieces, or by a
	 * thread of the part's own that is looked at here.  Others than CH_OK are logged, and it is
	 * called again after a second. */
	enum ch_status (*tend)(void *self, struct module_turn *turn);
	void (*close)(void *self); /* may be NULL */
};

struct module {
	const char *program; /* "carehub-quality" */
	/* The CloudEvents source of what it says, for ever the same: by it the module knows its own words
	 * again.  Its peer has the right to it. */
	const char *source;
	const char *subscription; /* its name at the hub, unless the configuration has another */
	const char *book;         /* the folder of its book, unless the configuration has another */
	/* What it listens to: patterns over types.  The kit adds customer.record.* and what it said itself. */
	const char *const *topics;
	size_t topic_count;
	/* The book: see book.h.  Another list of tables, topics or folds needs another version. */
	const char *const *tables;
	uint32_t table_count;
	uint32_t version;
	const struct module_part *const *parts; /* folded and tended in this order */
	size_t part_count;
};

/* `PROGRAM run|check|reload|rebuild|status|config`; other commands are the program's own.  Returns the exit status:
 * 0 fine, 1 something is wrong but it goes on (rejects, refused sayings, gaps), 2 unusable, 3 the book is
 * not there or not caught up (status), or nobody runs (reload), 64 usage. */
int module_main(int argc, char **argv, const struct module *module);

/* Whether module_main knows the command. */
bool module_main_has(const char *command);

/* ---- For reports: the book of a module, whether it runs or not ---- */

struct module_view {
	const struct module *module;
	struct book *book;
	struct book_txn *txn;
	struct feed_state feed;
	void **configs; /* of the parts, in their order */
	void *inside;
};

/* Reads the configuration and opens the book for reading, as of its last commit.  What is wrong with the
 * configuration is in `problems` (CH_INVALID).  CH_NOT_FOUND: there is no book yet; CH_VERSION: it is of another
 * release, and `run` makes it anew; CH_CORRUPT, CH_IO, CH_NOMEM. */
enum ch_status module_view_open(const struct module *module, const char *config_path,
	struct problems *problems, struct module_view *out_view);
/* The same, whatever is wrong with the files that the parts' settings name. */
enum ch_status module_view_glance(const struct module *module, const char *config_path,
	struct problems *problems, struct module_view *out_view);
void module_view_close(struct module_view *view);

/* Tells on standard error why one did not open; `who` is "carehub-quality report".  Returns the exit status: 3 where
 * there is no book that this release can read (yet), 2 for others. */
int module_view_refuse(const struct module *module, const char *who, enum ch_status status,
	const struct problems *problems);

#endif

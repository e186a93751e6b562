/* Where one promise is tried: an empty folder, a fake hub, the source, and the adapter between them.
 *
 * Failure sticks: after the first thing that went wrong the other steps do nothing, so a promise reads as
 * the story it tells:
 *
 *     stage_start(stage);
 *     stage_feed(stage, 60);
 *     stage_await(stage, FAKE_STORED, 20);
 *     stage_kill(stage);
 *     stage_start(stage);
 *     stage_settle(stage, 60);
 *
 * Every wait has a bound, and ends at once when the adapter does. */
#ifndef KIT_CONFORM_STAGE_H
#define KIT_CONFORM_STAGE_H

#include <limits.h>

#include "kit/conform/description.h"
#include "kit/conform/process.h"
#include "kit/fakehub/fake_hub.h"

/* What holds for a whole run of the kit. */
struct conform {
	struct description description;
	char *root;      /* the folder that all stages stand in */
	const char *bin; /* as in struct conform_wishes */
	uint64_t seed;
	uint32_t records; /* that a promise is tried with */
	uint32_t kills;
	int64_t patience_ms;
	struct buffer leaks; /* what was found in logs and may not be there */
};

#define STAGE_FEEDS 64u

struct stage {
	struct conform *conform;
	struct fake_hub *hub;
	char work[PATH_MAX / 2];
	char config[PATH_MAX];
	char log[PATH_MAX];
	struct environment environment;
	struct process adapter;
	struct process server;
	struct process feeds[STAGE_FEEDS];
	uint32_t feed_count;
	uint32_t fed; /* records so far */
	uint32_t names;
	bool lenient; /* feeds may fail: the source is told of refusals */
	uint64_t chance;

	bool broken;
	bool unusable; /* not the adapter's fault, but the description's or the machine's */
	bool not_asked;
	struct buffer detail; /* why, or what was seen */
};

/* Everything but the adapter runs when this returns; what went wrong has stuck. */
void stage_open(struct stage *stage, struct conform *conform, const char *name,
	const struct fake_hub_options *hub);

/* Ends all that runs, and looks through the log for what may not stand there. */
void stage_close(struct stage *stage);

/* ---- What goes wrong ---- */

void stage_fail(struct stage *stage, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The description, or the machine. */
void stage_give_up(struct stage *stage, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The description says `none`. */
void stage_pass_over(struct stage *stage, const char *what);

/* What was seen, for a promise that was kept. */
void stage_note(struct stage *stage, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- The adapter ---- */

void stage_start(struct stage *stage);
void stage_kill(struct stage *stage);      /* -9 */
void stage_terminate(struct stage *stage); /* SIGTERM; must end in time, with status 0 or 1 */

void stage_hang_up(struct stage *stage); /* SIGHUP: it reads $CONFIG anew */

/* It runs. */
void stage_is_alive(struct stage *stage);

/* ---- The source ---- */

void stage_feed(struct stage *stage, uint32_t records); /* the next ones; does not wait */
void stage_feed_again(struct stage *stage, uint32_t first, uint32_t records);
void stage_garbage(struct stage *stage);

/* A command of the description, to its end; its standard output goes to `out`, which may be NULL.  With
 * `out_status`, the exit status is the caller's business; else it must be 0. */
void stage_command(struct stage *stage, const char *what, const char *command, struct buffer *out,
	int *out_status);

/* ---- What must come of it ---- */

void stage_await(struct stage *stage, enum fake_counter counter, uint64_t at_least);

/* All that was fed has been put into the source and `records` of it are at the hub, once each; nothing
 * else comes, and the adapter is still there. */
void stage_settle(struct stage *stage, uint32_t records);

/* The same without the adapter's being there. */
void stage_count(struct stage *stage, uint32_t records);

/* Waits until nothing comes any more. */
void stage_quiet(struct stage *stage);

/* The log or the rejects say this word. */
void stage_told(struct stage *stage, const char *word);

/* A number from `low` to `high`, by the seed. */
uint64_t stage_chance(struct stage *stage, uint64_t low, uint64_t high);

/* Makes $CONFIG of these bytes. */
void stage_configure(struct stage *stage, struct slice text);

/* A file beside the description, with the names in it filled in. */
void stage_template(struct stage *stage, const char *name, struct buffer *out);

#endif

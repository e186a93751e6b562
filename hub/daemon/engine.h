/* The engine: journal, state and rules, opened and brought to the same point.  The running hub and the
 * off-line commands stand on it. */
#ifndef DAEMON_ENGINE_H
#define DAEMON_ENGINE_H

#include <stdbool.h>

#include "core/apply.h"
#include "daemon/settings.h"
#include "journal/journal.h"
#include "store/state.h"

struct engine {
	int lock; /* -1: none */
	struct journal *journal;
	struct state *state;
	struct core *core;
	struct journal_recovery recovery;
	uint64_t folded;  /* entries folded at the start */
	bool rebuilt;     /* the store was gone or of another journal, and was made anew */
	bool as_it_is;    /* it is an older version's, and the journal cannot make it anew */
	int64_t known_us; /* the newest time that is known to have been right; 0: none */
};

struct engine_options {
	const struct daemon_settings *settings;
	bool read_only;   /* nothing on disk changes; the state is as its last checkpoint left it */
	bool must_exist;  /* CH_NOT_FOUND instead of a new journal */
	bool fresh_state; /* throw the store away and fold the journal from its first entry */
	bool past_damage; /* fold on behind entries that cannot be read, and log what is left out */
	/* Called now and then while folding; may be NULL. */
	void (*progress)(void *context, uint64_t sequence, uint64_t head);
	void *context;
};

/* CH_BUSY: a hub runs here.  Logs what it finds.  On failure nothing stays open. */
enum ch_status engine_open(const struct engine_options *options, struct engine *out_engine);
void engine_close(struct engine *engine);

/* A sign of life: the hub was there at that time.  The next start judges the machine's clock by the last
 * one, for a journal into which nobody has written for a week is no proof that a week has passed. */
void engine_sign(const struct engine *engine, int64_t now_us);

/* CH_CORRUPT, and logged: the journal ends before what the store has applied, so its end is damaged (or
 * all of it gone) and must not be cut off as if it were torn.  Before the journal is opened for writing;
 * changes nothing. */
enum ch_status engine_check_end(const struct daemon_settings *settings);

/* The store has been found damaged: the next start makes it anew. */
void engine_distrust_store(const struct daemon_settings *settings);

/* Removes a folder with all that is in it; fine when there is none.  For what the journal can make
 * again, and nothing else.  CH_IO. */
enum ch_status engine_remove_folder(const char *path);

/* Folds `first` to `last` of a journal into a state, with a core that stands at `first` - 1.  When
 * `decide` each input is also decided again, and the first entry whose effects differ is reported:
 * CH_CORRUPT with its sequence in *out_bad and words in `why`. */
struct fold_options {
	struct journal *journal;
	struct state *state;
	struct core *core;
	uint64_t first;
	uint64_t last;
	bool decide;
	bool past_damage; /* as in engine_options; otherwise CH_GAP ends the fold */
	void (*progress)(void *context, uint64_t sequence, uint64_t head);
	void *context;
};
enum ch_status engine_fold(const struct fold_options *options, uint64_t *out_bad, char why[160]);

#endif

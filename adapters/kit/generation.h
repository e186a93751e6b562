/* Generations of a configuration: each reading of the file that was found good is one, counted from 1.
 *
 * A reload (SIGHUP, or `reload` by control.h, which is answered) reads the file while what runs goes on.  When
 * anything is wrong every mistake is logged, and nothing has happened.  When nothing is, what runs takes the new
 * settings over without a break, if it can; else it ends as it always ends, and the new generation runs in its place.
 * Should that one not get as far as to begin (a port or a book that is taken, a key that cannot be read), the one before
 * it is run again.  Either way one line says which is active:
 *
 *     config.active adapter=carehub-pos generation=2 how=started
 *     config.kept module=carehub-quality generation=2 problems=3 status=INVALID
 *
 * What a configuration is, and who runs by it, a struct generation_kind says: adapter_generation.h,
 * module_generation.h. */
#ifndef KIT_GENERATION_H
#define KIT_GENERATION_H

#include "base/problem.h"
#include "kit/run_life.h"

/* Who runs by a configuration.  `self` is what generations_open was given; a state is one reading of the file. */
struct generation_kind {
	const char *what; /* in the log: "adapter" */
	int64_t patience_us; /* so long after its first round whoever asked is told that it waits for the hub */

	/* Reads the file, and opens what can be open beside the one that runs.  CH_INVALID: all that is wrong is in
	 * `problems`; CH_NOMEM, others as what it opens. */
	enum ch_status (*open)(
		const void *self, const char *path, struct problems *problems, void **out_state);
	void (*close)(const void *self, void *state);

	/* CH_OK: what is running goes on by *active, and *fresh is to be closed; the two may have been exchanged.
	 * CH_RETRY: only another run can; `out_why` may have a line about it.  Others: everything is as before, and
	 * `problems` may say why. */
	enum ch_status (*take_over)(const void *self, void *running, void **active, void **fresh,
		struct problems *problems, struct buffer *out_why);

	/* Until its life is over.  A state that has run may be run once more. */
	enum ch_status (*run)(const void *self, void *state, const struct run_life *life,
		struct problems *problems);
};

struct generations;

/* Reads and opens the first, as kind->open.  `self` and `program` outlive the generations. */
enum ch_status generations_open(const struct generation_kind *kind, const void *self,
	const char *program, const char *path, struct problems *problems,
	struct generations **out_generations);
void generations_close(struct generations *generations); /* NULL is fine */

/* Runs one generation after the other until *stop is set, or with `once` until there is no more to do.  When
 * *reload is set (by a signal) it is taken back and done.  As kind->run. */
enum ch_status generations_run(struct generations *generations, bool once, const atomic_int *stop,
	atomic_int *reload, struct problems *problems);

#endif

/* Generations of a configuration: each reading of the file that was found good is one, counted from 1.
 *
 * A reload (SIGHUP, or `reload` by control.h, which is answered) reads the file and opens a source of it beside the one that runs.  When anything is
 * wrong every mistake is logged, and the running generation goes on as if nothing had been.  When nothing
 * is, the adapter may take the settings over as it runs (kit_adapter.reload), if only its own have
 * changed, or take anew what they name (kit_adapter.renew), if not even they have; the hub's keys in their files are the kit's own.  Else the running generation ends as an adapter ends, and the new one starts.  Should that one not
 * get as far as its first round (a port that is taken, a key that cannot be read), the one before it is
 * opened again.  Either way one line says which is active:
 *
 *     config.active adapter=carehub-pos generation=2 how=started
 *     config.kept adapter=carehub-pos generation=2 problems=3 */
#ifndef KIT_GENERATION_H
#define KIT_GENERATION_H

#include "kit/runner.h"

struct generations;

/* Reads and opens the first.  CH_INVALID: all that is wrong is in `problems`; others as kit_adapter.open. */
enum ch_status generations_open(const struct kit_adapter *adapter, const char *path,
	struct problems *problems, struct generations **out_generations);
void generations_close(struct generations *generations); /* NULL is fine */

/* Runs one generation after the other until *stop is set, or with `once` until there is no more to do.  When
 * *reload is set (by a signal) it is taken back and done.  As runner_run. */
enum ch_status generations_run(struct generations *generations, bool once, const atomic_int *stop,
	atomic_int *reload, struct kit_counts *counts);

#endif

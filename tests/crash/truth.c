#include "crash/truth.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/engine.h"

static enum ch_status truth_fold(
	struct truth *truth, struct journal *journal, struct state *state, struct core *core)
{
	struct dump_result result;
	char why[160];
	uint64_t bad;
	enum ch_status status = dump_write(state, NULL, &result);
	if (status == CH_OK)
		memcpy(truth->hashes[0], result.hash, DUMP_HASH_BYTES);
	for (uint64_t at = 1; at <= truth->head && status == CH_OK; at++) {
		struct fold_options fold = {
			.journal = journal, .state = state, .core = core, .first = at, .last = at};
		status = engine_fold(&fold, &bad, why);
		if (status == CH_OK)
			status = dump_write(state, NULL, &result);
		if (status == CH_OK)
			memcpy(truth->hashes[at], result.hash, DUMP_HASH_BYTES);
	}
	return status;
}

void truth_fini(struct truth *truth)
{
	free(truth->hashes);
	*truth = (struct truth){0};
}

enum ch_status truth_make(const struct server *server, struct truth *out_truth)
{
	char path[PATH_MAX];
	char scratch[PATH_MAX];
	struct journal_options options = {.read_only = true};
	struct state_options store = {.dir = scratch};
	struct journal *journal = NULL;
	struct state *state = NULL;
	struct core *core = NULL;
	struct rtxn *rtxn = NULL;
	struct truth truth = {0};
	(void)snprintf(scratch, sizeof(scratch), "%s/truth", server->root);
	options.dir = server_path(server, "/journal", path);
	enum ch_status status = journal_open(&options, &journal, NULL);
	if (status != CH_OK)
		goto out;
	truth.head = journal_head(journal);
	status = CH_NOMEM;
	truth.hashes = calloc(truth.head + 1, sizeof(*truth.hashes));
	if (truth.hashes == NULL)
		goto out;
	status = state_open(&store, journal_incarnation(journal), &state);
	if (status == CH_OK)
		status = core_create(&core);
	if (status == CH_OK)
		status = rtxn_begin(state, &rtxn);
	if (status == CH_OK)
		status = core_load(core, rtxn);
	rtxn_end(rtxn);
	if (status == CH_OK)
		status = truth_fold(&truth, journal, state, core);
	if (status != CH_OK)
		goto out;
	*out_truth = truth;
	truth = (struct truth){0}; /* the caller's now */
out:
	truth_fini(&truth);
	core_free(core);
	state_close(state);
	journal_close(journal);
	(void)engine_remove_folder(scratch); /* goes with the root otherwise */
	return status;
}

/* What operators do to the subscriptions on the stage, waited for. */
#ifndef UNIT_FANOUT_STAGE_OPERATIONS_H
#define UNIT_FANOUT_STAGE_OPERATIONS_H

#include "fanout/operation.h"
#include "stage.h"

struct operation_result stage_seek(struct stage *stage, const char *name, const char *to, bool dry);
struct operation_result stage_delete(struct stage *stage, const char *name);
struct operation_result stage_settle(
	struct stage *stage, const char *name, uint64_t sequence, bool discard);

struct seen_consumer {
	struct consumer_info info; /* its texts are gone */
	char state[16];
	size_t found;
};
struct seen_consumer stage_consumer(struct stage *stage, const char *name);

struct seen_letters {
	size_t count;
	uint64_t total;
	uint64_t sequences[64];
	uint32_t attempts[64];
	char reason[200];
	char type[100];
};
struct seen_letters stage_letters(struct stage *stage, const char *name);

struct seen_replay {
	enum ch_status status;
	char job[65];
	char state[16];
	uint64_t total;
	uint64_t matched;
	uint64_t position;
	uint64_t delivered;
};
struct seen_replay stage_replay(
	struct stage *stage, const char *name, const char *range, double rate, bool dry);
struct seen_replay stage_replay_control(
	struct stage *stage, const char *job, enum replay_action action);
struct seen_replay stage_replay_state(struct stage *stage, const char *job);

#endif

/* Files of tokens for the tests of who may listen. */
#ifndef UNIT_CALLCENTER_PASSES_H
#define UNIT_CALLCENTER_PASSES_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "channel/callcenter/passes.h"
#include "support/scratch.h"
#include "support/unit.h"

struct passes_place {
	char folder[SCRATCH_BYTES];
	char token[SCRATCH_BYTES + 8];
	char agents[SCRATCH_BYTES + 8];
};

static inline void passes_put(const char *path, const char *text, unsigned mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(close(fd), 0);
}

static inline void passes_place(struct passes_place *place)
{
	scratch_make(place->folder, "passes");
	(void)snprintf(place->token, sizeof(place->token), "%s/token", place->folder);
	(void)snprintf(place->agents, sizeof(place->agents), "%s/agents", place->folder);
}

static inline void passes_place_end(const struct passes_place *place)
{
	scratch_remove(place->folder);
}

static inline struct passes *passes_of(const char *token, const char *agents)
{
	struct problems problems = {0};
	struct passes_place place;
	struct passes *passes = NULL;
	passes_place(&place);
	passes_put(place.token, token, 0600);
	passes_put(place.agents, agents, 0600);
	assert_int_equal(passes_read(place.token, place.agents, &problems, &passes), CH_OK);
	problems_fini(&problems);
	passes_place_end(&place);
	return passes;
}

#endif

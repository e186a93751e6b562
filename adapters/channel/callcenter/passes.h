/* Who may listen to the agents' screen pops: whoever shows a token.
 *
 *     pop.token_file          one token.  Every call is heard with it: a wallboard, a supervisor, the desktop's own server
 *     pop.agent_tokens_file   a line for each agent, "201 = 4be0c2...".  He hears his own calls, and nobody else's
 *
 * Both files are secrets (kit/secret.h).  An agent may have several tokens, so that one can be exchanged for another
 * while he works; a token is one agent's.  What is kept of a token is its digest: to compare it tells nothing of it.
 *
 * Read once, then constant. */
#ifndef CALLCENTER_PASSES_H
#define CALLCENTER_PASSES_H

#include <stdbool.h>

#include "base/problem.h"
#include "base/slice.h"

#define PASS_DIGEST_BYTES 32u
#define PASS_AGENT_BYTES  128u
#define PASS_TOKEN_LEAST  16u /* an agent's: many guesses at many tokens are cheap */
#define PASS_TOKEN_BYTES  256u

struct pass {
	uint8_t digest[PASS_DIGEST_BYTES]; /* of the token */
	char agent[PASS_AGENT_BYTES];      /* his number; "": every call */
};

struct passes;

/* Either path may be NULL.  All that is wrong goes to the problems: CH_INVALID, and *out_passes is what there is beside
 * it; CH_NOMEM. */
enum ch_status passes_read(const char *token_file, const char *agent_tokens_file,
	struct problems *problems, struct passes **out_passes);
void passes_free(struct passes *passes); /* NULL is fine */

/* Whose token that is.  False: nobody's. */
bool passes_find(const struct passes *passes, struct slice token, struct pass *out_pass);

/* Whether a pass is still good. */
bool passes_has(const struct passes *passes, const struct pass *pass);

/* Whether both let in the same. */
bool passes_same(const struct passes *one, const struct passes *other);

#endif

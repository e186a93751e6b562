/* Claims are read ahead of their turn because of memory: a key's look-up is a walk over lines that lie
 * anywhere, which takes as long as all the rest of a decision when it has to be waited for. */
#include "core/core.h"

void claims_init(struct core *core)
{
	for (uint32_t i = 0; i <= CLAIMS; i++)
		arena_init(&core->claims[i].arena);
}

void claims_fini(struct core *core)
{
	for (uint32_t i = 0; i <= CLAIMS; i++)
		arena_fini(&core->claims[i].arena);
}

static void claim_read(struct ruling *ruling, struct claim *claim)
{
	claim->envelope = NULL;
	arena_reset(&claim->arena);
	party_read(ruling->envelope.personal, &claim->party);
	keys_collect(ruling, claim);
}

static struct claim *claim_find(struct core *core, const struct envelope *envelope)
{
	for (uint32_t i = 0; i < CLAIMS; i++) {
		if (core->claims[i].envelope == envelope)
			return &core->claims[i];
	}
	return NULL;
}

const struct claim *claim_of(struct ruling *ruling)
{
	struct core *core = ruling->core;
	struct claim *claim = claim_find(core, ruling->input->envelope);
	if (claim == NULL) {
		claim = &core->claims[CLAIMS];
		claim_read(ruling, claim);
	}
	claim->envelope = NULL; /* its turn has come */
	return claim;
}

static struct claim *claim_make(struct core *core, struct change *change, const struct input *input)
{
	struct claim *claim = &core->claims[core->claims_made++ % CLAIMS];
	struct ruling ruling = {
		.core = core,
		.change = change,
		.input = input,
		.envelope = *input->envelope,
		.type = input->inspection->type,
		.rules = inspector_rules(core->inspector, input->inspection->type),
		.peer = settings_peer(&core->settings, input->peer),
		.parts = {input->envelope->data, input->envelope->personal},
	};
	claim_read(&ruling, claim);
	if (ruling.status != CH_OK)
		return NULL; /* its decision will tell */
	claim->envelope = input->envelope;
	return claim;
}

void core_foresee(struct core *core, struct change *change, const struct input *input, bool near)
{
	if (input->inspection == NULL)
		return;
	if (!near)
		change_inbox_prefetch(change, input->inspection->fingerprint);
	if (!input->inspection->fit)
		return;
	const struct claim *claim =
		near ? claim_find(core, input->envelope) : claim_make(core, change, input);
	for (uint32_t i = 0; claim != NULL && i < claim->keys.count; i++)
		keys_prefetch(change, &claim->keys.keys[i], near);
}

void core_forget(struct core *core)
{
	for (uint32_t i = 0; i < CLAIMS; i++)
		core->claims[i].envelope = NULL;
}

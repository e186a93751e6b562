/* The body of a journal entry, its effects and derived events, with the personal parts there and gone. */
#include "base/invariant.h"
#include "wire/effect.h"
#include "wire/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void walk(struct slice effects, struct slice effects_personal, struct slice derived,
	struct slice derived_personal)
{
	struct effects_reader effects_reader = effects_read(effects, effects_personal);
	struct derived_reader derived_reader = derived_read(derived, derived_personal);
	struct effect effect;
	struct derived one;
	while (effects_next(&effects_reader, &effect))
		invariant((effect.flags & EFFECT_LOST) == 0 || effect.value.len == 0);
	invariant(effects_reader.status != CH_OK || effects_reader.open_at == effects.len);
	while (derived_next(&derived_reader, &one))
		invariant(one.subject.len + one.data.len <= derived.len);
	invariant(derived_reader.status != CH_OK || derived_reader.at == derived.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct slice gone = {NULL, 0};
	struct slice body = slice_of(data, len);
	struct entry entry;
	struct entry again;
	struct buffer out = {0};
	walk(body, gone, body, gone); /* without the head, which the fuzzer need not find first */
	walk(body, body, body, body);
	if (entry_parse(body, &entry) == CH_OK) {
		walk(entry.effects, entry.effects_personal, entry.derived, entry.derived_personal);
		walk(entry.effects, gone, entry.derived, gone);
		entry_encode(&entry, &out); /* names are cut, and nothing else */
		invariant(entry_parse(buffer_slice(&out), &again) == CH_OK);
		invariant(slice_starts(entry.peer, again.peer));
		invariant(slice_starts(entry.corrected_by, again.corrected_by));
		invariant(slice_equal(entry.input, again.input));
		invariant(slice_equal(entry.detail, again.detail));
		buffer_clear(&out);
		entry_event(&entry, &out);
	}
	buffer_fini(&out);
	return 0;
}

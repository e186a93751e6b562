/* The body of a journal entry, its effects and derived events, with the personal parts there and gone. */
#include "base/invariant.h"
#include "wire/effect.h"
#include "wire/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Written again, the effects are as they were read; a lost one has no more than its open part to give. */
static void write_effects(struct slice open, struct slice personal)
{
	struct effects_reader first = effects_read(open, personal);
	struct effects_reader second;
	struct effects effects;
	struct effect a;
	struct effect b;
	uint32_t count = 0;
	effects_init(&effects);
	effects_clear(&effects);
	while (effects_next(&first, &a))
		effects_add(&effects, &a);
	second = effects_read(buffer_slice(&effects.open), buffer_slice(&effects.personal));
	first = effects_read(open, personal);
	while (count < effects.count && effects_next(&first, &a)) {
		invariant(effects_next(&second, &b));
		invariant(a.op == b.op && a.kind == b.kind && a.field == b.field);
		invariant(a.number == b.number && slice_equal(a.id, b.id));
		invariant(slice_equal(a.sub, b.sub) && slice_equal(a.value, b.value));
		count++;
	}
	invariant(count == effects.count && !effects_next(&second, &b));
	effects_fini(&effects);
}

static void write_derived(struct slice open, struct slice personal)
{
	struct derived_reader first = derived_read(open, personal);
	struct derived_reader second;
	struct buffer again = {0};
	struct buffer again_personal = {0};
	struct derived a;
	struct derived b;
	while (derived_next(&first, &a))
		derived_add(&again, &again_personal, &a);
	second = derived_read(buffer_slice(&again), buffer_slice(&again_personal));
	first = derived_read(open, personal);
	while (derived_next(&first, &a)) {
		invariant(derived_next(&second, &b));
		invariant(a.type == b.type && a.before == b.before);
		invariant(slice_equal(a.subject, b.subject) && slice_equal(a.data, b.data));
		invariant(slice_equal(a.personal, b.personal));
	}
	buffer_fini(&again);
	buffer_fini(&again_personal);
}

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
	write_effects(effects, effects_personal);
	write_derived(derived, derived_personal);
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

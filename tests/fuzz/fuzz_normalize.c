/* Any bytes as a text, an address, a code, and as two encoded names. */
#include "base/invariant.h"
#include "base/text.h"
#include "core/normalize.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice text = slice_of(data, len);
	struct slice out;
	struct arena arena;
	bool forth;
	bool back;
	arena_init(&arena);
	if (normalize_compact(&arena, text, &out) == CH_OK)
		invariant(text_is_utf8(out));
	if (normalize_email(&arena, text, &out) == CH_OK)
		invariant(memchr(out.data, '@', out.len) != NULL && text_is_utf8(out));
	if (normalize_code(&arena, text, &out) == CH_OK)
		invariant(out.len > 0);
	(void)normalize_is_placeholder(text);
	struct slice a = slice_sub(text, 0, len / 2);
	struct slice b = slice_sub(text, len / 2, len);
	enum ch_status status = normalize_names_contradict(&arena, a, b, &forth);
	invariant(normalize_names_contradict(&arena, b, a, &back) == status);
	invariant(status != CH_OK || forth == back);
	(void)normalize_name_is_polite(&arena, text, &forth);
	arena_fini(&arena);
	return 0;
}

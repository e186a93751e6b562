/* rules.conf as an administrator could not have written it, beside peers that have a region and a scope: every
 * mistake has a line of its own, or the text that the journal keeps is canonical, and the rules take it. */
#include "base/text.h"
#include "core/settings.h"
#include "daemon/rules_text.h"
#include "folder.h"
#include "net/curve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct roster *fuzz_roster(void)
{
	static const char *const peers[] = {"assurance = verified\nregion = CN\nscope = WEST\n",
		"region = DE\n", "scope = A-1\n", ""};
	struct problems problems = {0};
	struct roster *roster = NULL;
	struct curve_key key = {{1}};
	char z85[CURVE_TEXT_BYTES];
	char name[16];
	char text[256];
	for (size_t i = 0; i < sizeof(peers) / sizeof(*peers); i++) {
		key.bytes[0]++;
		(void)snprintf(name, sizeof(name), "p%zu.conf", i);
		(void)snprintf(text, sizeof(text), "public_key = %s\nroles = operator\n%s",
			curve_format(&key, z85), peers[i]);
		(void)folder_write(name, slice_text(text), 0600); /* its path is not needed */
	}
	invariant(roster_load(folder(), &problems, &roster) == CH_OK);
	return roster;
}

/* Rising lines, which the rules take as they are. */
static void fuzz_check(struct slice text)
{
	struct settings settings;
	struct slice rest = text;
	struct slice line;
	struct slice before = {NULL, 0};
	uint32_t at = 0;
	while (text_split(&rest, '\n', &line) && line.len > 0) {
		invariant(before.data == NULL || slice_compare(before, line) <= 0);
		before = line;
	}
	settings_init(&settings);
	/* Each line is good; two of one name may still be more than the rules take. */
	enum ch_status status = settings_parse(&settings, text, &at);
	invariant(status == CH_OK || (status == CH_INVALID && at > 0));
	settings_fini(&settings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct roster *roster; /* lives as long as the fuzzer */
	struct problems problems = {0};
	struct buffer text = {0};
	struct buffer lines = {0};
	if (roster == NULL)
		roster = fuzz_roster();
	const char *path = folder_write("rules", slice_of(data, len), 0600);
	if (len == 0)
		invariant(unlink(path) == 0); /* none at all */
	enum ch_status status = rules_text(path, len % 2 == 0 ? roster : NULL, &problems, &text);
	invariant(status == CH_OK || status == CH_INVALID);
	invariant((status == CH_OK) == problems_none(&problems));
	problems_print(&problems, &lines);
	if (status == CH_OK)
		fuzz_check(buffer_slice(&text));
	buffer_fini(&text);
	buffer_fini(&lines);
	problems_fini(&problems);
	return 0;
}

/* A file of settings, for a table that has every kind of them: it is taken, as text and as a file, with all that it
 * says within bounds, or every mistake has a line of its own.  What documents the table is such a file. */
#include "base/config.h"
#include "base/option.h"
#include "folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct choices {
	bool on;
	int64_t number;
	int64_t bytes;
	int64_t span_ms;
	char *name;
	char *text;
	struct option_list list;
	int colour;
	uint32_t roles;
};

#define AT(member) .at = offsetof(struct choices, member)

static const struct option_word colours[] = {{"red", 3}, {"green", 5}, {0}};
static const struct option_word roles[] = {{"one", 1}, {"two", 2}, {"four", 4}, {0}};

static const char *fuzz_fault(struct slice value)
{
	return value.len > 0 && value.data[0] == 'x' ? "begins with an x" : NULL;
}

static const struct option options[] = {
	{.name = "name",
		.type = OPTION_TEXT,
		AT(name),
		.min = 2,
		.max = 8,
		.required = true,
		.help = "Who it is.\nIn two lines."},
	{.name = "on", .type = OPTION_BOOL, AT(on), .initial = "yes", .help = "Whether."},
	{.name = "a.number",
		.type = OPTION_NUMBER,
		AT(number),
		.min = -5,
		.max = 1000,
		.initial = "7",
		.help = "How many."},
	{.name = "a.size",
		.type = OPTION_BYTES,
		AT(bytes),
		.min = 0,
		.initial = "64K",
		.help = "How much."},
	{.name = "a.wait",
		.type = OPTION_MS,
		AT(span_ms),
		.min = 10,
		.max = 3600000,
		.initial = "2s",
		.help = "How long."},
	{.name = "b.text",
		.type = OPTION_TEXT,
		AT(text),
		.fault = fuzz_fault,
		.initial = "",
		.help = "What."},
	{.name = "b.list",
		.type = OPTION_LIST,
		AT(list),
		.max = 4,
		.min = 1,
		.fault = fuzz_fault,
		.help = "Which."},
	{.name = "b.colour",
		.type = OPTION_CHOICE,
		AT(colour),
		.words = colours,
		.initial = "green",
		.help = "Of what colour."},
	{.name = "b.roles",
		.type = OPTION_FLAGS,
		AT(roles),
		.words = roles,
		.initial = "one, two",
		.help = "As what."},
};

#define OPTIONS (sizeof(options) / sizeof(options[0]))

static void fuzz_bounds(const struct choices *choices)
{
	size_t len = strlen(choices->name);
	invariant(len >= 2 && len <= 8 && choices->text != NULL && choices->text[0] != 'x');
	invariant(choices->number >= -5 && choices->number <= 1000 && choices->bytes >= 0);
	invariant(choices->span_ms >= 10 && choices->span_ms <= 3600000);
	invariant(choices->list.count <= 4 && choices->roles <= 7);
	invariant(choices->colour == 3 || choices->colour == 5);
	for (size_t i = 0; i < choices->list.count; i++)
		invariant(choices->list.items[i][0] != 0 && choices->list.items[i][0] != 'x');
}

static void fuzz_described(void)
{
	struct choices choices;
	struct problems problems = {0};
	struct option_group group = {options, OPTIONS, &choices};
	struct buffer text = {0};
	option_describe(&group, &text);
	buffer_append_text(&text, "[]\nname = it\n");
	(void)config_parse(buffer_slice(&text), "fuzz.conf", &group, 1, &problems);
	option_free(&group);
	buffer_fini(&text);
	problems_fini(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static bool begun;
	struct choices first;
	struct choices second;
	struct option_group group = {options, OPTIONS, &first};
	struct option_group other = {options, OPTIONS, &second};
	struct problems problems = {0};
	struct problems again = {0};
	struct buffer lines = {0};
	enum ch_status status =
		config_parse(slice_of(data, len), "fuzz.conf", &group, 1, &problems);
	invariant(status == CH_OK || status == CH_INVALID);
	invariant((status == CH_OK) == problems_none(&problems));
	problems_print(&problems, &lines);
	if (status == CH_OK)
		fuzz_bounds(&first);
	if (!begun)
		fuzz_described();
	begun = true;
	if (len % 16 == 8) {
		const char *path = folder_write("fuzz.conf", slice_of(data, len), 0600);
		invariant(config_read(path, &other, 1, &again) == status);
		invariant(option_same(options, OPTIONS, &first, &second));
		invariant(again.count == problems.count);
		option_free(&other);
		invariant(unlink(path) == 0);
		invariant(config_read(path, &other, 1, &again) == CH_INVALID);
		(void)option_same(options, OPTIONS, &first, &second); /* must only come back */
		option_free(&other);
	}
	option_free(&group);
	buffer_fini(&lines);
	problems_fini(&problems);
	problems_fini(&again);
	return 0;
}

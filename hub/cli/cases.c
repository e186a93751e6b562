/* cases: the open ones, with who owns them, how high they have risen, and what falls due. */
#include "base/clock.h"
#include "carehub/v1/control.pb-c.h"
#include "cli/args.h"
#include "cli/ask.h"
#include "cli/grid.h"
#include "cli/words.h"

/* protobuf-c's texts are not const, but packing only reads them. */
#define TEXT(text) ((char *)(uintptr_t)(text))

#define DAY_US INT64_C(86400000000)

struct case_table {
	struct cli *cli;
	struct grid *grid;
	int64_t now_us;
	uint64_t matched;
	uint64_t open;
};

/* "complaint" of CASE_KIND_COMPLAINT. */
static void cases_word(
	struct grid *grid, const ProtobufCEnumDescriptor *type, int value, size_t skip)
{
	const ProtobufCEnumValue *row = protobuf_c_enum_descriptor_get_value(type, value);
	char text[WORDS_BYTES];
	size_t len = 0;
	for (const char *c = row != NULL ? row->name + skip : ""; *c != 0 && len + 1 < sizeof(text);
		c++)
		text[len++] = (char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c == '_' ? ' ' : *c);
	text[len] = 0;
	grid_cell(grid, "%s", text);
}

/* The promise that falls due next, or is owed for longest. */
static const Carehub__V1__DeadlineInfo *cases_next(const Carehub__V1__Case *item)
{
	const Carehub__V1__DeadlineInfo *next = NULL;
	for (size_t i = 0; i < item->n_deadlines; i++) {
		const Carehub__V1__DeadlineInfo *info = item->deadlines[i];
		bool owed = info->state == CAREHUB__V1__DEADLINE_STATE__DEADLINE_STATE_RUNNING ||
			    (info->state == CAREHUB__V1__DEADLINE_STATE__DEADLINE_STATE_MISSED &&
				    info->kept_time_us == 0);
		if (owed && (next == NULL || info->due_time_us < next->due_time_us))
			next = info;
	}
	return next;
}

static void cases_row(struct case_table *table, const Carehub__V1__Case *item)
{
	struct grid *grid = table->grid;
	char text[WORDS_BYTES];
	const Carehub__V1__DeadlineInfo *next = cases_next(item);
	int64_t left_us = next != NULL ? next->due_time_us - table->now_us : 0;
	grid_cell(grid, "%s", item->case_id);
	cases_word(grid, &carehub__v1__case_kind__descriptor, (int)item->kind,
		sizeof("CASE_KIND_") - 1);
	cases_word(grid, &carehub__v1__case_state__descriptor, (int)item->state,
		sizeof("CASE_STATE_") - 1);
	grid_cell(grid, "%s",
		item->opened_time_us != 0
			? words_duration(table->now_us - item->opened_time_us, text)
			: "-");
	grid_cell(grid, "%s",
		item->owner == NULL             ? "nobody"
		: item->owner->agent_id[0] != 0 ? item->owner->agent_id
						: item->owner->group);
	grid_ink(grid, item->owner == NULL ? INK_WARN : INK_PLAIN);
	grid_cell(grid, "%u", item->level);
	grid_cell(grid, "%s", item->escalated_to);
	grid_cell(grid, "%s", next != NULL ? next->promise : "");
	grid_cell(grid, "%s%s",
		next != NULL ? words_duration(left_us < 0 ? -left_us : left_us, text) : "",
		next != NULL && left_us < 0 ? " late" : "");
	grid_ink(grid, left_us < 0 ? INK_BAD : INK_PLAIN);
	grid_cell(grid, "%s", words_customer(item->customer_number, text));
}

static bool cases_reply(void *context, const ProtobufCMessage *message)
{
	struct case_table *table = context;
	const Carehub__V1__CasesReply *reply = (const Carehub__V1__CasesReply *)message;
	for (size_t i = 0; i < reply->n_cases; i++) {
		if (table->cli->json)
			ask_print(&reply->cases[i]->base);
		else
			cases_row(table, reply->cases[i]);
	}
	table->matched = reply->matched;
	table->open = reply->open;
	return true;
}

static bool cases_kind(const char *name, Carehub__V1__CaseKind *out_kind)
{
	const ProtobufCEnumDescriptor *type = &carehub__v1__case_kind__descriptor;
	char full[64];
	(void)snprintf(full, sizeof(full), "CASE_KIND_%s", name); /* cut is no kind either */
	for (char *c = full; *c != 0; c++)
		*c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value_by_name(type, full);
	if (name[0] != 0 && (value == NULL || value->value == 0))
		return false;
	*out_kind = value != NULL && name[0] != 0 ? (Carehub__V1__CaseKind)value->value : 0;
	return true;
}

int cases_main(struct cli *cli, int argc, char **argv)
{
	char text[WORDS_BYTES];
	struct case_table table = {.cli = cli};
	Carehub__V1__CasesRequest request = CAREHUB__V1__CASES_REQUEST__INIT;
	const char *owner = "";
	const char *by = "";
	const char *kind = "";
	uint64_t limit = 100;
	uint64_t level = 0;
	uint64_t older = 0;
	bool overdue = false;
	const struct flag flags[] = {
		{"--owner", FLAG_TEXT, &owner},
		{"--by", FLAG_TEXT, &by},
		{"--kind", FLAG_TEXT, &kind},
		{"--older", FLAG_NUMBER, &older},
		{"--level", FLAG_NUMBER, &level},
		{"--overdue", FLAG_BOOL, &overdue},
		{"--limit", FLAG_NUMBER, &limit},
		{0},
	};
	if (!args_take_most(flags, &argc, argv, 0))
		return EXIT_USAGE;
	if (!cases_kind(kind, &request.kind))
		return cli_fail(EXIT_USAGE,
			"consult, sales, repair, status, complaint, outbound, other",
			"cases: there is no kind %s", kind);
	int result = cli_connect(cli);
	if (result != EXIT_FINE)
		return result;
	/* Deadlines run on the hub's clock. */
	table.now_us = clock_wall_us() + cli->info.clock_offset_us;
	request.owner = TEXT(owner);
	request.order = TEXT(by);
	request.level = level < UINT32_MAX ? (uint32_t)level : UINT32_MAX;
	request.limit = limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX;
	request.due_before_us = overdue ? table.now_us : 0;
	if (older > 0)
		request.opened_before_us =
			table.now_us - (int64_t)(older < 36500 ? older : 36500) * DAY_US;
	table.grid =
		grid_create("CASE|KIND|STATE|>AGE|OWNER|>LEVEL|MUST ACT|PROMISE|>LEFT|CUSTOMER");
	result = ask(cli, "Cases", &request.base, &carehub__v1__cases_reply__descriptor,
		cases_reply, &table);
	grid_print(table.grid, "");
	grid_free(table.grid);
	if (result == EXIT_FINE && !cli->json && !cli->quiet)
		(void)fprintf(stderr, "%llu of %s%s\n", (unsigned long long)table.matched,
			words_many(table.open, "open case", "open cases", text),
			table.matched > limit ? "; --limit shows more of them" : "");
	return result;
}

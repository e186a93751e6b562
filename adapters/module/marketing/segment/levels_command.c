#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "kit/help.h"
#include "module/data/number.h"
#include "module/marketing/book_commands.h"
#include "module/marketing/book_lookup.h"
#include "module/marketing/book_tables.h"
#include "module/marketing/segment/judge.h"

static const struct help help = {"carehub-marketing levels",
	"Usage: carehub-marketing levels --config FILE [--json]\n"
	"       carehub-marketing levels --config FILE [--json] [--limit N] members LEVEL\n"
	"       carehub-marketing levels --config FILE [--json] why CUSTOMER\n"
	"\n"
	"How many customers have which level; who; and why one has his.\n"
	"\n"
	"  --limit N   at most so many of them\n"
	"  --json      one JSON document\n"
	"\n"
	"Exit status: 0 fine, 1 there is no such level or customer, 2 unusable, 3 there is no\n"
	"book yet, 64 usage.\n"};

/* ---- All customers ---- */

struct count {
	struct lookup *lookup;
	const struct lookup_request *request;
	uint64_t of[LIMIT_LEVELS + 1]; /* by place in the definitions; the last: none */
	uint64_t others;               /* of levels that are not defined any more */
	uint32_t wanted;
	uint64_t listed;
	bool listing;
};

static void count_level(struct count *count, uint32_t level)
{
	const struct definitions *definitions = count->lookup->definitions;
	for (size_t i = 0; i < definitions->level_count; i++) {
		if (definitions->levels[i].level == level) {
			count->of[i]++;
			return;
		}
	}
	if (level == 0)
		count->of[LIMIT_LEVELS]++;
	else
		count->others++;
}

static void list_member(struct count *count, uint64_t customer, const struct standing *standing)
{
	if (standing->level != count->wanted ||
		(count->request->limit > 0 && count->listed >= count->request->limit))
		return;
	lookup_print_member(
		count->lookup, count->request, customer, standing->level_since_us, count->listed);
	count->listed++;
}

static enum ch_status count_all(struct count *count)
{
	static struct standing standing; /* large */
	struct book_txn *txn = count->lookup->view.txn;
	const struct slice all = {NULL, 0};
	struct book_walk *walk = NULL;
	struct slice key;
	struct slice value;
	enum ch_status status = book_walk_begin(txn, TABLE_STANDINGS, all, all, &walk);
	while (status == CH_OK) {
		uint64_t customer;
		status = book_walk_next(walk, &key, &value);
		if (status == CH_OK && !key_take_u64(&key, &customer))
			status = CH_CORRUPT;
		if (status == CH_OK)
			status = standing_decode(value, &standing);
		if (status != CH_OK)
			break;
		if (count->listing)
			list_member(count, customer, &standing);
		else
			count_level(count, standing.level);
	}
	book_walk_end(walk);
	return status == CH_END ? CH_OK : status;
}

static void print_row(struct count *count, const char *level, const char *title, struct slice where,
	uint64_t customers, bool first)
{
	struct buffer *out = &count->lookup->out;
	if (!count->request->json) {
		buffer_printf(out, "%5s %12" PRIu64 "  %.*s%s%s\n", level, customers,
			(int)where.len, (const char *)where.data, title[0] != 0 ? "   # " : "",
			title);
		return;
	}
	buffer_printf(out,
		"%s\n  {\"level\":%s,\"customers\":%" PRIu64 ",\"title\":", first ? "" : ",", level,
		customers);
	number_append_string(out, slice_text(title));
	buffer_append_text(out, ",\"where\":");
	number_append_string(out, where);
	buffer_append_text(out, "}");
}

static enum ch_status list_levels(struct lookup *lookup, const struct lookup_request *request)
{
	struct count count = {.lookup = lookup, .request = request};
	enum ch_status status = count_all(&count);
	if (status != CH_OK)
		return status;
	if (request->json) {
		buffer_append_text(&lookup->out, "{");
		lookup_as_of(lookup, true);
		buffer_append_text(&lookup->out, ",\n \"levels\":[");
	} else {
		lookup_as_of(lookup, false);
		buffer_printf(&lookup->out, "%5s %12s  %s\n", "level", "customers", "where");
	}
	for (size_t i = lookup->definitions->level_count; i > 0; i--) {
		const struct definition *it = &lookup->definitions->levels[i - 1];
		print_row(&count, it->name, it->title, condition_text(it->condition),
			count.of[i - 1], i == lookup->definitions->level_count);
	}
	print_row(&count, "0", "", slice_text(request->json ? "" : "(everybody else)"),
		count.of[LIMIT_LEVELS] + count.others, lookup->definitions->level_count == 0);
	if (request->json)
		buffer_append_text(&lookup->out, "]}\n");
	return CH_OK;
}

static enum ch_status list_members(struct lookup *lookup, const struct lookup_request *request)
{
	struct count count = {.lookup = lookup, .request = request, .listing = true};
	uint64_t level = 0;
	if (text_parse_u64(slice_text(request->words[1]), UINT32_MAX, &level) != CH_OK)
		return CH_NOT_FOUND;
	count.wanted = (uint32_t)level;
	if (request->json) {
		buffer_append_text(&lookup->out, "{");
		lookup_as_of(lookup, true);
		buffer_printf(&lookup->out, ",\n \"level\":%" PRIu64 ",\"members\":[", level);
	}
	enum ch_status status = count_all(&count);
	if (request->json)
		buffer_append_text(&lookup->out, "]}\n");
	/* One that has members until they are judged anew is still known. */
	if (status == CH_OK && count.listed == 0 && level > 0 &&
		definitions_level(lookup->definitions, count.wanted) == NULL)
		status = CH_NOT_FOUND;
	return status;
}

/* ---- Why ---- */

static enum ch_status why(
	struct lookup *lookup, const struct lookup_request *request, uint64_t customer)
{
	struct profile profile;
	struct buffer reasons = {0};
	int64_t now_us = lookup_now_us(lookup);
	profile_init(&profile);
	enum ch_status status = lookup_profile(lookup, customer, &profile);
	if (status == CH_OK && request->json) {
		buffer_append_text(&lookup->out, "{");
		lookup_as_of(lookup, true);
		buffer_printf(&lookup->out,
			",\n \"customer\":\"%012" PRIu64 "\",\"level\":%" PRIu32 ",\"levels\":[",
			customer, profile.level);
	} else if (status == CH_OK) {
		lookup_as_of(lookup, false);
		buffer_printf(&lookup->out, "customer %012" PRIu64 " has level %" PRIu32 "\n",
			customer, profile.level);
	}
	for (size_t i = lookup->definitions->level_count; i > 0 && status == CH_OK; i--) {
		const struct definition *it = &lookup->definitions->levels[i - 1];
		struct verdict verdict = judge(it->condition, &profile, now_us, lookup->zone);
		buffer_clear(&reasons);
		judge_explain(it->condition, &profile, now_us, lookup->zone, &reasons);
		if (request->json) {
			buffer_printf(&lookup->out, "%s\n  {\"level\":%s,\"holds\":%s,\"why\":",
				i == lookup->definitions->level_count ? "" : ",", it->name,
				verdict.holds ? "true" : "false");
			number_append_string(&lookup->out, buffer_slice(&reasons));
			buffer_append_text(&lookup->out, "}");
		} else {
			buffer_printf(&lookup->out, "level %s %s\n", it->name,
				verdict.holds ? "holds" : "does not hold");
			buffer_append_slice(&lookup->out, buffer_slice(&reasons));
		}
		if (reasons.status != CH_OK)
			status = reasons.status;
	}
	if (status == CH_OK && request->json)
		buffer_append_text(&lookup->out, "]}\n");
	buffer_fini(&reasons);
	profile_fini(&profile);
	return status;
}

int levels_command(int argc, char **argv, const struct module *module, size_t segments_part_index)
{
	static const struct lookup_form forms[] = {{"members", 2}, {"why", 2}, {NULL, 0}};
	struct lookup_request request = {.program = help.command};
	struct lookup lookup;
	uint64_t customer = 0;
	int result = lookup_parse(argc, argv, forms, &request);
	if (request.help)
		return help_print(&help);
	if (result != 0)
		return help_refuse(&help, NULL, NULL);
	bool members = lookup_asks(&request, "members");
	bool asks_why = lookup_asks(&request, "why");
	if (asks_why && !lookup_customer(&request, request.words[1], &customer))
		return LOOKUP_USAGE;
	result = lookup_open(module, segments_part_index, &request, &lookup);
	if (result != 0)
		return result;
	lookup.kind = asks_why ? "customer" : "level";
	lookup.sought = request.words[1];
	enum ch_status status = asks_why  ? why(&lookup, &request, customer)
				: members ? list_members(&lookup, &request)
					  : list_levels(&lookup, &request);
	return lookup_close(&lookup, &request, status);
}

#include <inttypes.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "kit/help.h"
#include "module/data/number.h"
#include "module/marketing/book_commands.h"
#include "module/marketing/book_lookup.h"
#include "module/marketing/book_tables.h"
#include "module/marketing/segment/judge.h"

static const struct help help = {"carehub-marketing segments",
	"Usage: carehub-marketing segments --config FILE [--json]\n"
	"       carehub-marketing segments --config FILE [--json] [--limit N] members SEGMENT\n"
	"       carehub-marketing segments --config FILE [--json] of CUSTOMER\n"
	"       carehub-marketing segments --config FILE [--json] why SEGMENT CUSTOMER\n"
	"\n"
	"How many customers are in which segment; who; which a customer is in; and why he is in\n"
	"one or is not.\n"
	"\n"
	"  --limit N   at most so many of them\n"
	"  --json      one JSON document\n"
	"\n"
	"Exit status: 0 fine, 1 there is no such segment or customer, 2 unusable, 3 there is no\n"
	"book yet, 64 usage.\n"};

/* ---- Members ---- */

struct member_list {
	struct lookup *lookup;
	const struct lookup_request *request;
	uint64_t count;
	bool printing;
};

static enum ch_status walk_members(struct member_list *list, struct slice segment)
{
	struct book_walk *walk = NULL;
	struct key prefix;
	struct slice key;
	struct slice value;
	uint64_t limit = list->printing ? list->request->limit : 0;
	key_start(&prefix);
	key_text(&prefix, segment);
	list->count = 0;
	enum ch_status status = book_walk_begin(list->lookup->view.txn, TABLE_MEMBERS,
		key_slice(&prefix), (struct slice){NULL, 0}, &walk);
	while (status == CH_OK && (limit == 0 || list->count < limit)) {
		uint64_t customer;
		status = book_walk_next(walk, &key, &value);
		if (status != CH_OK)
			break;
		struct slice rest = slice_sub(key, prefix.len, key.len);
		if (!key_take_u64(&rest, &customer) || value.len != 8)
			status = CH_CORRUPT;
		else if (list->printing)
			lookup_print_member(list->lookup, list->request, customer,
				(int64_t)load_le64(value.data), list->count);
		list->count++;
	}
	book_walk_end(walk);
	return status == CH_END ? CH_OK : status;
}

static enum ch_status list_members(struct lookup *lookup, const struct lookup_request *request)
{
	struct member_list list = {.lookup = lookup, .request = request, .printing = true};
	struct slice name = slice_text(request->words[1]);
	if (definitions_segment(lookup->definitions, name) == NULL)
		return CH_NOT_FOUND;
	if (request->json) {
		buffer_append_text(&lookup->out, "{");
		lookup_as_of(lookup, true);
		buffer_append_text(&lookup->out, ",\n \"segment\":");
		number_append_string(&lookup->out, name);
		buffer_append_text(&lookup->out, ",\"members\":[");
	}
	enum ch_status status = walk_members(&list, name);
	if (request->json)
		buffer_append_text(&lookup->out, "]}\n");
	return status;
}

static enum ch_status list_segments(struct lookup *lookup, const struct lookup_request *request)
{
	enum ch_status status = CH_OK;
	if (request->json) {
		buffer_append_text(&lookup->out, "{");
		lookup_as_of(lookup, true);
		buffer_append_text(&lookup->out, ",\n \"segments\":[");
	} else {
		lookup_as_of(lookup, false);
		buffer_printf(&lookup->out, "%-24s %12s  %s\n", "segment", "customers", "title");
	}
	for (size_t i = 0; i < lookup->definitions->segment_count && status == CH_OK; i++) {
		const struct definition *it = &lookup->definitions->segments[i];
		struct member_list list = {.lookup = lookup, .request = request};
		status = walk_members(&list, slice_text(it->name));
		if (!request->json) {
			buffer_printf(&lookup->out, "%-24s %12" PRIu64 "  %s\n", it->name,
				list.count, it->title);
			continue;
		}
		buffer_printf(&lookup->out,
			"%s\n  {\"segment\":\"%s\",\"customers\":%" PRIu64
			",\"version\":\"%s\",\"title\":",
			i > 0 ? "," : "", it->name, list.count, it->version);
		number_append_string(&lookup->out, slice_text(it->title));
		buffer_append_text(&lookup->out, ",\"where\":");
		number_append_string(&lookup->out, condition_text(it->condition));
		buffer_append_text(&lookup->out, "}");
	}
	if (request->json)
		buffer_append_text(&lookup->out, "]}\n");
	return status;
}

/* ---- One customer ---- */

static enum ch_status list_of(
	struct lookup *lookup, const struct lookup_request *request, uint64_t customer)
{
	static struct standing standing; /* large */
	char time[CLOCK_TEXT_BYTES];
	uint32_t printed = 0;
	enum ch_status status = standing_read(lookup->view.txn, customer, &standing);
	if (status != CH_OK)
		return status;
	if (request->json) {
		buffer_append_text(&lookup->out, "{");
		lookup_as_of(lookup, true);
		buffer_printf(&lookup->out,
			",\n \"customer\":\"%012" PRIu64 "\",\"level\":%" PRIu32 ",\"segments\":[",
			customer, standing.level);
	} else {
		lookup_as_of(lookup, false);
		buffer_printf(&lookup->out, "customer %012" PRIu64 ", level %" PRIu32 "\n",
			customer, standing.level);
	}
	for (uint32_t i = 0; i < standing.count; i++) {
		const struct membership *it = &standing.memberships[i];
		(void)clock_format(it->since_us, time);
		if (!it->member)
			continue;
		buffer_printf(&lookup->out,
			request->json ? "%s\n  {\"segment\":\"%.*s\",\"since\":\"%s\"}"
				      : "%s  %-24.*s since %s",
			request->json && printed > 0 ? "," : "", (int)it->segment.len,
			(const char *)it->segment.data, time);
		buffer_append_text(&lookup->out, request->json ? "" : "\n");
		printed++;
	}
	(void)clock_format(standing.due_us, time);
	if (request->json)
		buffer_append_text(&lookup->out, "]}\n");
	else if (standing.due_us != 0)
		buffer_printf(&lookup->out, "without news, this holds until %s\n", time);
	return CH_OK;
}

static enum ch_status why(
	struct lookup *lookup, const struct lookup_request *request, uint64_t customer)
{
	const struct definition *it =
		definitions_segment(lookup->definitions, slice_text(request->words[1]));
	struct profile profile;
	char time[CLOCK_TEXT_BYTES];
	struct buffer reasons = {0};
	int64_t now_us = lookup_now_us(lookup);
	if (it == NULL)
		return CH_NOT_FOUND;
	lookup->kind = "customer";
	lookup->sought = request->words[2];
	profile_init(&profile);
	enum ch_status status = lookup_profile(lookup, customer, &profile);
	if (status == CH_OK) {
		struct verdict verdict = judge(it->condition, &profile, now_us, lookup->zone);
		judge_explain(it->condition, &profile, now_us, lookup->zone, &reasons);
		(void)clock_format(verdict.next_us, time);
		if (request->json) {
			buffer_append_text(&lookup->out, "{");
			lookup_as_of(lookup, true);
			buffer_printf(&lookup->out,
				",\n \"customer\":\"%012" PRIu64
				"\",\"segment\":\"%s\",\"holds\":%s,\"until\":",
				customer, it->name, verdict.holds ? "true" : "false");
			if (verdict.next_us == JUDGE_NEVER)
				buffer_append_text(&lookup->out, "null");
			else
				buffer_printf(&lookup->out, "\"%s\"", time);
			buffer_append_text(&lookup->out, ",\"why\":");
			number_append_string(&lookup->out, buffer_slice(&reasons));
			buffer_append_text(&lookup->out, "}\n");
		} else {
			lookup_as_of(lookup, false);
			buffer_printf(&lookup->out, "customer %012" PRIu64 " is %s %s\n", customer,
				verdict.holds ? "in" : "not in", it->name);
			buffer_append_slice(&lookup->out, buffer_slice(&reasons));
			if (verdict.next_us != JUDGE_NEVER)
				buffer_printf(
					&lookup->out, "without news, this holds until %s\n", time);
		}
		status = reasons.status;
	}
	buffer_fini(&reasons);
	profile_fini(&profile);
	return status;
}

int segments_command(int argc, char **argv, const struct module *module, size_t segments_part_index)
{
	static const struct lookup_form forms[] = {
		{"members", 2}, {"of", 2}, {"why", 3}, {NULL, 0}};
	struct lookup_request request = {.program = help.command};
	struct lookup lookup;
	uint64_t customer = 0;
	int result = lookup_parse(argc, argv, forms, &request);
	if (request.help)
		return help_print(&help);
	if (result != 0)
		return help_refuse(&help, NULL, NULL);
	bool members = lookup_asks(&request, "members");
	bool of = lookup_asks(&request, "of");
	bool asks_why = lookup_asks(&request, "why");
	if ((of || asks_why) &&
		!lookup_customer(&request, request.words[request.word_count - 1], &customer))
		return LOOKUP_USAGE;
	result = lookup_open(module, segments_part_index, &request, &lookup);
	if (result != 0)
		return result;
	lookup.kind = of ? "customer" : "segment";
	lookup.sought = request.words[1];
	enum ch_status status = asks_why  ? why(&lookup, &request, customer)
				: of      ? list_of(&lookup, &request, customer)
				: members ? list_members(&lookup, &request)
					  : list_segments(&lookup, &request);
	return lookup_close(&lookup, &request, status);
}

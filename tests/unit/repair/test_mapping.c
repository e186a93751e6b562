#include "channel/repair/mapping.h"

#include "support/unit.h"

#include "source.h"

/* What is wrong with a mapping, a line each. */
static const char *problems_of(const char *text, const struct mapping_overrides *overrides)
{
	static struct buffer told;
	struct problems problems = {0};
	struct mapping *mapping = NULL;
	buffer_clear(&told);
	enum ch_status status =
		mapping_parse(slice_text(text), "m", overrides, &problems, &mapping);
	assert_int_equal(status, problems_none(&problems) ? CH_OK : CH_INVALID);
	assert_int_equal(mapping == NULL, status != CH_OK);
	problems_print(&problems, &told);
	problems_fini(&problems);
	mapping_free(mapping);
	return buffer_text(&told);
}

#define HEAD     "[station]\nsource = /s\nid = SH12\n"
#define RETURNED "[event repair.order.returned]\nrepair_order_id = {id}\n"
#define EVENT    "[event repair.order.repaired]\nrepair_order_id = {id}\n"

static void test_usage(void **state)
{
	struct mapping *mapping = source_mapping("[file]\n"
						 "format = csv\n"
						 "charset = GBK\n"
						 "delimiter = tab\n"
						 "[station]\n"
						 "source = /stations/sh12\n"
						 "zone = Asia/Shanghai\n"
						 "[all]\n"
						 "repair_order_id = {工单号}\n"
						 "[event repair.order.repaired]\n"
						 "when = {动作} is 修好 | 更换\n"
						 "verdict = {?结果} -> map results\n"
						 "[values results]\n"
						 "好 = fixed\n"
						 "* = unknown\n");
	struct slice to;
	(void)state;
	assert_int_equal(mapping->format, MAPPING_CSV);
	assert_int_equal(mapping->charset, CHARSET_GB18030);
	assert_int_equal(mapping->delimiter, '\t');
	assert_int_equal(mapping->columns.count, 4); /* with row:digest of the id */
	assert_int_equal(mapping->rule_count, 1);
	const struct value_map *map = mapping->rules->assignments->value.map;
	assert_true(value_map_find(map, SLICE_LITERAL("好"), &to));
	assert_slice_text(to, "fixed");
	assert_true(value_map_find(map, SLICE_LITERAL("?"), &to));
	assert_slice_text(to, "unknown");
	mapping_free(mapping);
}

static void test_builtin(void **state)
{
	(void)state;
	size_t i = 0;
	for (; mapping_builtin_name(i) != NULL; i++) {
		struct slice text = mapping_builtin(mapping_builtin_name(i));
		struct buffer copy = {0};
		buffer_append_slice(&copy, text);
		assert_string_equal(problems_of(buffer_text(&copy), NULL), "");
		buffer_fini(&copy);
	}
	assert_int_equal(i, 3);
	assert_int_equal(mapping_builtin("none").len, 0);
}

/* All mistakes of a file are told in one go. */
static void test_all_mistakes(void **state)
{
	(void)state;
	assert_string_equal(problems_of("stray = 1\n"
					"[file]\n"
					"charset = Big5\n"
					"header = maybe\n"
					"colour = red\n"
					"what is this\n"
					"[station\n"
					"[station]\n"
					"zone = Asia/Atlantis\n"
					"[events]\n"
					"[event repair.order.eaten]\n"
					"[event repair.order.repaired]\n"
					"repair_order_id = {id\n"
					"verdict = fixd\n"
					"verdict = fixed\n"
					"unit.brand = {b}\n"
					"labour_ms = {l} -> parsecs\n"
					"work_text = {w} -> map nothing\n"
					"parts.part_number = {p}\n"
					"customer = {c}\n"
					"customer.phones[pager] = {t}\n"
					"required = station.name\n"
					"when = {a} equals b\n",
				    NULL),
		"m:1: stray: stands before any [section]\n"
		"m:6: is neither 'name = value' nor '[section]'\n"
		"m:7: is a section without ']'\n"
		"m:3: charset: must be UTF-8 or GB18030\n"
		"m:4: header: must be one of yes, no\n"
		"m:5: colour: is no setting of [file]\n"
		"m:9: zone: is not known on this machine\n"
		"m:10: events: is no section: there are file, station, columns, all, event and values\n"
		"m:11: repair.order.eaten: is no event type\n"
		"m:13: repair_order_id: a { without its }\n"
		"m:14: verdict: \"fixd\" is no value of RepairVerdict\n"
		"m:15: verdict: is given twice\n"
		"m:16: unit.brand: is no field of repair.order.repaired\n"
		"m:17: labour_ms: after -> comes map, date, money, list, seconds, minutes, hours or days\n"
		"m:18: work_text: there is no [values] section of that name\n"
		"m:19: parts.part_number: parts is a list: say which element, as [0]\n"
		"m:20: customer: go on to one of: local_id, common_id, member_card, phones, emails, "
		"name, address, birth_date, language, customer_group, company, identifiers, "
		"common_id_assurance, member_card_assurance, gender\n"
		"m:21: customer.phones[pager]: [pager] is no kind of contact: mobile, home, work, fax, other\n"
		"m:23: when: must read `{column} is A | B`, `is not A`, `is filled` or `is empty`\n"
		"m:22: required: nothing is put into station.name\n"
		"m:12: source: is given neither here nor in [station]\n");
}

static void test_single_mistakes(void **state)
{
	static const struct {
		const char *text;
		const char *problem;
	} cases[] = {
		{"", "m: has no [event] section\n"},
		{HEAD EVENT, ""},
		{HEAD RETURNED "charges[0].amount = {a}\n",
			"m:6: charges[0].amount: an amount needs its currency: `-> money CNY`\n"},
		{HEAD RETURNED "charges[0].amount = {a} -> money yuan\n",
			"m:6: charges[0].amount: `-> money` needs a currency: CNY\n"},
		{HEAD EVENT "work_text = {a} -> list\n",
			"m:6: work_text: `-> list` is for lists of texts\n"},
		{HEAD EVENT "repaired_date = {a} -> date DD.MM.\n",
			"m:6: repaired_date: the date pattern cannot be read\n"},
		{HEAD EVENT "time = {a} -> date %d.%m.\n",
			"m:6: time: the date pattern cannot be read\n"},
		{HEAD EVENT "time = {a} -> money CNY\n", "m:6: time: cannot be read in this way\n"},
		{HEAD EVENT "attempt = two\n", "m:6: attempt: \"two\" is not a whole number\n"},
		{HEAD EVENT "attributes = {a}\n",
			"m:6: attributes: say in brackets what it is: attributes[colour]\n"},
		{HEAD EVENT "verdict[0] = {a}\n", "m:6: verdict[0]: takes no brackets here\n"},
		{HEAD EVENT "technician..agent_id = {a}\n",
			"m:6: technician..agent_id: is no path of names joined by dots\n"},
		{HEAD EVENT "digest = sometimes\n", "m:6: digest: is neither record nor fields\n"},
		{HEAD EVENT "verdict = {a} -> map v\n[values v]\nx = fixd\n",
			"m:7: verdict: \"fixd\" is no value of RepairVerdict\n"},
		{HEAD EVENT "[values v]\nx = a\nx = b\n", "m:8: x: is given twice\n"},
		{HEAD "[all]\nquote_id = {q}\n" EVENT,
			"m:5: quote_id: is a field of none of the events\n"},
		{HEAD "[all]\nwhen = {q} is x\n" EVENT,
			"m:5: when: belongs into an [event] section\n"},
		{HEAD "[all]\nverdict = {a}\nverdict = {b}\n" EVENT,
			"m:6: verdict: is given twice\n"},
		{HEAD "[file]\nheader = no\n" EVENT,
			"m: id: is a column that [columns] does not name\n"},
		{HEAD "[file]\nheader = no\n[columns]\n1 = id\n" EVENT, ""},
		{HEAD "[file]\nheader = no\n[columns]\n1 = id\n1 = x\nx = 1\n" EVENT,
			"m:9: x: must be a column's number, from 1\nm:8: 1: is given twice\n"
			"m: id: is a column that [columns] does not name\n"},
		{HEAD "[columns]\n1 = id\n" EVENT,
			"m: columns: are for csv files with header = no\n"},
		{HEAD "[file]\ncharset = GBK\ndelimiter = |\n" EVENT,
			"m: delimiter: | can be half of a GB18030 character: use comma, semicolon or tab\n"},
		{HEAD "[file]\nformat = cloudevents\n" EVENT,
			"m:6: event: has no place in a mapping of cloudevents: each line says what it is\n"},
		{HEAD "[event customer.record.created]\n" EVENT,
			"m:4: customer.record.created: is written by the hub alone\n"},
		{HEAD EVENT "  verdict = {a}\n",
			"m:6: is indented: it would go on with the line above\n"},
		{HEAD EVENT "id = {row:number}\n",
			"m: row:number: is not known; there is row:digest\n"},
		{"\xCD\xF5", "m: is not UTF-8\nm: has no [event] section\n"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(problems_of(cases[i].text, NULL), cases[i].problem);
}

static void test_overrides(void **state)
{
	const struct mapping_overrides good = {
		.source = SLICE_LITERAL("/other"), .station_id = SLICE_LITERAL("X1")};
	const struct mapping_overrides bad = {.zone = SLICE_LITERAL("here")};
	(void)state;
	assert_string_equal(problems_of(EVENT, &good), "");
	assert_string_equal(
		problems_of(HEAD EVENT, &bad), "m: zone: is not known on this machine\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_builtin),
		cmocka_unit_test(test_all_mistakes),
		cmocka_unit_test(test_single_mistakes),
		cmocka_unit_test(test_overrides),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <limits.h>

#include "../draw.h"

#include "base/file.h"
#include "channel/parts/partner.h"
#include "support/scratch.h"

struct files {
	char root[PATH_MAX - 64];
	struct partners partners;
	struct problems problems;
};

static char root[SCRATCH_BYTES];

static void files_init(struct files *files, const char *name)
{
	memset(files, 0, sizeof(*files));
	(void)snprintf(files->root, sizeof(files->root), "%s/%s", root, name);
	assert_int_equal(file_make_dirs(files->root, 0700), CH_OK);
}

static void files_add(const struct files *files, const char *name, const char *text)
{
	char path[PATH_MAX];
	(void)snprintf(path, sizeof(path), "%s/%s", files->root, name);
	assert_int_equal(file_replace(path, slice_text(text), 0600), CH_OK);
}

static enum ch_status files_read(struct files *files)
{
	char out[PATH_MAX];
	(void)snprintf(out, sizeof(out), "%s/out", files->root);
	problems_fini(&files->problems);
	partners_free(&files->partners);
	return partners_read(files->root, out, &files->problems, &files->partners);
}

static bool files_complain(const struct files *files, const char *words)
{
	struct buffer text = {0};
	problems_print(&files->problems, &text);
	bool found = strstr(buffer_text(&text), words) != NULL;
	buffer_fini(&text);
	return found;
}

static void files_fini(struct files *files)
{
	problems_fini(&files->problems);
	partners_free(&files->partners);
}

#define LEAST "[partner]\nnumber = S1\nown_number = PC\n[documents]\nmessages = ORDERS, PRICAT\n"

static void test_usage(void **state)
{
	struct files files;
	const char *types[16];
	(void)state;
	files_init(&files, "usage");
	files_add(&files, "north.conf", LEAST);
	files_add(&files, "north.conf~", "an editor's");
	files_add(&files, ".north.conf", "hidden");
	assert_int_equal(files_read(&files), CH_OK);
	assert_int_equal(files.partners.count, 1);
	const struct partner *north = &files.partners.items[0];
	assert_string_equal(north->name, "north");
	assert_non_null(strstr(north->folder, "/out/north"));
	assert_slice_text(north->terms.qualifier, "14");
	assert_slice_text(north->terms.charset, "UNOC");
	assert_true(north->terms.acknowledge);
	assert_true(north->patience_us == INT64_C(86400000000));
	assert_int_equal(partners_types(&files.partners, types), 2);
	assert_string_equal(types[0], "parts.order.placed");
	assert_string_equal(types[1], "parts.price.listed");
	files_fini(&files);
}

#define X12                                                                                        \
	"[partner]\nnumber = WEST\nown_number = PARTS\n[documents]\nmessages = 850\n"              \
	"[interchange]\nstandard = x12\n"

/* He reads X12: numbers, letters, marks and messages are of that. */
static void test_x12(void **state)
{
	struct files files;
	const char *types[16];
	Carehub__V1__PartsOrderPlaced order = CAREHUB__V1__PARTS_ORDER_PLACED__INIT;
	(void)state;
	files_init(&files, "x12");
	files_add(&files, "west.conf", X12);
	assert_int_equal(files_read(&files), CH_OK);
	const struct partner *west = &files.partners.items[0];
	assert_int_equal(west->terms.standard, STANDARD_X12);
	assert_slice_text(west->terms.qualifier, "ZZ");
	assert_slice_text(west->terms.charset, "extended");
	assert_slice_text(west->terms.version, "004010");
	assert_int_equal(west->terms.marks.terminator, '~');
	assert_false(west->terms.acknowledge);
	assert_true(west->patience_us > 0);
	assert_int_equal(partners_types(&files.partners, types), 1);
	order.buyer_id = (char *)(uintptr_t) "WEST";
	assert_true(partner_wants(west, &script_order, &order.base));
	assert_false(partner_wants(west, &script_prices, &order.base));
	files_add(&files, "west.conf",
		X12 "test = yes\n[x12]\nversion = 005010\ncharset = utf-8\nmarks = 1d1f1e0a\n"
		    "own_code = PARTSEAST\ncode = WESTERN\nta1 = yes\n");
	assert_int_equal(files_read(&files), CH_OK);
	west = &files.partners.items[0];
	assert_slice_text(west->terms.own_code, "PARTSEAST");
	assert_int_equal(west->terms.marks.terminator, '\n');
	assert_true(west->terms.acknowledge && west->terms.test);
	files_fini(&files);
}

/* Whom a document names, and how many of them have to be named. */
static void test_scopes(void **state)
{
	static const struct {
		const char *conf;
		const char *role;
		const char *number;
		bool want;
	} rows[] = {
		{"roles = SU\n", "SU", "S1", true},
		{"roles = SU\n", "BY", "S1", false},
		{"roles = SU\n", "SU", "S2", false},
		{"", "XX", "S1", true},
		{"roles = SU\nfor = unnamed\n", "SU", "S2", false},
		{"roles = SU\nfor = unnamed\n", "BY", "S2", true},
		{"roles = SU\nfor = all\n", "SU", "S2", true},
		{"numbers = 40-1, 40-2\n", "SU", "40-2", true},
		{"numbers = 40-1, 40-2\n", "SU", "S1", false},
	};
	Carehub__V1__PartsOrderPlaced order = CAREHUB__V1__PARTS_ORDER_PLACED__INIT;
	Carehub__V1__TradeParty party = CAREHUB__V1__TRADE_PARTY__INIT;
	Carehub__V1__TradeParty *parties[] = {&party};
	struct files files;
	char text[512];
	(void)state;
	files_init(&files, "scopes");
	order.parties = parties;
	order.n_parties = 1;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		(void)snprintf(text, sizeof(text), LEAST "%s", rows[i].conf);
		files_add(&files, "north.conf", text);
		assert_int_equal(files_read(&files), CH_OK);
		party.role = (char *)(uintptr_t)rows[i].role;
		party.party_id = (char *)(uintptr_t)rows[i].number;
		assert_int_equal(
			partner_wants(&files.partners.items[0], &script_order, &order.base),
			rows[i].want);
		assert_false(partner_wants(&files.partners.items[0], &script_change, &order.base));
	}
	/* A station without a party, as other channels tell it. */
	order.n_parties = 0;
	order.station_id = (char *)(uintptr_t) "S1";
	files_add(&files, "north.conf", LEAST "roles = BY\n");
	assert_int_equal(files_read(&files), CH_OK);
	assert_true(partner_wants(&files.partners.items[0], &script_order, &order.base));
	files_fini(&files);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text;
		const char *words;
	} rows[] = {
		{"[partner]\nnumber = S1\n", "own_number"},
		{"[partner]\nnumber = S1\nown_number = PC\n", "documents.messages"},
		{LEAST "[interchange]\nsyntax = UNOZ\n", "interchange.syntax"},
		{LEAST "[interchange]\ndirectory = D96A\n", "interchange.directory"},
		{LEAST "[interchange]\nassociation = EAN-8\n", "interchange.association"},
		{"[partner]\nnumber = S 1\nown_number = PC\n[documents]\nmessages = ORDERS\n",
			"partner.number"},
		{"[partner]\nnumber = s1\nown_number = PC\n[documents]\nmessages = ORDERS\n"
		 "[interchange]\nsyntax = UNOA\n",
			"partner.number"},
		{"[partner]\nnumber = S1\nown_number = PC\n[documents]\nmessages = INVOIC\n",
			"is none of ORDERS"},
		{"[partner]\nnumber = S1\nown_number = PC\n[documents]\nmessages = 850\n",
			"850 is no message of EDIFACT"},
		{"[partner]\nnumber = S1\nown_number = PC\n[documents]\nmessages = ORDERS\n"
		 "[interchange]\nstandard = x12\n",
			"ORDERS is no message of X12"},
		{X12 "[x12]\nmarks = *:^*\n", "x12.marks"},
		{X12 "[x12]\ncharset = UNOC\n", "x12.charset"},
		{X12 "[x12]\nversion = 003040\n", "x12.version"},
		{X12 "[x12]\ncode = W\n", "x12.code"},
	};
	struct files files;
	(void)state;
	files_init(&files, "mistakes");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		files_add(&files, "north.conf", rows[i].text);
		assert_int_equal(files_read(&files), CH_INVALID);
		assert_true(files_complain(&files, rows[i].words));
		assert_int_equal(files.partners.count, 0);
	}
	/* All mistakes of all files in one pass. */
	files_add(&files, "south.conf", "[partner]\nnumber = S2\n");
	files_add(&files, "a b.conf", LEAST);
	files_add(&files, "c d.conf", LEAST);
	assert_int_equal(files_read(&files), CH_INVALID);
	assert_true(files_complain(&files, "north.conf"));
	assert_true(files_complain(&files, "south.conf"));
	assert_true(files_complain(&files, "a b.conf"));
	assert_true(files_complain(&files, "c d.conf"));
	files_fini(&files);
}

static void test_shared_folder(void **state)
{
	struct files files;
	char text[PATH_MAX + 256];
	(void)state;
	files_init(&files, "shared");
	(void)snprintf(text, sizeof(text),
		"[partner]\nnumber = S1\nown_number = PC\nfolder = %s/out/here\n"
		"[documents]\nmessages = ORDERS\n",
		files.root);
	files_add(&files, "a.conf", text);
	files_add(&files, "b.conf", text);
	assert_int_equal(files_read(&files), CH_INVALID);
	assert_true(files_complain(&files, "is that of a, too"));
	files_fini(&files);
}

static void test_no_folder(void **state)
{
	struct files files;
	(void)state;
	files_init(&files, "none");
	(void)strcat(files.root, "/gone");
	assert_int_equal(files_read(&files), CH_INVALID);
	assert_true(files_complain(&files, "parts.partners"));
	files_fini(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_x12),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_shared_folder),
		cmocka_unit_test(test_no_folder),
	};
	scratch_make(root, "partner");
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	scratch_remove(root);
	return failed;
}

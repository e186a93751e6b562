#include <dirent.h>
#include <limits.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../draw.h"

#include "base/file.h"
#include "channel/parts/mailroom.h"
#include "support/scratch.h"

#define NOW_US  INT64_C(1795339860000000)
#define HOUR_US INT64_C(3600000000)

static const char north_conf[] = "[partner]\nnumber = S1\nown_number = PC\n"
				 "[documents]\nmessages = ORDERS\nroles = SU\n";
static const char south_conf[] =
	"[partner]\nnumber = S2\nown_number = PC\n"
	"[interchange]\nsyntax = UNOY\n[documents]\nmessages = ORDERS\nfor = all\n"
	"[answers]\npatience = 2h\n";

/* A mailroom with its folders, and one order to be sent. */
struct house {
	char root[PATH_MAX - 64];
	struct partners partners;
	struct mailroom *mailroom;
	struct obstacle obstacle;
	Carehub__V1__PartsOrderPlaced order;
	Carehub__V1__PartsOrderLine line;
	Carehub__V1__PartsOrderLine *lines[1];
	Carehub__V1__Decimal quantity;
	Carehub__V1__TradeParty seller;
	Carehub__V1__TradeParty *parties[1];
};

static void write_file(const struct house *house, const char *name, const char *text)
{
	char path[PATH_MAX];
	(void)snprintf(path, sizeof(path), "%s/%s", house->root, name);
	assert_int_equal(file_replace(path, slice_text(text), 0600), CH_OK);
}

static enum ch_status house_open(struct house *house)
{
	char folder[PATH_MAX];
	char out[PATH_MAX];
	char state[PATH_MAX];
	struct problems problems = {0};
	(void)snprintf(folder, sizeof(folder), "%s/partners", house->root);
	(void)snprintf(out, sizeof(out), "%s/out", house->root);
	(void)snprintf(state, sizeof(state), "%s/state", house->root);
	assert_int_equal(partners_read(folder, out, &problems, &house->partners), CH_OK);
	const struct mailroom_options options = {.state = state, .partners = &house->partners};
	return mailroom_open(&options, NOW_US, &house->mailroom);
}

static void house_close(struct house *house)
{
	mailroom_close(house->mailroom);
	house->mailroom = NULL;
	partners_free(&house->partners);
}

static char root[SCRATCH_BYTES];

static void house_init(struct house *house, const char *name)
{
	char folder[PATH_MAX];
	assert_true(sodium_init() >= 0);
	memset(house, 0, sizeof(*house));
	(void)snprintf(house->root, sizeof(house->root), "%s/%s", root, name);
	(void)snprintf(folder, sizeof(folder), "%s/partners", house->root);
	assert_int_equal(file_make_dirs(folder, 0700), CH_OK);
	write_file(house, "partners/north.conf", north_conf);
	write_file(house, "partners/south.conf", south_conf);
	carehub__v1__parts_order_placed__init(&house->order);
	carehub__v1__parts_order_line__init(&house->line);
	carehub__v1__decimal__init(&house->quantity);
	carehub__v1__trade_party__init(&house->seller);
	house->quantity.unscaled = 2;
	house->line.quantity = &house->quantity;
	house->lines[0] = &house->line;
	house->seller.role = (char *)(uintptr_t) "SU";
	house->seller.party_id = (char *)(uintptr_t) "S1";
	house->parties[0] = &house->seller;
	house->order.parts_order_id = (char *)(uintptr_t) "A-1";
	house->order.lines = house->lines;
	house->order.n_lines = 1;
	house->order.parties = house->parties;
	house->order.n_parties = 1;
	assert_int_equal(house_open(house), CH_OK);
}

static enum ch_status take(struct house *house, const char *id)
{
	const struct mailroom_event event = {.source = SLICE_LITERAL("urn:desk"),
		.id = slice_text(id),
		.type = SLICE_LITERAL("parts.order.placed"),
		.message = &house->order.base,
		.time_us = NOW_US,
		.arrival_us = NOW_US};
	house->obstacle.words[0] = 0;
	return mailroom_take(house->mailroom, &event, NOW_US, &house->obstacle);
}

static enum ch_status take_answer(struct house *house, const char *reference, const char *sender,
	Carehub__V1__SyntaxAction action)
{
	Carehub__V1__PartsInterchangeAcknowledged said =
		CAREHUB__V1__PARTS_INTERCHANGE_ACKNOWLEDGED__INIT;
	Carehub__V1__InterchangeRef subject = CAREHUB__V1__INTERCHANGE_REF__INIT;
	struct obstacle obstacle;
	subject.interchange_id = (char *)(uintptr_t)reference;
	subject.sender = (char *)(uintptr_t) "PC";
	subject.recipient = (char *)(uintptr_t)sender;
	said.subject = &subject;
	said.action = action;
	const struct mailroom_event event = {.source = SLICE_LITERAL("urn:parts:S1"),
		.id = slice_text(reference),
		.type = SLICE_LITERAL("parts.interchange.acknowledged"),
		.message = &said.base,
		.arrival_us = NOW_US};
	return mailroom_take(house->mailroom, &event, NOW_US, &obstacle);
}

static bool is_there(const struct house *house, const char *name)
{
	char path[PATH_MAX];
	(void)snprintf(path, sizeof(path), "%s/out/%s", house->root, name);
	return access(path, F_OK) == 0;
}

static void move(const struct house *house, const char *from, const char *to)
{
	char old_path[PATH_MAX];
	char new_path[PATH_MAX];
	(void)snprintf(old_path, sizeof(old_path), "%s/out/%s", house->root, from);
	(void)snprintf(new_path, sizeof(new_path), "%s/out/%s", house->root, to);
	assert_int_equal(rename(old_path, new_path), 0);
}

static struct mailroom_counts counts_of(struct house *house)
{
	struct mailroom_counts counts;
	mailroom_count(house->mailroom, &counts);
	return counts;
}

static void test_usage(void **state)
{
	struct house house;
	(void)state;
	house_init(&house, "usage");
	assert_int_equal(take(&house, "1"), CH_OK);
	assert_true(is_there(&house, "north/ORDERS-10000000001.edi"));
	assert_true(is_there(&house, "south/ORDERS-10000000002.edi"));
	/* The same event once more, in this life and the next: nothing goes out. */
	move(&house, "north/ORDERS-10000000001.edi", "taken");
	assert_int_equal(take(&house, "1"), CH_OK);
	house_close(&house);
	assert_int_equal(house_open(&house), CH_OK);
	assert_int_equal(take(&house, "1"), CH_OK);
	assert_false(is_there(&house, "north/ORDERS-10000000001.edi"));
	assert_int_equal(take(&house, "2"), CH_OK);
	assert_true(is_there(&house, "north/ORDERS-10000000003.edi"));
	house_close(&house);
}

/* Killed behind the line, before the rename: the next life makes it visible, once. */
static void test_killed_before_rename(void **state)
{
	struct house house;
	(void)state;
	house_init(&house, "renamed");
	assert_int_equal(take(&house, "1"), CH_OK);
	move(&house, "north/ORDERS-10000000001.edi", "north/.ORDERS-10000000001.edi");
	house_close(&house);
	assert_int_equal(house_open(&house), CH_OK);
	assert_true(is_there(&house, "north/ORDERS-10000000001.edi"));
	/* Also when it is the same life that could not rename. */
	move(&house, "north/ORDERS-10000000001.edi", "north/.ORDERS-10000000001.edi");
	assert_int_equal(take(&house, "1"), CH_OK);
	assert_true(is_there(&house, "north/ORDERS-10000000001.edi"));
	house_close(&house);
}

/* Killed before the line: what lies hidden was told to nobody, and its number is used by the next. */
static void test_killed_before_line(void **state)
{
	struct house house;
	(void)state;
	house_init(&house, "lined");
	write_file(&house, "out/north/.ORDERS-10000000001.edi", "half");
	write_file(&house, "out/north/.ORDRSP-10000000001.edi", "half");
	write_file(&house, "out/north/.ORDERS-10000000009.edi", "half");
	write_file(&house, "out/north/.profile", "somebody else's");
	house_close(&house);
	assert_int_equal(house_open(&house), CH_OK);
	assert_false(is_there(&house, "north/.ORDERS-10000000001.edi"));
	assert_false(is_there(&house, "north/.ORDERS-10000000009.edi"));
	assert_true(is_there(&house, "north/.profile"));
	assert_int_equal(take(&house, "1"), CH_OK);
	/* A leftover of another message under a number that is used since is not that one. */
	write_file(&house, "out/north/.ORDRSP-10000000001.edi", "half");
	house_close(&house);
	assert_int_equal(house_open(&house), CH_OK);
	assert_false(is_there(&house, "north/.ORDRSP-10000000001.edi"));
	assert_false(is_there(&house, "north/ORDRSP-10000000001.edi"));
	house_close(&house);
}

/* One cannot get it, the other has it; and when that is mended, the first gets it alone. */
static void test_obstacle(void **state)
{
	struct house house;
	(void)state;
	house_init(&house, "obstacle");
	house.seller.name = (char *)(uintptr_t) "明远";
	assert_int_equal(take(&house, "1"), CH_INVALID);
	assert_non_null(strstr(house.obstacle.words, "north: parties.name"));
	assert_true(is_there(&house, "south/ORDERS-10000000001.edi"));
	house.seller.name = (char *)(uintptr_t) "Mingyuan";
	assert_int_equal(take(&house, "1"), CH_OK);
	assert_true(is_there(&house, "north/ORDERS-10000000002.edi"));
	assert_int_equal(counts_of(&house).written, 2);
	assert_int_equal(counts_of(&house).refused, 1);
	house_close(&house);
}

static void test_who_wants_it(void **state)
{
	Carehub__V1__InterchangeRef origin = CAREHUB__V1__INTERCHANGE_REF__INIT;
	struct house house;
	(void)state;
	house_init(&house, "wants");
	/* Another seller's, and one from him; south gets all but his own. */
	house.seller.party_id = (char *)(uintptr_t) "S9";
	assert_int_equal(take(&house, "1"), CH_OK);
	house.seller.party_id = (char *)(uintptr_t) "S1";
	house.seller.role = (char *)(uintptr_t) "BY";
	assert_int_equal(take(&house, "2"), CH_OK);
	house.seller.role = (char *)(uintptr_t) "SU";
	origin.sender = (char *)(uintptr_t) "S1";
	house.order.interchange = &origin;
	assert_int_equal(take(&house, "3"), CH_OK);
	assert_false(is_there(&house, "north/ORDERS-10000000001.edi"));
	assert_true(is_there(&house, "south/ORDERS-10000000003.edi"));
	origin.sender = (char *)(uintptr_t) "S2";
	assert_int_equal(take(&house, "4"), CH_OK);
	assert_true(is_there(&house, "north/ORDERS-10000000004.edi"));
	assert_int_equal(counts_of(&house).written, 4);
	house_close(&house);
}

static void test_answers(void **state)
{
	struct house house;
	(void)state;
	house_init(&house, "answers");
	assert_int_equal(take(&house, "1"), CH_OK);
	assert_int_equal(take(&house, "2"), CH_OK);
	assert_int_equal(mailroom_look(house.mailroom, NOW_US), CH_OK);
	assert_int_equal(counts_of(&house).awaited, 4);
	/* Somebody else's word is nothing; neither is one about what never was. */
	assert_int_equal(take_answer(&house, "10000000001", "S2",
				 CAREHUB__V1__SYNTAX_ACTION__SYNTAX_ACTION_REJECTED),
		CH_OK);
	assert_int_equal(take_answer(&house, "0000000001", "S1",
				 CAREHUB__V1__SYNTAX_ACTION__SYNTAX_ACTION_REJECTED),
		CH_OK);
	assert_int_equal(take_answer(&house, "10000000001", "S1",
				 CAREHUB__V1__SYNTAX_ACTION__SYNTAX_ACTION_RECEIVED),
		CH_OK);
	assert_int_equal(counts_of(&house).rejected, 0);
	assert_int_equal(take_answer(&house, "10000000001", "S1",
				 CAREHUB__V1__SYNTAX_ACTION__SYNTAX_ACTION_ACKNOWLEDGED),
		CH_OK);
	assert_int_equal(take_answer(&house, "10000000002", "S2",
				 CAREHUB__V1__SYNTAX_ACTION__SYNTAX_ACTION_REJECTED),
		CH_OK);
	assert_int_equal(counts_of(&house).acknowledged, 1);
	assert_int_equal(counts_of(&house).rejected, 1);
	/* South has two hours, north a day. */
	assert_int_equal(mailroom_look(house.mailroom, NOW_US + 3 * HOUR_US), CH_OK);
	assert_int_equal(counts_of(&house).awaited, 2);
	assert_int_equal(counts_of(&house).missing, 1);
	house_close(&house);
	assert_int_equal(house_open(&house), CH_OK);
	assert_int_equal(mailroom_look(house.mailroom, NOW_US + 25 * HOUR_US), CH_OK);
	assert_int_equal(counts_of(&house).missing, 2);
	assert_int_equal(take_answer(&house, "10000000003", "S1",
				 CAREHUB__V1__SYNTAX_ACTION__SYNTAX_ACTION_ACKNOWLEDGED),
		CH_OK);
	assert_int_equal(mailroom_look(house.mailroom, NOW_US + 26 * HOUR_US), CH_OK);
	assert_int_equal(counts_of(&house).missing, 1);
	house_close(&house);
}

static enum ch_status take_997(
	struct house *house, const char *standard, Carehub__V1__SyntaxAction action)
{
	Carehub__V1__PartsInterchangeAcknowledged said =
		CAREHUB__V1__PARTS_INTERCHANGE_ACKNOWLEDGED__INIT;
	Carehub__V1__InterchangeRef subject = CAREHUB__V1__INTERCHANGE_REF__INIT;
	Carehub__V1__SyntaxError note = CAREHUB__V1__SYNTAX_ERROR__INIT;
	Carehub__V1__SyntaxError *notes[] = {&note};
	struct obstacle obstacle;
	subject.standard = (char *)(uintptr_t)standard;
	subject.interchange_id = (char *)(uintptr_t) "500000003";
	subject.sender = (char *)(uintptr_t) "PARTS";
	subject.recipient = (char *)(uintptr_t) "WEST";
	said.subject = &subject;
	said.action = action;
	said.errors = notes;
	said.n_errors = 1;
	const struct mailroom_event event = {.source = SLICE_LITERAL("urn:parts:WEST"),
		.id = SLICE_LITERAL("997"),
		.type = SLICE_LITERAL("parts.interchange.acknowledged"),
		.message = &said.base,
		.arrival_us = NOW_US};
	return mailroom_take(house->mailroom, &event, NOW_US, &obstacle);
}

/* Another standard has other names and references, counted through with the rest; and what was written is known by
 * them when the partner has changed to another one. */
static void test_x12(void **state)
{
	struct house house;
	(void)state;
	house_init(&house, "x12");
	write_file(&house, "partners/west.conf",
		"[partner]\nnumber = WEST\nown_number = PARTS\n[interchange]\nstandard = x12\n"
		"[documents]\nmessages = 850, 860\nfor = all\n");
	house_close(&house);
	assert_int_equal(house_open(&house), CH_OK);
	assert_int_equal(take(&house, "1"), CH_OK);
	assert_true(is_there(&house, "west/850-500000003.x12"));
	/* Killed behind the line, or before it. */
	move(&house, "west/850-500000003.x12", "west/.850-500000003.x12");
	write_file(&house, "out/west/.850-500000004.x12", "half");
	write_file(&house, "out/west/.850-10000000003.edi", "somebody else's");
	house_close(&house);
	write_file(&house, "partners/west.conf",
		"[partner]\nnumber = WEST\nown_number = PARTS\n[documents]\nmessages = ORDERS\n");
	assert_int_equal(house_open(&house), CH_OK);
	assert_true(is_there(&house, "west/850-500000003.x12"));
	assert_false(is_there(&house, "west/.850-500000004.x12"));
	assert_true(is_there(&house, "west/.850-10000000003.edi"));
	assert_int_equal(
		take_997(&house, "EDIFACT", CAREHUB__V1__SYNTAX_ACTION__SYNTAX_ACTION_REJECTED),
		CH_OK);
	assert_int_equal(counts_of(&house).rejected, 0);
	/* A TA1 says that it came, a 997 what became of it; an error in one that is taken is a note. */
	assert_int_equal(
		take_997(&house, "X12", CAREHUB__V1__SYNTAX_ACTION__SYNTAX_ACTION_RECEIVED), CH_OK);
	assert_int_equal(counts_of(&house).acknowledged, 0);
	assert_int_equal(
		take_997(&house, "X12", CAREHUB__V1__SYNTAX_ACTION__SYNTAX_ACTION_ACKNOWLEDGED),
		CH_OK);
	assert_int_equal(counts_of(&house).acknowledged, 1);
	assert_int_equal(
		take_997(&house, "X12", CAREHUB__V1__SYNTAX_ACTION__SYNTAX_ACTION_PARTIAL), CH_OK);
	assert_int_equal(counts_of(&house).rejected, 1);
	house_close(&house);
}

/* From before the book was begun: nobody knows who has it. */
static void test_old(void **state)
{
	struct house house;
	(void)state;
	house_init(&house, "old");
	const struct mailroom_event event = {.source = SLICE_LITERAL("urn:desk"),
		.id = SLICE_LITERAL("0"),
		.type = SLICE_LITERAL("parts.order.placed"),
		.message = &house.order.base,
		.arrival_us = NOW_US - 1};
	assert_int_equal(mailroom_take(house.mailroom, &event, NOW_US, &house.obstacle), CH_OK);
	assert_int_equal(counts_of(&house).written, 0);
	house_close(&house);
}

/* A folder that cannot be written to: nothing is used up, and it goes on when it can. */
static void test_folder_gone(void **state)
{
	struct house house;
	(void)state;
	house_init(&house, "gone");
	move(&house, "north", "away");
	assert_int_not_equal(take(&house, "1"), CH_OK);
	move(&house, "away", "north");
	assert_int_equal(take(&house, "1"), CH_OK);
	assert_true(is_there(&house, "north/ORDERS-10000000001.edi"));
	house_close(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_killed_before_rename),
		cmocka_unit_test(test_killed_before_line),
		cmocka_unit_test(test_obstacle),
		cmocka_unit_test(test_who_wants_it),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_x12),
		cmocka_unit_test(test_old),
		cmocka_unit_test(test_folder_gone),
	};
	scratch_make(root, "mailroom");
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	scratch_remove(root);
	return failed;
}

/* Whose event is it: the rules of identity, each by an example. */
#include "core/view.h"
#include "world.h"

#define SALE .type = "pos.sale.completed"

static void test_same_phone_same_customer(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	uint64_t wang = world_file(
		&world, (struct told){.id = "1", SALE, .phone = "139 1234 5678", .name = "王伟"});
	assert_int_not_equal(wang, 0);
	assert_true(world_derived(&world, "customer.record.created"));
	/* Another way to write it, and no name at all. */
	assert_int_equal(
		world_file(&world, (struct told){.id = "2", SALE, .phone = "+86-139-1234-5678"}),
		wang);
	/* A form of address does not contradict. */
	assert_int_equal(
		world_file(&world,
			(struct told){.id = "3", SALE, .phone = "13912345678", .name = "王先生"}),
		wang);
	/* Full-width digits, another script. */
	assert_int_equal(world_file(&world, (struct told){.id = "4",
						    SALE,
						    .phone = "１３９１２３４５６７８",
						    .name = "Wang Wei"}),
		wang);
	world_close(&world);
}

static void test_no_key_no_customer(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	assert_int_equal(world_file(&world, (struct told){.id = "1", SALE}), 0);
	assert_int_equal(world_file(&world, (struct told){.id = "2", SALE, .name = "王伟"}), 0);
	/* What stands for "none" is no key; a short code is no number; letters spell no number. */
	assert_int_equal(world_file(&world, (struct told){.id = "3", SALE, .card = "00000000"}), 0);
	assert_int_equal(world_file(&world, (struct told){.id = "4", SALE, .phone = "95588"}), 0);
	assert_int_equal(
		world_file(&world, (struct told){.id = "5", SALE, .phone = "1-800-FLOWERS"}), 0);
	assert_int_equal(
		world_file(&world, (struct told){.id = "6", SALE, .email = "anonymous"}), 0);
	world_close(&world);
}

static void test_a_contradicting_name_is_another_person(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	uint64_t wang = world_file(
		&world, (struct told){.id = "1", SALE, .phone = "13912345678", .name = "王伟"});
	uint64_t li = world_file(
		&world, (struct told){.id = "2", SALE, .phone = "13912345678", .name = "李娜"});
	assert_int_not_equal(li, 0);
	assert_int_not_equal(li, wang);
	assert_true(world_derived(&world, "customer.review.opened"));
	unsigned reviews = world_count(&world, TABLE_REVIEW, (struct slice){NULL, 0});
	/* From now on the number is a household's: the name tells whose. */
	assert_int_equal(
		world_file(&world,
			(struct told){.id = "3", SALE, .phone = "13912345678", .name = "王伟"}),
		wang);
	assert_int_equal(
		world_file(&world,
			(struct told){.id = "4", SALE, .phone = "13912345678", .name = "李娜"}),
		li);
	/* ... and without a name it is nobody's alone. */
	assert_int_equal(
		world_file(&world, (struct told){.id = "5", SALE, .phone = "13912345678"}), 0);
	/* The pair was asked about once. */
	assert_int_equal(world_count(&world, TABLE_REVIEW, (struct slice){NULL, 0}), reviews);
	world_close(&world);
}

static void test_a_claim_never_opens_anothers_record(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	uint64_t wang = world_file(
		&world, (struct told){.id = "1", SALE, .phone = "13912345678", .name = "王伟"});
	uint64_t form = world_file(&world,
		(struct told){
			.id = "2", SALE, .peer = "web", .phone = "13912345678", .name = "王伟"});
	assert_int_not_equal(form, wang);
	/* The same form again is the same stranger. */
	assert_int_equal(world_file(&world, (struct told){.id = "3",
						    SALE,
						    .peer = "web",
						    .phone = "13912345678",
						    .name = "王伟"}),
		form);
	/* What the event says outweighs what the peer usually brings. */
	assert_int_equal(world_file(&world, (struct told){.id = "4",
						    SALE,
						    .peer = "web",
						    .phone = "13912345678",
						    .assurance = 2}),
		wang);
	world_close(&world);
}

/* What the owner of a proven record only said himself leads no stranger to it; a steward is asked. */
static void test_a_claim_finds_no_proven_record(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	/* He showed his card, and only said the number. */
	uint64_t wang = world_file(&world,
		(struct told){
			.id = "1", SALE, .card = "M-100", .phone = "13912345678", .assurance = 1});
	struct told form = {.id = "2", SALE, .peer = "web", .phone = "13912345678"};
	uint64_t stranger = world_file(&world, form);
	assert_int_not_equal(stranger, wang);
	assert_true(world_derived(&world, "customer.review.opened"));
	/* Who has shown nothing is found by what he claimed. */
	form.id = "3";
	assert_int_equal(world_file(&world, form), stranger);
	/* And the card finds its owner, whatever is claimed beside it. */
	assert_int_equal(world_file(&world, (struct told){.id = "4",
						    SALE,
						    .card = "M-100",
						    .phone = "13912345678",
						    .assurance = 1}),
		wang);
	world_close(&world);
}

/* Whoever looks a number up sees the customer before what was made of those who only said it. */
static void test_who_has_shown_his_key_is_found_first(void **state)
{
	struct world world;
	struct rtxn *rtxn = NULL;
	struct view_holder holders[VIEW_HOLDERS];
	uint32_t count = 0;
	uint64_t wanted[4];
	(void)state;
	world_open(&world);
	struct told call = {.id = "1", SALE, .peer = "web", .phone = "13912345678", .name = "王伟"};
	wanted[2] = world_file(&world, call);
	call.id = "2";
	call.name = "李娜";
	wanted[3] = world_file(&world, call);
	wanted[1] = world_file(&world, (struct told){.id = "3",
					       SALE,
					       .card = "M-100",
					       .name = "赵六",
					       .phone = "13912345678",
					       .assurance = 1});
	wanted[0] = world_file(
		&world, (struct told){.id = "4", SALE, .name = "孙七", .phone = "13912345678"});
	assert_int_equal(rtxn_begin(world.state, &rtxn), CH_OK);
	assert_int_equal(
		view_find(rtxn, KEY_PHONE, SLICE_LITERAL("139 1234 5678"), "CN", holders, &count),
		CH_OK);
	assert_int_equal(count, 4);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(holders[i].number, wanted[i]);
		assert_int_equal(holders[i].verified, i == 0);
		assert_int_equal(holders[i].proven, i < 2);
	}
	rtxn_end(rtxn);
	world_close(&world);
}

/* A serial number is read at a counter and typed in on the web. */
static void test_a_typed_serial_never_opens_anothers_record(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	uint64_t wang = world_file(&world, (struct told){.id = "1",
						   .type = "repair.order.received",
						   .phone = "13912345678",
						   .assurance = 2,
						   .serial = "SN-77"});
	assert_int_not_equal(world_file(&world, (struct told){.id = "2",
							.type = "website.warranty.registered",
							.phone = "13900000000",
							.assurance = 1,
							.serial = "SN-77"}),
		wang);
	/* At the next counter the plate is read again. */
	assert_int_equal(world_file(&world, (struct told){.id = "3",
						    .type = "repair.order.received",
						    .record = "R2",
						    .serial = "SN-77"}),
		wang);
	world_close(&world);
}

static void test_unique_keys_outweigh_shared_ones(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	uint64_t wang = world_file(
		&world, (struct told){.id = "1", SALE, .card = "M-100", .phone = "13912345678"});
	/* The card names him whatever the name says: he has married. */
	assert_int_equal(world_file(&world,
				 (struct told){.id = "2", SALE, .card = "m100", .name = "Zhao Li"}),
		wang);
	/* Another card on the same telephone is another person. */
	uint64_t other = world_file(
		&world, (struct told){.id = "3", SALE, .card = "M-200", .phone = "13912345678"});
	assert_int_not_equal(other, wang);
	assert_true(world_derived(&world, "customer.review.opened"));
	/* The card goes on winning, and a telephone that leads elsewhere is only a question. */
	assert_int_equal(
		world_file(&world,
			(struct told){.id = "4", SALE, .card = "M-200", .phone = "13800001111"}),
		other);
	world_close(&world);
}

static void test_a_systems_own_number_is_its_own(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	uint64_t a = world_file(
		&world, (struct told){.id = "1", SALE, .source = "urn:a", .local_id = "C-7001"});
	assert_int_not_equal(a, 0);
	assert_int_equal(
		world_file(&world,
			(struct told){.id = "2", SALE, .source = "urn:a", .local_id = "C-7001"}),
		a);
	assert_int_not_equal(
		world_file(&world,
			(struct told){.id = "1", SALE, .source = "urn:b", .local_id = "C-7001"}),
		a);
	world_close(&world);
}

static void test_a_key_shared_by_too_many_finds_nobody(void **state)
{
	static const char *const names[] = {"王伟", "李娜", "张敏", "刘洋", "陈静", "杨磊"};
	struct world world;
	char id[8];
	(void)state;
	world_open(&world);
	uint64_t customers[6];
	for (int i = 0; i < 6; i++) {
		snprintf(id, sizeof(id), "%d", i);
		customers[i] = world_file(&world,
			(struct told){.id = id, SALE, .phone = "01088886666", .name = names[i]});
		for (int j = 0; j < i; j++)
			assert_int_not_equal(customers[i], customers[j]);
	}
	/* Six hold it and five are the limit: not even the right name finds one. */
	uint64_t again = world_file(
		&world, (struct told){.id = "x", SALE, .phone = "01088886666", .name = names[0]});
	assert_int_not_equal(again, customers[0]);
	/* An extension makes it another number. */
	uint64_t desk = world_file(&world,
		(struct told){.id = "y", SALE, .phone = "010-88886666转8001", .name = names[1]});
	assert_int_equal(world_file(&world, (struct told){.id = "z",
						    SALE,
						    .phone = "010 8888 6666 ext. 8001",
						    .name = names[1]}),
		desk);
	world_close(&world);
}

static void test_blocked_values_match_nobody(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	char settings[256];
	snprintf(settings, sizeof(settings), "block.phone=+8613800138000\n%s", world_settings);
	world_set(&world, settings);
	assert_int_equal(
		world_file(&world, (struct told){.id = "1", SALE, .phone = "13800138000"}), 0);
	world_close(&world);
}

static void test_the_record_tells_whose_it_is(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	uint64_t wang = world_file(&world, (struct told){.id = "1",
						   .type = "repair.order.received",
						   .record = "R7",
						   .serial = "SN-77",
						   .phone = "13912345678",
						   .name = "王伟"});
	/* The bench names nobody; the repair does. */
	assert_int_equal(
		world_file(&world,
			(struct told){.id = "2", .type = "repair.order.repaired", .record = "R7"}),
		wang);
	/* The unit comes back under another repair. */
	assert_int_equal(world_file(&world, (struct told){.id = "3",
						    .type = "repair.order.received",
						    .record = "R8",
						    .serial = "sn 77"}),
		wang);
	/* A serial number alone opens no record. */
	assert_int_equal(world_file(&world, (struct told){.id = "4",
						    .type = "repair.order.received",
						    .record = "R9",
						    .serial = "SN-99"}),
		0);
	world_close(&world);
}

static void test_two_stations_may_number_alike(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	uint64_t wang = world_file(&world, (struct told){.id = "1",
						   .type = "repair.order.received",
						   .record = "1",
						   .phone = "13912345678"});
	uint64_t li = world_file(&world, (struct told){.id = "2",
						 .type = "repair.order.received",
						 .record = "1",
						 .peer = "west",
						 .serial = "SN-2",
						 .phone = "13800001111"});
	assert_int_not_equal(wang, li);
	assert_int_equal(world_file(&world, (struct told){.id = "3",
						    .type = "repair.order.repaired",
						    .record = "1",
						    .peer = "west"}),
		li);
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_phone_same_customer),
		cmocka_unit_test(test_no_key_no_customer),
		cmocka_unit_test(test_a_contradicting_name_is_another_person),
		cmocka_unit_test(test_a_claim_never_opens_anothers_record),
		cmocka_unit_test(test_a_claim_finds_no_proven_record),
		cmocka_unit_test(test_who_has_shown_his_key_is_found_first),
		cmocka_unit_test(test_a_typed_serial_never_opens_anothers_record),
		cmocka_unit_test(test_unique_keys_outweigh_shared_ones),
		cmocka_unit_test(test_a_systems_own_number_is_its_own),
		cmocka_unit_test(test_a_key_shared_by_too_many_finds_nobody),
		cmocka_unit_test(test_blocked_values_match_nobody),
		cmocka_unit_test(test_the_record_tells_whose_it_is),
		cmocka_unit_test(test_two_stations_may_number_alike),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

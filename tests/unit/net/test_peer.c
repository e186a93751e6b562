/* peer and roster: what stands in peers.d, and what follows from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/net/gate.h"

#define KEY_A "HelloWorldHelloWorldHelloWorldHelloWorld"
#define KEY_B "WorldHelloWorldHelloWorldHelloWorldHello"

static const char good[] = "# Tills of the Beijing stores\n"
			   "public_key = " KEY_A "\n"
			   "roles = producer, consumer\n"
			   "sources = urn:store:bj:*, urn:shop\n"
			   "types = pos.sale.completed, pos.return.*\n"
			   "topics = reference.>,\n"
			   "         customer.*.changed\n"
			   "region = CN\n"
			   "time_zone = Asia/Shanghai\n"
			   "charset = GB18030\n"
			   "assurance = verified\n"
			   "events_per_second = 500\n"
			   "window = 64\n";

static struct peer *parse(const char *text)
{
	struct problems problems = {0};
	struct peer *peer = NULL;
	assert_int_equal(
		peer_parse("tills", slice_text(text), "tills.conf", &problems, &peer), CH_OK);
	return peer;
}

static bool may_publish(const struct peer *peer, const char *source, const char *type)
{
	return peer_may_publish(peer, slice_text(source), slice_text(type));
}

static bool may_subscribe(const struct peer *peer, const char *pattern)
{
	return peer_may_subscribe(peer, slice_text(pattern));
}

static void test_file_says_who_may_what(void **state)
{
	struct peer *peer = parse(good);
	(void)state;
	assert_string_equal(peer->name, "tills");
	assert_string_equal(peer->region, "CN");
	assert_string_equal(peer->time_zone, "Asia/Shanghai");
	assert_string_equal(peer->charset, "GB18030");
	assert_int_equal(peer->assurance, PEER_VERIFIED);
	assert_int_equal(peer->events_per_second, 500);
	assert_int_equal(peer->window, 64);
	assert_true(peer_may(peer, PEER_PRODUCER));
	assert_true(peer_may(peer, PEER_CONSUMER));
	assert_false(peer_may(peer, PEER_ADMIN));

	assert_true(may_publish(peer, "urn:store:bj:12", "pos.sale.completed"));
	assert_true(may_publish(peer, "urn:shop", "pos.return.completed"));
	assert_false(may_publish(peer, "urn:store:sh:1", "pos.sale.completed"));
	assert_false(may_publish(peer, "urn:shop:1", "pos.sale.completed"));
	assert_false(may_publish(peer, "urn:shop", "repair.order.received"));
	assert_true(peer_may_be(peer, slice_text("urn:store:bj:12")));
	assert_false(peer_may_be(peer, slice_text("urn:store:sh:1")));

	assert_true(may_subscribe(peer, "reference.product.changed"));
	assert_true(may_subscribe(peer, "reference.>"));
	assert_true(may_subscribe(peer, "customer.phone.changed"));
	assert_false(may_subscribe(peer, "customer.>"));
	assert_false(may_subscribe(peer, ">"));
	peer_unref(peer);
}

static void test_defaults_are_the_careful_ones(void **state)
{
	struct peer *peer = parse("public_key = " KEY_A "\nroles = operator\n");
	(void)state;
	assert_string_equal(peer->region, "");
	assert_string_equal(peer->time_zone, "UTC");
	assert_string_equal(peer->charset, "UTF-8");
	assert_int_equal(peer->assurance, PEER_CLAIMED);
	assert_false(may_publish(peer, "urn:shop", "pos.sale.completed"));
	assert_false(may_subscribe(peer, "a"));
	peer_unref(peer);
}

/* Rights need the role as well: lists alone give none. */
static void test_lists_without_the_role_give_no_right(void **state)
{
	struct peer *peer = parse(
		"public_key = " KEY_A "\nroles = operator\nsources = *\ntypes = >\ntopics = >\n");
	(void)state;
	assert_false(may_publish(peer, "urn:shop", "pos.sale.completed"));
	assert_false(may_subscribe(peer, "a"));
	peer_unref(peer);
}

static void test_every_mistake_is_reported(void **state)
{
	struct problems problems = {0};
	struct buffer out = {0};
	struct peer *peer = NULL;
	const char *bad = "public_key = tooshort\n"
			  "roles = producer, consumer\n"
			  "sources = a*b\n"
			  "types = a..b, pos.*\n"
			  "region = cn\n"
			  "time_zone = ../../etc/passwd\n"
			  "charset = KLINGON\n"
			  "assurance = maybe\n"
			  "window = 0\n"
			  "colour = red\n";
	(void)state;
	assert_int_equal(peer_parse("-x", slice_text(bad), "p", &problems, &peer), CH_INVALID);
	assert_null(peer);
	problems_print(&problems, &out);
	assert_string_equal(buffer_text(&out),
		"p:1: public_key: is neither 40 characters of Z85 nor 64 hex digits\n"
		"p:3: sources: 'a*b' has '*' before its end\n"
		"p:4: types: 'a..b' has an empty word\n"
		"p:5: region: is not two capital letters\n"
		"p:6: time_zone: is not the name of a time zone\n"
		"p:7: charset: is not a character set that this system knows\n"
		"p:8: assurance: is 'maybe', but must be one of: claimed, verified\n"
		"p:9: window: is 0, but must be 1 to 4096\n"
		"p:10: colour: is no setting\n"
		"p: has a name that no peer can have\n"
		"p: sources: is missing, and it is a producer\n"
		"p: topics: is missing, and it is a consumer\n");
	buffer_fini(&out);
	problems_fini(&problems);
}

static void test_names(void **state)
{
	char long_name[66];
	(void)state;
	memset(long_name, 'a', sizeof(long_name));
	assert_true(peer_name_valid(slice_text("till-7.bj_2")));
	assert_true(peer_name_valid(slice_of(long_name, 64)));
	assert_false(peer_name_valid(slice_of(long_name, 65)));
	assert_false(peer_name_valid(slice_text("")));
	assert_false(peer_name_valid(slice_text(".hidden")));
	assert_false(peer_name_valid(slice_text("a/b")));
	assert_false(peer_name_valid(slice_text("a b")));
}

/* ---- The roster ---- */

static void write_peer(const struct gate *gate, const char *file, const char *text)
{
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/%s", gate->folder, file);
	assert_int_equal(file_replace(path, slice_text(text), 0600), CH_OK);
}

static void test_roster_finds_by_name_and_key(void **state)
{
	struct gate gate;
	struct problems problems = {0};
	struct roster *roster = NULL;
	struct curve_key key;
	size_t at = 0;
	(void)state;
	gate_init(&gate);
	write_peer(&gate, "tills.conf", good);
	write_peer(&gate, "boss.conf", "public_key = " KEY_B "\nroles = admin\n");
	write_peer(&gate, "boss.conf.bak", "nonsense");
	write_peer(&gate, ".hidden.conf", "nonsense");
	assert_int_equal(roster_load(gate.folder, &problems, &roster), CH_OK);
	assert_int_equal(roster_count(roster), 2);
	assert_int_equal(curve_parse(slice_text(KEY_B), &key), CH_OK);
	assert_string_equal(roster_by_key(roster, &key)->name, "boss");
	assert_string_equal(roster_by_name(roster, slice_text("tills"))->region, "CN");
	assert_null(roster_by_name(roster, slice_text("till")));
	assert_non_null(roster_next(roster, &at));
	assert_non_null(roster_next(roster, &at));
	assert_null(roster_next(roster, &at));

	/* A mistake anywhere leaves everything as it was; the old peer outlives the reload. */
	struct peer *kept = peer_ref(roster_by_name(roster, slice_text("tills")));
	write_peer(&gate, "bad.conf", "public_key = " KEY_A "\nroles = admin\n");
	assert_int_equal(roster_reload(roster, &problems), CH_INVALID);
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.items[0].reason, "is also the key of bad");
	assert_ptr_equal(roster_by_name(roster, slice_text("tills")), kept);
	problems_fini(&problems);
	write_peer(&gate, "bad.conf",
		"public_key = HelloHelloHelloHelloHelloHelloHelloHello\n"
		"roles = admin\n");
	write_peer(&gate, "tills.conf", "public_key = " KEY_A "\nroles = operator\n");
	assert_int_equal(roster_reload(roster, &problems), CH_OK);
	assert_int_equal(roster_count(roster), 3);
	assert_false(peer_may(roster_by_name(roster, slice_text("tills")), PEER_PRODUCER));
	assert_true(peer_may(kept, PEER_PRODUCER));
	peer_unref(kept);
	roster_free(roster);
	metrics_free(gate.metrics);
	(void)zmq_ctx_term(gate.clients);
	scratch_remove(gate.folder);
}

static void test_roster_needs_its_folder(void **state)
{
	struct problems problems = {0};
	struct roster *roster = NULL;
	(void)state;
	assert_int_equal(roster_load("/nonexistent", &problems, &roster), CH_INVALID);
	assert_null(roster);
	assert_string_equal(problems.items[0].reason, "cannot be read: No such file or directory");
	problems_fini(&problems);
	roster_free(NULL);
}

static void test_describes_itself(void **state)
{
	struct buffer out = {0};
	(void)state;
	peer_describe(&out);
	assert_non_null(strstr(buffer_text(&out), "#time_zone = UTC\n"));
	assert_non_null(strstr(buffer_text(&out), "# One of: producer consumer operator admin\n"));
	buffer_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file_says_who_may_what),
		cmocka_unit_test(test_defaults_are_the_careful_ones),
		cmocka_unit_test(test_lists_without_the_role_give_no_right),
		cmocka_unit_test(test_every_mistake_is_reported),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_roster_finds_by_name_and_key),
		cmocka_unit_test(test_roster_needs_its_folder),
		cmocka_unit_test(test_describes_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

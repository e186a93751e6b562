#include "module/marketing/campaign/mail_office.h"

#include "base/clock.h"
#include "support/smtp_server.h"
#include "support/unit.h"

#define TEXT "Subject: x\r\n\r\nfirst\r\n.second begins with a dot\r\n"

struct seen {
	bool open; /* what the gate says */
	unsigned gates;
	unsigned dones;
	struct mail_result result;
};

static bool gate(void *context)
{
	struct seen *seen = context;
	seen->gates++;
	return seen->open;
}

static void done(void *context, const struct mail_result *result)
{
	struct seen *seen = context;
	seen->dones++;
	seen->result = *result;
}

static struct mail_office *open_office(uint16_t port)
{
	struct mail_office *office;
	const struct mail_options options = {.host = "127.0.0.1",
		.port = port,
		.tls = MAIL_TLS_NONE,
		.hello = "care.example",
		.lines = 1,
		.connect_ms = 2000,
		.reply_ms = 1000,
		.total_ms = 4000};
	assert_int_equal(mail_office_open(&options, &office), CH_OK);
	return office;
}

static void send_to(struct mail_office *office, struct seen *seen, const char *to)
{
	const struct mail_letter letter = {.from = "care@example.com",
		.to = to,
		.text = SLICE_LITERAL(TEXT),
		.gate = gate,
		.done = done,
		.context = seen};
	seen->dones = 0;
	assert_int_equal(mail_office_send(office, &letter), CH_OK);
	int64_t until = clock_steady_us() + 10000000;
	while (seen->dones == 0 && clock_steady_us() < until) {
		mail_office_wait(office, 100);
		mail_office_tend(office);
	}
	assert_int_equal(seen->dones, 1);
}

static void send_one(struct mail_office *office, struct seen *seen)
{
	send_to(office, seen, "li@example.org");
}

static struct smtp_fault planned;

static struct smtp_fault plan(void *context, uint64_t mail)
{
	(void)context;
	(void)mail;
	return planned;
}

static void look(void *context, const struct smtp_mail *mail)
{
	(void)context;
	assert_string_equal(mail->from, "care@example.com");
	assert_string_equal(mail->to, "li@example.org");
	assert_string_equal(mail->text, TEXT);
}

static void test_usage(void **state)
{
	(void)state;
	struct seen seen = {.open = true};
	planned = (struct smtp_fault){.deed = SMTP_FINE};
	struct smtp_server *server = smtp_server_start(plan, NULL);
	assert_non_null(server);
	struct mail_office *office = open_office(smtp_server_port(server));
	send_one(office, &seen);
	assert_int_equal(seen.result.outcome, MAIL_SENT);
	assert_int_equal(seen.result.code, 250);
	assert_string_equal(seen.result.status, "2.0.0");
	send_one(office, &seen);
	assert_int_equal(seen.result.outcome, MAIL_SENT);
	assert_int_equal(seen.gates, 2);
	/* One connection for both. */
	assert_int_equal(smtp_server_connections(server), 1);
	assert_int_equal(smtp_server_mails(server, look, NULL), 2);
	mail_office_close(office, 0);
	smtp_server_stop(server);
}

static void test_shut_gate(void **state)
{
	(void)state;
	struct seen seen = {.open = false};
	planned = (struct smtp_fault){.deed = SMTP_FINE};
	struct smtp_server *server = smtp_server_start(plan, NULL);
	struct mail_office *office = open_office(smtp_server_port(server));
	send_one(office, &seen);
	assert_int_equal(seen.result.outcome, MAIL_STOPPED);
	assert_int_equal(seen.gates, 1);
	assert_int_equal(smtp_server_mails(server, NULL, NULL), 0);
	/* The next one is none the worse for it. */
	seen.open = true;
	send_one(office, &seen);
	assert_int_equal(seen.result.outcome, MAIL_SENT);
	assert_int_equal(smtp_server_mails(server, look, NULL), 1);
	mail_office_close(office, 0);
	smtp_server_stop(server);
}

static void try_fault(
	struct smtp_fault fault, enum mail_outcome outcome, enum mail_stage stage, unsigned code)
{
	struct seen seen = {.open = true};
	planned = fault;
	struct smtp_server *server = smtp_server_start(plan, NULL);
	struct mail_office *office = open_office(smtp_server_port(server));
	send_one(office, &seen);
	if (seen.result.outcome != outcome || seen.result.stage != stage ||
		seen.result.code != code)
		fail_msg("stage %d deed %d code %u: outcome %d stage %s code %u (%s)", fault.stage,
			fault.deed, fault.code, seen.result.outcome, mail_stages[seen.result.stage],
			seen.result.code, seen.result.error);
	mail_office_close(office, 0);
	smtp_server_stop(server);
}

static void test_replies(void **state)
{
	(void)state;
	static const struct {
		enum smtp_stage at;
		enum mail_stage stage;
		enum mail_outcome refused; /* of a 5xx */
	} stages[] = {
		{SMTP_GREETING, MAIL_GREETING, MAIL_DEFERRED},
		{SMTP_HELLO, MAIL_HELLO, MAIL_DEFERRED},
		{SMTP_SENDER, MAIL_SENDER, MAIL_DEFERRED},
		{SMTP_RECIPIENT, MAIL_RECIPIENT, MAIL_REFUSED},
		{SMTP_DATA, MAIL_DATA, MAIL_REFUSED},
		{SMTP_TEXT, MAIL_TEXT, MAIL_REFUSED},
	};
	/* RFC 1870: this mail is too large for it; others may not be. */
	try_fault((struct smtp_fault){SMTP_SENDER, SMTP_REPLY, 552, 0}, MAIL_REFUSED, MAIL_SENDER,
		552);
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		try_fault((struct smtp_fault){stages[i].at, SMTP_REPLY, 451, 0}, MAIL_DEFERRED,
			stages[i].stage, 451);
		try_fault((struct smtp_fault){stages[i].at, SMTP_REPLY, 554, 0}, stages[i].refused,
			stages[i].stage, 554);
		try_fault((struct smtp_fault){stages[i].at, SMTP_SLOW, 0, 300}, MAIL_SENT,
			MAIL_TEXT, 250);
	}
}

static void test_broken_lines(void **state)
{
	(void)state;
	static const enum smtp_deed deeds[] = {SMTP_DROP, SMTP_GARBAGE, SMTP_SILENT};
	for (int stage = SMTP_GREETING; stage <= SMTP_DATA; stage++) {
		for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
			struct seen seen = {.open = true};
			planned = (struct smtp_fault){(enum smtp_stage)stage, deeds[i], 0, 0};
			struct smtp_server *server = smtp_server_start(plan, NULL);
			struct mail_office *office = open_office(smtp_server_port(server));
			send_one(office, &seen);
			assert_int_equal(seen.result.outcome, MAIL_DEFERRED);
			assert_int_equal(seen.gates, 0);
			assert_int_equal(smtp_server_mails(server, NULL, NULL), 0);
			mail_office_close(office, 0);
			smtp_server_stop(server);
		}
	}
	/* All of the text was given, and nothing that can be read came back. */
	try_fault((struct smtp_fault){SMTP_TEXT, SMTP_DROP, 0, 0}, MAIL_UNCERTAIN, MAIL_TEXT, 0);
	try_fault((struct smtp_fault){SMTP_TEXT, SMTP_DROP_TAKEN, 0, 0}, MAIL_UNCERTAIN, MAIL_TEXT,
		0);
	try_fault((struct smtp_fault){SMTP_TEXT, SMTP_GARBAGE, 0, 0}, MAIL_UNCERTAIN, MAIL_TEXT, 0);
	try_fault((struct smtp_fault){SMTP_TEXT, SMTP_SILENT, 0, 0}, MAIL_UNCERTAIN, MAIL_TEXT, 0);
	try_fault((struct smtp_fault){SMTP_TEXT, SMTP_DROP_EARLY, 0, 0}, MAIL_UNCERTAIN, MAIL_TEXT,
		0);
}

static void test_no_server(void **state)
{
	(void)state;
	struct seen seen = {.open = true};
	struct smtp_server *server = smtp_server_start(plan, NULL);
	uint16_t port = smtp_server_port(server);
	smtp_server_stop(server);
	struct mail_office *office = open_office(port);
	send_one(office, &seen);
	assert_int_equal(seen.result.outcome, MAIL_DEFERRED);
	assert_int_equal(seen.result.stage, MAIL_CONNECT);
	mail_office_close(office, 0);
}

/* A server without TLS is not spoken to when TLS was asked for. */
static void test_no_tls(void **state)
{
	(void)state;
	struct seen seen = {.open = true};
	struct mail_office *office;
	planned = (struct smtp_fault){.deed = SMTP_FINE};
	struct smtp_server *server = smtp_server_start(plan, NULL);
	const struct mail_options options = {.host = "127.0.0.1",
		.port = smtp_server_port(server),
		.tls = MAIL_TLS_STARTTLS,
		.lines = 1,
		.connect_ms = 2000,
		.reply_ms = 1000,
		.total_ms = 4000};
	assert_int_equal(mail_office_open(&options, &office), CH_OK);
	send_one(office, &seen);
	assert_int_equal(seen.result.outcome, MAIL_DEFERRED);
	assert_true(seen.result.stage < MAIL_SENDER);
	assert_int_equal(smtp_server_mails(server, NULL, NULL), 0);
	mail_office_close(office, 0);
	smtp_server_stop(server);
}

/* A password that the server does not take is no reason to give a customer up. */
static void test_password(void **state)
{
	(void)state;
	static const struct {
		const char *login;
		enum mail_outcome outcome;
		enum mail_stage stage;
		unsigned code;
	} cases[] = {
		{"AGNhcmVodWIAb3BlbiBzZXNhbWU=", MAIL_SENT, MAIL_TEXT, 250},
		{"AGNhcmVodWIAb3Blbg==", MAIL_DEFERRED, MAIL_AUTH, 535},
	};
	planned = (struct smtp_fault){.deed = SMTP_FINE};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seen seen = {.open = true};
		struct mail_office *office;
		struct smtp_server *server = smtp_server_start(plan, NULL);
		smtp_server_set(server, &(struct smtp_traits){.login = cases[i].login});
		const struct mail_options options = {.host = "127.0.0.1",
			.port = smtp_server_port(server),
			.tls = MAIL_TLS_NONE,
			.user = "carehub",
			.password = "open sesame",
			.lines = 1,
			.connect_ms = 2000,
			.reply_ms = 1000,
			.total_ms = 4000};
		assert_int_equal(mail_office_open(&options, &office), CH_OK);
		send_one(office, &seen);
		assert_int_equal(seen.result.outcome, cases[i].outcome);
		assert_int_equal(seen.result.stage, cases[i].stage);
		assert_int_equal(seen.result.code, cases[i].code);
		bool sent = cases[i].outcome == MAIL_SENT;
		assert_int_equal(seen.gates, sent);
		assert_int_equal(smtp_server_mails(server, NULL, NULL), sent);
		/* No answer of the server's and no password in what is told. */
		assert_null(strstr(seen.result.error, "sesame"));
		mail_office_close(office, 0);
		smtp_server_stop(server);
	}
}

static void expect_chinese(void *context, const struct smtp_mail *mail)
{
	(void)context;
	assert_string_equal(mail->to, "李@example.org");
}

/* RFC 6531: such an address is said to a server that has offered to hear it, and to no other. */
static void test_addresses_that_are_not_ascii(void **state)
{
	(void)state;
	planned = (struct smtp_fault){.deed = SMTP_FINE};
	for (int offered = 0; offered <= 1; offered++) {
		struct seen seen = {.open = true};
		struct smtp_server *server = smtp_server_start(plan, NULL);
		smtp_server_set(server, &(struct smtp_traits){.utf8 = offered != 0});
		struct mail_office *office = open_office(smtp_server_port(server));
		for (int round = 0; round < 2; round++) { /* of a connection that is there, too */
			send_to(office, &seen, "李@example.org");
			assert_int_equal(seen.result.outcome, offered ? MAIL_SENT : MAIL_REFUSED);
			assert_int_equal(seen.result.no_utf8, !offered);
			assert_int_equal(seen.result.code, offered ? 250 : 0);
		}
		assert_int_equal(seen.gates, 2 * offered);
		assert_int_equal(smtp_server_mails(server, expect_chinese, NULL), 2 * offered);
		/* Others are none the worse for it, and on the same connection if it is still there. */
		send_one(office, &seen);
		assert_int_equal(seen.result.outcome, MAIL_SENT);
		if (!offered) {
			send_to(office, &seen, "李@example.org");
			assert_int_equal(seen.result.outcome, MAIL_REFUSED);
			assert_true(seen.result.no_utf8);
			assert_int_equal(smtp_server_mails(server, NULL, NULL), 1);
		}
		mail_office_close(office, 0);
		smtp_server_stop(server);
	}
}

/* Closing in the middle: what was not given its text is certainly not sent. */
static void test_close(void **state)
{
	(void)state;
	struct seen seen = {.open = true};
	planned = (struct smtp_fault){SMTP_RECIPIENT, SMTP_SILENT, 0, 0};
	struct smtp_server *server = smtp_server_start(plan, NULL);
	struct mail_office *office = open_office(smtp_server_port(server));
	const struct mail_letter letter = {
		"care@example.com", "li@example.org", SLICE_LITERAL(TEXT), gate, done, &seen};
	assert_int_equal(mail_office_send(office, &letter), CH_OK);
	assert_int_equal(mail_office_send(office, &letter), CH_BUSY);
	assert_int_equal(mail_office_busy(office), 1);
	mail_office_close(office, 100);
	assert_int_equal(seen.dones, 1);
	assert_int_equal(seen.result.outcome, MAIL_DEFERRED);
	/* And one that stands at the gate. */
	seen = (struct seen){.open = true};
	planned = (struct smtp_fault){.deed = SMTP_FINE};
	office = open_office(smtp_server_port(server));
	assert_int_equal(mail_office_send(office, &letter), CH_OK);
	mail_office_wait(office, 2000);
	mail_office_close(office, 100);
	assert_int_equal(seen.gates, 0);
	assert_int_equal(seen.result.outcome, MAIL_DEFERRED);
	assert_int_equal(smtp_server_mails(server, NULL, NULL), 0);
	smtp_server_stop(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_shut_gate),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_broken_lines),
		cmocka_unit_test(test_no_server),
		cmocka_unit_test(test_no_tls),
		cmocka_unit_test(test_password),
		cmocka_unit_test(test_addresses_that_are_not_ascii),
		cmocka_unit_test(test_close),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

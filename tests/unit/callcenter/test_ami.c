#include "channel/callcenter/ami.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "support/unit.h"

static struct ami_reader *reader_of(const char *text)
{
	struct ami_reader *reader = NULL;
	assert_int_equal(ami_reader_create(&reader), CH_OK);
	assert_int_equal(ami_reader_feed(reader, slice_text(text)), CH_OK);
	return reader;
}

static void test_a_stream_becomes_messages(void **state)
{
	struct ami_message message;
	struct ami_reader *reader =
		reader_of("Asterisk Call Manager/13.0.0\r\n"
			  "Response: Success\r\nActionID: 1\r\n\r\n"
			  "Event: AgentCalled\r\nUniqueid: cc01-1.2\r\n"
			  "CallerIDName: O'Brien, Pat: home\r\nQueue: \r\n\r\n");
	(void)state;
	assert_int_equal(ami_reader_next(reader, &message), CH_OK);
	assert_int_equal(message.kind, AMI_BANNER);
	assert_slice_text(message.name, "Asterisk Call Manager/13.0.0");
	assert_int_equal(ami_reader_next(reader, &message), CH_OK);
	assert_int_equal(message.kind, AMI_RESPONSE);
	assert_slice_text(message.name, "Success");
	assert_int_equal(message.offset, 30);
	assert_int_equal(ami_reader_next(reader, &message), CH_OK);
	assert_int_equal(message.kind, AMI_EVENT);
	assert_int_equal(message.count, 4);
	assert_slice_text(ami_get(&message, "uniqueID"), "cc01-1.2");
	assert_slice_text(ami_get(&message, "CallerIDName"), "O'Brien, Pat: home");
	assert_slice_text(ami_get(&message, "Queue"), "");
	assert_slice_text(ami_get(&message, "Absent"), "");
	assert_int_equal(ami_reader_next(reader, &message), CH_END);
	assert_false(ami_reader_is_within(reader));
	ami_reader_free(reader);
}

/* However the bytes are cut, and with LF alone. */
static void test_cuts_make_no_difference(void **state)
{
	static const char text[] = "\n\nEvent: A\nX: 1\n\nEvent: B\r\n\r\n\r\nEvent: C\nY:2\n\n";
	(void)state;
	for (size_t size = 1; size < sizeof(text); size++) {
		struct ami_message message;
		struct ami_reader *reader = reader_of("");
		char names[8] = "";
		for (size_t at = 0; at < sizeof(text) - 1; at += size) {
			struct slice piece = slice_sub(slice_text(text), at, size);
			assert_int_equal(ami_reader_feed(reader, piece), CH_OK);
			while (ami_reader_next(reader, &message) == CH_OK)
				strncat(names, (const char *)message.name.data, 1);
		}
		assert_string_equal(names, "ABC");
		ami_reader_free(reader);
	}
}

/* What a UserEvent can carry: a second Event, lines without blank or colon, any bytes. */
static void test_the_first_event_line_counts(void **state)
{
	struct ami_message message;
	struct ami_reader *reader = reader_of("Event: UserEvent\r\nA:1\r\nC\r\nevent: Hangup\r\n"
					      "Dup: 1\r\nDup: 2\r\nBytes: \xff\xfe: x\r\n\r\n");
	(void)state;
	assert_int_equal(ami_reader_next(reader, &message), CH_OK);
	assert_slice_text(message.name, "UserEvent");
	assert_slice_text(ami_get(&message, "A"), "1");
	assert_slice_text(message.fields[2].key, "C");
	assert_int_equal(message.fields[2].value.len, 0);
	assert_slice_text(ami_get(&message, "Dup"), "1");
	assert_int_equal(message.count, 7);
	assert_slice_text(ami_get(&message, "Bytes"), "\xff\xfe: x");
	ami_reader_free(reader);
}

/* Before Asterisk 14 output came as it is. */
static void test_an_old_commands_output(void **state)
{
	struct ami_message message;
	struct ami_reader *reader = reader_of("Response: Follows\r\nPrivilege: Command\r\n"
					      "ActionID: 7\r\nname: value\n\nEvent: Hangup\n"
					      "last--END COMMAND--\r\n\r\nEvent: Next\r\n\r\n");
	(void)state;
	assert_int_equal(ami_reader_next(reader, &message), CH_OK);
	assert_int_equal(message.kind, AMI_RESPONSE);
	assert_slice_text(ami_get(&message, "ActionID"), "7");
	assert_int_equal(message.count, 7);
	assert_slice_text(message.fields[3].key, "Output");
	assert_slice_text(message.fields[3].value, "name: value");
	assert_slice_text(message.fields[4].value, "");
	assert_slice_text(message.fields[5].value, "Event: Hangup");
	assert_slice_text(message.fields[6].value, "last");
	assert_int_equal(ami_reader_next(reader, &message), CH_OK);
	assert_slice_text(message.name, "Next");
	ami_reader_free(reader);
}

/* Over a bound: passed over to its end, told once, and what follows is read. */
static void test_bounds(void **state)
{
	struct ami_message message;
	static char line[LIMIT_AMI_LINE_BYTES + 16];
	(void)state;
	memset(line, 'x', sizeof(line));
	for (int kind = 0; kind < 3; kind++) {
		struct ami_reader *reader = reader_of("Event: Large\r\n");
		enum ch_status status = CH_END;
		for (size_t i = 0; kind == 0 && i < 3; i++)
			assert_int_equal(
				ami_reader_feed(reader, slice_of(line, sizeof(line))), CH_OK);
		for (size_t i = 0; kind == 1 && i <= LIMIT_AMI_FIELDS; i++)
			assert_int_equal(ami_reader_feed(reader, slice_text("a: b\r\n")), CH_OK);
		for (size_t i = 0; kind == 2 && i <= LIMIT_AMI_MESSAGE_BYTES / 60000; i++) {
			assert_int_equal(ami_reader_feed(reader, slice_of(line, 60000)), CH_OK);
			assert_int_equal(ami_reader_feed(reader, slice_text("\r\n")), CH_OK);
		}
		assert_int_equal(ami_reader_next(reader, &message), CH_END);
		assert_true(ami_reader_is_within(reader));
		assert_int_equal(
			ami_reader_feed(reader,
				slice_text(kind == 0 ? "\r\nEvent: no\r\n\r\nEvent: Small\r\n\r\n"
						     : "Event: no\r\n\r\nEvent: Small\r\n\r\n")),
			CH_OK);
		status = ami_reader_next(reader, &message);
		assert_int_equal(status, CH_TOO_LARGE);
		assert_int_equal(ami_reader_next(reader, &message), CH_OK);
		assert_slice_text(message.name, "Small");
		ami_reader_free(reader);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_stream_becomes_messages),
		cmocka_unit_test(test_cuts_make_no_difference),
		cmocka_unit_test(test_the_first_event_line_counts),
		cmocka_unit_test(test_an_old_commands_output),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

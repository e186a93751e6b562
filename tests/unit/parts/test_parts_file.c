#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trader.h"

#include "base/file.h"
#include "support/scratch.h"

/* A folder with an inbox, an out folder and a daybook. */
struct desk {
	char root[PATH_MAX - 256];
	char out[PATH_MAX - 128];
	struct parts_decoder decoder;
	uint64_t events; /* of the file read last */
	uint64_t rejects;
	uint64_t incomplete;
	char reject[512];
};

static char root[SCRATCH_BYTES];

static void desk_open(struct desk *desk, const char *name)
{
	char state[PATH_MAX];
	*desk = (struct desk){.events = 0};
	assert_true(sodium_init() >= 0);
	(void)snprintf(desk->root, sizeof(desk->root), "%s/%s", root, name);
	(void)snprintf(desk->out, sizeof(desk->out), "%s/out", desk->root);
	(void)snprintf(state, sizeof(state), "%s/state", desk->root);
	assert_int_equal(file_make_dirs(desk->out, 0755), CH_OK);
	assert_int_equal(daybook_open(state, &desk->decoder.daybook), CH_OK);
	desk->decoder.out = desk->out;
}

static void desk_close(struct desk *desk)
{
	daybook_close(desk->decoder.daybook);
}

static void desk_put(const struct desk *desk, const char *name, const char *text)
{
	char path[PATH_MAX];
	(void)snprintf(path, sizeof(path), "%s/%s", desk->root, name);
	assert_int_equal(file_replace(path, slice_text(text), 0644), CH_OK);
}

/* Reads it as the folder does; `finish`: everything that it gave was stored. */
static void desk_read(struct desk *desk, const char *name, bool finish)
{
	char path[PATH_MAX];
	void *reader = NULL;
	struct kit_item item;
	enum ch_status status;
	desk->events = 0;
	desk->rejects = 0;
	desk->incomplete = 0;
	(void)snprintf(path, sizeof(path), "%s/%s", desk->root, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(parts_format.open(&desk->decoder, fd, path, &reader), CH_OK);
	while ((status = parts_format.next(reader, &item)) == CH_OK) {
		desk->events += item.what == KIT_EVENT;
		desk->rejects += item.what == KIT_REJECT;
		desk->incomplete += item.what == KIT_INCOMPLETE;
		if (item.what == KIT_REJECT)
			(void)snprintf(desk->reject, sizeof(desk->reject), "%.*s",
				(int)item.reject.len, (const char *)item.reject.data);
	}
	assert_int_equal(status, CH_END);
	if (finish) {
		const struct kit_tally tally = {.events = desk->events, .accepted = desk->events};
		assert_int_equal(parts_format.finish(reader, &tally), CH_OK);
	}
	parts_format.close(reader);
	(void)close(fd); /* only read from */
}

static size_t desk_answers(const struct desk *desk)
{
	size_t count = 0;
	DIR *dir = opendir(desk->out);
	assert_non_null(dir);
	for (struct dirent *item; (item = readdir(dir)) != NULL;)
		count += item->d_name[0] != '.';
	(void)closedir(dir); /* read only */
	return count;
}

/* Answer `number`, in a buffer of its own. */
static void desk_answer(const struct desk *desk, unsigned number, struct buffer *out)
{
	char path[PATH_MAX];
	buffer_clear(out);
	(void)snprintf(path, sizeof(path), "%s/CONTRL-%010u.edi", desk->out, number);
	assert_int_equal(file_read_all(path, 65536, out), CH_OK);
}

static void test_usage(void **state)
{
	struct desk desk;
	struct buffer answer = {0};
	(void)state;
	desk_open(&desk, "usage");
	desk_put(&desk, "a.edi", UNB ORDER("M1", "A1") ORDER("M2", "A2") UNZ("2"));
	desk_read(&desk, "a.edi", true);
	assert_int_equal(desk.events, 2);
	assert_int_equal(desk.rejects, 0);
	desk_answer(&desk, 1, &answer);
	assert_non_null(strstr(buffer_text(&answer), "UCI+REF1+S1:14+R1:14+7'"));
	buffer_fini(&answer);
	desk_close(&desk);
}

static void test_the_same_answer_after_a_crash(void **state)
{
	struct desk desk;
	struct buffer first = {0};
	struct buffer second = {0};
	char path[PATH_MAX];
	(void)state;
	desk_open(&desk, "crash");
	desk_put(&desk, "a.edi", UNB ORDER("M1", "A1") UNZ("1"));
	desk_read(&desk, "a.edi", false); /* killed before it was finished */
	assert_int_equal(desk_answers(&desk), 0);
	desk_read(&desk, "a.edi", true);
	assert_int_equal(desk.events, 1);
	desk_answer(&desk, 1, &first);
	/* Killed once more, before the file was moved away: nothing new is said. */
	desk_read(&desk, "a.edi", true);
	assert_int_equal(desk_answers(&desk), 1);
	desk_answer(&desk, 1, &second);
	assert_true(slice_equal(buffer_slice(&first), buffer_slice(&second)));
	/* Fetched, it is not put there again. */
	(void)snprintf(path, sizeof(path), "%s/CONTRL-0000000001.edi", desk.out);
	assert_int_equal(unlink(path), 0);
	desk_read(&desk, "a.edi", true);
	assert_int_equal(desk_answers(&desk), 0);
	buffer_fini(&first);
	buffer_fini(&second);
	desk_close(&desk);
}

static void test_a_resend_is_a_duplicate(void **state)
{
	struct desk desk;
	struct buffer answer = {0};
	(void)state;
	desk_open(&desk, "resend");
	desk_put(&desk, "a.edi", UNB ORDER("M1", "A1") UNZ("1"));
	desk_read(&desk, "a.edi", true);
	desk_put(&desk, "b.edi", UNB ORDER("M1", "A1") UNZ("1"));
	desk_read(&desk, "b.edi", true);
	assert_int_equal(desk.events, 0);
	assert_string_equal(desk.reject, "interchange REF1 of S1: byte 0: came before: an "
					 "interchange of this reference (26)");
	desk_answer(&desk, 2, &answer);
	assert_non_null(strstr(buffer_text(&answer), "UCI+REF1+S1:14+R1:14+4+26'"));
	/* Twice in one file it is one and a duplicate, too. */
	desk_put(&desk, "c.edi",
		"UNB+UNOC:3+S1+R1+261122:0930+REF2'" ORDER("M1",
			"A1") "UNZ+1+REF2'"
			      "UNB+UNOC:3+S1+R1+261122:0930+REF2'" ORDER("M1", "A1") "UNZ+1+REF2'");
	desk_read(&desk, "c.edi", true);
	assert_int_equal(desk.events, 1);
	assert_int_equal(desk.rejects, 1);
	buffer_fini(&answer);
	desk_close(&desk);
}

static void test_a_corrected_one_may_have_the_same_name(void **state)
{
	struct desk desk;
	(void)state;
	desk_open(&desk, "corrected");
	desk_put(&desk, "a.edi", UNB ORDER("M1", "A1") UNZ("2"));
	desk_read(&desk, "a.edi", true);
	assert_int_equal(desk.events, 0);
	desk_put(&desk, "b.edi", UNB ORDER("M1", "A1") UNZ("1"));
	desk_read(&desk, "b.edi", true);
	assert_int_equal(desk.events, 1);
	assert_int_equal(desk.rejects, 0);
	desk_close(&desk);
}

static void test_the_good_messages_of_a_bad_interchange(void **state)
{
	struct desk desk;
	(void)state;
	desk_open(&desk, "half");
	desk_put(&desk, "a.edi",
		UNB ORDER("M1", "A1") "UNH+M2+ORDERS:D:96A:UN'BGM+220+A2+9'LIN+1++X:SA'QTY+21:1'"
				      "LIN+2++X:SA'QTY+21:no'UNT+7+M2'" ORDER("M3", "A3") UNZ("3"));
	desk_read(&desk, "a.edi", true);
	assert_int_equal(desk.events, 2);
	assert_string_equal(desk.reject,
		"interchange REF1 of S1: message M2 (ORDERS:D:96A:UN): byte 231, segment 6 "
		"(QTY), element 1:2: not a number (12)");
	desk_close(&desk);
}

static void test_a_file_that_grows_is_waited_for(void **state)
{
	struct desk desk;
	(void)state;
	desk_open(&desk, "grows");
	desk.decoder.patience_us = INT64_C(3600000000);
	desk_put(&desk, "a.edi",
		UNB ORDER("M1", "A1") UNZ("1") "UNB+UNOC:3+S1+R1+261122:0930+REF2'");
	desk_read(&desk, "a.edi", false);
	assert_int_equal(desk.incomplete, 1);
	assert_int_equal(desk.events + desk.rejects, 0);
	/* For so long and no longer. */
	desk.decoder.patience_us = 0;
	desk_read(&desk, "a.edi", true);
	assert_int_equal(desk.incomplete, 0);
	assert_int_equal(desk.events, 1);
	assert_int_equal(desk.rejects, 1);
	desk_close(&desk);
}

static void test_who_is_answered(void **state)
{
	struct desk desk;
	(void)state;
	desk_open(&desk, "who");
	/* An acknowledgement never is. */
	desk_put(&desk, "a.edi", UNB "UNH+1+CONTRL:D:3:UN'UCI+X+R1+S1+7'UNT+3+1'" UNZ("1"));
	desk_read(&desk, "a.edi", true);
	assert_int_equal(desk.events, 1);
	assert_int_equal(desk_answers(&desk), 0);
	desk.decoder.acknowledge = ACKNOWLEDGE_ASKED;
	desk_put(&desk, "b.edi",
		"UNB+UNOC:3+S1+R1+261122:0930+REF2'" ORDER("M1", "A1") "UNZ+1+REF2'");
	desk_read(&desk, "b.edi", true);
	assert_int_equal(desk_answers(&desk), 0);
	desk_put(&desk, "c.edi", UNB ORDER("M1", "A1") UNZ("1"));
	desk_read(&desk, "c.edi", true);
	assert_int_equal(desk_answers(&desk), 1);
	desk_close(&desk);
}

static void test_utf_16_and_rubbish(void **state)
{
	static const char text[] = UNB ORDER("M1", "A1") UNZ("1");
	struct desk desk;
	struct buffer wide = {0};
	char path[PATH_MAX];
	(void)state;
	desk_open(&desk, "wide");
	buffer_append_text(&wide, "\xff\xfe");
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		buffer_append(&wide, (const uint8_t[]){(uint8_t)text[i], 0}, 2);
	(void)snprintf(path, sizeof(path), "%s/a.edi", desk.root);
	assert_int_equal(file_replace(path, buffer_slice(&wide), 0644), CH_OK);
	desk_read(&desk, "a.edi", true);
	assert_int_equal(desk.events, 1);
	desk_put(&desk, "b.edi", "ORDERS come tomorrow");
	desk_read(&desk, "b.edi", true);
	assert_int_equal(desk.rejects, 1);
	assert_int_equal(desk.events, 0);
	desk_put(&desk, "c.edi", "");
	desk_read(&desk, "c.edi", true);
	assert_int_equal(desk.rejects + desk.events, 0);
	buffer_fini(&wide);
	desk_close(&desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_the_same_answer_after_a_crash),
		cmocka_unit_test(test_a_resend_is_a_duplicate),
		cmocka_unit_test(test_a_corrected_one_may_have_the_same_name),
		cmocka_unit_test(test_the_good_messages_of_a_bad_interchange),
		cmocka_unit_test(test_a_file_that_grows_is_waited_for),
		cmocka_unit_test(test_who_is_answered),
		cmocka_unit_test(test_utf_16_and_rubbish),
	};
	scratch_make(root, "parts-file");
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	scratch_remove(root);
	return failed;
}

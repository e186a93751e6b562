/* Whatever becomes of the files, a reader gives right entries or names a gap, and never anything
 * else. */
#include "history.h"

#include "journal/backup.h"
#include "journal/repair.h"

#define ROUNDS    150
#define FILES_MAX 64

static uint64_t chance = 1;

static uint64_t draw(uint64_t below)
{
	chance = chance * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (chance >> 33) % below;
}

struct files {
	char names[FILES_MAX][128];
	size_t count;
};

static void list_files(const struct history *history, const char *folder, struct files *files)
{
	char path[512];
	history_path(history, folder, path);
	DIR *dir = opendir(path);
	assert_non_null(dir);
	for (struct dirent *file = readdir(dir); file != NULL; file = readdir(dir)) {
		if (strstr(file->d_name, ".seg") == NULL && strstr(file->d_name, ".zst") == NULL)
			continue;
		assert_true(files->count < FILES_MAX);
		(void)snprintf(files->names[files->count++], sizeof(files->names[0]), "%s/%.100s",
			folder, file->d_name);
	}
	(void)closedir(dir);
}

/* One thing that happens to files in the field. */
static void hurt(const struct history *history, const char *name)
{
	size_t len;
	uint8_t *bytes = history_load(history, name, &len);
	size_t at = len > 0 ? draw(len) : 0;
	size_t many = 1 + draw(5000);
	if (many > len - at)
		many = len - at;
	switch (draw(6)) {
	case 0: /* a sector reads as zeros */
		memset(bytes + at, 0, many);
		break;
	case 1: /* cut short */
		len = at;
		break;
	case 2: /* bytes of another place */
		memmove(bytes + at, bytes + draw(len - many + 1), many);
		break;
	default: /* a bit */
		if (len > 0)
			bytes[at] ^= (uint8_t)(1u << draw(8));
		break;
	}
	history_store(history, name, bytes, len);
	free(bytes);
}

/* Every sequence from the first to the head comes once, as an entry or inside a gap. */
static void check_all_told(struct history *history)
{
	struct reader *reader;
	struct journal_entry entry;
	uint64_t first;
	uint64_t last;
	uint64_t sequence = journal_first(history->journal);
	uint64_t head = journal_head(history->journal);
	assert_int_equal(reader_open(history->journal, &reader), CH_OK);
	while (sequence <= head) {
		enum ch_status status = reader_next(reader, &entry);
		if (status == CH_GAP) {
			reader_gap(reader, &first, &last);
			assert_true(first == sequence && last >= first && last <= head);
			sequence = last + 1;
		} else {
			assert_int_equal(status, CH_OK);
			assert_true(entry.sequence == sequence++);
			history_check_entry(&entry);
		}
	}
	assert_int_equal(reader_next(reader, &entry), CH_END);
	/* Seeking anywhere leads to the same. */
	for (int i = 0; i < 20; i++) {
		sequence = 1 + draw(head + 5);
		enum ch_status status = reader_seek(reader, sequence);
		assert_true(status == CH_OK || status == CH_GAP);
		sequence = reader_position(reader);
		status = reader_next(reader, &entry);
		assert_true(status == CH_OK || status == CH_GAP || status == CH_END);
		if (status == CH_OK)
			history_check_entry(&entry);
		assert_true(status != CH_OK || entry.sequence == sequence);
		assert_int_equal(
			reader_seek_time(reader, history_arrival_us(1 + draw(head + 5))), CH_OK);
	}
	reader_close(reader);
}

static void only_right_entries_or_gaps(void **state)
{
	struct history *history = *state;
	struct history copy = {0};
	struct verify_result verified;
	struct repair_result repaired;
	int opened = 0;
	int mended = 0;
	for (int round = 0; round < ROUNDS; round++) {
		struct files files = {0};
		uint64_t head;
		history_open(history);
		history_grow(history, 200 + draw(500));
		if (draw(2) == 0)
			history_keep(history, &(struct retention){0});
		history_grow(history, journal_head(history->journal) + draw(300));
		(void)snprintf(copy.dir, sizeof(copy.dir), "%.240s/copy", history->dir);
		assert_int_equal(backup_export(history->journal, 0, copy.dir, &head), CH_OK);
		history_close(history);
		list_files(history, ".", &files);
		list_files(history, "archive", &files);
		for (uint64_t i = 0; i < 1 + draw(3); i++)
			hurt(history, files.names[draw(files.count)]);
		enum ch_status status = history_try_open(history);
		assert_true(status == CH_OK || status == CH_CORRUPT || status == CH_VERSION);
		if (status == CH_OK) {
			opened++;
			check_all_told(history);
			status = keeper_verify(history->journal, NULL, NULL, &verified);
			assert_true(status == CH_OK || status == CH_CORRUPT);
			/* A copy of it puts right what can be put right. */
			assert_int_equal(repair_run(history->journal, copy.dir, &repaired), CH_OK);
			mended += repaired.mended > 0;
			check_all_told(history);
			if (repaired.damaged == 0)
				history_verify(history);
			if (journal_head(history->journal) < 3000)
				history_commit(history, 7); /* and it lives on */
			check_all_told(history);
		} else {
			assert_true(status != CH_CORRUPT || history->recovery.where[0] != 0);
		}
		history_close(history);
		scratch_remove(history->dir);
		assert_int_equal(mkdir(history->dir, 0700), 0);
	}
	assert_true(opened > ROUNDS / 2);
	assert_true(mended > ROUNDS / 10);
}

int main(void)
{
	const char *seed = getenv("TEST_SEED");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			only_right_entries_or_gaps, history_setup, history_teardown),
	};
	if (seed != NULL)
		chance = strtoull(seed, NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

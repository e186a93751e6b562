/* Archive files: written by the archiver, read by archive and tape, broken in every place. */
#include "history.h"

#include "journal/archive.h"
#include "journal/archiver.h"

static struct history_segment segment; /* large, so not on the stack */

/* Archives the first segment into the folder itself; gives the file's path below it. */
static struct volume make_archive(
	struct history *history, uint64_t last, char out_name[ARCHIVE_NAME_BYTES])
{
	struct archiver_order order = {.last = last};
	struct volume volume;
	struct segment *file;
	history_open(history);
	history_grow(history, 400);
	history_close(history);
	history_find_segment(history, 1, &segment);
	int dir_fd = open(history->dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(segment_create(segment.label.epoch, &file), CH_OK);
	segment_restore(file, &segment.label);
	assert_int_equal(tape_open_segment(dir_fd, file, &file->label, &order.tape), CH_OK);
	assert_int_equal(chain_create(&order.chain), CH_OK);
	assert_int_equal(archiver_store(dir_fd, &order, &volume), CH_OK);
	chain_free(order.chain);
	tape_close(order.tape);
	segment_release(file);
	(void)close(dir_fd);
	archive_name(volume.first, volume.last, out_name);
	return volume;
}

static enum ch_status open_archive(
	struct history *history, const char *name, struct archive **out_archive)
{
	char path[512];
	history_path(history, name, path);
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	return archive_open(fd, out_archive);
}

static void tells_what_it_holds(void **state)
{
	struct history *history = *state;
	char name[ARCHIVE_NAME_BYTES];
	struct archive *archive;
	struct buffer block = {0};
	uint64_t first;
	uint64_t last;
	struct volume volume = make_archive(history, 100, name);
	assert_int_equal(volume.first, 1);
	assert_true(volume.last >= 100 && volume.last < 140); /* whole batches */
	assert_true(archive_parse_name(name, &first, &last));
	assert_true(first == 1 && last == volume.last);
	assert_int_equal(open_archive(history, name, &archive), CH_OK);
	const struct label *label = archive_label(archive);
	assert_true(label->sealed && label->last == volume.last);
	assert_true(label->salt == segment.label.salt);
	assert_true(label->last_arrival_us == history_arrival_us(volume.last));
	assert_int_equal(archive_count(archive), 1);
	assert_int_equal(archive_read(archive, 0, &block), CH_OK);
	assert_int_equal(block.len, label->end - SEGMENT_PAGE_BYTES);
	buffer_fini(&block);
	archive_close(archive);
}

static void names_are_exact(void **state)
{
	uint64_t first;
	uint64_t last;
	(void)state;
	assert_true(
		archive_parse_name("00000000000000000001-00000000000000152340.zst", &first, &last));
	assert_int_equal(first, 1);
	assert_int_equal(last, 152340);
	static const char *const bad[] = {
		"",
		"1-2.zst",
		"00000000000000000000-00000000000000000002.zst",
		"00000000000000000003-00000000000000000002.zst",
		"00000000000000000001-18446744073709551615.zst",
		"00000000000000000001-00000000000000152340.zst.new",
		"00000000000000000001-00000000000000152340",
		"archiver.new",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(archive_parse_name(bad[i], &first, &last));
}

static void any_changed_byte_is_seen(void **state)
{
	struct history *history = *state;
	char name[ARCHIVE_NAME_BYTES];
	struct archive *archive;
	struct buffer block = {0};
	size_t len;
	(void)make_archive(history, 60, name);
	uint8_t *bytes = history_load(history, name, &len);
	assert_int_equal(open_archive(history, name, &archive), CH_OK);
	uint64_t block_at = archive_row(archive, 0)->offset;
	archive_close(archive);
	for (size_t i = block_at; i < len; i += i + 500 < len ? 97 : 1) {
		bytes[i] ^= 0x10;
		history_store(history, name, bytes, len);
		enum ch_status status = open_archive(history, name, &archive);
		if (status == CH_OK) {
			status = archive_read(archive, 0, &block);
			archive_close(archive);
		}
		bytes[i] ^= 0x10;
		/* zstd's own eight bytes in front of the table are not ours to check. */
		size_t skip = len - ARCHIVE_TRAILER_BYTES - ARCHIVE_ROW_BYTES - LABEL_BYTES;
		bool ours = i < skip - ARCHIVE_SKIP_BYTES || i >= skip;
		/* Of the trailer, four bytes are zero and unused. */
		ours = ours && !(i >= len - 12 && i < len - 8);
		assert_true(!ours || status == CH_CORRUPT || status == CH_VERSION);
	}
	for (size_t cut = 0; cut < len; cut += 61) {
		history_store(history, name, bytes, cut);
		assert_int_equal(open_archive(history, name, &archive), CH_CORRUPT);
	}
	buffer_fini(&block);
	free(bytes);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, history_setup, history_teardown)
	const struct CMUnitTest tests[] = {
		TEST(tells_what_it_holds),
		cmocka_unit_test(names_are_exact),
		TEST(any_changed_byte_is_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "support/scratch.h"
#include "unit/draw.h"

struct folder {
	char root[64];
	char path[160];
};

static const char *in(struct folder *folder, const char *name)
{
	(void)snprintf(folder->path, sizeof(folder->path), "%s/%s", folder->root, name);
	return folder->path;
}

static int make_folder(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));
	assert_non_null(folder);
	scratch_make(folder->root, "file");
	*state = folder;
	return 0;
}

static int remove_folder(void **state)
{
	struct folder *folder = *state;
	scratch_remove(folder->root);
	free(folder);
	return 0;
}

static void assert_holds(const char *path, const char *text)
{
	struct buffer bytes = {0};
	assert_int_equal(file_read_all(path, 1000, &bytes), CH_OK);
	assert_string_equal(buffer_text(&bytes), text);
	buffer_fini(&bytes);
}

static void replaces_a_file(void **state)
{
	struct folder *folder = *state;
	struct stat info;
	assert_int_equal(file_replace(in(folder, "a"), SLICE_LITERAL("old, longer"), 0600), CH_OK);
	assert_int_equal(file_replace(in(folder, "a"), SLICE_LITERAL("new"), 0600), CH_OK);
	assert_holds(in(folder, "a"), "new");
	assert_int_equal(stat(in(folder, "a"), &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_not_equal(access(in(folder, "a.new"), F_OK), 0);

	/* By its name in a folder that is open. */
	int dir = open(folder->root, O_RDONLY | O_DIRECTORY);
	assert_true(dir >= 0);
	assert_int_equal(file_replace_at(dir, "a", SLICE_LITERAL("newer"), 0600), CH_OK);
	assert_holds(in(folder, "a"), "newer");

	/* A link in place of the temporary file is not followed. */
	char target[160];
	(void)snprintf(target, sizeof(target), "%s", in(folder, "a"));
	assert_int_equal(symlink(target, in(folder, "bait.new")), 0);
	assert_int_equal(file_replace_at(dir, "bait", SLICE_LITERAL("not astray"), 0600), CH_OK);
	assert_holds(in(folder, "a"), "newer");
	assert_holds(in(folder, "bait"), "not astray");
	assert_int_equal(close(dir), 0);
}

/* When it cannot be replaced, what stood there stands there still and nothing is left behind. */
static void replaces_all_or_nothing(void **state)
{
	struct folder *folder = *state;
	char long_name[6000];
	assert_int_equal(mkdir(in(folder, "taken"), 0700), 0);
	assert_int_equal(file_replace(in(folder, "taken/kept"), SLICE_LITERAL("old"), 0600), CH_OK);
	assert_int_not_equal(file_replace(in(folder, "taken"), SLICE_LITERAL("new"), 0600), CH_OK);
	assert_holds(in(folder, "taken/kept"), "old");
	assert_int_not_equal(access(in(folder, "taken.new"), F_OK), 0);
	assert_int_equal(
		file_replace(in(folder, "no/such"), SLICE_LITERAL("new"), 0600), CH_NOT_FOUND);
	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = 0;
	assert_int_equal(file_replace(long_name, SLICE_LITERAL("new"), 0600), CH_TOO_LARGE);
}

static void reads_within_bounds(void **state)
{
	struct folder *folder = *state;
	struct buffer bytes = {0};
	char part[4] = {0};
	assert_int_equal(file_replace(in(folder, "b"), SLICE_LITERAL("12345"), 0600), CH_OK);
	assert_int_equal(file_read_all(in(folder, "b"), 4, &bytes), CH_TOO_LARGE);
	buffer_clear(&bytes);
	buffer_append_text(&bytes, "+");
	assert_int_equal(file_read_all(in(folder, "b"), 5, &bytes), CH_OK);
	assert_string_equal(buffer_text(&bytes), "+12345");
	assert_int_equal(file_read_all(in(folder, "none"), 5, &bytes), CH_NOT_FOUND);
	int fd = open(in(folder, "b"), O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(file_write_at(fd, "xy", 2, 1), CH_OK);
	assert_int_equal(file_read_at(fd, part, 3, 1), CH_OK);
	assert_string_equal(part, "xy4");
	assert_int_equal(file_read_at(fd, part, 3, 3), CH_END);
	assert_int_equal(file_sync(fd), CH_OK);
	assert_int_equal(close(fd), 0);
	buffer_fini(&bytes);
}

/* Found with a pipe in peers.d: the hub waited for its writer at the next reload, and for ever. */
static void waits_for_no_pipe(void **state)
{
	struct folder *folder = *state;
	struct buffer bytes = {0};
	assert_int_equal(mkfifo(in(folder, "pipe"), 0600), 0);
	assert_int_equal(file_read_all(in(folder, "pipe"), 9, &bytes), CH_UNSUPPORTED);
	assert_string_equal(file_why(CH_UNSUPPORTED), "it is a pipe");
	assert_int_equal(file_read_all(folder->root, 9, &bytes), CH_IO);
	assert_string_equal(file_why(CH_IO), "Is a directory");
	/* Who names it on a command line means it. */
	int fd = open(in(folder, "pipe"), O_RDWR | O_CLOEXEC);
	assert_int_equal(write(fd, "12345", 5), 5);
	assert_int_equal(file_read_any(in(folder, "pipe"), 4, &bytes), CH_TOO_LARGE);
	assert_int_equal(close(fd), 0);
	buffer_fini(&bytes);
}

static void reads_what_is_its_owners_alone(void **state)
{
	struct folder *folder = *state;
	struct buffer bytes = {0};
	assert_int_equal(file_replace(in(folder, "key"), SLICE_LITERAL("12345"), 0600), CH_OK);
	assert_int_equal(file_read_private(in(folder, "key"), 5, &bytes), CH_OK);
	assert_string_equal(buffer_text(&bytes), "12345");
	assert_int_equal(chmod(in(folder, "key"), 0640), 0);
	assert_int_equal(file_read_private(in(folder, "key"), 5, &bytes), CH_DENIED);
	assert_int_equal(file_read_private(folder->root, 5, &bytes), CH_DENIED);
	assert_int_equal(file_read_private(in(folder, "none"), 5, &bytes), CH_NOT_FOUND);
	buffer_fini(&bytes);
}

static void makes_folders_and_their_parents(void **state)
{
	struct folder *folder = *state;
	struct stat info;
	assert_int_equal(file_make_dirs(in(folder, "x/y/z"), 0700), CH_OK);
	assert_int_equal(file_make_dirs(in(folder, "x/y/z"), 0700), CH_OK);
	assert_int_equal(file_make_dirs(in(folder, "x//y/w/"), 0700), CH_OK);
	assert_int_equal(stat(in(folder, "x/y/w"), &info), 0);
	assert_true(S_ISDIR(info.st_mode));
	assert_int_equal(file_sync_dir(in(folder, "x")), CH_OK);
	assert_int_equal(file_replace(in(folder, "file"), SLICE_LITERAL(""), 0600), CH_OK);
	assert_int_equal(file_make_dirs(in(folder, "file"), 0700), CH_IO);
	assert_int_equal(file_make_dirs(in(folder, "file/below"), 0700), CH_IO);
	assert_int_equal(file_sync_dir(in(folder, "none")), CH_NOT_FOUND);
}

static void looks_whether_a_folder_can_be_used(void **state)
{
	struct folder *folder = *state;
	char target[160];
	struct stat info;
	(void)snprintf(target, sizeof(target), "%s", in(folder, "nowhere"));
	assert_null(file_dir_fault(folder->root));
	assert_null(file_dir_fault(in(folder, "free/b//c/")));    /* could be made */
	assert_int_not_equal(stat(in(folder, "free"), &info), 0); /* but is not */
	assert_null(file_dir_fault("."));
	assert_null(file_dir_fault("not/here"));
	assert_int_equal(file_replace(in(folder, "file"), SLICE_LITERAL("x"), 0600), CH_OK);
	assert_string_equal(file_dir_fault(in(folder, "file")), "is no folder");
	assert_string_equal(file_dir_fault(in(folder, "file/below/it")), "Not a directory");
	assert_int_equal(symlink(target, in(folder, "link")), 0);
	assert_string_equal(file_dir_fault(in(folder, "link")), "is a link that leads nowhere");
	assert_string_equal(
		file_dir_fault(in(folder, "link/below")), "is a link that leads nowhere");
	assert_string_equal(file_dir_fault(""), "is no name");
	assert_null(file_write_fault(in(folder, "file")));
	assert_null(file_write_fault(in(folder, "new")));
	assert_string_equal(file_write_fault(in(folder, "free/new")), "there is no such folder");
	assert_string_equal(file_write_fault(in(folder, "file/new")), "Not a directory");
	assert_string_equal(file_write_fault(folder->root), "is no regular file");
	if (geteuid() == 0)
		return; /* who may do all */
	assert_int_equal(mkdir(in(folder, "closed"), 0500), 0);
	assert_string_equal(file_dir_fault(in(folder, "closed")), "Permission denied");
	assert_string_equal(file_dir_fault(in(folder, "closed/below")), "Permission denied");
	assert_string_equal(file_write_fault(in(folder, "closed/new")), "Permission denied");
}

static void a_lock_has_one_owner(void **state)
{
	struct folder *folder = *state;
	int first = -1;
	int second = -1;
	assert_int_equal(file_lock(in(folder, "lock"), &first), CH_OK);
	assert_int_equal(file_lock(in(folder, "lock"), &second), CH_BUSY);
	assert_int_equal(second, -1);
	assert_int_equal(close(first), 0);
	assert_int_equal(file_lock(in(folder, "lock"), &second), CH_OK);
	assert_int_equal(close(second), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaces_a_file),
		cmocka_unit_test(replaces_all_or_nothing),
		cmocka_unit_test(reads_within_bounds),
		cmocka_unit_test(waits_for_no_pipe),
		cmocka_unit_test(reads_what_is_its_owners_alone),
		cmocka_unit_test(makes_folders_and_their_parents),
		cmocka_unit_test(looks_whether_a_folder_can_be_used),
		cmocka_unit_test(a_lock_has_one_owner),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

/* Every named place of the journal: the process is killed there, or the call fails there, and
 * what was acknowledged is kept.  Only in a build with CH_FAULTS, where the places are. */
#include "history.h"

#include <sys/mman.h>
#include <sys/wait.h>

static const char *const points[] = {
	"journal.write",
	"journal.sync",
	"journal.synced",
	"journal.roll.seal",
	"journal.roll.sealed",
	"journal.roll.begin",
	"journal.roll.begun",
	"journal.spare.write",
	"journal.spare.rename",
	"journal.recycle",
	"journal.recover.rewrite",
	"journal.recover.sync",
	"journal.manifest",
	"journal.archive.written",
	"journal.archive.rename",
	"journal.archive.renamed",
	"journal.retention.unlink",
};

/* What the child tells its parent, whatever happens to it. */
struct told {
	uint64_t acknowledged;
	uint64_t offered;
	uint64_t failed_calls;
	uint64_t open_failed;
};

/* The child: opens the journal in `dir`, appends, keeps, until something fails or it has had
 * enough. */
static int child_main(const char *dir, const char *told_path)
{
	struct history history = {0};
	struct retention retention = {.keep_bytes = 300000, .floor = UINT64_MAX};
	int fd = open(told_path, O_RDWR);
	struct told *told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd < 0 || told == MAP_FAILED)
		return 9;
	(void)snprintf(history.dir, sizeof(history.dir), "%s", dir);
	if (history_try_open(&history) != CH_OK) {
		told->open_failed++;
		return 0;
	}
	told->acknowledged = journal_head(history.journal);
	for (int i = 0; i < 60; i++) {
		told->offered = told->acknowledged + 20;
		enum ch_status status = history_try_commit(history.journal, 20);
		told->failed_calls += status != CH_OK;
		if (status == CH_OK)
			told->acknowledged = told->offered;
		else if (journal_status(history.journal) != CH_OK)
			break; /* as a hub does */
		status = keeper_step(
			history.journal, &retention, journal_head_arrival_us(history.journal));
		told->failed_calls += status != CH_OK && status != CH_END;
	}
	history_close(&history);
	return 0;
}

/* True when the process was killed. */
static bool run_child(struct history *history, const char *told_path, const char *fault)
{
	int status;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)setenv("CAREHUB_FAULTS", fault, 1);
		(void)execl("/proc/self/exe", "test_faults", history->dir, told_path, (char *)NULL);
		_exit(9);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0);
	return WIFSIGNALED(status);
}

static void acknowledged_is_kept(void **state)
{
	static const char *const actions[] = {"kill", "eio", "enospc"};
	struct history *history = *state;
	char told_path[300];
	char fault[128];
	int fd;
	(void)snprintf(told_path, sizeof(told_path), "%s.told", history->dir);
	fd = open(told_path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(ftruncate(fd, sizeof(struct told)), 0);
	struct told *told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(told != MAP_FAILED);
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		bool hit = false;
		uint64_t first = 1;
		/* Each begins with making a journal, which can be interrupted too. */
		scratch_remove(history->dir);
		assert_int_equal(mkdir(history->dir, 0700), 0);
		*told = (struct told){0};
		for (unsigned pass = 1; pass <= 3; pass++) {
			for (size_t action = 0; action < 3; action++) {
				struct told before = *told;
				(void)snprintf(fault, sizeof(fault), "%s:%s@%u", points[i],
					actions[action], pass);
				bool killed = run_child(history, told_path, fault);
				hit = hit || killed || told->failed_calls > before.failed_calls ||
				      told->open_failed > before.open_failed;
				history_open(history);
				uint64_t head = journal_head(history->journal);
				assert_true(head == told->acknowledged || head == told->offered);
				assert_int_equal(history->recovery.damaged_first, 0);
				assert_true(journal_first(history->journal) >= first);
				first = journal_first(history->journal);
				history_check(history);
				history_verify(history);
				told->acknowledged = head;
				told->offered = head;
				history_close(history);
			}
		}
		if (!hit)
			print_error("%s was never reached\n", points[i]);
		assert_true(hit);
	}
	(void)close(fd);
	(void)unlink(told_path);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			acknowledged_is_kept, history_setup, history_teardown),
	};
	if (argc == 3)
		return child_main(argv[1], argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

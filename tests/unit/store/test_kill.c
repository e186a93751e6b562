/* A child writes batches whose content follows from their number and is killed; what it leaves
 * must be exactly the batches up to the applied sequence, ids included, whenever the kill came. */
#include "model.h"

#include <signal.h>
#include <sys/wait.h>

#define BATCH_PUTS 25u

static struct state *open_writer(const struct place *place)
{
	struct state *state;
	const struct state_options options = {
		.dir = place->dir, .map_bytes = 1 << 20, .freeze_changes = 100, .cap_changes = 300};
	assert_int_equal(state_open(&options, 7, &state), CH_OK);
	return state;
}

/* Batch number `sequence`, into a change (NULL: none) and the model. */
static void apply_batch(struct model *model, struct change *change, uint64_t sequence)
{
	static uint8_t large[80000];
	uint8_t bytes[32];
	uint8_t fingerprint[16];
	uint64_t seed = sequence * UINT64_C(0x9e3779b97f4a7c15) + 1;
	for (uint32_t i = 0; i < BATCH_PUTS; i++) {
		uint32_t key = (uint32_t)(draw(&seed) % MODEL_KEYS);
		uint64_t number = draw(&seed) % 5 == 0 ? 0 : 1 + draw(&seed) % 1000000;
		model->values[key] = number;
		if (change != NULL && number == 0)
			change_delete(change, model_table(key), model_key(key, bytes));
		else if (change != NULL)
			change_put(change, model_table(key), model_key(key, bytes),
				model_value(number, large));
	}
	model->ids = sequence;
	struct inbox_item item = {.sequence = sequence};
	fingerprint_of(sequence, fingerprint);
	if (change != NULL)
		change_inbox_put(change, fingerprint, &item);
}

/* Goes on behind what is applied, as the hub folds its journal again, until it is killed. */
static _Noreturn void child(const struct place *place, uint64_t last)
{
	static struct model model;
	struct state *state = open_writer(place);
	for (uint64_t sequence = state_applied(state) + 1; sequence <= last; sequence++) {
		struct change *change = state_begin(state);
		apply_batch(&model, change, sequence);
		if (change_publish(change, sequence) != CH_OK)
			_exit(3);
		/* Besides those that the projector makes of its own: enough for merges. */
		if (sequence % 20 == 0 && state_checkpoint(state) != CH_OK)
			_exit(4);
	}
	state_close(state);
	_exit(0);
}

/* Read only, so that what the child left stays as it is for the next one. */
static uint64_t check(const struct place *place)
{
	static struct model model;
	struct state *state;
	struct rtxn *rtxn;
	struct snapshot *snapshot;
	const struct state_options options = {.dir = place->dir, .read_only = true};
	enum ch_status status = state_open(&options, 7, &state);
	if (status == CH_NOT_FOUND)
		return 0; /* killed before there was anything */
	assert_int_equal(status, CH_OK);
	uint64_t applied = state_applied(state);
	memset(&model, 0, sizeof(model));
	for (uint64_t sequence = 1; sequence <= applied; sequence++)
		apply_batch(&model, NULL, sequence);
	assert_int_equal(rtxn_begin(state, &rtxn), CH_OK);
	model_check_rtxn(&model, rtxn);
	rtxn_end(rtxn);
	assert_int_equal(snapshot_begin(state, &snapshot), CH_OK);
	model_check_snapshot(&model, snapshot);
	snapshot_end(snapshot);
	state_close(state);
	return applied;
}

/* Returns true when the child came to its end by itself. */
static bool run_child(const struct place *place, uint64_t last, int64_t kill_after_us)
{
	int result = 0;
	(void)fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child(place, last);
	if (kill_after_us >= 0) {
		(void)usleep((unsigned)kill_after_us);
		(void)kill(pid, SIGKILL);
	}
	assert_int_equal(waitpid(pid, &result, 0), pid);
	if (WIFSIGNALED(result)) {
		assert_int_equal(WTERMSIG(result), SIGKILL);
		return false;
	}
	assert_int_equal(WEXITSTATUS(result), 0);
	return true;
}

static void test_killed_at_any_time(void **unused)
{
	(void)unused;
	struct place place;
	uint64_t seed = 4711;
	uint64_t applied = 0;
	place_make(&place);
	/* On a machine that is slow now the lives grow longer, until something has been written in them. */
	for (int round = 0; round < 25 || (applied <= 10 && round < 500); round++) {
		int64_t longest_us = 60000 * (1 + round / 25);
		(void)run_child(&place, 100000, (int64_t)(draw(&seed) % (uint64_t)longest_us));
		uint64_t now = check(&place);
		assert_true(now >= applied);
		applied = now;
	}
	assert_true(applied > 10);
	assert_true(run_child(&place, applied + 50, -1));
	assert_int_equal(check(&place), applied + 50);
	place_remove(&place);
}

#ifdef CH_FAULTS

static void test_killed_at_each_step_of_a_checkpoint(void **unused)
{
	static const char *const points[] = {"checkpoint.begin", "checkpoint.put",
		"checkpoint.commit", "checkpoint.committed", "inbox.run", "inbox.merge",
		"inbox.manifest"};
	(void)unused;
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		struct place place;
		uint64_t applied = 0;
		bool ended = false;
		place_make(&place);
		for (int pass = 1; pass <= 5 && !ended; pass++) {
			char faults[100];
			(void)snprintf(faults, sizeof(faults), "%s:kill@%d", points[i], pass);
			assert_int_equal(setenv("CAREHUB_FAULTS", faults, 1), 0);
			ended = run_child(&place, applied + 400, -1);
			assert_true(!ended || pass > 1); /* the point was reached */
			uint64_t now = check(&place);
			assert_true(now >= applied);
			applied = now;
		}
		assert_int_equal(unsetenv("CAREHUB_FAULTS"), 0);
		assert_true(run_child(&place, applied + 20, -1));
		assert_int_equal(check(&place), applied + 20);
		place_remove(&place);
	}
}

/* A full disk goes away again: the checkpoint is tried anew, and the child ends well. */
static void test_a_full_disk_is_survived(void **unused)
{
	static const char *const points[] = {"checkpoint.begin", "checkpoint.put",
		"checkpoint.commit", "inbox.run", "inbox.manifest"};
	(void)unused;
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		struct place place;
		char faults[100];
		place_make(&place);
		(void)snprintf(faults, sizeof(faults), "%s:enospc@2", points[i]);
		assert_int_equal(setenv("CAREHUB_FAULTS", faults, 1), 0);
		int result = 0;
		(void)fflush(NULL);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			static struct model model;
			struct state *state = open_writer(&place);
			bool seen = false;
			for (uint64_t sequence = 1; sequence <= 100; sequence++) {
				struct change *change = state_begin(state);
				apply_batch(&model, change, sequence);
				enum ch_status status = change_publish(change, sequence);
				/* At twice the cap it tells why nothing moves; the batch is in. */
				if (status != CH_OK && status != CH_FULL)
					_exit(4);
				(void)usleep(1000);
				seen = seen || state_status(state) == CH_FULL;
			}
			for (int tries = 0; tries < 100 && state_status(state) != CH_OK; tries++)
				(void)usleep(50000);
			enum ch_status status = state_checkpoint(state);
			state_close(state);
			_exit(!seen ? 5 : status != CH_OK ? 6 : 0);
		}
		assert_int_equal(waitpid(pid, &result, 0), pid);
		assert_true(WIFEXITED(result));
		assert_int_equal(WEXITSTATUS(result), 0);
		assert_int_equal(unsetenv("CAREHUB_FAULTS"), 0);
		assert_int_equal(check(&place), 100);
		place_remove(&place);
	}
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_at_any_time),
#ifdef CH_FAULTS
		cmocka_unit_test(test_killed_at_each_step_of_a_checkpoint),
		cmocka_unit_test(test_a_full_disk_is_survived),
#endif
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

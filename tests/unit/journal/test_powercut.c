/* The power goes at any write, sync, rename or deletion, again and again, also in the middle of
 * the recovery from the last time: what was acknowledged is there, in order, and nothing is
 * named damaged. */
#include "history.h"

#include "disk.h"
#include "journal/inside.h"

struct life {
	struct history *history;
	uint64_t acknowledged;
	uint64_t offered; /* the head if the batch in flight got through */
	uint64_t first;   /* what retention was allowed to remove ends before it */
	bool lost;        /* an acknowledged entry is not there: only a lying disk may do that */
};

/* One thing that a hub does; false when the power is gone. */
static bool live(struct life *life)
{
	struct history *history = life->history;
	struct retention retention = {
		.archive_after_us = (int64_t)disk_draw(3) * 100000,
		.keep_bytes = 500000,
		.floor = life->acknowledged,
	};
	uint32_t count = 1 + (uint32_t)disk_draw(60);
	enum ch_status status;
	switch (disk_draw(5)) {
	case 0:
		status = keeper_step(
			history->journal, &retention, journal_head_arrival_us(history->journal));
		return status == CH_OK || status == CH_END || disk.left > 0;
	default:
		life->offered = life->acknowledged + count;
		status = history_try_commit(history->journal, count);
		if (status == CH_OK)
			life->acknowledged = life->offered;
		return journal_status(history->journal) == CH_OK;
	}
}

/* After a restart: everything from the first kept entry to the head, and nothing but that. */
static void check_life(struct life *life)
{
	struct history *history = life->history;
	uint64_t head = journal_head(history->journal);
	if (head < life->acknowledged) {
		life->lost = true;
		return;
	}
	assert_true(head == life->acknowledged || head == life->offered);
	assert_int_equal(history->recovery.damaged_first, 0);
	assert_true(journal_first(history->journal) >= life->first);
	life->first = journal_first(history->journal);
	life->acknowledged = head;
	life->offered = head;
	history_check(history);
	history_verify(history);
}

static void one_life(struct life *life)
{
	struct history *history = life->history;
	enum ch_status status;
	/* Now and then so soon that recovery itself is cut. */
	disk_power_cut_after(disk_draw(4) == 0 ? disk_draw(12) : disk_draw(400));
	status = history_try_open(history);
	if (status == CH_OK) {
		while (disk.left > 0 && live(life)) {
		}
	} else {
		assert_int_equal(disk.left, 0); /* nothing else makes opening fail */
	}
	disk.left = 0;
	history_close(history);
	/* Or only the process died: what it had written and not synced is in the page cache, and
	 * is found.  From then on readers have it, so the power may go as it likes. */
	if (disk_draw(2) == 0) {
		disk_power_cut_after(UINT64_MAX);
		history_open(history);
		check_life(life);
		history_close(history);
		disk_power_cut_after(0);
	}
	disk_power_on();
}

static void acknowledged_is_kept(void **state)
{
	struct life life = {.history = *state};
	const char *seed = getenv("TEST_SEED");
	disk = (struct disk){.random = 2026, .left = UINT64_MAX};
	if (seed != NULL)
		disk.random = strtoull(seed, NULL, 10);
	for (int i = 0; i < 120; i++) {
		one_life(&life);
		history_open(life.history);
		check_life(&life);
		assert_false(life.lost);
		history_close(life.history);
		disk_power_on();
	}
	assert_int_equal(disk.cuts, 120);
	assert_true(life.acknowledged > 2000);
	assert_true(life.first > 1);
}

/* The same on a disk whose syncs do nothing: if this does not show, the test above proves
 * nothing. */
static void a_lying_disk_is_caught(void **state)
{
	struct life life = {.history = *state};
	int lives = 0;
	disk = (struct disk){.random = 7, .left = UINT64_MAX, .lying = true};
	while (!life.lost && lives++ < 100) {
		one_life(&life);
		if (history_try_open(life.history) != CH_OK)
			life.lost = true; /* worse still */
		else
			check_life(&life);
		history_close(life.history);
		disk_power_on();
	}
	assert_true(life.lost);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			acknowledged_is_kept, history_setup, history_teardown),
		cmocka_unit_test_setup_teardown(
			a_lying_disk_is_caught, history_setup, history_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "kit/conform/promise.h"

#define RECEIPT_US 3000 /* slow enough for something to happen in between */
#define PAUSE_MS   100  /* without an event: this life has no more to send */

/* In a few portions, as sources have it. */
static void feed_all(struct stage *stage)
{
	uint32_t records = stage->conform->records;
	stage_feed(stage, records / 3);
	stage_feed(stage, records / 3);
	stage_feed(stage, records - records / 3 * 2);
}

static uint64_t events_of(const struct stage *stage, uint32_t records)
{
	return (uint64_t)records * (uint64_t)stage->conform->description.events;
}

void promise_arrives(struct stage *stage)
{
	stage_start(stage);
	feed_all(stage);
	stage_settle(stage, stage->conform->records);
}

void promise_again(struct stage *stage)
{
	uint32_t records = stage->conform->records;
	stage_start(stage);
	stage_feed(stage, records);
	stage_settle(stage, records);
	stage_feed_again(stage, 1, records);
	stage_feed_again(stage, records / 2, records / 4);
	stage_settle(stage, records);
	stage_note(stage, "%llu of them were sent again, and known",
		(unsigned long long)fake_hub_count(stage->hub, FAKE_DUPLICATES));
}

/* The hub has read everything and told nothing; then the adapter dies, and the hub has forgotten. */
void promise_receipt(struct stage *stage)
{
	uint32_t records = stage->conform->records;
	fake_hub_hold_receipts(stage->hub, true);
	stage_start(stage);
	stage_feed(stage, records);
	stage_await(stage, FAKE_EVENTS, 1);
	stage_quiet(stage);
	stage_kill(stage);
	fake_hub_restore(stage->hub, 8);
	fake_hub_hold_receipts(stage->hub, false);
	stage_start(stage);
	stage_settle(stage, records);
}

/* Until so many events more have come, known ones included; a life that has fewer left sends fewer. */
static void await_more(struct stage *stage, uint64_t more)
{
	uint64_t seen = fake_hub_count(stage->hub, FAKE_EVENTS);
	uint64_t wanted = seen + more;
	stage_await(stage, FAKE_EVENTS, seen + 1);
	while (!stage->broken && seen < wanted &&
		fake_hub_wait(stage->hub, FAKE_EVENTS, seen + 1, PAUSE_MS))
		seen = fake_hub_count(stage->hub, FAKE_EVENTS);
}

void promise_kill(struct stage *stage)
{
	uint32_t records = stage->conform->records;
	uint64_t wanted = events_of(stage, records);
	fake_hub_set_pace(stage->hub, &(struct fake_pace){.delay_us = RECEIPT_US});
	feed_all(stage);
	for (uint32_t i = 0; i < stage->conform->kills && !stage->broken; i++) {
		uint64_t more = stage_chance(stage, 1, wanted / 3);
		/* Every other time it dies with receipts outstanding for sure, else while they come. */
		fake_hub_hold_after(stage->hub, (uint32_t)more);
		stage_start(stage);
		if (fake_hub_count(stage->hub, FAKE_STORED) < wanted)
			await_more(stage, more);
		if (i % 2 == 1)
			fake_hub_hold_receipts(stage->hub, false);
		process_sleep_ms((int64_t)stage_chance(stage, 0, 5));
		stage_kill(stage);
		fake_hub_hold_receipts(stage->hub, false);
	}
	stage_start(stage);
	stage_settle(stage, records);
	stage_note(stage, "%u times; %llu events were sent more than once", stage->conform->kills,
		(unsigned long long)fake_hub_count(stage->hub, FAKE_DUPLICATES));
}

void promise_stop(struct stage *stage)
{
	uint32_t records = stage->conform->records;
	uint64_t middle = stage_chance(stage, 1, events_of(stage, records) / 2);
	struct buffer when = {0};
	fake_hub_set_pace(stage->hub, &(struct fake_pace){.delay_us = RECEIPT_US});
	fake_hub_hold_after(stage->hub, (uint32_t)middle); /* until the signal is out */
	stage_start(stage);
	feed_all(stage);
	stage_await(stage, FAKE_STORED, middle);
	stage_terminate(stage);
	buffer_append_slice(&when, buffer_slice(&stage->detail));
	stage_start(stage);
	stage_settle(stage, records);
	stage_terminate(stage); /* with nothing to do, too */
	stage_note(stage, "in the middle %s", buffer_text(&when));
	buffer_fini(&when);
}

/* Reading everything again does no harm, but a year of it is a day of work. */
void promise_resume(struct stage *stage)
{
	uint32_t records = stage->conform->records;
	stage_start(stage);
	stage_feed(stage, records);
	stage_settle(stage, records);
	stage_terminate(stage);
	stage_start(stage);
	stage_await(stage, FAKE_HELLOS, 2);
	stage_quiet(stage);
	stage_feed(stage, 1);
	stage_settle(stage, records + 1);
	uint64_t again = fake_hub_count(stage->hub, FAKE_DUPLICATES);
	if (stage->conform->description.resumes && again > events_of(stage, records) / 4)
		stage_fail(stage, "%llu of %llu events were sent again after a restart",
			(unsigned long long)again, (unsigned long long)events_of(stage, records));
	stage_note(stage, "%llu of %llu events were sent again", (unsigned long long)again,
		(unsigned long long)events_of(stage, records));
}

/* In the middle, with the configuration as it is, with one that is no good, and with the good one again. */
void promise_reload(struct stage *stage)
{
	const struct description *description = &stage->conform->description;
	uint32_t records = stage->conform->records;
	struct buffer good = {0};
	struct buffer broken = {0};
	if (!description->reload) {
		stage_pass_over(stage, "reload");
		return;
	}
	stage_template(stage, description->configuration, &good);
	if (description->broken != NULL)
		stage_template(stage, description->broken, &broken);
	const struct slice turns[] = {
		buffer_slice(&good), buffer_slice(&broken), buffer_slice(&good)};
	fake_hub_set_pace(stage->hub, &(struct fake_pace){.delay_us = RECEIPT_US});
	stage_start(stage);
	feed_all(stage);
	for (uint32_t i = 0; i < 3; i++) {
		stage_await(stage, FAKE_STORED, events_of(stage, records) * (i + 1) / 5);
		stage_configure(stage, turns[i]);
		stage_hang_up(stage);
	}
	stage_settle(stage, records);
	stage_note(stage, "%llu events were sent more than once",
		(unsigned long long)fake_hub_count(stage->hub, FAKE_DUPLICATES));
	buffer_fini(&broken);
	buffer_fini(&good);
}

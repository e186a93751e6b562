#include "kit/conform/promise.h"
#include "wire/frame.h"

#define HOUR_US INT64_C(3600000000)

void promise_late(struct stage *stage)
{
	uint32_t records = stage->conform->records;
	fake_hub_go_away(stage->hub);
	stage_start(stage);
	stage_feed(stage, records);
	process_sleep_ms(1000);
	stage_is_alive(stage);
	fake_hub_come_back(stage->hub);
	stage_settle(stage, records);
}

/* Hours by the hub's clock. */
void promise_slow(struct stage *stage)
{
	uint32_t records = stage->conform->records;
	uint64_t wanted = (uint64_t)records * (uint64_t)stage->conform->description.events;
	uint32_t hours = 0;
	fake_hub_stop_clock(stage->hub);
	fake_hub_set_pace(stage->hub, &(struct fake_pace){.delay_us = HOUR_US});
	stage_start(stage);
	stage_feed(stage, records);
	for (; fake_hub_count(stage->hub, FAKE_RECEIPTS) < wanted && !stage->broken; hours++) {
		stage_await(stage, FAKE_EVENTS, fake_hub_count(stage->hub, FAKE_RECEIPTS) + 1);
		process_sleep_ms(hours == 0 ? 500 : 5);
		fake_hub_advance(stage->hub, HOUR_US);
	}
	fake_hub_run_clock(stage->hub);
	fake_hub_set_pace(stage->hub, &(struct fake_pace){0});
	stage_settle(stage, records);
	if (fake_hub_count(stage->hub, FAKE_DUPLICATES) > 0)
		stage_fail(stage, "%llu events were sent again on a connection that lived",
			(unsigned long long)fake_hub_count(stage->hub, FAKE_DUPLICATES));
	stage_note(stage, "%u hours of the hub's clock", hours);
}

void promise_window(struct stage *stage)
{
	uint32_t records = stage->conform->records;
	fake_hub_set_credit(stage->hub, 0);
	stage_start(stage);
	stage_feed(stage, records);
	stage_await(stage, FAKE_HELLOS, 1);
	process_sleep_ms(500);
	stage_is_alive(stage);
	if (fake_hub_count(stage->hub, FAKE_EVENTS) > 0)
		stage_fail(stage, "it sent events while the window was 0");
	fake_hub_set_pace(stage->hub, &(struct fake_pace){.delay_us = 1000});
	fake_hub_set_credit(stage->hub, 4);
	stage_settle(stage, records);
	uint64_t most = fake_hub_count(stage->hub, FAKE_MOST_IN_FLIGHT);
	if (most > 4)
		stage_fail(stage, "%llu events were under way in a window of 4",
			(unsigned long long)most);
}

void promise_split(struct stage *stage)
{
	uint32_t records = stage->conform->records;
	fake_hub_set_pace(stage->hub, &(struct fake_pace){.per_message = 1});
	stage_start(stage);
	stage_feed(stage, records / 2);
	stage_settle(stage, records / 2);
	fake_hub_set_pace(stage->hub, &(struct fake_pace){.beat_us = 50000, .per_message = 7});
	stage_feed(stage, records - records / 2);
	stage_settle(stage, records);
	if (fake_hub_count(stage->hub, FAKE_DUPLICATES) > 0)
		stage_fail(stage, "events were sent again on a connection that lived");
}

/* Each time as soon as something is stored, before it is told. */
void promise_reconnect(struct stage *stage)
{
	uint32_t records = stage->conform->records;
	uint32_t breaks = 3;
	fake_hub_set_pace(stage->hub, &(struct fake_pace){.delay_us = 2000});
	stage_start(stage);
	stage_feed(stage, records);
	for (uint32_t i = 0; i < breaks && !stage->broken; i++) {
		fake_hub_drop_after(
			stage->hub, (uint32_t)stage_chance(stage, 1, records / (breaks + 2)));
		stage_await(stage, FAKE_HELLOS, i + 2);
	}
	fake_hub_restart(stage->hub); /* and once it has another life */
	stage_settle(stage, records);
	stage_note(stage, "%llu connections",
		(unsigned long long)fake_hub_count(stage->hub, FAKE_HELLOS));
}

void promise_away(struct stage *stage)
{
	uint32_t records = stage->conform->records;
	fake_hub_set_pace(stage->hub, &(struct fake_pace){.delay_us = 2000});
	stage_start(stage);
	stage_feed(stage, records);
	stage_await(stage, FAKE_STORED, stage_chance(stage, 1, records / 2));
	fake_hub_go_away(stage->hub);
	process_sleep_ms(1000);
	stage_is_alive(stage);
	fake_hub_come_back(stage->hub);
	stage_settle(stage, records);
}

/* Three times the heartbeat without a word: then the connection counts as lost. */
void promise_silent(struct stage *stage)
{
	uint32_t records = stage->conform->records;
	fake_hub_set_pace(stage->hub, &(struct fake_pace){.delay_us = 2000});
	stage_start(stage);
	stage_feed(stage, records);
	stage_await(stage, FAKE_STORED, stage_chance(stage, 1, records / 2));
	fake_hub_fall_silent(stage->hub, true);
	process_sleep_ms(1500);
	stage_is_alive(stage);
	fake_hub_fall_silent(stage->hub, false);
	stage_settle(stage, records);
}

void promise_retry(struct stage *stage)
{
	uint32_t records = stage->conform->records;
	const struct fake_answer answer = {.receipt = {.outcome = OUTCOME_RETRY_AFTER,
						   .reason = CH_RETRY,
						   .detail = SLICE_LITERAL("the disk is full"),
						   .retry_after_ms = 300},
		.skip = 2,
		.every = 3,
		.events = 6};
	fake_hub_answer(stage->hub, &answer);
	stage_start(stage);
	stage_feed(stage, records);
	stage_settle(stage, records);
	uint64_t early = fake_hub_count(stage->hub, FAKE_IMPATIENT);
	if (early > 0)
		stage_fail(stage, "%llu events came again before their time",
			(unsigned long long)early);
	stage_note(
		stage, "%llu times", (unsigned long long)fake_hub_count(stage->hub, FAKE_RETRIES));
}

/* One of four, five times. */
static void refuse(struct stage *stage, const struct receipt *receipt, const char *word)
{
	uint32_t records = stage->conform->records;
	const struct fake_answer answer = {.receipt = *receipt, .skip = 3, .every = 4, .events = 5};
	uint64_t wanted = (uint64_t)records * (uint64_t)stage->conform->description.events - 5;
	fake_hub_answer(stage->hub, &answer);
	stage->lenient = true; /* the source may be told */
	stage_start(stage);
	stage_feed(stage, records);
	stage_await(stage, FAKE_STORED, wanted);
	stage_told(stage, word);
	stage_quiet(stage);
	stage_is_alive(stage);
	if (fake_hub_count(stage->hub, FAKE_STORED) > wanted)
		stage_fail(stage, "what was refused was sent again, and taken");
	stage_note(stage, "5 of %u, and told", records);
}

void promise_denied(struct stage *stage)
{
	refuse(stage,
		&(struct receipt){.outcome = OUTCOME_REFUSED,
			.reason = CH_DENIED,
			.field = SLICE_LITERAL("source"),
			.detail = SLICE_LITERAL("the peer has no right to it")},
		"denied");
}

void promise_field(struct stage *stage)
{
	refuse(stage,
		&(struct receipt){.outcome = OUTCOME_REFUSED,
			.reason = CH_INVALID,
			.sequence = 4711,
			.field = SLICE_LITERAL("customer.phones[0].value"),
			.detail = SLICE_LITERAL("is no number")},
		"customer.phones[0].value");
}

void promise_conflict(struct stage *stage)
{
	refuse(stage,
		&(struct receipt){
			.outcome = OUTCOME_CONFLICT, .reason = CH_CONFLICT, .sequence = 1},
		"conflict");
}

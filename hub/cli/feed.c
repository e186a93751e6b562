#include "cli/feed.h"

#include <poll.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/range.h"
#include "cli/ask.h"
#include "cli/cloudevent.h"
#include "cli/progress.h"
#include "cli/term.h"
#include "cli/words.h"

#define LOOK_MS 200 /* how soon a signal is seen */

struct feed {
	struct cli *cli;
	const struct feed_options *options;
	struct ch_subscribe_options wish;
	int64_t end_us;    /* the range ends before this time; 0: it does not */
	int64_t length_us; /* ... or so long after its first event; 0: it does not */
	uint64_t first;    /* sequences of the progress */
	uint64_t last;
	uint64_t count;
	bool gap;
	/* Pace. */
	int64_t began_us;
	int64_t first_arrival_us;
	uint64_t paced;
	struct progress progress;
	struct buffer line;
	struct ch_event *event;
};

/* ---- The range as a subscription ---- */

static bool feed_from(struct feed *feed, const struct range_point *from)
{
	struct ch_subscribe_options *wish = &feed->wish;
	uint64_t head = feed->cli->info.head;
	uint64_t value = (uint64_t)from->value;
	int64_t now_us = clock_wall_us() + feed->cli->info.clock_offset_us;
	switch (from->kind) {
	case RANGE_START:
		wish->from = CH_FROM_EARLIEST;
		return true;
	case RANGE_END:
		wish->from = CH_FROM_NEW;
		return true;
	case RANGE_NONE:
		wish->from = feed->options->live ? CH_FROM_NEW : CH_FROM_EARLIEST;
		return true;
	case RANGE_SEQUENCE:
	case RANGE_BACK:
		wish->from = CH_FROM_SEQUENCE;
		wish->from_sequence = from->kind == RANGE_SEQUENCE ? value
				      : value <= head              ? head + 1 - value
								   : 1;
		feed->first = wish->from_sequence;
		return wish->from_sequence > 0;
	case RANGE_TIME:
	case RANGE_BACK_US:
		wish->from = CH_FROM_TIME;
		wish->from_time_us = from->kind == RANGE_TIME ? from->value : now_us - from->value;
		return true;
	default:
		return false;
	}
}

static bool feed_oldest_reply(void *context, const ProtobufCMessage *message)
{
	uint64_t *first = context;
	*first = ((const Carehub__V1__StatusReply *)message)->first;
	return true;
}

/* The oldest entry that is kept; 0: the hub does not tell. */
static uint64_t feed_oldest(struct feed *feed)
{
	Carehub__V1__StatusRequest request;
	uint64_t first = 0;
	carehub__v1__status_request__init(&request);
	(void)ask_quietly(feed->cli, "Status", &request.base,
		&carehub__v1__status_reply__descriptor, feed_oldest_reply, &first);
	return first;
}

static bool feed_to(struct feed *feed, const struct range *range)
{
	struct ch_subscribe_options *wish = &feed->wish;
	const struct range_point *to = &range->to;
	uint64_t value = (uint64_t)to->value;
	int64_t now_us = clock_wall_us() + feed->cli->info.clock_offset_us;
	/* Whatever the end, it is within what is stored now, so that a range ends. */
	wish->stop_at_head = !feed->options->live || to->kind != RANGE_NONE;
	switch (to->kind) {
	case RANGE_NONE:
	case RANGE_END:
		return true;
	case RANGE_SEQUENCE:
		wish->stop_at_head = false;
		wish->stop_sequence = value;
		feed->last = value;
		return value > 0;
	case RANGE_BACK:
		wish->stop_at_head = false;
		wish->stop_sequence =
			value < feed->cli->info.head ? feed->cli->info.head - value : 1;
		feed->last = wish->stop_sequence;
		return true;
	case RANGE_LENGTH:
		if (feed->first == 0 && wish->from == CH_FROM_EARLIEST)
			feed->first = feed_oldest(feed);
		if (feed->first == 0)
			return false; /* entries from a time on: only the hub can count */
		wish->stop_at_head = false;
		wish->stop_sequence = feed->first + value - 1;
		feed->last = wish->stop_sequence;
		return value > 0;
	case RANGE_TIME:
		feed->end_us = to->value;
		return true;
	case RANGE_BACK_US:
		feed->end_us = now_us - to->value;
		return true;
	case RANGE_LENGTH_US:
		feed->length_us = to->value;
		return true;
	default:
		return false;
	}
}

static int feed_range(struct feed *feed)
{
	struct range range;
	size_t at = 0;
	const char *text = feed->options->range;
	enum ch_status status = range_parse(slice_text(text), &range, &at);
	if (status != CH_OK)
		return cli_fail(EXIT_USAGE, "[FROM][:TO], see carehub help",
			"\"%s\" is no range: \"%s\"?", text, at < strlen(text) ? text + at : text);
	if (!feed_from(feed, &range.from) || !feed_to(feed, &range))
		return cli_fail(EXIT_USAGE, NULL, "\"%s\" cannot be followed", text);
	if (feed->wish.stop_at_head)
		feed->last = feed->cli->info.head;
	return EXIT_FINE;
}

/* ---- Pace ---- */

/* Waits until this event's turn has come. */
static void feed_pace(struct feed *feed, const struct ch_delivery *delivery)
{
	const struct feed_options *options = feed->options;
	int64_t due_us = 0;
	if (feed->paced++ == 0) {
		feed->began_us = clock_steady_us();
		feed->first_arrival_us = delivery->arrival_us;
	}
	if (options->rate > 0)
		due_us = (int64_t)((double)(feed->paced - 1) * 1e6 / options->rate);
	else if (options->speed > 0)
		due_us = (int64_t)((double)(delivery->arrival_us - feed->first_arrival_us) /
				   options->speed);
	for (;;) {
		int64_t left_us = feed->began_us + due_us - clock_steady_us();
		if (left_us <= 0 || cli_stopped())
			return;
		int64_t wait_ms = left_us / 1000 + 1;
		(void)poll(NULL, 0, wait_ms < LOOK_MS ? (int)wait_ms : LOOK_MS);
	}
}

/* ---- Writing ---- */

static void feed_json(struct feed *feed, const struct ch_delivery *delivery)
{
	static const char *const modes[] = {"live", "catch-up", "replay", "snapshot"};
	struct buffer *line = &feed->line;
	char arrival[CLOCK_TEXT_BYTES];
	if (cloudevent_write(feed->event, line) != CH_OK)
		return;
	line->len--; /* the brace: what the hub knows of it stands in the same object */
	buffer_printf(line, ",\"sequence\":\"%llu\",\"part\":%u,\"arrival\":\"%s\",\"mode\":\"%s\"",
		(unsigned long long)delivery->sequence, delivery->part,
		clock_format(delivery->arrival_us, arrival),
		modes[delivery->mode <= CH_SNAPSHOT_RECORD ? delivery->mode : 0]);
	uint64_t customer =
		delivery->customer_now != 0 ? delivery->customer_now : delivery->customer;
	if (customer != 0)
		buffer_printf(line, ",\"customer\":\"%012llu\"", (unsigned long long)customer);
	buffer_append_text(line, "}\n");
}

static struct slice feed_attribute(const struct feed *feed, enum ch_attribute attribute)
{
	struct ch_bytes bytes = ch_event_get(feed->event, attribute);
	return slice_of(bytes.data, bytes.len);
}

static void feed_text(struct feed *feed, const struct ch_delivery *delivery)
{
	struct buffer *line = &feed->line;
	struct buffer safe = {0};
	char time[WORDS_BYTES];
	char number[WORDS_BYTES];
	uint64_t customer =
		delivery->customer_now != 0 ? delivery->customer_now : delivery->customer;
	buffer_printf(line, "%10llu  %s%s%s  ", (unsigned long long)delivery->sequence,
		term_ink(INK_DIM), words_time(delivery->arrival_us, time), term_plain());
	/* What the hub derived stands under what it was derived from. */
	buffer_append_text(line, delivery->part > 0 ? "  " : "");
	term_append(&safe, feed_attribute(feed, CH_TYPE));
	term_append_fitted(line, buffer_slice(&safe), delivery->part > 0 ? 30 : 32, false);
	buffer_printf(line, "  %-12s  ", words_customer(customer, number));
	buffer_clear(&safe);
	struct slice subject = feed_attribute(feed, CH_SUBJECT);
	term_append(&safe, subject.len > 0 ? subject : feed_attribute(feed, CH_ID));
	if (delivery->part == 0) {
		buffer_append_text(&safe, "  ");
		term_append(&safe, feed_attribute(feed, CH_SOURCE));
	}
	buffer_append_slice(line, buffer_slice(&safe));
	buffer_append_byte(line, '\n');
	buffer_fini(&safe);
}

static enum ch_status feed_write(struct feed *feed, const struct ch_delivery *delivery)
{
	const struct feed_options *options = feed->options;
	enum ch_status status = ch_event_read(feed->event, delivery->event, delivery->personal);
	if (status != CH_OK)
		return status;
	buffer_clear(&feed->line);
	if (options->json)
		feed_json(feed, delivery);
	else
		feed_text(feed, delivery);
	if (feed->line.status != CH_OK)
		return CH_NOMEM;
	bool good = fwrite(feed->line.data, 1, feed->line.len, options->out) == feed->line.len;
	/* Whoever watches wants to see it now. */
	if ((options->live || options->name != NULL) && good)
		good = fflush(options->out) == 0;
	feed->count++;
	return good ? CH_OK : CH_IO;
}

/* ---- The loop ---- */

static void feed_mark(struct feed *feed, const struct ch_mark *mark)
{
	if (mark->what != CH_MARK_GAP && mark->what != CH_MARK_SUSPENDED)
		return;
	feed->gap = true;
	if (mark->what == CH_MARK_GAP)
		(void)cli_fail(EXIT_WARNING, NULL, "entries %llu to %llu are gone",
			(unsigned long long)mark->first, (unsigned long long)mark->last);
	else
		(void)cli_fail(EXIT_WARNING, "delete it, or start it from a snapshot",
			"the subscription lagged beyond its bound");
}

/* True when the delivery lies behind the range's end in time. */
static bool feed_is_over(struct feed *feed, const struct ch_delivery *delivery)
{
	if (feed->length_us != 0 && feed->end_us == 0)
		feed->end_us = (feed->wish.from == CH_FROM_TIME ? feed->wish.from_time_us
								: delivery->arrival_us) +
			       feed->length_us;
	return feed->end_us != 0 && delivery->arrival_us >= feed->end_us;
}

static enum ch_status feed_loop(struct feed *feed, struct ch_subscription *subscription)
{
	const struct feed_options *options = feed->options;
	while (!cli_stopped()) {
		const struct ch_delivery *delivery = NULL;
		struct ch_mark mark;
		enum ch_status status =
			ch_subscription_next(subscription, LOOK_MS, &delivery, &mark);
		if (status == CH_TIMEOUT)
			continue;
		if (status != CH_OK)
			return status == CH_END ? CH_OK : status;
		if (delivery == NULL) {
			feed_mark(feed, &mark);
			if (mark.what == CH_MARK_END && mark.job[0] == 0)
				return CH_OK;
			continue;
		}
		if (feed_is_over(feed, delivery))
			return CH_OK;
		if (feed->first == 0)
			feed->first = delivery->sequence;
		if (options->rate > 0 || options->speed > 0)
			feed_pace(feed, delivery);
		if (cli_stopped())
			return CH_OK;
		status = feed_write(feed, delivery);
		/* Only what has left this program is done. */
		if (status == CH_OK && options->name != NULL)
			status = ch_ack(subscription, delivery);
		if (status != CH_OK)
			return status;
		if (options->limit != 0 && feed->count >= options->limit)
			return CH_OK;
		if (options->show_progress)
			progress_show(&feed->progress, delivery->sequence - feed->first + 1,
				feed->last >= feed->first ? feed->last - feed->first + 1 : 0);
	}
	return CH_OK;
}

static int feed_subscribe(struct feed *feed)
{
	const struct feed_options *options = feed->options;
	struct filter *filter = options->filter;
	struct ch_subscription *subscription = NULL;
	feed->wish.types = filter->types.items;
	feed->wish.type_count = filter->types.count;
	feed->wish.sources = filter->sources.items;
	feed->wish.source_count = filter->sources.count;
	feed->wish.customers = filter->customers;
	feed->wish.customer_count = filter->customer_words.count;
	enum ch_status status = ch_subscribe(
		feed->cli->connection, &feed->wish, feed->cli->timeout_ms, &subscription);
	if (status == CH_OK) {
		progress_begin(&feed->progress, options->label, feed->cli->quiet, 0);
		status = feed_loop(feed, subscription);
		progress_end(&feed->progress);
		/* Nothing is remembered of it, so nothing is lost when the answer fails. */
		(void)ch_subscription_close(subscription, 1000);
	}
	if (status == CH_OK && fflush(options->out) != 0)
		status = CH_IO;
	if (status == CH_IO)
		return cli_fail(EXIT_CRITICAL, NULL, "the output could not be written");
	if (status != CH_OK)
		return cli_fail_status(feed->cli, feed->cli->command, status);
	return feed->gap ? EXIT_WARNING : EXIT_FINE;
}

int feed_run(struct cli *cli, const struct feed_options *options, uint64_t *out_count)
{
	struct feed feed = {.cli = cli, .options = options};
	feed.wish = (struct ch_subscribe_options){
		.size = CH_SUBSCRIBE_SIZE,
		.name = options->name,
		.no_ack = options->name == NULL,
	};
	int result = cli_connect(cli);
	if (result == EXIT_FINE)
		result = feed_range(&feed);
	if (result != EXIT_FINE)
		return result;
	feed.event = ch_event_create();
	if (feed.event == NULL)
		return cli_fail(EXIT_CRITICAL, NULL, "memory ran out");
	result = feed_subscribe(&feed);
	*out_count = feed.count;
	buffer_fini(&feed.line);
	ch_event_free(feed.event);
	return result;
}

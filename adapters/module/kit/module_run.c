/* The rounds of a module, all on one thread:
 *
 *     attach   where the book stands, when the line is there and we are not attached
 *     take     what has arrived, waiting for the first of it
 *     fold     into the book, one transaction; acknowledge
 *     speak    once the feed is live: what the folds want said
 *     tend     the parts: the clock's business, what goes out into the world
 *
 * Nothing of it waits longer than a few seconds, so a signal is heard soon.  A book that is damaged, or of another
 * release, is put aside and made anew from the journal: loudly, but without anybody's help. */
#include "module/kit/module_run.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "carehub/carehub.h"
#include "kit/courier.h"
#include "module/kit/feed_inside.h"
#include "module/kit/hub_clock.h"
#include "module/kit/speaker.h"
#include "module/kit/tally.h"

/* A round waits no longer for an event, so that signals are heard. */
#define ROUND_MS   500
#define ATTACH_MS  5000
#define RECEIPT_MS 2000

/* How often a line that is not there is looked for. */
#define AWAY_MS 50

/* After something went wrong that may mend itself. */
#define AGAIN_US 1000000

/* Of a book that is damaged again and again the disk is to blame. */
#define DAMAGES_MAX 3

struct run {
	const struct module *module;
	const struct module_settings *settings;
	const struct run_life *life;
	struct tally *tally;
	struct book *book;
	void **selves;
	struct ch_connection *connection;
	struct router *router;
	struct feed *feed;
	struct speaker *speaker;
	struct hub_clock clock;
	int64_t attach_us; /* not before, by the steady clock */
	int64_t tend_us;   /* parts want it then at the latest */
	int64_t speak_us;
	bool changed;          /* since the parts were last tended, and the outbox looked at */
	enum ch_status told;   /* why we are not attached, as last logged */
	enum ch_status broken; /* by taking settings over: it cannot go on */

	_Atomic bool up; /* written by the library's thread */
};

/* ---- The line to the hub ---- */

static void run_state(void *context, struct ch_connection *connection, enum ch_state state,
	enum ch_status why, const char *detail)
{
	struct run *run = context;
	(void)connection;
	run->up = state == CH_CONNECTED;
	if (state == CH_CONNECTED)
		log_info("hub.connected", "module=%s", run->module->program);
	else if (state == CH_LOST)
		log_warning("hub.lost", "module=%s status=%s detail=\"%s\"", run->module->program,
			ch_status_name(why), detail != NULL ? detail : "");
}

static enum ch_status run_connect(struct run *run)
{
	struct ch_options *options = ch_options_create();
	if (options == NULL)
		return CH_NOMEM;
	enum ch_status status =
		courier_identify(&run->settings->hub, run->module->program, options);
	ch_options_set_lazy(options, true);
	ch_options_set_retry(options, false); /* the outbox keeps what is put off */
	ch_options_set_state_callback(options, run_state, run);
	if (status == CH_OK)
		status = ch_connect(options, &run->connection);
	ch_options_free(options);
	return status;
}

/* ---- Opening and closing ---- */

/* A book that cannot be used is made anew; what was in it is implied by the journal. */
static enum ch_status run_open_book(struct run *run)
{
	struct book_form form = module_settings_form(run->settings, run->module);
	enum ch_status status = book_open(&form, BOOK_WRITE, &run->book);
	if (status != CH_VERSION && status != CH_CORRUPT)
		return status;
	log_warning("module.rebuild", "module=%s why=%s", run->module->program,
		status == CH_VERSION ? "another_release" : "damaged");
	status = book_discard(form.directory, status == CH_CORRUPT);
	return status == CH_OK ? book_open(&form, BOOK_WRITE, &run->book) : status;
}

static void run_close_parts(const struct module *module, void **selves, size_t count)
{
	while (count > 0) {
		const struct module_part *part = module->parts[--count];
		if (part->close != NULL)
			part->close(selves[count]);
	}
	free(selves);
}

/* All of them, or none. */
static enum ch_status run_open_parts(const struct run *run, const struct module_settings *settings,
	struct problems *problems, void ***out_selves)
{
	enum ch_status status = CH_OK;
	size_t count = 0;
	void **selves = calloc(run->module->part_count + 1, sizeof(void *));
	if (selves == NULL)
		return CH_NOMEM;
	while (count < run->module->part_count && status == CH_OK) {
		const struct module_part *part = run->module->parts[count];
		if (part->open != NULL)
			status = part->open(settings->configs[count], tally_metrics(run->tally),
				problems, &selves[count]);
		if (status == CH_OK)
			count++;
	}
	if (status == CH_OK)
		*out_selves = selves;
	else
		run_close_parts(run->module, selves, count);
	return status;
}

static enum ch_status run_open(struct run *run, struct problems *problems)
{
	enum ch_status status =
		tally_create(run->module->program, run->settings->metrics, &run->tally);
	if (status == CH_OK)
		status = run_open_book(run);
	if (status == CH_OK)
		status = run_open_parts(run, run->settings, problems, &run->selves);
	if (status == CH_OK)
		status = run_connect(run);
	if (status == CH_OK)
		status = router_create(run->module, run->selves, &run->router);
	if (status != CH_OK)
		return status;
	const struct feed_options options = {.module = run->module,
		.book = run->book,
		.router = run->router,
		.connection = run->connection,
		.name = run->settings->subscription,
		.batch = (uint32_t)run->settings->batch};
	status = feed_create(&options, &run->feed);
	if (status == CH_OK)
		status = speaker_create(
			run->book, run->connection, run->module->source, &run->speaker);
	return status;
}

static void run_close(struct run *run)
{
	speaker_free(run->speaker);
	feed_free(run->feed);
	ch_close(run->connection);
	router_free(run->router);
	if (run->selves != NULL)
		run_close_parts(run->module, run->selves, run->module->part_count);
	book_close(run->book);
	tally_free(run->tally);
}

/* The old parts have let go of the book before the new ones look into it: what came of a mail that was under
 * way is in it. */
enum ch_status module_run_take_over(
	struct run *run, const struct module_settings *settings, struct problems *problems)
{
	void **selves = NULL;
	struct router *router = NULL;
	enum ch_status status = run_open_parts(run, settings, problems, &selves);
	if (status != CH_OK)
		return status;
	status = router_create(run->module, selves, &router);
	if (status != CH_OK) {
		run_close_parts(run->module, selves, run->module->part_count);
		return status;
	}
	run_close_parts(run->module, run->selves, run->module->part_count);
	router_free(run->router);
	run->selves = selves;
	run->router = router;
	run->settings = settings;
	run->broken = feed_reroute(run->feed, router);
	run->changed = true;
	return CH_OK;
}

/* ---- A round ---- */

static bool run_is_to_end(struct run *run)
{
	const struct run_life *life = run->life;
	return life->reload != NULL &&
	       life->reload(
		       life->context, run, feed_is_attached(run->feed) ? RUN_AT_WORK : RUN_BEGUN);
}

/* What no other round will mend. */
static bool run_is_fatal(enum ch_status status)
{
	return status == CH_CORRUPT || status == CH_IO || status == CH_NOMEM ||
	       status == CH_INTERNAL || status == CH_FENCED;
}

static void run_tell(struct run *run, enum ch_status status)
{
	if (status != run->told)
		log_warning("module.detached", "module=%s status=%s", run->module->program,
			ch_status_name(status));
	run->told = status;
}

static void run_wait(int64_t ms)
{
	struct timespec time = {ms / 1000, ms % 1000 * 1000000};
	(void)nanosleep(&time, NULL); /* a signal may wake it: so it should */
}

static enum ch_status run_attach(struct run *run)
{
	int64_t now_us = clock_steady_us();
	if (!run->up || now_us < run->attach_us) {
		run_wait(AWAY_MS);
		return CH_OK;
	}
	enum ch_status status = feed_attach(run->feed, ATTACH_MS);
	if (status == CH_OK) {
		run->told = CH_OK;
		return CH_OK;
	}
	run->attach_us = clock_steady_us() + AGAIN_US;
	run_tell(run, status);
	return run_is_fatal(status) ? status : CH_OK;
}

/* How long there is nothing to do but to wait for events. */
static int64_t run_patience_ms(const struct run *run)
{
	int64_t now_us = clock_steady_us();
	int64_t due_us = now_us + ROUND_MS * INT64_C(1000);
	if (!feed_is_live(run->feed))
		return ROUND_MS;
	if (run->changed)
		return 0;
	if (run->tend_us < due_us)
		due_us = run->tend_us;
	if (run->speak_us < due_us)
		due_us = run->speak_us;
	return due_us > now_us ? (due_us - now_us + 999) / 1000 : 0;
}

static enum ch_status run_read(struct run *run)
{
	enum ch_status status = feed_take(run->feed, run_patience_ms(run));
	if (status == CH_TIMEOUT)
		return CH_OK;
	if (status == CH_OK) {
		status = feed_fold(run->feed);
		run->changed = true;
		if (status == CH_FULL) {
			log_error("module.disk_full", "module=%s", run->module->program);
			run_wait(AGAIN_US / 1000);
			return CH_OK;
		}
		return status == CH_RESET ? CH_OK : status;
	}
	run_tell(run, status);
	return run_is_fatal(status) ? status : CH_OK;
}

static int64_t run_hub_time(struct run *run)
{
	struct ch_info hub = {0};
	(void)ch_connection_info(
		run->connection, &hub); /* else as zeroed: it has not welcomed us */
	return hub_clock_now(
		&run->clock, &(struct hub_clock_sight){.wall_us = clock_wall_us(),
				     .steady_us = clock_steady_us(),
				     .offset_us = hub.clock_offset_us,
				     .arrival_us = feed_state_now(run->feed)->arrival_us});
}

static enum ch_status run_tend(struct run *run)
{
	int64_t again_ms = -1;
	for (size_t i = 0; i < run->module->part_count; i++) {
		const struct module_part *part = run->module->parts[i];
		struct module_turn turn = {.book = run->book,
			.connection = run->up ? run->connection : NULL,
			.now_us = run_hub_time(run),
			.feed = *feed_state_now(run->feed),
			.configs = run->settings->configs,
			.again_ms = -1};
		if (part->tend == NULL)
			continue;
		enum ch_status status = part->tend(run->selves[i], &turn);
		if (run_is_fatal(status))
			return status;
		if (status != CH_OK) {
			log_warning("module.tend", "module=%s part=%s status=%s",
				run->module->program, part->name, ch_status_name(status));
			turn.again_ms = AGAIN_US / 1000;
		}
		if (turn.again_ms >= 0 && (again_ms < 0 || turn.again_ms < again_ms))
			again_ms = turn.again_ms;
	}
	run->tend_us = again_ms < 0 ? INT64_MAX : clock_steady_us() + again_ms * 1000;
	return feed_look_again(run->feed);
}

static enum ch_status run_speak(struct run *run)
{
	int64_t due_ms = -1;
	if (!run->up || feed_state_now(run->feed)->waiting == 0) {
		run->speak_us = INT64_MAX;
		return CH_OK;
	}
	enum ch_status status = speaker_speak(run->speaker, RECEIPT_MS, &due_ms);
	if (status == CH_FULL) {
		due_ms = AGAIN_US / 1000;
		status = CH_OK;
	}
	run->speak_us = due_ms < 0 ? INT64_MAX : clock_steady_us() + due_ms * 1000;
	return status == CH_OK ? feed_look_again(run->feed) : status;
}

/* What the folds want said goes out first: somebody may be waiting for it. */
static enum ch_status run_act(struct run *run)
{
	enum ch_status status = CH_OK;
	int64_t now_us = clock_steady_us();
	bool changed = run->changed;
	if (!feed_is_live(run->feed))
		return CH_OK;
	run->changed = false;
	if (changed || now_us >= run->speak_us)
		status = run_speak(run);
	if (status == CH_OK && (changed || now_us >= run->tend_us)) {
		uint64_t waiting = feed_state_now(run->feed)->waiting;
		status = run_tend(run);
		if (status == CH_OK && feed_state_now(run->feed)->waiting != waiting)
			status = run_speak(run);
	}
	return status;
}

static void run_tally(struct run *run, bool now)
{
	const struct tally_sight sight = {.feed = *feed_state_now(run->feed),
		.up = run->up,
		.live = feed_is_live(run->feed),
		.reload_failed = run->life->reload_failed,
		.generation = run->life->generation,
		.said = speaker_said(run->speaker),
		.book_bytes = book_used_bytes(run->book),
		.now_us = run_hub_time(run)};
	tally_tell(run->tally, &sight, now);
}

/* Everything that the journal has is in the book, the parts have nothing more to do at once, and everything is
 * said that can be. */
static bool run_is_done(const struct run *run)
{
	return run->life->once && feed_is_live(run->feed) && !run->changed &&
	       run->tend_us > clock_steady_us() &&
	       feed_state_now(run->feed)->waiting <= feed_state_now(run->feed)->refused;
}

static enum ch_status run_rounds(struct run *run)
{
	enum ch_status status = CH_OK;
	while (status == CH_OK && *run->life->stop == 0 && !run_is_done(run) &&
		!run_is_to_end(run)) {
		if (run->broken != CH_OK)
			status = run->broken;
		else if (feed_is_attached(run->feed))
			status = run_read(run);
		else
			status = run_attach(run);
		if (status == CH_OK)
			status = run_act(run);
		run_tally(run, false);
	}
	run_tally(run, true);
	return status;
}

enum ch_status module_run(const struct module *module, const struct module_settings *settings,
	const struct run_life *life, struct problems *problems)
{
	enum ch_status status = CH_CORRUPT;
	for (int damages = 0; status == CH_CORRUPT && damages < DAMAGES_MAX; damages++) {
		struct run run = {.module = module, .settings = settings, .life = life};
		status = run_open(&run, problems);
		if (status == CH_OK)
			status = run_rounds(&run);
		run_close(&run);
		settings = run.settings; /* those that were taken over; the others are gone */
		if (status != CH_CORRUPT)
			break;
		log_error("module.rebuild", "module=%s why=damaged", module->program);
		enum ch_status discarded = book_discard(settings->book, true);
		if (discarded != CH_OK)
			return discarded;
	}
	return status;
}

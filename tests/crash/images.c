/* Power cuts: what a hub does to its disk is recorded write by write and sync by sync; at drawn moments
 * between two of them the power fails, and what could be on the disk then is built and opened.
 *
 *     crash_images --carehubd FILE --record LIBRARY --dir DIR [--images N] [--seed N] [--jobs N]
 *
 * A recording (recording.h) gives up to 2500 images.  Each must
 *
 *     - open, with no damage and with the store not older than what had been synced of it
 *     - hold every receipt that a client had by then (ledger.h)
 *     - have the state that a fresh fold of the journal up to its head has
 *     - open again the same (every eighth)
 *
 * Controls: on disks that lie about the syncs of segments, store, inbox runs, names or archive, images
 * must fail.
 *
 * Exit: 0 when all holds, 1 when not, 2 when it could not be tried. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "crash/check.h"
#include "daemon/engine.h"

#define RECORDING_IMAGES 2500u
#define CONTROL_IMAGES   60u
#define JOBS_MAX         64u
#define IMAGE_S          60u

/* Where a worker stands, for the one who watches it. */
struct progress {
	uint32_t at; /* cuts done or being done */
	uint32_t done;
	uint32_t failed;
	uint32_t modes[CUT_MODES];
};

struct trial {
	struct recording recording;
	const char *dir;
	uint32_t jobs;
	struct cut *cuts;
	uint32_t count;
	enum disk_lie lie;
	bool silent;
	struct floors floors;
	struct progress *progress; /* shared, one for each job */
};

/* ---- Workers ---- */

/* The image as it was before anybody opened it, for people. */
static void trial_keep(const struct trial *trial, const struct cut *cut, char path[PATH_MAX])
{
	struct disk *disk = NULL;
	(void)snprintf(path, PATH_MAX, "%s/failed-%" PRIu32, trial->dir, cut->number);
	enum ch_status status =
		disk_create(buffer_slice(&trial->recording.bytes), trial->lie, &disk);
	if (status == CH_OK)
		status = disk_play(disk, cut->at);
	if (status == CH_OK)
		status = image_make(disk, cut, path);
	if (status != CH_OK)
		fprintf(stderr, "%s: %s\n", path, ch_status_name(status));
	disk_free(disk);
}

static void trial_tell(const struct trial *trial, const struct cut *cut, const char *why)
{
	char path[PATH_MAX];
	if (trial->silent)
		return;
	trial_keep(trial, cut, path);
	fprintf(stderr,
		"FAILED image %" PRIu32 " of %s, cut %" PRIu32 ", %s: %s; it is kept in %s\n",
		cut->number, trial->recording.server.root, cut->at, cut_mode_names[cut->mode], why,
		path);
}

/* Cuts `from`, from + jobs ...: each worker plays the whole record once. */
static int work(struct trial *trial, uint32_t job)
{
	static struct check check; /* large */
	struct progress *progress = &trial->progress[job];
	struct disk *disk = NULL;
	char dir[PATH_MAX];
	(void)snprintf(dir, sizeof(dir), "%s/image-%" PRIu32, trial->dir, job);
	enum ch_status status = check_init(&check, &trial->recording, &trial->floors, dir);
	if (status == CH_OK)
		status = disk_create(buffer_slice(&trial->recording.bytes), trial->lie, &disk);
	while (status == CH_OK && progress->at < trial->count) {
		const struct cut *cut = &trial->cuts[progress->at];
		(void)alarm(IMAGE_S);
		status = disk_play(disk, cut->at);
		if (status != CH_OK)
			break;
		bool holds = check_image(&check, disk, cut);
		progress->done++;
		progress->modes[cut->mode]++;
		progress->at += trial->jobs;
		if (holds)
			continue;
		progress->failed++;
		trial_tell(trial, cut, check.why);
		if (!trial->silent)
			break; /* one is enough to look at */
	}
	if (status != CH_OK)
		fprintf(stderr, "FAILED worker: %s\n", ch_status_name(status));
	disk_free(disk);
	check_fini(&check);
	return status == CH_OK ? 0 : 2;
}

static pid_t spawn(struct trial *trial, uint32_t job)
{
	(void)fflush(NULL); /* or the child would print it again */
	pid_t pid = fork();
	if (pid == 0) {
		if (trial->silent) {
			int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
			(void)dup2(null, STDERR_FILENO); /* a control is expected to complain */
		}
		trial->recording.ledger.silent = trial->silent;
		_exit(work(trial, job));
	}
	return pid;
}

/* A worker that dies has found an image on which the hub would. */
static bool watch(struct trial *trial, uint32_t job, pid_t pid)
{
	struct progress *progress = &trial->progress[job];
	for (;;) {
		int status;
		char why[64];
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			return false;
		if (WIFEXITED(status))
			return WEXITSTATUS(status) == 0;
		(void)snprintf(why, sizeof(why), "died of signal %d", WTERMSIG(status));
		trial_tell(trial, &trial->cuts[progress->at], why);
		progress->done++;
		progress->failed++;
		progress->at += trial->jobs;
		if (!trial->silent)
			return true;
		pid = spawn(trial, job);
	}
}

/* False when it could not be tried. */
static bool trial_run(struct trial *trial, struct progress *out_total)
{
	pid_t pids[JOBS_MAX];
	bool tried = true;
	*out_total = (struct progress){0};
	for (uint32_t job = 0; job < trial->jobs; job++) {
		trial->progress[job] = (struct progress){.at = job};
		pids[job] = spawn(trial, job);
	}
	for (uint32_t job = 0; job < trial->jobs; job++) {
		const struct progress *progress = &trial->progress[job];
		tried = watch(trial, job, pids[job]) && tried;
		out_total->done += progress->done;
		out_total->failed += progress->failed;
		for (int mode = 0; mode < CUT_MODES; mode++)
			out_total->modes[mode] += progress->modes[mode];
	}
	return tried;
}

/* ---- Where to cut ---- */

static int cut_order(const void *a, const void *b)
{
	const struct cut *left = a;
	const struct cut *right = b;
	return left->at < right->at ? -1 : left->at > right->at;
}

static bool is_turn(const struct record *record)
{
	return record->kind == RECORD_CREATE || record->kind == RECORD_RENAME ||
	       record->kind == RECORD_UNLINK || record->kind == RECORD_SIZE || record->durable != 0;
}

/* Three in four anywhere, one near where names, sizes or meta pages change. */
static uint32_t draw_cut(const struct disk *disk, uint64_t seed, uint32_t number)
{
	uint32_t count = disk_count(disk);
	uint32_t at = (uint32_t)(load_mix(seed, number, 0) % count);
	if (number % 4 != 0)
		return at + 1;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t place = (at + i) % count;
		if (is_turn(disk_record(disk, place)))
			return place + 1 + (uint32_t)(load_mix(seed, number, 1) % 3);
	}
	return at + 1;
}

/* What was recorded, so that a reader can see that there was something to lose. */
static void tell_record(const struct disk *disk, const char *root)
{
	uint32_t kinds[RECORD_KINDS] = {0};
	for (uint32_t i = 0; i < disk_count(disk); i++)
		kinds[disk_record(disk, i)->kind]++;
	printf("record\t%s: %" PRIu32 " records, writes=%" PRIu32 " syncs=%" PRIu32
	       " created=%" PRIu32 " renamed=%" PRIu32 " removed=%" PRIu32 " receipts=%" PRIu32
	       "\n",
		strrchr(root, '/') + 1, disk_count(disk), kinds[RECORD_WRITE], kinds[RECORD_SYNCED],
		kinds[RECORD_CREATE] + kinds[RECORD_MKDIR], kinds[RECORD_RENAME],
		kinds[RECORD_UNLINK], kinds[RECORD_MARK]);
}

static bool draw_cuts(struct trial *trial, uint64_t seed, uint32_t first, uint32_t count)
{
	struct disk *disk = NULL;
	trial->cuts = calloc(count, sizeof(*trial->cuts));
	trial->count = count;
	if (trial->cuts == NULL ||
		disk_create(buffer_slice(&trial->recording.bytes), LIE_NONE, &disk) != CH_OK)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t number = first + i;
		uint32_t at = draw_cut(disk, seed, number);
		if (at > trial->recording.power_at && at < trial->recording.resume_at)
			at = trial->recording.resume_at;
		trial->cuts[i] = (struct cut){
			.at = at,
			.mode = (enum cut_mode)(load_mix(seed, number, 2) % CUT_MODES),
			.seed = load_mix(seed, number, 3),
			.number = number,
		};
	}
	qsort(trial->cuts, count, sizeof(*trial->cuts), cut_order);
	if (!trial->silent)
		tell_record(disk, trial->recording.server.root);
	disk_free(disk);
	return true;
}

/* ---- Controls ---- */

static uint32_t run_controls(struct trial *trial, uint64_t seed)
{
	uint32_t failures = 0;
	trial->silent = true;
	for (enum disk_lie lie = LIE_SEGMENTS; lie < LIES; lie++) {
		struct progress total;
		free(trial->cuts);
		trial->lie = lie;
		if (!draw_cuts(trial, seed + lie, 0, CONTROL_IMAGES) || !trial_run(trial, &total))
			return failures + 1;
		printf("control\tthe disk lies about %s: %" PRIu32 " of %" PRIu32
		       " images noticed\n",
			disk_lie_names[lie], total.failed, total.done);
		failures += total.failed == 0;
	}
	trial->silent = false;
	trial->lie = LIE_NONE;
	return failures;
}

/* ---- The whole ---- */

struct arguments {
	const char *program;
	const char *preload;
	const char *dir;
	uint32_t images;
	uint64_t seed;
	uint32_t jobs;
};

struct totals {
	struct progress progress;
	uint32_t recordings;
	uint64_t records;
	uint64_t receipts;
	uint32_t failures;
};

static bool recording_run(
	const struct arguments *arguments, uint32_t number, uint32_t images, struct totals *totals)
{
	static struct trial trial; /* large */
	struct progress total = {0};
	char root[PATH_MAX];
	char scratch[PATH_MAX];
	uint64_t seed = load_mix(arguments->seed, number, 5);
	struct recording_options options = {
		.program = arguments->program,
		.preload = arguments->preload,
		.root = root,
		.seed = seed,
	};
	(void)snprintf(root, sizeof(root), "%s/recording-%" PRIu32, arguments->dir, number);
	(void)snprintf(scratch, sizeof(scratch), "%s/floor", arguments->dir);
	trial = (struct trial){.dir = arguments->dir, .jobs = arguments->jobs};
	trial.progress = mmap(NULL, sizeof(struct progress) * JOBS_MAX, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bool tried = trial.progress != MAP_FAILED &&
		     recording_make(&options, &trial.recording) == CH_OK &&
		     floors_measure(&trial.recording, scratch, &trial.floors) == CH_OK &&
		     draw_cuts(&trial, seed, number * RECORDING_IMAGES, images) &&
		     trial_run(&trial, &total);
	if (tried && number == 0 && total.failed == 0)
		totals->failures += run_controls(&trial, seed);
	totals->failures += total.failed;
	totals->progress.done += total.done;
	for (int mode = 0; mode < CUT_MODES; mode++)
		totals->progress.modes[mode] += total.modes[mode];
	totals->recordings++;
	totals->receipts += trial.recording.ledger.answered;
	if (tried && total.failed == 0)
		(void)engine_remove_folder(root); /* whoever made the folder removes it */
	recording_fini(&trial.recording);
	free(trial.cuts);
	if (trial.progress != MAP_FAILED)
		(void)munmap(trial.progress, sizeof(struct progress) * JOBS_MAX);
	return tried;
}

static const char *value_of(int argc, char **argv, const char *name, const char *otherwise)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], name) == 0)
			return argv[i + 1];
	}
	return otherwise;
}

static int report(const struct totals *totals, int64_t took_us)
{
	const struct progress *progress = &totals->progress;
	for (int mode = 0; mode < CUT_MODES; mode++)
		printf("mode\t%-14s %" PRIu32 "\n", cut_mode_names[mode], progress->modes[mode]);
	printf("images\t%" PRIu32 " of %" PRIu32 " recordings with %" PRIu64
	       " receipts, %.1f s, %.0f/s\n",
		progress->done, totals->recordings, totals->receipts, (double)took_us / 1e6,
		(double)progress->done * 1e6 / (double)(took_us + 1));
	printf("images\t%s\n", totals->failures == 0 ? "ok" : "FAILED");
	return totals->failures == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct totals totals = {0};
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	struct arguments arguments = {
		.program = value_of(argc, argv, "--carehubd", NULL),
		.preload = value_of(argc, argv, "--record", NULL),
		.dir = value_of(argc, argv, "--dir", NULL),
		.images = (uint32_t)strtoul(value_of(argc, argv, "--images", "1500"), NULL, 10),
		.seed = strtoull(value_of(argc, argv, "--seed", "1"), NULL, 10),
		.jobs = (uint32_t)strtoul(value_of(argc, argv, "--jobs", "0"), NULL, 10),
	};
	if (arguments.program == NULL || arguments.preload == NULL || arguments.dir == NULL) {
		fprintf(stderr, "crash_images --carehubd FILE --record LIBRARY --dir DIR "
				"[--images N] [--seed N] [--jobs N]\n");
		return 64;
	}
	if (arguments.jobs == 0)
		arguments.jobs = online > 0 ? (uint32_t)online : 1;
	if (arguments.jobs > JOBS_MAX)
		arguments.jobs = JOBS_MAX;
	log_set_level(LOG_ERROR); /* a thousand recoveries have little to tell */
	int64_t began_us = clock_steady_us();
	for (uint32_t number = 0; totals.progress.done < arguments.images; number++) {
		uint32_t left = arguments.images - totals.progress.done;
		uint32_t images = left < RECORDING_IMAGES ? left : RECORDING_IMAGES;
		if (!recording_run(&arguments, number, images, &totals))
			return 2;
		if (totals.failures > 0)
			break;
	}
	return report(&totals, clock_steady_us() - began_us);
}

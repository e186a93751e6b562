/* Power cuts under an adapter's spool (kit/spool.h): what a writer does to its folder is recorded write by
 * write and sync by sync; at drawn moments the power fails, and what could be on the disk then is opened.
 *
 *     crash_spool --record LIBRARY --dir DIR [--images N] [--seed N]
 *
 * Each image must open, without damage, and hand out in order and byte for byte every record that was told
 * to be safe and was not told to be done with; every eighth takes more records and opens again.
 * Controls: on disks that lie about the syncs of files, or of folders, images must fail.
 *
 * Exit: 0 when all holds, 1 when not, 2 when it could not be tried. */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "crash/image.h"
#include "daemon/engine.h"
#include "kit/spool.h"

#define RECORDING_IMAGES 500u
#define CONTROL_IMAGES   120u
#define BATCHES          150u
#define NUMBERS_MAX      16384u
#define RECORD_MAX       (1u << 30)
#define MAX_BYTES        (4u * 1024u * 1024u)

/* What a mark says, in its lowest bit. */
enum { MARK_SYNCED = 0, MARK_DONE = 1 };

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* The event of a number: any bytes, the same each time. */
static void make_event(uint64_t seed, uint64_t number, struct buffer *out)
{
	uint64_t draw = mix(seed ^ number);
	size_t len = draw % 16 == 0 ? draw % 60000 : 20 + draw % 1500;
	buffer_clear(out);
	for (size_t i = 0; out->len < len; i++) {
		uint64_t word = mix(draw + i);
		buffer_append(out, &word, sizeof(word));
	}
}

/* ---- The writer: another process, recorded ---- */

struct writer {
	struct spool *spool;
	const char *folder;
	int record;
	uint64_t seed;
	uint64_t draws;
	uint64_t out[NUMBERS_MAX]; /* handed out, not done */
	uint32_t out_count;
	uint64_t newest;
};

static uint64_t draw(struct writer *writer, uint64_t below)
{
	return mix(writer->seed * 31 + ++writer->draws) % below;
}

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "the writer failed: %s\n", what);
	_exit(2);
}

static void put_mark(const struct writer *writer, uint64_t number, uint64_t what)
{
	const struct record record = {
		.magic = RECORD_MAGIC, .kind = RECORD_MARK, .offset = number << 1 | what};
	must(write(writer->record, &record, sizeof(record)) == sizeof(record), "mark");
}

static void write_open(struct writer *writer)
{
	const struct spool_options options = {writer->folder, MAX_BYTES};
	must(spool_open(&options, &writer->spool) == CH_OK, "open");
	writer->out_count = 0; /* what was out comes again */
}

static void write_batch(struct writer *writer, struct buffer *event)
{
	enum ch_status status = CH_OK;
	uint64_t number = writer->newest;
	for (uint64_t left = 1 + draw(writer, 40); left > 0 && status == CH_OK; left--) {
		make_event(writer->seed, writer->newest + 1, event);
		const struct spool_record record = {.since_us = (int64_t)writer->newest + 1,
			.origin = SLICE_LITERAL("here"),
			.event = buffer_slice(event)};
		status = spool_append(writer->spool, &record, &number);
		must(status == CH_OK || status == CH_FULL, "append");
		must(status != CH_OK || number == writer->newest + 1, "number");
		writer->newest = number;
	}
	must(spool_sync(writer->spool) == CH_OK, "sync");
	put_mark(writer, writer->newest, MARK_SYNCED);
}

static void write_drain(struct writer *writer)
{
	struct spool_record record;
	struct spool_damage damage;
	for (uint64_t left = draw(writer, 60); left > 0; left--) {
		enum ch_status status = spool_next(writer->spool, &record, &damage);
		must(status == CH_OK || status == CH_END, "next");
		if (status == CH_END)
			break;
		writer->out[writer->out_count++] = record.number;
	}
	for (uint64_t left = draw(writer, 60); left > 0 && writer->out_count > 0; left--) {
		uint32_t at =
			(uint32_t)draw(writer, writer->out_count < 20 ? writer->out_count : 20);
		put_mark(writer, writer->out[at], MARK_DONE); /* before: it may be gone at once */
		must(spool_done(writer->spool, writer->out[at]) == CH_OK, "done");
		for (uint32_t i = at + 1; i < writer->out_count; i++)
			writer->out[i - 1] = writer->out[i];
		writer->out_count--;
	}
}

static int write_main(const char *folder, const char *record, uint64_t seed)
{
	static struct writer writer;
	struct buffer event = {0};
	writer = (struct writer){.folder = folder, .seed = seed};
	writer.record = open(record, O_WRONLY | O_APPEND | O_CLOEXEC);
	must(writer.record >= 0, "record");
	write_open(&writer);
	for (uint32_t i = 0; i < BATCHES; i++) {
		write_batch(&writer, &event);
		write_drain(&writer);
		if (draw(&writer, 10) == 0)
			must(spool_save(writer.spool) == CH_OK, "save");
		if (draw(&writer, 25) == 0) {
			spool_close(writer.spool);
			write_open(&writer);
		}
	}
	_exit(0); /* as if killed: nothing is closed */
}

static enum ch_status record_writer(
	const char *program, const char *library, const char *data, const char *path, uint64_t seed)
{
	char folder[PATH_MAX + 8];
	char number[32];
	int result = 0;
	(void)snprintf(folder, sizeof(folder), "%s/spool", data);
	(void)snprintf(number, sizeof(number), "%" PRIu64, seed);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (mkdir(data, 0700) != 0 || fd < 0)
		return CH_IO;
	(void)close(fd); /* nothing was written */
	pid_t pid = fork();
	if (pid == 0) {
		(void)setenv("LD_PRELOAD", library, 1);
		(void)setenv(RECORD_ENV_FOLDER, data, 1);
		(void)setenv(RECORD_ENV_FILE, path, 1);
		(void)execl(program, program, "--write", folder, path, number, (char *)NULL);
		_exit(2);
	}
	if (pid < 0 || waitpid(pid, &result, 0) != pid)
		return CH_IO;
	return WIFEXITED(result) && WEXITSTATUS(result) == 0 ? CH_OK : CH_INTERNAL;
}

/* ---- The images ---- */

struct truth {
	uint64_t seed;
	uint64_t synced; /* told to be safe, all up to here */
	bool done[NUMBERS_MAX];
	bool here[NUMBERS_MAX];
	struct buffer event;
	char why[200];
};

static void truth_mark(struct truth *truth, const struct record *record)
{
	uint64_t number = record->offset >> 1;
	if (record->kind != RECORD_MARK || number >= NUMBERS_MAX)
		return;
	if ((record->offset & 1) == MARK_DONE)
		truth->done[number] = true;
	else
		truth->synced = number;
}

static bool fail(struct truth *truth, const char *what, uint64_t number)
{
	(void)snprintf(truth->why, sizeof(truth->why), "%s (%" PRIu64 ")", what, number);
	return false;
}

/* All that is handed out is good, and all that must be there is. */
static bool check_records(struct truth *truth, struct spool *spool)
{
	struct spool_record record;
	struct spool_damage damage;
	enum ch_status status;
	uint64_t last = 0;
	memset(truth->here, 0, sizeof(truth->here));
	while ((status = spool_next(spool, &record, &damage)) == CH_OK) {
		if (record.number <= last || record.number >= NUMBERS_MAX)
			return fail(truth, "out of order", record.number);
		last = record.number;
		truth->here[last] = true;
		make_event(truth->seed, last, &truth->event);
		if (!slice_equal(record.event, buffer_slice(&truth->event)))
			return fail(truth, "other bytes", last);
	}
	if (status == CH_GAP)
		return fail(truth, "damage is told", damage.first);
	if (status != CH_END)
		return fail(truth, ch_status_name(status), last);
	for (uint64_t number = 1; number <= truth->synced; number++) {
		if (!truth->done[number] && !truth->here[number])
			return fail(truth, "lost", number);
	}
	return true;
}

/* Life goes on: more goes in, and all is there the next time. */
static bool check_next_life(struct truth *truth, const struct spool_options *options)
{
	struct spool *spool = NULL;
	uint64_t number = 0;
	if (spool_open(options, &spool) != CH_OK)
		return fail(truth, "does not open again", 0);
	const struct spool_record record = {.since_us = 1, .event = SLICE_LITERAL("more")};
	enum ch_status status = spool_append(spool, &record, &number);
	if (status == CH_OK)
		status = spool_sync(spool);
	spool_close(spool);
	if (status == CH_FULL)
		return true;
	if (status != CH_OK || spool_open(options, &spool) != CH_OK)
		return fail(truth, "takes no more", number);
	struct spool_record found = {0};
	struct spool_damage damage;
	while ((status = spool_next(spool, &found, &damage)) == CH_OK && found.number != number)
		;
	bool good = status == CH_OK && slice_equal(found.event, record.event);
	spool_close(spool);
	return good ? true : fail(truth, "what came after is lost", number);
}

static bool check_image(struct truth *truth, const char *image, bool next_life)
{
	char folder[PATH_MAX + 8];
	const struct spool_options options = {folder, MAX_BYTES};
	struct spool *spool = NULL;
	(void)snprintf(folder, sizeof(folder), "%s/spool", image);
	enum ch_status status = spool_open(&options, &spool);
	if (status != CH_OK)
		return fail(truth, ch_status_name(status), 0);
	bool holds = check_records(truth, spool);
	spool_close(spool);
	return holds && (!next_life || check_next_life(truth, &options));
}

static int compare_cuts(const void *a, const void *b)
{
	const struct cut *one = a;
	const struct cut *other = b;
	return one->at < other->at ? -1 : one->at > other->at;
}

/* *out_failed images of `count` do not hold.  With `tell` the first of them ends it. */
static enum ch_status try_images(struct slice record, enum disk_lie lie, uint64_t seed,
	uint32_t count, const char *image, bool tell, uint32_t *out_failed)
{
	static struct truth truth;
	struct disk *disk = NULL;
	uint32_t marked = 0;
	uint32_t failed = 0;
	struct cut *cuts = calloc(count, sizeof(*cuts));
	enum ch_status status = cuts != NULL ? disk_create(record, lie, &disk) : CH_NOMEM;
	truth = (struct truth){.seed = seed};
	for (uint32_t i = 0; status == CH_OK && i < count; i++) {
		uint64_t drawn = mix(seed * 7 + i);
		cuts[i] = (struct cut){.at = 1 + (uint32_t)(drawn % disk_count(disk)),
			.mode = (enum cut_mode)(drawn >> 32) % CUT_MODES,
			.seed = drawn,
			.number = i};
	}
	if (status == CH_OK)
		qsort(cuts, count, sizeof(*cuts), compare_cuts);
	for (uint32_t i = 0; status == CH_OK && i < count && (failed == 0 || !tell); i++) {
		status = disk_play(disk, cuts[i].at);
		for (; marked < cuts[i].at; marked++)
			truth_mark(&truth, disk_record(disk, marked));
		if (status == CH_OK)
			status = image_make(disk, &cuts[i], image);
		if (status != CH_OK)
			break;
		if (!check_image(&truth, image, i % 8 == 0)) {
			failed++;
			if (tell) {
				fprintf(stderr,
					"FAILED seed %" PRIu64 " cut %" PRIu32
					" %s: %s; it is in %s\n",
					seed, cuts[i].at, cut_mode_names[cuts[i].mode], truth.why,
					image);
				break;
			}
		}
		status = engine_remove_folder(image);
	}
	buffer_fini(&truth.event);
	disk_free(disk);
	free(cuts);
	*out_failed = failed;
	return status;
}

/* One recording and its images.  0, 1, 2 as the program. */
static int try_recording(const char *program, const char *library, const char *dir, uint64_t seed,
	uint32_t images, uint32_t controls[LIES])
{
	static const enum disk_lie lies[] = {LIE_RUNS, LIE_NAMES};
	char data[PATH_MAX];
	char path[PATH_MAX];
	char image[PATH_MAX];
	struct buffer record = {0};
	uint32_t failed = 0;
	(void)snprintf(data, sizeof(data), "%s/data-%" PRIu64, dir, seed);
	(void)snprintf(path, sizeof(path), "%s/record-%" PRIu64, dir, seed);
	(void)snprintf(image, sizeof(image), "%s/image-%" PRIu64, dir, seed);
	enum ch_status status = record_writer(program, library, data, path, seed);
	if (status == CH_OK)
		status = file_read_all(path, RECORD_MAX, &record);
	if (status == CH_OK)
		status = try_images(
			buffer_slice(&record), LIE_NONE, seed, images, image, true, &failed);
	for (size_t i = 0; status == CH_OK && failed == 0 && i < 2; i++) {
		uint32_t caught = 0;
		status = try_images(buffer_slice(&record), lies[i], seed, CONTROL_IMAGES, image,
			false, &caught);
		controls[lies[i]] += caught;
	}
	if (status != CH_OK)
		fprintf(stderr, "crash_spool: %s\n", ch_status_name(status));
	buffer_fini(&record);
	if (failed == 0 && status == CH_OK) {
		(void)engine_remove_folder(data); /* the caller removes the rest, too */
		(void)unlink(path);
	}
	return failed > 0 ? 1 : status != CH_OK ? 2 : 0;
}

int main(int argc, char **argv)
{
	const char *library = NULL;
	const char *dir = NULL;
	uint32_t images = RECORDING_IMAGES;
	uint32_t controls[LIES] = {0};
	uint64_t seed = 1;
	char program[PATH_MAX] = {0};
	int result = 0;
	log_set_level(LOG_ERROR);
	if (argc == 5 && strcmp(argv[1], "--write") == 0)
		return write_main(argv[2], argv[3], strtoull(argv[4], NULL, 10));
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--record") == 0)
			library = argv[i + 1];
		else if (strcmp(argv[i], "--dir") == 0)
			dir = argv[i + 1];
		else if (strcmp(argv[i], "--images") == 0)
			images = (uint32_t)strtoul(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(argv[i + 1], NULL, 10);
	}
	if (library == NULL || dir == NULL || images == 0 ||
		readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
		return 2;
	for (uint32_t left = images; left > 0 && result == 0; seed++) {
		uint32_t count = left < RECORDING_IMAGES ? left : RECORDING_IMAGES;
		result = try_recording(program, library, dir, seed, count, controls);
		left -= count;
	}
	if (result == 0 && (controls[LIE_RUNS] == 0 || controls[LIE_NAMES] == 0)) {
		fprintf(stderr, "FAILED controls: a disk that lies is not noticed\n");
		result = 1;
	}
	printf("spool: %" PRIu32 " images %s; lying disks noticed: files %" PRIu32
	       ", names %" PRIu32 "\n",
		images, result == 0 ? "hold" : "tried", controls[LIE_RUNS], controls[LIE_NAMES]);
	return result;
}

#include "kit/conform/conform.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "kit/conform/promise.h"

#define NEEDS_BYTES 4096u

struct tally {
	uint32_t kept;
	uint32_t broken;
	uint32_t not_asked;
	bool unusable;
};

static bool is_wanted(const struct conform_wishes *wishes, const char *name)
{
	bool wanted = wishes->only_count == 0;
	for (uint32_t i = 0; i < wishes->only_count && !wanted; i++)
		wanted = strcmp(wishes->only[i], name) == 0;
	return wanted;
}

/* In one line, whatever the adapter has said. */
static void print_row(const char *verdict, const char *name, double seconds, struct buffer *detail)
{
	for (size_t i = 0; i < detail->len; i++) {
		if (detail->data[i] < ' ')
			detail->data[i] = ' ';
	}
	printf("%-7s %-10s %5.1f s  %s\n", verdict, name, seconds, buffer_text(detail));
	(void)fflush(stdout);
}

static void try_promise(struct conform *conform, const struct promise *promise, struct tally *tally)
{
	struct stage stage;
	struct buffer detail = {0};
	int64_t begun_us = clock_steady_us();
	stage_open(&stage, conform, promise->name, &promise->hub);
	if (!stage.broken)
		promise->run(&stage);
	bool broken = stage.broken;
	bool not_asked = stage.not_asked && !broken;
	buffer_append_slice(&detail, buffer_slice(&stage.detail));
	tally->unusable |= stage.unusable;
	stage_close(&stage);
	if (promise->run == promise_secrets && !broken && conform->leaks.len > 0) {
		broken = true;
		buffer_clear(&detail);
		buffer_append_slice(&detail, buffer_slice(&conform->leaks));
	}
	tally->broken += broken;
	tally->not_asked += not_asked;
	tally->kept += !broken && !not_asked;
	print_row(broken      ? "BROKEN"
		  : not_asked ? "-"
			      : "kept",
		promise->name, (double)(clock_steady_us() - begun_us) / 1e6, &detail);
	buffer_fini(&detail);
}

static enum conform_exit try_all(
	struct conform *conform, const struct conform_wishes *wishes, const char *path)
{
	struct tally tally = {0};
	printf("%s: seed %llu, %u records for each promise\n", path,
		(unsigned long long)conform->seed, conform->records);
	for (const struct promise *promise = promises;
		promise->name != NULL && !process_interrupted(); promise++) {
		if (is_wanted(wishes, promise->name))
			try_promise(conform, promise, &tally);
	}
	printf("%u kept, %u broken, %u not asked\n", tally.kept, tally.broken, tally.not_asked);
	if (tally.broken > 0 && !wishes->keep)
		printf("--keep leaves the logs; --only NAME --seed %llu tries it again\n",
			(unsigned long long)conform->seed);
	if (tally.unusable || process_interrupted())
		return CONFORM_UNUSABLE;
	return tally.broken > 0 ? CONFORM_BROKEN : CONFORM_KEPT;
}

/* A question to the machine.  False: it could not be put; *out_said: what the command printed. */
static bool find_out(const struct conform *conform, const char *command, int *out_status,
	struct buffer *out_said)
{
	char output[PATH_MAX];
	struct environment environment = {0};
	struct process process = {0};
	const struct process_files files = {.output = output, .folder = conform->root};
	(void)snprintf(output, sizeof(output), "%s/.needs", conform->root); /* root is a quarter */
	bool answered =
		environment_set(&environment, "HERE", conform->description.folder) == CH_OK &&
		environment_set_programs(&environment, conform->bin) == CH_OK &&
		process_start(command, &environment, &files, &process) == CH_OK &&
		process_wait(&process, conform->patience_ms);
	if (answered) {
		*out_status = process.status;
		(void)file_read_all(output, NEEDS_BYTES, out_said); /* silence is fine */
	}
	process_kill(&process);
	environment_fini(&environment);
	return answered;
}

/* What the machine lacks is said in the command's own words. */
static enum conform_exit look_for_needs(const struct conform *conform, const char *path)
{
	struct buffer said = {0};
	int status = 0;
	enum conform_exit result = CONFORM_KEPT;
	if (!description_has(conform->description.needs))
		return result;
	if (!find_out(conform, conform->description.needs, &status, &said)) {
		fprintf(stderr, "carehub-conform: source.needs cannot be found out\n");
		result = CONFORM_UNUSABLE;
	} else if (status != 0) {
		struct slice words = text_trim(buffer_slice(&said));
		printf("%s: skipped: %.*s\n", path, (int)words.len, (const char *)words.data);
		result = CONFORM_SKIPPED;
	}
	buffer_fini(&said);
	return result;
}

/* An adapter that was not built would break every promise: one word is enough.  Only the name of a program is
 * looked for; what else a command may begin with, the shell knows. */
static enum conform_exit look_for_program(const struct conform *conform)
{
	static const char name[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./";
	const char *run = conform->description.run;
	size_t len = strspn(run, name);
	struct buffer command = {0};
	struct buffer said = {0};
	int status = 0;
	enum conform_exit result = CONFORM_KEPT;
	buffer_printf(&command, "command -v %.*s", (int)len, run);
	if (len > 0 && (run[len] == 0 || run[len] == ' ') && command.status == CH_OK &&
		find_out(conform, buffer_text(&command), &status, &said) && status != 0) {
		fprintf(stderr,
			"carehub-conform: there is no program %.*s%s%s: is it built? --bin FOLDER says "
			"where it is\n",
			(int)len, run, conform->bin != NULL ? " in $PATH or " : " in $PATH",
			conform->bin != NULL ? conform->bin : "");
		result = CONFORM_UNUSABLE;
	}
	buffer_fini(&said);
	buffer_fini(&command);
	return result;
}

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *walk)
{
	(void)info;
	(void)flag;
	(void)walk;
	return remove(path);
}

static void remove_tree(const char *path)
{
	if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		fprintf(stderr, "carehub-conform: %s: could not be removed\n", path);
}

enum conform_exit conform_run(const struct conform_wishes *wishes, const char *path)
{
	char root[PATH_MAX / 4];
	const char *temporary = getenv("TMPDIR");
	struct conform conform = {.bin = wishes->bin,
		.seed = wishes->seed,
		.records = wishes->records,
		.kills = wishes->kills,
		.patience_ms = wishes->patience_ms};
	struct problems problems = {0};
	struct buffer text = {0};
	enum conform_exit result = CONFORM_UNUSABLE;
	enum ch_status status = description_read(path, &problems, &conform.description);
	if (status != CH_OK) {
		problems_print(&problems, &text);
		(void)fputs(problems_none(&problems) ? ch_status_text(status) : buffer_text(&text),
			stderr);
		goto out;
	}
	if ((size_t)snprintf(root, sizeof(root), "%s/conform-XXXXXX",
		    temporary != NULL ? temporary : "/tmp") < sizeof(root))
		conform.root = mkdtemp(root);
	if (conform.root == NULL) {
		perror("carehub-conform: a temporary folder");
		goto out;
	}
	result = look_for_needs(&conform, path);
	if (result == CONFORM_KEPT)
		result = look_for_program(&conform);
	if (result == CONFORM_KEPT)
		result = try_all(&conform, wishes, path);
	if (wishes->keep)
		printf("%s\n", root);
	else
		remove_tree(root);
out:
	description_fini(&conform.description);
	problems_fini(&problems);
	buffer_fini(&conform.leaks);
	buffer_fini(&text);
	return result;
}

void conform_list(void)
{
	for (const struct promise *promise = promises; promise->name != NULL; promise++)
		printf("%-10s %s\n", promise->name, promise->meaning);
}

void conform_describe(void)
{
	struct buffer text = {0};
	description_describe(&text);
	(void)fputs(buffer_text(&text), stdout);
	buffer_fini(&text);
}

bool conform_promises(const char *name)
{
	const struct promise *promise = promises;
	while (promise->name != NULL && strcmp(promise->name, name) != 0)
		promise++;
	return promise->name != NULL;
}

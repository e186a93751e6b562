/* Programs that the conformance kit starts: each a shell command in a process group of its own, so that a
 * kill meets all of it. */
#ifndef KIT_CONFORM_PROCESS_H
#define KIT_CONFORM_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/slice.h"

/* NAME=value lines for commands, over what this process was given itself. */
#define ENVIRONMENT_NAMES 24u

struct environment {
	char *lines[ENVIRONMENT_NAMES]; /* owned */
	size_t count;
};

/* A later value replaces an earlier one.  CH_NOMEM, CH_FULL. */
enum ch_status environment_set(
	struct environment *environment, const char *name, const char *value);
const char *environment_get(const struct environment *environment, const char *name); /* or NULL */
void environment_fini(struct environment *environment);

/* $PATH: `bin` before what it is here; NULL: as it is here.  CH_NOMEM, CH_FULL. */
enum ch_status environment_set_programs(struct environment *environment, const char *bin);

/* Appends `text` with ${NAME} replaced; CH_NOT_FOUND: a name that is none of these, *out_name. */
enum ch_status environment_expand(const struct environment *environment, struct slice text,
	struct buffer *out, struct slice *out_name);

struct process {
	pid_t pid; /* 0: none was started, or it has been waited for */
	bool ended;
	int status; /* of waitpid */
};

struct process_files {
	const char *input;  /* NULL: nothing */
	const char *output; /* added to; standard error too, unless: */
	const char *errors; /* NULL: as output */
	const char *folder; /* that it runs in */
};

/* Starts `sh -c COMMAND`.  CH_IO, CH_NOMEM. */
enum ch_status process_start(const char *command, const struct environment *environment,
	const struct process_files *files, struct process *out_process);

/* True as soon as it has ended; false when time is up. */
bool process_wait(struct process *process, int64_t timeout_ms);

/* To its whole group. */
void process_signal(const struct process *process, int signal);

/* kill -9, and waits for the end; fine when nothing runs. */
void process_kill(struct process *process);

/* "status 2", "signal 11"; valid until the next call. */
const char *process_end(const struct process *process);

/* Somebody wants this program to end: waits are over at once. */
bool process_interrupted(void);
void process_catch_interrupts(void);

void process_sleep_ms(int64_t ms);

#endif

#include "fanout/errand.h"

#include "fanout/keeping.h"
#include <stdio.h>
#include <stdlib.h>

static struct errand *errand_of(struct task *task)
{
	return (struct errand *)(void *)task;
}

void errand_set_name(char to[LIMIT_NAME_BYTES + 1], struct slice name)
{
	if (name.len > LIMIT_NAME_BYTES)
		name = SLICE_LITERAL("?");
	if (name.len > 0)
		memcpy(to, name.data, name.len);
	to[name.len] = 0;
}

static void errand_run_work(struct task *task)
{
	struct errand *errand = errand_of(task);
	errand->work(errand);
}

void errand_send(struct errand *errand)
{
	errand->task.run = errand_run_work;
	(void)mailbox_post(&errand->fanout->inbox, &errand->task.node); /* open until fanout_stop */
}

static void errand_run_answer(struct task *task)
{
	struct errand *errand = errand_of(task);
	errand->answer(errand);
	if (errand->fini != NULL)
		errand->fini(errand);
	free(errand);
}

void errand_answer(struct errand *errand)
{
	errand->task.run = errand_run_answer;
	fanout_post(errand->fanout, &errand->task);
}

static struct errand *errand_of_later(struct later *later)
{
	return (struct errand *)(void *)((char *)later - offsetof(struct errand, later));
}

static void errand_kept(struct later *later)
{
	struct errand *errand = errand_of_later(later);
	if (errand->fanout->unwritten)
		errand_fail(errand, CH_CLOSED, "");
	else
		errand_answer(errand);
}

void errand_answer_kept(struct errand *errand)
{
	errand->later.run = errand_kept;
	keeping_later(errand->fanout, &errand->later);
}

static void errand_run_ask(struct task *task)
{
	struct errand *errand = errand_of(task);
	errand->ask(errand, clerk_desk(errand->fanout->clerk));
	errand_answer(errand);
}

static void errand_to_clerk(struct later *later)
{
	struct errand *errand = errand_of_later(later);
	errand->task.run = errand_run_ask;
	if (errand->fanout->unwritten || !clerk_post(errand->fanout->clerk, &errand->task))
		errand_fail(errand, CH_CLOSED, "");
}

void errand_ask_desk(struct errand *errand)
{
	errand->later.run = errand_to_clerk;
	keeping_later(errand->fanout, &errand->later);
}

void errand_fail(struct errand *errand, enum ch_status status, const char *detail)
{
	errand->status = status;
	(void)snprintf(errand->detail, sizeof(errand->detail), "%s",
		detail[0] != 0 ? detail : ch_status_text(status));
	errand_answer(errand);
}

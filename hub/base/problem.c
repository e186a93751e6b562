#include "base/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"

static void problem_fini(struct problem *problem)
{
	free(problem->file);
	free(problem->key);
	free(problem->reason);
}

void problems_fini(struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++)
		problem_fini(&problems->items[i]);
	free(problems->items);
	*problems = (struct problems){0};
}

static bool problems_keep(struct problems *problems, struct problem problem)
{
	if (problem.file == NULL || problem.key == NULL || problem.reason == NULL ||
		problems->count >= LIMIT_PROBLEMS)
		return false;
	/* Mistakes are few and the list is read once: no need to grow by more than one. */
	struct problem *items =
		realloc(problems->items, (problems->count + 1) * sizeof(*problems->items));
	if (items == NULL)
		return false;
	problems->items = items;
	items[problems->count++] = problem;
	return true;
}

void problems_add(struct problems *problems, const char *file, unsigned line, const char *key,
	const char *format, ...)
{
	struct problem problem = {.line = line};
	va_list args;
	va_start(args, format);
	if (vasprintf(&problem.reason, format, args) < 0)
		problem.reason = NULL; /* undefined after a failure */
	va_end(args);
	problem.file = strdup(file != NULL ? file : "");
	problem.key = strdup(key != NULL ? key : "");
	if (!problems_keep(problems, problem)) {
		problem_fini(&problem);
		problems->dropped++;
	}
}

bool problems_none(const struct problems *problems)
{
	return problems->count == 0 && problems->dropped == 0;
}

bool problems_about(const struct problems *problems, const char *key)
{
	for (size_t i = 0; i < problems->count; i++) {
		if (strcmp(problems->items[i].key, key) == 0)
			return true;
	}
	return false;
}

void problems_print(const struct problems *problems, struct buffer *out)
{
	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *problem = &problems->items[i];
		buffer_append_text(out, problem->file);
		if (problem->line > 0)
			buffer_printf(out, ":%u", problem->line);
		if (problem->file[0] != 0)
			buffer_append_text(out, ": ");
		if (problem->key[0] != 0)
			buffer_printf(out, "%s: ", problem->key);
		buffer_printf(out, "%s\n", problem->reason);
	}
	if (problems->dropped > 0)
		buffer_printf(out, "and %zu more\n", problems->dropped);
}

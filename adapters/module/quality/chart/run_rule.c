#include "module/quality/chart/run_rule.h"

#include <string.h>

static const struct run_rule run_rules_western_electric[] = {
	{"r1", "one point beyond 3 sigma", RUN_BEYOND, 1, 1, 3},
	{"r2", "2 of 3 in a row beyond 2 sigma on one side", RUN_BEYOND, 3, 2, 2},
	{"r3", "4 of 5 in a row beyond 1 sigma on one side", RUN_BEYOND, 5, 4, 1},
	{"r4", "8 in a row on one side of the center", RUN_BEYOND, 8, 8, 0},
};

static const struct run_rule run_rules_nelson[] = {
	{"n1", "one point beyond 3 sigma", RUN_BEYOND, 1, 1, 3},
	{"n2", "9 in a row on one side of the center", RUN_BEYOND, 9, 9, 0},
	{"n3", "6 in a row that rise, or that fall", RUN_TREND, 6, 6, 0},
	{"n4", "14 in a row that rise and fall by turns", RUN_ALTERNATE, 14, 14, 0},
	{"n5", "2 of 3 in a row beyond 2 sigma on one side", RUN_BEYOND, 3, 2, 2},
	{"n6", "4 of 5 in a row beyond 1 sigma on one side", RUN_BEYOND, 5, 4, 1},
	{"n7", "15 in a row within 1 sigma", RUN_WITHIN, 15, 15, 1},
	{"n8", "8 in a row beyond 1 sigma on either side", RUN_BEYOND_EITHER, 8, 8, 1},
};

const struct run_rule_set run_rule_western_electric = {"western-electric",
	"Western Electric, Statistical Quality Control Handbook, 1956", run_rules_western_electric,
	4};

const struct run_rule_set run_rule_nelson = {"nelson",
	"Nelson, The Shewhart Control Chart: Tests for Special Causes, 1984", run_rules_nelson, 8};

const struct run_rule_set *run_rule_set_find(const char *name)
{
	const struct run_rule_set *sets[] = {&run_rule_western_electric, &run_rule_nelson};
	for (size_t i = 0; i < 2; i++) {
		if (strcmp(sets[i]->name, name) == 0)
			return sets[i];
	}
	return NULL;
}

static bool run_is_beyond(const struct run_mark *mark, int8_t side, unsigned lines)
{
	return side != 0 && mark->side == side && mark->lines >= lines;
}

/* 1, -1 or 0: the way from the point before. */
static int run_step(const struct run_mark *marks, size_t at)
{
	return (marks[at].value > marks[at - 1].value) - (marks[at].value < marks[at - 1].value);
}

/* Whether the point takes part in a pattern that ends at `end` and fills its window from `first`. */
static bool run_fits(const struct run_rule *rule, const struct run_mark *marks, size_t first,
	size_t at, size_t end)
{
	switch (rule->shape) {
	case RUN_BEYOND:
		return run_is_beyond(&marks[at], marks[end].side, rule->lines);
	case RUN_BEYOND_EITHER:
		return marks[at].lines >= rule->lines;
	case RUN_WITHIN:
		return marks[at].lines < rule->lines;
	case RUN_TREND:
		return run_step(marks, end) != 0 &&
		       (at == first || run_step(marks, at) == run_step(marks, end));
	case RUN_ALTERNATE:
		return at == first ||
		       (run_step(marks, at) != 0 &&
			       (at == first + 1 ||
				       run_step(marks, at) == -run_step(marks, at - 1)));
	}
	return false;
}

bool run_rule_holds(const struct run_rule *rule, const struct run_mark *marks, size_t at,
	struct violation *out_violation)
{
	/* "2 of 3" holds at the second point of all when both are beyond; runs need their whole length. */
	size_t window = at + 1 < rule->window ? at + 1 : rule->window;
	size_t first = at + 1 - window;
	struct violation found = {.side = 0};
	if (window < rule->need || !run_fits(rule, marks, first, at, at))
		return false;
	for (size_t i = first; i <= at; i++) {
		if (run_fits(rule, marks, first, i, at))
			found.points[found.count++] = i;
	}
	if (found.count < rule->need)
		return false;
	if (rule->shape == RUN_BEYOND)
		found.side = marks[at].side;
	if (rule->shape == RUN_TREND)
		found.side = (int8_t)run_step(marks, at);
	*out_violation = found;
	return true;
}

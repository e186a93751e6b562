/* Run rules: patterns of points that chance seldom makes while a process is under control.
 *
 * Two sets, each rule with a name:
 *   western-electric  r1 to r4, of the Statistical Quality Control Handbook (Western Electric 1956)
 *   nelson            n1 to n8, of Nelson, Journal of Quality Technology 16 (1984)
 *
 * A rule is said to hold at the point that completes its pattern; where the pattern is "k of m beyond a line",
 * that point is itself one of the k.  Every rule that holds at a point is told, not only the first.  On a line
 * is not beyond it, and on the center line is on neither side.  Lines are at 1, 2 and 3 standard deviations
 * of what is plotted, on both sides, also where a limit is drawn at 0 because it would be below. */
#ifndef QUALITY_RUN_RULE_H
#define QUALITY_RUN_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RUN_RULE_WINDOW_MAX 15u

/* All that the rules look at of a point. */
struct run_mark {
	long double value;
	int8_t side;   /* of the center: -1, 0, 1 */
	uint8_t lines; /* beyond how many of the three lines on that side */
};

enum run_shape {
	RUN_BEYOND, /* `need` of `window` points beyond line `lines` on one side; line 0: the center */
	RUN_BEYOND_EITHER, /* `window` points beyond it on either side                                      */
	RUN_WITHIN, /* `window` points within it                                                     */
	RUN_TREND, /* `window` points, each above the last, or each below                           */
	RUN_ALTERNATE, /* `window` points that go up and down by turns                                  */
};

struct run_rule {
	const char *name;
	const char *text; /* one line for people */
	enum run_shape shape;
	unsigned window;
	unsigned need;
	unsigned lines;
};

struct run_rule_set {
	const char *name;
	const char *source;
	const struct run_rule *rules;
	size_t count;
};

extern const struct run_rule_set run_rule_western_electric;
extern const struct run_rule_set run_rule_nelson;

/* NULL: no such set. */
const struct run_rule_set *run_rule_set_find(const char *name);

/* The points behind a violation, the last being where it holds. */
struct violation {
	int8_t side; /* 0: the rule knows none */
	size_t points[RUN_RULE_WINDOW_MAX];
	size_t count;
};

/* Whether the rule holds at the point `at`; *out_violation then names the points of its pattern.  Any
 * thread. */
bool run_rule_holds(const struct run_rule *rule, const struct run_mark *marks, size_t at,
	struct violation *out_violation);

#endif

/* The smallest module worth its name.  It keeps each feedback (its id, and the stamp of when it happened) and
 * answers it: for each it says one quality.measure.published with the feedback for its scope.  It keeps what
 * it hears of itself, too.  A feedback whose id begins with "bad" it cannot fold. */
#ifndef TESTS_SUPPORT_ECHO_H
#define TESTS_SUPPORT_ECHO_H

#include "module/kit/module.h"

enum { ECHO_FEEDBACK, ECHO_HEARD, ECHO_TABLES };

/* What was asked of its one part; there is one in the process. */
struct echo {
	unsigned begun;
	unsigned settled;
	unsigned settled_live;
	unsigned tended;
	uint64_t remembered; /* feedbacks, in memory */
};

extern struct echo echo_now;
extern const struct module echo_module;

#endif

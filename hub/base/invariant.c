#include "base/invariant.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void invariant_failed(const char *expression, const char *file, int line)
{
	fprintf(stderr, "carehub: invariant broken: %s (%s:%d)\n", expression, file, line);
	abort();
}

/* The proof at every start that the gate is shut: two throw-away clients try a throw-away CURVE
 * socket on loopback, one with a key that the ZAP handler knows for the moment, one with a key that
 * nobody knows.  The first shows that the trial can see an open gate, the second that it is shut. */
#ifndef NET_PROBE_H
#define NET_PROBE_H

#include "net/curve.h"
#include "net/loop.h"

/* Turns the loop meanwhile.  CH_DENIED: the gate let a stranger in, kept the known one out, or gave no
 * answer within 10 s; CH_IO: the trial could not be made. */
enum ch_status probe_run(struct loop *loop, void *context, const struct curve_pair *server,
	const struct curve_pair *known);

#endif

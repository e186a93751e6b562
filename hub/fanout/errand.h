/* An errand: something an administrator wants, on its way from the loop thread to the fan-out, perhaps to
 * the clerk, and back with its answer.
 *
 *     loop:     errand_send              -> work
 *     fan-out:  work does it, then one of
 *               errand_answer            -> answer
 *               errand_answer_kept       -> answer, when what was changed is written down
 *               errand_ask_desk          -> ask, behind everything written before -> answer
 *     loop:     answer calls the asker back; the errand is freed */
#ifndef FANOUT_ERRAND_H
#define FANOUT_ERRAND_H

#include "fanout/inside.h"

#define ERRAND_DETAIL_BYTES 200u

struct errand {
	struct task task; /* first */
	struct later later;
	struct fanout *fanout;
	void (*work)(struct errand *errand);                   /* the fan-out thread */
	void (*ask)(struct errand *errand, struct desk *desk); /* the clerk's */
	void (*answer)(struct errand *errand);                 /* the loop thread    */
	void (*fini)(struct errand *errand);                   /* may be NULL        */
	enum ch_status status;
	char detail[ERRAND_DETAIL_BYTES];
	char actor[LIMIT_NAME_BYTES + 1];
	char name[LIMIT_NAME_BYTES + 1];
};

/* Copies a name; one that is too long becomes one that nothing has. */
void errand_set_name(char to[LIMIT_NAME_BYTES + 1], struct slice name);

void errand_send(struct errand *errand);
void errand_answer(struct errand *errand);
void errand_answer_kept(struct errand *errand);
void errand_ask_desk(struct errand *errand);

/* Answers with a failure; `detail` is a sentence, or "" for the status's own. */
void errand_fail(struct errand *errand, enum ch_status status, const char *detail);

#endif

/* What the conformance kit is told about an adapter: an INI file beside it.
 *
 *     [adapter]
 *     run = carehub-pos run --config $CONFIG      one command; it is started with exec
 *     configuration = pos.conf                    a file in which ${ENDPOINT} and others are filled in
 *     ...
 *     [source]
 *     prepare = mkdir -p $WORK/inbox
 *     records = $HERE/records.sh $FIRST $COUNT
 *     feed = cat > $WORK/$NAME.tmp && mv $WORK/$NAME.tmp $WORK/inbox/$NAME.xml
 *
 * docs/conformance.md describes every setting; they are the rows of description.c. */
#ifndef KIT_CONFORM_DESCRIPTION_H
#define KIT_CONFORM_DESCRIPTION_H

#include "base/option.h"

struct description {
	/* [adapter] */
	char *run;
	char *configuration;
	char *check;
	char *broken;
	struct option_list mistakes;
	char *sample;
	char *translate;
	char *metrics;
	struct option_list secrets;
	bool reload;
	int64_t stop_ms;
	/* [source] */
	char *needs;
	char *prepare;
	char *server;
	char *records;
	int64_t events;
	bool resumes;
	char *feed;
	char *garbage;
	char *vanish;
	char *come_back;
	char *rejects;
	struct option_list personal;

	char folder[4096]; /* that it stands in, absolute */
};

/* CH_INVALID when it added to `problems`; CH_NOMEM. */
enum ch_status description_read(
	const char *path, struct problems *problems, struct description *out_description);
void description_fini(struct description *description);

/* A commented description with every setting. */
void description_describe(struct buffer *out);

/* True for a command; false for the word "none". */
bool description_has(const char *command);

#endif

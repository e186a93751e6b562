/* The commands from the inside: what they share.
 *
 *     campaign_command.c    the command line, and what is shown
 *     campaign_operator.c   what an operator says: run, stop, settle */
#ifndef MARKETING_COMMAND_INSIDE_H
#define MARKETING_COMMAND_INSIDE_H

#include "carehub/carehub.h"
#include "module/kit/module_settings.h"
#include "module/marketing/campaign/campaign_ledger.h"
#include "module/marketing/campaign/campaign_settings.h"
#include "module/report/render.h"

#define EXIT_SOME     1
#define EXIT_UNUSABLE 2
#define EXIT_USAGE    64

struct request {
	const char *name;     /* of the command */
	const char *words[2]; /* what stands behind it */
	size_t word_count;
	const char *config;
	enum report_format format;
	const struct module *module;
};

/* What a command looks at, and into. */
struct command_view {
	const struct request *request;
	struct module_view book;
	const struct campaign_settings *settings;
	struct campaigns campaigns; /* those whose files have no mistakes */
	struct report report;
};

/* ---- campaign_command.c ---- */

/* Tells it, and returns EXIT_UNUSABLE. */
int command_fail(const char *what, const char *why);

/* As the module's own peer; the caller's.  What is wrong with it is in ch_error_detail, too. */
enum ch_status command_connect(
	const struct request *request, struct ch_connection **out_connection);

/* A segment that nobody has defined has no members, and a campaign for it would end at once. */
bool command_has_segment(const struct command_view *view, const struct campaign *campaign);

/* Its file may be gone; what was sent is in the book. */
bool command_knows(struct command_view *view, const char *name);

/* ---- campaign_operator.c ---- */

/* Each says one event in the journal, under the name that the operator's machine knows him by, and tells what the hub
 * says to it.  0, or EXIT_UNUSABLE and why.  Only `run` has a campaign: the others go by the request's words. */
int operator_run(struct command_view *view, const struct campaign *campaign);
int operator_stop(struct command_view *view, const struct campaign *campaign);
int operator_settle(struct command_view *view, const struct campaign *campaign);

#endif

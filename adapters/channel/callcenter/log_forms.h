/* What callers answer after their calls, as the dial plan writes it into queue_log beside telling it (survey.h):
 *
 *     1795290150|cc01-1795290136.3|NONE|NONE|CSAT|Score: 4,Wave: 2026-Q4
 *
 * by QueueLog(NONE,${UNIQUEID},NONE,CSAT,Score: ${SCORE}): the words are those of the UserEvent, so that what was told
 * while nobody listened is found here, under the same id and digest.
 *
 * The log does not say when a channel is gone.  A form is told when no answer has come for QUEUE_LOG_FORM_S, and when
 * the exchange starts, which ends every channel: before, the caller may still correct what he pressed.
 *
 * The inside of queue_log.c.  One thread; pure. */
#ifndef CALLCENTER_LOG_FORMS_H
#define CALLCENTER_LOG_FORMS_H

#include "channel/callcenter/queue_log.h"

struct log_forms;

/* Both are copied; what they point to must outlive the forms.  CH_NOMEM. */
enum ch_status log_forms_create(const struct survey_rules *rules,
	const struct queue_log_listener *listener, struct log_forms **out_forms);
void log_forms_free(struct log_forms *forms); /* NULL is fine */

/* Whether a line tells answers. */
bool log_forms_is_told(const struct log_forms *forms, const struct queue_line *line);

/* Takes them; `served` is what the log knows of the channel: its caller, and who served him.  CH_NOMEM. */
enum ch_status log_forms_take(
	struct log_forms *forms, const struct queue_line *line, const struct call_record *served);

/* Tells those that have come to rest by `now_s`, by the exchange's clock; all. */
void log_forms_tend(struct log_forms *forms, int64_t now_s);
void log_forms_end(struct log_forms *forms);

/* Those that are not told yet. */
size_t log_forms_open(const struct log_forms *forms);

#endif

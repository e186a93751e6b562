/* What is written down for whoever can mend it: `adapter.rejects`, and the spool's own. */
#include <limits.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "kit/rejects.h"
#include "kit/relay_inside.h"

/* What finds no room is counted, and told once until there is some again: the log is not the place for them. */
static enum ch_status relay_note(
	struct relay *relay, const char *path, struct buffer *line, const char *event)
{
	enum ch_status status = line->status;
	if (status == CH_OK)
		status = rejects_append(path, buffer_slice(line));
	bool full = status == CH_TOO_LARGE;
	if (full && !relay->rejects_full)
		log_error("rejects.full", "adapter=%s path=\"%s\" detail=\"%s\"",
			relay->adapter->program, path, "move those with a number away");
	else if (!full && status != CH_OK)
		log_error(event, "adapter=%s path=\"%s\" status=%s", relay->adapter->program, path,
			ch_status_name(status));
	relay->rejects_full = full;
	relay->counts->unwritten += status != CH_OK;
	return status;
}

static void relay_put_time(struct buffer *line)
{
	char when[CLOCK_TEXT_BYTES];
	buffer_printf(line, "%s: ", clock_format(clock_wall_us(), when));
}

static void relay_put_refusal(struct buffer *line, const struct flight *flight)
{
	const struct ch_receipt *receipt = &flight->receipt;
	relay_put_time(line);
	buffer_append_slice(line, buffer_slice(&flight->origin));
	buffer_printf(line, ": %s: %s %s", ch_status_name(ch_receipt_status(receipt)),
		receipt->field, receipt->detail);
}

enum ch_status relay_append_reject(struct relay *relay, struct buffer *line)
{
	char path[PATH_MAX];
	const char *directory = relay->settings->spool_directory;
	if ((size_t)snprintf(path, sizeof(path), "%s/rejects", directory) >= sizeof(path))
		return CH_TOO_LARGE;
	return relay_note(relay, path, line, "spool.reject");
}

enum ch_status relay_reject_spooled(struct relay *relay, const struct flight *flight)
{
	struct buffer line = {0};
	relay_put_refusal(&line, flight);
	enum ch_status status = relay_append_reject(relay, &line);
	buffer_fini(&line);
	return status == CH_TOO_LARGE ? CH_OK : status; /* told; what waits behind it must not */
}

void relay_reject(struct relay *relay, const struct kit_item *item)
{
	struct buffer line = {0};
	relay->counts->rejected++;
	if (relay->settings->rejects == NULL)
		return;
	relay_put_time(&line);
	buffer_append_slice(&line, item->reject);
	(void)relay_note(relay, relay->settings->rejects, &line, "adapter.reject"); /* logged */
	buffer_fini(&line);
}

void relay_note_refusal(struct relay *relay, const struct flight *flight)
{
	enum ch_outcome outcome = flight->receipt.outcome;
	struct buffer line = {0};
	if (relay->settings->rejects == NULL ||
		(outcome != CH_OUTCOME_CONFLICT && outcome != CH_OUTCOME_REFUSED))
		return;
	relay_put_refusal(&line, flight);
	(void)relay_note(relay, relay->settings->rejects, &line, "adapter.reject"); /* logged */
	buffer_fini(&line);
}

void relay_put_origin(const struct relay *relay, const struct kit_item *item, struct buffer *out)
{
	if (item->origin.len > 0 || relay->adapter->late != NULL) {
		buffer_append_slice(out, item->origin);
		return;
	}
	buffer_append_slice(out, item->envelope->source);
	buffer_append_byte(out, ' ');
	buffer_append_slice(out, item->envelope->id);
}

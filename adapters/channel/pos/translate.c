#include "channel/pos/translate.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/limits.h"
#include "kit/cloudevent.h"
#include "wire/types.h"

#define SKIPPED_KINDS 8u

struct translation {
	const char *path;
	FILE *events_out;
	FILE *rejects_out;
	struct buffer message; /* data and personal in one */
	struct buffer line;
	uint64_t events;
	uint64_t rejected;
	uint64_t repeated;
	uint64_t skipped;
	uint64_t lacking;
	struct {
		char name[LIMIT_NAME_BYTES + 1];
		uint64_t count;
	} kinds[SKIPPED_KINDS]; /* further kinds count in `skipped` alone */
};

static void translate_event(struct translation *tr, const struct pos_item *item)
{
	const struct envelope *e = &item->envelope;
	const struct event_type *type = types_find(e->type);
	const struct message_parts parts = {e->data, e->personal};
	const char *lacking;
	buffer_clear(&tr->line);
	buffer_clear(&tr->message);
	buffer_append_slice(&tr->message, e->data);
	buffer_append_slice(&tr->message, e->personal);
	ProtobufCMessage *message =
		protobuf_c_message_unpack(type->message, NULL, tr->message.len, tr->message.data);
	enum ch_status status =
		message != NULL ? cloudevent_write(e, message, &tr->line) : CH_NOMEM;
	if (status == CH_OK && types_check_mandatory(type, &parts, &lacking) != CH_OK) {
		tr->lacking++;
		(void)fprintf(tr->rejects_out,
			"%s:%" PRIu64 ":%" PRIu64
			": %.*s: %s without %s: the hub will set it aside\n",
			tr->path, item->line, item->column, (int)e->id.len,
			(const char *)e->id.data, type->name, lacking);
	}
	if (status == CH_OK) {
		tr->events++;
		(void)fwrite(
			tr->line.data, 1, tr->line.len, tr->events_out); /* checked at the end */
	} else {
		tr->rejected++;
		(void)fprintf(tr->rejects_out, "%s:%" PRIu64 ":%" PRIu64 ": %.*s: %s\n", tr->path,
			item->line, item->column, (int)e->id.len, (const char *)e->id.data,
			ch_status_text(status));
	}
	if (message != NULL)
		protobuf_c_message_free_unpacked(message, NULL);
}

static void translate_reject(struct translation *tr, const struct pos_item *item)
{
	tr->rejected++;
	buffer_clear(&tr->line);
	pos_item_describe(item, &tr->line);
	(void)fprintf(tr->rejects_out, "%s:%s\n", tr->path, buffer_text(&tr->line));
}

static void translate_skip(struct translation *tr, struct slice name)
{
	tr->skipped++;
	for (size_t i = 0; i < SKIPPED_KINDS; i++) {
		if (tr->kinds[i].count == 0)
			(void)snprintf(tr->kinds[i].name, sizeof(tr->kinds[i].name), "%.*s",
				(int)name.len, (const char *)name.data);
		if (slice_equal(slice_text(tr->kinds[i].name), name)) {
			tr->kinds[i].count++;
			return;
		}
	}
}

static void translate_sum_up(const struct translation *tr)
{
	if (tr->rejected + tr->repeated + tr->skipped == 0)
		return;
	(void)fprintf(tr->rejects_out,
		"%s: %" PRIu64 " rejected, %" PRIu64 " events, %" PRIu64 " repeated, %" PRIu64
		" skipped",
		tr->path, tr->rejected, tr->events, tr->repeated, tr->skipped);
	for (size_t i = 0; i < SKIPPED_KINDS && tr->kinds[i].count > 0; i++)
		(void)fprintf(tr->rejects_out, "%s%s %" PRIu64, i == 0 ? " (" : ", ",
			tr->kinds[i].name, tr->kinds[i].count);
	(void)fprintf(tr->rejects_out, "%s\n", tr->kinds[0].count > 0 ? ")" : "");
}

static enum translate_outcome translate_all(struct translation *tr, struct pos_source *source)
{
	struct pos_item item;
	enum ch_status status;
	while ((status = pos_source_next(source, &item)) == CH_OK) {
		if (item.kind == POS_ITEM_EVENT)
			translate_event(tr, &item);
		else if (item.kind == POS_ITEM_REJECT)
			translate_reject(tr, &item);
		else if (item.kind == POS_ITEM_SKIPPED)
			translate_skip(tr, item.name);
		else
			tr->repeated++;
	}
	translate_sum_up(tr);
	if (status == CH_IO || status == CH_NOMEM) {
		(void)fprintf(tr->rejects_out, "%s: %s\n", tr->path, ch_status_text(status));
		return TRANSLATE_UNUSABLE;
	}
	if (status == CH_FORMAT && tr->events + tr->repeated + tr->skipped == 0)
		return TRANSLATE_UNUSABLE;
	return tr->rejected + tr->lacking > 0 ? TRANSLATE_SOME : TRANSLATE_FINE;
}

enum translate_outcome translate_file(
	const char *path, const struct pos_options *options, FILE *events, FILE *rejects)
{
	enum translate_outcome outcome = TRANSLATE_UNUSABLE;
	struct translation tr = {.path = path, .events_out = events, .rejects_out = rejects};
	struct pos_source *source = NULL;
	bool standard = path[0] == '-' && path[1] == '\0';
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		(void)fprintf(rejects, "%s: %s\n", path, strerror(errno));
		goto out;
	}
	enum ch_status status = pos_source_open(options, fd, &source);
	if (status != CH_OK) {
		(void)fprintf(rejects, "%s: %s\n", path, ch_status_text(status));
		goto out;
	}
	outcome = translate_all(&tr, source);
out:
	pos_source_close(source);
	buffer_fini(&tr.message);
	buffer_fini(&tr.line);
	if (fd >= 0 && !standard)
		(void)close(fd); /* only read from */
	return outcome;
}

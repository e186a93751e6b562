#include "channel/parts/parts_file.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "channel/parts/answer.h"
#include "channel/parts/event.h"

#define CHUNK_BYTES 65536u

/* What the file holds, in its order. */
struct piece {
	struct piece *next;
	bool is_junk;
	struct flaw flaw;               /* of junk */
	struct interchange interchange; /* else */
	struct daybook_claim claim;
	bool claimed;
	bool told; /* its own reject has been given */
	uint32_t next_message;
};

struct parts_file {
	const struct parts_decoder *decoder;
	struct buffer bytes;
	char identity[96];
	int64_t changed_us;
	struct scanner *scanner;
	struct piece *first;
	struct piece **last;
	struct piece *piece; /* the one at hand */
	uint32_t interchanges;
	bool cut_off;
	bool ended;
	bool given; /* of what is incomplete: said */

	/* The message at hand. */
	struct arena arena;
	struct reading reading;
	const struct made *made; /* the next of its events */
	struct event_writer writer;
	struct envelope envelope;
	struct buffer reject;
	char place[32];
};

/* ---- Reading ---- */

enum ch_status parts_file_read(int fd, struct buffer *out)
{
	for (;;) {
		uint8_t *room = buffer_reserve(out, CHUNK_BYTES);
		if (room == NULL)
			return CH_NOMEM;
		ssize_t got = read(fd, room, CHUNK_BYTES);
		out->len -= CHUNK_BYTES;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return CH_IO;
		if (got == 0)
			break;
		out->len += (size_t)got;
		if (out->len > LIMIT_PARTS_FILE_BYTES)
			return CH_TOO_LARGE;
	}
	enum charset charset;
	size_t mark;
	if (!charset_mark(buffer_slice(out), &charset, &mark) ||
		(charset != CHARSET_UTF16LE && charset != CHARSET_UTF16BE))
		return CH_OK;
	struct charset_decoder *decoder = NULL;
	struct buffer text = {0};
	enum ch_status status = charset_open(charset, &decoder);
	if (status == CH_OK)
		status = charset_decode_part(
			decoder, slice_sub(buffer_slice(out), mark, out->len), &text);
	charset_close(decoder);
	if (status != CH_OK) {
		buffer_fini(&text);
		return status;
	}
	buffer_fini(out);
	*out = text;
	return CH_OK;
}

/* ---- What is in it ---- */

static struct piece *file_add_piece(struct parts_file *file)
{
	struct piece *piece = calloc(1, sizeof(*piece));
	if (piece == NULL)
		return NULL;
	*file->last = piece;
	file->last = &piece->next;
	return piece;
}

static bool is_recipient(const struct parts_options *options, struct slice id)
{
	for (size_t i = 0; i < options->recipient_count; i++) {
		if (slice_equal(id, slice_text(options->recipients[i])))
			return true;
	}
	return options->recipient_count == 0;
}

void parts_file_agree(const struct parts_options *options, struct interchange *interchange)
{
	bool x12 = interchange->standard == STANDARD_X12;
	struct flaw flaw = {.offset = interchange->offset, .tag = "UNB"};
	if (x12)
		memcpy(flaw.tag, "ISA", sizeof(flaw.tag));
	if (interchange->answerable && !is_recipient(options, interchange->recipient.id)) {
		flaw.kind = FLAW_RECIPIENT;
		flaw.element = x12 ? 8 : 3;
	} else if (interchange->test && options->refuse_tests) {
		flaw.kind = FLAW_TEST;
		flaw.element = x12 ? 15 : 11;
	}
	if (flaw.kind != FLAW_NONE)
		interchange_flaw(interchange, flaw);
}

static enum ch_status file_look(struct parts_file *file)
{
	struct slice bytes = buffer_slice(&file->bytes);
	uint64_t at = 0;
	enum ch_status status = CH_OK;
	while (status != CH_END) {
		struct interchange interchange;
		struct flaw flaw;
		uint64_t start = at;
		if (file->interchanges++ == LIMIT_PARTS_INTERCHANGES) {
			flaw = (struct flaw){.kind = FLAW_TOO_MANY,
				.offset = at,
				.words = "interchanges in one file"};
			status = CH_FORMAT;
			at = bytes.len;
		} else {
			status = interchange_next(file->scanner, bytes, &at, &interchange, &flaw);
		}
		if (status == CH_END)
			break;
		if (status != CH_OK && status != CH_FORMAT)
			return status;
		struct piece *piece = file_add_piece(file);
		if (piece == NULL) {
			if (status == CH_OK)
				interchange_fini(&interchange);
			return CH_NOMEM;
		}
		piece->is_junk = status == CH_FORMAT;
		if (piece->is_junk) {
			piece->flaw = flaw;
			continue;
		}
		piece->interchange = interchange;
		parts_file_agree(&file->decoder->options, &piece->interchange);
		file->cut_off = interchange.cut_off && at >= bytes.len && start < bytes.len;
	}
	return CH_OK;
}

static void parts_file_close(void *reader)
{
	struct parts_file *file = reader;
	if (file == NULL)
		return;
	while (file->first != NULL) {
		struct piece *piece = file->first;
		file->first = piece->next;
		if (!piece->is_junk)
			interchange_fini(&piece->interchange);
		free(piece);
	}
	event_writer_fini(&file->writer);
	arena_fini(&file->arena);
	scanner_free(file->scanner);
	buffer_fini(&file->bytes);
	buffer_fini(&file->reject);
	free(file);
}

static enum ch_status file_identify(struct parts_file *file, int fd)
{
	struct stat info;
	if (fstat(fd, &info) != 0)
		return CH_IO;
	if (S_ISDIR(info.st_mode))
		return CH_INVALID;
	file->changed_us = (int64_t)info.st_mtim.tv_sec * 1000000 + info.st_mtim.tv_nsec / 1000;
	(void)snprintf(file->identity, sizeof(file->identity),
		"%" PRIuMAX "-%" PRIdMAX ".%09ld-%" PRIdMAX, (uintmax_t)info.st_ino,
		(intmax_t)info.st_mtim.tv_sec, (long)info.st_mtim.tv_nsec,
		(intmax_t)info.st_size); /* fits */
	return CH_OK;
}

static enum ch_status parts_file_open(void *decoder, int fd, const char *path, void **out_reader)
{
	enum ch_status status = CH_NOMEM;
	struct parts_file *file = calloc(1, sizeof(*file));
	(void)path;
	if (file == NULL)
		goto out;
	file->decoder = decoder;
	file->last = &file->first;
	arena_init(&file->arena);
	status = scanner_create(&file->scanner);
	if (status == CH_OK)
		status = file_identify(file, fd);
	if (status == CH_OK)
		status = parts_file_read(fd, &file->bytes);
	if (status == CH_OK)
		status = file_look(file);
	if (status != CH_OK)
		goto out;
	file->piece = file->first;
	*out_reader = file;
	file = NULL; /* the caller's now */
out:
	parts_file_close(file);
	return status;
}

/* ---- Giving ---- */

static void give_reject(struct parts_file *file, struct kit_item *out_item)
{
	*out_item = (struct kit_item){
		.what = KIT_REJECT,
		.reject = buffer_slice(&file->reject),
	};
}

static void describe_interchange(struct parts_file *file, const struct interchange *x)
{
	buffer_clear(&file->reject);
	if (x->reference.len > 0)
		buffer_printf(&file->reject, "interchange %.*s of %.*s: ", (int)x->reference.len,
			(const char *)x->reference.data, (int)x->sender.id.len,
			(const char *)x->sender.id.data);
}

static void describe_message(
	struct parts_file *file, const struct interchange *x, const struct message *message)
{
	const struct group *group =
		message->group != GROUP_NONE ? &x->groups[message->group] : NULL;
	describe_interchange(file, x);
	buffer_append_text(&file->reject, "message ");
	buffer_append_slice(&file->reject, message->reference);
	buffer_append_text(&file->reject, " (");
	message_type_text(message, &file->reject);
	buffer_append_text(&file->reject, "): ");
	if (group != NULL && group->flaw.kind != FLAW_NONE)
		flaw_describe(&group->flaw, &file->reject);
	for (const struct flaw_note *note = message->flaws.first; note != NULL; note = note->next) {
		if (note != message->flaws.first)
			buffer_append_text(&file->reject, "; ");
		flaw_describe(&note->flaw, &file->reject);
	}
}

/* Enters the interchange into the daybook, before anything of it is given. */
static enum ch_status claim(struct parts_file *file, struct piece *piece)
{
	struct daybook *daybook = file->decoder->daybook;
	struct interchange *x = &piece->interchange;
	struct buffer key = {0};
	struct buffer place = {0};
	struct daybook_interchange named;
	enum ch_status status = CH_NOMEM;
	if (daybook == NULL || !x->answerable || interchange_only_acknowledges(x))
		return CH_OK;
	event_interchange_key(x, &key);
	buffer_printf(&place, "%s@%" PRIu64, file->identity, x->offset);
	event_digest(
		slice_sub(buffer_slice(&file->bytes), x->offset, x->end - x->offset), named.digest);
	named.key = buffer_slice(&key);
	named.place = buffer_slice(&place);
	if (key.status == CH_OK && place.status == CH_OK)
		status = daybook_take(daybook, &named, clock_wall_us(), &piece->claim);
	piece->claimed = status == CH_OK || status == CH_DUPLICATE;
	if (status == CH_DUPLICATE) {
		interchange_flaw(x, (struct flaw){.kind = FLAW_DUPLICATE,
					    .offset = x->offset,
					    .words = "an interchange of this reference"});
		status = CH_OK;
	}
	buffer_fini(&key);
	buffer_fini(&place);
	return status;
}

/* The next event of the message at hand. */
static enum ch_status give_event(struct parts_file *file, struct kit_item *out_item)
{
	const char *why;
	enum ch_status status =
		event_write(&file->writer, &file->reading, file->made, &file->envelope, &why);
	if (status != CH_OK)
		return status == CH_NOMEM ? status : CH_INTERNAL; /* it was checked */
	file->made = file->made->next;
	(void)snprintf(file->place, sizeof(file->place), "byte %" PRIu64,
		file->reading.message->offset); /* fits */
	*out_item = (struct kit_item){
		.what = KIT_EVENT,
		.envelope = &file->envelope,
		.place = slice_text(file->place),
	};
	return CH_OK;
}

/* Makes the message at hand into events, all of them or none. */
static enum ch_status take_message(
	struct parts_file *file, struct piece *piece, struct message *message)
{
	struct interchange *x = &piece->interchange;
	struct slice bytes = buffer_slice(&file->bytes);
	arena_reset(&file->arena);
	file->made = NULL;
	if (interchange_refuses(x, message))
		return CH_OK;
	file->reading = (struct reading){.interchange = x,
		.message = message,
		.options = &file->decoder->options,
		.arena = &file->arena};
	enum ch_status status = reading_run(&file->reading, file->scanner, bytes);
	if (status == CH_OK && file->reading.first != NULL) {
		event_writer_begin(&file->writer, &file->reading, bytes);
		status = event_check(&file->writer, &file->reading);
	}
	file->made = file->reading.first;
	return status;
}

/* CH_END: nothing more in this one. */
static enum ch_status give_of_interchange(
	struct parts_file *file, struct piece *piece, struct kit_item *out_item)
{
	struct interchange *x = &piece->interchange;
	enum ch_status status = CH_OK;
	if (!piece->told) {
		status = claim(file, piece);
		if (status != CH_OK)
			return status;
		piece->told = true;
		if (x->flaw.kind != FLAW_NONE) {
			piece->next_message = x->message_count; /* none of it */
			describe_interchange(file, x);
			flaw_describe(&x->flaw, &file->reject);
			give_reject(file, out_item);
			return CH_OK;
		}
	}
	while (piece->next_message < x->message_count) {
		struct message *message = &x->messages[piece->next_message++];
		status = take_message(file, piece, message);
		if (status != CH_OK)
			return status;
		if (file->made != NULL)
			return give_event(file, out_item);
		if (interchange_refuses(x, message)) {
			describe_message(file, x, message);
			give_reject(file, out_item);
			return CH_OK;
		}
	}
	return CH_END;
}

static bool may_be_growing(const struct parts_file *file)
{
	int64_t age_us = clock_wall_us() - file->changed_us;
	return file->cut_off && file->decoder->daybook != NULL && age_us >= 0 &&
	       age_us < file->decoder->patience_us;
}

static enum ch_status parts_file_next(void *reader, struct kit_item *out_item)
{
	struct parts_file *file = reader;
	if (file->given)
		return CH_END;
	if (file->piece == file->first && file->made == NULL && may_be_growing(file)) {
		file->given = true;
		*out_item = (struct kit_item){.what = KIT_INCOMPLETE,
			.reject = SLICE_LITERAL("the last interchange has no end yet"),
			.again_us = file->changed_us + file->decoder->patience_us};
		return CH_OK;
	}
	if (file->made != NULL)
		return give_event(file, out_item);
	while (file->piece != NULL) {
		struct piece *piece = file->piece;
		if (piece->is_junk) {
			file->piece = piece->next;
			buffer_clear(&file->reject);
			flaw_describe(&piece->flaw, &file->reject);
			give_reject(file, out_item);
			out_item->fatal = piece == file->first && piece->next == NULL;
			return CH_OK;
		}
		enum ch_status status = give_of_interchange(file, piece, out_item);
		if (status != CH_END)
			return status;
		file->piece = piece->next;
	}
	return CH_END;
}

/* ---- Answering ---- */

static enum answer_stand stand_of(const struct parts_file *file, const struct kit_tally *tally)
{
	uint64_t stored = tally->accepted + tally->duplicates + tally->spooled;
	if (tally->refused + tally->conflicts == 0)
		return ANSWER_SETTLED;
	/* Of several interchanges nobody can tell which one it was. */
	if (stored > 0 || file->interchanges > 2)
		return ANSWER_PENDING;
	return tally->refused > 0 ? ANSWER_REFUSED : ANSWER_TAKEN;
}

static bool is_to_be_answered(const struct parts_file *file, const struct interchange *x)
{
	switch (file->decoder->acknowledge) {
	case ACKNOWLEDGE_ALWAYS:
		return true;
	case ACKNOWLEDGE_ASKED:
		return x->wants_acknowledgement;
	case ACKNOWLEDGE_NEVER:
		break;
	}
	return false;
}

/* First kept, then handed out: what is handed out twice is the same. */
static enum ch_status hand_out(
	struct parts_file *file, const struct piece *piece, const struct answer_options *options)
{
	const struct interchange *x = &piece->interchange;
	struct daybook *daybook = file->decoder->daybook;
	struct buffer answer = {0};
	char path[PATH_MAX];
	bool edifact = x->standard == STANDARD_EDIFACT;
	enum ch_status status = daybook_answer(daybook, options->number, &answer);
	if (status == CH_NOT_FOUND) {
		status = answer_write(x, options, &answer);
		if (status == CH_OK)
			status = daybook_keep(daybook, options->number, buffer_slice(&answer));
	}
	if (status == CH_OK && (size_t)snprintf(path, sizeof(path), "%s/%s-%010" PRIu64 "%s",
				       file->decoder->out, edifact ? "CONTRL" : "997",
				       options->number, edifact ? ".edi" : ".x12") >= sizeof(path))
		status = CH_TOO_LARGE;
	if (status == CH_OK)
		status = file_replace(path, buffer_slice(&answer), 0640);
	buffer_fini(&answer);
	return status;
}

static enum ch_status answer_piece(
	struct parts_file *file, const struct piece *piece, enum answer_stand stand)
{
	const struct interchange *x = &piece->interchange;
	const struct answer_options options = {.number = piece->claim.number,
		.prepared_us = piece->claim.time_us,
		.zone = file->decoder->options.zone,
		.stand = stand};
	struct flaw room;
	bool refused = answer_flaw(x, &options, &room) != NULL || interchange_is_refused(x);
	enum ch_status status = CH_OK;
	if (is_to_be_answered(file, x))
		status = hand_out(file, piece, &options);
	if (status == CH_OK)
		status = daybook_end(file->decoder->daybook, piece->claim.number, !refused);
	if (status == CH_OK)
		log_info("interchange.ended", "number=%" PRIu64 " reference=%.*s accepted=%s",
			piece->claim.number, (int)x->reference.len, (const char *)x->reference.data,
			refused ? "no" : "yes");
	return status;
}

static enum ch_status parts_file_finish(void *reader, const struct kit_tally *tally)
{
	struct parts_file *file = reader;
	enum answer_stand stand = stand_of(file, tally);
	enum ch_status status = CH_OK;
	for (const struct piece *piece = file->first; piece != NULL && status == CH_OK;
		piece = piece->next) {
		if (!piece->is_junk && piece->claimed && !piece->claim.ended)
			status = answer_piece(file, piece, stand);
	}
	return status;
}

/* Here and not sooner: one process at a time may have the daybook, and `check` makes no folders. */
static enum ch_status parts_file_start(void *decoder)
{
	struct parts_decoder *parts = decoder;
	enum ch_status status = file_make_dirs(parts->out, 0750);
	if (status != CH_OK) {
		log_error("out.unusable", "path=%s status=%s", parts->out, ch_status_name(status));
		return status;
	}
	status = daybook_open(parts->state, &parts->daybook);
	if (status != CH_OK)
		log_error("daybook.unusable", "path=%s status=%s", parts->state,
			ch_status_name(status));
	return status;
}

const struct kit_format parts_format = {
	.start = parts_file_start,
	.open = parts_file_open,
	.next = parts_file_next,
	.finish = parts_file_finish,
	.close = parts_file_close,
};

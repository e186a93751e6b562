#include "channel/parts/mailroom.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "channel/parts/outbook.h"

#define ACTION(name) CAREHUB__V1__SYNTAX_ACTION__SYNTAX_ACTION_##name

struct mailroom {
	struct mailroom_options options;
	struct outbook *outbook;
	struct outgoing *outgoing;
	struct buffer bytes;
	struct mailroom_counts counts;
};

/* ---- Files ---- */

/* What an interchange is in, by its message's name: a partner's standard may have changed since. */
static enum standard standard_of(const char *message)
{
	return script_knows(STANDARD_X12, slice_text(message)) ? STANDARD_X12 : STANDARD_EDIFACT;
}

static uint64_t reference_of(const char *message, uint64_t number)
{
	uint64_t reference = 0;
	(void)terms_reference(standard_of(message), number, &reference); /* it was written */
	return reference;
}

/* "ORDERS-10000000042.edi", "850-500000043.x12"; with a dot in front nobody's yet. */
static enum ch_status file_path(const struct partner *partner, const char *message, uint64_t number,
	bool hidden, char out[PATH_MAX])
{
	int len = snprintf(out, PATH_MAX, "%s/%s%s-%" PRIu64 ".%s", partner->folder,
		hidden ? "." : "", message, reference_of(message, number),
		standard_of(message) == STANDARD_X12 ? "x12" : "edi");
	return len >= 0 && len < PATH_MAX ? CH_OK : CH_TOO_LARGE;
}

static enum ch_status show_file(const struct partner *partner, const char *message, uint64_t number)
{
	char hidden[PATH_MAX];
	char shown[PATH_MAX];
	enum ch_status status = file_path(partner, message, number, true, hidden);
	if (status == CH_OK)
		status = file_path(partner, message, number, false, shown);
	if (status == CH_OK)
		status = file_fault("mailroom.show");
	if (status == CH_OK && rename(hidden, shown) != 0)
		status = file_status();
	return status == CH_OK ? file_sync_dir(partner->folder) : status;
}

/* ".ORDERS-10000000042.edi", ".850-500000043.x12", and nothing else; a number that is none: 0. */
static uint64_t hidden_number(const char *name, char message[7])
{
	uint64_t reference;
	const char *dash = strchr(name, '-');
	const char *dot = strrchr(name, '.');
	if (name[0] != '.' || dash == NULL || dash - name < 2 || dash - name > 7 || dot < dash)
		return 0;
	memcpy(message, name + 1, (size_t)(dash - name - 1));
	message[dash - name - 1] = 0;
	enum standard standard = standard_of(message);
	struct slice digits = slice_of(dash + 1, (size_t)(dot - dash - 1));
	if (strcmp(dot, standard == STANDARD_X12 ? ".x12" : ".edi") != 0 ||
		text_parse_u64(digits, UINT64_MAX, &reference) != CH_OK)
		return 0;
	return terms_number(standard, reference);
}

/* A file that an earlier life left hidden: it is in the outbook, and then it goes out; or nobody was told, and
 * its number will be used again. */
static enum ch_status settle_hidden(
	struct mailroom *mailroom, const struct partner *partner, const char *name)
{
	char message[7];
	char path[PATH_MAX];
	uint64_t number = hidden_number(name, message);
	if (number == 0)
		return CH_OK;
	const struct outbook_entry *entry = outbook_get(mailroom->outbook, number);
	if (entry != NULL && strcmp(entry->partner, partner->name) == 0 &&
		strcmp(entry->message, message) == 0) {
		log_info("interchange.found", "partner=%s message=%s reference=%" PRIu64,
			partner->name, message, reference_of(message, number));
		return show_file(partner, message, number);
	}
	enum ch_status status = file_path(partner, message, number, true, path);
	if (status == CH_OK && unlink(path) != 0)
		status = file_status();
	return status;
}

static enum ch_status settle_folder(struct mailroom *mailroom, const struct partner *partner)
{
	const struct dirent *entry;
	enum ch_status status = file_make_dirs(partner->folder, 0750);
	DIR *dir = status == CH_OK ? opendir(partner->folder) : NULL;
	if (dir == NULL)
		return status != CH_OK ? status : file_status();
	while (status == CH_OK && (entry = readdir(dir)) != NULL)
		status = settle_hidden(mailroom, partner, entry->d_name);
	(void)closedir(dir); /* only read */
	return status;
}

/* ---- Opening ---- */

enum ch_status mailroom_open(
	const struct mailroom_options *options, int64_t now_us, struct mailroom **out_mailroom)
{
	enum ch_status status = CH_NOMEM;
	struct mailroom *mailroom = calloc(1, sizeof(*mailroom));
	if (mailroom == NULL)
		goto out;
	mailroom->options = *options;
	status = outgoing_create(options->zone, options->repair_reference, &mailroom->outgoing);
	if (status == CH_OK)
		status = outbook_open(options->state, now_us, &mailroom->outbook);
	for (size_t i = 0; i < options->partners->count && status == CH_OK; i++)
		status = settle_folder(mailroom, &options->partners->items[i]);
	if (status != CH_OK)
		goto out;
	*out_mailroom = mailroom;
	mailroom = NULL; /* the caller's now */
out:
	mailroom_close(mailroom);
	return status;
}

void mailroom_close(struct mailroom *mailroom)
{
	if (mailroom == NULL)
		return;
	outgoing_free(mailroom->outgoing);
	outbook_close(mailroom->outbook);
	buffer_fini(&mailroom->bytes);
	free(mailroom);
}

/* ---- Writing ---- */

static void event_key(const struct mailroom_event *event, uint8_t out_key[OUTBOOK_KEY_BYTES])
{
	static const uint8_t between = 0;
	crypto_generichash_state hash;
	/* Sizes are right, and that is all that can be wrong. */
	(void)crypto_generichash_init(&hash, NULL, 0, OUTBOOK_KEY_BYTES);
	(void)crypto_generichash_update(&hash, event->source.data, event->source.len);
	(void)crypto_generichash_update(&hash, &between, 1);
	(void)crypto_generichash_update(&hash, event->id.data, event->id.len);
	(void)crypto_generichash_final(&hash, out_key, OUTBOOK_KEY_BYTES);
}

/* The steps of outbook.h, in their order. */
static enum ch_status hand_out(struct mailroom *mailroom, const struct partner *partner,
	const struct script *script, const uint8_t key[OUTBOOK_KEY_BYTES], int64_t now_us)
{
	uint64_t number = outbook_next(mailroom->outbook);
	const char *message = script->faces[partner->terms.standard].name;
	struct outbook_entry entry = {.time_us = now_us, .awaited = partner->patience_us > 0};
	char hidden[PATH_MAX];
	memcpy(entry.key, key, sizeof(entry.key));
	memcpy(entry.partner, partner->name, sizeof(entry.partner));
	(void)snprintf(entry.message, sizeof(entry.message), "%s", message); /* six letters */
	enum ch_status status = file_path(partner, entry.message, number, true, hidden);
	if (status == CH_OK)
		status = file_replace(hidden, buffer_slice(&mailroom->bytes), 0640);
	if (status == CH_OK)
		status = file_fault("mailroom.line");
	if (status == CH_OK)
		status = outbook_add(mailroom->outbook, &entry);
	if (status == CH_OK)
		status = show_file(partner, entry.message, number);
	if (status != CH_OK)
		return status;
	mailroom->counts.written++;
	log_info("interchange.written", "partner=%s message=%s reference=%" PRIu64, partner->name,
		entry.message, reference_of(entry.message, number));
	return CH_OK;
}

/* It was done before; whether it was made visible is not known. */
static enum ch_status hand_out_again(
	const struct partner *partner, const struct outbook_entry *entry)
{
	char hidden[PATH_MAX];
	enum ch_status status = file_path(partner, entry->message, entry->number, true, hidden);
	if (status != CH_OK || access(hidden, F_OK) != 0)
		return status;
	return show_file(partner, entry->message, entry->number);
}

static enum ch_status write_for(struct mailroom *mailroom, const struct partner *partner,
	const struct script *script, const struct mailroom_event *event, int64_t now_us,
	struct obstacle *out_obstacle)
{
	uint8_t key[OUTBOOK_KEY_BYTES];
	struct obstacle obstacle = {.words = ""};
	const struct outgoing_event document = {event->type, event->message, event->time_us};
	event_key(event, key);
	const struct outbook_entry *known = outbook_find(mailroom->outbook, partner->name, key);
	if (known != NULL)
		return hand_out_again(partner, known);
	buffer_clear(&mailroom->bytes);
	enum ch_status status = outgoing_write(mailroom->outgoing, &partner->terms, &document,
		outbook_next(mailroom->outbook), now_us, &mailroom->bytes, &obstacle);
	if (status == CH_UNSUPPORTED)
		return CH_OK; /* another event says it */
	if (status == CH_INVALID) {
		mailroom->counts.refused++;
		(void)snprintf(out_obstacle->words, sizeof(out_obstacle->words), "%s: %.*s",
			partner->name, (int)(OBSTACLE_BYTES - LIMIT_PARTNER_NAME_BYTES - 3),
			obstacle.words); /* as much as fits */
		log_error("interchange.refused", "partner=%s type=%.*s id=%.*s reason=\"%s\"",
			partner->name, (int)event->type.len, (const char *)event->type.data,
			(int)event->id.len, (const char *)event->id.data, obstacle.words);
		return status;
	}
	return status == CH_OK ? hand_out(mailroom, partner, script, key, now_us) : status;
}

/* ---- Acknowledgements ---- */

/* A CONTRL that takes the interchange may refuse the one message that is in it; what a 997 says is of that one, and
 * an error in one that it takes is a note. */
static enum outbook_state state_of(
	const Carehub__V1__PartsInterchangeAcknowledged *said, enum standard standard)
{
	switch ((int)said->action) {
	case ACTION(ACKNOWLEDGED):
		return standard == STANDARD_EDIFACT && said->n_errors > 0 ? OUTBOOK_REJECTED
									  : OUTBOOK_ACKNOWLEDGED;
	case ACTION(WITH_ERRORS):
		return OUTBOOK_ACKNOWLEDGED;
	case ACTION(REJECTED):
	case ACTION(PARTIAL):
		return OUTBOOK_REJECTED;
	default:
		return OUTBOOK_WRITTEN; /* it came in, and is still to be looked at */
	}
}

/* The entry that a reference names in the standard that it was given in; NULL: none. */
static const struct outbook_entry *entry_of(
	const struct mailroom *mailroom, const Carehub__V1__InterchangeRef *subject)
{
	bool x12 = strcmp(subject->standard, standard_name(STANDARD_X12)) == 0;
	enum standard standard = x12 ? STANDARD_X12 : STANDARD_EDIFACT;
	uint64_t reference;
	if (text_parse_u64(slice_text(subject->interchange_id), UINT64_MAX, &reference) != CH_OK)
		return NULL;
	const struct outbook_entry *entry =
		outbook_get(mailroom->outbook, terms_number(standard, reference));
	return entry != NULL && standard_of(entry->message) == standard ? entry : NULL;
}

/* Ours, and of the partner who speaks; NULL: it is about something else. */
static const struct outbook_entry *subject_of(
	const struct mailroom *mailroom, const Carehub__V1__PartsInterchangeAcknowledged *said)
{
	const Carehub__V1__InterchangeRef *subject = said->subject;
	const struct outbook_entry *entry = subject != NULL ? entry_of(mailroom, subject) : NULL;
	for (size_t i = 0; entry != NULL && i < mailroom->options.partners->count; i++) {
		const struct partner *partner = &mailroom->options.partners->items[i];
		if (strcmp(partner->name, entry->partner) == 0)
			return slice_equal(partner->terms.number, slice_text(subject->recipient)) &&
					       slice_equal(partner->terms.own_number,
						       slice_text(subject->sender))
				       ? entry
				       : NULL;
	}
	return NULL;
}

static enum ch_status take_acknowledgement(
	struct mailroom *mailroom, const Carehub__V1__PartsInterchangeAcknowledged *said)
{
	const struct outbook_entry *entry = subject_of(mailroom, said);
	if (entry == NULL)
		return CH_OK;
	enum outbook_state state = state_of(said, standard_of(entry->message));
	if (state == OUTBOOK_WRITTEN || entry->state == state)
		return CH_OK;
	uint64_t reference = reference_of(entry->message, entry->number);
	if (state == OUTBOOK_ACKNOWLEDGED) {
		mailroom->counts.acknowledged++;
		log_info("interchange.acknowledged", "partner=%s message=%s reference=%" PRIu64,
			entry->partner, entry->message, reference);
	} else {
		const Carehub__V1__SyntaxError *error = said->n_errors > 0 ? said->errors[0] : NULL;
		mailroom->counts.rejected++;
		log_error("interchange.rejected",
			"partner=%s message=%s reference=%" PRIu64 " error=%.20s segment=%" PRIu32
			" element=%" PRIu32,
			entry->partner, entry->message, reference,
			error != NULL ? error->error_code : "", error != NULL ? error->segment : 0,
			error != NULL ? error->element : 0);
	}
	return outbook_mark(mailroom->outbook, entry->number, state);
}

static int64_t patience_of(const struct mailroom *mailroom, const char *name)
{
	for (size_t i = 0; i < mailroom->options.partners->count; i++) {
		if (strcmp(mailroom->options.partners->items[i].name, name) == 0)
			return mailroom->options.partners->items[i].patience_us;
	}
	return 0; /* nobody's any more */
}

enum ch_status mailroom_look(struct mailroom *mailroom, int64_t now_us)
{
	const struct outbook_entry *entry;
	enum ch_status status = CH_OK;
	uint64_t at = 0;
	mailroom->counts.awaited = 0;
	mailroom->counts.missing = 0;
	while (status == CH_OK && (entry = outbook_awaited(mailroom->outbook, &at)) != NULL) {
		int64_t patience_us = patience_of(mailroom, entry->partner);
		mailroom->counts.awaited++;
		mailroom->counts.missing += entry->state == OUTBOOK_MISSING;
		if (entry->state == OUTBOOK_MISSING || patience_us == 0 ||
			now_us - entry->time_us < patience_us)
			continue;
		status = outbook_mark(mailroom->outbook, entry->number, OUTBOOK_MISSING);
		if (status != CH_OK)
			break;
		mailroom->counts.missing++;
		log_error("interchange.unanswered",
			"partner=%s message=%s reference=%" PRIu64 " hours=%" PRId64,
			entry->partner, entry->message, reference_of(entry->message, entry->number),
			(now_us - entry->time_us) / INT64_C(3600000000));
	}
	return status;
}

void mailroom_count(struct mailroom *mailroom, struct mailroom_counts *out_counts)
{
	*out_counts = mailroom->counts;
}

/* ---- Events ---- */

enum ch_status mailroom_take(struct mailroom *mailroom, const struct mailroom_event *event,
	int64_t now_us, struct obstacle *out_obstacle)
{
	const struct script *script = script_of(event->type);
	enum ch_status verdict = CH_OK;
	if (slice_equal(event->type, SLICE_LITERAL("parts.interchange.acknowledged")))
		return take_acknowledgement(mailroom, (const void *)event->message);
	/* Of old events that come again nobody knows any more who has them. */
	if (script == NULL || event->arrival_us < outbook_began_us(mailroom->outbook))
		return CH_OK;
	for (size_t i = 0; i < mailroom->options.partners->count; i++) {
		const struct partner *partner = &mailroom->options.partners->items[i];
		if (!partner_wants(partner, script, event->message))
			continue;
		enum ch_status status =
			write_for(mailroom, partner, script, event, now_us, out_obstacle);
		if (status != CH_OK && status != CH_INVALID)
			return status;
		verdict = status != CH_OK ? status : verdict;
	}
	return verdict;
}

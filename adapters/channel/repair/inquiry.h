/* A station's questions about its own records, answered from the hub's:
 *
 *     {"id":"q1","repairOrderId":"R7"}            or "appointmentId"
 *     {"id":"q1","status":"ok","record":{"repairOrderId":"R7","state":"REPAIR_STATE_REPAIRED",...}}
 *     {"id":"q1","status":"not_found"}
 *
 * `id` is the asker's own, and may be left out.  A record that names another station is not found: a station
 * learns nothing of others, and nobody's customer number from here.  `status` is a word of ch_status_name;
 * "closed" and "timeout" say that the hub could not be asked: ask again.
 *
 * Questions come by files too, whatever the input: NAME.json in a folder becomes NAME.answer.json. */
#ifndef REPAIR_INQUIRY_H
#define REPAIR_INQUIRY_H

#include "kit/adapter.h"

struct inquiry_settings {
	char *folder;  /* NULL: none */
	char *scope;   /* of the peer, when the hub keeps its numbers under one; NULL: none */
	char *station; /* whose records are told; set by who has the settings */
};

/* Rows of the settings, `member` being a struct inquiry_settings of `config`. */
#define INQUIRY_OPTIONS(config, member)                                                            \
	{.name = "inquiry.folder",                                                                 \
		.type = OPTION_TEXT,                                                               \
		.at = offsetof(config, member.folder),                                             \
		.help = "A folder in which the station asks how a record of its own stands: put\n" \
			"NAME.json there by rename, and NAME.answer.json comes."},                 \
	{                                                                                          \
		.name = "inquiry.scope", .type = OPTION_TEXT,                                      \
		.at = offsetof(config, member.scope), .max = 64,                                   \
		.help = "The `scope` of this adapter's peer at the hub, if it has one."            \
	}

struct inquiry;

/* `settings` must outlive it.  CH_NOMEM. */
enum ch_status inquiry_create(
	const struct inquiry_settings *settings, struct inquiry **out_inquiry);
void inquiry_free(struct inquiry *inquiry); /* all questions have been answered; NULL is fine */

/* The callbacks of a kit_adapter.  inquiry_tend looks into the folder every second. */
void inquiry_start(struct inquiry *inquiry, struct kit_hub *hub);
void inquiry_tend(struct inquiry *inquiry, struct kit_wait *wait);

/* Once for each question, before inquiry_ask returns or in a later round; `answer` is JSON, and says the
 * same as `status`. */
typedef void inquiry_answer(void *context, enum ch_status status, struct slice answer);

void inquiry_ask(
	struct inquiry *inquiry, struct slice question, inquiry_answer *answer, void *context);

#endif

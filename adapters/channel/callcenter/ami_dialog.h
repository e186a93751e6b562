/* What is said to the manager port, and which answer belongs to what: actions are written, answers are told from
 * events by the ActionID that each action carries.
 *
 *     Action: QueueStatus                 Response: Success
 *     ActionID: carehub-7                 ActionID: carehub-7
 *                                         EventList: start
 *
 *                                         Event: QueueParams          each an item
 *                                         ActionID: carehub-7
 *
 *                                         Event: QueueStatusComplete  the end; ListItems is how many
 *                                         ActionID: carehub-7           there must have been
 *                                         ListItems: 4
 *
 * Pure: text in, text out. */
#ifndef CALLCENTER_AMI_DIALOG_H
#define CALLCENTER_AMI_DIALOG_H

#include "base/limits.h"
#include "channel/callcenter/ami.h"

enum ami_answer_kind {
	AMI_NO_ANSWER, /* an event, or an answer to somebody else */
	AMI_ANSWER,    /* all there is to an action; `good` says whether it was done */
	AMI_LIST,      /* items follow */
	AMI_ITEM,
	AMI_LIST_END, /* `good`: as many items as it says */
};

struct ami_answer {
	enum ami_answer_kind kind;
	int what; /* as it was given with the action */
	bool good;
	uint32_t items; /* so far */
};

/* A zeroed one is new. */
struct ami_dialog {
	uint64_t last_id;
	struct ami_pending {
		uint64_t id; /* 0: free */
		int what;
		bool lists; /* items are to be expected */
		uint32_t items;
		int64_t since_us;
	} pending[LIMIT_AMI_ACTIONS];
};

struct ami_pair {
	const char *key;
	struct slice value;
};

/* Appends an action.  `what` is the caller's own word for it, `lists` whether its answer is a list, `now_us` a
 * clock of his.  CH_INVALID: a value with a line end or NUL, which would be another line; CH_TOO_LARGE: a line
 * over LIMIT_AMI_ACTION_BYTES, which the exchange would refuse; CH_BUSY: too many are under way; CH_NOMEM.  On
 * failure nothing is appended. */
enum ch_status ami_dialog_ask(struct ami_dialog *dialog, const char *action,
	const struct ami_pair *pairs, size_t count, int what, bool lists, int64_t now_us,
	struct buffer *out);

/* What a message is an answer to. */
struct ami_answer ami_dialog_take(struct ami_dialog *dialog, const struct ami_message *message);

/* Since when the oldest answer is waited for; 0: none is. */
int64_t ami_dialog_oldest_us(const struct ami_dialog *dialog);

/* Hex of MD5(challenge, secret), as the exchange checks it. */
#define AMI_KEY_BYTES 33
enum ch_status ami_login_key(
	struct slice challenge, struct slice secret, char out_key[AMI_KEY_BYTES]); /* CH_INTERNAL */

#endif

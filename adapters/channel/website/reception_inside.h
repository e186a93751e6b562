/* For the reception's own files: the routes are one each, and they share this. */
#ifndef WEBSITE_RECEPTION_INSIDE_H
#define WEBSITE_RECEPTION_INSIDE_H

#include "channel/website/draft.h"
#include "channel/website/limiter.h"
#include "channel/website/network.h"
#include "channel/website/reception.h"

/* What was no event, on its way to the kit's rejects; those beyond the bound are only answered. */
#define RECEPTION_NOTES 64u

struct note {
	char text[80 + REFUSAL_FIELD_BYTES + REFUSAL_REASON_BYTES];
};

struct reception {
	const struct website_settings *settings;
	const struct website_files *files;
	struct postbox *postbox;
	struct kit_hub *hub; /* NULL: not yet */
	struct limiter *limiter;
	struct limiter *records; /* that are guessed at */
	/* Of the request at hand, and of its event at hand. */
	struct json_tape *tape;
	struct arena arena;
	struct draft draft;
	struct task *first; /* in no order */
	struct note notes[RECEPTION_NOTES];
	size_t note_first;
	size_t note_count;
};

/* One request that waits: for the hub's word, or for its time to be answered. */
struct task {
	struct task *next;
	struct task **at;
	struct reception *reception;
	struct visit *visit;
	int64_t due_us; /* steady */
	/* Its time is over: answers the visit, or asks to be called again by setting due_us. */
	void (*expire)(struct task *task);
	struct errand *errand;           /* that was started for it; NULL: none */
	void (*free)(struct task *task); /* the rest of a larger struct that begins with this one */
};

/* Links it and holds the visit. */
void task_begin(struct task *task, struct reception *reception, struct visit *visit,
	int64_t wait_ms, void (*expire)(struct task *task), void (*free)(struct task *task));

/* Sends the visit's answer, unlinks and frees. */
void task_answer(struct task *task);

/* The usual end of one that waited in vain: 503, come again. */
void task_give_up(struct task *task);

/* Without a task: fills in the answer and sends it. */
void reception_refuse(struct visit *visit, int status, const char *field, const char *detail);
void reception_say(struct visit *visit, const struct refusal *refusal);
/* The same of what somebody sent who may send, and it is noted for who can mend it. */
void reception_reject(
	struct reception *reception, struct visit *visit, const struct refusal *refusal);
void reception_busy(struct visit *visit, int64_t retry_us);
void reception_away(struct visit *visit); /* 503: the hub is */

/* Who sent it, of those whose name and secret fit.  False: the visit has been answered, 401 or 429. */
struct admission {
	const struct sender *sender;
	bool is_signed;
	int64_t sent_us; /* by the signature's time; 0: it says none */
	struct trust trust;
};

bool reception_admit_site(struct reception *reception, struct visit *visit, struct slice name,
	struct admission *out_admission);
bool reception_admit_shop(struct reception *reception, struct visit *visit, enum sender_kind kind,
	const char *shop_header, const char *signature_header, struct admission *out_admission);

/* The network that limits hold for: that of the connection's address, or of what a proxy says. */
void reception_client(
	const struct reception *reception, const struct visit *visit, char out[NETWORK_BYTES]);

/* ---- The routes ---- */

void route_events(struct reception *reception, struct visit *visit, struct slice name);
void route_webhooks(struct reception *reception, struct visit *visit, struct slice name);
void route_shopify(struct reception *reception, struct visit *visit, struct slice name);
void route_woocommerce(struct reception *reception, struct visit *visit, struct slice name);
void route_warranty(struct reception *reception, struct visit *visit, struct slice name);
void route_status(struct reception *reception, struct visit *visit, struct slice name);
void route_unsubscribe(struct reception *reception, struct visit *visit, struct slice name);

#endif

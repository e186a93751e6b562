#include "module/marketing/campaign/campaign_part.h"

#include <carehub/query.h>
#include <stdlib.h>

#include "carehub/v1/control.pb-c.h"
#include "module/marketing/book_tables.h"
#include "module/marketing/campaign/campaign_fold.h"
#include "module/marketing/marketing_module.h"
#include "module/marketing/segment/segments_part.h"

/* A question holds the module's rounds up: no longer than this. */
#define ASK_MS 900

/* What the mail server may have of the last mails is waited for so long at the end. */
#define GRACE_MS 10000

struct part {
	const struct campaign_settings *settings;
	struct desk *desk; /* NULL: there are no campaigns here; they are only folded */
};

/* ---- Ports ---- */

static bool ask_reply(void *context, struct ch_bytes body, bool more)
{
	(void)more; /* a Customer reply is one */
	buffer_append(context, body.data, body.len);
	return true;
}

static enum ch_status part_ask(void *context, struct ch_connection *connection, uint64_t customer,
	struct buffer *out_reply)
{
	Carehub__V1__CustomerRequest request = CAREHUB__V1__CUSTOMER_REQUEST__INIT;
	uint8_t body[64];
	(void)context;
	request.number = customer;
	request.timeline = ADDRESSEE_TIMELINE;
	size_t len = carehub__v1__customer_request__pack(&request, body);
	return ch_request(
		connection, "Customer", ch_bytes_of(body, len), ASK_MS, ask_reply, out_reply);
}

/* While customers wait to be judged (a book that was just made anew) nobody knows who all the members are. */
static enum ch_status part_end(struct book_txn *txn)
{
	struct segments_backlog backlog;
	enum ch_status status = segments_backlog(txn, &backlog);
	if (status != CH_OK)
		return status;
	return backlog.stale > 0 || backlog.sweeping ? CH_RETRY : CH_END;
}

static enum ch_status part_member(void *context, struct book_txn *txn, const char *segment,
	uint64_t after, uint64_t *out_customer)
{
	struct key prefix;
	struct key from;
	struct slice key;
	struct slice value;
	struct book_walk *walk = NULL;
	(void)context;
	if (after == UINT64_MAX)
		return CH_END;
	key_start(&prefix);
	key_text(&prefix, slice_text(segment));
	from = prefix;
	key_u64(&from, after + 1);
	enum ch_status status =
		book_walk_begin(txn, TABLE_MEMBERS, key_slice(&prefix), key_slice(&from), &walk);
	if (status == CH_OK)
		status = book_walk_next(walk, &key, &value);
	if (status == CH_OK) {
		struct slice rest = slice_sub(key, prefix.len, key.len);
		if (!key_take_u64(&rest, out_customer))
			status = CH_CORRUPT;
	}
	book_walk_end(walk);
	return status == CH_END ? part_end(txn) : status;
}

const struct desk_ports campaign_ports = {.ask = part_ask, .member = part_member};

/* ---- The part ---- */

enum ch_status campaign_part_open_with(const struct campaign_settings *settings,
	const struct desk_ports *ports, struct metrics *metrics, struct problems *problems,
	void **out_self)
{
	enum ch_status status = CH_OK;
	struct part *part = calloc(1, sizeof(*part));
	if (part == NULL)
		return CH_NOMEM;
	part->settings = settings;
	if (settings->folder != NULL)
		status = desk_open(settings, ports, metrics, problems, &part->desk);
	if (status == CH_OK)
		*out_self = part;
	else
		free(part);
	return status;
}

static enum ch_status part_check(
	const void *config, void *const *configs, struct problems *problems)
{
	const struct segments_config *definitions = configs[MARKETING_SEGMENTS];
	struct segment_names segments = {{0}};
	enum ch_status read = CH_MISSING;
	if (definitions->definitions != NULL)
		read = segment_names_read(definitions->definitions, &segments);
	enum ch_status status = CH_NOMEM;
	if (read != CH_NOMEM)
		status =
			campaign_settings_check(config, read == CH_OK ? &segments : NULL, problems);
	segment_names_fini(&segments);
	return status;
}

static enum ch_status part_open(
	const void *config, struct metrics *metrics, struct problems *problems, void **out_self)
{
	return campaign_part_open_with(config, &campaign_ports, metrics, problems, out_self);
}

static enum ch_status part_begin(void *self, struct book_txn *txn)
{
	struct part *part = self;
	(void)txn; /* all is looked up when it is wanted */
	if (part->desk != NULL)
		desk_forget(part->desk);
	return CH_OK;
}

static enum ch_status part_tend(void *self, struct module_turn *turn)
{
	struct part *part = self;
	return part->desk != NULL ? desk_tend(part->desk, turn) : CH_OK;
}

static void part_close(void *self)
{
	struct part *part = self;
	if (part == NULL)
		return;
	desk_close(part->desk, GRACE_MS);
	free(part);
}

static enum ch_status part_fold_started(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	struct part *part = self;
	if (part->desk != NULL)
		desk_notice_start(part->desk);
	return campaign_fold_started(self, txn, event);
}

static const struct module_fold folds[] = {
	{"marketing.message.*", campaign_fold_message},
	{"marketing.campaign.started", part_fold_started},
	{"marketing.campaign.ended", campaign_fold_ended},
	{"*.survey.answered", campaign_fold_survey},
	{"website.order.placed", campaign_fold_order},
	{"callcenter.callback.done", campaign_fold_called},
	{"callcenter.callback.failed", campaign_fold_not_reached},
	{"website.message.unsubscribed", campaign_fold_unsubscribed},
	{"customer.record.merged", campaign_fold_merged},
	{"customer.record.unmerged", campaign_fold_unmerged},
};

const char *const campaign_topics[] = {"website.survey.answered", "callcenter.survey.answered",
	"website.order.placed", "website.message.unsubscribed", "callcenter.callback.*"};
const size_t campaign_topic_count = sizeof(campaign_topics) / sizeof(campaign_topics[0]);

const struct module_part campaign_part = {.name = "campaigns",
	.folds = folds,
	.fold_count = sizeof(folds) / sizeof(folds[0]),
	.options = campaign_options,
	.option_count = CAMPAIGN_OPTIONS,
	.config_bytes = sizeof(struct campaign_settings),
	.check = part_check,
	.open = part_open,
	.begin = part_begin,
	.tend = part_tend,
	.close = part_close};

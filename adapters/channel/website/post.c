#include "channel/website/post.h"

#include <stdlib.h>

#include "base/text.h"

#define RETRY_S 2u /* when the hub gives no time of its own */

/* ---- The hub's word ---- */

struct post_word {
	const char *outcome;
	int status;
	const char *detail; /* NULL: the hub's own */
};

static struct post_word post_word_of_receipt(const struct ch_receipt *receipt, bool shop)
{
	bool kept = receipt->sequence != 0;
	switch (receipt->outcome) {
	case CH_OUTCOME_ACCEPTED:
		return (struct post_word){"accepted", 200, ""};
	case CH_OUTCOME_DUPLICATE:
		return (struct post_word){"duplicate", 200, ""};
	case CH_OUTCOME_CONFLICT:
		return (struct post_word){"conflict", shop ? 200 : 409,
			"this id was taken before with other content"};
	case CH_OUTCOME_REFUSED:
		return (struct post_word){kept ? "quarantined" : "refused",
			shop && kept ? 200 : answer_status_of(receipt->reason), NULL};
	default:
		return (struct post_word){"retry", 503, "the hub cannot take it now"};
	}
}

static struct post_word post_word_of(const struct outcome *outcome, bool shop)
{
	if (outcome->spooled)
		return (struct post_word){
			"retry", 503, "it waits on this machine, the hub does not have it yet"};
	if (outcome->receipt.outcome != CH_OUTCOME_NONE)
		return post_word_of_receipt(&outcome->receipt, shop);
	int status = answer_status_of(outcome->status);
	return (struct post_word){
		status == 503 ? "retry" : "refused", status, ch_status_text(outcome->status)};
}

int post_tell(const struct outcome *outcome, bool shop, struct buffer *out)
{
	const struct ch_receipt *receipt = &outcome->receipt;
	struct post_word word = post_word_of(outcome, shop);
	const char *detail = word.detail != NULL ? word.detail : receipt->detail;
	buffer_append_text(out, "{\"outcome\":\"");
	buffer_append_text(out, word.outcome);
	buffer_append_byte(out, '"');
	if (receipt->sequence != 0) {
		buffer_append_text(out, ",\"sequence\":\"");
		text_append_u64(out, receipt->sequence);
		buffer_append_byte(out, '"');
	}
	if (receipt->outcome == CH_OUTCOME_REFUSED)
		buffer_printf(out, ",\"reason\":\"%s\"", ch_status_name(receipt->reason));
	if (receipt->field[0] != 0) {
		buffer_append_text(out, ",\"field\":");
		answer_append_text(out, receipt->field);
	}
	if (detail[0] != 0) {
		buffer_append_text(out, ",\"detail\":");
		answer_append_text(out, detail);
	}
	buffer_append_byte(out, '}');
	return word.status;
}

/* ---- Waiting for it ---- */

struct post {
	struct task task; /* first */
	enum post_manner manner;
};

static void post_free(struct task *task)
{
	free(task); /* it is the first of a struct post */
}

/* Later is worse: what is worth another try before what never will be, that before what is done. */
static int post_worse(int a, int b)
{
	static const int order[] = {200, 409, 400, 403, 413, 415, 500, 503};
	for (size_t i = sizeof(order) / sizeof(order[0]); i-- > 0;) {
		if (a == order[i] || b == order[i])
			return order[i];
	}
	return a;
}

static uint32_t post_retry_s(const struct outcome *outcomes, size_t count)
{
	uint32_t longest_ms = 0;
	for (size_t i = 0; i < count; i++) {
		if (outcomes[i].receipt.retry_after_ms > longest_ms)
			longest_ms = outcomes[i].receipt.retry_after_ms;
	}
	return longest_ms > 0 ? (longest_ms + 999) / 1000 : RETRY_S;
}

static void post_done(void *context, const struct outcome *outcomes, size_t count)
{
	struct post *post = context;
	struct answer *answer = visit_answer(post->task.visit);
	bool single = post->manner == POST_SINGLE;
	int status = 200;
	post->task.errand = NULL;
	answer->type = "application/json";
	if (!single)
		buffer_append_text(&answer->body, "{\"events\":[");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_append_byte(&answer->body, ',');
		status = post_worse(
			status, post_tell(&outcomes[i], post->manner == POST_SHOP, &answer->body));
	}
	buffer_append_text(&answer->body, single ? "\n" : "]}\n");
	answer->status = status;
	if (status == 503)
		answer->retry_after_s = post_retry_s(outcomes, count);
	task_answer(&post->task);
}

void post_send(struct reception *reception, struct visit *visit, struct errand *errand,
	enum post_manner manner)
{
	struct errand *started = errand;
	struct post *post = calloc(1, sizeof(*post));
	if (post == NULL || errand_start(&errand, reception->postbox, post_done, post) != CH_OK) {
		errand_free(errand);
		free(post);
		reception_away(visit);
		return;
	}
	post->manner = manner;
	task_begin(&post->task, reception, visit, reception->settings->answer_ms, task_give_up,
		post_free);
	post->task.errand = started;
}

/* ---- Events that are made here ---- */

static void post_forget(void *context, const struct outcome *outcomes, size_t count)
{
	(void)context; /* nobody waits: its loss is nobody's harm */
	(void)outcomes;
	(void)count;
}

enum ch_status post_event(struct reception *reception, const char *type,
	const ProtobufCMessage *message, const struct envelope *envelope,
	void (*done)(void *context, const struct outcome *outcomes, size_t count), void *context,
	struct errand **out_errand)
{
	struct draft draft = {.envelope = *envelope};
	struct refusal refusal;
	struct errand *errand = NULL;
	struct errand *started;
	enum ch_status status = draft_seal(&draft, types_find(slice_text(type)), message, &refusal);
	if (status == CH_OK)
		status = errand_create(1, &errand);
	if (status == CH_OK)
		status = errand_add(errand, &draft.envelope);
	started = errand;
	if (status == CH_OK)
		status = errand_start(
			&errand, reception->postbox, done != NULL ? done : post_forget, context);
	if (status == CH_OK && out_errand != NULL)
		*out_errand = started;
	errand_free(errand);
	draft_fini(&draft);
	return status;
}

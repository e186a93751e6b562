#include "fanout/letter.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "fanout/errand.h"
#include "fanout/keeping.h"
#include "fanout/subscription.h"

bool letter_write(
	struct subscription *subscription, const struct pending *pending, struct slice job)
{
	struct fanout *fanout = subscription->fanout;
	struct group *group;
	struct buffer value = {0};
	uint8_t key[ROW_KEY_BYTES];
	uint64_t last;
	bool known = ranges_find(&subscription->dead, pending->sequence, &last);
	struct letter_row row = {
		.attempts = pending->attempts,
		.parked_us = fanout_wall_us(fanout),
		.arrival_us = pending->arrival_us,
		.reason = slice_text(pending->reason),
		.job = job,
	};
	if (!known && (subscription->letters >= LIMIT_DEADLETTERS_PER_SUB ||
			      ranges_add(&subscription->dead, pending->sequence,
				      pending->sequence) != CH_OK))
		return false;
	/* What it was about, for people; its entry is there, it has just been delivered. */
	if (fanout_look(fanout, pending->sequence, &group) == CH_OK && group->part_count > 0) {
		row.type = group_type(group, group_main(group));
		row.customer = group->parts[group_main(group)].customer;
	}
	form_encode(&letter_form, &row, &value);
	clerk_put(fanout->clerk, DESK_DEAD, row_key(key, subscription->name, pending->sequence),
		buffer_slice(&value));
	buffer_fini(&value);
	if (!known)
		subscription->letters++;
	keeping_touch(subscription, DESK_US);
	return true;
}

static void letter_forget(struct subscription *subscription, uint64_t sequence)
{
	uint8_t key[ROW_KEY_BYTES];
	if (ranges_remove(&subscription->dead, sequence) != CH_OK)
		return; /* without memory it stays, and can be settled again */
	subscription->letters--;
	clerk_delete(
		subscription->fanout->clerk, DESK_DEAD, row_key(key, subscription->name, sequence));
	keeping_touch(subscription, 0);
}

void letter_forget_all(struct subscription *subscription)
{
	uint8_t key[ROW_KEY_BYTES];
	if (subscription->letters > 0)
		clerk_delete_all(subscription->fanout->clerk, DESK_DEAD,
			row_prefix(key, subscription->name));
	ranges_clear(&subscription->dead);
	subscription->letters = 0;
}

/* ---- Looking at them ---- */

struct letters_errand {
	struct errand errand; /* first */
	letters_done *done;
	void *context;
	uint32_t limit;
	uint64_t total;
	struct buffer found; /* rows behind each other: key length(2) value length(4) key value */
	uint32_t count;
};

static bool letters_collect(void *context, struct slice key, struct slice value)
{
	struct letters_errand *letters = context;
	uint8_t head[6];
	store_le16(head, (uint16_t)key.len);
	store_le32(head + 2, (uint32_t)value.len);
	buffer_append(&letters->found, head, sizeof(head));
	buffer_append_slice(&letters->found, key);
	buffer_append_slice(&letters->found, value);
	return ++letters->count < letters->limit;
}

static void letters_ask(struct errand *errand, struct desk *desk)
{
	struct letters_errand *letters = (struct letters_errand *)(void *)errand;
	uint8_t key[ROW_KEY_BYTES];
	struct slice prefix = {NULL, 0};
	if (errand->name[0] != 0)
		prefix = row_prefix(key, errand->name);
	errand->status = desk_scan(desk, DESK_DEAD, prefix, letters_collect, letters);
	if (errand->status == CH_OK)
		errand->status = letters->found.status;
}

static void letters_work(struct errand *errand)
{
	struct letters_errand *letters = (struct letters_errand *)(void *)errand;
	struct fanout *fanout = errand->fanout;
	const struct subscription *one = subscription_find(fanout, slice_text(errand->name));
	if (errand->name[0] != 0 && one == NULL) {
		errand_fail(errand, CH_NOT_FOUND, "no such subscription");
		return;
	}
	for (const struct subscription *s = fanout->subscriptions; s != NULL; s = s->next)
		letters->total += one == NULL || s == one ? s->letters : 0;
	errand_ask_desk(errand);
}

static void letters_answer(struct errand *errand)
{
	struct letters_errand *letters = (struct letters_errand *)(void *)errand;
	struct slice rest = buffer_slice(&letters->found);
	while (errand->status == CH_OK && rest.len > 0) {
		size_t key_len = load_le16(rest.data);
		size_t value_len = load_le32(rest.data + 2);
		struct slice name;
		struct letter_row row;
		char text[LIMIT_NAME_BYTES + 1];
		struct letter_info info = {.name = text};
		errand->status = row_split(slice_sub(rest, 6, key_len), &name, &info.sequence);
		if (errand->status == CH_OK)
			errand->status = row_read(
				&letter_form, slice_sub(rest, 6 + key_len, value_len), &row);
		if (errand->status != CH_OK)
			break;
		errand_set_name(text, name);
		info.attempts = row.attempts;
		info.parked_us = row.parked_us;
		info.customer = row.customer;
		info.reason = row.reason;
		info.type = row.type;
		info.job = row.job;
		letters->done(letters->context, CH_OK, &info, letters->total);
		rest = slice_sub(rest, 6 + key_len + value_len, SIZE_MAX);
	}
	letters->done(letters->context, errand->status, NULL, letters->total);
}

static void letters_fini(struct errand *errand)
{
	buffer_fini(&((struct letters_errand *)(void *)errand)->found);
}

enum ch_status operation_letters(
	struct fanout *fanout, struct slice name, uint32_t limit, letters_done *done, void *context)
{
	struct letters_errand *letters = calloc(1, sizeof(*letters));
	if (letters == NULL)
		return CH_NOMEM;
	letters->errand.fanout = fanout;
	letters->errand.work = letters_work;
	letters->errand.ask = letters_ask;
	letters->errand.answer = letters_answer;
	letters->errand.fini = letters_fini;
	errand_set_name(letters->errand.name, name);
	letters->done = done;
	letters->context = context;
	letters->limit =
		limit == 0 || limit > LIMIT_DEADLETTERS_LISTED ? LIMIT_DEADLETTERS_LISTED : limit;
	errand_send(&letters->errand);
	return CH_OK;
}

/* ---- Settling them ---- */

struct settle_errand {
	struct errand errand; /* first */
	operation_done *done;
	void *context;
	bool discard;
	bool dry_run;
	uint64_t affected;
	size_t count;
	uint64_t sequences[];
};

/* CH_NOT_FOUND: no letter of that sequence; CH_FULL: no room to try it again. */
static enum ch_status settle_one(
	struct settle_errand *settle, struct subscription *subscription, uint64_t sequence)
{
	uint64_t last;
	enum ch_status status = CH_OK;
	if (!ranges_find(&subscription->dead, sequence, &last))
		return CH_NOT_FOUND;
	if (!settle->dry_run && !settle->discard)
		status = cursor_revive(&subscription->cursor, sequence, 0);
	if (status != CH_OK && status != CH_EXISTS)
		return status;
	if (!settle->dry_run)
		letter_forget(subscription, sequence);
	settle->affected++;
	return CH_OK;
}

static enum ch_status settle_all(struct settle_errand *settle, struct subscription *subscription)
{
	enum ch_status status = CH_OK;
	if (settle->dry_run) {
		settle->affected = subscription->letters;
	} else if (settle->discard) {
		settle->affected = subscription->letters;
		letter_forget_all(subscription);
		keeping_touch(subscription, 0);
	} else {
		while (status == CH_OK && subscription->letters > 0)
			status =
				settle_one(settle, subscription, subscription->dead.spans[0].first);
	}
	return status == CH_FULL ? CH_OK : status; /* as many as there is room for */
}

static void settle_work(struct errand *errand)
{
	struct settle_errand *settle = (struct settle_errand *)(void *)errand;
	struct subscription *subscription =
		subscription_find(errand->fanout, slice_text(errand->name));
	char detail[64];
	enum ch_status status = CH_OK;
	if (subscription == NULL) {
		errand_fail(errand, CH_NOT_FOUND, "no such subscription");
		return;
	}
	if (settle->count == 0)
		status = settle_all(settle, subscription);
	for (size_t i = 0; i < settle->count && status == CH_OK; i++) {
		status = settle_one(settle, subscription, settle->sequences[i]);
		if (status == CH_NOT_FOUND)
			status = CH_OK; /* settled already, or never dead */
	}
	fanout_schedule(subscription);
	if (status != CH_OK && settle->affected == 0) {
		errand_fail(errand, status, "");
		return;
	}
	if (settle->dry_run) {
		errand_answer(errand);
		return;
	}
	(void)snprintf(detail, sizeof(detail), "%s %llu", settle->discard ? "discard" : "again",
		(unsigned long long)settle->affected);
	keeping_audit(errand->fanout, errand->actor, "settle", errand->name, detail);
	errand_answer_kept(errand);
}

static void settle_answer(struct errand *errand)
{
	struct settle_errand *settle = (struct settle_errand *)(void *)errand;
	const struct operation_result result = {
		.status = errand->status,
		.detail = errand->detail,
		.affected = settle->affected,
		.done = errand->status == CH_OK && !settle->dry_run,
	};
	settle->done(settle->context, &result);
}

enum ch_status operation_settle(struct fanout *fanout, struct slice actor, struct slice name,
	const uint64_t *sequences, size_t count, bool discard, bool dry_run, operation_done *done,
	void *context)
{
	struct settle_errand *settle = calloc(1, sizeof(*settle) + count * sizeof(uint64_t));
	if (settle == NULL)
		return CH_NOMEM;
	settle->errand.fanout = fanout;
	settle->errand.work = settle_work;
	settle->errand.answer = settle_answer;
	errand_set_name(settle->errand.actor, actor);
	errand_set_name(settle->errand.name, name);
	settle->done = done;
	settle->context = context;
	settle->discard = discard;
	settle->dry_run = dry_run;
	settle->count = count;
	if (count > 0)
		memcpy(settle->sequences, sequences, count * sizeof(uint64_t));
	errand_send(&settle->errand);
	return CH_OK;
}

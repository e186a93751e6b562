#include "channel/callcenter/ami_dialog.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "base/text.h"

#define ID_PREFIX SLICE_LITERAL("carehub-")

static bool fits_a_line(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] == '\n' || value.data[i] == '\r' || value.data[i] == 0)
			return false;
	}
	return true;
}

static struct ami_pending *dialog_free_place(struct ami_dialog *dialog)
{
	for (size_t i = 0; i < LIMIT_AMI_ACTIONS; i++) {
		if (dialog->pending[i].id == 0)
			return &dialog->pending[i];
	}
	return NULL;
}

enum ch_status ami_dialog_ask(struct ami_dialog *dialog, const char *action,
	const struct ami_pair *pairs, size_t count, int what, bool lists, int64_t now_us,
	struct buffer *out)
{
	size_t start = out->len;
	struct ami_pending *pending = dialog_free_place(dialog);
	for (size_t i = 0; i < count; i++) {
		if (!fits_a_line(pairs[i].value))
			return CH_INVALID;
		if (strlen(pairs[i].key) + 2 + pairs[i].value.len > LIMIT_AMI_ACTION_BYTES)
			return CH_TOO_LARGE;
	}
	if (pending == NULL)
		return CH_BUSY;
	buffer_printf(out, "Action: %s\r\nActionID: carehub-%llu\r\n", action,
		(unsigned long long)dialog->last_id + 1);
	for (size_t i = 0; i < count; i++) {
		buffer_printf(out, "%s: ", pairs[i].key);
		buffer_append_slice(out, pairs[i].value);
		buffer_append_text(out, "\r\n");
	}
	buffer_append_text(out, "\r\n");
	if (out->status != CH_OK) {
		out->len = start;
		return CH_NOMEM;
	}
	*pending = (struct ami_pending){
		.id = ++dialog->last_id, .what = what, .lists = lists, .since_us = now_us};
	return CH_OK;
}

static struct ami_pending *dialog_find(struct ami_dialog *dialog, struct slice action_id)
{
	uint64_t id;
	if (!slice_starts(action_id, ID_PREFIX) ||
		text_parse_u64(slice_sub(action_id, ID_PREFIX.len, SIZE_MAX), UINT64_MAX, &id) !=
			CH_OK ||
		id == 0)
		return NULL;
	for (size_t i = 0; i < LIMIT_AMI_ACTIONS; i++) {
		if (dialog->pending[i].id == id)
			return &dialog->pending[i];
	}
	return NULL;
}

/* Exchanges before Asterisk 1.8 tell the end of a list by the event's name alone. */
static bool ends_list(const struct ami_message *message)
{
	static const struct slice end = {(const uint8_t *)"Complete", 8};
	if (ami_is(ami_get(message, "EventList"), "Complete"))
		return true;
	return message->name.len >= end.len &&
	       slice_equal(slice_sub(message->name, message->name.len - end.len, end.len), end);
}

static struct ami_answer dialog_take_item(
	struct ami_pending *pending, const struct ami_message *message)
{
	struct ami_answer answer = {.what = pending->what};
	uint64_t items = 0;
	if (!pending->lists)
		return (struct ami_answer){.kind = AMI_NO_ANSWER};
	if (!ends_list(message)) {
		answer.kind = AMI_ITEM;
		answer.items = ++pending->items;
		return answer;
	}
	struct slice told = text_trim(ami_get(message, "ListItems"));
	answer.kind = AMI_LIST_END;
	answer.items = pending->items;
	answer.good = told.len == 0 || (text_parse_u64(told, UINT32_MAX, &items) == CH_OK &&
					       items == pending->items);
	pending->id = 0;
	return answer;
}

struct ami_answer ami_dialog_take(struct ami_dialog *dialog, const struct ami_message *message)
{
	struct ami_answer answer = {.kind = AMI_NO_ANSWER};
	struct ami_pending *pending = NULL;
	if (message->kind == AMI_RESPONSE || message->kind == AMI_EVENT)
		pending = dialog_find(dialog, ami_get(message, "ActionID"));
	if (pending == NULL)
		return answer;
	if (message->kind == AMI_EVENT)
		return dialog_take_item(pending, message);
	answer.what = pending->what;
	answer.good = ami_is(message->name, "Success") || ami_is(message->name, "Goodbye") ||
		      ami_is(message->name, "Pong") || ami_is(message->name, "Follows");
	if (pending->lists && answer.good) {
		answer.kind = AMI_LIST;
		return answer;
	}
	answer.kind = AMI_ANSWER;
	pending->id = 0;
	return answer;
}

int64_t ami_dialog_oldest_us(const struct ami_dialog *dialog)
{
	int64_t oldest_us = 0;
	for (size_t i = 0; i < LIMIT_AMI_ACTIONS; i++) {
		const struct ami_pending *pending = &dialog->pending[i];
		if (pending->id != 0 && (oldest_us == 0 || pending->since_us < oldest_us))
			oldest_us = pending->since_us;
	}
	return oldest_us;
}

enum ch_status ami_login_key(
	struct slice challenge, struct slice secret, char out_key[AMI_KEY_BYTES])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	enum ch_status status = CH_INTERNAL;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	if (context == NULL)
		return CH_INTERNAL;
	if (EVP_DigestInit_ex(context, EVP_md5(), NULL) == 1 &&
		EVP_DigestUpdate(context, challenge.data, challenge.len) == 1 &&
		EVP_DigestUpdate(context, secret.data, secret.len) == 1 &&
		EVP_DigestFinal_ex(context, digest, &len) == 1 && len == 16)
		status = CH_OK;
	EVP_MD_CTX_free(context);
	for (unsigned i = 0; status == CH_OK && i < len; i++)
		(void)snprintf(out_key + (size_t)i * 2, 3, "%02x", digest[i]); /* fits */
	return status;
}

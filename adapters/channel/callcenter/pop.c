#include "channel/callcenter/pop.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "wire/json.h"

struct ticket {
	uint64_t number; /* 0: free */
	struct buffer line;
	struct buffer agent;
};

struct pop {
	struct pop_options options;
	struct ticket tickets[LIMIT_POPS];
	uint64_t last;
	struct pop_counts counts;
};

enum ch_status pop_create(const struct pop_options *options, struct pop **out_pop)
{
	struct pop *pop = calloc(1, sizeof(*pop));
	if (pop == NULL)
		return CH_NOMEM;
	pop->options = *options;
	*out_pop = pop;
	return CH_OK;
}

void pop_free(struct pop *pop)
{
	if (pop == NULL)
		return;
	for (size_t i = 0; i < LIMIT_POPS; i++) {
		buffer_fini(&pop->tickets[i].line);
		buffer_fini(&pop->tickets[i].agent);
	}
	free(pop);
}

/* ---- The line ---- */

/* The exchange's bytes; empty values are left out. */
static void put(struct buffer *out, bool *first, const char *key, struct slice value)
{
	char text[LIMIT_CALL_TEXT_BYTES + 3];
	if (value.len == 0)
		return;
	buffer_printf(out, "%s\"%s\":", *first ? "" : ",", key);
	*first = false;
	/* Scrubbed, it is UTF-8; that memory may run out sticks in the buffer. */
	(void)json_append_string(out, slice_of(text, call_scrub(value, text)));
}

static void put_caller(struct buffer *out, const struct call_offer *offer)
{
	bool first = true;
	buffer_append_text(out, "},\"caller\":{");
	if (!call_is_nobody(offer->caller_number))
		put(out, &first, "number", offer->caller_number);
	if (!call_is_nobody(offer->caller_name))
		put(out, &first, "name", offer->caller_name);
	buffer_append_text(out, "}");
}

static void put_offer(
	struct pop *pop, struct buffer *out, const struct call_offer *offer, struct slice agent)
{
	char time[CLOCK_TEXT_BYTES];
	bool first = true;
	const struct table *groups = pop->options.names->groups;
	const char *group = groups != NULL ? table_get(groups, offer->queue) : NULL;
	buffer_append_text(out, "{\"type\":\"call.offered\"");
	if (offer->time_us > 0)
		buffer_printf(out, ",\"time\":\"%s\"", clock_format(offer->time_us, time));
	buffer_append_text(out, ",\"call\":{");
	put(out, &first, "callId", offer->call_id);
	put(out, &first, "uniqueid", offer->uniqueid);
	put(out, &first, "queue", offer->queue);
	put(out, &first, "group", slice_text(group));
	put(out, &first, "dialled", offer->dialled);
	put(out, &first, "system", offer->system);
	put(out, &first, "language", offer->language);
	buffer_printf(out, "%s\"waitedMs\":%lld", first ? "" : ",", (long long)offer->waited_ms);
	buffer_append_text(out, "},\"agent\":{");
	first = true;
	put(out, &first, "id", agent);
	put(out, &first, "name", offer->agent_name);
	put(out, &first, "interface", offer->agent_interface);
	put_caller(out, offer);
}

static void pop_push(struct pop *pop, struct ticket *ticket)
{
	buffer_append_text(&ticket->line, "}");
	if (ticket->line.status == CH_OK) {
		pop->counts.pushed++;
		pop->options.push(pop->options.context, buffer_slice(&ticket->agent),
			buffer_slice(&ticket->line));
	} else {
		pop->counts.dropped++;
	}
	ticket->number = 0;
}

static void pop_push_failed(struct pop *pop, struct ticket *ticket, enum ch_status status)
{
	pop->counts.failed++;
	buffer_printf(&ticket->line, ",\"lookup\":\"failed\",\"reason\":\"%s\",\"customers\":[]",
		ch_status_name(status));
	pop_push(pop, ticket);
}

/* ---- From ringing to the answer ---- */

static struct ticket *pop_ticket(struct pop *pop)
{
	struct ticket *oldest = &pop->tickets[0];
	for (size_t i = 0; i < LIMIT_POPS; i++) {
		if (pop->tickets[i].number == 0)
			return &pop->tickets[i];
		if (pop->tickets[i].number < oldest->number)
			oldest = &pop->tickets[i];
	}
	pop->counts.dropped++; /* its answer will find no ticket */
	return oldest;
}

void pop_offer(struct pop *pop, const struct call_offer *offer)
{
	struct ticket *ticket = pop_ticket(pop);
	struct slice agent =
		call_agent_id(pop->options.names, offer->agent_name, offer->agent_interface);
	pop->counts.offers++;
	buffer_clear(&ticket->line);
	buffer_clear(&ticket->agent);
	buffer_append_slice(&ticket->agent, agent);
	ticket->number = ++pop->last;
	put_offer(pop, &ticket->line, offer, agent);
	if (call_is_nobody(offer->caller_number)) {
		buffer_append_text(&ticket->line, ",\"lookup\":\"anonymous\",\"customers\":[]");
		pop_push(pop, ticket);
		return;
	}
	enum ch_status status = pop->options.ask(
		pop->options.context, text_trim(offer->caller_number), ticket->number);
	if (status != CH_OK)
		pop_push_failed(pop, ticket, status);
}

void pop_answer(struct pop *pop, uint64_t number, enum ch_status status,
	const Carehub__V1__CustomerReply *reply)
{
	struct ticket *ticket = NULL;
	for (size_t i = 0; i < LIMIT_POPS && ticket == NULL; i++) {
		if (pop->tickets[i].number == number && number != 0)
			ticket = &pop->tickets[i];
	}
	if (ticket == NULL)
		return;
	size_t count = status == CH_OK && reply != NULL ? reply->n_customers : 0;
	if (status != CH_OK && status != CH_NOT_FOUND) {
		pop_push_failed(pop, ticket, status);
		return;
	}
	size_t start = ticket->line.len;
	buffer_printf(&ticket->line, ",\"lookup\":\"%s\",\"customers\":[",
		count == 0  ? "none"
		: count > 1 ? "several"
			    : "found");
	for (size_t i = 0; i < count && status == CH_OK; i++) {
		if (i > 0)
			buffer_append_text(&ticket->line, ",");
		status = json_encode(&reply->customers[i]->base, 0, &ticket->line, NULL);
	}
	if (status != CH_OK && status != CH_NOT_FOUND) {
		ticket->line.len = start;
		pop_push_failed(pop, ticket, status);
		return;
	}
	buffer_append_text(&ticket->line, "]");
	pop_push(pop, ticket);
}

void pop_look(const struct pop *pop, struct pop_counts *out_counts)
{
	*out_counts = pop->counts;
}

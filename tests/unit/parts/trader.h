/* Messages in shorthand, and what becomes of them. */
#ifndef UNIT_TRADER_H
#define UNIT_TRADER_H

#include <sodium.h>

#include "../draw.h"

#include "channel/parts/answer.h"
#include "channel/parts/event.h"
#include "channel/parts/parts_file.h"

#define UNB    "UNB+UNOC:3+S1:14+R1:14+261122:0930+REF1++++1'"
#define UNZ(n) "UNZ+" n "+REF1'"

/* An order of seven segments. */
#define ORDER(ref, number)                                                                         \
	"UNH+" ref "+ORDERS:D:96A:UN:EAN008'BGM+220+" number                                       \
	"+9'DTM+137:20261121:102'LIN+1++4000862141404:EN'QTY+21:48:PCE'UNS+S'UNT+7+" ref "'"

/* One interchange, read and made into events; the first one of a text. */
struct trader {
	struct parts_options options;
	struct scanner *scanner;
	struct slice text;
	struct interchange interchange;
	struct flaw flaw; /* when there is none */
	struct arena arena;
	struct reading reading; /* of the message read last */
	struct event_writer writer;
	struct envelope envelope;
	uint64_t at;
};

static inline enum ch_status trader_read(struct trader *trader, const char *text)
{
	assert_true(sodium_init() >= 0);
	if (trader->scanner == NULL)
		assert_int_equal(scanner_create(&trader->scanner), CH_OK);
	arena_init(&trader->arena);
	trader->text = slice_text(text);
	trader->at = 0;
	return interchange_next(
		trader->scanner, trader->text, &trader->at, &trader->interchange, &trader->flaw);
}

/* All messages; how many events the last one gives. */
static inline size_t trader_take(struct trader *trader, const char *text)
{
	size_t count = 0;
	assert_int_equal(trader_read(trader, text), CH_OK);
	struct interchange *x = &trader->interchange;
	parts_file_agree(&trader->options, x);
	for (uint32_t i = 0; i < x->message_count; i++) {
		count = 0;
		if (interchange_refuses(x, &x->messages[i]))
			continue;
		trader->reading = (struct reading){.interchange = x,
			.message = &x->messages[i],
			.options = &trader->options,
			.arena = &trader->arena};
		assert_int_equal(
			reading_run(&trader->reading, trader->scanner, trader->text), CH_OK);
		if (trader->reading.first == NULL)
			continue;
		event_writer_begin(&trader->writer, &trader->reading, trader->text);
		assert_int_equal(event_check(&trader->writer, &trader->reading), CH_OK);
		for (const struct made *made = trader->reading.first; made != NULL;
			made = made->next)
			count++;
	}
	return count;
}

/* Event `index` of the message read last. */
static inline const struct made *trader_made(const struct trader *trader, size_t index)
{
	const struct made *made = trader->reading.first;
	for (; made != NULL && index > 0; index--)
		made = made->next;
	assert_non_null(made);
	return made;
}

static inline const void *trader_message(
	const struct trader *trader, size_t index, const char *type)
{
	const struct made *made = trader_made(trader, index);
	assert_string_equal(made->type, type);
	return made->message;
}

static inline const struct envelope *trader_envelope(struct trader *trader, size_t index)
{
	const char *why;
	assert_int_equal(event_write(&trader->writer, &trader->reading, trader_made(trader, index),
				 &trader->envelope, &why),
		CH_OK);
	return &trader->envelope;
}

/* What is wrong with message `index`, for people; "" when nothing is. */
static inline const char *trader_flaw(const struct trader *trader, uint32_t index)
{
	static char words[512];
	struct buffer out = {0};
	const struct message *message = &trader->interchange.messages[index];
	words[0] = 0;
	assert_true(index < trader->interchange.message_count);
	if (message->flaws.first != NULL) {
		flaw_describe(&message->flaws.first->flaw, &out);
		(void)snprintf(words, sizeof(words), "%s", buffer_text(&out));
	}
	buffer_fini(&out);
	return words;
}

static inline const char *trader_whole_flaw(const struct trader *trader)
{
	static char words[512];
	struct buffer out = {0};
	words[0] = 0;
	if (trader->interchange.flaw.kind != FLAW_NONE) {
		flaw_describe(&trader->interchange.flaw, &out);
		(void)snprintf(words, sizeof(words), "%s", buffer_text(&out));
	}
	buffer_fini(&out);
	return words;
}

/* The answer, line ends taken out. */
static inline const char *trader_answer(const struct trader *trader)
{
	static char text[4096];
	const struct answer_options options = {
		.number = 42, .prepared_us = INT64_C(1795339860000000)};
	struct buffer out = {0};
	size_t len = 0;
	assert_int_equal(answer_write(&trader->interchange, &options, &out), CH_OK);
	for (size_t i = 0; i < out.len && len < sizeof(text) - 1; i++) {
		if (out.data[i] != '\r' && out.data[i] != '\n')
			text[len++] = (char)out.data[i];
	}
	text[len] = 0;
	buffer_fini(&out);
	return text;
}

static inline void trader_close(struct trader *trader)
{
	if (trader->interchange.arena.first != NULL || trader->interchange.messages != NULL)
		interchange_fini(&trader->interchange);
	event_writer_fini(&trader->writer);
	arena_fini(&trader->arena);
	scanner_free(trader->scanner);
	*trader = (struct trader){.scanner = NULL};
}

#endif

#include "bench/load/event.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Bodies are cut from the pool at a random place: cheap enough for a million events a second, and
 * neither constant nor repeating within a page, which would flatter whoever compresses. */
#define POOL_BYTES ((size_t)2 * EVENT_BODY_BYTES)

/* Larger than any number of customers and prime: stepping by it visits every customer once. */
#define STREW UINT64_C(2147483647)

/* SplitMix64: one addition and a mixing of the counter, full period, no state to spoil. */
static uint64_t draw_bits(struct event_source *source)
{
	uint64_t z = source->state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 0 to below - 1; the bias of at most below / 2^32 is far below what a run can see. */
static uint64_t draw_below(struct event_source *source, uint64_t below)
{
	return (draw_bits(source) >> 32) * below >> 32;
}

enum ch_status event_source_init(struct event_source *source, uint64_t seed, uint64_t customers,
	enum event_draw draw, size_t payload)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .";
	*source = (struct event_source){0};
	if (payload < EVENT_ID_TEXT || payload > EVENT_BODY_BYTES || customers >= STREW)
		return CH_INVALID;
	source->pool = malloc(POOL_BYTES);
	if (source->pool == NULL)
		return CH_NOMEM;
	source->state = seed;
	source->customers = customers;
	source->draw = draw;
	source->body_bytes = payload - EVENT_ID_TEXT;
	for (size_t i = 0; i < POOL_BYTES; i++)
		source->pool[i] = letters[draw_bits(source) >> 58];
	return CH_OK;
}

void event_source_fini(struct event_source *source)
{
	free(source->pool);
	*source = (struct event_source){0};
}

/* The busy fifth is strewn over the whole range of numbers: customers do not become busy in the order
 * in which they came, and a busy range of keys would be an easier case for every store. */
static uint64_t draw_customer(struct event_source *source)
{
	uint64_t busy = source->customers / 5;
	uint64_t rank;
	if (source->customers == 0)
		return 0;
	if (source->draw == EVENT_UNIFORM || busy == 0)
		rank = draw_below(source, source->customers);
	else if (draw_below(source, 5) < 4)
		rank = draw_below(source, busy);
	else
		rank = busy + draw_below(source, source->customers - busy);
	return rank * STREW % source->customers + 1;
}

/* The 12 bits behind the milliseconds count on within them (RFC 9562, 6.2, method 3). */
#define INSTANTS_PER_MS 4096u

void event_source_order(struct event_source *source)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	source->instant = ms * INSTANTS_PER_MS;
}

static void put_instant(uint8_t id[EVENT_ID_BYTES], uint64_t instant)
{
	uint64_t ms = instant / INSTANTS_PER_MS;
	uint64_t rest = instant % INSTANTS_PER_MS;
	for (int i = 0; i < 6; i++)
		id[i] = (uint8_t)(ms >> (40 - 8 * i));
	id[6] = (uint8_t)(0x70 | rest >> 8);
	id[7] = (uint8_t)rest;
}

void event_source_next(struct event_source *source, struct event *out_event)
{
	uint64_t halves[2] = {draw_bits(source), draw_bits(source)};
	memcpy(out_event->id, halves, EVENT_ID_BYTES);
	out_event->id[6] = (uint8_t)((out_event->id[6] & 0x0f) | 0x40);
	if (source->instant != 0)
		put_instant(out_event->id, ++source->instant);
	out_event->id[8] = (uint8_t)((out_event->id[8] & 0x3f) | 0x80);
	out_event->customer = draw_customer(source);
	out_event->body =
		slice_of(source->pool + draw_below(source, POOL_BYTES - source->body_bytes),
			source->body_bytes);
}

char *event_id_text(const uint8_t id[EVENT_ID_BYTES], char text[EVENT_ID_TEXT + 1])
{
	static const char digits[] = "0123456789abcdef";
	char *at = text;
	for (size_t i = 0; i < EVENT_ID_BYTES; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = digits[id[i] >> 4];
		*at++ = digits[id[i] & 15];
	}
	*at = '\0';
	return text;
}

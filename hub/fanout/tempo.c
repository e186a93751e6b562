#include "fanout/tempo.h"

#include <math.h>

/* So far may it lag behind its plan and still catch up: the thread has other things to do, too. */
#define SLACK_US 100000

#define RATE_MOST  1e9
#define SPEED_MOST 1e9

bool tempo_valid(double rate, double speed)
{
	return isfinite(rate) && isfinite(speed) && rate >= 0 && speed >= 0 && rate <= RATE_MOST &&
	       speed <= SPEED_MOST;
}

void tempo_init(struct tempo *tempo, double rate, double speed)
{
	*tempo = (struct tempo){.rate = rate, .speed = speed};
}

void tempo_restart(struct tempo *tempo)
{
	tempo->slot_ns = 0;
	tempo->zero_us = 0;
}

static int64_t tempo_original_us(struct tempo *tempo, int64_t arrival_us, int64_t now_us)
{
	double distance_us = (double)(arrival_us - tempo->zero_arrival_us) / tempo->speed;
	/* A gap of years at a snail's pace is still a time. */
	if (distance_us > 1e15)
		distance_us = 1e15;
	int64_t due_us = tempo->zero_us + (int64_t)distance_us;
	if (tempo->zero_us != 0 && due_us >= now_us - SLACK_US)
		return due_us;
	tempo->zero_us = now_us;
	tempo->zero_arrival_us = arrival_us;
	return now_us;
}

int64_t tempo_due_us(struct tempo *tempo, int64_t arrival_us, int64_t now_us)
{
	int64_t due_us = now_us;
	if (tempo->speed > 0)
		due_us = tempo_original_us(tempo, arrival_us, now_us);
	if (tempo->rate > 0 && tempo->slot_ns / 1000 > due_us)
		due_us = tempo->slot_ns / 1000;
	return due_us;
}

void tempo_went(struct tempo *tempo, int64_t now_us)
{
	int64_t latest_ns = (now_us - SLACK_US) * 1000;
	if (tempo->rate <= 0)
		return;
	if (tempo->slot_ns == 0)
		tempo->slot_ns = now_us * 1000;
	else if (tempo->slot_ns < latest_ns)
		tempo->slot_ns = latest_ns;
	tempo->slot_ns += (int64_t)(1e9 / tempo->rate);
}

#include "channel/repair/retry.h"

#include <sodium.h>

#include "base/clock.h"

#define FIRST_MS 500
#define MOST_MS  30000

void retry_failed(struct retry *retry)
{
	retry->delay_ms = retry->delay_ms == 0 ? FIRST_MS : retry->delay_ms * 2;
	if (retry->delay_ms > MOST_MS)
		retry->delay_ms = MOST_MS;
	int64_t shift_ms = (int64_t)randombytes_uniform((uint32_t)retry->delay_ms / 2);
	retry->due_us =
		clock_steady_us() + (retry->delay_ms - retry->delay_ms / 4 + shift_ms) * 1000;
}

void retry_worked(struct retry *retry)
{
	*retry = (struct retry){0};
}

int64_t retry_wait_ms(const struct retry *retry)
{
	int64_t left_us = retry->due_us - clock_steady_us();
	return left_us > 0 ? left_us / 1000 + 1 : 0;
}

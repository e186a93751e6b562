#include "module/marketing/segment/profile.h"

#include <stdlib.h>

#include "base/limits.h"

void profile_init(struct profile *profile)
{
	*profile = (struct profile){0};
	arena_init(&profile->arena);
	profile_clear(profile);
}

void profile_fini(struct profile *profile)
{
	arena_fini(&profile->arena);
	free(profile->purchases);
	free(profile->lines);
	free(profile->units);
	*profile = (struct profile){0};
}

void profile_clear(struct profile *profile)
{
	arena_reset(&profile->arena);
	profile->purchase_count = 0;
	profile->line_count = 0;
	profile->unit_count = 0;
	memset(profile->consents, 0, sizeof(profile->consents));
	profile->open_complaints = 0;
	profile->fields = 0;
	profile->group = (struct slice){NULL, 0};
	profile->language = (struct slice){NULL, 0};
	profile->gender = (struct slice){NULL, 0};
	profile->birth_date = (struct slice){NULL, 0};
	profile->level = 0;
	profile->status = CH_OK;
}

/* Room for one more element. */
static void *profile_grow(
	struct profile *profile, void *items, size_t count, size_t *capacity, size_t bytes)
{
	if (count < *capacity || profile->status != CH_OK)
		return items;
	size_t more = *capacity * 2 + 16;
	void *grown = realloc(items, more * bytes);
	if (grown == NULL) {
		profile->status = CH_NOMEM;
		return items;
	}
	*capacity = more;
	return grown;
}

struct slice profile_text(struct profile *profile, struct slice text)
{
	if (text.len == 0)
		return (struct slice){NULL, 0};
	struct slice copy = arena_copy(&profile->arena, text);
	if (copy.data == NULL)
		profile->status = CH_NOMEM;
	return copy.data != NULL ? copy : (struct slice){NULL, 0};
}

static struct profile_product profile_copy(
	struct profile *profile, const struct profile_product *product)
{
	return (struct profile_product){
		.product = profile_text(profile, product->product),
		.category = profile_text(profile, product->category),
		.brand = profile_text(profile, product->brand),
		.money = product->money,
	};
}

void profile_add_purchase(struct profile *profile, int64_t time_us, int64_t money, bool counts)
{
	profile->purchases = profile_grow(profile, profile->purchases, profile->purchase_count,
		&profile->purchase_capacity, sizeof(*profile->purchases));
	if (profile->status != CH_OK)
		return;
	profile->purchases[profile->purchase_count++] = (struct profile_purchase){
		.time_us = time_us,
		.money = money,
		.counts = counts,
		.first_line = (uint32_t)profile->line_count,
	};
}

void profile_add_line(struct profile *profile, const struct profile_product *product)
{
	profile->lines = profile_grow(profile, profile->lines, profile->line_count,
		&profile->line_capacity, sizeof(*profile->lines));
	if (profile->status != CH_OK || profile->purchase_count == 0)
		return;
	profile->lines[profile->line_count++] = profile_copy(profile, product);
	profile->purchases[profile->purchase_count - 1].line_count++;
}

void profile_add_unit(struct profile *profile, const struct profile_product *product)
{
	profile->units = profile_grow(profile, profile->units, profile->unit_count,
		&profile->unit_capacity, sizeof(*profile->units));
	if (profile->status == CH_OK)
		profile->units[profile->unit_count++] = profile_copy(profile, product);
}

void profile_add_consent(struct profile *profile, uint8_t purpose, uint8_t channel, bool given,
	int64_t expires_us, const uint8_t stamp[24])
{
	if (purpose >= PROFILE_PURPOSES || channel >= PROFILE_CHANNELS)
		return;
	if (given && (purpose == 0 || channel == 0))
		return;
	for (uint8_t p = 1; p < PROFILE_PURPOSES; p++) {
		for (uint8_t c = 1; c < PROFILE_CHANNELS; c++) {
			struct profile_consent *consent = &profile->consents[p][c];
			if ((purpose != 0 && purpose != p) || (channel != 0 && channel != c))
				continue;
			if (memcmp(stamp, consent->stamp, sizeof(consent->stamp)) < 0)
				continue;
			consent->granted = given;
			consent->expires_us = expires_us;
			memcpy(consent->stamp, stamp, sizeof(consent->stamp));
		}
	}
}

static int profile_compare(const void *left, const void *right)
{
	const struct profile_purchase *a = left;
	const struct profile_purchase *b = right;
	return (a->time_us > b->time_us) - (a->time_us < b->time_us);
}

void profile_sort(struct profile *profile)
{
	if (profile->purchase_count > 1)
		qsort(profile->purchases, profile->purchase_count, sizeof(*profile->purchases),
			profile_compare);
	if (profile->purchase_count > LIMIT_PROFILE_PURCHASES) {
		size_t over = profile->purchase_count - LIMIT_PROFILE_PURCHASES;
		profile->purchase_count -= over;
		memmove(profile->purchases, profile->purchases + over,
			profile->purchase_count * sizeof(*profile->purchases));
	}
}

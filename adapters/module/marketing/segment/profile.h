/* What conditions ask about one customer, as of a moment: his purchases, products, consents, complaints and
 * the fields of his record.  Filled from the book (held.h) or by a test, judged by judge.h, forgotten.
 *
 * A purchase here is what is left of it: voids, returns, refunds and cancellations are taken out. */
#ifndef MARKETING_PROFILE_H
#define MARKETING_PROFILE_H

#include "base/arena.h"
#include "module/marketing/segment/condition.h"

#define PROFILE_CHANNELS 9u
#define PROFILE_PURPOSES 6u

/* A product as conditions select it; texts may be empty. */
struct profile_product {
	struct slice product;
	struct slice category;
	struct slice brand;
	int64_t money; /* of a line of a purchase; minor units */
};

struct profile_purchase {
	int64_t time_us;
	int64_t money; /* minor units of the one currency; less than 0 for a return that names no purchase */
	bool counts; /* a purchase; not a return on its own */
	uint32_t first_line;
	uint32_t line_count;
};

struct profile_consent {
	bool granted;
	int64_t expires_us; /* INT64_MAX: not by itself */
	/* Which statement this is; the newest counts.  Times and ties as stamps of the kit's key.h. */
	uint8_t stamp[24];
};

struct profile {
	struct arena arena;                 /* texts */
	struct profile_purchase *purchases; /* by time */
	size_t purchase_count;
	size_t purchase_capacity;
	struct profile_product *lines;
	size_t line_count;
	size_t line_capacity;
	struct profile_product *units;
	size_t unit_count;
	size_t unit_capacity;
	struct profile_consent consents[PROFILE_PURPOSES][PROFILE_CHANNELS];
	uint32_t open_complaints;
	uint64_t fields; /* a bit for each CustomerField that the record has */
	struct slice group;
	struct slice language;
	struct slice gender;
	struct slice birth_date; /* ISO 8601 */
	uint32_t level;
	enum ch_status status; /* CH_NOMEM sticks */
};

void profile_init(struct profile *profile);
void profile_fini(struct profile *profile);
void profile_clear(struct profile *profile); /* keeps the memory */

/* Texts are copied; a purchase's lines follow it. */
void profile_add_purchase(struct profile *profile, int64_t time_us, int64_t money, bool counts);
void profile_add_line(struct profile *profile, const struct profile_product *product);
void profile_add_unit(struct profile *profile, const struct profile_product *product);
struct slice profile_text(struct profile *profile, struct slice text);

/* A statement of consent, in any order.  0 stands for all, but half a scope grants nothing. */
void profile_add_consent(struct profile *profile, uint8_t purpose, uint8_t channel, bool given,
	int64_t expires_us, const uint8_t stamp[24]);

/* In the order of their times, for those who add them otherwise.  At most LIMIT_PROFILE_PURCHASES are kept, the
 * newest. */
void profile_sort(struct profile *profile);

#endif

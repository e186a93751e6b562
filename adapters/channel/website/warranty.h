/* A warranty that somebody registers: what must be so before the hub is asked, and what follows from it.
 * Nothing here waits or sends; route_warranty.c does. */
#ifndef WEBSITE_WARRANTY_H
#define WEBSITE_WARRANTY_H

#include "carehub/v1/website.pb-c.h"
#include "channel/website/refusal.h"

#define WARRANTY_SERIAL_BYTES 64u
#define WARRANTY_ID_BYTES     16u /* "W-" and ten characters */
#define WARRANTY_DATE_BYTES   16u

struct warranty_terms {
	int64_t months;      /* from the day of purchase, when the product says nothing else */
	int64_t within_days; /* of the purchase; 0: any time */
	const char *terms;   /* code of the terms */
};

/* What was decided; `reason` is a code for programs, "" while nothing is wrong. */
struct warranty {
	char serial
		[WARRANTY_SERIAL_BYTES]; /* letters and digits, capitals: how the hub knows the unit */
	char registration_id[WARRANTY_ID_BYTES];
	char start_date[WARRANTY_DATE_BYTES];
	char end_date[WARRANTY_DATE_BYTES];
	const char *reason; /* "bad_serial", "bad_date", "too_late", "missing", "not_allowed" */
};

/* Looks at the registration as it was sent.  `today_days` counts from 1970-01-01.  CH_OK: the warranty
 * but its dates; else *out_refusal has the field, by JSON's name, and out_warranty->reason the code. */
enum ch_status warranty_check(const Carehub__V1__WebsiteWarrantyRegistered *registration,
	const char *source, const struct warranty_terms *terms, int64_t today_days,
	struct warranty *out_warranty, struct refusal *out_refusal);

/* First and last day, from the day of purchase (today when none was told) and so many months. */
void warranty_set_dates(const Carehub__V1__WebsiteWarrantyRegistered *registration, int64_t months,
	int64_t today_days, struct warranty *warranty);

#endif

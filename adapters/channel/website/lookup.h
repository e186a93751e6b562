/* How a repair or an order stands, for somebody who knows something of it that others do not: the end of a
 * telephone number, the mailbox, the serial number.  Nothing here waits or sends; route_status.c does. */
#ifndef WEBSITE_LOOKUP_H
#define WEBSITE_LOOKUP_H

#include "carehub/v1/control.pb-c.h"
#include "carehub/v1/customer.pb-c.h"
#include "channel/website/refusal.h"

#define LOOKUP_PHONE_LEAST 4u
#define LOOKUP_TEXT_BYTES  201u

enum lookup_kind { LOOKUP_REPAIR, LOOKUP_ORDER };
enum lookup_proof { LOOKUP_BY_PHONE, LOOKUP_BY_EMAIL, LOOKUP_BY_SERIAL };

struct lookup {
	enum lookup_kind kind;
	char id[LOOKUP_TEXT_BYTES];
	enum lookup_proof proof;
	char value[LOOKUP_TEXT_BYTES]; /* digits; lower case; capitals and digits */
};

/* "repair=R123&phone=1234", "repair=R123&serial=S-77", "order=1001&email=a@example.com".  CH_OK; else
 * *out_refusal with the parameter at fault. */
enum ch_status lookup_read(
	struct slice query, struct lookup *out_lookup, struct refusal *out_refusal);

/* Whether the proof fits what the hub knows of the customer: the end of any number of his, any mailbox. */
bool lookup_fits_customer(const struct lookup *lookup, const Carehub__V1__Customer *customer);

/* Whether it fits the unit under repair. */
bool lookup_fits_unit(const struct lookup *lookup, const Carehub__V1__RepairOrder *repair);

/* Appends the object that is told; only what the one who brought the thing knows or may know, and what is
 * public: the product, the station's address, what is on offer.  `view`: the hub's of the customer; NULL:
 * there is none. */
void lookup_tell_repair(const Carehub__V1__RepairOrder *repair,
	const Carehub__V1__CustomerView *view, struct buffer *out);
void lookup_tell_order(const Carehub__V1__Order *order, struct buffer *out);

#endif

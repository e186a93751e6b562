#include "channel/website/warranty.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"

#define SERIAL_LEAST 4u

/* ---- Parts ---- */

/* A plate's separators carry nothing; what is left names the unit. */
static bool warranty_serial(const char *raw, char out[WARRANTY_SERIAL_BYTES])
{
	size_t len = 0;
	bool differ = false;
	for (size_t i = 0; raw[i] != 0; i++) {
		char c = raw[i];
		if (c == ' ' || c == '-' || c == '/' || c == '.' || c == '_')
			continue;
		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) ||
			len + 1 == WARRANTY_SERIAL_BYTES)
			return false;
		differ = differ || (len > 0 && out[0] != c);
		out[len++] = c;
	}
	out[len] = 0;
	return len >= SERIAL_LEAST && differ; /* 0000000 is nobody's */
}

/* The same for the same unit at the same site, however often it is asked for. */
static void warranty_id(const char *source, const char *serial, char out[WARRANTY_ID_BYTES])
{
	/* Crockford's: no letter that is taken for a digit over the telephone. */
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	crypto_generichash_state state;
	uint8_t hash[crypto_generichash_BYTES];
	(void)crypto_generichash_init(&state, NULL, 0, sizeof(hash)); /* sizes are right */
	(void)crypto_generichash_update(&state, (const uint8_t *)source, strlen(source) + 1);
	(void)crypto_generichash_update(&state, (const uint8_t *)serial, strlen(serial));
	(void)crypto_generichash_final(&state, hash, sizeof(hash));
	out[0] = 'W';
	out[1] = '-';
	for (size_t i = 0; i < 10; i++)
		out[2 + i] = digits[hash[i] % 32];
	out[12] = 0;
}

/* "2026-03-15", a day that there is. */
static bool warranty_date(const char *text, int64_t *out_days)
{
	uint64_t year;
	uint64_t month;
	uint64_t day;
	int64_t back_year;
	unsigned back_month;
	unsigned back_day;
	struct slice whole = slice_text(text);
	if (whole.len != 10 || text[4] != '-' || text[7] != '-' ||
		text_parse_u64(slice_sub(whole, 0, 4), 9999, &year) != CH_OK ||
		text_parse_u64(slice_sub(whole, 5, 2), 12, &month) != CH_OK ||
		text_parse_u64(slice_sub(whole, 8, 2), 31, &day) != CH_OK || month == 0 || day == 0)
		return false;
	*out_days = clock_days_from_date((int64_t)year, (unsigned)month, (unsigned)day);
	clock_date_from_days(*out_days, &back_year, &back_month, &back_day);
	return back_day == day;
}

static void warranty_format(int64_t days, char out[WARRANTY_DATE_BYTES])
{
	int64_t year;
	unsigned month;
	unsigned day;
	clock_date_from_days(days, &year, &month, &day);
	(void)snprintf(out, WARRANTY_DATE_BYTES, "%04" PRId64 "-%02u-%02u", year, month, day);
}

/* The last day of so many months: the day before the same day of a later month, or the last of a shorter
 * one: from 31 January one month lasts until 27 or 28 February. */
static int64_t warranty_last_day(int64_t first, int64_t months)
{
	int64_t year;
	unsigned month;
	unsigned day;
	clock_date_from_days(first, &year, &month, &day);
	int64_t total = year * 12 + (month - 1) + months;
	int64_t last_of_month =
		clock_days_from_date((total + 1) / 12, (unsigned)((total + 1) % 12) + 1, 1) - 1;
	int64_t same_day =
		clock_days_from_date(total / 12, (unsigned)(total % 12) + 1, 1) + (int64_t)day - 1;
	return (same_day < last_of_month ? same_day : last_of_month) - 1;
}

/* ---- Decisions ---- */

static enum ch_status warranty_fail(struct warranty *warranty, const char *reason,
	struct refusal *refusal, const char *field, const char *detail)
{
	warranty->reason = reason;
	return refusal_set(refusal, CH_INVALID, field, "%s", detail);
}

static bool warranty_names_somebody(const Carehub__V1__Party *party)
{
	return party != NULL && (party->n_phones > 0 || party->n_emails > 0 ||
					party->common_id[0] != 0 || party->member_card[0] != 0);
}

static enum ch_status warranty_check_date(const char *text, const struct warranty_terms *terms,
	int64_t today_days, struct warranty *warranty, struct refusal *refusal)
{
	static const char field[] = "unit.purchaseDate";
	int64_t days;
	if (text[0] == 0)
		return terms->within_days == 0
			       ? CH_OK
			       : warranty_fail(warranty, "missing", refusal, field, "is missing");
	if (!warranty_date(text, &days))
		return warranty_fail(
			warranty, "bad_date", refusal, field, "is no day, 2026-03-15 is one");
	if (days > today_days + 1) /* it is tomorrow already, elsewhere */
		return warranty_fail(
			warranty, "bad_date", refusal, field, "is a day that is to come");
	if (terms->within_days > 0 && today_days - days > terms->within_days)
		return warranty_fail(
			warranty, "too_late", refusal, field, "is too long ago for a registration");
	return CH_OK;
}

enum ch_status warranty_check(const Carehub__V1__WebsiteWarrantyRegistered *registration,
	const char *source, const struct warranty_terms *terms, int64_t today_days,
	struct warranty *out_warranty, struct refusal *out_refusal)
{
	const Carehub__V1__ProductUnitRef *unit = registration->unit;
	*out_warranty = (struct warranty){.reason = ""};
	if (registration->registration_id[0] != 0 || registration->warranty_start_date[0] != 0 ||
		registration->warranty_end_date[0] != 0 || registration->warranty_terms[0] != 0)
		return warranty_fail(out_warranty, "not_allowed", out_refusal, "registrationId",
			"number, dates and terms of a warranty are decided here");
	if (unit == NULL || unit->serial_number[0] == 0)
		return warranty_fail(
			out_warranty, "missing", out_refusal, "unit.serialNumber", "is missing");
	if (!warranty_serial(unit->serial_number, out_warranty->serial))
		return warranty_fail(out_warranty, "bad_serial", out_refusal, "unit.serialNumber",
			"is no serial number");
	if (unit->model[0] == 0 && unit->product_id[0] == 0)
		return warranty_fail(
			out_warranty, "missing", out_refusal, "unit.model", "is missing");
	if (!warranty_names_somebody(registration->customer))
		return warranty_fail(out_warranty, "missing", out_refusal, "customer",
			"needs a telephone number or an e-mail address");
	enum ch_status status = warranty_check_date(
		unit->purchase_date, terms, today_days, out_warranty, out_refusal);
	if (status != CH_OK)
		return status;
	warranty_id(source, out_warranty->serial, out_warranty->registration_id);
	return CH_OK;
}

void warranty_set_dates(const Carehub__V1__WebsiteWarrantyRegistered *registration, int64_t months,
	int64_t today_days, struct warranty *warranty)
{
	int64_t first = today_days;
	(void)warranty_date(registration->unit->purchase_date, &first); /* none: from today on */
	warranty_format(first, warranty->start_date);
	warranty_format(warranty_last_day(first, months), warranty->end_date);
}

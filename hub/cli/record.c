#include "cli/record.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "carehub/v1/control.pb-c.h"
#include "carehub/v1/customer.pb-c.h"
#include "carehub/v1/reference.pb-c.h"
#include "cli/ask.h"
#include "cli/term.h"
#include "cli/words.h"
#include "wire/check.h"
#include "wire/json.h"

/* protobuf-c's texts are not const, but packing only reads them. */
#define TEXT(text) ((char *)(uintptr_t)(text))

static const struct record_kind {
	const char *prefix;
	const char *table; /* of RecordRequest; NULL: reference data, of that kind */
	const ProtobufCMessageDescriptor *message;
} kinds[] = {
	{"unit", "units", &carehub__v1__product_unit__descriptor},
	{"order", "orders", &carehub__v1__order__descriptor},
	{"repair", "repairs", &carehub__v1__repair_order__descriptor},
	{"case", "cases", &carehub__v1__case__descriptor},
	{"entitlement", "entitlements", &carehub__v1__entitlement__descriptor},
	{"appointment", "appointments", &carehub__v1__appointment__descriptor},
	{"parts-order", "supply", &carehub__v1__supply_order__descriptor},
	{"deadline", "deadlines", &carehub__v1__deadline_info__descriptor},
	{"product", NULL, &carehub__v1__reference_product_published__descriptor},
	{"promotion", NULL, &carehub__v1__reference_promotion_published__descriptor},
	{"price", NULL, &carehub__v1__reference_price_published__descriptor},
	{"station", NULL, &carehub__v1__reference_station_published__descriptor},
	{"stock", NULL, &carehub__v1__reference_stock_published__descriptor},
};

static const struct record_kind *record_kind(const char *word)
{
	size_t len = strcspn(word, "/");
	for (size_t i = 0; word[len] == '/' && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strlen(kinds[i].prefix) == len && memcmp(kinds[i].prefix, word, len) == 0)
			return &kinds[i];
	}
	return NULL;
}

bool record_is_named(const char *word)
{
	return strchr(word, '/') != NULL;
}

/* One object a line for programs, indented for people. */
static int record_print(
	struct cli *cli, const ProtobufCMessageDescriptor *type, const ProtobufCBinaryData *bytes)
{
	char path[CHECK_PATH_BYTES];
	struct buffer text = {0};
	ProtobufCMessage *message = NULL;
	if (check_message(type, slice_of(bytes->data, bytes->len), path) == CH_OK)
		message = protobuf_c_message_unpack(
			type, NULL, bytes->len, bytes->len > 0 ? bytes->data : (const uint8_t *)"");
	if (message == NULL)
		return cli_fail(EXIT_CRITICAL, NULL, "the record cannot be read");
	enum ch_status status = json_encode(message, 0, &text, NULL);
	protobuf_c_message_free_unpacked(message, NULL);
	json_t *json =
		status == CH_OK ? json_loadb((const char *)text.data, text.len, 0, NULL) : NULL;
	char *shown =
		json != NULL ? json_dumps(json, cli->json ? JSON_COMPACT : JSON_INDENT(2)) : NULL;
	if (shown != NULL)
		puts(shown);
	free(shown);
	json_decref(json);
	buffer_fini(&text);
	return shown != NULL ? EXIT_FINE : cli_fail(EXIT_CRITICAL, NULL, "memory ran out");
}

static int record_ask(struct cli *cli, const struct record_kind *kind, const char *id)
{
	Carehub__V1__RecordRequest request = CAREHUB__V1__RECORD_REQUEST__INIT;
	ProtobufCMessage *message = NULL;
	request.table = TEXT(kind->table);
	request.id = TEXT(id);
	int result = ask_one(
		cli, "Record", &request.base, &carehub__v1__record_reply__descriptor, &message);
	if (result != EXIT_FINE)
		return result;
	Carehub__V1__RecordReply *reply = (Carehub__V1__RecordReply *)message;
	result = record_print(cli, kind->message, &reply->record);
	protobuf_c_message_free_unpacked(message, NULL);
	return result;
}

/* Above each version when it was published; for programs the values alone. */
static int record_print_version(struct cli *cli, const struct record_kind *kind,
	const Carehub__V1__ReferenceVersion *version)
{
	char published[WORDS_BYTES];
	char from[WORDS_BYTES];
	char until[WORDS_BYTES];
	if (!cli->json)
		printf("%spublished %s, entry %llu, from %s until %s%s%s\n", term_ink(INK_DIM),
			words_time(version->published_time_us, published),
			(unsigned long long)version->sequence,
			words_time(version->valid_from_us, from),
			words_time(version->valid_until_us, until),
			version->in_force ? ", in force" : "", term_plain());
	return record_print(cli, kind->message, &version->record);
}

static int record_ask_reference(
	struct cli *cli, const struct record_kind *kind, const struct record_wish *wish)
{
	Carehub__V1__ReferenceRequest request = CAREHUB__V1__REFERENCE_REQUEST__INIT;
	ProtobufCMessage *message = NULL;
	request.kind = TEXT(kind->prefix);
	request.key = TEXT(strchr(wish->name, '/') + 1);
	request.zone = TEXT(wish->zone);
	request.history = wish->history;
	if (wish->at[0] != 0 && clock_parse(slice_text(wish->at), &request.at_time_us) != CH_OK)
		return cli_fail(EXIT_USAGE, NULL, "get: --at takes a time, 2026-03-01T08:00:00Z");
	int result = ask_one(cli, "Reference", &request.base,
		&carehub__v1__reference_reply__descriptor, &message);
	if (result != EXIT_FINE)
		return result;
	Carehub__V1__ReferenceReply *reply = (Carehub__V1__ReferenceReply *)message;
	for (size_t i = 0; i < reply->n_versions && result == EXIT_FINE; i++)
		result = record_print_version(cli, kind, reply->versions[i]);
	protobuf_c_message_free_unpacked(message, NULL);
	return result;
}

int record_show(struct cli *cli, const struct record_wish *wish)
{
	const struct record_kind *kind = record_kind(wish->name);
	if (kind == NULL)
		return cli_fail(EXIT_USAGE,
			"unit, order, repair, case, entitlement, appointment, deadline, "
			"product, promotion, price, station, stock",
			"get: there is no kind of record like %s", wish->name);
	if (kind->table == NULL)
		return record_ask_reference(cli, kind, wish);
	if (wish->at[0] != 0 || wish->history)
		return cli_fail(EXIT_USAGE, NULL, "get: only reference data has a past");
	return record_ask(cli, kind, strchr(wish->name, '/') + 1);
}

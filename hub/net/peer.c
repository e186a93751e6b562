#include "net/peer.h"

#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/config.h"
#include "base/pattern.h"
#include "base/text.h"

#define ZONEINFO "/usr/share/zoneinfo"

static const char *peer_region_fault(struct slice value);
static const char *peer_time_zone_fault(struct slice value);
static const char *peer_charset_fault(struct slice value);
static const char *peer_key_fault(struct slice value);

static const struct option_word roles[] = {
	{"producer", PEER_PRODUCER},
	{"consumer", PEER_CONSUMER},
	{"operator", PEER_OPERATOR},
	{"admin", PEER_ADMIN},
	{NULL, 0},
};

static const struct option_word assurances[] = {
	{"claimed", PEER_CLAIMED},
	{"verified", PEER_VERIFIED},
	{NULL, 0},
};

#define AT(field) offsetof(struct peer, field)

static const struct option options[] = {
	{.name = "public_key",
		.type = OPTION_TEXT,
		.at = AT(key_text),
		.required = true,
		.fault = peer_key_fault,
		.help = "The peer's CURVE public key, Z85 or hex, as `carehub keys` printed it."},
	{.name = "roles",
		.type = OPTION_FLAGS,
		.at = AT(roles),
		.required = true,
		.words = roles,
		.help = "What it may do; several with commas."},
	{.name = "sources",
		.type = OPTION_LIST,
		.at = AT(sources),
		.fault = pattern_source_fault,
		.help = "Sources it may publish as, to the letter or ending in *."},
	{.name = "types",
		.type = OPTION_LIST,
		.at = AT(types),
		.fault = pattern_fault,
		.help = "Event types it may publish: * is one word, > the rest."},
	{.name = "topics",
		.type = OPTION_LIST,
		.at = AT(topics),
		.fault = pattern_fault,
		.help = "Event types it may subscribe to; also snapshot.TABLE and values.FIELD."},
	{.name = "region",
		.type = OPTION_TEXT,
		.at = AT(region),
		.initial = "",
		.fault = peer_region_fault,
		.help = "ISO 3166-1 country for phone numbers without one, such as CN."},
	{.name = "scope",
		.type = OPTION_TEXT,
		.at = AT(scope),
		.max = 32,
		.initial = "",
		.help = "Put before the numbers of its orders and repairs, when they are its own and "
			"not the whole organisation's; by number it is told of these alone."},
	{.name = "time_zone",
		.type = OPTION_TEXT,
		.at = AT(time_zone),
		.min = 1,
		.initial = "UTC",
		.fault = peer_time_zone_fault,
		.help = "IANA time zone for times without an offset, such as Asia/Shanghai."},
	{.name = "charset",
		.type = OPTION_TEXT,
		.at = AT(charset),
		.min = 1,
		.initial = "UTF-8",
		.fault = peer_charset_fault,
		.help = "Character set of the files that it sends, such as GB18030."},
	{.name = "assurance",
		.type = OPTION_CHOICE,
		.at = AT(assurance),
		.words = assurances,
		.initial = "claimed",
		.help = "Whether keys it brings (phone, e-mail) count as checked when it does not "
			"say so."},
	{.name = "events_per_second",
		.type = OPTION_NUMBER,
		.at = AT(events_per_second),
		.max = 10000000,
		.initial = "0",
		.help = "How fast it may publish; 0: as fast as the hub can."},
	{.name = "window",
		.type = OPTION_NUMBER,
		.at = AT(window),
		.min = 1,
		.max = LIMIT_CREDIT_EVENTS,
		.initial = "1024",
		.help = "Events that it may have sent without a receipt."},
};

static struct option_group peer_group(struct peer *peer)
{
	return (struct option_group){options, sizeof(options) / sizeof(options[0]), peer};
}

/* ---- What may stand in a file ---- */

static const char *peer_key_fault(struct slice value)
{
	struct curve_key key;
	switch (curve_parse(value, &key)) {
	case CH_OK:
		return NULL;
	case CH_INVALID:
		return "is a key that protects nothing";
	default:
		return "is neither 40 characters of Z85 nor 64 hex digits";
	}
}

static const char *peer_region_fault(struct slice value)
{
	if (value.len == 0)
		return NULL;
	bool capitals = value.len == 2 && value.data[0] >= 'A' && value.data[0] <= 'Z' &&
			value.data[1] >= 'A' && value.data[1] <= 'Z';
	return capitals ? NULL : "is not two capital letters";
}

static const char *peer_time_zone_fault(struct slice value)
{
	char path[256];
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '/' ||
			    (i > 0 && ((c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+'));
		if (!word || (i == 0 && c == '/'))
			return "is not the name of a time zone";
	}
	int len = snprintf(
		path, sizeof(path), ZONEINFO "/%.*s", (int)value.len, (const char *)value.data);
	if (len < 0 || (size_t)len >= sizeof(path))
		return "is not the name of a time zone";
	/* Without the system's list only the form can be judged. */
	if (access(ZONEINFO, R_OK) == 0 && access(path, R_OK) != 0)
		return "is not a time zone that this system knows";
	return NULL;
}

static const char *peer_charset_fault(struct slice value)
{
	char name[64];
	if (value.len >= sizeof(name))
		return "is no character set";
	memcpy(name, value.data, value.len);
	name[value.len] = 0;
	if (memchr(name, '/', value.len) != NULL)
		return "is no character set"; /* iconv's //TRANSLIT would hide damage */
	iconv_t conversion = iconv_open("UTF-8", name);
	if (conversion == (iconv_t)-1) /* NOLINT(performance-no-int-to-ptr): POSIX's own */
		return "is not a character set that this system knows";
	(void)iconv_close(conversion); /* nothing was converted */
	return NULL;
}

bool peer_name_valid(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];
		bool alnum =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!alnum && (i == 0 || (c != '.' && c != '_' && c != '-')))
			return false;
	}
	return name.len > 0 && name.len <= LIMIT_NAME_BYTES;
}

/* What single values cannot show. */
static void peer_check(const struct peer *peer, const char *file, struct problems *problems)
{
	if (peer_may(peer, PEER_PRODUCER) && peer->sources.count == 0)
		problems_add(problems, file, 0, "sources", "is missing, and it is a producer");
	if (peer_may(peer, PEER_PRODUCER) && peer->types.count == 0)
		problems_add(problems, file, 0, "types", "is missing, and it is a producer");
	if (peer_may(peer, PEER_CONSUMER) && peer->topics.count == 0)
		problems_add(problems, file, 0, "topics", "is missing, and it is a consumer");
}

/* ---- Life ---- */

static void peer_free(struct peer *peer)
{
	if (peer == NULL)
		return;
	struct option_group group = peer_group(peer);
	option_free(&group);
	free(peer);
}

enum ch_status peer_parse(const char *name, struct slice text, const char *file,
	struct problems *problems, struct peer **out_peer)
{
	enum ch_status status = CH_NOMEM;
	size_t before = problems->count + problems->dropped;
	struct peer *peer = calloc(1, sizeof(*peer));
	if (peer == NULL)
		goto out;
	struct option_group group = peer_group(peer);
	atomic_init(&peer->references, 1);
	status = config_parse(text, file, &group, 1, problems);
	if (status != CH_OK && status != CH_INVALID)
		goto out;
	if (peer_name_valid(slice_text(name)))
		(void)snprintf(peer->name, sizeof(peer->name), "%s", name); /* it fits */
	else
		problems_add(problems, file, 0, NULL, "has a name that no peer can have");
	if (peer->key_text != NULL)
		(void)curve_parse(
			slice_text(peer->key_text), &peer->public_key); /* checked above */
	peer_check(peer, file, problems);
	status = problems->count + problems->dropped > before ? CH_INVALID : CH_OK;
	if (status != CH_OK)
		goto out;
	*out_peer = peer;
	peer = NULL; /* the caller's now */
out:
	peer_free(peer);
	return status;
}

struct peer *peer_ref(struct peer *peer)
{
	atomic_fetch_add_explicit(&peer->references, 1, memory_order_relaxed);
	return peer;
}

void peer_unref(struct peer *peer)
{
	if (peer != NULL &&
		atomic_fetch_sub_explicit(&peer->references, 1, memory_order_acq_rel) == 1)
		peer_free(peer);
}

/* ---- Rights ---- */

bool peer_may(const struct peer *peer, enum peer_role role)
{
	return (peer->roles & (uint32_t)role) != 0;
}

static bool peer_listed(const struct option_list *patterns, struct slice value,
	bool (*covers)(struct slice pattern, struct slice value))
{
	for (size_t i = 0; i < patterns->count; i++) {
		if (covers(slice_text(patterns->items[i]), value))
			return true;
	}
	return false;
}

bool peer_may_be(const struct peer *peer, struct slice source)
{
	return peer_may(peer, PEER_PRODUCER) &&
	       peer_listed(&peer->sources, source, pattern_source_covers);
}

bool peer_may_publish(const struct peer *peer, struct slice source, struct slice type)
{
	return peer_may_be(peer, source) && peer_listed(&peer->types, type, pattern_covers);
}

bool peer_may_subscribe(const struct peer *peer, struct slice pattern)
{
	return peer_may(peer, PEER_CONSUMER) && peer_listed(&peer->topics, pattern, pattern_covers);
}

void peer_describe(struct buffer *out)
{
	struct option_group group = peer_group(NULL);
	option_describe(&group, out);
}

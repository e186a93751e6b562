#include "channel/parts/partner.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/config.h"
#include "base/file.h"
#include "wire/reflect.h"

enum partner_scope { SCOPE_NAMED, SCOPE_UNNAMED, SCOPE_ALL };

struct partner_settings {
	char *number;
	char *qualifier;
	char *own_number;
	char *own_qualifier;
	char *folder;
	char *syntax;
	char *directory;
	char *association;
	char *application;
	bool test;
	struct option_list messages;
	int scope;
	struct option_list roles;
	struct option_list numbers;
	int64_t patience_ms;
};

static const char *message_fault(struct slice value)
{
	for (size_t i = 0; i < script_count; i++) {
		if (slice_equal(value, slice_text(scripts[i]->name)))
			return NULL;
	}
	return "is none of ORDERS, ORDCHG, ORDRSP, DESADV, RECADV, INVRPT, PRICAT";
}

static const struct option_word scope_words[] = {
	{"named", SCOPE_NAMED},
	{"unnamed", SCOPE_UNNAMED},
	{"all", SCOPE_ALL},
	{NULL, 0},
};

#define AT(member) .at = offsetof(struct partner_settings, member)

static const struct option options[] = {
	{.name = "partner.number",
		.type = OPTION_TEXT,
		.required = true,
		.max = 35,
		AT(number),
		.help = "His number in UNB, as the recipient of what goes out."},
	{.name = "partner.qualifier",
		.type = OPTION_TEXT,
		.max = 4,
		.initial = "14",
		AT(qualifier),
		.help = "Whose number that is (0007): 14 of GS1, ZZ by agreement."},
	{.name = "partner.own_number",
		.type = OPTION_TEXT,
		.required = true,
		.max = 35,
		AT(own_number),
		.help = "The number that we have with him, the sender in UNB."},
	{.name = "partner.own_qualifier",
		.type = OPTION_TEXT,
		.max = 4,
		.initial = "14",
		AT(own_qualifier),
		.help = "Whose number that is."},
	{.name = "partner.folder",
		.type = OPTION_TEXT,
		AT(folder),
		.help = "Where his interchanges are put, by rename; files that begin with a dot are not\n"
			"yet his.  Without it the folder of his name below parts.out."},
	{.name = "interchange.syntax",
		.type = OPTION_TEXT,
		.max = 4,
		.initial = "UNOC",
		AT(syntax),
		.help = "The charset that he reads: UNOA (capitals), UNOB, UNOC (ISO 8859-1) to UNOL,\n"
			"UNOW, UNOX or UNOY (UTF-8).  From UNOG on it is syntax version 4, else 3."},
	{.name = "interchange.directory",
		.type = OPTION_TEXT,
		.max = 3,
		.initial = "96A",
		AT(directory),
		.help = "The directory of the messages.  From 2000 on texts may be longer."},
	{.name = "interchange.association",
		.type = OPTION_TEXT,
		.max = 6,
		AT(association),
		.help = "The association's code in UNH (0057): EAN008."},
	{.name = "interchange.application",
		.type = OPTION_TEXT,
		.max = 14,
		AT(application),
		.help = "The application's reference in UNB (0026)."},
	{.name = "interchange.test",
		.type = OPTION_BOOL,
		AT(test),
		.initial = "no",
		.help = "Mark what goes out as a test."},
	{.name = "documents.messages",
		.type = OPTION_LIST,
		.required = true,
		.fault = message_fault,
		AT(messages),
		.help = "What he gets, of ORDERS, ORDCHG, ORDRSP, DESADV, RECADV, INVRPT, PRICAT."},
	{.name = "documents.for",
		.type = OPTION_CHOICE,
		.words = scope_words,
		.initial = "named",
		AT(scope),
		.help = "Which of these: those that name him; those that name him or nobody in his\n"
			"roles (unnamed); all.  What he has sent himself never goes back to him."},
	{.name = "documents.roles",
		.type = OPTION_LIST,
		AT(roles),
		.help = "The roles (3035) that he is named in: SU, WH, BY, DP ...  A station of ours counts\n"
			"as BY and DP, a buyer as BY, a warehouse as WH and SF.  Without it, any."},
	{.name = "documents.numbers",
		.type = OPTION_LIST,
		AT(numbers),
		.help = "The numbers that documents name him by.  Without it, partner.number."},
	{.name = "answers.patience",
		.type = OPTION_MS,
		.max = INT64_C(2592000000),
		.initial = "1d",
		AT(patience_ms),
		.help = "How long his CONTRL may take; then it is logged and counted as missing.  With 0\n"
			"none is asked for."},
};

static struct slice text_of(const char *text)
{
	return text != NULL ? slice_text(text) : (struct slice){NULL, 0};
}

/* ---- Reading ---- */

static void partner_free(struct partner *partner)
{
	const struct option_group group = {
		options, sizeof(options) / sizeof(*options), partner->settings};
	if (partner->settings != NULL)
		option_free(&group);
	free(partner->settings);
	free(partner->folder);
}

void partners_free(struct partners *partners)
{
	for (size_t i = 0; i < partners->count; i++)
		partner_free(&partners->items[i]);
	free(partners->items);
	*partners = (struct partners){.count = 0};
}

static enum ch_status partner_settle(
	struct partner *partner, const char *path, const char *out, struct problems *problems)
{
	const struct partner_settings *settings = partner->settings;
	char folder[PATH_MAX];
	int len = settings->folder != NULL
			  ? snprintf(folder, sizeof(folder), "%s", settings->folder)
			  : snprintf(folder, sizeof(folder), "%s/%s", out, partner->name);
	if (len < 0 || (size_t)len >= sizeof(folder))
		return CH_TOO_LARGE;
	partner->terms = (struct outgoing_terms){.own_number = text_of(settings->own_number),
		.own_qualifier = text_of(settings->own_qualifier),
		.number = text_of(settings->number),
		.qualifier = text_of(settings->qualifier),
		.syntax = text_of(settings->syntax),
		.directory = text_of(settings->directory),
		.association = text_of(settings->association),
		.application = text_of(settings->application),
		.acknowledge = settings->patience_ms > 0,
		.test = settings->test};
	partner->patience_us = settings->patience_ms * 1000;
	const char *fault = outgoing_terms_fault(&partner->terms);
	if (fault != NULL) {
		size_t key = strcspn(fault, ":");
		char name[64];
		(void)snprintf(name, sizeof(name), "%.*s", (int)key, fault); /* fits */
		problems_add(problems, path, 0, name, "%s", fault + key + 2);
		return CH_INVALID;
	}
	partner->folder = strdup(folder);
	if (partner->folder == NULL)
		return CH_NOMEM;
	fault = file_dir_fault(folder);
	if (fault == NULL)
		return CH_OK;
	problems_add(problems, path, 0, "partner.folder", "%s: %s", folder, fault);
	return CH_INVALID;
}

static enum ch_status partner_read(
	struct partner *partner, const char *path, const char *out, struct problems *problems)
{
	partner->settings = calloc(1, sizeof(struct partner_settings));
	if (partner->settings == NULL)
		return CH_NOMEM;
	const struct option_group group = {
		options, sizeof(options) / sizeof(*options), partner->settings};
	enum ch_status status = config_read(path, &group, 1, problems);
	return status == CH_OK ? partner_settle(partner, path, out, problems) : status;
}

/* "north.conf": its partner's name; 0: another kind of file. */
static size_t name_of(const char *file)
{
	size_t len = strlen(file);
	return len > 5 && file[0] != '.' && strcmp(file + len - 5, ".conf") == 0 ? len - 5 : 0;
}

static bool is_sound(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = name[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
			c != '-' && c != '_' && c != '.')
			return false;
	}
	return len <= LIMIT_PARTNER_NAME_BYTES;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct partner *)a)->name, ((const struct partner *)b)->name);
}

static enum ch_status partners_list(
	const char *folder, struct problems *problems, struct partners *partners)
{
	const struct dirent *entry;
	enum ch_status status = CH_OK;
	DIR *dir = opendir(folder);
	if (dir == NULL) {
		problems_add(problems, NULL, 0, "parts.partners", "%s: %s", folder,
			file_why(file_status()));
		return CH_INVALID;
	}
	partners->items = calloc(LIMIT_PARTNERS, sizeof(struct partner));
	if (partners->items == NULL)
		status = CH_NOMEM;
	while (status == CH_OK && (entry = readdir(dir)) != NULL) {
		size_t len = name_of(entry->d_name);
		if (len == 0)
			continue;
		if (!is_sound(entry->d_name, len) || partners->count == LIMIT_PARTNERS) {
			problems_add(problems, entry->d_name, 0, "", "%s",
				partners->count == LIMIT_PARTNERS
					? "is one partner too many"
					: "the name is to have letters, digits, - _ . alone, up to 64");
			status = CH_INVALID;
			continue;
		}
		memcpy(partners->items[partners->count++].name, entry->d_name, len);
	}
	(void)closedir(dir); /* only read */
	if (partners->count > 1)
		qsort(partners->items, partners->count, sizeof(struct partner), by_name);
	return status;
}

/* Two that would write into each other's folder, or whose answers could not be told apart. */
static enum ch_status partners_compare(const struct partners *partners, struct problems *problems)
{
	enum ch_status status = CH_OK;
	for (size_t i = 0; i < partners->count; i++) {
		for (size_t k = 0; k < i; k++) {
			const struct partner *a = &partners->items[k];
			const struct partner *b = &partners->items[i];
			if (a->folder == NULL || b->folder == NULL ||
				strcmp(a->folder, b->folder) != 0)
				continue;
			problems_add(problems, b->name, 0, "partner.folder",
				"is that of %s, too: %s", a->name, a->folder);
			status = CH_INVALID;
		}
	}
	return status;
}

enum ch_status partners_read(const char *folder, const char *out, struct problems *problems,
	struct partners *out_partners)
{
	struct partners partners = {.count = 0};
	enum ch_status status = partners_list(folder, problems, &partners);
	for (size_t i = 0; i < partners.count && status != CH_NOMEM; i++) {
		char path[PATH_MAX];
		enum ch_status read = CH_TOO_LARGE;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s.conf", folder,
			    partners.items[i].name) < sizeof(path))
			read = partner_read(&partners.items[i], path, out, problems);
		status = read != CH_OK ? read : status;
	}
	if (status == CH_OK)
		status = partners_compare(&partners, problems);
	if (status == CH_OK)
		*out_partners = partners;
	else
		partners_free(&partners);
	return status;
}

/* ---- Who wants what ---- */

static bool list_has(const struct option_list *list, const char *item)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i], item) == 0)
			return true;
	}
	return false;
}

/* What a document says of those whom it concerns. */
struct naming {
	bool him;
	bool anybody; /* in one of his roles */
};

static void name_party(
	const struct partner *partner, const char *role, struct slice number, struct naming *naming)
{
	const struct partner_settings *settings = partner->settings;
	if (number.len == 0 || (settings->roles.count > 0 && !list_has(&settings->roles, role)))
		return;
	naming->anybody = true;
	if (settings->numbers.count == 0)
		naming->him |= slice_equal(number, partner->terms.number);
	for (size_t i = 0; i < settings->numbers.count; i++)
		naming->him |= slice_equal(number, slice_text(settings->numbers.items[i]));
}

static void name_place(const struct partner *partner, const ProtobufCMessage *document,
	const char *field_name, const char *const roles[2], struct naming *naming)
{
	const ProtobufCFieldDescriptor *field =
		reflect_field(document->descriptor, slice_text(field_name));
	if (field == NULL || reflect_count(document, field) == 0)
		return;
	for (size_t i = 0; i < 2; i++)
		name_party(partner, roles[i], reflect_text_at(document, field, 0), naming);
}

static struct naming naming_of(const struct partner *partner, const ProtobufCMessage *document)
{
	static const char *const buyer[] = {"BY", "BY"};
	static const char *const station[] = {"BY", "DP"};
	static const char *const warehouse[] = {"WH", "SF"};
	const ProtobufCFieldDescriptor *field =
		reflect_field(document->descriptor, SLICE_LITERAL("parties"));
	struct naming naming = {.him = false};
	size_t count = field != NULL ? reflect_count(document, field) : 0;
	for (size_t i = 0; i < count; i++) {
		const Carehub__V1__TradeParty *party =
			(const void *)reflect_message_at(document, field, i);
		name_party(partner, party->role, slice_text(party->party_id), &naming);
	}
	name_place(partner, document, "buyer_id", buyer, &naming);
	name_place(partner, document, "station_id", station, &naming);
	name_place(partner, document, "warehouse_id", warehouse, &naming);
	return naming;
}

static bool came_from(const struct partner *partner, const ProtobufCMessage *document)
{
	const ProtobufCFieldDescriptor *field =
		reflect_field(document->descriptor, SLICE_LITERAL("interchange"));
	if (field == NULL || reflect_count(document, field) == 0)
		return false;
	const Carehub__V1__InterchangeRef *origin =
		(const void *)reflect_message_at(document, field, 0);
	return slice_equal(slice_text(origin->sender), partner->terms.number);
}

bool partner_wants(const struct partner *partner, const struct script *script,
	const ProtobufCMessage *document)
{
	const struct partner_settings *settings = partner->settings;
	if (!list_has(&settings->messages, script->name) || came_from(partner, document))
		return false;
	struct naming naming = naming_of(partner, document);
	switch ((enum partner_scope)settings->scope) {
	case SCOPE_NAMED:
		return naming.him;
	case SCOPE_UNNAMED:
		return naming.him || !naming.anybody;
	case SCOPE_ALL:
		return true;
	}
	return false;
}

size_t partners_types(const struct partners *partners, const char **out_types)
{
	size_t count = 0;
	for (size_t i = 0; i < script_count; i++) {
		bool wanted = false;
		for (size_t k = 0; k < partners->count && !wanted; k++) {
			const struct partner_settings *settings = partners->items[k].settings;
			wanted = list_has(&settings->messages, scripts[i]->name);
		}
		if (wanted)
			out_types[count++] = scripts[i]->event;
	}
	return count;
}

void partner_describe(struct buffer *out)
{
	struct partner_settings settings = {.number = NULL};
	const struct option_group group = {options, sizeof(options) / sizeof(*options), &settings};
	option_describe(&group, out);
}

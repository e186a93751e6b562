#include "channel/parts/partner.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "channel/parts/agreement.h"
#include "wire/reflect.h"

/* ---- Reading ---- */

static void partner_free(struct partner *partner)
{
	if (partner->agreement != NULL)
		agreement_fini(partner->agreement);
	free(partner->agreement);
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
	const struct agreement *agreement = partner->agreement;
	char folder[PATH_MAX];
	int len = agreement->folder != NULL
			  ? snprintf(folder, sizeof(folder), "%s", agreement->folder)
			  : snprintf(folder, sizeof(folder), "%s/%s", out, partner->name);
	if (len < 0 || (size_t)len >= sizeof(folder))
		return CH_TOO_LARGE;
	partner->terms = agreement_terms(agreement);
	partner->patience_us = agreement->patience_ms * 1000;
	partner->folder = strdup(folder);
	if (partner->folder == NULL)
		return CH_NOMEM;
	const char *fault = file_dir_fault(folder);
	if (fault == NULL)
		return CH_OK;
	problems_add(problems, path, 0, "partner.folder", "%s: %s", folder, fault);
	return CH_INVALID;
}

static enum ch_status partner_read(
	struct partner *partner, const char *path, const char *out, struct problems *problems)
{
	partner->agreement = calloc(1, sizeof(struct agreement));
	if (partner->agreement == NULL)
		return CH_NOMEM;
	enum ch_status status = agreement_read(partner->agreement, path, problems);
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
	/* Past names that are no good, too: all mistakes are told. */
	while (status != CH_NOMEM && (entry = readdir(dir)) != NULL) {
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

/* What a document says of those whom it concerns. */
struct naming {
	bool him;
	bool anybody; /* in one of his roles */
};

static void name_party(
	const struct partner *partner, const char *role, struct slice number, struct naming *naming)
{
	const struct agreement *agreement = partner->agreement;
	if (number.len == 0 ||
		(agreement->roles.count > 0 && !agreement_lists(&agreement->roles, role)))
		return;
	naming->anybody = true;
	if (agreement->numbers.count == 0)
		naming->him |= slice_equal(number, partner->terms.number);
	for (size_t i = 0; i < agreement->numbers.count; i++)
		naming->him |= slice_equal(number, slice_text(agreement->numbers.items[i]));
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
	const struct agreement *agreement = partner->agreement;
	const char *message = script->faces[partner->terms.standard].name;
	if (!agreement_lists(&agreement->messages, message) || came_from(partner, document))
		return false;
	struct naming naming = naming_of(partner, document);
	switch ((enum partner_scope)agreement->scope) {
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
			const struct partner *partner = &partners->items[k];
			const struct agreement *agreement = partner->agreement;
			wanted = agreement_lists(&agreement->messages,
				scripts[i]->faces[partner->terms.standard].name);
		}
		if (wanted)
			out_types[count++] = scripts[i]->event;
	}
	return count;
}

void partner_describe(struct buffer *out)
{
	agreement_describe(out);
}

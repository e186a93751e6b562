#include "channel/parts/codes.h"

#include <string.h>

#include "carehub/v1/parts.pb-c.h"

/* Several of one side are told apart by nobody here: the first row is taken. */
struct code_row {
	const char *edifact;
	const char *x12;
};

/* UN/ECE Recommendation 20; X12 355. */
static const struct code_row units[] = {
	{"PCE", "PC"}, /* a piece */
	{"H87", "PC"}, /* its newer code */
	{"C62", "EA"}, /* one */
	{"KGM", "KG"},
	{"GRM", "GR"},
	{"MTR", "MR"},
	{"CMT", "CM"},
	{"MMT", "MM"},
	{"LTR", "LT"},
	{"MLT", "ML"},
	{"SET", "ST"},
	{"ST", "SH"}, /* a sheet */
	{"RO", "RL"}, /* a roll */
	{"DZN", "DZ"},
	{"HUR", "HR"},
	{NULL, NULL},
};

/* 3035; X12 98.  The others are alike, or nearly so. */
static const struct code_row roles[] = {
	{"DP", "ST"}, /* where it is delivered */
	{"IV", "BT"}, /* who pays */
	{"CZ", "SH"}, /* who sends it */
	{NULL, NULL},
};

/* 3055; X12 66. */
static const struct code_row agencies[] = {
	{"9", "UL"},  /* GS1, whose number is a GLN */
	{"16", "1"},  /* Dun & Bradstreet */
	{"16", "9"},  /* with four digits more */
	{"91", "91"}, /* the seller */
	{"92", "92"}, /* the buyer */
	{"182", "2"}, /* carriers' letters (SCAC) */
	{"ZZZ", "ZZ"},
	{NULL, NULL},
};

/* 1153; X12 128. */
static const struct code_row references[] = {
	{"ON", "PO"},  /* order */
	{"CT", "CT"},  /* contract */
	{"CR", "CR"},  /* the customer's */
	{"VN", "VN"},  /* the seller's order */
	{"AAK", "SI"}, /* dispatch advice */
	{"AAJ", "DO"}, /* delivery order */
	{"DQ", "DJ"},  /* delivery note */
	{"PK", "PK"},  /* packing list */
	{"BM", "BM"},  /* bill of lading */
	{"IV", "IV"},  /* invoice */
	{"PL", "PL"},  /* price list */
	{"PD", "PD"},  /* promotion */
	{"BT", "BT"},  /* batch */
	{"DP", "DP"},  /* department */
	{"ZZZ", "ZZ"},
	{NULL, NULL},
};

/* 7065; the form in X12 103. */
static const struct code_row packagings[] = {
	{"CT", "CTN"},
	{"PX", "PLT"},  /* a pallet */
	{"201", "PLT"}, /* of the exchange in Europe, and half and quarter ones */
	{"202", "PLT"},
	{"203", "PLT"},
	{"BX", "BOX"},
	{"PK", "PKG"},
	{"CS", "CAS"},
	{"CR", "CRT"},
	{"BG", "BAG"},
	{"DR", "DRM"},
	{NULL, NULL},
};

/* 5125; X12 236. */
static const struct code_row prices[] = {
	{"AAA", "NET"},
	{NULL, NULL},
};

/* X12 673 and 412 tell other things apart than 6063 and 4221 do. */
static const struct code_row others[] = {
	{NULL, NULL},
};

/* Where they stand.  Units of two letters that are not told here are the same in both. */
static const struct code_field {
	const char *message; /* NULL: any */
	const char *field;
	const struct code_row *rows;
	size_t shared; /* length of those that are known to mean the same, or are not told apart; 0: none */
	bool is_reference; /* "qualifier:number" */
} fields[] = {
	{NULL, "unit", units, 2, false},
	{"TradeParty", "role", roles, 2, false},
	{"TradeParty", "id_agency", agencies, 0, false},
	{NULL, "references", references, 0, true},
	{"PartsPackage", "packaging", packagings, 0, false},
	{"PriceLine", "price_qualifier", prices, 0, false},
	{"InventoryLine", "quantity_qualifier", others, 0, false},
	{"ReceiptLine", "discrepancy_code", others, 0, false},
};

struct walk {
	struct arena *arena;
	enum standard to;
	struct reflect_path *path;
};

static const struct code_field *code_field_of(
	const ProtobufCMessageDescriptor *message, const char *name)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		if (strcmp(fields[i].field, name) == 0 &&
			(fields[i].message == NULL ||
				strcmp(fields[i].message, message->short_name) == 0))
			return &fields[i];
	}
	return NULL;
}

/* The standards' own code; NULL: there is none. */
static const char *code_in(const struct code_row *rows, enum standard to, struct slice code)
{
	for (; rows->edifact != NULL; rows++) {
		const char *from = to == STANDARD_X12 ? rows->edifact : rows->x12;
		if (slice_equal(code, slice_text(from)))
			return to == STANDARD_X12 ? rows->x12 : rows->edifact;
	}
	return NULL;
}

/* Thirteen digits of Dun & Bradstreet's are the longer kind. */
static const char *code_of_number(const char *code, const ProtobufCMessage *message)
{
	const Carehub__V1__TradeParty *party = (const void *)message;
	bool longer = message->descriptor == &carehub__v1__trade_party__descriptor &&
		      strcmp(code, "1") == 0 && strlen(party->party_id) == 13;
	return longer ? "9" : code;
}

static char *code_join(struct arena *arena, const char *code, const char *rest)
{
	size_t len = strlen(code);
	char *text = arena_alloc(arena, len + strlen(rest) + 1);
	if (text == NULL)
		return NULL;
	memcpy(text, code, len);
	memcpy(text + len, rest, strlen(rest) + 1);
	return text;
}

static enum ch_status walk_text(struct walk *walk, const ProtobufCMessage *message,
	const struct code_field *field, char **text)
{
	size_t len = field->is_reference ? strcspn(*text, ":") : strlen(*text);
	struct slice old = slice_of(*text, len);
	const char *code = code_in(field->rows, walk->to, old);
	if (code != NULL) {
		char *joined = code_join(walk->arena, code_of_number(code, message), *text + len);
		if (joined == NULL)
			return CH_NOMEM;
		*text = joined;
		return CH_OK;
	}
	/* What UN/EDIFACT has no code for goes there as it was written. */
	return len == 0 || walk->to == STANDARD_EDIFACT || len == field->shared ? CH_OK : CH_FORMAT;
}

/* Messages nest three deep at the most. */
static enum ch_status walk_message(struct walk *walk, const ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		const struct code_field *code = code_field_of(type, field->name);
		bool nested = field->type == PROTOBUF_C_TYPE_MESSAGE;
		bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
		size_t count = nested || code != NULL ? reflect_count(message, field) : 0;
		for (size_t k = 0; k < count; k++) {
			size_t mark = reflect_path_push(
				walk->path, slice_text(field->name), repeated ? (ptrdiff_t)k : -1);
			enum ch_status status =
				nested ? walk_message(walk, reflect_message_at(message, field, k))
				       : walk_text(walk, message, code,
						 (char **)(uintptr_t)reflect_at(message, field, k));
			if (status != CH_OK)
				return status;
			reflect_path_pop(walk->path, mark);
		}
	}
	return CH_OK;
}

/* Whose codes they are. */
static enum standard standard_of(const ProtobufCMessage *document)
{
	const ProtobufCFieldDescriptor *field =
		reflect_field(document->descriptor, SLICE_LITERAL("interchange"));
	if (field == NULL || reflect_count(document, field) == 0)
		return STANDARD_EDIFACT;
	const Carehub__V1__InterchangeRef *origin =
		(const void *)reflect_message_at(document, field, 0);
	return strcmp(origin->standard, standard_name(STANDARD_X12)) == 0 ? STANDARD_X12
									  : STANDARD_EDIFACT;
}

enum ch_status codes_settle(struct arena *arena, ProtobufCMessage *document, enum standard to,
	struct reflect_path *out_path)
{
	struct walk walk = {.arena = arena, .to = to, .path = out_path};
	out_path->len = 0;
	out_path->text[0] = 0;
	return standard_of(document) != to ? walk_message(&walk, document) : CH_OK;
}

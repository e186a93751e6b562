/* The filter options that tail, find and replay share. */
#ifndef CLI_FILTER_H
#define CLI_FILTER_H

#include "carehub/v1/control.pb-c.h"
#include "cli/args.h"

struct filter {
	struct flag_list types;
	struct flag_list sources;
	struct flag_list customer_words;
	uint64_t customers[FLAG_LIST_MAX];
};

#define FILTER_FLAGS(filter)                                                                       \
	{"--type", FLAG_LIST, &(filter).types}, {"--source", FLAG_LIST, &(filter).sources},        \
	{                                                                                          \
		"--customer", FLAG_LIST, &(filter).customer_words                                  \
	}

/* Reads the numbers; false: said what is wrong. */
bool filter_ready(struct filter *filter);

/* As the message of bus.proto, which looks into the filter. */
void filter_message(struct filter *filter, Carehub__V1__Filter *out);

/* Whether a word is a customer number: twelve digits that fit together (ISO 7064 MOD 97-10). */
bool filter_is_customer(const char *word, uint64_t *out_number);

#endif

#include "cli/filter.h"

#include <string.h>

#include "base/text.h"
#include "cli/cli.h"

bool filter_is_customer(const char *word, uint64_t *out_number)
{
	return strlen(word) == 12 &&
	       text_parse_u64(slice_text(word), UINT64_MAX, out_number) == CH_OK &&
	       *out_number % 97 == 1;
}

bool filter_ready(struct filter *filter)
{
	for (size_t i = 0; i < filter->customer_words.count; i++) {
		const char *word = filter->customer_words.items[i];
		if (!filter_is_customer(word, &filter->customers[i])) {
			(void)cli_fail(EXIT_USAGE, "ten digits and two check digits",
				"--customer %s is no customer number", word);
			return false;
		}
	}
	return true;
}

void filter_message(struct filter *filter, Carehub__V1__Filter *out)
{
	carehub__v1__filter__init(out);
	/* protobuf-c's texts are not const, but packing only reads them. */
	out->types = (char **)(uintptr_t)filter->types.items;
	out->n_types = filter->types.count;
	out->sources = (char **)(uintptr_t)filter->sources.items;
	out->n_sources = filter->sources.count;
	out->customers = filter->customers;
	out->n_customers = filter->customer_words.count;
}

/* The echo module as a program; and what its book says, one line for each key, in order. */
#include <stdio.h>

#include "module/kit/book_inside.h"
#include "support/echo.h"

static int print_table(struct book_txn *txn, const char *name, uint32_t table)
{
	struct slice none = {NULL, 0};
	struct slice key;
	struct slice value;
	struct book_walk *walk = NULL;
	if (book_walk_begin(txn, table, none, none, &walk) != CH_OK)
		return 2;
	while (book_walk_next(walk, &key, &value) == CH_OK) {
		printf("%s ", name);
		for (size_t i = 0; i < key.len; i++)
			printf("%02x", key.data[i]);
		printf(" ");
		for (size_t i = 0; i < value.len; i++)
			printf("%02x", value.data[i]);
		printf("\n");
	}
	book_walk_end(walk);
	return 0;
}

static int print_book(const char *config)
{
	struct module_view view = {0};
	struct problems problems = {0};
	int result = 2;
	if (module_view_open(&echo_module, config, &problems, &view) == CH_OK)
		result = print_table(view.txn, "feedback", ECHO_FEEDBACK) +
			 print_table(view.txn, "heard", ECHO_HEARD) +
			 print_table(view.txn, "said", BOOK_SAID) +
			 print_table(view.txn, "outbox", BOOK_OUTBOX);
	module_view_close(&view);
	problems_fini(&problems);
	return result;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "book") == 0)
		return print_book(argv[2]);
	return module_main(argc, argv, &echo_module);
}

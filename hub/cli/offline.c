/* verify, rebuild, dump, repair, restore: what is done to a hub that does not run is done by
 * carehubd, which stands beside this program or in the PATH. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/cli.h"

#define WORDS 16

int offline_main(struct cli *cli, int argc, char **argv)
{
	const char *root = NULL;
	const char *at = NULL;
	bool hash = false;
	bool past_damage = false;
	const struct flag flags[] = {{"--root", FLAG_TEXT, &root}, {"--at", FLAG_TEXT, &at},
		{"--hash", FLAG_BOOL, &hash}, {"--past-damage", FLAG_BOOL, &past_damage}, {0}};
	const char *words[WORDS] = {0};
	char own[4096];
	char beside[4200] = "carehubd";
	size_t count = 0;
	if (!args_take_most(flags, &argc, argv, 1))
		return EXIT_USAGE;
	ssize_t len = readlink("/proc/self/exe", own, sizeof(own) - 1);
	if (len > 0) {
		own[len] = 0;
		*(strrchr(own, '/') + 1) = 0; /* the kernel's own path always has one */
		(void)snprintf(beside, sizeof(beside), "%scarehubd", own); /* it fits */
	}
	words[count++] = "carehubd";
	if (root != NULL) {
		words[count++] = "--root";
		words[count++] = root;
	}
	words[count++] = cli->command;
	if (at != NULL) {
		words[count++] = "--at";
		words[count++] = at;
	}
	if (hash)
		words[count++] = "--hash";
	if (past_damage)
		words[count++] = "--past-damage";
	if (argc == 1)
		words[count++] = argv[0];
	/* execv does not change its words, it only was declared before const. */
	char *const *list = (char *const *)(uintptr_t)words;
	if (access(beside, X_OK) == 0)
		(void)execv(beside, list);
	else
		(void)execvp("carehubd", list);
	return cli_fail(EXIT_CRITICAL, "is the package of the hub installed here?",
		"carehubd cannot be run: %s", strerror(errno));
}

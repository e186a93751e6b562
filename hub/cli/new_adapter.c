/* new-adapter: a working adapter to start one's own from. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/skeleton.h"

#define NAME_BYTES 32u

void skeleton_fill(struct slice text, const char *name, struct buffer *out)
{
	static const char word[] = "@name@";
	const size_t len = sizeof(word) - 1;
	while (text.len > 0) {
		const uint8_t *found = memmem(text.data, text.len, word, len);
		size_t before = found != NULL ? (size_t)(found - text.data) : text.len;
		buffer_append(out, text.data, before);
		if (found != NULL)
			buffer_append_text(out, name);
		text = slice_sub(text, before + (found != NULL ? len : 0), SIZE_MAX);
	}
}

/* It becomes a part of C names, of sections and of files. */
static bool new_adapter_is_name(const char *name)
{
	size_t len = strlen(name);
	return len > 0 && len <= NAME_BYTES && name[0] >= 'a' && name[0] <= 'z' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

static enum ch_status new_adapter_make_folder(const char *path)
{
	char folder[PATH_MAX];
	(void)snprintf(folder, sizeof(folder), "%s", path); /* its length has been looked at */
	*strrchr(folder, '/') = 0;
	return file_make_dirs(folder, 0755);
}

static int new_adapter_write(const struct skeleton_file *file, const char *folder, const char *name)
{
	char path[PATH_MAX];
	struct buffer inside = {0};
	struct buffer text = {0};
	int result = EXIT_FINE;
	skeleton_fill(slice_text(file->path), name, &inside);
	skeleton_fill(slice_of(file->bytes, file->len), name, &text);
	enum ch_status status = inside.status != CH_OK ? inside.status : text.status;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, buffer_text(&inside)) >=
		sizeof(path))
		status = CH_TOO_LARGE;
	if (status == CH_OK)
		status = new_adapter_make_folder(path);
	if (status == CH_OK)
		status = file_replace(path, buffer_slice(&text), file->mode);
	if (status != CH_OK)
		result = cli_fail(EXIT_CRITICAL, NULL, "%s: %s", path, ch_status_text(status));
	buffer_fini(&text);
	buffer_fini(&inside);
	return result;
}

int new_adapter_main(struct cli *cli, int argc, char **argv)
{
	const char *dir = ".";
	const struct flag flags[] = {{"--dir", FLAG_TEXT, &dir}, {0}};
	char folder[PATH_MAX];
	int result = EXIT_FINE;
	(void)cli;
	if (!args_take_most(flags, &argc, argv, 1))
		return EXIT_USAGE;
	if (argc != 1)
		return cli_fail(EXIT_USAGE, NULL, "new-adapter: which NAME?");
	if (!new_adapter_is_name(argv[0]))
		return cli_fail(EXIT_USAGE,
			"small letters, digits and _; a letter first; at most 32",
			"\"%s\" is no name of an adapter", argv[0]);
	if ((size_t)snprintf(folder, sizeof(folder), "%s/carehub-%s", dir, argv[0]) >=
		sizeof(folder))
		return cli_fail(EXIT_USAGE, NULL, "the folder's name is too long");
	if (mkdir(folder, 0755) != 0)
		return cli_fail(EXIT_CRITICAL,
			errno == EEXIST ? "nothing is overwritten: move it away first" : NULL,
			"%s: %s", folder, strerror(errno));
	for (size_t i = 0; i < skeleton_count && result == EXIT_FINE; i++)
		result = new_adapter_write(&skeleton_files[i], folder, argv[0]);
	if (result == EXIT_FINE)
		printf("%s  a working adapter; its README.md says how to go on\n", folder);
	return result;
}

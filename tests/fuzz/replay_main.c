/* Runs a fuzz target over files instead of a fuzzer: every build keeps the targets and their corpora
 * honest.  Arguments are files, or folders of files. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_BYTES_MAX (8u * 1024u * 1024u)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static unsigned replayed;

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(INPUT_BYTES_MAX);
	int failed = 1;
	if (file == NULL || data == NULL)
		goto out;
	size_t len = fread(data, 1, INPUT_BYTES_MAX, file);
	if (ferror(file))
		goto out;
	uint8_t *exact = realloc(data, len > 0 ? len : 1); /* so that a sanitizer sees its end */
	if (exact != NULL)
		data = exact;
	(void)LLVMFuzzerTestOneInput(data, len); /* it dies when something is wrong */
	replayed++;
	failed = 0;
out:
	if (failed)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	free(data);
	if (file != NULL)
		(void)fclose(file); /* only read from */
	return failed;
}

static int replay_folder(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	int failed = 0;
	if (folder == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	while (failed == 0 && (entry = readdir(folder)) != NULL) {
		char file[4096];
		if (entry->d_name[0] == '.')
			continue;
		int len = snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		failed = len < 0 || (size_t)len >= sizeof(file) || replay_file(file) != 0;
	}
	(void)closedir(folder); /* only read from */
	return failed;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct stat info;
		int failed = stat(argv[i], &info) == 0 && S_ISDIR(info.st_mode)
				     ? replay_folder(argv[i])
				     : replay_file(argv[i]);
		if (failed != 0)
			return 1;
	}
	printf("%u inputs\n", replayed);
	return replayed == 0; /* an empty corpus proves nothing */
}

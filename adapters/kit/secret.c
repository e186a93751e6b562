#include "kit/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *secret_fault(const struct stat *info)
{
	if (!S_ISREG(info->st_mode))
		return "is no regular file";
	if ((info->st_mode & 077) != 0)
		return "others than its owner have a right to it: chmod 600";
	if (info->st_uid != 0 && info->st_uid != geteuid())
		return "belongs to somebody else";
	if (info->st_size == 0)
		return "is empty";
	if (info->st_size > (off_t)SECRET_BYTES)
		return "is too long for a secret";
	return NULL;
}

/* All of it, without its line end. */
static const char *secret_take(int fd, struct secret *secret)
{
	size_t len = 0;
	ssize_t got = 1;
	while (len <= SECRET_BYTES && got > 0) {
		got = read(fd, secret->bytes + len, SECRET_BYTES + 1 - len);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got < 0)
			return "cannot be read";
		else
			len += (size_t)got;
	}
	if (len > SECRET_BYTES)
		return "is too long for a secret";
	while (len > 0 && (secret->bytes[len - 1] == '\n' || secret->bytes[len - 1] == '\r'))
		len--;
	secret->bytes[len] = 0;
	secret->len = len;
	if (len == 0)
		return "is empty";
	return strlen(secret->bytes) == len ? NULL : "has a NUL in it";
}

enum ch_status secret_read(
	const char *path, const char *key, struct problems *problems, struct secret *out_secret)
{
	struct stat info;
	struct secret secret = {.bytes = calloc(1, SECRET_BYTES + 2)};
	const char *fault = NULL;
	if (secret.bytes == NULL)
		return CH_NOMEM;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		fault = strerror(errno);
	else if (fstat(fd, &info) != 0)
		fault = "cannot be read";
	else
		fault = secret_fault(&info);
	if (fault == NULL)
		fault = secret_take(fd, &secret);
	if (fd >= 0)
		(void)close(fd); /* only read from */
	if (fault == NULL) {
		*out_secret = secret;
		return CH_OK;
	}
	problems_add(problems, NULL, 0, key, "%s: %s", path, fault);
	secret_wipe(&secret);
	return CH_INVALID;
}

void secret_wipe(struct secret *secret)
{
	if (secret->bytes != NULL)
		explicit_bzero(secret->bytes, SECRET_BYTES + 2);
	free(secret->bytes);
	*secret = (struct secret){0};
}

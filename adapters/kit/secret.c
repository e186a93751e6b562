#include "kit/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *secret_fault(const struct stat *info, size_t max)
{
	if (!S_ISREG(info->st_mode))
		return "is no regular file";
	if ((info->st_mode & 077) != 0)
		return "others than its owner have a right to it: chmod 600";
	if (info->st_uid != 0 && info->st_uid != geteuid())
		return "belongs to somebody else";
	if (info->st_size == 0)
		return "is empty";
	return info->st_size > (off_t)max ? "is too long for a secret" : NULL;
}

/* NULL: *out_fd is open, and at its start.  A pipe is not waited for. */
static const char *secret_open_file(const char *path, size_t max, int *out_fd)
{
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return strerror(errno);
	const char *fault = fstat(fd, &info) == 0 ? secret_fault(&info, max) : "cannot be read";
	if (fault == NULL)
		*out_fd = fd;
	else
		(void)close(fd); /* nothing was read */
	return fault;
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
	if (strlen(secret->bytes) != len)
		return "has a NUL in it";
	return strpbrk(secret->bytes, "\r\n") == NULL ? NULL : "has more than one line";
}

static enum ch_status secret_refuse(struct problems *problems, const char *file, const char *path,
	const char *key, const char *fault)
{
	if (problems != NULL)
		problems_add(problems, file, 0, key, "%s: %s", path, fault);
	return CH_INVALID;
}

enum ch_status secret_read_for(const char *file, const char *path, const char *key,
	struct problems *problems, struct secret *out_secret)
{
	struct secret secret = {.bytes = calloc(1, SECRET_BYTES + 2)};
	enum ch_status status = CH_OK;
	int fd = -1;
	if (secret.bytes == NULL)
		return CH_NOMEM;
	const char *fault = secret_open_file(path, SECRET_BYTES, &fd);
	if (fault == NULL)
		fault = secret_take(fd, &secret);
	if (fd >= 0)
		(void)close(fd); /* only read from */
	if (fault != NULL) {
		status = secret_refuse(problems, file, path, key, fault);
	} else if (out_secret != NULL) {
		*out_secret = secret;
		secret.bytes = NULL; /* the caller's now */
	}
	secret_wipe(&secret);
	return status;
}

enum ch_status secret_read(
	const char *path, const char *key, struct problems *problems, struct secret *out_secret)
{
	return secret_read_for(NULL, path, key, problems, out_secret);
}

struct slice secret_slice(const struct secret *secret)
{
	return slice_of(secret->bytes, secret->len);
}

enum ch_status secret_open(
	const char *path, const char *key, struct problems *problems, int *out_fd)
{
	int fd = -1;
	const char *fault = secret_open_file(path, SECRET_KEY_BYTES, &fd);
	if (fault != NULL)
		return secret_refuse(problems, NULL, path, key, fault);
	if (out_fd != NULL)
		*out_fd = fd;
	else
		(void)close(fd); /* nothing was read */
	return CH_OK;
}

void secret_wipe(struct secret *secret)
{
	if (secret->bytes != NULL)
		explicit_bzero(secret->bytes, SECRET_BYTES + 2);
	free(secret->bytes);
	*secret = (struct secret){0};
}

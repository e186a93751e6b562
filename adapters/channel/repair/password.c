#include "channel/repair/password.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"

#define PASSWORD_BYTES 1000u

enum ch_status password_read(const char *path, char **out_password)
{
	struct stat info;
	struct buffer text = {0};
	char *password = NULL;
	enum ch_status status = file_read_all(path, PASSWORD_BYTES, &text);
	if (status == CH_OK && (stat(path, &info) != 0 || (info.st_mode & 077) != 0))
		status = CH_DENIED;
	if (status != CH_OK)
		goto out;
	size_t len = 0;
	while (len < text.len && text.data[len] != '\n' && text.data[len] != '\r' &&
		text.data[len] != 0)
		len++;
	status = CH_FORMAT;
	if (len == 0)
		goto out;
	password = strndup((const char *)text.data, len);
	status = password != NULL ? CH_OK : CH_NOMEM;
	if (status == CH_OK)
		*out_password = password;
out:
	if (text.data != NULL)
		explicit_bzero(text.data, text.len);
	buffer_fini(&text);
	return status;
}

void password_free(char *password)
{
	if (password == NULL)
		return;
	explicit_bzero(password, strlen(password));
	free(password);
}

const char *password_fault(const char *path)
{
	char *password = NULL;
	enum ch_status status = password_read(path, &password);
	password_free(password);
	switch (status) {
	case CH_OK:
		return NULL;
	case CH_NOT_FOUND:
		return "is not there";
	case CH_DENIED:
		return "must be readable by its owner, and by nobody else";
	case CH_FORMAT:
	case CH_TOO_LARGE:
		return "must hold the password as its first line";
	default:
		return "cannot be read";
	}
}

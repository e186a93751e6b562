#include "daemon/configuration.h"

#include "base/file.h"
#include "daemon/rules_text.h"
#include "daemon/settings.h"
#include "net/curve.h"

static const char *configuration_key_wrong(enum ch_status status)
{
	switch (status) {
	case CH_NOT_FOUND:
		return "is not there; `carehub keys new hub` makes one";
	case CH_DENIED:
		return "is no secret: it must be a file that only its owner can read (chmod 600)";
	case CH_FORMAT:
	case CH_INVALID:
		return "holds no key: one line of 40 characters (Z85) or 64 hex digits";
	default:
		return "cannot be read: it must belong to the user that the hub runs as";
	}
}

static void configuration_key(const char *path, struct problems *problems)
{
	struct curve_pair pair;
	enum ch_status status = curve_read_secret(path, &pair);
	if (status == CH_OK)
		curve_wipe(&pair);
	else
		problems_add(problems, path, 0, NULL, "%s", configuration_key_wrong(status));
}

enum ch_status configuration_check(const char *root, struct problems *problems)
{
	struct daemon_settings settings;
	struct settings_paths paths;
	struct roster *roster = NULL;
	struct buffer text = {0};
	enum ch_status status = daemon_settings_find(root, &paths);
	if (status != CH_OK)
		return status;
	/* What is wrong is among the problems; only a lack of memory ends it here. */
	status = daemon_settings_read(root, problems, &settings);
	if (status == CH_OK)
		daemon_settings_free(&settings);
	configuration_key(paths.secret, problems);
	if (status != CH_NOMEM)
		status = roster_load(paths.peers, problems, &roster);
	if (status != CH_NOMEM)
		status = rules_text(paths.rules, roster, problems, &text);
	roster_free(roster);
	buffer_fini(&text);
	if (status == CH_OK && !problems_none(problems))
		status = CH_INVALID;
	return status;
}

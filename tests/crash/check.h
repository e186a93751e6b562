/* Opens an image with the hub's own engine and holds it to what a hub must keep (README.md). */
#ifndef CRASH_CHECK_H
#define CRASH_CHECK_H

#include "crash/floors.h"
#include "crash/image.h"
#include "daemon/settings.h"

#define CHECK_WHY_BYTES 400

struct check {
	struct recording *recording; /* its ledger counts violations */
	const struct floors *floors;
	char dir[PATH_MAX / 2]; /* where images are made */
	struct daemon_settings settings;
	char why[CHECK_WHY_BYTES]; /* of the last one that failed */
};

/* CH_INVALID: the settings of the recorded hub cannot be read. */
enum ch_status check_init(struct check *check, struct recording *recording,
	const struct floors *floors, const char *dir);
void check_fini(struct check *check);

/* What could be left at the cut, to which the disk has been played.  False: see check->why. */
bool check_image(struct check *check, const struct disk *disk, const struct cut *cut);

#endif

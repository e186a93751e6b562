/* One file of a drop folder, from its first item to its result; and what is told of it after that. */
#ifndef KIT_FOLDER_FILE_H
#define KIT_FOLDER_FILE_H

#include <limits.h>
#include <sys/stat.h>

#include "kit/format.h"

struct folder_file {
	struct folder_file *next;
	char name[NAME_MAX + 1];
	struct stat seen; /* as it was before its first byte was read */
	uint64_t number;  /* upper half of its items' tokens */
	uint64_t given;
	uint64_t settled;
	uint64_t accepted;
	uint64_t duplicates;
	uint64_t conflicts;
	uint64_t refused;
	uint64_t rejected;
	uint64_t spooled;
	uint64_t unanswered;
	bool read;        /* to its end */
	bool incomplete;  /* its last record is still being written */
	int64_t again_us; /* and when to look again; 0: when it has grown */
	bool fatal;
	bool rejects_cut;
	bool keep_receipts;
	struct buffer rejects;
	struct buffer receipts;
	struct buffer origin; /* of the item given last */

	/* What reads it; the folder's. */
	const struct kit_format *format;
	void *reader; /* NULL: closed */
	int fd;       /* -1: closed */
};

/* Looks at the file.  CH_NOT_FOUND, CH_TOO_LARGE (its name), CH_NOMEM. */
enum ch_status folder_file_create(
	const char *folder, const char *name, struct folder_file **out_file);

/* Opens it with the format: CH_OK, or why it cannot be read; CH_NOT_FOUND: somebody took it away, or it is
 * no regular file any more. */
enum ch_status folder_file_open(struct folder_file *file, const char *folder,
	const struct kit_format *format, void *decoder);

/* It has been read to its end.  The reader stays for format->finish, if there is one. */
void folder_file_end(struct folder_file *file);
void folder_file_free(struct folder_file *file); /* closes it, too */

/* False: the name leaves no room for ".result.json" and what is needed to write that; such a file is not
 * read, and fails without a result. */
bool folder_file_can_report(const char *name);

/* An item of it goes out: fills in token, origin and since, and counts it. */
void folder_file_note(struct folder_file *file, struct kit_item *item);

/* A line for the station's clerk. */
void folder_file_reject(struct folder_file *file, struct slice line);

void folder_file_settle(struct folder_file *file, const struct kit_settled *settled);

/* Calls format->finish, writes its result and moves it to done/ or failed/.  CH_BUSY: under its name there is
 * not, or not only, what was read: it stays where it is and is to be read again.  CH_DENIED (folder_shelf.h),
 * CH_NOT_FOUND, CH_FULL, CH_IO, CH_TOO_LARGE, CH_NOMEM, or what finish said: it stays, too, but this will not
 * get better. */
enum ch_status folder_file_finish(struct folder_file *file, const char *folder);

/* ---- Late receipts ---- */

/* An item's place, as its origin says it: "17 48211 1772409600000000 S1.csv", number of the event, size and
 * last change of the file, its name. */
struct folder_place {
	uint64_t event; /* from 1 */
	int64_t size;
	int64_t changed_us;
	char name[NAME_MAX + 1];
};

enum ch_status folder_place_parse(
	struct slice origin, struct folder_place *out_place); /* CH_FORMAT */

/* Whether the place is in this file. */
bool folder_file_holds(const struct folder_file *file, const struct folder_place *place);

/* The file is still open: what becomes of the item goes into its result. */
void folder_file_late(struct folder_file *file, uint64_t event, const struct ch_receipt *receipt);

/* The file has its result: a refusal is added to NAME.rejects beside it, and the receipt to NAME.receipts
 * when that was wanted.  CH_NOT_FOUND: the file is no more, or another has taken its name.  CH_FULL,
 * CH_IO, CH_NOMEM. */
enum ch_status folder_place_late(const struct folder_place *place, const char *folder,
	bool keep_receipts, const struct ch_receipt *receipt);

#endif

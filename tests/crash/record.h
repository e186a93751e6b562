/* The record of everything that a process did to the files below one folder, in the order in which it
 * took effect.  Written by record.c from inside the process, and by whoever watches from outside; each
 * record is one append, so the file's order is the true one between processes too.
 *
 *     struct record, then `payload` bytes: data of a WRITE, a name, "old\0new" of a RENAME, then
 *     zeros up to the next multiple of 8 */
#ifndef CRASH_RECORD_H
#define CRASH_RECORD_H

#include <stdint.h>

#define RECORD_MAGIC 0x52434843u /* "CHCR" */

enum record_kind {
	RECORD_LIFE = 1, /* a process begins; `node` is the folder                       */
	RECORD_CREATE,   /* `node` made under a name in `dir`                            */
	RECORD_MKDIR,
	RECORD_RENAME,  /* `node` from a name in `dir` to one in `other`                */
	RECORD_UNLINK,  /* `node` loses its name in `dir`; folders too                  */
	RECORD_WRITE,   /* payload at `offset`; with `durable` when the descriptor syncs */
	RECORD_SIZE,    /* cut or grown to `offset`                                     */
	RECORD_RESERVE, /* grown to at least `offset`                                   */
	RECORD_SYNC,    /* begins on `node`; `offset` is its number                     */
	RECORD_SYNCED,  /* that sync has succeeded                                      */
	RECORD_MARK,    /* from outside: `offset` is what the watcher noted             */
	RECORD_POWER,   /* from outside: the power failed; what was left, in the folder `node`,
			   is told by the records up to the next LIFE                  */
	RECORD_KINDS,
};

struct record {
	uint32_t magic;
	uint8_t kind;
	uint8_t durable;
	uint16_t unused;
	uint64_t node; /* inode numbers */
	uint64_t dir;
	uint64_t other;
	uint64_t offset;
	uint64_t payload;
};

/* The environment of a recorded process: the folder; where the record goes; after how many records of
 * its own it kills itself (0: never), and if given, only right behind a write that begins with these
 * characters. */
#define RECORD_ENV_FOLDER "CRASH_RECORD_FOLDER"
#define RECORD_ENV_FILE   "CRASH_RECORD_FILE"
#define RECORD_ENV_LIMIT  "CRASH_RECORD_LIMIT"
#define RECORD_ENV_BEHIND "CRASH_RECORD_BEHIND"

#endif

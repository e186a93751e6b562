/* One field that holds several telephone numbers or addresses of mail, cut where that is certain.
 *
 *     13800001111/021-64000001         two
 *     010-88886666转8001、13900002222   two, the first with its extension
 *     13800001111 13900002222          two: both are whole
 *     +86 138 0000 1111                one
 *     021-64000001/02                  one: 02 is no number, the hub sees it as written
 *
 * A wrong cut would make two strangers of one key; what is not certain stays in one piece. */
#ifndef REPAIR_CONTACTS_H
#define REPAIR_CONTACTS_H

#include "base/slice.h"

#define CONTACTS_MAX 8u

/* Cuts `text` (UTF-8) into out_parts, trimmed, in order; returns how many: 0 for an empty text, 1 with
 * the whole of it when it cannot be cut for certain. */
size_t contacts_split_phones(struct slice text, struct slice out_parts[CONTACTS_MAX]);
size_t contacts_split_emails(struct slice text, struct slice out_parts[CONTACTS_MAX]);

#endif

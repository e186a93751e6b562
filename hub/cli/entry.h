/* An entry of the journal as control tells it, printed. */
#ifndef CLI_ENTRY_H
#define CLI_ENTRY_H

#include "carehub/v1/control.pb-c.h"

/* One line of JSON: the message, with its events as CloudEvents in the place of their bytes. */
void entry_print_json(Carehub__V1__EntryInfo *entry);

/* The whole entry on several lines, for people. */
void entry_print(const Carehub__V1__EntryInfo *entry);

/* Type, subject and source of the entry's event, as far as they can be read; slices into it. */
struct entry_event {
	char type[101];
	char subject[201];
	char source[201];
	char id[201];
};
void entry_event_read(const ProtobufCBinaryData *event, struct entry_event *out_event);

#endif

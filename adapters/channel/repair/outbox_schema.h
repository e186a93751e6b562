/* The definition of the outbox table, for `carehub-repair outbox`. */
#ifndef REPAIR_OUTBOX_SCHEMA_H
#define REPAIR_OUTBOX_SCHEMA_H

const char *outbox_schema(void);

#endif

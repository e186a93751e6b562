#include "channel/pos/transaction.h"

#include <stdio.h>

void transaction_fault(struct transaction *transaction, enum ch_status status, const char *field,
	const char *reason)
{
	struct fault *fault = &transaction->fault;
	if (fault->status != CH_OK)
		return;
	fault->status = status;
	fault->line = transaction->line;
	fault->column = transaction->column;
	/* Both are cut off where they do not fit: they are for people. */
	(void)snprintf(fault->field, sizeof(fault->field), "%s", field);
	(void)snprintf(fault->reason, sizeof(fault->reason), "%s", reason);
}

/* As the hub's types_subject does. */
void transaction_key_part(struct slice part, struct buffer *out)
{
	for (size_t i = 0; i < part.len; i++) {
		if (part.data[i] == '/')
			buffer_append_text(out, "%2F");
		else if (part.data[i] == '%')
			buffer_append_text(out, "%25");
		else
			buffer_append_byte(out, part.data[i]);
	}
}

void transaction_key(const struct transaction_ref *ref, struct buffer *out)
{
	transaction_key_part(ref->store_id, out);
	buffer_append_byte(out, '/');
	transaction_key_part(ref->workstation_id, out);
	buffer_append_byte(out, '/');
	transaction_key_part(ref->business_date, out);
	buffer_append_byte(out, '/');
	transaction_key_part(ref->sequence_number, out);
}

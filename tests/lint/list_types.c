/* The registry of event types as lines, for the lint tests and docs/events.md:
 *
 *     id <TAB> name <TAB> message <TAB> flags <TAB> subject <TAB> mandatory */
#include <stdio.h>

#include "wire/types.h"

int main(void)
{
	for (size_t i = 0; i < event_type_count; i++) {
		const struct event_type *type = &event_types[i];
		printf("%d\t%s\t%s\t%s%s%s%s\t%s\t%s\n", type->id, type->name, type->message->name,
			(type->flags & TYPE_DERIVED) != 0 ? "derived " : "",
			(type->flags & TYPE_DECISION) != 0 ? "decision " : "",
			(type->flags & TYPE_REFERENCE) != 0 ? "reference " : "",
			(type->flags & TYPE_CORRECTABLE) != 0 ? "correctable " : "", type->subject,
			type->mandatory);
	}
	return 0;
}

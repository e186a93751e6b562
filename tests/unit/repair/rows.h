/* What a reader makes of some bytes, as text that a test can compare. */
#ifndef UNIT_REPAIR_ROWS_H
#define UNIT_REPAIR_ROWS_H

#include <stdio.h>

#include "channel/repair/row.h"

/* "3: id=A1 name=王芳": the line, then the cells that are not empty. */
static inline void rows_print(struct buffer *out, const struct row *row)
{
	buffer_printf(out, "%llu:", (unsigned long long)row->at.line);
	for (size_t i = 0; i < row->count; i++) {
		if (row->cells[i].text.len == 0)
			continue;
		buffer_append_byte(out, ' ');
		buffer_append_slice(out, row->cells[i].name);
		buffer_append_byte(out, '=');
		buffer_append_slice(out, row->cells[i].text);
	}
	buffer_append_byte(out, '\n');
}

/* "! 4.2@37 name: byte 0xff is not UTF-8 text": line, column, byte; "?" when it is incomplete. */
static inline void rows_print_reject(struct buffer *out, const struct repair_reject *reject)
{
	buffer_printf(out, "%s%s %llu.%u@%llu %s%s%s\n", reject->incomplete ? "?" : "!",
		reject->fatal ? "!" : "", (unsigned long long)reject->at.line, reject->at.column,
		(unsigned long long)reject->at.byte, reject->field,
		reject->field[0] != 0 ? ": " : "", reject->reason);
}

#endif

#include "control/promises.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "core/settings.h"
#include "wire/pb.h"
#include "wire/pbedit.h"

/* Numbers of DeadlineInfo and DeadlineState. */
enum {
	INFO_STATE = 6,
	INFO_DUE = 8,
	INFO_KEPT = 15,
	STATE_RUNNING = 1,
	STATE_MISSED = 4,
};

static const struct {
	enum promise promise;
	const char *subject_kind;
} promises[] = {
	{PROMISE_REPAIR_RETURN, "repair"},
	{PROMISE_REPAIR_FIX, "repair"},
	{PROMISE_PART_SUPPLY, "repair"},
	{PROMISE_PART_OVERSEAS, "repair"},
	{PROMISE_COMPLAINT_ACKNOWLEDGE, "case"},
	{PROMISE_COMPLAINT_ANSWER, "case"},
	{PROMISE_CASE_ACKNOWLEDGE, "case"},
	{PROMISE_CASE_ANSWER, "case"},
	{PROMISE_APPOINTMENT_KEEP, "appointment"},
};

void promises_visit(struct rtxn *rtxn, const char *subject_kind, struct slice id,
	void (*visit)(void *context, struct slice info), void *context)
{
	uint8_t key[2 * LIMIT_ID_BYTES];
	const uint8_t *slash = id.len > 0 ? memchr(id.data, '/', id.len) : NULL;
	struct slice names[2] = {id, {NULL, 0}};
	if (slash != NULL)
		names[1] = slice_sub(id, (size_t)(slash - id.data) + 1, id.len);
	for (size_t i = 0; i < sizeof(promises) / sizeof(promises[0]); i++) {
		if (strcmp(promises[i].subject_kind, subject_kind) != 0)
			continue;
		for (int n = 0; n < 2 && names[n].len > 0; n++) {
			struct slice info;
			int len = snprintf((char *)key, sizeof(key), "%s/%.*s",
				promise_name(promises[i].promise), (int)names[n].len,
				(const char *)names[n].data);
			if ((size_t)len < sizeof(key) &&
				rtxn_get(rtxn, TABLE_DEADLINE, slice_of(key, (size_t)len), &info) ==
					CH_OK) {
				visit(context, info);
				break;
			}
		}
	}
}

struct promises_out {
	struct buffer *out;
	uint32_t field;
};

static void promises_put_one(void *context, struct slice info)
{
	const struct promises_out *to = context;
	pb_put_element(to->out, to->field, info);
}

void promises_put(struct rtxn *rtxn, const char *subject_kind, struct slice id, uint32_t field,
	struct buffer *out)
{
	struct promises_out to = {out, field};
	promises_visit(rtxn, subject_kind, id, promises_put_one, &to);
}

static void promises_first_due(void *context, struct slice info)
{
	int64_t *first_us = context;
	uint64_t state = 0;
	uint64_t due = 0;
	uint64_t kept = 0;
	(void)pbedit_get_uint(info, INFO_STATE, &state); /* absent is 0 */
	(void)pbedit_get_uint(info, INFO_DUE, &due);
	(void)pbedit_get_uint(info, INFO_KEPT, &kept);
	if ((state == STATE_RUNNING || (state == STATE_MISSED && kept == 0)) &&
		(int64_t)due < *first_us)
		*first_us = (int64_t)due;
}

int64_t promises_next_due(struct rtxn *rtxn, const char *subject_kind, struct slice id)
{
	int64_t first_us = INT64_MAX;
	promises_visit(rtxn, subject_kind, id, promises_first_due, &first_us);
	return first_us;
}

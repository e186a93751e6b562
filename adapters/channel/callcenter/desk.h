/* What agents log at their desks, one JSON object a line: consults and complaints, and what becomes of them
 * (acknowledged, answered, handed, escalated, closed, reopened), repairs registered, call-backs,
 * appointments, surveys, consents, e-mails, letters and faxes that came or went, and a customer's word on a
 * quote.
 *
 *     {"type":"case.logged","id":"K-1041/1","time":"2026-11-21T19:44:02+08:00","data":{"caseId":"K-1041",
 *      "kind":"CASE_KIND_CONSULT","owner":{"agentId":"201"},"callId":"cc01-1795290136.1"}}
 *
 * `type` is one of callcenter.* of docs/events.md, with or without its "callcenter."; those of calls and
 * of agents' phones are the exchange's to tell and are refused; repair.quote.approved and .declined are
 * written whole.  `id` is the desk program's own and stays the same
 * when a line is written again.  `data` is the typed message in proto3's JSON.  `time` is RFC 3339.  A whole
 * CloudEvent (specversion, source ...) is such a line, too.
 *
 * The digest is of the line's bytes: the same line again is a duplicate, another line under the same id a
 * conflict. */
#ifndef CALLCENTER_DESK_H
#define CALLCENTER_DESK_H

#include <protobuf-c/protobuf-c.h>

#include "base/slice.h"
#include "wire/envelope.h"

#define DESK_REASON_BYTES 320

struct desk;

struct desk_event {
	struct envelope envelope;
	const ProtobufCMessage *message;
};

/* `source` of lines that name none; must outlive the desk.  CH_NOMEM. */
enum ch_status desk_create(struct slice source, struct desk **out_desk);
void desk_free(struct desk *desk);

/* One line.  CH_OK: *out_event, valid until the next call.  CH_NOMEM.  Others: `reason` says which member and
 * why, in one line without values of people's. */
enum ch_status desk_read(struct desk *desk, struct slice line, struct desk_event *out_event,
	char reason[DESK_REASON_BYTES]);

#endif

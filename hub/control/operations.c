/* Who may do what, and where it runs. */
#include "carehub/v1/control.pb-c.h"
#include "control/call.h"

#define ANYBODY   0u
#define ASKERS    (PEER_CONSUMER | PEER_OPERATOR)
#define OPERATORS PEER_OPERATOR
#define ADMINS    PEER_ADMIN

#define OPERATION(name, roles, lane, message, step)                                                \
	{                                                                                          \
		name, roles, lane, &carehub__v1__##message##_request__descriptor, step             \
	}

const struct operation operations[] = {
	OPERATION("Status", ANYBODY, LANE_LOOP, status, status_step),
	OPERATION("Sessions", OPERATORS, LANE_LOOP, sessions, sessions_step),
	OPERATION("Reload", ADMINS, LANE_LOOP, reload, reload_step),

	OPERATION("Get", OPERATORS, LANE_QUICK, get, get_step),
	OPERATION("Find", OPERATORS, LANE_QUICK, find, find_step),
	OPERATION("Customer", ASKERS, LANE_QUICK, customer, customer_step),
	OPERATION("Record", ASKERS, LANE_QUICK, record, record_step),
	/* All open cases are looked at. */
	OPERATION("Cases", ASKERS, LANE_LONG, cases, cases_step),
	OPERATION("Reference", ASKERS, LANE_QUICK, reference, reference_step),
	OPERATION("Deadlines", OPERATORS, LANE_QUICK, deadlines, deadlines_step),
	OPERATION("Reviews", OPERATORS, LANE_QUICK, reviews, reviews_step),

	/* A consumer sees his own subscriptions: consumers_step looks. */
	OPERATION("Consumers", ASKERS, LANE_LOOP, consumers, consumers_step),
	OPERATION("Seek", OPERATORS, LANE_LOOP, seek, seek_step),
	OPERATION("DeleteConsumer", OPERATORS, LANE_LOOP, delete_consumer, delete_consumer_step),
	OPERATION("DeadLetters", OPERATORS, LANE_LOOP, dead_letters, dead_letters_step),
	OPERATION("SettleDeadLetters", OPERATORS, LANE_LOOP, settle_dead_letters,
		settle_dead_letters_step),
	OPERATION("Replay", OPERATORS, LANE_LOOP, replay, replay_step),
	OPERATION("Replays", OPERATORS, LANE_LOOP, replays, replays_step),
	OPERATION("ReplayControl", OPERATORS, LANE_LOOP, replay_control, replay_control_step),

	OPERATION("Quarantine", OPERATORS, LANE_QUICK, quarantine, quarantine_step),
	OPERATION("Resubmit", OPERATORS, LANE_QUICK, resubmit, resubmit_step),
	OPERATION("Discard", OPERATORS, LANE_QUICK, discard, discard_step),

	OPERATION("Clock", OPERATORS, LANE_QUICK, clock, clock_step),

	OPERATION("Backup", OPERATORS, LANE_LONG, backup, backup_step),
	OPERATION("Checkpoint", OPERATORS, LANE_LONG, checkpoint, checkpoint_step),
	/* Writing needs an admin: settings_step looks. */
	OPERATION("Settings", OPERATORS | ADMINS, LANE_QUICK, settings, settings_step),
};

const size_t operation_count = sizeof(operations) / sizeof(operations[0]);

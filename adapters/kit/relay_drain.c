#include "base/clock.h"
#include "base/log.h"
#include "kit/relay_inside.h"

static void relay_tell_damage(struct relay *relay, const struct spool_damage *damage)
{
	struct buffer line = {0};
	uint64_t lost = damage->last - damage->first + 1;
	relay->counts->lost += lost;
	log_error("spool.damaged", "adapter=%s first=%llu last=%llu file=%s offset=%llu",
		relay->adapter->program, (unsigned long long)damage->first,
		(unsigned long long)damage->last, damage->file, (unsigned long long)damage->offset);
	buffer_printf(&line,
		"spool: %llu events lost, numbers %llu to %llu: %s cannot be read from byte %llu on",
		(unsigned long long)lost, (unsigned long long)damage->first,
		(unsigned long long)damage->last,
		damage->file[0] != 0 ? damage->file : "a file that is gone",
		(unsigned long long)damage->offset);
	(void)relay_append_reject(relay, &line); /* the log has it, too */
	buffer_fini(&line);
}

/* The next flight out of the spool: CH_OK, relay->held; CH_END: none now. */
static enum ch_status relay_hand_out(struct relay *relay)
{
	struct spool_record record;
	struct spool_damage damage;
	enum ch_status status;
	while ((status = spool_next(relay->spool, &record, &damage)) == CH_GAP)
		relay_tell_damage(relay, &damage);
	if (status != CH_OK)
		return status;
	struct flight *flight = relay_flight(relay);
	if (flight == NULL)
		return CH_NOMEM;
	flight->number = record.number;
	flight->from_spool = true;
	flight->since_us = record.since_us;
	buffer_append_slice(&flight->event, record.event);
	buffer_append_slice(&flight->origin, record.origin);
	relay->held = flight;
	relay->draining++;
	return flight->event.status != CH_OK ? CH_NOMEM : flight->origin.status;
}

static enum ch_status relay_send_held(struct relay *relay)
{
	struct envelope envelope;
	const char *field = "";
	enum ch_status status =
		envelope_parse(buffer_slice(&relay->held->event), &envelope, &field);
	if (status == CH_OK)
		status = courier_send(relay->courier, &envelope,
			relay_waited_us(relay->held->since_us), &relay->held);
	if (status == CH_OK || relay_is_for_now(status))
		return status;
	struct flight *flight = relay->held;
	relay->held = NULL;
	return relay_settle_unsent(relay, flight, status);
}

/* So many may be under way out of the spool. */
static uint64_t relay_most_draining(const struct relay *relay)
{
	uint64_t rate = (uint64_t)relay->settings->spool_drain_rate;
	uint64_t window = (uint64_t)relay->settings->window;
	return rate > 0 && rate < window ? rate : window;
}

enum ch_status relay_drain(struct relay *relay)
{
	enum ch_status status = CH_OK;
	while (status == CH_OK && courier_is_up(relay->courier)) {
		if (relay->held == NULL) {
			if (relay->draining >= relay_most_draining(relay) ||
				clock_steady_us() < pace_due_us(&relay->pace))
				return CH_OK;
			status = relay_hand_out(relay);
			if (status != CH_OK)
				break;
			(void)pace_take(&relay->pace, clock_steady_us()); /* it is due */
		}
		status = relay_send_held(relay);
	}
	return status == CH_END || status == CH_FULL ? CH_OK : status;
}

int64_t relay_drain_due_us(const struct relay *relay)
{
	struct spool_state state;
	spool_look(relay->spool, &state);
	if (!courier_is_up(relay->courier) || state.records <= relay->draining ||
		relay->draining >= relay_most_draining(relay))
		return INT64_MAX;
	return pace_due_us(&relay->pace);
}

-- The table through which a station's own database hands its events over, as `carehub-repair outbox`
-- prints it; PostgreSQL 13 or newer.  Columns follow Debezium's outbox convention, with what a reader
-- needs beside it: sequence, txid, rejected.
--
-- A business transaction inserts its event together with its own rows:
--
--     BEGIN;
--     UPDATE repair SET state = 'repaired' WHERE number = 'R7';
--     INSERT INTO carehub_outbox (aggregatetype, aggregateid, type, payload)
--     VALUES ('repair', 'R7', 'repair.order.repaired',
--             '{"repairOrderId": "R7", "station": {"stationId": "SH12"}, "verdict": "REPAIR_VERDICT_FIXED"}');
--     COMMIT;

CREATE TABLE carehub_outbox (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),  -- of the event, for ever
    aggregatetype text NOT NULL,                               -- "repair"
    aggregateid   text NOT NULL,                               -- "R7"
    type          text NOT NULL,                               -- an event type, or the station's own word
    payload       jsonb NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    sequence      bigint GENERATED ALWAYS AS IDENTITY,         -- never with CACHE: order within an aggregate
    txid          xid8 NOT NULL DEFAULT pg_current_xact_id(),  -- for outbox.release = keep
    rejected      text                                         -- why the hub did not take it
);
CREATE INDEX carehub_outbox_waiting ON carehub_outbox (sequence) WHERE rejected IS NULL;
CREATE INDEX carehub_outbox_position_order ON carehub_outbox (txid, sequence);

-- For outbox.release = keep alone: how far each reader has come.
CREATE TABLE carehub_outbox_position (
    reader   text PRIMARY KEY,
    txid     xid8 NOT NULL,
    sequence bigint NOT NULL
);

-- Wakes the reader; without it rows are found by looking every outbox.poll.
CREATE FUNCTION carehub_outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('carehub_outbox', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER carehub_outbox_notify AFTER INSERT OR UPDATE OF rejected ON carehub_outbox
    FOR EACH STATEMENT EXECUTE FUNCTION carehub_outbox_notify();

-- The reader's role needs no more than this:
--
--     GRANT SELECT, DELETE, UPDATE (rejected) ON carehub_outbox TO carehub;
--     GRANT SELECT, INSERT, UPDATE ON carehub_outbox_position TO carehub;   -- release = keep

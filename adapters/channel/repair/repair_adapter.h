/* `carehub-repair run`: one of three ways by which a station's events come - the folder that it drops files
 * into, the outbox table of its database, the MQTT broker that it publishes to - as `repair.input` says.
 * The settings beside the kit's own are [repair], [folder], [outbox] and [mqtt]. */
#ifndef REPAIR_REPAIR_ADAPTER_H
#define REPAIR_REPAIR_ADAPTER_H

/* kit_main with that adapter: run, check, config. */
int repair_adapter_main(int argc, char **argv);

/* Asks the station's own program (ask.h) and prints its answer.  The exit status: 0, 2 unusable, 3 no answer. */
int repair_adapter_ask(const char *config, const char *question);

#endif

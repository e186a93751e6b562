/* The bus's double as a program, for clients in other languages.  Prints its endpoint, public key and the
 * client's secret key, one a line; then one answer a line to each command on its standard input:
 *
 *     drop | go_away | come_back | fill PREFIX N | seek NAME CURSOR | hold 0|1 | credit N
 *     count COUNTER | cursor NAME | violation
 *
 * and ends with its input. */
#include "support/fake_bus.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	enum fake_counter counter;
} counters[] = {
	{"stored", FAKE_STORED},
	{"events", FAKE_EVENTS},
	{"hellos", FAKE_HELLOS},
	{"resumes", FAKE_RESUMES},
	{"subscribes", FAKE_SUBSCRIBES},
	{"acked", FAKE_ACKED},
	{"in_flight", FAKE_MOST_IN_FLIGHT},
	{"pongs", FAKE_PONGS},
	{"byes", FAKE_BYES},
};

static uint64_t counted(struct fake_bus *bus, const char *name)
{
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		if (strcmp(counters[i].name, name) == 0)
			return fake_bus_count(bus, counters[i].counter);
	}
	return UINT64_MAX;
}

static void obey(struct fake_bus *bus, const char *command, const char *name, uint64_t number)
{
	uint64_t answer = 0;
	if (strcmp(command, "drop") == 0)
		fake_bus_drop(bus);
	else if (strcmp(command, "go_away") == 0)
		fake_bus_go_away(bus);
	else if (strcmp(command, "come_back") == 0)
		fake_bus_come_back(bus);
	else if (strcmp(command, "fill") == 0)
		fake_bus_fill(bus, name, (uint32_t)number);
	else if (strcmp(command, "seek") == 0)
		fake_bus_seek(bus, name, number);
	else if (strcmp(command, "hold") == 0)
		fake_bus_hold_receipts(bus, name[0] == '1');
	else if (strcmp(command, "credit") == 0)
		fake_bus_set_credit(bus, (uint32_t)strtoul(name, NULL, 10));
	else if (strcmp(command, "count") == 0)
		answer = counted(bus, name);
	else if (strcmp(command, "cursor") == 0)
		answer = fake_bus_cursor(bus, name);
	if (strcmp(command, "violation") == 0)
		printf("%s\n", fake_bus_violation(bus));
	else
		printf("%" PRIu64 "\n", answer);
	(void)fflush(stdout);
}

int main(void)
{
	char line[256];
	struct fake_bus *bus = fake_bus_start(NULL);
	if (bus == NULL)
		return 2;
	printf("%s\n%s\n%s\n", fake_bus_endpoint(bus), fake_bus_server_key(bus),
		fake_bus_secret_key(bus));
	(void)fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		char command[64] = "";
		char name[64] = "";
		uint64_t number = 0;
		if (sscanf(line, "%63s %63s %" SCNu64, command, name, &number) >= 1)
			obey(bus, command, name, number);
	}
	fake_bus_stop(bus);
	return 0;
}

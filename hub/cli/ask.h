/* Asking the hub: a message of control.proto goes out, its replies come back unpacked. */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include <protobuf-c/protobuf-c.h>

#include "cli/cli.h"

/* One reply; it lives as long as the call.  Returning false ends the asking, which counts as
 * done. */
typedef bool ask_callback(void *context, const ProtobufCMessage *reply);

/* Connects, asks, hands each reply to `each`.  EXIT_FINE, or it has said what is wrong. */
int ask(struct cli *cli, const char *operation, const ProtobufCMessage *request,
	const ProtobufCMessageDescriptor *reply, ask_callback *each, void *context);

/* The same without a word about a failure, for those who have their own. */
enum ch_status ask_quietly(struct cli *cli, const char *operation, const ProtobufCMessage *request,
	const ProtobufCMessageDescriptor *reply, ask_callback *each, void *context);

/* One reply that outlives the call; free it with protobuf_c_message_free_unpacked. */
int ask_one(struct cli *cli, const char *operation, const ProtobufCMessage *request,
	const ProtobufCMessageDescriptor *reply, ProtobufCMessage **out_reply);

/* A message as one line of JSON on standard output. */
void ask_print(const ProtobufCMessage *message);

#endif

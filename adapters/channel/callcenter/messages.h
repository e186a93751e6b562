/* The messages of captures of the manager port, or of FreeSWITCH's event socket, as they were read, one JSON object a
 * line, for whoever compares readers:
 *
 *     {"kind":"event","name":"Hangup","offset":4711,"fields":[["Event","Hangup"],["Cause","16"]]}
 *
 * What has a body has "body", too.  Bytes that are no UTF-8 are written as U+FFFD. */
#ifndef CALLCENTER_MESSAGES_H
#define CALLCENTER_MESSAGES_H

#include <stdio.h>

/* "-" is standard input.  0: fine; 1: something was passed over, or the end is missing; 2: a file cannot be
 * read, or not to its end. */
int messages_print(char *const *paths, size_t count, FILE *out, FILE *errors);

#endif

/* The adapter of a call center: an exchange that is listened to, its logs, the agents' screens and desks, as one
 * source of the kit's.
 *
 *     manager port, or event socket -- exchange.c --> harvest --+--> next ----> hub
 *     queue_log, cdr -- log_fill.c -----------------> harvest --+
 *     desk.folder --- kit/folder ------------------------------+
 *     a telephone rings -- screens.c: question to the hub --> answer --> POST, WebSocket
 *
 * An exchange acknowledges nothing, so nothing is let go of there; what was missed (a lost line, a kill, a
 * call that was under way when we came) is found in the logs.  With logs, a call of which something was missed is
 * left to them altogether; without, it is told as far as it is known. */
#ifndef CALLCENTER_HOTLINE_H
#define CALLCENTER_HOTLINE_H

/* run, check and config of carehub-callcenter; the exit status. */
int hotline_main(int argc, char **argv);

#endif

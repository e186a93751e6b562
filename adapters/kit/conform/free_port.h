/* A TCP port of the loopback that nobody has, for sources that listen.  Another program may take it before
 * they do: then they say so. */
#ifndef KIT_CONFORM_FREE_PORT_H
#define KIT_CONFORM_FREE_PORT_H

#include <stdint.h>

uint16_t free_port(void); /* 0: none */

#endif

/* The page that a browser meets at the HTTP port's address: what else there is. */
#ifndef CONSOLE_INDEX_H
#define CONSOLE_INDEX_H

#include "net/http.h"

/* Adds /. */
void index_serve(struct http *http);

#endif

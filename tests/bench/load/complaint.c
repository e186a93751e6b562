#include "bench/load/complaint.h"

#include <stdarg.h>
#include <stdio.h>

void complaint(const char *who, const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments); /* cut short is good enough */
	va_end(arguments);
	(void)fprintf(stderr, "%s: %s\n", who, text); /* nobody left to tell */
}

/* What a page carries with it, from the files in asset/ and the chart library of Debian's packages; embedded
 * when the program is built, so that a page is made the same wherever it runs.  Constant bytes. */
#ifndef REPORT_ASSET_H
#define REPORT_ASSET_H

#include "base/slice.h"

struct slice asset_style(void);
struct slice asset_script(void);
struct slice asset_library(void); /* Chart.js */
struct slice asset_notice(void);  /* its license, which goes wherever it goes */

#endif

/* The report that a manager reads: promises first, then what is behind them, reckoned by measure.h,
 * control.h and defects.h, as the document of module/report.  Nothing is reckoned here, only shown; a share stays
 * two counts until it is shown. */
#ifndef QUALITY_MANAGER_REPORT_H
#define QUALITY_MANAGER_REPORT_H

#include "module/kit/feed.h"
#include "module/quality/manager/control.h"
#include "module/quality/manager/defects.h"
#include "module/quality/measure/measure.h"
#include "module/report/report.h"

struct manager_input {
	/* The stretch reported on; its CUT_PERIOD begins as much earlier as there is to compare with. */
	const struct measures *now;
	const struct control *control; /* may be NULL */
	const struct defects *defects; /* may be NULL */
	struct feed_state feed;        /* of the book that all of it is from */
	struct slice gaps;             /* "entries 12 to 40", empty: none are missing */
	size_t columns;                /* of the reader's terminal; 0: as wide as it comes */
};

/* Starts *out_report, which looks at nothing of the input afterwards; CH_NOMEM is in its status.  The caller
 * frees it. */
void manager_report(const struct manager_input *input, struct report *out_report);

#endif

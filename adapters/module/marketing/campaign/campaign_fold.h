/* How the journal gets into the ledger (campaign_ledger.h): a fold for each type; campaign_part.c has the table. */
#ifndef MARKETING_CAMPAIGN_FOLD_H
#define MARKETING_CAMPAIGN_FOLD_H

#include "module/kit/module.h"

module_fold_function campaign_fold_message;
module_fold_function campaign_fold_started;
module_fold_function campaign_fold_ended;
module_fold_function campaign_fold_survey;
module_fold_function campaign_fold_order;
module_fold_function campaign_fold_called;
module_fold_function campaign_fold_not_reached;
module_fold_function campaign_fold_unsubscribed;
module_fold_function campaign_fold_merged;
module_fold_function campaign_fold_unmerged;

#endif

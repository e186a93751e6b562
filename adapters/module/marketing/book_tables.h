/* The tables of carehub-marketing's book (module/kit/book.h), by which part they belong to.
 *
 * facts, folded from the journal, the same in whatever order it came:
 *
 *   purchases   purchase id                              -> all that was said of it (purchase.h)
 *   held        customer, kind, ...                      -> what he has now; a profile is one walk (held.h)
 *   units       serial number, stamp, claim              -> who bought or registered it then
 *   complaints  case                                     -> whose it is, when opened and closed
 *   products    product number                           -> category and brand, as published last
 *   buyers      product number, customer                 -> nothing; whom a change of it concerns
 *
 * judgements, reckoned from facts, definitions and the clock:
 *
 *   standings   customer                                 -> level, segments, what was said of them
 *   members     segment, customer                        -> since when
 *   stale       customer                                 -> nothing; he is to be judged anew
 *   due         time, customer                           -> nothing; when time alone may change something
 *   sweeps      what is gone through in pieces           -> how far
 *
 * receipts for the rules of what is bought together:
 *
 *   receipts    date, store, till, number                -> its basket; or that it was voided
 *   baskets     page                                     -> baskets, one behind the other (rule_book.h)
 *   items       number                                   -> name
 *   tree        piece                                    -> what spares a start the counting; as of some moment
 *
 * campaigns (campaign_ledger.h tells their keys and values):
 *
 *   campaign.starts, .messages, .ids, .answers, .merges  facts, folded from the journal
 *   campaign.care                                        what somebody must see to, and notes of the desk */
#ifndef MARKETING_BOOK_TABLES_H
#define MARKETING_BOOK_TABLES_H

enum marketing_table {
	TABLE_PURCHASES,
	TABLE_HELD,
	TABLE_UNITS,
	TABLE_COMPLAINTS,
	TABLE_PRODUCTS,
	TABLE_BUYERS,
	TABLE_STANDINGS,
	TABLE_MEMBERS,
	TABLE_STALE,
	TABLE_DUE,
	TABLE_SWEEPS,
	TABLE_RECEIPTS,
	TABLE_BASKETS,
	TABLE_ITEMS,
	TABLE_TREE,
	TABLE_CAMPAIGN_STARTS,
	TABLE_CAMPAIGN_MESSAGES,
	TABLE_CAMPAIGN_IDS,
	TABLE_CAMPAIGN_CARE,
	TABLE_CAMPAIGN_ANSWERS,
	TABLE_CAMPAIGN_MERGES,
	MARKETING_TABLES,
};

/* Their names, in this order. */
extern const char *const marketing_tables[MARKETING_TABLES];

#endif

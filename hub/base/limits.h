/* Every bound that a stranger can reach, by name, with the answer he gets there. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* The bus: over it, a typed refusal CH_TOO_LARGE; over the frame, the message is dropped and counted. */
#define LIMIT_EVENT_BYTES      (256u * 1024u)
#define LIMIT_FRAME_BYTES      (1024u * 1024u)
#define LIMIT_EVENTS_PER_FRAME 256u
#define LIMIT_ID_BYTES         200u
#define LIMIT_SOURCE_BYTES     200u
#define LIMIT_TYPE_BYTES       100u
#define LIMIT_SUBJECT_BYTES    200u
#define LIMIT_NAME_BYTES       64u /* peers, subscriptions, jobs */
#define LIMIT_PATTERN_BYTES    200u
#define LIMIT_FILTER_PATTERNS  64u
#define LIMIT_CHECKPOINT_BYTES 1024u
#define LIMIT_SNAPSHOT_TABLES  16u

/* Sources whose checkpoint one HELLO may ask for. */
#define LIMIT_CHECKPOINTS_PER_HELLO 64u

/* A stored key is shorter than LMDB's 511 bytes with our prefixes; over it, CH_TOO_LARGE. */
#define LIMIT_KEY_BYTES   480u
#define LIMIT_VALUE_BYTES (128u * 1024u)

/* Sessions and flow: over it, the oldest idle session is closed or credit is withheld. */
#define LIMIT_SESSIONS           4096u
#define LIMIT_CREDIT_EVENTS      4096u
#define LIMIT_SUBSCRIPTIONS      1024u
#define LIMIT_INFLIGHT_PER_SUB   65536u
#define LIMIT_DEADLETTERS_LISTED 1000u
#define LIMIT_RANGES_PER_ACK     4096u
#define LIMIT_NACKS_PER_ACK      1024u
#define LIMIT_NACK_REASON_BYTES  200u

/* Questions and operations under way: over it, CH_BUSY. */
#define LIMIT_REQUESTS             1024u
#define LIMIT_REQUESTS_PER_SESSION 32u

/* What one event may change, and what one customer may hold. */
#define LIMIT_EFFECTS_PER_EVENT 512u
#define LIMIT_DERIVED_PER_EVENT 64u
#define LIMIT_KEYS_PER_CUSTOMER 64u
#define LIMIT_UNIT_REPAIRS      16u /* the newest, kept with the unit */
#define LIMIT_FIELDS_PER_RECORD 256u

/* What one repair, case or key of the information base remembers.  Pauses beyond stop no clock; of
 * hand-overs and past values the oldest make room; promotions that run beyond are in no screen pop. */
#define LIMIT_PAUSE_MARKS       64u
#define LIMIT_HAND_OVERS        32u
#define LIMIT_REFERENCE_PAST    64u
#define LIMIT_PROMOTIONS_LISTED 256u
#define LIMIT_MODEL_PRODUCTS    64u  /* found by one model */
#define LIMIT_SUPPLY_LINES      256u /* of a parts order; one with more is counted as one */
#define LIMIT_SUPPLY_ORDERS     16u  /* of one goods receipt; beyond them no clock stops */
#define LIMIT_LADDER_RUNGS      8u
#define LIMIT_ROLE_BYTES        32u

/* What is on the wire below the protocol: over it, the connection is closed and counted. */
#define LIMIT_CONNECTIONS       8192u
#define LIMIT_UNFINISHED_BYTES  4194304u /* sent, but no whole message yet */
#define LIMIT_UNREAD_MESSAGES   256u     /* of a connection, before TCP holds its peer back */
#define LIMIT_PARTS_PER_MESSAGE 16u      /* one is right; so many are no mistake */
#define LIMIT_TOPICS_PER_PEER   1024u    /* on the live port; over it, none is added */

/* Files that administrators write: over it, a reported mistake. */
#define LIMIT_PEERS             4096u
#define LIMIT_PROBLEMS          1000u /* listed; the rest are counted */
#define LIMIT_CONFIG_BYTES      1048576u
#define LIMIT_CONFIG_LINE_BYTES 4000u
#define LIMIT_CONFIG_ITEMS      256u /* in one list */

/* The console: over it, a new series is not kept, a request is refused. */
#define LIMIT_METRIC_SERIES     16384u
#define LIMIT_HTTP_CONNECTIONS  256u
#define LIMIT_HTTP_HEADER_BYTES 4096u
#define LIMIT_HTTP_ROUTES       64u

/* The journal: over it, CH_TOO_LARGE.  A batch is one write and one sync; the writer ends it long
 * before, and what is larger than an entry may be cannot be an event. */
#define LIMIT_ENTRY_BYTES (4u * 1024u * 1024u)
#define LIMIT_BATCH_BYTES (8u * 1024u * 1024u)
/* Readers of the store at one time, snapshots among them: over it, CH_BUSY. */
#define LIMIT_STORE_READERS 512u

/* Decoders. */
#define LIMIT_JSON_DEPTH  16u
#define LIMIT_JSON_BYTES  (4u * 1024u * 1024u)
#define LIMIT_JSON_VALUES (256u * 1024u)
#define LIMIT_JSON_MEMORY (16u * 1024u * 1024u) /* of the message read from it */
#define LIMIT_PB_DEPTH    16u

/* Files that stations drop: over it, a reject that names the place. */
#define LIMIT_ROW_BYTES      (1024u * 1024u) /* a CSV record, a JSON line                       */
#define LIMIT_ROW_COLUMNS    1024u           /* of a CSV record, members of a JSON object       */
#define LIMIT_INFLATED_BYTES (1024u * 1024u * 1024u) /* of a compressed file, when unpacked     */
#define LIMIT_XML_DEPTH      64u
/* Of one tag: libxml2 compares each with all others. */
#define LIMIT_XML_ATTRIBUTES 16384u
#define LIMIT_MAPPING_BYTES  (256u * 1024u)
#define LIMIT_LOG_FOLDER     65536u /* names looked at for a log's earlier files                */
#define LIMIT_OUTBOX_BYTES   1024u  /* of an outbox row's column beside the payload            */

/* Plain data files for charts and baskets: over it, the file is refused with the place. */
#define LIMIT_DATA_BYTES     (512u * 1024u * 1024u)
#define LIMIT_CHART_POINTS   1000000u
#define LIMIT_CHART_TOTAL    2147483647 /* units inspected, so that limits are compared exactly */
#define LIMIT_PARETO_CLASSES 100000u
/* Charts over the facts: over it, none is drawn. */
#define LIMIT_CONTROL_STRATA 65536u
#define LIMIT_SORTER_BYTES   (32u * 1024u * 1024u) /* of a report's sorting; over it, on the disk */
#define LIMIT_BASKETS        16777216u
#define LIMIT_BASKET_ITEMS   4096u /* in one basket */
#define LIMIT_ITEMS          65536u
/* Frequent item sets, and sets counted to find them: over it, the support asked for is too low. */
#define LIMIT_ITEM_SETS       1000000u
#define LIMIT_COUNTED_SETS    4000000u
#define LIMIT_ITEM_SET_LENGTH 32u

/* Reports of modules: a text is cut; rows and points beyond are counted, and the report says how many. */
#define LIMIT_REPORT_TEXT_BYTES 1024u
#define LIMIT_REPORT_ROWS       100000u /* of one table */
#define LIMIT_REPORT_POINTS     512u    /* of one figure */
/* Definitions of segments and levels: over it, a mistake that names the place. */
#define LIMIT_CONDITION_BYTES 4096u
#define LIMIT_CONDITION_NODES 256u
#define LIMIT_CONDITION_DEPTH 32u
#define LIMIT_CONDITION_TEXTS 64u /* in one list */
#define LIMIT_CONDITION_DAYS  36500
#define LIMIT_SEGMENTS        256u
#define LIMIT_LEVELS          16u
#define LIMIT_SEGMENT_NAME    64u
/* Parts and lines of one purchase: over it, the event is noted as a reject. */
#define LIMIT_PURCHASE_PARTS 256u
#define LIMIT_PURCHASE_LINES 4096u
/* Purchases of one customer that conditions look at: over it, the newest. */
#define LIMIT_PROFILE_PURCHASES 65536u

/* What an adapter keeps of a file's rejects, those beyond are only counted; and after which a file of rejects that
 * goes on is put aside, up to nine times. */
#define LIMIT_REJECTS_BYTES (1024u * 1024u)
/* Events that a module could not fold, in its book; the oldest go. */
#define LIMIT_MODULE_REJECTS 10000u

/* Where an event stood at its source, in an adapter's spool: over it, cut. */
#define LIMIT_ORIGIN_BYTES 1024u

/* Till logs: over it, that transaction is rejected and the rest of the file goes on. */
#define LIMIT_POS_TRANSACTION_BYTES (4u * 1024u * 1024u)
#define LIMIT_POS_LINES             4096u /* lines and their parts */
#define LIMIT_POS_TEXT_BYTES        1024u /* one value */
/* Over it, repeated numbers within a file are left to the hub to find. */
#define LIMIT_POS_SEEN 262144u

/* Interchanges: over it, the interchange or its message is refused with the code that says so. */
#define LIMIT_PARTS_FILE_BYTES    (64u * 1024u * 1024u)
#define LIMIT_PARTS_MESSAGE_BYTES (4u * 1024u * 1024u)
#define LIMIT_PARTS_SEGMENT_BYTES 65536u
#define LIMIT_PARTS_VALUES        512u     /* components of one segment */
#define LIMIT_PARTS_INTERCHANGES  65536u   /* of one file */
#define LIMIT_PARTS_MESSAGES      65536u   /* of one interchange */
#define LIMIT_PARTS_SEAMS         65536u   /* kept of one interchange; beyond, slower */
#define LIMIT_PARTS_FLAWS         20u      /* told of one message; it is refused by the first */
#define LIMIT_PARTS_REMEMBERED    1048576u /* interchanges known by their reference */
#define LIMIT_PARTNERS            1024u    /* whom interchanges go out to */
#define LIMIT_PARTNER_NAME_BYTES  64u

/* The telephone exchange: over it, a message is passed over and counted. */
#define LIMIT_AMI_LINE_BYTES    65536u
#define LIMIT_AMI_MESSAGE_BYTES 262144u
#define LIMIT_AMI_FIELDS        2048u
#define LIMIT_AMI_ACTION_BYTES  1024u /* a line of an action; the exchange's own bound */
#define LIMIT_AMI_ACTIONS       64u   /* under way: over it, CH_BUSY */
/* The same of FreeSWITCH's event socket; headers over their bound end the connection. */
#define LIMIT_ESL_HEAD_BYTES 65536u
#define LIMIT_ESL_BODY_BYTES (8u * 1024u * 1024u)
#define LIMIT_ESL_QUEUES     256u /* that are looked into after a login: those beyond are not */
/* Calls under way: over it, the oldest is given up and left to the logs. */
#define LIMIT_CALLS           16384u
#define LIMIT_CALL_CHANNELS   65536u
#define LIMIT_CALL_LEGS       64u  /* of one call; those beyond are counted */
#define LIMIT_CALL_TEXT_BYTES 512u /* one value; cut */
#define LIMIT_SURVEY_QUESTIONS                                                                     \
	32u /* that a caller answers by keys: those beyond are a mistake in the settings */
#define LIMIT_CALL_SURVEYS 8u /* forms of one channel: those beyond are passed over */
/* Finished calls that wait for the hub: over it, the logs have them. */
#define LIMIT_CALLS_WAITING  65536u
#define LIMIT_ARRIVALS_BYTES (64u * 1024u * 1024u) /* FILE.idx of a capture; over it, not read */
#define LIMIT_POPS           256u /* screen pops under way: over it, the oldest is given up */
#define LIMIT_POP_SOCKETS    512u /* agents' programs on the WebSocket: over it, refused */
/* Connections to it that have not shown yet that they may: over it, they wait for those to be cut off. */
#define LIMIT_POP_STRANGERS 256u
#define LIMIT_AGENTS        4096u /* names of agents and groups that are known: those beyond have none */

/* What a module keeps of one thing: marks beyond are left out, the earliest stay; over the texts' bounds the
 * event is noted as one that cannot be folded. */
#define LIMIT_FACT_MARKS      512u
#define LIMIT_FACT_NAME_BYTES 96u
#define LIMIT_FACT_TEXT_BYTES 200u

#define LIMIT_PENDING_PER_SUB     4096u
#define LIMIT_DEADLETTERS_PER_SUB 100000u
#define LIMIT_REPLAYS             256u /* jobs that are remembered; over it, CH_FULL */
#define LIMIT_REPLAYS_PER_SUB     4u   /* that have not ended */
#define LIMIT_UNSENT_FRAMES       256u /* answers a session does not take: over it, it is closed */
#define LIMIT_UNSENT_BYTES                                                                         \
	2097152u /* of large frames that libzmq holds for a peer: over it, they wait */
#define LIMIT_UNREAD_COMMANDS 65536u /* messages of a session that wait: over it, it is closed */
#define LIMIT_ACK_WAIT_MS     3600000u
#define LIMIT_NACK_DELAY_MS   86400000u

#endif

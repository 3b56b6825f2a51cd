// Generated from packages/protocol/schema by tools/generate.mjs. Do not edit.

/** The whole configuration, validated. */
export interface ConfigValues {
  /** the one folder everything is kept in */
  readonly dataDir: string;
  readonly node: {
    /** name of this node; empty: made at the first start and kept */
    readonly id: string;
    /** address the listeners of this node bind to */
    readonly host: string;
  };
  readonly log: {
    /** lowest level that is logged */
    readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
    /** log file; empty: logs/ndts.log in the data folder; "-": standard error */
    readonly file: string;
  };
  readonly loop: {
    /** what the main loop does without work: spin for loop.spinMs then sleep, always spin, or always sleep */
    readonly idle: 'adaptive' | 'spin' | 'sleep';
    /** how long adaptive spins after the last work, where work comes ten times as often; where it comes seldom it spins for a third of a millisecond */
    readonly spinMs: number;
    /** how long what cannot say when it is due is left alone then, up to eight times as long after seconds without work; all else is woken or waits for its time */
    readonly sleepMs: number;
  };
  readonly ring: {
    /** what a strategy does while no tick comes, after loop.spinMs: rest as loop.idle says, look on and yield its processor, or sleep until ticks are published */
    readonly wait: 'spin' | 'yield' | 'sleep';
    /** how long it yields or sleeps at once, asleep ten times as long after a second without ticks; messages wait as long for a strategy that yields, and wake one that sleeps */
    readonly waitMs: number;
  };
  readonly cluster: {
    /** number of virtual shards, a power of two; fixed at the first start of a data folder */
    readonly shards: number;
    /** between two health checks of a node */
    readonly healthCheckIntervalMs: number;
    /** between two heartbeats of a node */
    readonly heartbeatIntervalMs: number;
    /** time to live of a node lease */
    readonly leaseTtlMs: number;
    /** copies of each shard; more than one comes with replication */
    readonly dataReplication: number;
  };
  readonly storage: {
    /** shared memory between append and the log; holds what is accepted and not yet written */
    readonly stagingBytes: number;
    /** size of one log file; the first one after a start has at most 4 MiB */
    readonly walFileBytes: number;
    /** log bytes kept before the memtable is sealed into a segment */
    readonly walBudgetBytes: number;
    /** memtable bytes before it is sealed into a segment */
    readonly memtableBytes: number;
    /** longest time an accepted tick waits for its fdatasync when nobody waits for it */
    readonly commitIntervalMs: number;
    /** longest time ticks stay in memory and log before they are sealed into segments; 0: only by size */
    readonly sealIntervalMs: number;
    /** how often a snapshot of each engine is linked beside its files; 0: on demand only */
    readonly snapshotIntervalMs: number;
    /** how many of those snapshots are kept */
    readonly snapshotsKept: number;
    /** segments of similar size of a (table, shard, day) that are merged into one */
    readonly mergeSegments: number;
    /** sorted tables of level 0 that begin a compaction */
    readonly level0Tables: number;
    /** size of level 1 of the key-value table; never below four memtables */
    readonly level1Bytes: number;
    /** how much larger each level is than the one above it */
    readonly levelFactor: number;
    /** what merging segments, and compaction of the key-value table, may each read in a second; 0: no limit */
    readonly compactionBytesPerSecond: number;
    /** how long days are kept, as TABLE:AGE or TABLE:AGE:archive with an age such as 90d, 12w or 5y: tick:2y:archive */
    readonly retention: readonly string[];
    /** how often old days are looked for; 0: on demand only */
    readonly retentionIntervalMs: number;
    /** folder of archived days; empty: cold/ in the data folder */
    readonly archiveDir: string;
    /** slots of the tick ring of one shard, a power of two */
    readonly ringSlots: number;
    /** slots of the trade ring of one shard, a power of two */
    readonly tradeRingSlots: number;
    /** slots of the book ring of one shard, a power of two */
    readonly bookRingSlots: number;
    /** folder for staging and rings; empty: shared memory, or the data folder where there is none */
    readonly memoryDir: string;
  };
  readonly feed: {
    /** what every start begins with; other feeds are added (docs/feeds.md) */
    readonly kind: 'simulator' | 'none';
    /** number of simulated symbols */
    readonly symbols: number;
    /** simulated ticks per second over all symbols */
    readonly ticksPerSecond: number;
    /** seed of the simulator; the same seed gives the same ticks */
    readonly seed: number;
    /** how many of a million simulated ticks are dirty */
    readonly dirtPerMillion: number;
    /** kinds of that dirt: those the default rules refuse, or all (docs/feeds.md) */
    readonly dirt: 'plain' | 'all';
    /** hours of the simulated market on working days, UTC, as 09:30-11:30; empty: always */
    readonly sessions: readonly string[];
    /** whether more is traded at both ends of a session */
    readonly shaped: boolean;
    /** how many of a million simulated ticks begin a burst of their symbol */
    readonly burstsPerMillion: number;
    /** how many of them begin a halt of their symbol */
    readonly haltsPerMillion: number;
    /** how many of them begin a loss of ticks of their symbol */
    readonly gapsPerMillion: number;
    /** whether trades of feeds are taken: cleaned, stored, on rings of their own */
    readonly trades: boolean;
    /** whether books of feeds are taken: five levels on rings of their own, every change stored */
    readonly books: boolean;
    /** whether the simulator makes a trade of each clean tick */
    readonly simulatedTrades: boolean;
    /** whether it makes a change of a book of each clean tick */
    readonly simulatedBooks: boolean;
    /** what becomes of a book whose bid is not below its ask (docs/books.md) */
    readonly crossedBooks: 'mark' | 'uncross' | 'resync';
    /** folder of recordings of feeds; empty: recordings/ in the data folder */
    readonly recordingDir: string;
    /** how large a packed file of a feed may be unpacked; never more than half of the free disk */
    readonly unpackedBytesMax: number;
  };
  readonly clean: {
    /** a price must be above 0 and below this */
    readonly priceMax: number;
    /** (ask - bid) / bid must be below this */
    readonly spreadMax: number;
    /** a tick older than the newest of its symbol by more than this is refused */
    readonly disorderMs: number;
    /** how far the times that several feeds give one tick or trade may differ (docs/quality.md) */
    readonly skewMs: number;
    /** file of cleaning rules, YAML, JSON or TOML (docs/cleaning.md), read again when it changes; empty: none */
    readonly rules: string;
  };
  readonly quality: {
    /** a symbol without a good tick for this long is STALE; 0: never */
    readonly staleMs: number;
    /** a symbol is GAPPED for this long after ticks were lost, unless they are repaired */
    readonly gapMs: number;
    /** a symbol whose bid is above its ask for this long is CROSSED */
    readonly crossedMs: number;
    /** how long what was wrong must be over before a symbol is GOOD again */
    readonly settleMs: number;
    /** limits of some symbols, first match first, as "BTC* staleMs=2000 settleMs=500"; the others have the limits above */
    readonly classes: readonly string[];
  };
  readonly symbols: {
    /** number of symbols above which none is registered on first sight */
    readonly countMax: number;
    /** longest name that is registered on first sight */
    readonly nameBytesMax: number;
    /** characters a name may have to be registered on first sight; a-z is a range */
    readonly characters: string;
  };
  readonly strategy: {
    /** strategies to run: names of built-in ones, paths of plugin files, or npm:PACKAGE */
    readonly list: readonly string[];
    /** folder of more strategies, which run once they are started by name; empty: strategies/ in the data folder */
    readonly dir: string;
    /** Bollinger period */
    readonly period: number;
    /** Bollinger width in population standard deviations */
    readonly width: number;
    /** quantity of one order, a decimal number */
    readonly quantity: string;
    /** how long a signal may be acted on */
    readonly validForMs: number;
    /** heap limit of a strategy process */
    readonly memoryMb: number;
  };
  readonly exec: {
    /** account the orders belong to */
    readonly account: string;
    /** up to six letters a to z in front of the ids of this node's orders at the venue: each node of an account needs its own (docs/protocol/orders.md) */
    readonly orderPrefix: string;
    /** what an intent must be before its order is sent; accepted is for the paper broker: with another one the default is durable */
    readonly journalMode: 'accepted' | 'durable';
    /** file that says what symbols are worth: multiplier, currency, tick size, lot, exchange (docs/instruments.md); empty: none */
    readonly instruments: string;
    /** the broker orders go to */
    readonly broker: 'paper' | 'fix' | 'ib' | 'ccxt';
    /** the broker they go to while that one fails (docs/routing.md); another one */
    readonly backup: 'none' | 'paper' | 'fix' | 'ib' | 'ccxt';
    /** symbols the backup trades, of those it has instruments for, as BTC*; empty: all of them */
    readonly backupSymbols: readonly string[];
    /** with a backup: which orders go to one of the two alone, the first rule that fits, as "symbol BTC* ccxt", "account main ib" or "type limit fix" (docs/routing.md) */
    readonly routes: readonly string[];
    /** with a backup: how long after the last failure an order tries the way to the first broker again */
    readonly breakerRetryMs: number;
    /** an order without an answer of the broker for this long is unknown and is asked for */
    readonly answerTimeoutMs: number;
    /** how often journal and broker are compared while orders go out; what differs twice in a row counts (exec.differences); 0: only at the start, after the broker was away, and on demand */
    readonly checkMs: number;
    /** what becomes of a difference between journal and broker: trading stops, what the broker has is adopted, or it is only told (docs/protocol/orders.md) */
    readonly differences: 'halt' | 'adopt' | 'report';
    /** simulated one-way latency of the paper broker */
    readonly paperLatencyUs: number;
    /** fee of the paper broker in basis points of the traded value */
    readonly paperFeeBps: number;
    /** what the paper broker executes: all of an order at the touch, or what is shown and what trades behind the queue in front of it (docs/protocol/broker-cards.md) */
    readonly paperFill: 'touch' | 'queue';
    /** of a million orders, how many the paper broker refuses */
    readonly paperRejects: number;
    /** of a million requests, how many never arrive at the paper broker; cancels always do */
    readonly paperLostRequests: number;
    /** of a million requests, how many the paper broker carries out and never answers */
    readonly paperLostAnswers: number;
    /** of a million executions, how many the paper broker makes in two parts */
    readonly paperPartialFills: number;
    /** of a million requests, at how many the paper broker goes away, before or after it arrived */
    readonly paperOutages: number;
    /** seed of what the paper broker leaves to chance; 0: another one at each start */
    readonly paperSeed: number;
    /** how long the paper broker is away then */
    readonly paperOutageMs: number;
  };
  readonly ib: {
    /** where TWS or IB Gateway listens (docs/ib.md) */
    readonly host: string;
    /** its port: 4001 and 4002 of IB Gateway, 7496 and 7497 of TWS, live and paper */
    readonly port: number;
    /** number of this client there, of no other */
    readonly clientId: number;
    /** account there the orders are for */
    readonly account: string;
    /** file that says which contract each symbol is */
    readonly contracts: string;
    /** time zone of the times it tells without one */
    readonly timeZone: string;
    /** messages sent at most; it ends the session of who sends more than 50 */
    readonly messagesPerSecond: number;
    /** longest time a sent request may still take effect */
    readonly inFlightMs: number;
  };
  readonly ccxt: {
    /** exchange orders go to, as ccxt calls it (docs/crypto.md) */
    readonly venue: string;
    /** whether orders go to its world of play money */
    readonly sandbox: boolean;
    /** market of each symbol, as BTC-USD=BTC/USDT or BTC-PERP=BTC/USDT:USDT */
    readonly markets: readonly string[];
    /** YAML file of mode 0600 with apiKey, secret and what else the exchange wants */
    readonly keyFile: string;
    /** how often markets with open orders are asked */
    readonly pollMs: number;
    /** how long an answer is waited for */
    readonly requestMs: number;
    /** longest time a sent request may still take effect */
    readonly inFlightMs: number;
  };
  readonly fix: {
    /** name of the counterparty of FIX (docs/fix.md); with a trade id it names an execution for ever */
    readonly venue: string;
    /** where the counterparty listens */
    readonly host: string;
    /** its port */
    readonly port: number;
    /** what the counterparty calls us */
    readonly senderCompId: string;
    /** what it calls itself */
    readonly targetCompId: string;
    /** SenderSubID; empty: none */
    readonly senderSubId: string;
    /** TargetSubID; empty: none */
    readonly targetSubId: string;
    /** account whose positions are asked for; empty: that of the session */
    readonly account: string;
    /** Username of the Logon; empty: none */
    readonly username: string;
    /** file of mode 0600 with the Password of the Logon; empty: none */
    readonly passwordFile: string;
    /** HeartBtInt */
    readonly heartbeatSeconds: number;
    /** when a session is open, UTC, each with numbers of its own: 08:00-17:00, mon-fri 22:00-21:00 or sun 22:00 to fri 21:00; empty: one without an end */
    readonly hours: string;
    /** whether each Logon begins the numbers again; what was missed is then not sent again */
    readonly resetOnLogon: boolean;
    /** whether the connection is encrypted */
    readonly tls: boolean;
    /** certificates (PEM) the counterparty is checked against; empty: those of the system */
    readonly tlsCa: string;
    /** certificate file (PEM) we show; empty: none */
    readonly tlsCert: string;
    /** file of its private key (PEM), mode 0600 */
    readonly tlsKey: string;
    /** whether a counterparty beyond this machine may be connected to without TLS */
    readonly allowPlain: boolean;
    /** how long the counterparty refuses a ClOrdID it has seen */
    readonly deduplicates: 'none' | 'while-open' | 'day' | 'ever';
    /** longest time a sent request may still take effect */
    readonly inFlightMs: number;
    /** an order that got lost is sent again on request if it is not older; 0: never */
    readonly resendOrdersMs: number;
    /** how long an answer to a question may take */
    readonly queryTimeoutMs: number;
    /** whether the counterparty answers TradeCaptureReportRequest; else executions are those that were reported */
    readonly tellsTrades: boolean;
    /** whether it answers RequestForPositions; else positions are not compared */
    readonly tellsPositions: boolean;
    /** names of the counterparty that differ from ours, as BTC-USD=BTC/USD */
    readonly symbols: readonly string[];
  };
  readonly risk: {
    /** largest absolute position per symbol, open orders included; a decimal number */
    readonly maxPosition: string;
    /** largest quantity times price of one order; a decimal number */
    readonly maxOrderValue: string;
    /** largest realised and unrealised loss of a day; a decimal number */
    readonly maxDailyLoss: string;
    /** when the day begins that risk.maxDailyLoss is of, as hours and minutes of risk.dayZone */
    readonly dayStart: string;
    /** time zone of risk.dayStart, as Europe/Berlin */
    readonly dayZone: string;
    /** a quantity must be a multiple of this; a decimal number */
    readonly lot: string;
    /** a price must be a multiple of this; a decimal number; 0: any price */
    readonly tick: string;
    /** least quantity of one order; a decimal number; 0: none */
    readonly minQuantity: string;
    /** largest quantity of one order; a decimal number; 0: none */
    readonly maxQuantity: string;
    /** limits of some accounts, strategies and symbols (docs/protocol/risk.md), as "symbol BTC* maxPosition=5 tick=0.01" */
    readonly limits: readonly string[];
    /** worth of other currencies in that of the account, as "CNY=0.14"; an instrument needs the rate of its currency */
    readonly rates: readonly string[];
    /** whether an order may trade with an open one of the same account */
    readonly selfTrade: boolean;
    /** an order equal to the last one of its strategy, symbol and side within this time is refused; 0: never */
    readonly duplicateMs: number;
    /** orders of a strategy, symbol and side within risk.repeatMs that stop the strategy until a person resumes it; 0: no such throttle */
    readonly repeatCount: number;
    /** the time of risk.repeatCount */
    readonly repeatMs: number;
    /** how far the price of an order (limit, stop, or that of the market) may be from the last price, in percent */
    readonly collarPercent: number;
    /** how far from the last price ndts flatten may close where the market is beyond risk.collarPercent, in percent; it then goes with that as its limit (docs/protocol/risk.md) */
    readonly flattenPercent: number;
    /** while the price of a symbol is older than this, only orders that reduce its position pass */
    readonly staleMs: number;
    /** a tick marked suspect, crossed or stale moves nothing that waits for a price until another one says the same, or nothing came for this long (docs/protocol/orders.md); 0: at once */
    readonly doubtMs: number;
    /** a data node that was heard and is silent for this long makes every symbol reduce-only */
    readonly dataSilentMs: number;
    /** message rate limit of the account */
    readonly ordersPerSecond: number;
  };
  readonly control: {
    /** port of dashboard, REST and metrics; 0: any free one */
    readonly port: number;
    /** requests per second and client */
    readonly rateLimitPerSecond: number;
  };
  readonly sql: {
    /** what one SQL query may keep in memory; whoever asks may ask for less */
    readonly memoryBytes: number;
  };
  readonly postgres: {
    /** port of SQL for clients of PostgreSQL, usually 5432; 0: off */
    readonly port: number;
    /** address it binds to; beyond loopback it needs TLS */
    readonly host: string;
    /** clients that are logged in at once */
    readonly connectionsMax: number;
    /** how long a client may wait for a statement; a client may ask for less; 0: no limit */
    readonly statementTimeoutMs: number;
    /** certificate file (PEM); empty: no TLS */
    readonly tlsCert: string;
    /** file of its private key (PEM) */
    readonly tlsKey: string;
    /** whether a host beyond this machine may be served without TLS */
    readonly allowPlain: boolean;
  };
  readonly source: {
    /** host:port of data nodes, the first that answers, whose ticks and books this node works on instead of a feed of its own (docs/strategies.md); empty: none */
    readonly nodes: readonly string[];
    /** file with a token that they know */
    readonly tokenFile: string;
    /** whether they speak TLS; pulls of rings never do */
    readonly tls: boolean;
    /** certificates (PEM) of who may have signed theirs; empty: those of the system */
    readonly tlsCa: string;
  };
  readonly remote: {
    /** address where clients of other machines are served */
    readonly host: string;
    /** port of clients of other machines; 0: off */
    readonly port: number;
    /** certificate file (PEM); empty: no TLS */
    readonly tlsCert: string;
    /** file of its private key (PEM) */
    readonly tlsKey: string;
    /** whether a host beyond this machine may be served without TLS */
    readonly allowPlain: boolean;
    /** clients of other machines at once */
    readonly connectionsMax: number;
    /** whether clients of other machines may read the rings one-sided, and how; never encrypted */
    readonly pull: 'off' | 'tcp' | 'libfabric';
    /** with remote.pull libfabric: full name of the provider, as verbs;ofi_rxm or tcp;ofi_rxm; empty: verbs where there is a device */
    readonly pullProvider: string;
    /** port of these reads; 0: any free one */
    readonly pullPort: number;
    /** with remote.pull: memory through which clients of other machines read blocks of segments one-sided; 0: they are not read so */
    readonly blockArenaMb: number;
    /** of a client of another machine: memory for blocks that it read before */
    readonly blockCacheMb: number;
  };
  readonly line: {
    /** address the listeners of line protocol bind to */
    readonly host: string;
    /** port of line protocol over TCP; 0: off */
    readonly tcpPort: number;
    /** port of line protocol over HTTP; 0: off */
    readonly httpPort: number;
    /** certificate file (PEM) of both listeners; empty: no TLS */
    readonly tlsCert: string;
    /** file of its private key (PEM) */
    readonly tlsKey: string;
    /** whether a host beyond this machine may be served without TLS */
    readonly allowPlain: boolean;
    /** the tag that names the symbol of a row */
    readonly symbolTag: string;
    /** whether lines of ticks are a feed, cleaned and on the rings, or rows of a table */
    readonly ticks: 'feed' | 'table';
    /** whether lines of trades are a feed, too; needs feed.trades */
    readonly trades: 'feed' | 'table';
    /** whether a line of an unknown table creates it */
    readonly createTables: boolean;
    /** number of tables above which lines create none */
    readonly tablesMax: number;
    /** number of symbols above which lines create none */
    readonly symbolsMax: number;
    /** longest line */
    readonly lineBytesMax: number;
    /** largest body of a request, unpacked */
    readonly bodyBytesMax: number;
    /** connections at once of each listener */
    readonly connectionsMax: number;
    /** requests at once; above it the answer is 429 */
    readonly requestsMax: number;
    /** a connection that sends nothing for this long is closed */
    readonly idleMs: number;
    /** what rows are before a request is answered */
    readonly ack: 'accepted' | 'durable';
  };
  readonly stream: {
    /** address the listener of streams (WebSocket) binds to */
    readonly host: string;
    /** port of streams over WebSocket; 0: off */
    readonly port: number;
    /** certificate file (PEM) of the listener of streams; empty: no TLS */
    readonly tlsCert: string;
    /** file of its private key (PEM) */
    readonly tlsKey: string;
    /** whether a host beyond this machine may be served without TLS */
    readonly allowPlain: boolean;
    /** origins of web pages that may connect beside those of this node, as https://desk.example */
    readonly origins: readonly string[];
    /** clients of streams at once */
    readonly clientsMax: number;
    /** subscriptions of one client */
    readonly subscriptionsMax: number;
    /** symbols a subscription may name; one to all symbols names none */
    readonly symbolsMax: number;
    /** subscriptions of all clients together that rows are read for alone: from a position, of a consumer, historical */
    readonly ownMax: number;
    /** of these, those that are in the past; each is a thread and some megabytes */
    readonly historicalMax: number;
    /** what one client is sent in a second; above it rows are conflated; 0: no limit */
    readonly bytesPerSecond: number;
    /** what may wait for a client that is slow; above it rows are conflated */
    readonly bufferBytes: number;
    /** a client that stays above stream.bufferBytes for this long is cut off */
    readonly stuckMs: number;
    /** how long rows are gathered before they are sent as one message */
    readonly flushMs: number;
    /** between two heartbeats to a client */
    readonly heartbeatMs: number;
  };
}

/** One configuration key as declared. */
export interface ConfigKey {
  readonly key: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'enum' | 'list';
  readonly default: string | number | boolean | readonly string[];
  readonly doc: string;
  readonly values?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly secret: boolean;
}

export const configKeys: readonly ConfigKey[] = [
  {
    key: 'dataDir',
    type: 'string',
    default: 'data',
    doc: 'the one folder everything is kept in',
    secret: false,
  },
  {
    key: 'node.id',
    type: 'string',
    default: '',
    doc: 'name of this node; empty: made at the first start and kept',
    secret: false,
  },
  {
    key: 'node.host',
    type: 'string',
    default: '127.0.0.1',
    doc: 'address the listeners of this node bind to',
    secret: false,
  },
  {
    key: 'log.level',
    type: 'enum',
    default: 'info',
    doc: 'lowest level that is logged',
    values: ['trace', 'debug', 'info', 'warn', 'error', 'fatal'],
    secret: false,
  },
  {
    key: 'log.file',
    type: 'string',
    default: '',
    doc: 'log file; empty: logs/ndts.log in the data folder; "-": standard error',
    secret: false,
  },
  {
    key: 'loop.idle',
    type: 'enum',
    default: 'adaptive',
    doc: 'what the main loop does without work: spin for loop.spinMs then sleep, always spin, or always sleep',
    values: ['adaptive', 'spin', 'sleep'],
    secret: false,
  },
  {
    key: 'loop.spinMs',
    type: 'integer',
    default: 20,
    doc: 'how long adaptive spins after the last work, where work comes ten times as often; where it comes seldom it spins for a third of a millisecond',
    min: 0,
    max: 10000,
    secret: false,
  },
  {
    key: 'loop.sleepMs',
    type: 'integer',
    default: 1,
    doc: 'how long what cannot say when it is due is left alone then, up to eight times as long after seconds without work; all else is woken or waits for its time',
    min: 1,
    max: 1000,
    secret: false,
  },
  {
    key: 'ring.wait',
    type: 'enum',
    default: 'sleep',
    doc: 'what a strategy does while no tick comes, after loop.spinMs: rest as loop.idle says, look on and yield its processor, or sleep until ticks are published',
    values: ['spin', 'yield', 'sleep'],
    secret: false,
  },
  {
    key: 'ring.waitMs',
    type: 'integer',
    default: 10,
    doc: 'how long it yields or sleeps at once, asleep ten times as long after a second without ticks; messages wait as long for a strategy that yields, and wake one that sleeps',
    min: 1,
    max: 1000,
    secret: false,
  },
  {
    key: 'cluster.shards',
    type: 'integer',
    default: 64,
    doc: 'number of virtual shards, a power of two; fixed at the first start of a data folder',
    min: 1,
    max: 1024,
    secret: false,
  },
  {
    key: 'cluster.healthCheckIntervalMs',
    type: 'integer',
    default: 5000,
    doc: 'between two health checks of a node',
    min: 100,
    max: 600000,
    secret: false,
  },
  {
    key: 'cluster.heartbeatIntervalMs',
    type: 'integer',
    default: 1000,
    doc: 'between two heartbeats of a node',
    min: 50,
    max: 60000,
    secret: false,
  },
  {
    key: 'cluster.leaseTtlMs',
    type: 'integer',
    default: 10000,
    doc: 'time to live of a node lease',
    min: 500,
    max: 600000,
    secret: false,
  },
  {
    key: 'cluster.dataReplication',
    type: 'integer',
    default: 1,
    doc: 'copies of each shard; more than one comes with replication',
    min: 1,
    max: 1,
    secret: false,
  },
  {
    key: 'storage.stagingBytes',
    type: 'integer',
    default: 67108864,
    doc: 'shared memory between append and the log; holds what is accepted and not yet written',
    min: 1048576,
    max: 17179869184,
    secret: false,
  },
  {
    key: 'storage.walFileBytes',
    type: 'integer',
    default: 67108864,
    doc: 'size of one log file; the first one after a start has at most 4 MiB',
    min: 1048576,
    max: 17179869184,
    secret: false,
  },
  {
    key: 'storage.walBudgetBytes',
    type: 'integer',
    default: 536870912,
    doc: 'log bytes kept before the memtable is sealed into a segment',
    min: 4194304,
    max: 1099511627776,
    secret: false,
  },
  {
    key: 'storage.memtableBytes',
    type: 'integer',
    default: 134217728,
    doc: 'memtable bytes before it is sealed into a segment',
    min: 1048576,
    max: 68719476736,
    secret: false,
  },
  {
    key: 'storage.commitIntervalMs',
    type: 'integer',
    default: 5,
    doc: 'longest time an accepted tick waits for its fdatasync when nobody waits for it',
    min: 0,
    max: 10000,
    secret: false,
  },
  {
    key: 'storage.sealIntervalMs',
    type: 'integer',
    default: 900000,
    doc: 'longest time ticks stay in memory and log before they are sealed into segments; 0: only by size',
    min: 0,
    max: 86400000,
    secret: false,
  },
  {
    key: 'storage.snapshotIntervalMs',
    type: 'integer',
    default: 1800000,
    doc: 'how often a snapshot of each engine is linked beside its files; 0: on demand only',
    min: 0,
    max: 604800000,
    secret: false,
  },
  {
    key: 'storage.snapshotsKept',
    type: 'integer',
    default: 2,
    doc: 'how many of those snapshots are kept',
    min: 1,
    max: 1000,
    secret: false,
  },
  {
    key: 'storage.mergeSegments',
    type: 'integer',
    default: 4,
    doc: 'segments of similar size of a (table, shard, day) that are merged into one',
    min: 2,
    max: 32,
    secret: false,
  },
  {
    key: 'storage.level0Tables',
    type: 'integer',
    default: 4,
    doc: 'sorted tables of level 0 that begin a compaction',
    min: 1,
    max: 36,
    secret: false,
  },
  {
    key: 'storage.level1Bytes',
    type: 'integer',
    default: 419430400,
    doc: 'size of level 1 of the key-value table; never below four memtables',
    min: 1048576,
    max: 1099511627776,
    secret: false,
  },
  {
    key: 'storage.levelFactor',
    type: 'integer',
    default: 10,
    doc: 'how much larger each level is than the one above it',
    min: 2,
    max: 100,
    secret: false,
  },
  {
    key: 'storage.compactionBytesPerSecond',
    type: 'integer',
    default: 0,
    doc: 'what merging segments, and compaction of the key-value table, may each read in a second; 0: no limit',
    min: 0,
    max: 1099511627776,
    secret: false,
  },
  {
    key: 'storage.retention',
    type: 'list',
    default: [],
    doc: 'how long days are kept, as TABLE:AGE or TABLE:AGE:archive with an age such as 90d, 12w or 5y: tick:2y:archive',
    secret: false,
  },
  {
    key: 'storage.retentionIntervalMs',
    type: 'integer',
    default: 3600000,
    doc: 'how often old days are looked for; 0: on demand only',
    min: 0,
    max: 604800000,
    secret: false,
  },
  {
    key: 'storage.archiveDir',
    type: 'string',
    default: '',
    doc: 'folder of archived days; empty: cold/ in the data folder',
    secret: false,
  },
  {
    key: 'storage.ringSlots',
    type: 'integer',
    default: 16384,
    doc: 'slots of the tick ring of one shard, a power of two',
    min: 1024,
    max: 16777216,
    secret: false,
  },
  {
    key: 'storage.tradeRingSlots',
    type: 'integer',
    default: 2048,
    doc: 'slots of the trade ring of one shard, a power of two',
    min: 16,
    max: 16777216,
    secret: false,
  },
  {
    key: 'storage.bookRingSlots',
    type: 'integer',
    default: 512,
    doc: 'slots of the book ring of one shard, a power of two',
    min: 16,
    max: 16777216,
    secret: false,
  },
  {
    key: 'storage.memoryDir',
    type: 'string',
    default: '',
    doc: 'folder for staging and rings; empty: shared memory, or the data folder where there is none',
    secret: false,
  },
  {
    key: 'feed.kind',
    type: 'enum',
    default: 'simulator',
    doc: 'what every start begins with; other feeds are added (docs/feeds.md)',
    values: ['simulator', 'none'],
    secret: false,
  },
  {
    key: 'feed.symbols',
    type: 'integer',
    default: 20,
    doc: 'number of simulated symbols',
    min: 1,
    max: 100000,
    secret: false,
  },
  {
    key: 'feed.ticksPerSecond',
    type: 'integer',
    default: 1000,
    doc: 'simulated ticks per second over all symbols',
    min: 0,
    max: 10000000,
    secret: false,
  },
  {
    key: 'feed.seed',
    type: 'integer',
    default: 1,
    doc: 'seed of the simulator; the same seed gives the same ticks',
    min: 0,
    max: 4294967295,
    secret: false,
  },
  {
    key: 'feed.dirtPerMillion',
    type: 'integer',
    default: 500,
    doc: 'how many of a million simulated ticks are dirty',
    min: 0,
    max: 1000000,
    secret: false,
  },
  {
    key: 'feed.dirt',
    type: 'enum',
    default: 'plain',
    doc: 'kinds of that dirt: those the default rules refuse, or all (docs/feeds.md)',
    values: ['plain', 'all'],
    secret: false,
  },
  {
    key: 'feed.sessions',
    type: 'list',
    default: [],
    doc: 'hours of the simulated market on working days, UTC, as 09:30-11:30; empty: always',
    secret: false,
  },
  {
    key: 'feed.shaped',
    type: 'boolean',
    default: false,
    doc: 'whether more is traded at both ends of a session',
    secret: false,
  },
  {
    key: 'feed.burstsPerMillion',
    type: 'integer',
    default: 0,
    doc: 'how many of a million simulated ticks begin a burst of their symbol',
    min: 0,
    max: 1000000,
    secret: false,
  },
  {
    key: 'feed.haltsPerMillion',
    type: 'integer',
    default: 0,
    doc: 'how many of them begin a halt of their symbol',
    min: 0,
    max: 1000000,
    secret: false,
  },
  {
    key: 'feed.gapsPerMillion',
    type: 'integer',
    default: 0,
    doc: 'how many of them begin a loss of ticks of their symbol',
    min: 0,
    max: 1000000,
    secret: false,
  },
  {
    key: 'feed.trades',
    type: 'boolean',
    default: true,
    doc: 'whether trades of feeds are taken: cleaned, stored, on rings of their own',
    secret: false,
  },
  {
    key: 'feed.books',
    type: 'boolean',
    default: true,
    doc: 'whether books of feeds are taken: five levels on rings of their own, every change stored',
    secret: false,
  },
  {
    key: 'feed.simulatedTrades',
    type: 'boolean',
    default: false,
    doc: 'whether the simulator makes a trade of each clean tick',
    secret: false,
  },
  {
    key: 'feed.simulatedBooks',
    type: 'boolean',
    default: false,
    doc: 'whether it makes a change of a book of each clean tick',
    secret: false,
  },
  {
    key: 'feed.crossedBooks',
    type: 'enum',
    default: 'mark',
    doc: 'what becomes of a book whose bid is not below its ask (docs/books.md)',
    values: ['mark', 'uncross', 'resync'],
    secret: false,
  },
  {
    key: 'feed.recordingDir',
    type: 'string',
    default: '',
    doc: 'folder of recordings of feeds; empty: recordings/ in the data folder',
    secret: false,
  },
  {
    key: 'feed.unpackedBytesMax',
    type: 'integer',
    default: 34359738368,
    doc: 'how large a packed file of a feed may be unpacked; never more than half of the free disk',
    min: 1048576,
    max: 1125899906842624,
    secret: false,
  },
  {
    key: 'clean.priceMax',
    type: 'number',
    default: 999999,
    doc: 'a price must be above 0 and below this',
    min: 0,
    secret: false,
  },
  {
    key: 'clean.spreadMax',
    type: 'number',
    default: 0.1,
    doc: '(ask - bid) / bid must be below this',
    min: 0,
    secret: false,
  },
  {
    key: 'clean.disorderMs',
    type: 'integer',
    default: 1000,
    doc: 'a tick older than the newest of its symbol by more than this is refused',
    min: 0,
    max: 86400000,
    secret: false,
  },
  {
    key: 'clean.skewMs',
    type: 'number',
    default: 0,
    doc: 'how far the times that several feeds give one tick or trade may differ (docs/quality.md)',
    min: 0,
    max: 10000,
    secret: false,
  },
  {
    key: 'clean.rules',
    type: 'string',
    default: '',
    doc: 'file of cleaning rules, YAML, JSON or TOML (docs/cleaning.md), read again when it changes; empty: none',
    secret: false,
  },
  {
    key: 'quality.staleMs',
    type: 'integer',
    default: 30000,
    doc: 'a symbol without a good tick for this long is STALE; 0: never',
    min: 0,
    max: 604800000,
    secret: false,
  },
  {
    key: 'quality.gapMs',
    type: 'integer',
    default: 5000,
    doc: 'a symbol is GAPPED for this long after ticks were lost, unless they are repaired',
    min: 0,
    max: 86400000,
    secret: false,
  },
  {
    key: 'quality.crossedMs',
    type: 'integer',
    default: 200,
    doc: 'a symbol whose bid is above its ask for this long is CROSSED',
    min: 0,
    max: 86400000,
    secret: false,
  },
  {
    key: 'quality.settleMs',
    type: 'integer',
    default: 1000,
    doc: 'how long what was wrong must be over before a symbol is GOOD again',
    min: 0,
    max: 86400000,
    secret: false,
  },
  {
    key: 'quality.classes',
    type: 'list',
    default: [],
    doc: 'limits of some symbols, first match first, as "BTC* staleMs=2000 settleMs=500"; the others have the limits above',
    secret: false,
  },
  {
    key: 'symbols.countMax',
    type: 'integer',
    default: 100000,
    doc: 'number of symbols above which none is registered on first sight',
    min: 1,
    max: 16000000,
    secret: false,
  },
  {
    key: 'symbols.nameBytesMax',
    type: 'integer',
    default: 64,
    doc: 'longest name that is registered on first sight',
    min: 1,
    max: 1024,
    secret: false,
  },
  {
    key: 'symbols.characters',
    type: 'string',
    default: 'A-Za-z0-9._:/@#^=+&-',
    doc: 'characters a name may have to be registered on first sight; a-z is a range',
    secret: false,
  },
  {
    key: 'strategy.list',
    type: 'list',
    default: ['bollinger'],
    doc: 'strategies to run: names of built-in ones, paths of plugin files, or npm:PACKAGE',
    secret: false,
  },
  {
    key: 'strategy.dir',
    type: 'string',
    default: '',
    doc: 'folder of more strategies, which run once they are started by name; empty: strategies/ in the data folder',
    secret: false,
  },
  {
    key: 'strategy.period',
    type: 'integer',
    default: 20,
    doc: 'Bollinger period',
    min: 2,
    max: 10000,
    secret: false,
  },
  {
    key: 'strategy.width',
    type: 'number',
    default: 2,
    doc: 'Bollinger width in population standard deviations',
    min: 0.01,
    max: 100,
    secret: false,
  },
  {
    key: 'strategy.quantity',
    type: 'string',
    default: '1',
    doc: 'quantity of one order, a decimal number',
    secret: false,
  },
  {
    key: 'strategy.validForMs',
    type: 'integer',
    default: 2000,
    doc: 'how long a signal may be acted on',
    min: 1,
    max: 3600000,
    secret: false,
  },
  {
    key: 'strategy.memoryMb',
    type: 'integer',
    default: 128,
    doc: 'heap limit of a strategy process',
    min: 16,
    max: 65536,
    secret: false,
  },
  {
    key: 'exec.account',
    type: 'string',
    default: 'paper',
    doc: 'account the orders belong to',
    secret: false,
  },
  {
    key: 'exec.orderPrefix',
    type: 'string',
    default: '',
    doc: "up to six letters a to z in front of the ids of this node's orders at the venue: each node of an account needs its own (docs/protocol/orders.md)",
    secret: false,
  },
  {
    key: 'exec.journalMode',
    type: 'enum',
    default: 'accepted',
    doc: 'what an intent must be before its order is sent; accepted is for the paper broker: with another one the default is durable',
    values: ['accepted', 'durable'],
    secret: false,
  },
  {
    key: 'exec.instruments',
    type: 'string',
    default: '',
    doc: 'file that says what symbols are worth: multiplier, currency, tick size, lot, exchange (docs/instruments.md); empty: none',
    secret: false,
  },
  {
    key: 'exec.broker',
    type: 'enum',
    default: 'paper',
    doc: 'the broker orders go to',
    values: ['paper', 'fix', 'ib', 'ccxt'],
    secret: false,
  },
  {
    key: 'exec.backup',
    type: 'enum',
    default: 'none',
    doc: 'the broker they go to while that one fails (docs/routing.md); another one',
    values: ['none', 'paper', 'fix', 'ib', 'ccxt'],
    secret: false,
  },
  {
    key: 'exec.backupSymbols',
    type: 'list',
    default: [],
    doc: 'symbols the backup trades, of those it has instruments for, as BTC*; empty: all of them',
    secret: false,
  },
  {
    key: 'exec.routes',
    type: 'list',
    default: [],
    doc: 'with a backup: which orders go to one of the two alone, the first rule that fits, as "symbol BTC* ccxt", "account main ib" or "type limit fix" (docs/routing.md)',
    secret: false,
  },
  {
    key: 'exec.breakerRetryMs',
    type: 'integer',
    default: 30000,
    doc: 'with a backup: how long after the last failure an order tries the way to the first broker again',
    min: 1,
    max: 86400000,
    secret: false,
  },
  {
    key: 'exec.answerTimeoutMs',
    type: 'integer',
    default: 5000,
    doc: 'an order without an answer of the broker for this long is unknown and is asked for',
    min: 1,
    max: 3600000,
    secret: false,
  },
  {
    key: 'exec.checkMs',
    type: 'integer',
    default: 60000,
    doc: 'how often journal and broker are compared while orders go out; what differs twice in a row counts (exec.differences); 0: only at the start, after the broker was away, and on demand',
    min: 0,
    max: 86400000,
    secret: false,
  },
  {
    key: 'exec.differences',
    type: 'enum',
    default: 'halt',
    doc: 'what becomes of a difference between journal and broker: trading stops, what the broker has is adopted, or it is only told (docs/protocol/orders.md)',
    values: ['halt', 'adopt', 'report'],
    secret: false,
  },
  {
    key: 'exec.paperLatencyUs',
    type: 'integer',
    default: 0,
    doc: 'simulated one-way latency of the paper broker',
    min: 0,
    max: 60000000,
    secret: false,
  },
  {
    key: 'exec.paperFeeBps',
    type: 'number',
    default: 1,
    doc: 'fee of the paper broker in basis points of the traded value',
    min: 0,
    max: 10000,
    secret: false,
  },
  {
    key: 'exec.paperFill',
    type: 'enum',
    default: 'touch',
    doc: 'what the paper broker executes: all of an order at the touch, or what is shown and what trades behind the queue in front of it (docs/protocol/broker-cards.md)',
    values: ['touch', 'queue'],
    secret: false,
  },
  {
    key: 'exec.paperRejects',
    type: 'integer',
    default: 0,
    doc: 'of a million orders, how many the paper broker refuses',
    min: 0,
    max: 1000000,
    secret: false,
  },
  {
    key: 'exec.paperLostRequests',
    type: 'integer',
    default: 0,
    doc: 'of a million requests, how many never arrive at the paper broker; cancels always do',
    min: 0,
    max: 1000000,
    secret: false,
  },
  {
    key: 'exec.paperLostAnswers',
    type: 'integer',
    default: 0,
    doc: 'of a million requests, how many the paper broker carries out and never answers',
    min: 0,
    max: 1000000,
    secret: false,
  },
  {
    key: 'exec.paperPartialFills',
    type: 'integer',
    default: 0,
    doc: 'of a million executions, how many the paper broker makes in two parts',
    min: 0,
    max: 1000000,
    secret: false,
  },
  {
    key: 'exec.paperOutages',
    type: 'integer',
    default: 0,
    doc: 'of a million requests, at how many the paper broker goes away, before or after it arrived',
    min: 0,
    max: 1000000,
    secret: false,
  },
  {
    key: 'exec.paperSeed',
    type: 'integer',
    default: 0,
    doc: 'seed of what the paper broker leaves to chance; 0: another one at each start',
    min: 0,
    max: 4294967295,
    secret: false,
  },
  {
    key: 'exec.paperOutageMs',
    type: 'integer',
    default: 5000,
    doc: 'how long the paper broker is away then',
    min: 1,
    max: 86400000,
    secret: false,
  },
  {
    key: 'ib.host',
    type: 'string',
    default: '127.0.0.1',
    doc: 'where TWS or IB Gateway listens (docs/ib.md)',
    secret: false,
  },
  {
    key: 'ib.port',
    type: 'integer',
    default: 4001,
    doc: 'its port: 4001 and 4002 of IB Gateway, 7496 and 7497 of TWS, live and paper',
    min: 1,
    max: 65535,
    secret: false,
  },
  {
    key: 'ib.clientId',
    type: 'integer',
    default: 7,
    doc: 'number of this client there, of no other',
    min: 0,
    max: 2147483647,
    secret: false,
  },
  {
    key: 'ib.account',
    type: 'string',
    default: '',
    doc: 'account there the orders are for',
    secret: false,
  },
  {
    key: 'ib.contracts',
    type: 'string',
    default: '',
    doc: 'file that says which contract each symbol is',
    secret: false,
  },
  {
    key: 'ib.timeZone',
    type: 'string',
    default: 'UTC',
    doc: 'time zone of the times it tells without one',
    secret: false,
  },
  {
    key: 'ib.messagesPerSecond',
    type: 'integer',
    default: 45,
    doc: 'messages sent at most; it ends the session of who sends more than 50',
    min: 1,
    max: 50,
    secret: false,
  },
  {
    key: 'ib.inFlightMs',
    type: 'integer',
    default: 10000,
    doc: 'longest time a sent request may still take effect',
    min: 0,
    max: 600000,
    secret: false,
  },
  {
    key: 'ccxt.venue',
    type: 'string',
    default: '',
    doc: 'exchange orders go to, as ccxt calls it (docs/crypto.md)',
    secret: false,
  },
  {
    key: 'ccxt.sandbox',
    type: 'boolean',
    default: false,
    doc: 'whether orders go to its world of play money',
    secret: false,
  },
  {
    key: 'ccxt.markets',
    type: 'list',
    default: [],
    doc: 'market of each symbol, as BTC-USD=BTC/USDT or BTC-PERP=BTC/USDT:USDT',
    secret: false,
  },
  {
    key: 'ccxt.keyFile',
    type: 'string',
    default: '',
    doc: 'YAML file of mode 0600 with apiKey, secret and what else the exchange wants',
    secret: false,
  },
  {
    key: 'ccxt.pollMs',
    type: 'integer',
    default: 1000,
    doc: 'how often markets with open orders are asked',
    min: 100,
    max: 600000,
    secret: false,
  },
  {
    key: 'ccxt.requestMs',
    type: 'integer',
    default: 10000,
    doc: 'how long an answer is waited for',
    min: 100,
    max: 600000,
    secret: false,
  },
  {
    key: 'ccxt.inFlightMs',
    type: 'integer',
    default: 20000,
    doc: 'longest time a sent request may still take effect',
    min: 0,
    max: 600000,
    secret: false,
  },
  {
    key: 'fix.venue',
    type: 'string',
    default: 'fix',
    doc: 'name of the counterparty of FIX (docs/fix.md); with a trade id it names an execution for ever',
    secret: false,
  },
  {
    key: 'fix.host',
    type: 'string',
    default: '127.0.0.1',
    doc: 'where the counterparty listens',
    secret: false,
  },
  {
    key: 'fix.port',
    type: 'integer',
    default: 0,
    doc: 'its port',
    min: 0,
    max: 65535,
    secret: false,
  },
  {
    key: 'fix.senderCompId',
    type: 'string',
    default: '',
    doc: 'what the counterparty calls us',
    secret: false,
  },
  {
    key: 'fix.targetCompId',
    type: 'string',
    default: '',
    doc: 'what it calls itself',
    secret: false,
  },
  {
    key: 'fix.senderSubId',
    type: 'string',
    default: '',
    doc: 'SenderSubID; empty: none',
    secret: false,
  },
  {
    key: 'fix.targetSubId',
    type: 'string',
    default: '',
    doc: 'TargetSubID; empty: none',
    secret: false,
  },
  {
    key: 'fix.account',
    type: 'string',
    default: '',
    doc: 'account whose positions are asked for; empty: that of the session',
    secret: false,
  },
  {
    key: 'fix.username',
    type: 'string',
    default: '',
    doc: 'Username of the Logon; empty: none',
    secret: false,
  },
  {
    key: 'fix.passwordFile',
    type: 'string',
    default: '',
    doc: 'file of mode 0600 with the Password of the Logon; empty: none',
    secret: false,
  },
  {
    key: 'fix.heartbeatSeconds',
    type: 'integer',
    default: 30,
    doc: 'HeartBtInt',
    min: 1,
    max: 3600,
    secret: false,
  },
  {
    key: 'fix.hours',
    type: 'string',
    default: '',
    doc: 'when a session is open, UTC, each with numbers of its own: 08:00-17:00, mon-fri 22:00-21:00 or sun 22:00 to fri 21:00; empty: one without an end',
    secret: false,
  },
  {
    key: 'fix.resetOnLogon',
    type: 'boolean',
    default: false,
    doc: 'whether each Logon begins the numbers again; what was missed is then not sent again',
    secret: false,
  },
  {
    key: 'fix.tls',
    type: 'boolean',
    default: false,
    doc: 'whether the connection is encrypted',
    secret: false,
  },
  {
    key: 'fix.tlsCa',
    type: 'string',
    default: '',
    doc: 'certificates (PEM) the counterparty is checked against; empty: those of the system',
    secret: false,
  },
  {
    key: 'fix.tlsCert',
    type: 'string',
    default: '',
    doc: 'certificate file (PEM) we show; empty: none',
    secret: false,
  },
  {
    key: 'fix.tlsKey',
    type: 'string',
    default: '',
    doc: 'file of its private key (PEM), mode 0600',
    secret: false,
  },
  {
    key: 'fix.allowPlain',
    type: 'boolean',
    default: false,
    doc: 'whether a counterparty beyond this machine may be connected to without TLS',
    secret: false,
  },
  {
    key: 'fix.deduplicates',
    type: 'enum',
    default: 'day',
    doc: 'how long the counterparty refuses a ClOrdID it has seen',
    values: ['none', 'while-open', 'day', 'ever'],
    secret: false,
  },
  {
    key: 'fix.inFlightMs',
    type: 'integer',
    default: 2000,
    doc: 'longest time a sent request may still take effect',
    min: 0,
    max: 600000,
    secret: false,
  },
  {
    key: 'fix.resendOrdersMs',
    type: 'integer',
    default: 0,
    doc: 'an order that got lost is sent again on request if it is not older; 0: never',
    min: 0,
    max: 600000,
    secret: false,
  },
  {
    key: 'fix.queryTimeoutMs',
    type: 'integer',
    default: 10000,
    doc: 'how long an answer to a question may take',
    min: 100,
    max: 600000,
    secret: false,
  },
  {
    key: 'fix.tellsTrades',
    type: 'boolean',
    default: true,
    doc: 'whether the counterparty answers TradeCaptureReportRequest; else executions are those that were reported',
    secret: false,
  },
  {
    key: 'fix.tellsPositions',
    type: 'boolean',
    default: true,
    doc: 'whether it answers RequestForPositions; else positions are not compared',
    secret: false,
  },
  {
    key: 'fix.symbols',
    type: 'list',
    default: [],
    doc: 'names of the counterparty that differ from ours, as BTC-USD=BTC/USD',
    secret: false,
  },
  {
    key: 'risk.maxPosition',
    type: 'string',
    default: '100',
    doc: 'largest absolute position per symbol, open orders included; a decimal number',
    secret: false,
  },
  {
    key: 'risk.maxOrderValue',
    type: 'string',
    default: '1000000',
    doc: 'largest quantity times price of one order; a decimal number',
    secret: false,
  },
  {
    key: 'risk.maxDailyLoss',
    type: 'string',
    default: '50000',
    doc: 'largest realised and unrealised loss of a day; a decimal number',
    secret: false,
  },
  {
    key: 'risk.dayStart',
    type: 'string',
    default: '00:00',
    doc: 'when the day begins that risk.maxDailyLoss is of, as hours and minutes of risk.dayZone',
    secret: false,
  },
  {
    key: 'risk.dayZone',
    type: 'string',
    default: 'UTC',
    doc: 'time zone of risk.dayStart, as Europe/Berlin',
    secret: false,
  },
  {
    key: 'risk.lot',
    type: 'string',
    default: '0.00000001',
    doc: 'a quantity must be a multiple of this; a decimal number',
    secret: false,
  },
  {
    key: 'risk.tick',
    type: 'string',
    default: '0',
    doc: 'a price must be a multiple of this; a decimal number; 0: any price',
    secret: false,
  },
  {
    key: 'risk.minQuantity',
    type: 'string',
    default: '0',
    doc: 'least quantity of one order; a decimal number; 0: none',
    secret: false,
  },
  {
    key: 'risk.maxQuantity',
    type: 'string',
    default: '0',
    doc: 'largest quantity of one order; a decimal number; 0: none',
    secret: false,
  },
  {
    key: 'risk.limits',
    type: 'list',
    default: [],
    doc: 'limits of some accounts, strategies and symbols (docs/protocol/risk.md), as "symbol BTC* maxPosition=5 tick=0.01"',
    secret: false,
  },
  {
    key: 'risk.rates',
    type: 'list',
    default: [],
    doc: 'worth of other currencies in that of the account, as "CNY=0.14"; an instrument needs the rate of its currency',
    secret: false,
  },
  {
    key: 'risk.selfTrade',
    type: 'boolean',
    default: false,
    doc: 'whether an order may trade with an open one of the same account',
    secret: false,
  },
  {
    key: 'risk.duplicateMs',
    type: 'integer',
    default: 0,
    doc: 'an order equal to the last one of its strategy, symbol and side within this time is refused; 0: never',
    min: 0,
    max: 86400000,
    secret: false,
  },
  {
    key: 'risk.repeatCount',
    type: 'integer',
    default: 0,
    doc: 'orders of a strategy, symbol and side within risk.repeatMs that stop the strategy until a person resumes it; 0: no such throttle',
    min: 0,
    max: 1000000,
    secret: false,
  },
  {
    key: 'risk.repeatMs',
    type: 'integer',
    default: 60000,
    doc: 'the time of risk.repeatCount',
    min: 1,
    max: 86400000,
    secret: false,
  },
  {
    key: 'risk.collarPercent',
    type: 'number',
    default: 5,
    doc: 'how far the price of an order (limit, stop, or that of the market) may be from the last price, in percent',
    min: 0,
    max: 100,
    secret: false,
  },
  {
    key: 'risk.flattenPercent',
    type: 'number',
    default: 20,
    doc: 'how far from the last price ndts flatten may close where the market is beyond risk.collarPercent, in percent; it then goes with that as its limit (docs/protocol/risk.md)',
    min: 0,
    max: 99,
    secret: false,
  },
  {
    key: 'risk.staleMs',
    type: 'integer',
    default: 10000,
    doc: 'while the price of a symbol is older than this, only orders that reduce its position pass',
    min: 1,
    max: 86400000,
    secret: false,
  },
  {
    key: 'risk.doubtMs',
    type: 'integer',
    default: 3000,
    doc: 'a tick marked suspect, crossed or stale moves nothing that waits for a price until another one says the same, or nothing came for this long (docs/protocol/orders.md); 0: at once',
    min: 0,
    max: 3600000,
    secret: false,
  },
  {
    key: 'risk.dataSilentMs',
    type: 'integer',
    default: 3000,
    doc: 'a data node that was heard and is silent for this long makes every symbol reduce-only',
    min: 1,
    max: 86400000,
    secret: false,
  },
  {
    key: 'risk.ordersPerSecond',
    type: 'integer',
    default: 200000,
    doc: 'message rate limit of the account',
    min: 1,
    max: 10000000,
    secret: false,
  },
  {
    key: 'control.port',
    type: 'integer',
    default: 8321,
    doc: 'port of dashboard, REST and metrics; 0: any free one',
    min: 0,
    max: 65535,
    secret: false,
  },
  {
    key: 'sql.memoryBytes',
    type: 'integer',
    default: 1073741824,
    doc: 'what one SQL query may keep in memory; whoever asks may ask for less',
    min: 1048576,
    max: 1099511627776,
    secret: false,
  },
  {
    key: 'postgres.port',
    type: 'integer',
    default: 0,
    doc: 'port of SQL for clients of PostgreSQL, usually 5432; 0: off',
    min: 0,
    max: 65535,
    secret: false,
  },
  {
    key: 'postgres.host',
    type: 'string',
    default: '127.0.0.1',
    doc: 'address it binds to; beyond loopback it needs TLS',
    secret: false,
  },
  {
    key: 'postgres.connectionsMax',
    type: 'integer',
    default: 50,
    doc: 'clients that are logged in at once',
    min: 1,
    max: 10000,
    secret: false,
  },
  {
    key: 'postgres.statementTimeoutMs',
    type: 'integer',
    default: 60000,
    doc: 'how long a client may wait for a statement; a client may ask for less; 0: no limit',
    min: 0,
    max: 86400000,
    secret: false,
  },
  {
    key: 'postgres.tlsCert',
    type: 'string',
    default: '',
    doc: 'certificate file (PEM); empty: no TLS',
    secret: false,
  },
  {
    key: 'postgres.tlsKey',
    type: 'string',
    default: '',
    doc: 'file of its private key (PEM)',
    secret: false,
  },
  {
    key: 'postgres.allowPlain',
    type: 'boolean',
    default: false,
    doc: 'whether a host beyond this machine may be served without TLS',
    secret: false,
  },
  {
    key: 'control.rateLimitPerSecond',
    type: 'integer',
    default: 200,
    doc: 'requests per second and client',
    min: 1,
    max: 1000000,
    secret: false,
  },
  {
    key: 'source.nodes',
    type: 'list',
    default: [],
    doc: 'host:port of data nodes, the first that answers, whose ticks and books this node works on instead of a feed of its own (docs/strategies.md); empty: none',
    secret: false,
  },
  {
    key: 'source.tokenFile',
    type: 'string',
    default: '',
    doc: 'file with a token that they know',
    secret: false,
  },
  {
    key: 'source.tls',
    type: 'boolean',
    default: false,
    doc: 'whether they speak TLS; pulls of rings never do',
    secret: false,
  },
  {
    key: 'source.tlsCa',
    type: 'string',
    default: '',
    doc: 'certificates (PEM) of who may have signed theirs; empty: those of the system',
    secret: false,
  },
  {
    key: 'remote.host',
    type: 'string',
    default: '127.0.0.1',
    doc: 'address where clients of other machines are served',
    secret: false,
  },
  {
    key: 'remote.port',
    type: 'integer',
    default: 0,
    doc: 'port of clients of other machines; 0: off',
    min: 0,
    max: 65535,
    secret: false,
  },
  {
    key: 'remote.tlsCert',
    type: 'string',
    default: '',
    doc: 'certificate file (PEM); empty: no TLS',
    secret: false,
  },
  {
    key: 'remote.tlsKey',
    type: 'string',
    default: '',
    doc: 'file of its private key (PEM)',
    secret: false,
  },
  {
    key: 'remote.allowPlain',
    type: 'boolean',
    default: false,
    doc: 'whether a host beyond this machine may be served without TLS',
    secret: false,
  },
  {
    key: 'remote.connectionsMax',
    type: 'integer',
    default: 100,
    doc: 'clients of other machines at once',
    min: 1,
    max: 10000,
    secret: false,
  },
  {
    key: 'remote.pull',
    type: 'enum',
    default: 'off',
    doc: 'whether clients of other machines may read the rings one-sided, and how; never encrypted',
    values: ['off', 'tcp', 'libfabric'],
    secret: false,
  },
  {
    key: 'remote.pullProvider',
    type: 'string',
    default: '',
    doc: 'with remote.pull libfabric: full name of the provider, as verbs;ofi_rxm or tcp;ofi_rxm; empty: verbs where there is a device',
    secret: false,
  },
  {
    key: 'remote.pullPort',
    type: 'integer',
    default: 0,
    doc: 'port of these reads; 0: any free one',
    min: 0,
    max: 65535,
    secret: false,
  },
  {
    key: 'remote.blockArenaMb',
    type: 'integer',
    default: 64,
    doc: 'with remote.pull: memory through which clients of other machines read blocks of segments one-sided; 0: they are not read so',
    min: 0,
    max: 65536,
    secret: false,
  },
  {
    key: 'remote.blockCacheMb',
    type: 'integer',
    default: 256,
    doc: 'of a client of another machine: memory for blocks that it read before',
    min: 0,
    max: 1048576,
    secret: false,
  },
  {
    key: 'line.host',
    type: 'string',
    default: '127.0.0.1',
    doc: 'address the listeners of line protocol bind to',
    secret: false,
  },
  {
    key: 'line.tcpPort',
    type: 'integer',
    default: 0,
    doc: 'port of line protocol over TCP; 0: off',
    min: 0,
    max: 65535,
    secret: false,
  },
  {
    key: 'line.httpPort',
    type: 'integer',
    default: 0,
    doc: 'port of line protocol over HTTP; 0: off',
    min: 0,
    max: 65535,
    secret: false,
  },
  {
    key: 'line.tlsCert',
    type: 'string',
    default: '',
    doc: 'certificate file (PEM) of both listeners; empty: no TLS',
    secret: false,
  },
  {
    key: 'line.tlsKey',
    type: 'string',
    default: '',
    doc: 'file of its private key (PEM)',
    secret: false,
  },
  {
    key: 'line.allowPlain',
    type: 'boolean',
    default: false,
    doc: 'whether a host beyond this machine may be served without TLS',
    secret: false,
  },
  {
    key: 'line.symbolTag',
    type: 'string',
    default: 'symbol',
    doc: 'the tag that names the symbol of a row',
    secret: false,
  },
  {
    key: 'line.ticks',
    type: 'enum',
    default: 'feed',
    doc: 'whether lines of ticks are a feed, cleaned and on the rings, or rows of a table',
    values: ['feed', 'table'],
    secret: false,
  },
  {
    key: 'line.trades',
    type: 'enum',
    default: 'table',
    doc: 'whether lines of trades are a feed, too; needs feed.trades',
    values: ['feed', 'table'],
    secret: false,
  },
  {
    key: 'line.createTables',
    type: 'boolean',
    default: true,
    doc: 'whether a line of an unknown table creates it',
    secret: false,
  },
  {
    key: 'line.tablesMax',
    type: 'integer',
    default: 1000,
    doc: 'number of tables above which lines create none',
    min: 1,
    max: 10000,
    secret: false,
  },
  {
    key: 'line.symbolsMax',
    type: 'integer',
    default: 1000000,
    doc: 'number of symbols above which lines create none',
    min: 1,
    max: 16000000,
    secret: false,
  },
  {
    key: 'line.lineBytesMax',
    type: 'integer',
    default: 1048576,
    doc: 'longest line',
    min: 1024,
    max: 16777216,
    secret: false,
  },
  {
    key: 'line.bodyBytesMax',
    type: 'integer',
    default: 67108864,
    doc: 'largest body of a request, unpacked',
    min: 1024,
    max: 1073741824,
    secret: false,
  },
  {
    key: 'line.connectionsMax',
    type: 'integer',
    default: 256,
    doc: 'connections at once of each listener',
    min: 1,
    max: 65535,
    secret: false,
  },
  {
    key: 'line.requestsMax',
    type: 'integer',
    default: 64,
    doc: 'requests at once; above it the answer is 429',
    min: 1,
    max: 65535,
    secret: false,
  },
  {
    key: 'line.idleMs',
    type: 'integer',
    default: 600000,
    doc: 'a connection that sends nothing for this long is closed',
    min: 100,
    max: 86400000,
    secret: false,
  },
  {
    key: 'stream.host',
    type: 'string',
    default: '127.0.0.1',
    doc: 'address the listener of streams (WebSocket) binds to',
    secret: false,
  },
  {
    key: 'stream.port',
    type: 'integer',
    default: 0,
    doc: 'port of streams over WebSocket; 0: off',
    min: 0,
    max: 65535,
    secret: false,
  },
  {
    key: 'stream.tlsCert',
    type: 'string',
    default: '',
    doc: 'certificate file (PEM) of the listener of streams; empty: no TLS',
    secret: false,
  },
  {
    key: 'stream.tlsKey',
    type: 'string',
    default: '',
    doc: 'file of its private key (PEM)',
    secret: false,
  },
  {
    key: 'stream.allowPlain',
    type: 'boolean',
    default: false,
    doc: 'whether a host beyond this machine may be served without TLS',
    secret: false,
  },
  {
    key: 'stream.origins',
    type: 'list',
    default: [],
    doc: 'origins of web pages that may connect beside those of this node, as https://desk.example',
    secret: false,
  },
  {
    key: 'stream.clientsMax',
    type: 'integer',
    default: 1100,
    doc: 'clients of streams at once',
    min: 1,
    max: 65535,
    secret: false,
  },
  {
    key: 'stream.subscriptionsMax',
    type: 'integer',
    default: 64,
    doc: 'subscriptions of one client',
    min: 1,
    max: 10000,
    secret: false,
  },
  {
    key: 'stream.symbolsMax',
    type: 'integer',
    default: 10000,
    doc: 'symbols a subscription may name; one to all symbols names none',
    min: 1,
    max: 1000000,
    secret: false,
  },
  {
    key: 'stream.ownMax',
    type: 'integer',
    default: 1100,
    doc: 'subscriptions of all clients together that rows are read for alone: from a position, of a consumer, historical',
    min: 1,
    max: 1000000,
    secret: false,
  },
  {
    key: 'stream.historicalMax',
    type: 'integer',
    default: 64,
    doc: 'of these, those that are in the past; each is a thread and some megabytes',
    min: 1,
    max: 10000,
    secret: false,
  },
  {
    key: 'stream.bytesPerSecond',
    type: 'integer',
    default: 0,
    doc: 'what one client is sent in a second; above it rows are conflated; 0: no limit',
    min: 0,
    max: 1099511627776,
    secret: false,
  },
  {
    key: 'stream.bufferBytes',
    type: 'integer',
    default: 1048576,
    doc: 'what may wait for a client that is slow; above it rows are conflated',
    min: 16384,
    max: 1073741824,
    secret: false,
  },
  {
    key: 'stream.stuckMs',
    type: 'integer',
    default: 10000,
    doc: 'a client that stays above stream.bufferBytes for this long is cut off',
    min: 100,
    max: 3600000,
    secret: false,
  },
  {
    key: 'stream.flushMs',
    type: 'integer',
    default: 5,
    doc: 'how long rows are gathered before they are sent as one message',
    min: 0,
    max: 1000,
    secret: false,
  },
  {
    key: 'stream.heartbeatMs',
    type: 'integer',
    default: 5000,
    doc: 'between two heartbeats to a client',
    min: 100,
    max: 600000,
    secret: false,
  },
  {
    key: 'line.ack',
    type: 'enum',
    default: 'accepted',
    doc: 'what rows are before a request is answered',
    values: ['accepted', 'durable'],
    secret: false,
  },
];

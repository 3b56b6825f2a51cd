// `ndts orders | lineage | positions | instruments | risk | halt | reduce | resume | flatten |
// reconcile`: what a trader asks of a running node, and what it answers. What always holds:
// everything that changes something names its reason, and the node keeps who and why; nothing is
// decided here.

import { type Command, Option } from 'commander';
import {
  type CalcLineage,
  type FullLineageView,
  type InstrumentView,
  NdtsError,
  type OrderView,
  type PositionView,
  type ReconcileView,
  type RiskView,
  type SubmitAnswer,
  timeFromMs,
  timeText,
} from '@ndts/protocol';
import { routeText } from '../screen/route-text.js';
import { tableText } from '../screen/table.js';
import { fetchJson, findTarget, requestJson, type TargetOptions } from './running.js';

type Print = (text: string) => void;
type ParseCount = (text: string) => number;

interface Flags extends TargetOptions {
  readonly json: boolean;
  readonly why?: string;
}

/** Options of `orders send`, by the names of the request. */
type SendFlags = Flags & Readonly<Record<string, string | number | boolean | undefined>>;

const sendFields = [
  ...['type', 'limitPrice', 'stopPrice', 'distance', 'shown', 'slices', 'profile', 'workForMs'],
  ...['timeInForce', 'offset', 'postOnly', 'reduceOnly', 'takeProfit', 'stopLoss', 'requestId'],
];

export function addTrading(program: Command, parseCount: ParseCount, print: Print): void {
  addOrders(program, parseCount, print);
  addLineage(program.command('lineage'), print);
  addRisk(program, print);
  addInstruments(program, print);
  targeted(program.command('positions'))
    .description('positions with average price, PnL and fees')
    .addOption(new Option('--by <whose>', 'of each of them alone').choices(['account', 'strategy']))
    .action((flags: Flags & { readonly by?: string }) => {
      const query = flags.by === undefined ? '' : `?by=${flags.by}`;
      return show(flags, `/api/positions${query}`, positionsText, print);
    });
  for (const [name, state, what] of [
    ['halt', 'HALTED', 'no order leaves any more'],
    ['reduce', 'REDUCING', 'only orders that take risk away'],
    ['resume', 'ACTIVE', 'trade on; arms a throttled strategy again'],
  ] as const)
    addState(program, { name, state, what }, print);
  reasoned(targeted(program.command('flatten')))
    .description('cancels every order and closes every position')
    .action((flags: Flags) => act(flags, '/api/flatten', {}, () => 'closing everything', print));
  reasoned(targeted(program.command('reconcile')))
    .description('compares journal and broker now')
    .option('--adopt', 'takes over what the broker has: positions, executions, averages', false)
    .action((flags: Flags & { readonly adopt: boolean }) => {
      const path = flags.adopt ? '/api/reconcile/adopt' : '/api/reconcile';
      return act(flags, path, {}, differencesText, print);
    });
}

interface StateWords {
  readonly name: string;
  readonly state: string;
  readonly what: string;
}

function addState(program: Command, { name, state, what }: StateWords, print: Print): void {
  const command = reasoned(targeted(program.command(name)))
    .description(`${what}; of everything, or of: account NAME, strategy INSTANCE, symbol NAME`)
    .argument('[scope]')
    .argument('[name]');
  if (state === 'HALTED')
    command
      .option('--cancel', 'cancels what is open of it, too, until nothing is', false)
      .option('--all', 'with --cancel: orders of others in the account, too', false);
  type StateFlags = Flags & { readonly cancel?: boolean; readonly all?: boolean };
  command.action((scope: string | undefined, part: string | undefined, flags: StateFlags) => {
    const cancel = flags.cancel === true ? { cancel: true } : {};
    const all = flags.all === true ? { all: true } : {};
    const body = { state, ...partOf(scope, part), ...cancel, ...all };
    const of = scope === undefined ? '' : ` of ${scope} ${part}`;
    const text = (view: { readonly state: string }): string => `trading${of} is ${view.state}`;
    return act(flags, '/api/trading-state', body, text, print);
  });
}

function addOrders(program: Command, parseCount: ParseCount, print: Print): void {
  const orders = targeted(program.command('orders'))
    .description('orders, newest first; see its commands for sending and changing them')
    .option('--limit <count>', 'how many', parseCount, 20)
    .action((flags: Flags & { limit: number }) =>
      show(flags, `/api/orders?limit=${flags.limit}`, ordersText, print),
    );
  targeted(orders.command('send'))
    .description('sends an order, checked like any other (docs/protocol/orders.md)')
    .argument('<side>', 'buy or sell')
    .argument('<quantity>')
    .argument('<symbol>')
    .option('--type <type>', 'market, limit, stop, stopLimit, trailing, twap, vwap, iceberg')
    .option('--limit-price <price>')
    .option('--stop-price <price>', 'the price that triggers')
    .option('--distance <amount>', 'trailing: from the best price of the market')
    .option('--shown <quantity>', 'iceberg: quantity shown at a time')
    .option('--slices <count>', 'TWAP, VWAP: parts of the time', parseCount)
    .option('--profile <weights>', 'VWAP: a whole weight per slice, with commas')
    .option('--work-for-ms <ms>', 'gtd, TWAP, VWAP: how long', parseCount)
    .option('--time-in-force <word>', 'gtc, ioc, fok, gtd, day')
    .option('--offset <word>', 'open, close, closeToday, closeYesterday (docs/instruments.md)')
    .option('--post-only', 'refused when it would trade at once')
    .option('--reduce-only', 'never opens or turns a position')
    .option('--take-profit <price>', 'bracket: limit of the leg that takes the profit')
    .option('--stop-loss <price>', 'bracket: price that triggers the leg that ends the loss')
    .option('--request-id <name>', 'asked again under this name it is no second order')
    .option('--other-side <side>', 'a second order, of which what one executes the other cannot:')
    .option('--other-type <type>', 'limit, stop, stopLimit or trailing')
    .option('--other-limit-price <price>')
    .option('--other-stop-price <price>')
    .option('--other-distance <amount>')
    .action((side: string, quantity: string, symbol: string, own: SendFlags, command: Command) => {
      const body = { side, quantity, symbol, ...sendBody(own) };
      return post(allFlags(command), '/api/orders', body, verdict, print);
    });
  reasoned(targeted(orders.command('cancel')))
    .argument('<order>', 'client order id')
    .description('asks the venue to cancel an open order')
    .action((clientOrderId: string, _: Flags, command: Command) =>
      act(
        allFlags(command),
        '/api/orders/cancel',
        { clientOrderId },
        () => 'cancel requested',
        print,
      ),
    );
  reasoned(targeted(orders.command('settle')))
    .argument('<order>', 'client order id')
    .description('closes an order whose outcome is unknown and that the venue no longer knows')
    .action((clientOrderId: string, _: Flags, command: Command) =>
      act(allFlags(command), '/api/orders/settle', { clientOrderId }, () => 'settled', print),
    );
  reasoned(targeted(orders.command('replace')))
    .argument('<order>', 'client order id')
    .description('asks for another quantity or price of an open order')
    .option('--quantity <quantity>', 'with what is filled')
    .option('--limit-price <price>')
    .option('--stop-price <price>')
    .action((clientOrderId: string, own: SendFlags, command: Command) => {
      const { quantity, limitPrice, stopPrice } = own;
      const body = { clientOrderId, ...given({ quantity, limitPrice, stopPrice }) };
      return act(allFlags(command), '/api/orders/replace', body, () => 'change requested', print);
    });
  addLineage(orders.command('lineage'), print);
}

function addLineage(command: Command, print: Print): void {
  targeted(command)
    .argument('<order>', 'client order id')
    .description('where an order comes from: signal, stored factor values, the ticks behind them')
    .action((id: string, _: Flags, own: Command) => {
      const path = `/api/orders/lineage?clientOrderId=${encodeURIComponent(id)}`;
      return show(allFlags(own), path, lineageText, print);
    });
}

function addRisk(program: Command, print: Print): void {
  const risk = targeted(program.command('risk'))
    .description('limits, loss of the day, what is set, what was denied')
    .action((flags: Flags) => show(flags, '/api/risk', riskText, print));
  reasoned(targeted(risk.command('day')))
    .description('sets the day of the account right that began by a clock that was wrong')
    .action((_: Flags, command: Command) =>
      act(allFlags(command), '/api/risk/day', {}, riskText, print),
    );
  reasoned(targeted(risk.command('set')))
    .description('sets a limit from the next order on; KEY= takes it back')
    .argument('<scope>', 'account, strategy or symbol')
    .argument('<name>', 'of the account or symbol, or the instance of the strategy')
    .argument('<limit>', 'as maxPosition=5')
    .action((scope: string, name: string, text: string, _: Flags, command: Command) => {
      const at = text.indexOf('=');
      if (at < 1) throw new NdtsError('INVALID_ARGUMENT', `expected KEY=VALUE, found '${text}'`);
      const body = { scope, name, key: text.slice(0, at), value: text.slice(at + 1) };
      return act(allFlags(command), '/api/risk/limits', body, riskText, print);
    });
}

function otherFeesText(risk: RiskView): string[] {
  return (risk.otherFees ?? []).map(({ currency, fees, rate }) => {
    const how = rate === undefined ? 'not in the loss: risk.rates has no rate' : `at ${rate}`;
    return `fees of ${fees} ${currency}, ${how}`;
  });
}

function addInstruments(program: Command, print: Print): void {
  const instruments = targeted(program.command('instruments'))
    .description('what symbols are worth: multiplier, currency, tick size, lot, exchange')
    .action((flags: Flags) => show(flags, '/api/instruments', instrumentsText, print));
  reasoned(targeted(instruments.command('set')))
    .description('says what a symbol is worth; what is not given stays (docs/instruments.md)')
    .argument('<symbol>')
    .option('--multiplier <count>', 'worth of one unit at price 1', Number)
    .option('--currency <code>', 'of its price; risk.rates must name its rate')
    .option('--tick-size <price>', 'prices are multiples of it; 0: as the limits say')
    .option('--lot <quantity>', 'quantities are multiples of it; 0: as the limits say')
    .option('--exchange <id>', 'SHFE, INE, DCE, CZCE, CFFEX and GFEX keep long and short apart')
    .option('--product <name>', 'what it is a contract of')
    .action((symbol: string, own: SendFlags, command: Command) => {
      const { multiplier, currency, tickSize, lot, exchange, product } = own;
      const fields = given({ multiplier, currency, tickSize, lot, exchange, product });
      const text = (view: InstrumentView): string => instrumentsText([view]);
      return act(allFlags(command), '/api/instruments', { symbol, ...fields }, text, print);
    });
}

function targeted(command: Command): Command {
  return command
    .option('--data-dir <folder>', 'data folder of the node', 'data')
    .option('--url <url>', 'its address, when it runs elsewhere')
    .option('--token-file <file>', 'a file with a token (default: the admin token of the folder)')
    .option('--json', 'one JSON line, for programs', false);
}

function reasoned(command: Command): Command {
  return command.requiredOption('--why <reason>', 'kept with your name');
}

/** Options that the command above knows too are taken by it. */
function allFlags(command: Command): Flags {
  return command.optsWithGlobals<Flags>();
}

async function show<View>(
  flags: Flags,
  path: string,
  text: (view: View) => string,
  print: Print,
): Promise<void> {
  const view = await fetchJson(findTarget(flags), path);
  print(flags.json ? JSON.stringify(view) : text(view as View));
}

function act<View>(
  flags: Flags,
  path: string,
  body: object,
  text: (view: View) => string,
  print: Print,
): Promise<void> {
  return post(flags, path, { ...body, why: flags.why }, text, print);
}

async function post<View>(
  flags: Flags,
  path: string,
  body: object,
  text: (view: View) => string,
  print: Print,
): Promise<void> {
  const request = { method: 'POST', path, body, timeoutMs: 60_000 } as const;
  const view = await requestJson(findTarget(flags), request);
  print(flags.json ? JSON.stringify(view) : text(view as View));
}

function partOf(scope: string | undefined, name: string | undefined): object {
  if (scope === undefined) return {};
  if (name === undefined)
    throw new NdtsError('INVALID_ARGUMENT', `expected the name of the ${scope}`);
  return { scope, name };
}

function sendBody(flags: SendFlags): object {
  const { otherSide, otherType, otherLimitPrice, otherStopPrice, otherDistance } = flags;
  const other = given({
    ...{ side: otherSide, type: otherType, limitPrice: otherLimitPrice },
    ...{ stopPrice: otherStopPrice, distance: otherDistance },
  });
  const own = given(Object.fromEntries(sendFields.map((name) => [name, flags[name]])));
  return Object.keys(other).length === 0 ? own : { ...own, other };
}

function given(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function verdict({ clientOrderId, reason }: SubmitAnswer): string {
  return `${clientOrderId} ${reason}`;
}

function differencesText({ differences, adopted, tradingState }: ReconcileView): string {
  const listed = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];
  const state = `trading is ${tradingState}`;
  const lines = [...listed('adopted:', adopted), ...listed(`differs; ${state}:`, differences)];
  if (differences.length > 0) return lines.join('\n');
  return [...lines, 'journal and broker agree', ...(adopted.length > 0 ? [state] : [])].join('\n');
}

function ordersText(orders: readonly OrderView[]): string {
  if (orders.length === 0) return 'no orders';
  const titles = ['order', 'symbol', 'side', 'state', 'reason'].map((title) => ({ title }));
  const [order, symbol, side, state, reason] = titles;
  const numbers = ['quantity', 'filled', 'average'].map((title) => ({ title, right: true }));
  return tableText(
    [order, symbol, side, ...numbers, state, reason].filter((column) => column !== undefined),
    orders.map((one) => [
      ...[one.clientOrderId, one.symbolName, one.side, one.quantity, one.filled],
      ...[one.averagePrice, one.state, one.reason],
    ]),
  );
}

function positionsText(positions: readonly PositionView[]): string {
  if (positions.length === 0) return 'no positions';
  const numbers = ['quantity', 'average', 'last', 'realised', 'unrealised', 'fees'];
  const whose = ({ instance, account }: PositionView): string[] =>
    [instance?.toString() ?? account].flatMap((name) => name ?? []);
  const by = positions[0]?.instance === undefined ? 'account' : 'strategy';
  const table = tableText(
    [
      ...(positions.some((one) => whose(one).length > 0) ? [{ title: by }] : []),
      { title: 'symbol' },
      ...numbers.map((title) => ({ title, right: true })),
      ...(positions.some(({ currency }) => currency !== '') ? [{ title: 'in' }] : []),
    ],
    positions.map((one) => [
      ...[...whose(one), one.symbolName, one.quantity, one.averagePrice, one.lastPrice],
      ...[one.realisedPnl, one.unrealisedPnl, one.fees, one.currency],
    ]),
  );
  const apart = positions.flatMap(({ symbolName, offsets }) =>
    (offsets ?? []).map((one) => [
      ...[symbolName, one.account, one.longToday, one.longYesterday],
      ...[one.shortToday, one.shortYesterday],
    ]),
  );
  if (apart.length === 0) return table;
  const sides = ['long today', 'yesterday', 'short today', 'yesterday'];
  const columns = ['symbol', 'account'].map((title) => ({ title }));
  const right = sides.map((title) => ({ title, right: true }));
  return `${table}\n\n${tableText([...columns, ...right], apart)}`;
}

function instrumentsText(instruments: readonly InstrumentView[]): string {
  if (instruments.length === 0) return 'no instruments: every symbol counts 1 a unit';
  const [symbol, exchange, product, currency, from] = [
    ...['symbol', 'exchange', 'product', 'currency', 'said by'],
  ].map((title) => ({ title }));
  const numbers = ['rate', 'multiplier', 'tick', 'lot'].map((title) => ({ title, right: true }));
  return tableText(
    [symbol, exchange, product, currency, ...numbers, from].filter((one) => one !== undefined),
    instruments.map((one) => [
      ...[one.symbolName, one.exchange, one.product, one.currency, one.rate],
      ...[String(one.multiplier), one.tickSize, one.lot, one.fromFile ? 'the file' : 'a person'],
    ]),
  );
}

function riskText(risk: RiskView): string {
  const why = risk.tradingReason === '' ? '' : ` (${risk.tradingReason})`;
  const lines = [`trading is ${risk.tradingState}${why}`, `loss of the day ${risk.dayLoss}`];
  if (risk.dayAhead !== undefined) lines.push(risk.dayAhead);
  lines.push(...otherFeesText(risk));
  if (risk.route !== undefined) lines.push(`orders go to ${routeText(risk.route)}`);
  if (risk.flatten !== '') lines.push(`everything is being closed (${risk.flatten})`);
  for (const line of risk.differences) lines.push(`journal and broker differ: ${line}`);
  lines.push('', ...Object.entries(risk.limits).map(([name, value]) => `${name} ${value}`));
  if (risk.controls.length > 0) {
    const columns = ['what', 'scope', 'name', 'value', 'who and why'].map((title) => ({ title }));
    const rows = risk.controls.map(({ kind, scope, name, key, value, reason }) => [
      ...[kind, scope, name, key === '' ? value : `${key}=${value}`, reason],
    ]);
    lines.push('', tableText(columns, rows));
  }
  const denied = Object.entries(risk.denied).map(([reason, count]) => `${reason} ${count}`);
  if (denied.length > 0) lines.push('', `denied: ${denied.join(', ')}`);
  return lines.join('\n');
}

function lineageText(view: FullLineageView): string {
  const { order, signal, factor, tick, behind } = view;
  const lines = [
    `order   ${order.clientOrderId} ${order.side} ${order.quantity} ${order.symbolName} ` +
      `${view.type}, ${order.state}, filled ${order.filled}`,
    `signal  instance ${signal.instance}, ordinal ${signal.ordinal}` +
      (behind.strategy === '' ? '' : `, of ${behind.strategy}`),
    `factor  ${factor.value} acted on`,
    `tick    shard ${tick.shard}, epoch ${tick.epoch}, sequence ${tick.sequence}, ` +
      timeText(timeFromMs(tick.timeMs)),
  ];
  if (view.parent !== '') lines.push(`parent  ${view.parent}`);
  if (view.children.length > 0) lines.push(`child   ${view.children.join(', ')}`);
  if (view.trades.length > 0) lines.push(`trade   ${view.trades.join(', ')}`);
  return [...lines, ...behindLines(behind)].join('\n');
}

const ticksShown = 20;

/** The values that are stored, and the last of the ticks they look at. */
function behindLines({ factors, ticks, missing }: CalcLineage): string[] {
  const lines: string[] = [];
  const titled = (...titles: readonly string[]) => titles.map((title) => ({ title }));
  if (factors.length > 0) {
    const columns = titled('factor', 'version', 'value', 'lower', 'middle', 'upper', 'ticks');
    const rows = factors.map(({ factor, version, value, lower, middle, upper, ...range }) => [
      ...[factor, version, value ?? '', lower ?? '', middle ?? '', upper ?? ''],
      `${range.firstSequence ?? '?'} to ${range.lastSequence}`,
    ]);
    lines.push('', tableText(columns, rows).trimEnd());
  }
  if (ticks.length > 0) {
    const columns = titled('sequence', 'time', 'price', 'volume', 'bid', 'ask');
    const rows = ticks
      .slice(-ticksShown)
      .map(({ sequence, time, price, volume, bid, ask }) => [
        ...[sequence, time, price, volume, bid, ask],
      ]);
    lines.push('', tableText(columns, rows).trimEnd());
    if (ticks.length > ticksShown) lines.push(`the last ${ticksShown} of ${ticks.length} ticks`);
  }
  if (missing !== '') lines.push('', `not all: ${missing}`);
  return lines;
}

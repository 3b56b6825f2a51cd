// How a backtest trades: money, fees, fills, latency, margin. Plain data, part of a run's identity.
// Always: what came from outside was checked here once; numbers that become money or rates are
// exact integers afterwards.

import { NdtsError, parseMoney } from '@ndts/protocol';

export const fillModelNames = ['next_tick', 'queue', 'volume_share'] as const;
export type FillModelName = (typeof fillModelNames)[number];

/** Costs of the symbols whose names match; the first entry that matches is taken. */
export interface VenueFees {
  /** A name, or with * for anything: 'BINANCE:*'. */
  readonly symbols: string;
  /** Of an order that rested. */
  readonly makerBps: number;
  /** Of an order that traded at once. */
  readonly takerBps: number;
  /** A decimal, for each unit of quantity. */
  readonly perUnit: string;
  /** A decimal, of one fill at least. */
  readonly minimum: string;
}

export interface BacktestSettings {
  /** A decimal: what the account begins with. */
  readonly cash: string;
  readonly fill: FillModelName;
  /** Whether orders meet the books of the run, too, not ticks alone. */
  readonly bookFills: boolean;
  /** volume_share: how much of a tick's volume is ours at most, above 0 to 1. */
  readonly volumeShare: number;
  /** volume_share: what taking the whole volume of a tick would move the price by. */
  readonly impactBps: number;
  /** From the tick a hook acts on to the venue. */
  readonly latencyUs: number;
  /** What is added at random at most; orders never overtake each other. */
  readonly latencyJitterUs: number;
  readonly fees: readonly VenueFees[];
  /** What an order that trades at once pays beyond the touch. */
  readonly slippageBps: number;
  /** false: nothing is sold that is not held. */
  readonly shorting: boolean;
  /** A year of a short position, of its value. */
  readonly borrowBps: number;
  /** Equity that a new order needs, of all that is held; 0: none is asked for. */
  readonly initialMargin: number;
  /** Below it everything is closed; 0: never. */
  readonly maintenanceMargin: number;
  /** Distance of two points of the equity curve, of the time of ticks. */
  readonly sampleMs: number;
  readonly seed: number;
}

export const defaultSettings: BacktestSettings = {
  cash: '1000000',
  fill: 'next_tick',
  bookFills: true,
  volumeShare: 0.1,
  impactBps: 0,
  latencyUs: 0,
  latencyJitterUs: 0,
  fees: [{ symbols: '*', makerBps: 1, takerBps: 1, perUnit: '0', minimum: '0' }],
  slippageBps: 0,
  shorting: true,
  borrowBps: 0,
  initialMargin: 0.5,
  maintenanceMargin: 0.25,
  sampleMs: 60_000,
  seed: 1,
};

const msPerDay = 86_400_000;
const bpsMax = 10_000;

/** Ranges of the numbers: least, most, whole or not. */
const ranges = {
  volumeShare: [1e-8, 1, false],
  impactBps: [0, bpsMax, false],
  latencyUs: [0, 3600e6, true],
  latencyJitterUs: [0, 3600e6, true],
  slippageBps: [0, bpsMax, false],
  borrowBps: [0, 100 * bpsMax, false],
  initialMargin: [0, 10, false],
  maintenanceMargin: [0, 10, false],
  sampleMs: [1, msPerDay, true],
  seed: [0, Number.MAX_SAFE_INTEGER, true],
} as const satisfies Partial<Record<keyof BacktestSettings, readonly [number, number, boolean]>>;

function wrong(what: string, expected: string, found: unknown): NdtsError {
  const shown = typeof found === 'string' ? `'${found}'` : JSON.stringify(found);
  return new NdtsError('INVALID_ARGUMENT', `${what}: expected ${expected}, found ${shown}`);
}

function checkNumber(what: string, value: unknown, range: readonly [number, number, boolean]) {
  const [least, most, whole] = range;
  const isRight =
    typeof value === 'number' &&
    (whole ? Number.isSafeInteger(value) : Number.isFinite(value)) &&
    value >= least &&
    value <= most;
  if (!isRight)
    throw wrong(what, `${whole ? 'a whole number' : 'a number'} from ${least} to ${most}`, value);
}

function checkDecimal(what: string, value: unknown): void {
  if (typeof value !== 'string') throw wrong(what, 'a decimal as text', value);
  if (parseMoney(value) < 0n) throw wrong(what, 'a decimal of 0 or more', value);
}

/** Nothing for what an entry leaves out. */
function resolveFees(given: unknown): readonly VenueFees[] {
  if (!Array.isArray(given)) throw wrong('fees', 'a list', given);
  return given.map((entry: unknown, at) => {
    const what = `fees[${at}]`;
    if (typeof entry !== 'object' || entry === null) throw wrong(what, 'an object', entry);
    const unknown = Object.keys(entry).find((name) => !Object.hasOwn(noFees, name));
    if (unknown !== undefined) throw wrong(what, Object.keys(noFees).join(', '), unknown);
    const fees: VenueFees = { ...noFees, ...entry };
    if (typeof fees.symbols !== 'string') throw wrong(`${what}.symbols`, 'text', fees.symbols);
    for (const name of ['makerBps', 'takerBps'] as const)
      checkNumber(`${what}.${name}`, fees[name], [-bpsMax, bpsMax, false]);
    for (const name of ['perUnit', 'minimum'] as const) checkDecimal(`${what}.${name}`, fees[name]);
    return fees;
  });
}

const noFees: VenueFees = { symbols: '*', makerBps: 0, takerBps: 0, perUnit: '0', minimum: '0' };

export type GivenSettings = {
  readonly [Name in keyof Omit<BacktestSettings, 'fees'>]?: BacktestSettings[Name];
} & { readonly fees?: readonly Partial<VenueFees>[] };

/** Defaults for what is left out; INVALID_ARGUMENT for what is unknown or out of range. */
export function resolveSettings(given: GivenSettings): BacktestSettings {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(defaultSettings, name));
  if (unknown !== undefined)
    throw wrong('settings', Object.keys(defaultSettings).join(', '), unknown);
  const settings = { ...defaultSettings, ...given };
  for (const [name, range] of Object.entries(ranges))
    checkNumber(name, settings[name as keyof typeof ranges], range);
  checkDecimal('cash', settings.cash);
  if (!fillModelNames.includes(settings.fill))
    throw wrong('fill', fillModelNames.join(', '), settings.fill);
  for (const name of ['shorting', 'bookFills'] as const)
    if (typeof settings[name] !== 'boolean') throw wrong(name, 'true or false', settings[name]);
  return { ...settings, fees: resolveFees(given.fees ?? defaultSettings.fees) };
}

/** Basis points as an exact fraction of 1e8. */
export function rateOfBps(bps: number): bigint {
  return BigInt(Math.round(bps * 10_000));
}

/** A fraction as an exact one of 1e8. */
export function rateOfFraction(fraction: number): bigint {
  return BigInt(Math.round(fraction * 1e8));
}

// What `ndts backtest` and `ndts sweep` have in common: where the ticks come from, how trades are
// simulated, and where results go.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import {
  builtInStrategies,
  fillModelNames,
  type GivenSettings,
  resolveSettings,
} from '@ndts/calc-node';
import type { BacktestSettings } from '@ndts/calc-node';
import { type Clock, type ConfigValues, NdtsError, type Time } from '@ndts/protocol';
import { readTextDocument } from '@ndts/runtime';
import type { Screen } from '../screen/status-line.js';
import { addSourceOptions, sourceOptions, type SourceFlags } from './data-source.js';
import { parseTime } from './replay.js';

export interface RunFlags extends SourceFlags {
  readonly dataDir: string;
  readonly config?: string;
  readonly symbols?: string;
  readonly from?: string;
  readonly to?: string;
  readonly settings?: string;
  readonly cash?: string;
  readonly fill?: string;
  readonly latencyUs?: string;
  readonly feeBps?: string;
  readonly slippageBps?: string;
  readonly seed?: string;
  readonly out?: string;
  readonly json: boolean;
}

export interface RunContext {
  readonly values: ConfigValues;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly print: (text: string) => void;
  /** Where progress goes. */
  readonly screen: Screen;
}

/** For a node that is about to serve. */
const openTimeoutMs = 10_000;

export function addRunOptions(command: Command): Command {
  return addSourceOptions(command)
    .option('--symbols <names>', 'some symbols, separated by commas (default: all)')
    .option('--from <time>', 'first time, as 2026-01-02T09:30:00.5Z (UTC) or 2026-01-02')
    .option('--to <time>', 'up to this time, which is not in it')
    .option('--settings <file>', 'how trades are simulated, YAML or TOML (docs/backtest.md)')
    .option('--cash <amount>', 'what the account begins with (default: 1000000)')
    .addOption(
      new Option('--fill <model>', 'how orders fill (default: next_tick)').choices(fillModelNames),
    )
    .option('--latency-us <us>', 'from a tick to the venue (default: 0)')
    .option('--fee-bps <bps>', 'of what is traded, everywhere (default: 1)')
    .option('--slippage-bps <bps>', 'beyond the touch (default: 0)')
    .option('--seed <number>', 'of all that is random (default: 1)')
    .option('--out <folder>', 'where results go (default: in the data folder)')
    .option('--json', 'one JSON object, for programs', false);
}

function numberOf(flag: string, text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new NdtsError('INVALID_ARGUMENT', `--${flag}: expected a number, found '${text}'`);
}

/** The file, and flags above it. */
export function settingsOf(flags: RunFlags): BacktestSettings {
  const { settings, cash, fill, latencyUs, feeBps, slippageBps, seed } = flags;
  const file = settings === undefined ? {} : readTextDocument(settings).value;
  if (typeof file !== 'object' || file === null || Array.isArray(file))
    throw new NdtsError('INVALID_ARGUMENT', `${settings}: expected names and values`);
  const bps = feeBps === undefined ? undefined : numberOf('fee-bps', feeBps);
  return resolveSettings({
    ...(file as GivenSettings),
    ...(cash === undefined ? {} : { cash }),
    ...(fill === undefined ? {} : { fill: fill as BacktestSettings['fill'] }),
    ...(latencyUs === undefined ? {} : { latencyUs: numberOf('latency-us', latencyUs) }),
    ...(slippageBps === undefined ? {} : { slippageBps: numberOf('slippage-bps', slippageBps) }),
    ...(seed === undefined ? {} : { seed: numberOf('seed', seed) }),
    ...(bps === undefined ? {} : { fees: [{ symbols: '*', makerBps: bps, takerBps: bps }] }),
  });
}

export function sourceOf(flags: RunFlags, values: ConfigValues, warmUpMs = 0) {
  const from = flags.from === undefined ? undefined : parseTime(flags.from, 'from');
  const to = flags.to === undefined ? undefined : parseTime(flags.to, 'to');
  const symbols = flags.symbols?.split(',').map((name) => name.trim());
  return {
    kind: 'history' as const,
    client: sourceOptions(flags, { values, openTimeoutMs }),
    range: {
      ...(symbols === undefined ? {} : { symbols }),
      ...(to === undefined ? {} : { to }),
      ...(from === undefined ? {} : { from }),
      ...(from === undefined || warmUpMs === 0 ? {} : { warmUpFrom: before(from, warmUpMs) }),
    },
  };
}

function before(time: Time, ms: number): Time {
  const nsPerDay = 86_400e9;
  const nsOfDay = time.nsOfDay - ms * 1e6;
  const days = Math.floor(nsOfDay / nsPerDay);
  return { day: time.day + days, nsOfDay: nsOfDay - days * nsPerDay };
}

/** Built-in by name, a file by its path. */
export function pluginOf(text: string): string {
  if (builtInStrategies.includes(text)) return text;
  const path = resolve(text);
  if (existsSync(path)) return path;
  const known = builtInStrategies.join(', ');
  throw new NdtsError('NOT_FOUND', `expected a file or a built-in strategy (${known}): '${text}'`);
}

export function folderOf(flags: RunFlags, values: ConfigValues, name: string): string {
  return flags.out ?? join(values.dataDir, name);
}

/** 'name=value'. */
export function pairOf(flag: string, text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  throw new NdtsError('INVALID_ARGUMENT', `--${flag}: expected name=value, found '${text}'`);
}

export function collect(value: string, all: readonly string[]): readonly string[] {
  return [...all, value];
}

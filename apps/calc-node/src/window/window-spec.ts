// What windows there are, and what becomes of ticks and symbols that come late, or no more. Times
// are event times, in whole milliseconds; windows begin and end at multiples of their step since
// 1970, UTC.

import { NdtsError } from '@ndts/protocol';
import type { Aggregate } from './aggregate.js';

export type WindowShape =
  /** Of the last `sizeMs`, every `stepMs`; a size is a whole number of steps. */
  | { readonly kind: 'sliding'; readonly sizeMs: number; readonly stepMs: number }
  | { readonly kind: 'tumbling'; readonly sizeMs: number }
  /** From a tick on until none comes for `gapMs`; looked at every `stepMs`, by default the gap. */
  | { readonly kind: 'session'; readonly gapMs: number; readonly stepMs?: number };

export const fillPolicies = ['none', 'previous', 'zero', 'nan'] as const;
export type FillPolicy = (typeof fillPolicies)[number];

export interface WindowSpec {
  /** 60 s every 10 s by default. */
  readonly shape?: WindowShape;
  readonly aggregates: readonly Aggregate[];
  /** A window closes when time has passed its end by this much; 0 by default. */
  readonly waitMs?: number;
  /** Ticks of closed windows up to so late are added to them, and the rows given again; 0, the
   * default: they are dropped. */
  readonly correctMs?: number;
  /** What is said of a window without ticks of a symbol that had some before; none by default. */
  readonly fill?: FillPolicy;
  /** A symbol without ticks for so long, since the step of the last, is forgotten; an hour by
   * default, at least size, wait and correction. */
  readonly purgeMs?: number;
}

/** Checked, with everything said. */
export interface WindowPlan {
  readonly isSession: boolean;
  readonly sizeMs: number;
  readonly stepMs: number;
  readonly waitMs: number;
  readonly correctMs: number;
  readonly fill: FillPolicy;
  readonly purgeMs: number;
}

const defaultShape: WindowShape = { kind: 'sliding', sizeMs: 60_000, stepMs: 10_000 };
const hourMs = 3_600_000;
const msMax = 366 * 24 * hourMs;
/** Panes of a window at most. */
const panesMax = 10_000;

export function planWindows(spec: WindowSpec): WindowPlan {
  const shape = spec.shape ?? defaultShape;
  const isSession = shape.kind === 'session';
  const sizeMs = whole('size', isSession ? shape.gapMs : shape.sizeMs, 1);
  const step = shape.kind === 'tumbling' ? sizeMs : shape.stepMs;
  const stepMs = whole('step', step ?? sizeMs, 1);
  if (!isSession && (sizeMs % stepMs !== 0 || sizeMs / stepMs > panesMax))
    throw wrong(
      `expected a size of 1 to ${panesMax} whole steps, found ${sizeMs} ms by ${stepMs} ms`,
    );
  const waitMs = whole('wait', spec.waitMs ?? 0, 0);
  const correctMs = whole('correction', spec.correctMs ?? 0, 0);
  if ((waitMs + correctMs + stepMs) / stepMs > panesMax)
    throw wrong(`expected to wait and correct for at most ${panesMax} steps of ${stepMs} ms`);
  const fill = spec.fill ?? 'none';
  if (!fillPolicies.includes(fill))
    throw wrong(`expected one of ${fillPolicies.join(', ')}; found '${fill}'`);
  if (isSession && (correctMs > 0 || fill !== 'none'))
    throw wrong('sessions are neither corrected nor filled');
  const least = sizeMs + waitMs + correctMs;
  const purgeMs = whole('purge', spec.purgeMs ?? Math.max(hourMs, least), least);
  return { isSession, sizeMs, stepMs, waitMs, correctMs, fill, purgeMs };
}

function whole(what: string, ms: number, least: number): number {
  if (Number.isInteger(ms) && ms >= least && ms <= msMax) return ms;
  throw wrong(`${what}: expected whole milliseconds from ${least} to ${msMax}, found ${ms}`);
}

function wrong(text: string): NdtsError {
  return new NdtsError('INVALID_ARGUMENT', `windows: ${text}`);
}

// Decides the state of a node from what is known about it: lease, heartbeat, health answer,
// progress. Pure. Always: a node without a lease is FAILED, whatever else it says; a node is never
// better than it announced itself; each verdict names its reason.

import type { HealthReport, NodeStateName } from '@ndts/protocol';

/** What the control node knows at one moment. */
export interface NodeFacts {
  /** What the node says of itself. */
  readonly announced: NodeStateName;
  readonly leaseAlive: boolean;
  /** Since the last heartbeat; since registration when there was none yet. */
  readonly heartbeatAgeMs: number;
  /** The last answer; undefined before the first one. */
  readonly health: HealthReport | undefined;
  /** Health checks in a row that nobody answered. */
  readonly missedChecks: number;
  readonly responseMs: number;
  /** For how long `health.progress` has not grown. */
  readonly stalledMs: number;
}

export interface NodePolicy {
  readonly heartbeatIntervalMs: number;
  readonly checkIntervalMs: number;
  readonly leaseTtlMs: number;
}

export interface NodeVerdict {
  readonly state: NodeStateName;
  /** Why it is not what it announced, or why what it announced is bad; '' when all is well. */
  readonly reason: string;
}

/** A slower answer than this is worth showing. */
const slowResponseMs = 1000;
const heartbeatsLate = 3;
const checksMissedFailed = 2;
const checksStalled = 2;

export function decideNodeState(facts: NodeFacts, policy: NodePolicy): NodeVerdict {
  const failure = failureOf(facts, policy);
  if (failure !== '') return { state: 'FAILED', reason: failure };
  const weakness = weaknessOf(facts, policy);
  // A node that leaves or waits is not degraded by being quiet.
  if (weakness !== '' && facts.announced === 'ACTIVE')
    return { state: 'DEGRADED', reason: weakness };
  return { state: facts.announced, reason: weakness };
}

function failureOf(facts: NodeFacts, policy: NodePolicy): string {
  if (!facts.leaseAlive) return 'lease lost';
  if (facts.announced === 'FAILED') return detailOf(facts);
  if (facts.heartbeatAgeMs > policy.leaseTtlMs)
    return `no heartbeat for ${seconds(facts.heartbeatAgeMs)}`;
  if (facts.missedChecks >= checksMissedFailed)
    return `${facts.missedChecks} health checks without an answer`;
  return '';
}

function weaknessOf(facts: NodeFacts, policy: NodePolicy): string {
  if (facts.health !== undefined && !facts.health.ok) return detailOf(facts);
  if (facts.missedChecks > 0) return 'last health check without an answer';
  if (facts.heartbeatAgeMs > heartbeatsLate * policy.heartbeatIntervalMs)
    return `heartbeat late by ${seconds(facts.heartbeatAgeMs - policy.heartbeatIntervalMs)}`;
  if (facts.health !== undefined && facts.stalledMs > checksStalled * policy.checkIntervalMs)
    return `no progress for ${seconds(facts.stalledMs)}`;
  if (facts.responseMs > slowResponseMs) return `answers in ${seconds(facts.responseMs)}`;
  return facts.announced === 'DEGRADED' ? detailOf(facts) : '';
}

/** What the node said of it. It may have announced a state before it was asked about its health. */
function detailOf({ health }: NodeFacts): string {
  const detail = health?.detail ?? '';
  return detail === '' ? 'reported by the node itself' : detail;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

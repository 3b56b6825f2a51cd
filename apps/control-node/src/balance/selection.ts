// Chooses the node for a new piece of work. Pure: the state goes in and the next state comes out,
// so that the same calls give the same answers in production, in tests and in the simulation.

import { chooseOnCircle } from './circle.js';
import { assignmentLoad } from './load-score.js';

export type SelectionStrategy = 'least_loaded' | 'round_robin' | 'consistent_hash';

export interface Candidate {
  readonly nodeId: string;
  /** As last reported, 0 to 1. */
  readonly loadScore: number;
  /** Pieces of work it holds; what the bound of consistent hashing counts. */
  readonly held: number;
}

export interface SelectionState {
  /** The last choice of round robin; '' before the first. */
  readonly lastNodeId: string;
  /** Assignments to a node since its last load report. */
  readonly assigned: ReadonlyMap<string, number>;
}

export interface Selection {
  readonly nodeId: string;
  readonly state: SelectionState;
}

export const emptySelectionState: SelectionState = { lastNodeId: '', assigned: new Map() };

/** undefined only when there is no candidate. `key` names the work; hashing places it by that. */
export function selectNode(
  strategy: SelectionStrategy,
  candidates: readonly Candidate[],
  key: string,
  state: SelectionState,
): Selection | undefined {
  if (candidates.length === 0) return undefined;
  const nodeId = choose(strategy, candidates, key, state);
  const assigned = new Map(state.assigned);
  assigned.set(nodeId, (assigned.get(nodeId) ?? 0) + 1);
  return { nodeId, state: { lastNodeId: nodeId, assigned } };
}

/** A load report of the node arrived: what was assigned before is in it. */
export function afterReport(state: SelectionState, nodeId: string): SelectionState {
  if (!state.assigned.has(nodeId)) return state;
  const assigned = new Map(state.assigned);
  assigned.delete(nodeId);
  return { ...state, assigned };
}

/** The reported score and what was assigned since. */
export function effectiveLoad(candidate: Candidate, state: SelectionState): number {
  return candidate.loadScore + assignmentLoad * (state.assigned.get(candidate.nodeId) ?? 0);
}

function choose(
  strategy: SelectionStrategy,
  candidates: readonly Candidate[],
  key: string,
  state: SelectionState,
): string {
  switch (strategy) {
    case 'least_loaded':
      return leastLoaded(candidates, state);
    case 'round_robin':
      return nextInOrder(candidates, state.lastNodeId);
    case 'consistent_hash':
      return chooseOnCircle(
        candidates.map(({ nodeId, held }) => ({
          nodeId,
          held: held + (state.assigned.get(nodeId) ?? 0),
        })),
        key,
      );
  }
}

/** Equal loads go by node id, so that the order of the list never matters. */
function leastLoaded(candidates: readonly Candidate[], state: SelectionState): string {
  let best: { readonly nodeId: string; readonly load: number } | undefined;
  for (const candidate of candidates) {
    const load = effectiveLoad(candidate, state);
    const better =
      best === undefined ||
      load < best.load ||
      (load === best.load && candidate.nodeId < best.nodeId);
    if (better) best = { nodeId: candidate.nodeId, load };
  }
  return best?.nodeId ?? '';
}

/** The node after the last one in the order of ids: who comes and goes disturbs no one's turn. */
function nextInOrder(candidates: readonly Candidate[], lastNodeId: string): string {
  let first = '';
  let next = '';
  for (const { nodeId } of candidates) {
    if (first === '' || nodeId < first) first = nodeId;
    if (nodeId > lastNodeId && (next === '' || nodeId < next)) next = nodeId;
  }
  return next === '' ? first : next;
}

// Orders that people asked for under a name of their own, so that asking again after an answer was
// lost is no second order. What always holds: like all that is known of orders it follows from the
// journal alone; the newest ten thousand are remembered.

import { createHash } from 'node:crypto';
import { NdtsError, type SubmitRequest } from '@ndts/protocol';

export interface RequestKept {
  /** The name given. */
  readonly id: string;
  readonly clientOrderId: string;
  /** Name of the RiskReason that was answered. */
  readonly reason: string;
  /** A hash of what was asked for. */
  readonly content: string;
}

const requestsMax = 10_000;

export class Requests {
  readonly #kept = new Map<string, RequestKept>();

  note(request: RequestKept): void {
    this.#kept.set(request.id, request);
    if (this.#kept.size <= requestsMax) return;
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      return;
    }
  }

  /** Oldest first. */
  all(): IterableIterator<RequestKept> {
    return this.#kept.values();
  }

  /** What was answered to the same request; undefined: it is new. INVALID_ARGUMENT: the name was
   * given to another one. */
  answerTo({ requestId, ...asked }: SubmitRequest): RequestKept | undefined {
    const kept = requestId === undefined ? undefined : this.#kept.get(requestId);
    if (kept === undefined || kept.content === contentOf(asked)) return kept;
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `request '${requestId}' was another order, ${kept.clientOrderId}: ` +
        'give each a name of its own',
    );
  }
}

/** Of what is asked for, in whichever order its fields stand. */
export function contentOf(asked: Omit<SubmitRequest, 'requestId'>): string {
  const text = JSON.stringify(asked, (_, value: unknown) =>
    typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

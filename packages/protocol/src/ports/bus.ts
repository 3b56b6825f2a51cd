// Signals, order events, commands, heartbeats: at most once, to whoever listens now. What must not
// be lost goes to the Log or the journal. Payloads are structured-cloneable plain data; the
// subjects and their payloads are in bus-subjects.ts.

export interface BusMessage<Payload = unknown> {
  readonly subject: string;
  readonly payload: Payload;
}

export interface Bus {
  publish(subject: string, payload: unknown): void;
  /** `subject` may end in `.>`: everything below. A listener that throws is logged, not removed. */
  subscribe(subject: string, listener: (message: BusMessage) => void): () => void;
  /** Answers requests; one responder per subject in a process, ALREADY_EXISTS otherwise. */
  respond(subject: string, responder: (payload: unknown) => unknown): () => void;
  /** UNAVAILABLE when nobody responds, TIMEOUT when it takes too long; the responder's error. */
  request(subject: string, payload: unknown, timeoutMs?: number): Promise<unknown>;
  close(): Promise<void>;
}

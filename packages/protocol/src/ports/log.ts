// Durable low-rate streams (signals, order events, commands) with acknowledged consumers. One
// stream per owner; the expected sequence fences a stale owner.

export interface LogEntry {
  /** 1, 2, 3 ... within the stream. */
  readonly sequence: number;
  readonly subject: string;
  readonly payload: Uint8Array;
}

export interface LogAppendOptions {
  /** Only when the stream's last sequence is this. Else COMPARE_FAILED. */
  readonly expectedLastSequence?: number;
  /** An id already appended to this stream is not appended again; its sequence is returned. */
  readonly messageId?: string;
}

export interface LogConsumer {
  /** The next entries after the last acknowledged one handed out here; [] when there are none. */
  fetch(limit: number): Promise<LogEntry[]>;
  /** Everything up to here is done; durable when it resolves. Going back is not possible. */
  acknowledge(sequence: number): Promise<void>;
  acknowledged(): number;
  close(): Promise<void>;
}

export interface Log {
  /** Durable when it resolves. */
  append(
    stream: string,
    subject: string,
    payload: Uint8Array,
    options?: LogAppendOptions,
  ): Promise<number>;
  last(stream: string): Promise<LogEntry | undefined>;
  read(stream: string, fromSequence: number, limit: number): Promise<LogEntry[]>;
  /** A named consumer resumes behind its last acknowledged entry, across restarts. */
  consumer(stream: string, name: string): Promise<LogConsumer>;
  close(): Promise<void>;
}

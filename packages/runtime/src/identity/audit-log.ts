// skeleton
import type { Clock } from '@ndts/protocol';
import type { Role } from './roles.js';
export interface AuditRecord {
  readonly actor: string;
  readonly role: Role | 'none';
  readonly action: string;
  readonly detail: string;
  readonly outcome: string;
}
export interface AuditEntry extends AuditRecord {
  readonly timeMs: number;
}
export declare class AuditLog {
  static open(options: { readonly dir: string; readonly clock: Clock }): AuditLog;
  record(record: AuditRecord): void;
  recent(limit: number): AuditEntry[];
  close(): void;
}

// skeleton
import type { KeyValueStore, Log } from '@ndts/protocol';
export interface EmbeddedLogOptions {
  readonly store: KeyValueStore;
}
export declare class EmbeddedLog {
  constructor(options: EmbeddedLogOptions);
}
export interface EmbeddedLog extends Log {}

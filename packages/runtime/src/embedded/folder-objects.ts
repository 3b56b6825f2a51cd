// skeleton
import type { Objects } from '@ndts/protocol';
export interface FolderObjectsOptions {
  readonly dir: string;
}
export declare class FolderObjects {
  constructor(options: FolderObjectsOptions);
}
export interface FolderObjects extends Objects {}

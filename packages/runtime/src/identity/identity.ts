// skeleton
import type { Clock } from '@ndts/protocol';
import type { Logger } from '../log/logger.js';
import type { Principal, Role } from './roles.js';
import type { SecureRandom } from './secure-random.js';
export interface IdentityOptions {
  readonly dir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly secureRandom?: SecureRandom;
}
export interface TokenInfo {
  readonly name: string;
  readonly role: Role;
  readonly createdMs: number;
}
export declare class Identity {
  static open(options: IdentityOptions): Identity;
  readonly firstTokenPath: string;
  readonly firstTokenCreated: boolean;
  authenticate(token: string): Principal | undefined;
  createToken(name: string, role: Role): string;
  revokeToken(name: string): boolean;
  list(): TokenInfo[];
  createTicket(principal: Principal): string;
  redeemTicket(ticket: string): Principal | undefined;
  createSession(principal: Principal): string;
  session(id: string): Principal | undefined;
  endSession(id: string): void;
}

// Who may do what. viewer < trader < admin; a node is apart: it may do what nodes do and nothing a
// person does, and no person may act as a node.

export type Role = 'viewer' | 'trader' | 'admin' | 'node';

export interface Principal {
  readonly name: string;
  readonly role: Role;
}

const roles: readonly Role[] = ['viewer', 'trader', 'admin', 'node'];
const people: readonly Role[] = ['viewer', 'trader', 'admin'];

export function isRole(text: string): text is Role {
  return (roles as readonly string[]).includes(text);
}

export function allows(role: Role, needed: Role): boolean {
  if (role === 'node' || needed === 'node') return role === needed;
  return people.indexOf(role) >= people.indexOf(needed);
}

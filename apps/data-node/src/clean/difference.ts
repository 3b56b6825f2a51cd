// What two files of rules say differently, in lines for people: `classes.stock.priceMax: 5000 ->
// 6000`. Names stand for what they name; the order of keys says nothing, that of symbols does.

import { type Calendar, type Session, textOfDay } from '@ndts/runtime';
import type { RulesFile } from './rules-file.js';
import type { CleanOverrides } from './settings.js';

export function rulesDifference(before: RulesFile, after: RulesFile): string[] {
  const [old, now] = [linesOf(before), linesOf(after)];
  const changes: string[] = [];
  for (const [name, value] of old)
    if (!now.has(name)) changes.push(`${name}: ${value} -> gone`);
    else if (now.get(name) !== value) changes.push(`${name}: ${value} -> ${now.get(name)}`);
  for (const [name, value] of now) if (!old.has(name)) changes.push(`${name}: new, ${value}`);
  return changes;
}

function linesOf(file: RulesFile): Map<string, string> {
  const lines = new Map<string, string>();
  for (const [name, calendar] of file.calendars) addCalendar(lines, `calendars.${name}`, calendar);
  for (const [name, rule] of file.classes) {
    lines.set(`classes.${name}.extends`, rule.extends ?? 'default');
    addSettings(lines, `classes.${name}`, rule.own);
  }
  for (const [place, rule] of file.symbols.entries()) {
    lines.set(`symbols[${place}].match`, rule.match.join(' '));
    lines.set(`symbols[${place}].class`, rule.class);
    addSettings(lines, `symbols[${place}]`, rule.own);
  }
  return lines;
}

function addSettings(lines: Map<string, string>, at: string, own: CleanOverrides): void {
  const { rules = {}, quality = {}, ...rest } = own;
  for (const [name, value] of Object.entries(rest)) lines.set(`${at}.${name}`, String(value));
  for (const [name, action] of Object.entries(rules)) lines.set(`${at}.rules.${name}`, action);
  for (const [name, limit] of Object.entries(quality))
    lines.set(`${at}.quality.${name}`, String(limit));
}

function addCalendar(lines: Map<string, string>, at: string, calendar: Calendar): void {
  lines.set(`${at}.zone`, calendar.zone);
  lines.set(`${at}.sessions`, sessionsText(calendar.sessions));
  lines.set(`${at}.nightSessions`, sessionsText(calendar.nightSessions));
  lines.set(`${at}.weekdays`, [...calendar.weekdays].sort().join(' '));
  for (const day of calendar.holidays) lines.set(`${at}.holidays.${textOfDay(day)}`, 'closed');
  for (const day of calendar.extraDays) lines.set(`${at}.extraDays.${textOfDay(day)}`, 'open');
  for (const [day, sessions] of calendar.specialDays)
    lines.set(`${at}.specialDays.${textOfDay(day)}`, sessionsText(sessions));
}

function sessionsText(sessions: readonly Session[]): string {
  const time = (ms: number): string =>
    ms === 86_400_000 ? '24:00:00' : new Date(ms).toISOString().slice(11, 19);
  if (sessions.length === 0) return 'none';
  return sessions.map(({ openMs, closeMs }) => `${time(openMs)}-${time(closeMs)}`).join(' ');
}

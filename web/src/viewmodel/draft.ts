import type { ConfigObject, Field, Kind, MadeChange } from '../model/config-messages';

/** What the fields of a form hold: text as it was typed, so that nothing is lost on the way to being right. */
export type Draft = Record<string, string | boolean | readonly string[]>;

export type Problem = 'missing' | 'too_short' | 'too_long' | 'not_a_number' | 'too_small' | 'too_large';

/** Whether the field is there for an object like this one (applications: by their role). */
export function applies(field: Field, draft: Draft): boolean {
  const role = draft['role'];
  return field.only === undefined || typeof role !== 'string' || field.only.split(' ').includes(role);
}

function draftOf(field: Field, value: unknown): string | boolean | readonly string[] {
  if (field.list) return Array.isArray(value) ? value.map(String) : [];
  if (field.type === 'flag') return value === true;
  return value === undefined || value === null ? '' : String(value);
}

export function makeDraft(kind: Kind, object: ConfigObject | null): Draft {
  return Object.fromEntries(kind.fields.map((field) => [field.name, draftOf(field, object ? object[field.name] : field.default)]));
}

export function checkField(field: Field, draft: Draft, isNew: boolean): Problem | null {
  const value = draft[field.name];
  if (!applies(field, draft) || typeof value !== 'string') return null;
  const text = value.trim();
  const kept = !isNew && (field.secret || field.type === 'password');
  if (text === '') return field.required && !kept ? 'missing' : null;
  if (field.type === 'choice' || field.type === 'reference') return null;
  if (field.type === 'integer') {
    if (!/^-?\d+$/.test(text)) return 'not_a_number';
    return Number(text) < field.minimum ? 'too_small' : Number(text) > field.maximum ? 'too_large' : null;
  }
  const bytes = new TextEncoder().encode(value).length;
  return bytes < field.minimum ? 'too_short' : field.maximum > 0 && bytes > field.maximum ? 'too_long' : null;
}

function valueOf(field: Field, value: Draft[string]): unknown {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') return field.type === 'integer' ? Number(value) : value;
  const items = (value ?? []).map((item) => item.trim()).filter((item) => item !== '');
  return field.type === 'integer' ? items.map(Number) : items;
}

/** The object as it is sent: an empty field is left out, which keeps a secret and means the default for others. */
export function objectOf(kind: Kind, draft: Draft): ConfigObject {
  const object: ConfigObject = {};
  for (const field of kind.fields) {
    const value = draft[field.name];
    if (applies(field, draft) && value !== '' && value !== undefined) object[field.name] = valueOf(field, value);
  }
  return object;
}

export interface Difference {
  field: string;
  before: string;
  after: string;
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map(shown).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean);
}

/** Field by field what a change did. */
export function differences({ before, after }: Pick<MadeChange, 'before' | 'after'>): Difference[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  names.delete('version');
  return [...names]
    .map((field) => ({ field, before: shown(before?.[field]), after: shown(after?.[field]) }))
    .filter((one) => one.before !== one.after);
}

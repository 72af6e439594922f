import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = new URL('.', import.meta.url).pathname;
const COMPONENT_LINES = 150;

function files(folder) {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

const text = (path) => readFileSync(join(ROOT, path), 'utf8');
const sources = files('.').filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.test.ts'));
const imports = (path) => [...text(path).matchAll(/from '(\.[^']+)'/g)].map((match) => join(path, '..', match[1] ?? ''));

it.each(sources.filter((path) => path.endsWith('.tsx')))(`%s has at most ${COMPONENT_LINES} lines`, (path) => {
  expect(text(path).split('\n').length).toBeLessThanOrEqual(COMPONENT_LINES);
});

it.each(sources.filter((path) => path.startsWith('view/')))('%s says nothing that is not in a catalogue', (path) => {
  const words = [...text(path).matchAll(/(?:>|\} )\s*([A-Z][a-z]+[a-z ]*)\s*(?:<|\{)/g)].map((match) => match[1]);
  expect(words.filter((word) => word !== 'Esc')).toEqual([]);
  expect(text(path)).not.toMatch(/(?:aria-label|title|placeholder)="(?!Tandem)[A-Z]/);
});

it('imports go downwards only: view, view model, model', () => {
  for (const path of sources) {
    const used = imports(path).map((name) => name.split('/')[0]);
    if (path.startsWith('model/')) expect(used.filter((name) => name !== 'model')).toEqual([]);
    if (path.startsWith('viewmodel/')) expect(used.filter((name) => name !== 'model' && name !== 'viewmodel')).toEqual([]);
  }
});

it('model and view model touch neither the page nor the clock', () => {
  const forbidden = /\b(document|window|navigator|localStorage|setTimeout|setInterval|Date\.now|Math\.random)\b/;
  for (const path of sources) {
    if (!/^(model|viewmodel)\//.test(path) || path === 'model/clock.ts') continue;
    const code = text(path).replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
    expect(forbidden.exec(code)?.[0], path).toBeUndefined();
  }
});

it('every word of the catalogue is said somewhere', () => {
  const keys = [...text('i18n/en.ts').matchAll(/^ {2}'([^']+)'/gm)].map((match) => match[1] ?? '');
  const code = sources.filter((path) => path !== 'i18n/en.ts' && path !== 'i18n/de.ts').map(text).join('\n');
  const prefixes = [...code.matchAll(/`([a-z._]+\.)\$\{/g), ...code.matchAll(/sayOr\('([a-z]+)'/g)].map((match) => match[1] ?? '');
  const said = (key) => code.includes(`'${key}'`) || prefixes.some((prefix) => key.startsWith(prefix));
  expect(keys.length).toBeGreaterThan(100);
  expect(keys.filter((key) => !said(key))).toEqual([]);
});

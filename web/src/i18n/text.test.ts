import { describe, expect, it } from 'vitest';
import { de } from './de';
import { en } from './en';
import { Text, loadText, type Catalogue } from './text';

const forms = (entry: Catalogue[keyof Catalogue]): string[] => (typeof entry === 'string' ? [entry] : Object.values(entry));
const names = (words: string): string[] => [...words.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort();

describe('catalogues', () => {
  it('have the same keys in the same order', () => {
    expect(Object.keys(de)).toEqual(Object.keys(en));
  });

  it.each(Object.keys(en) as (keyof typeof en)[])('%s takes the same values in each language and is not empty', (key) => {
    const english = forms(en[key]);
    for (const words of forms(de[key])) {
      expect(words.trim()).not.toBe('');
      expect(names(words)).toEqual(names(english[0] ?? ''));
    }
    expect(typeof de[key]).toBe(typeof en[key]);
  });

  it('German differs from English where it should', () => {
    const same = (Object.keys(en) as (keyof typeof en)[]).filter((key) => JSON.stringify(de[key]) === JSON.stringify(en[key]));
    expect(same.length).toBeLessThan(Object.keys(en).length / 6);
  });
});

describe('text', () => {
  const english = new Text('en', en);
  const german = new Text('de', de);

  it('chooses the plural and formats numbers by locale', () => {
    expect(english.say('history.newer', { count: 1 })).toBe('1 newer call: show');
    expect(german.say('history.newer', { count: 1234 })).toBe('1.234 neuere Gespräche: anzeigen');
    expect(english.number(10000)).toBe('10,000');
  });

  it('writes times to the millisecond, of the whole day', () => {
    const at = new Date(2026, 2, 1, 17, 4, 5, 7).getTime();
    expect(english.exactTime(at)).toBe('17:04:05.007');
    expect(german.exactTime(at)).toBe('17:04:05,007');
  });

  it('writes durations', () => {
    expect(english.duration(-5000)).toBe('0:00');
    expect(english.duration(7_999)).toBe('0:07');
    expect(english.duration(754_000)).toBe('12:34');
    expect(english.duration(3_723_000)).toBe('1:02:03');
    expect(german.duration(183_845_000)).toBe('2 T 03:04:05');
  });

  it('shows a word that it does not know as it is', () => {
    expect(english.sayOr('result', 'answered')).toBe('Answered');
    expect(english.sayOr('result', 'teleported')).toBe('teleported');
  });

  it('an unknown language is English', async () => {
    expect((await loadText('xx')).say('page.history')).toBe('History');
    expect((await loadText('de', ['de-AT'])).say('page.history')).toBe('Verlauf');
  });
});

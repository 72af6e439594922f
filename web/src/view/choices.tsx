import { THEMES, type Preferences, type Theme } from '../viewmodel/preferences';
import { LANGUAGES } from '../i18n/text';
import { useText, useValue } from './hooks';

/** Each language by its own name, so that whoever landed in a wrong one finds the way out. */
const LANGUAGE_NAMES: Record<(typeof LANGUAGES)[number], string> = { en: 'English', de: 'Deutsch' };

export function Choices({ preferences }: { preferences: Preferences }) {
  const text = useText();
  const theme = useValue(preferences.theme);
  const language = useValue(preferences.language);
  return (
    <div class="choices">
      <label>
        <span>{text.say('theme.label')}</span>
        <select name="theme" value={theme} onChange={(event) => preferences.setTheme(event.currentTarget.value as Theme)}>
          {THEMES.map((name) => (
            <option key={name} value={name}>
              {text.say(`theme.${name}`)}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{text.say('language.label')}</span>
        <select name="language" value={language} onChange={(event) => preferences.setLanguage(event.currentTarget.value)}>
          {LANGUAGES.map((name) => (
            <option key={name} value={name} lang={name}>
              {LANGUAGE_NAMES[name]}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

import { useRef } from 'preact/hooks';
import { useKeys, useText } from './hooks';
import { Icon } from './icons';

export interface FilterBoxProps {
  label: string;
  hint: string;
  value: string;
  onValue(value: string): void;
}

/** '/' brings the focus here, Escape empties it. */
export function FilterBox({ label, hint, value, onValue }: FilterBoxProps) {
  const text = useText();
  const field = useRef<HTMLInputElement>(null);
  useKeys((event) => {
    if (event.key !== '/') return;
    event.preventDefault();
    field.current?.focus();
  });
  const escape = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && value !== '') onValue('');
  };
  return (
    <div class="filter" role="search">
      <Icon name="search" />
      <input
        type="text"
        ref={field}
        aria-label={label}
        aria-keyshortcuts="/"
        placeholder={hint}
        spellcheck={false}
        autocomplete="off"
        value={value}
        onInput={(event) => onValue(event.currentTarget.value)}
        onKeyDown={escape}
      />
      {value === '' ? (
        <kbd aria-hidden="true">/</kbd>
      ) : (
        <button type="button" class="button-icon" aria-label={text.say('filter.clear')} onClick={() => onValue('')}>
          <Icon name="clear" size={16} />
        </button>
      )}
    </div>
  );
}

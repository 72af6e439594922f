import type { Field } from '../model/config-messages';
import type { Draft } from '../viewmodel/draft';
import type { FormProblem } from '../viewmodel/object-form';
import { useText } from './hooks';
import { Icon } from './icons';

export interface FieldInputProps {
  field: Field;
  value: Draft[string];
  problem: FormProblem | undefined;
  /** The key of an object that exists, or a person who may only look. */
  fixed: boolean;
  isNew: boolean;
  suggestions: readonly string[];
  onValue(value: Draft[string]): void;
  onSuggest(): void;
}

/** "display_name" is "Display name" to people. */
export function label(name: string): string {
  const words = name.replace(/_/g, ' ');
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

function ListInput({ id, field, value, fixed, onValue }: FieldInputProps & { id: string }) {
  const text = useText();
  const items = Array.isArray(value) ? (value as readonly string[]) : [];
  const put = (at: number, item: string): void => onValue(items.map((old, index) => (index === at ? item : old)));
  return (
    <div class="field-list">
      {items.map((item, at) => (
        <div key={at} class="field-item">
          <input
            id={at === 0 ? id : undefined}
            type="text"
            aria-label={`${label(field.name)} ${at + 1}`}
            value={item}
            readOnly={fixed}
            onInput={(event) => put(at, event.currentTarget.value)}
          />
          {!fixed && (
            <button
              type="button"
              class="button-icon"
              aria-label={text.say('config.item.remove', { item })}
              onClick={() => onValue(items.filter((_, index) => index !== at))}
            >
              <Icon name="clear" size={16} />
            </button>
          )}
        </div>
      ))}
      {!fixed && (
        <button type="button" class="button button-quiet" id={items.length === 0 ? id : undefined} onClick={() => onValue([...items, ''])}>
          <Icon name="add" size={15} />
          {text.say('config.item.add')}
        </button>
      )}
    </div>
  );
}

function ChoiceInput({ id, field, value, fixed, onValue }: FieldInputProps & { id: string }) {
  return (
    <select id={id} value={String(value)} disabled={fixed} onChange={(event) => onValue(event.currentTarget.value)}>
      {!field.required && field.default === undefined && <option value="" />}
      {field.required && value === '' && <option value="" />}
      {(field.words ?? []).map((word) => (
        <option key={word} value={word}>
          {word}
        </option>
      ))}
    </select>
  );
}

function Control(props: FieldInputProps & { id: string }) {
  const text = useText();
  const { id, field, value, problem, fixed, isNew, onValue, onSuggest } = props;
  if (field.list) return <ListInput {...props} />;
  if (field.type === 'choice') return <ChoiceInput {...props} />;
  if (field.type === 'flag')
    return <input id={id} type="checkbox" checked={value === true} disabled={fixed} onChange={(event) => onValue(event.currentTarget.checked)} />;
  const hidden = field.secret || field.type === 'password';
  const type = (event: { currentTarget: HTMLInputElement }): void => {
    onValue(event.currentTarget.value);
    if (field.refers !== undefined) onSuggest();
  };
  return (
    <input
      id={id}
      type={field.type === 'password' ? 'password' : 'text'}
      inputMode={field.type === 'integer' ? 'numeric' : 'text'}
      autocomplete={hidden ? 'new-password' : 'off'}
      spellcheck={false}
      aria-invalid={problem !== undefined}
      aria-describedby={`${id}-help`}
      placeholder={hidden && !isNew ? text.say('config.unchanged') : ''}
      value={typeof value === 'string' ? value : ''}
      readOnly={fixed}
      list={field.refers === undefined ? undefined : `${id}-list`}
      onFocus={() => field.refers !== undefined && onSuggest()}
      onInput={type}
    />
  );
}

/** One field of a form, drawn from its description. */
export function FieldInput(props: FieldInputProps) {
  const text = useText();
  const { field, problem, suggestions } = props;
  const id = `field-${field.name}`;
  return (
    <div class={`field field-${field.type}`}>
      <label for={id}>
        {label(field.name)}
        {field.required && <span class="muted"> {text.say('config.required')}</span>}
        {field.at_start && (
          <span class="tag" title={text.say('config.at_start.long')}>
            {text.say('config.at_start')}
          </span>
        )}
      </label>
      <Control {...props} id={id} />
      {field.refers !== undefined && (
        <datalist id={`${id}-list`}>
          {suggestions.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      )}
      {problem !== undefined && (
        <p class="field-problem" role="alert">
          {typeof problem === 'string'
            ? text.say(`config.problem.${problem}`, { minimum: field.minimum, maximum: field.maximum })
            : problem.sentence}
        </p>
      )}
      <p class="field-help muted" id={`${id}-help`}>
        {field.help}
      </p>
    </div>
  );
}

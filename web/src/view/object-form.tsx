import { useState } from 'preact/hooks';
import type { ObjectFormViewModel } from '../viewmodel/object-form';
import { formatOf, formatRoute } from '../viewmodel/router';
import { FieldInput } from './field-input';
import { useText, useValue } from './hooks';
import { Icon } from './icons';
import { Transactions } from './transactions';

export interface ObjectFormProps {
  form: ObjectFormViewModel;
  /** May change it. */
  writes: boolean;
  onClose(): void;
}

function Refused({ form }: { form: ObjectFormViewModel }) {
  const text = useText();
  const error = useValue(form.saving.error);
  const conflict = useValue(form.conflict);
  if (error === null) return null;
  return (
    <p class="notice notice-error" role="alert">
      <Icon name="warning" />
      <span>
        {text.say(error.status === 0 ? 'config.unreachable' : 'config.refused')} {error.sentence}
      </span>
      {conflict && (
        <button type="button" class="button" onClick={() => void form.load()}>
          {text.say('config.reload')}
        </button>
      )}
    </p>
  );
}

function Users({ form }: { form: ObjectFormViewModel }) {
  const text = useText();
  const users = useValue(form.users);
  if (form.isNew) return null;
  return (
    <section>
      <h3>{text.say('config.users')}</h3>
      {users.length === 0 ? (
        <p class="muted">{text.say('config.users.none')}</p>
      ) : (
        <ul class="users">
          {users.map(({ kind, name }) => (
            <li key={`${kind} ${name}`}>
              <a href={formatRoute({ page: 'config', dn: '', of: formatOf(kind, name) })}>
                {kind} {name}
              </a>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Actions({ form }: { form: ObjectFormViewModel }) {
  const text = useText();
  const busy = useValue(form.saving.busy);
  const comment = useValue(form.comment);
  const [sure, setSure] = useState(false);
  return (
    <div class="form-actions">
      <input
        type="text"
        aria-label={text.say('config.comment')}
        placeholder={text.say('config.comment')}
        maxLength={200}
        value={comment}
        onInput={(event) => form.comment.set(event.currentTarget.value)}
      />
      <button type="submit" class="button button-primary" aria-disabled={busy}>
        {text.say(busy ? 'config.saving' : 'config.save')}
      </button>
      {!form.isNew && (
        <button type="button" class={`button ${sure ? 'button-danger' : ''}`} onClick={() => (sure ? void form.remove() : setSure(true))} onBlur={() => setSure(false)}>
          <Icon name="remove" size={16} />
          {text.say(sure ? 'config.remove.sure' : 'config.remove')}
        </button>
      )}
    </div>
  );
}

export function ObjectForm({ form, writes, onClose }: ObjectFormProps) {
  const text = useText();
  const draft = useValue(form.draft);
  const problems = useValue(form.problems);
  const failed = useValue(form.loading.error);
  const suggestions = useValue(form.suggestions);
  const history = useValue(form.history);
  const key = form.kind.fields[0]?.name;
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!form.saving.busy.value) void form.save();
  };
  return (
    <section class="panel object-form" aria-label={form.isNew ? text.say('config.new', { kind: form.kind.name }) : form.name}>
      <header>
        <h2>{form.isNew ? text.say('config.new', { kind: form.kind.name }) : `${form.kind.name} ${form.name}`}</h2>
        <button type="button" class="button-icon" aria-label={text.say('config.close')} onClick={onClose}>
          <Icon name="clear" />
        </button>
      </header>
      {failed !== null ? (
        <p class="notice notice-error" role="alert">
          {failed.status === 404 ? text.say('config.gone') : failed.sentence || text.say('config.unreachable')}
        </p>
      ) : (
        <form onSubmit={submit} noValidate>
          {form.fields.map((field) => (
            <FieldInput
              key={field.name}
              field={field}
              value={draft[field.name] ?? ''}
              problem={problems[field.name]}
              fixed={!writes || (field.name === key && !form.isNew)}
              isNew={form.isNew}
              suggestions={suggestions[field.name] ?? []}
              onValue={(value) => form.edit(field.name, value)}
              onSuggest={() => void form.suggest(field)}
            />
          ))}
          <Refused form={form} />
          {writes && <Actions form={form} />}
        </form>
      )}
      <Users form={form} />
      {history.length > 0 && (
        <section>
          <h3>{text.say('config.history')}</h3>
          <Transactions transactions={history} named={false} onUndo={writes ? (number) => void form.undo(number) : null} />
        </section>
      )}
    </section>
  );
}

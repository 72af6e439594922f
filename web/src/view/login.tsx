import { useEffect, useRef, useState } from 'preact/hooks';
import { useText, useValue, type AppProps } from './hooks';
import { Icon } from './icons';
import { Mark, Wordmark } from './mark';
import { Choices } from './choices';

function ErrorLine({ app }: AppProps) {
  const text = useText();
  const error = useValue(app.login.error);
  const sentence = useValue(app.login.sentence);
  return (
    <div class="login-error" id="login-error" role="alert">
      {error !== null && (
        <p class="notice notice-error">
          <Icon name="warning" />
          <span>
            {text.say(`login.error.${error}`)} {error === 'other' && sentence}
          </span>
        </p>
      )}
    </div>
  );
}

/** Focus goes to the field that must be typed in: the first empty one, after a failure the one that is wrong. */
function useFocus(app: AppProps['app']) {
  const user = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  const failures = useValue(app.login.failures);
  useEffect(() => {
    const field = app.login.user.value.trim() === '' ? user.current : password.current;
    field?.focus();
    if (failures > 0) field?.select();
  }, [failures]);
  return { user, password };
}

function Password({ app, field }: AppProps & { field: { current: HTMLInputElement | null } }) {
  const text = useText();
  const password = useValue(app.login.password);
  const error = useValue(app.login.error);
  const [shown, setShown] = useState(false);
  const [capsLock, setCapsLock] = useState(false);
  const wrong = error === 'wrong' || error === 'password_missing';
  const watch = (event: KeyboardEvent): void => setCapsLock(event.getModifierState('CapsLock'));
  return (
    <div class="field">
      <label for="password">{text.say('login.password')}</label>
      <div class="field-with-button">
        <input
          id="password"
          name="password"
          type={shown ? 'text' : 'password'}
          autocomplete="current-password"
          ref={field}
          value={password}
          aria-invalid={wrong}
          aria-describedby="login-caps login-error"
          onInput={(event) => app.login.password.set(event.currentTarget.value)}
          onKeyDown={watch}
          onKeyUp={watch}
          onBlur={() => setCapsLock(false)}
        />
        <button
          type="button"
          class="button-icon"
          aria-pressed={shown}
          aria-label={text.say(shown ? 'login.hide' : 'login.show')}
          onClick={() => setShown(!shown)}
        >
          <Icon name="eye" />
        </button>
      </div>
      <p class="hint" id="login-caps" role="status">
        {capsLock && text.say('login.capslock')}
      </p>
    </div>
  );
}

export function Login({ app }: AppProps) {
  const text = useText();
  const user = useValue(app.login.user);
  const busy = useValue(app.login.busy);
  const error = useValue(app.login.error);
  const expired = useValue(app.expired);
  const fields = useFocus(app);
  useEffect(() => {
    document.title = `${text.say('login.title')} – ${text.say('app.name')}`;
  }, [text]);
  const submit = (event: Event): void => {
    event.preventDefault();
    void app.login.submit();
  };
  return (
    <div class="login">
      <main class="login-card">
        <header class="login-brand">
          <Mark size={44} />
          <div>
            <Wordmark height={22} />
            <p>{text.say('login.tagline')}</p>
          </div>
        </header>
        <h1>{text.say('login.title')}</h1>
        {expired && error === null && <p class="notice">{text.say('login.expired')}</p>}
        <ErrorLine app={app} />
        <form onSubmit={submit} noValidate>
          <div class="field">
            <label for="user">{text.say('login.user')}</label>
            <input
              id="user"
              name="user"
              autocomplete="username"
              autocapitalize="none"
              spellcheck={false}
              ref={fields.user}
              value={user}
              aria-invalid={error === 'user_missing' || error === 'wrong'}
              aria-describedby="login-error"
              onInput={(event) => app.login.user.set(event.currentTarget.value)}
            />
          </div>
          <Password app={app} field={fields.password} />
          <button type="submit" class="button button-primary" aria-disabled={busy}>
            {text.say(busy ? 'login.busy' : 'login.submit')}
          </button>
        </form>
      </main>
      <footer class="login-foot">
        <Choices preferences={app.preferences} />
      </footer>
    </div>
  );
}

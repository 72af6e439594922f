import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { loadText, type Text } from '../i18n/text';
import type { AppViewModel } from '../viewmodel/app';
import { Frame } from './frame';
import { TextContext, TickerContext, useText, useValue } from './hooks';
import { Login } from './login';
import { Mark } from './mark';

function useLanguage(app: AppViewModel, first: Text): Text {
  const [text, setText] = useState(first);
  const language = useValue(app.preferences.language);
  useEffect(() => {
    let wanted = true;
    void loadText(language, navigator.languages).then((next) => wanted && setText(next));
    return () => {
      wanted = false;
    };
  }, [language]);
  useLayoutEffect(() => {
    document.documentElement.lang = text.language;
    document.documentElement.dir = text.direction;
  }, [text]);
  return text;
}

function useTheme(app: AppViewModel): void {
  const theme = useValue(app.preferences.theme);
  useLayoutEffect(() => {
    document.documentElement.dataset['theme'] = theme;
  }, [theme]);
}

export function App({ app, text: first }: { app: AppViewModel; text: Text }) {
  const text = useLanguage(app, first);
  useTheme(app);
  const state = useValue(app.state);
  const workspace = useValue(app.workspace);
  return (
    <TextContext.Provider value={text}>
      <TickerContext.Provider value={app.ticker}>
        {state === 'signed_out' ? (
          <Login app={app} />
        ) : state === 'signed_in' && workspace ? (
          <Frame app={app} workspace={workspace} />
        ) : (
          <Waiting unreachable={state === 'unreachable'} />
        )}
      </TickerContext.Provider>
    </TextContext.Provider>
  );
}

function Waiting({ unreachable }: { unreachable: boolean }) {
  const text = useText();
  return (
    <main class="waiting" role="status">
      <Mark size={48} />
      <h1>{text.say(unreachable ? 'app.unreachable' : 'app.checking')}</h1>
      {unreachable && <p>{text.say('app.unreachable.hint')}</p>}
    </main>
  );
}

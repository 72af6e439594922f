import { render } from 'preact';
import { HttpApi } from './model/api';
import { realClock } from './model/clock';
import { ServerTime } from './model/server-time';
import { LANGUAGES, loadText } from './i18n/text';
import { browserAddressBar, browserStore, browserSurroundings, openWebSocket } from './browser';
import { AppViewModel } from './viewmodel/app';
import { Preferences } from './viewmodel/preferences';
import { App } from './view/app';
import './styles/index.css';

async function main(): Promise<void> {
  const serverTime = new ServerTime(realClock);
  const app = new AppViewModel({
    api: new HttpApi(realClock, serverTime, window.fetch.bind(window)),
    clock: realClock,
    serverTime,
    open: openWebSocket,
    surroundings: browserSurroundings,
    addressBar: browserAddressBar,
    preferences: new Preferences(browserStore, LANGUAGES, navigator.languages),
  });
  void app.start();
  const text = await loadText(app.preferences.language.value, navigator.languages);
  const root = document.getElementById('app');
  if (root) render(<App app={app} text={text} />, root);
}

void main();

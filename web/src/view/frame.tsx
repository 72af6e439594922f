import { useEffect } from 'preact/hooks';
import type { AppViewModel } from '../viewmodel/app';
import { formatRoute, type Page } from '../viewmodel/router';
import type { Workspace } from '../viewmodel/workspace';
import { About } from './about';
import { Choices } from './choices';
import { Config } from './config';
import { ConnectionBanner, ConnectionPill } from './connection';
import { History } from './history';
import { useKeys, useText, useValue } from './hooks';
import { Icon } from './icons';
import { Live } from './live';
import { Mark, Wordmark } from './mark';
import { Registrations } from './registrations';
import { System } from './system';
import { Trace } from './trace';
import { Trunks } from './trunks';

export interface FrameProps {
  app: AppViewModel;
  workspace: Workspace;
}

function Navigation({ app, workspace }: FrameProps) {
  const text = useText();
  const { page } = useValue(app.router.route);
  return (
    <nav class="navigation" aria-label={text.say('nav.label')}>
      <a class="brand" href={formatRoute({ page: 'live', dn: '' })} aria-label={text.say('app.name')}>
        <Mark size={30} />
        <Wordmark height={17} />
      </a>
      <ul>
        {workspace.pages.map((name) => (
          <li key={name} class={`nav-${name}`}>
            <a href={formatRoute({ page: name, dn: '' })} aria-current={name === page ? 'page' : undefined}>
              <Icon name={name} size={19} />
              <span>{text.say(`page.${name}`)}</span>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Person({ app, workspace }: FrameProps) {
  const text = useText();
  const { user, name, role } = workspace.user;
  const sameWord = text.sayOr('role', role) === name;
  return (
    <div class="person">
      <span class="avatar" aria-hidden="true">
        {(name || user).slice(0, 1).toUpperCase()}
      </span>
      <span class="person-name">
        <b>{name || user}</b>
        {!sameWord && <small>{text.sayOr('role', role)}</small>}
      </span>
      <button type="button" class="button-icon" aria-label={text.say('who.logout')} title={text.say('who.logout')} onClick={() => void app.logout()}>
        <Icon name="logout" />
      </button>
    </div>
  );
}

const DRAWN: Record<Page, (props: FrameProps) => preact.JSX.Element> = {
  live: ({ workspace }) => <Live workspace={workspace} />,
  history: ({ app, workspace }) => <History app={app} workspace={workspace} />,
  registrations: ({ workspace }) => <Registrations workspace={workspace} />,
  config: ({ app, workspace }) => <Config app={app} workspace={workspace} />,
  system: ({ workspace }) => <System workspace={workspace} />,
  trunks: ({ workspace }) => <Trunks trunks={workspace.trunks} />,
  trace: ({ app, workspace }) => <Trace trace={workspace.trace} call={app.router.route.value.of ?? ''} />,
  about: ({ workspace }) => <About about={workspace.about} />,
};

export function Frame({ app, workspace }: FrameProps) {
  const text = useText();
  const { page } = useValue(app.router.route);
  useEffect(() => {
    document.title = `${text.say(`page.${page}`)} – ${text.say('app.name')}`;
  }, [page, text]);
  useKeys((event) => {
    const wanted = event.altKey ? workspace.pages[Number(event.key) - 1] : undefined;
    if (wanted === undefined) return;
    event.preventDefault();
    app.router.go({ page: wanted, dn: '' });
  });
  const skip = (event: Event): void => {
    event.preventDefault(); // the address is the page's; only the focus moves
    document.getElementById('content')?.focus();
  };
  const Drawn = DRAWN[workspace.pages.includes(page) || (page === 'trace' && workspace.traces) ? page : 'live'];
  return (
    <div class="frame">
      <a class="skip" href="#content" onClick={skip}>
        {text.say('app.skip')}
      </a>
      <Navigation app={app} workspace={workspace} />
      <header class="top">
        <h1>{text.say(`page.${page}`)}</h1>
        <ConnectionPill feed={workspace.feed} />
        <Choices preferences={app.preferences} />
        <Person app={app} workspace={workspace} />
      </header>
      <ConnectionBanner feed={workspace.feed} />
      <main class="content" id="content" tabIndex={-1}>
        <Drawn app={app} workspace={workspace} />
      </main>
    </div>
  );
}

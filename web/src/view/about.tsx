import { useEffect } from 'preact/hooks';
import type { AboutViewModel } from '../viewmodel/about';
import { useText, useValue } from './hooks';
import { Mark, Wordmark } from './mark';

const HEALTH_BADGES: Record<string, string> = { ok: 'badge-answered', unreachable: 'badge-failed' };

function Instances({ about }: { about: AboutViewModel }) {
  const text = useText();
  const status = useValue(about.status);
  if (!status) return null;
  return (
    <section class="panel" aria-labelledby="instances-title">
      <header>
        <h2 id="instances-title">{text.say('about.instances')}</h2>
        <span class="count">{text.number(status.instances.length)}</span>
      </header>
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">{text.say('about.role')}</th>
            <th scope="col">{text.say('about.name')}</th>
            <th scope="col">{text.say('about.health')}</th>
          </tr>
        </thead>
        <tbody>
          {status.instances.map((instance) => (
            <tr key={`${instance.role} ${instance.name}`}>
              <td>{instance.role}</td>
              <th scope="row">{instance.name}</th>
              <td>
                <span class={`badge ${HEALTH_BADGES[instance.health] ?? ''}`}>{text.sayOr('health', instance.health)}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

export function About({ about }: { about: AboutViewModel }) {
  const text = useText();
  const status = useValue(about.status);
  const failed = useValue(about.failed);
  useEffect(() => void about.load(), [about]);
  return (
    <div class="about">
      <section class="panel about-card">
        <div class="about-brand">
          <Mark size={52} />
          <div>
            <Wordmark height={24} />
            <p class="muted">{text.say('about.text')}</p>
          </div>
        </div>
        <dl class="recipe">
          <dt>{text.say('about.version')}</dt>
          <dd>{status?.version ?? '–'}</dd>
          <dt>{text.say('about.location')}</dt>
          <dd>{status?.location ?? '–'}</dd>
        </dl>
        <h2>{text.say('about.keys')}</h2>
        <dl class="recipe">
          <dt>
            <kbd>/</kbd>
          </dt>
          <dd>{text.say('about.keys.filter')}</dd>
          <dt>
            <kbd>Esc</kbd>
          </dt>
          <dd>{text.say('about.keys.escape')}</dd>
          <dt>
            <kbd>Alt 1–5</kbd>
          </dt>
          <dd>{text.say('about.keys.pages')}</dd>
        </dl>
        {failed && (
          <p class="notice notice-error" role="alert">
            {text.say('about.failed')}
            <button type="button" class="button" onClick={() => void about.load()}>
              {text.say('about.retry')}
            </button>
          </p>
        )}
      </section>
      <Instances about={about} />
    </div>
  );
}

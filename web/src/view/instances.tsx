import { milliseconds } from '../model/server-time';
import type { SystemViewModel } from '../viewmodel/system';
import { Elapsed } from './elapsed';
import { useText, useValue } from './hooks';

const HEALTH_BADGES: Record<string, string> = { ok: 'badge-answered', degraded: 'badge-busy', down: 'badge-failed', unreachable: 'badge-failed' };

export function Instances({ system }: { system: SystemViewModel }) {
  const text = useText();
  const instances = useValue(system.status)?.instances ?? [];
  return (
    <section class="panel" aria-labelledby="instances-title">
      <header>
        <h2 id="instances-title">{text.say('about.instances')}</h2>
        <span class="count">{text.number(instances.length)}</span>
      </header>
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">{text.say('about.health')}</th>
            <th scope="col">{text.say('about.name')}</th>
            <th scope="col">{text.say('about.role')}</th>
            <th scope="col">{text.say('about.location')}</th>
            <th scope="col">{text.say('system.member')}</th>
            <th scope="col">{text.say('system.since')}</th>
            <th scope="col">{text.say('system.why')}</th>
          </tr>
        </thead>
        <tbody>
          {instances.map((one) => (
            <tr key={`${one.role} ${one.name}`}>
              <td>
                <span class={`badge ${HEALTH_BADGES[one.health] ?? ''}`}>{text.sayOr('health', one.health)}</span>
              </td>
              <th scope="row">{one.name}</th>
              <td>{one.role}</td>
              <td>{one.location}</td>
              <td>{one.member}</td>
              <td class="muted">{one.since !== undefined && <Elapsed since={milliseconds(one.since)} />}</td>
              <td class="muted" title={one.why}>
                {one.why}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

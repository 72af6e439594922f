import { useEffect } from 'preact/hooks';
import { milliseconds } from '../model/server-time';
import type { Trunk } from '../model/config-messages';
import type { TrunksViewModel } from '../viewmodel/trunks';
import { Elapsed } from './elapsed';
import { Empty } from './empty';
import { useText, useValue } from './hooks';
import { Icon } from './icons';

const BADGES: Record<string, string> = { 'in-service': 'badge-answered', degraded: 'badge-busy', 'out-of-service': 'badge-failed', registered: 'badge-answered', refused: 'badge-failed' };

function Row({ trunk }: { trunk: Trunk }) {
  const text = useText();
  const reasons = Object.entries(trunk.reasons)
    .map(([name, count]) => `${name} ${text.number(count)}`)
    .join(', ');
  return (
    <tr>
      <td>
        <span class={`badge ${BADGES[trunk.state] ?? ''}`}>{text.sayOr('trunk', trunk.state)}</span>
      </td>
      <th scope="row">{trunk.name}</th>
      <td>{trunk.location}</td>
      <td class="muted">{trunk.since !== undefined && <Elapsed since={milliseconds(trunk.since)} />}</td>
      <td>{trunk.capacity === 0 ? text.number(trunk.calls) : `${text.number(trunk.calls)} / ${text.number(trunk.capacity)}`}</td>
      <td>{text.number(trunk.calls_in)}</td>
      <td>{text.number(trunk.calls_out)}</td>
      <td>{trunk.registration !== undefined && <span class={`badge ${BADGES[trunk.registration] ?? ''}`}>{text.sayOr('trunk', trunk.registration)}</span>}</td>
      <td class="muted">{reasons}</td>
      <td class="muted" title={trunk.error}>
        {trunk.error}
      </td>
    </tr>
  );
}

/** The ways to the world outside: whether they are there, how many calls they have, and why some were not carried. */
export function Trunks({ trunks }: { trunks: TrunksViewModel }) {
  const text = useText();
  const rows = useValue(trunks.trunks);
  const failed = useValue(trunks.failed);
  useEffect(() => {
    trunks.open();
    return () => trunks.close();
  }, [trunks]);
  const columns = ['trunks.state', 'trunks.name', 'about.location', 'system.since', 'trunks.calls', 'trunks.in', 'trunks.out', 'trunks.registration', 'trunks.reasons', 'trunks.error'] as const;
  return (
    <div class="system">
      {failed !== null && (
        <p class="notice notice-error" role="alert">
          <Icon name="warning" />
          <span>
            {text.say('trunks.failed')} {failed.sentence}
          </span>
        </p>
      )}
      <section class="panel" aria-label={text.say('page.trunks')}>
        {rows !== null && rows.length === 0 && <Empty icon="trunks" title={text.say('trunks.none')} />}
        {rows !== null && rows.length !== 0 && (
          <table class="plain">
            <thead>
              <tr>
                {columns.map((name) => (
                  <th key={name} scope="col">
                    {text.say(name)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((trunk) => (
                <Row key={trunk.name} trunk={trunk} />
              ))}
            </tbody>
          </table>
        )}
      </section>
    </div>
  );
}

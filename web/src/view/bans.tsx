import { useEffect } from 'preact/hooks';
import type { Ban } from '../model/config-messages';
import { milliseconds } from '../model/server-time';
import type { BansViewModel } from '../viewmodel/bans';
import { useText, useValue } from './hooks';
import { Icon } from './icons';

function Row({ ban, bans, administers }: { ban: Ban; bans: BansViewModel; administers: boolean }) {
  const text = useText();
  const label = text.say('bans.lift', { network: ban.network });
  return (
    <tr>
      <th scope="row">{ban.network}</th>
      <td>{text.sayOr('ban', ban.by)}</td>
      <td class="time">{ban.until !== '0' && text.time(milliseconds(ban.until))}</td>
      <td class="muted">{ban.why}</td>
      <td>
        {administers && ban.by === 'program' && (
          <button type="button" class="button-icon" aria-label={label} title={label} onClick={() => void bans.lift(ban)}>
            <Icon name="remove" size={16} />
          </button>
        )}
      </td>
    </tr>
  );
}

/** Who is shut out: shown where somebody is, or where it cannot be said. */
export function BannedSources({ bans, administers }: { bans: BansViewModel; administers: boolean }) {
  const text = useText();
  const all = useValue(bans.bans);
  const failed = useValue(bans.failed);
  const refused = useValue(bans.refused);
  useEffect(() => {
    bans.open();
    return () => bans.close();
  }, [bans]);
  const error = refused ?? failed;
  if (error === null && (all === null || all.bans.length + all.numbers.length === 0)) return null;
  return (
    <section class="panel bans" aria-labelledby="bans-title">
      <header>
        <h2 id="bans-title">{text.say('bans.title')}</h2>
        <span class="count">{text.number(all?.bans.length ?? 0)}</span>
      </header>
      {error !== null && (
        <p class="notice notice-error" role="alert">
          <Icon name="warning" />
          <span>
            {text.say('bans.failed')} {error.sentence}
          </span>
        </p>
      )}
      {all !== null && all.bans.length !== 0 && (
        <table class="plain">
          <thead>
            <tr>
              {(['bans.network', 'bans.by', 'bans.until', 'bans.why'] as const).map((name) => (
                <th key={name} scope="col">
                  {text.say(name)}
                </th>
              ))}
              <th />
            </tr>
          </thead>
          <tbody>
            {all.bans.map((ban) => (
              <Row key={`${ban.by} ${ban.network}`} ban={ban} bans={bans} administers={administers} />
            ))}
          </tbody>
        </table>
      )}
      {all !== null &&
        all.numbers.map(({ number, what }) => (
          <p class="notice" key={`${number} ${what}`}>
            <Icon name="warning" />
            <span>
              <b>{number}</b> {what}
            </span>
          </p>
        ))}
    </section>
  );
}

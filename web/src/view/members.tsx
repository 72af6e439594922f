import { useState } from 'preact/hooks';
import type { Member } from '../model/config-messages';
import type { SystemViewModel } from '../viewmodel/system';
import { CopyButton } from './copy-button';
import { Empty } from './empty';
import { useText, useTicker, useValue } from './hooks';
import { Icon } from './icons';

const STATE_BADGES: Record<string, string> = { trusted: 'badge-answered', new: 'badge-busy', revoked: 'badge-failed' };

function Code({ system }: { system: SystemViewModel }) {
  const text = useText();
  const code = useValue(system.code);
  if (code === null) return null;
  return (
    <p class="notice" role="status">
      <Icon name="key" />
      <span>
        {text.say('members.code.how', { name: code.name })} <code>{code.code}</code> <CopyButton value={code.code} />
        <br />
        <span class="muted">{text.say('members.code.once', { time: text.time(code.code_ends_at / 1000) })}</span>
      </span>
    </p>
  );
}

function NewCode({ system }: { system: SystemViewModel }) {
  const text = useText();
  const [name, setName] = useState('');
  const submit = (event: Event): void => {
    event.preventDefault();
    if (name.trim() !== '') void system.makeCode(name.trim());
  };
  return (
    <form class="new-code" onSubmit={submit}>
      <input type="text" aria-label={text.say('members.code.name')} placeholder={text.say('members.code.name')} spellcheck={false} value={name} onInput={(event) => setName(event.currentTarget.value)} />
      <button type="submit" class="button">
        <Icon name="key" size={16} />
        {text.say('members.code')}
      </button>
    </form>
  );
}

function MemberRow({ member, system, administers }: { member: Member; system: SystemViewModel; administers: boolean }) {
  const text = useText();
  const ticker = useTicker();
  const ends = (member.ends_at ?? 0) / 1000;
  return (
    <tr>
      <td>
        <span class={`badge ${STATE_BADGES[member.state] ?? ''}`}>{text.sayOr('member', member.state)}</span>
      </td>
      <th scope="row">{member.name}</th>
      <td>{member.location}</td>
      <td>{member.address}</td>
      <td>
        <code title={member.fingerprint}>{member.fingerprint?.slice(0, 16)}</code>
      </td>
      <td class="muted">{ends > 0 && text.date(ends, ticker.now())}</td>
      <td class="row-actions">
        {administers && member.state !== 'trusted' && (
          <button type="button" class="button button-small" onClick={() => void system.trust(member)}>
            {text.say('members.trust')}
          </button>
        )}
        {administers && member.state !== 'revoked' && (
          <button type="button" class="button button-small" onClick={() => void system.revoke(member)}>
            {text.say('members.revoke')}
          </button>
        )}
      </td>
    </tr>
  );
}

export function Members({ system, administers }: { system: SystemViewModel; administers: boolean }) {
  const text = useText();
  const members = useValue(system.members);
  return (
    <section class="panel" aria-labelledby="members-title">
      <header>
        <h2 id="members-title">{text.say('members.title')}</h2>
        <span class="count">{text.number(members.length)}</span>
        {administers && <NewCode system={system} />}
      </header>
      <Code system={system} />
      {members.length === 0 ? (
        <Empty icon="system" title={text.say('members.none')}>
          <p>{text.say('members.none.text')}</p>
        </Empty>
      ) : (
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">{text.say('members.state')}</th>
              <th scope="col">{text.say('about.name')}</th>
              <th scope="col">{text.say('about.location')}</th>
              <th scope="col">{text.say('members.address')}</th>
              <th scope="col">{text.say('members.fingerprint')}</th>
              <th scope="col">{text.say('members.ends')}</th>
              <th scope="col" />
            </tr>
          </thead>
          <tbody>
            {members.map((member) => (
              <MemberRow key={member.name} member={member} system={system} administers={administers} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

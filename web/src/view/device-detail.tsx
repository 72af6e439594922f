import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Call, Contact, Device } from '../model/messages';
import { milliseconds } from '../model/server-time';
import type { LiveViewModel } from '../viewmodel/live';
import { formatRoute } from '../viewmodel/router';
import { where } from './device-table';
import { Elapsed } from './elapsed';
import { useText, useValue } from './hooks';
import { Icon } from './icons';

function Contacts({ device }: { device: Device }) {
  const text = useText();
  if (device.contacts.length === 0) return <p class="muted">{text.say('detail.contacts.none')}</p>;
  const line = (contact: Contact) => (
    <li key={contact.uri}>
      <span class="tag">{contact.transport.toUpperCase()}</span>
      <div>
        <code>{where(contact.uri, device.dn)}</code>
        <small class="muted">
          {text.say('detail.by', { proxy: contact.proxy })} · {text.say('detail.expires', { time: text.time(milliseconds(contact.expires_at)) })}
        </small>
      </div>
    </li>
  );
  return <ul>{device.contacts.map(line)}</ul>;
}

function Calls({ calls }: { calls: readonly Call[] }) {
  const text = useText();
  if (calls.length === 0) return <p class="muted">{text.say('detail.calls.none')}</p>;
  const line = (call: Call) => (
    <li key={call.call_id}>
      <i class={`dot dot-${call.state}`} aria-hidden="true" />
      <div>
        <b class="dn to">
          {call.from} <Icon name="arrow" size={13} />
          {call.to}
        </b>
        <small class="muted">
          {text.sayOr('call', call.state)} · <Elapsed since={milliseconds(call.started_at)} /> · {call.node}
        </small>
      </div>
    </li>
  );
  return <ul>{calls.map(line)}</ul>;
}

/** Beside the tables; Escape closes it and the focus goes back to where it was. */
export function DeviceDetail({ live }: { live: LiveViewModel }) {
  const text = useText();
  const detail = useValue(live.detail);
  const box = useRef<HTMLElement>(null);
  const dn = detail?.device.dn;
  // Before the next key can come: it must not go to where nothing is.
  useLayoutEffect(() => {
    if (dn === undefined) return;
    const before = document.activeElement;
    box.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [dn]);
  if (!detail) return null;
  const { device, calls } = detail;
  const keys = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') live.select(null);
  };
  return (
    <aside class="detail panel" ref={box} tabIndex={-1} aria-labelledby="detail-title" onKeyDown={keys}>
      <header>
        <h2 id="detail-title">
          {device.dn} <span class="muted">{device.name}</span>
        </h2>
        <button type="button" class="button-icon" aria-label={text.say('detail.close')} onClick={() => live.select(null)}>
          <Icon name="clear" />
        </button>
      </header>
      <h3>{text.say('detail.state')}</h3>
      <p class="detail-state">
        <i class={`dot dot-${device.state}`} aria-hidden="true" />
        <span>{text.sayOr('state', device.state)}</span>
        <span class="muted">
          <Elapsed since={milliseconds(device.since)} />
        </span>
      </p>
      <h3>{text.say('detail.calls')}</h3>
      <Calls calls={calls} />
      <h3>{text.say('detail.contacts')}</h3>
      <Contacts device={device} />
      <a class="button" href={formatRoute({ page: 'history', dn: device.dn })}>
        <Icon name="history" size={16} />
        {text.say('detail.history')}
      </a>
    </aside>
  );
}

import { useEffect } from 'preact/hooks';
import { sipServer, type AboutViewModel } from '../viewmodel/about';
import type { LiveViewModel } from '../viewmodel/live';
import { Empty } from './empty';
import { useText, useValue } from './hooks';
import { Icon } from './icons';

/** `sentence` with the command in place of {command}. */
function Sentence({ name, command }: { name: 'devices.none.text' | 'devices.empty.secret.how'; command: string }) {
  const [before, after] = useText().say(name, { command: '\n' }).split('\n');
  return (
    <>
      {before}
      <code>{command}</code>
      {after}
    </>
  );
}

export function NoNumbers() {
  const text = useText();
  return (
    <Empty icon="phone" title={text.say('devices.none.title')}>
      <p>
        <Sentence name="devices.none.text" command="tandem apply -f numbers.json" />
      </p>
    </Empty>
  );
}

/** Above the tables while there are numbers but no phones: how the first one is registered. */
export function NoPhones({ live, about }: { live: LiveViewModel; about: AboutViewModel }) {
  const { devices, registered } = useValue(live.summary);
  return devices > 0 && registered === 0 ? <FirstPhone live={live} about={about} /> : null;
}

function FirstPhone({ live, about }: { live: LiveViewModel; about: AboutViewModel }) {
  const text = useText();
  const status = useValue(about.status);
  const dn = useValue(live.devices.rows)[0]?.device.dn ?? '';
  useEffect(() => void about.load(), [about]);
  return (
    <section class="panel first-phone" aria-labelledby="first-phone">
      <Icon name="phone" size={20} />
      <h2 id="first-phone">{text.say('devices.empty.title')}</h2>
      <p class="muted">{text.say('devices.empty.text')}</p>
      <dl>
        <dt>{text.say('devices.empty.server')}</dt>
        <dd>
          <code>{sipServer(status, location.hostname) ?? '…'}</code>
        </dd>
        <dt>{text.say('devices.empty.user')}</dt>
        <dd>
          <code>{dn}</code>
        </dd>
        <dt>{text.say('devices.empty.secret')}</dt>
        <dd>
          <Sentence name="devices.empty.secret.how" command={`tandem get dn ${dn} --secrets`} />
        </dd>
      </dl>
    </section>
  );
}

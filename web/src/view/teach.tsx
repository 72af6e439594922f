import { useEffect } from 'preact/hooks';
import { sipServer, type AboutViewModel } from '../viewmodel/about';
import { Empty } from './empty';
import { useText, useValue } from './hooks';

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

/** Numbers but no phones: how the first one, `dn`, is registered. */
export function NoPhones({ about, dn }: { about: AboutViewModel; dn: string }) {
  const text = useText();
  const status = useValue(about.status);
  useEffect(() => void about.load(), [about]);
  return (
    <Empty icon="phone" title={text.say('devices.empty.title')}>
      <p>{text.say('devices.empty.text')}</p>
      <dl class="recipe">
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
    </Empty>
  );
}

import type { ComponentChildren } from 'preact';
import type { LiveViewModel } from '../viewmodel/live';
import { Elapsed } from './elapsed';
import { useText, useValue } from './hooks';

function Figure({ name, label, on = false, children }: { name: string; label: string; on?: boolean; children: ComponentChildren }) {
  return (
    <div class={`figure ${on ? 'figure-on' : ''}`} data-figure={name}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function Summary({ live }: { live: LiveViewModel }) {
  const text = useText();
  const { devices, registered, calls, ringing, longestSince } = useValue(live.summary);
  return (
    <dl class="summary" aria-label={text.say('summary.label')}>
      <Figure name="devices" label={text.say('summary.devices')}>
        {text.number(registered)} <small>{text.say('summary.of', { total: devices })}</small>
      </Figure>
      <Figure name="calls" label={text.say('summary.calls')}>
        {text.number(calls)}
      </Figure>
      <Figure name="ringing" on={ringing > 0} label={text.say('summary.ringing')}>
        {text.number(ringing)}
      </Figure>
      <Figure name="longest" label={text.say('summary.longest')}>
        {longestSince === null ? <small>{text.say('summary.none')}</small> : <Elapsed since={longestSince} />}
      </Figure>
    </dl>
  );
}

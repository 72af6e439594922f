import { useEffect, useState } from 'preact/hooks';
import type { Feed } from '../model/feed';
import type { ConnectionState } from '../model/connection';
import { useText, useValue } from './hooks';
import { Icon } from './icons';

/** A short gap is not worth an alarm: the banner waits this long before it shows. */
const PATIENCE_MS = 700;

type Word = 'connected' | 'connecting' | 'waiting' | 'offline';

function word(state: ConnectionState): Word {
  if (state.kind === 'connected' || state.kind === 'connecting' || state.kind === 'waiting') return state.kind;
  return 'offline';
}

export function ConnectionPill({ feed }: { feed: Feed }) {
  const text = useText();
  const shown = word(useValue(feed.state));
  return (
    <span class={`pill pill-${shown}`} role="status" data-connection={shown}>
      <i class="dot" aria-hidden="true" />
      {text.say(`connection.${shown}`)}
    </span>
  );
}

/** Seconds until `until`, counted down here so that nothing else is drawn again. */
function Countdown({ until }: { until: number }) {
  const text = useText();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, [until]);
  const seconds = Math.max(1, Math.ceil((until - now) / 1000));
  return (
    <span class="countdown" aria-hidden="true">
      {text.say('connection.in', { seconds })}
    </span>
  );
}

export function useStale(feed: Feed): boolean {
  const live = useValue(feed.state).kind === 'connected';
  const [stale, setStale] = useState(false);
  useEffect(() => {
    if (live) {
      setStale(false);
      return;
    }
    const timer = setTimeout(() => setStale(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [live]);
  return stale && !live;
}

export function ConnectionBanner({ feed }: { feed: Feed }) {
  const text = useText();
  const state = useValue(feed.state);
  const heardAt = useValue(feed.heardAt);
  const stale = useStale(feed);
  if (!stale) return <div role="alert" class="banner-empty" />;
  const offline = state.kind === 'offline';
  return (
    <div class="banner">
      <Icon name="warning" />
      <span role="alert">{text.say(offline ? 'connection.offline.long' : 'connection.lost')}</span>
      {heardAt !== null && <span class="muted">{text.say('connection.as_of', { time: text.time(heardAt) })}</span>}
      <span class="spring" />
      {state.kind === 'waiting' && <Countdown until={state.until} />}
      {state.kind === 'connecting' && <span class="countdown">{text.say('connection.connecting')}</span>}
      <button type="button" class="button" aria-disabled={state.kind === 'connecting'} onClick={() => feed.tryNow()}>
        {text.say('connection.now')}
      </button>
    </div>
  );
}
